"""The sandbox on a port beside Prism's mock server, on the same requests.

Both check each request against the same contract; the sandbox also keeps the books, on disk. Each server has
one core to itself and the callers another. Printed are answers per second on the wall, and per second of the
server's own processor time, which is what one core gives when nothing else runs on it.

Prism is measured when ``PRISM`` names its executable (``npm install @stoplight/prism-cli``).
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).parent.parent
CONTRACT = ROOT / "specs" / "company" / "contract.json"
API = "/api/external/v2"
SECONDS = 3.0
CONNECTIONS = 4
CORES = sorted(os.sched_getaffinity(0))

ADDRESS = {"address": "1 rue du Four", "postal_code": "75006", "city": "Paris", "country_alpha2": "FR"}
COMPANY = {"name": "ACME", "billing_address": ADDRESS}
LINE = {
    "label": "Advice",
    "quantity": 2,
    "unit": "hour",
    "raw_currency_unit_price": "100.00",
    "vat_rate": "FR_200",
}


@dataclass(frozen=True)
class Server:
    """A running server: its port and its process."""

    name: str
    port: int
    process: int

    def processor_seconds(self) -> float:
        """Processor time that the server has used so far."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Speed:
    """Answers per second on the wall and of processor time, and the slowest but one in a hundred, in ms."""

    on_the_wall: float
    on_one_core: float
    percentile_99: float


# --- callers ----------------------------------------------------------------------------------------------


class Caller:
    """One connection that is kept open: as little between the clock and the server as possible."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb")

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send, and read the answer to its end."""
        self._socket.sendall(request)
        status, length = int(self._answers.readline().split()[1]), 0
        while (line := self._answers.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return status, self._answers.read(length)

    def close(self) -> None:
        """Hang up."""
        self._answers.close()
        self._socket.close()


def request(method: str, path: str, body: Any = None) -> bytes:
    """A request as bytes, ready to be sent again and again."""
    content = b"" if body is None else json.dumps(body).encode()
    head = [f"{method} {API}{path} HTTP/1.1", "Host: 127.0.0.1", "Authorization: Bearer sandbox"]
    if content:
        head += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*head, "", ""]).encode() + content


def measure(server: Server, asked: bytes) -> Speed:
    """Ask the same for some seconds over several connections."""
    times: list[float] = []
    until = time.perf_counter() + SECONDS
    before = server.processor_seconds()
    callers = [
        Thread(target=_keep_asking, args=(server.port, asked, until, times)) for _ in range(CONNECTIONS)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    used = server.processor_seconds() - before
    times.sort()
    return Speed(len(times) / SECONDS, len(times) / used, 1000 * times[len(times) * 99 // 100])


def _keep_asking(port: int, asked: bytes, until: float, times: list[float]) -> None:
    caller = Caller(port)
    while (began := time.perf_counter()) < until:
        status, body = caller.ask(asked)
        assert 200 <= status < 300, (status, body)
        times.append(time.perf_counter() - began)
    caller.close()


# --- servers ----------------------------------------------------------------------------------------------


@contextmanager
def sandbox(folder: Path) -> Iterator[Server]:
    """``pennyform sandbox serve`` without its rate limit, on new books."""
    database = str(folder / "books.db")
    options = ["--port", "0", "--db", database, "--no-rate-limit", "--quiet"]
    command = [sys.executable, "-m", "pennyform", "sandbox", "serve", *options]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        os.sched_setaffinity(process.pid, CORES[:1])
        assert process.stdout
        port = int(process.stdout.readline().split()[3].rpartition(":")[2])
        Caller(port).ask(request("GET", "/me"))
        print(f"sandbox: first answer {time.perf_counter() - began:.2f} s after it was started\n")
        yield Server("sandbox", port, process.pid)
        process.terminate()


@contextmanager
def prism(executable: str) -> Iterator[Server]:
    """Prism's mock server: it makes answers up from the contract."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    node = shutil.which("node") or "node"
    command = [node, executable, "mock", str(CONTRACT), "--port", str(port), "--verboseLevel", "silent"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        os.sched_setaffinity(process.pid, CORES[:1])
        _wait_for(port)
        yield Server("prism", port, process.pid)
        process.terminate()


def _wait_for(port: int) -> None:
    for _ in range(600):
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("Prism does not listen")


# --- what is asked ----------------------------------------------------------------------------------------


def cases(server: Server) -> dict[str, bytes]:
    """The requests, on books with a hundred invoices."""
    caller = Caller(server.port)

    def made(path: str, body: Any) -> int:
        status, answer = caller.ask(request("POST", path, body))
        assert status == 201, answer
        return int(json.loads(answer)["id"])

    customer = made("/company_customers", {**COMPANY, "external_reference": "ACME"})
    draft = {
        "date": "2025-10-01",
        "deadline": "2025-10-31",
        "customer_id": customer,
        "draft": True,
        "invoice_lines": [LINE] * 3,
    }
    invoices = [made("/customer_invoices", draft) for _ in range(100)]
    caller.close()
    wanted = quote(json.dumps([{"field": "external_reference", "operator": "eq", "value": "ACME"}]))
    return {
        "GET /me": request("GET", "/me"),
        "GET one customer": request("GET", f"/customers/{customer}"),
        "GET one invoice": request("GET", f"/customer_invoices/{invoices[0]}"),
        "GET customers by reference": request("GET", f"/customers?filter={wanted}"),
        "GET 20 invoices": request("GET", "/customer_invoices"),
        "GET 100 invoices": request("GET", "/customer_invoices?limit=100"),
        "POST a customer": request("POST", "/company_customers", COMPANY),
        "POST an invoice of 3 lines": request("POST", "/customer_invoices", draft),
        "PUT an invoice": request("PUT", f"/customer_invoices/{invoices[1]}", {"label": "changed"}),
    }


def main() -> None:
    os.sched_setaffinity(0, CORES[1:] or CORES)
    executable = os.environ.get("PRISM", "")
    with tempfile.TemporaryDirectory() as folder, sandbox(Path(folder)) as server:
        asked = cases(server)
        ours = {name: measure(server, text) for name, text in asked.items()}
    theirs: dict[str, Speed] = {}
    if executable:
        with prism(executable) as server:
            theirs = {name: measure(server, text) for name, text in asked.items()}
    _print(ours, theirs)


def _print(ours: dict[str, Speed], theirs: dict[str, Speed]) -> None:
    heads = ("sandbox", "per core", "p99 ms", "Prism", "per core", "ratio")
    print(f"{'answers per second':28}" + "".join(f"{head:>10}" for head in heads))
    for name, speed in ours.items():
        columns = f"{name:28}{speed.on_the_wall:10.0f}{speed.on_one_core:10.0f}{speed.percentile_99:10.1f}"
        other = theirs.get(name)
        if other:
            ratio = speed.on_one_core / other.on_one_core
            columns += f"{other.on_the_wall:10.0f}{other.on_one_core:10.0f}{ratio:10.1f}"
        print(columns)


if __name__ == "__main__":
    main()
