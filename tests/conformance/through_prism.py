"""Put Prism, a validating proxy from npm, between clients and the sandbox.

Twice: the example invoices and the page on the life of an invoice go through it, and what it says of each
answer is noted; then every exchange of the test suite is sent through it again, answered as it was answered,
and Prism's messages about both halves are compared with the sandbox's answers.

    python -m tests.conformance.through_prism PRISM [--long | TESTS ...]

``PRISM`` is its executable. Without ``TESTS`` those of the sandbox are run and recorded, which takes five
minutes on two cores; with ``--long`` the whole suite.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, closing, contextmanager, redirect_stderr, redirect_stdout
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from unittest import mock
from urllib.parse import quote

import httpx
from pennyform import data
from pennyform.cli import main as main_of_pennyform
from pennyform.sandbox import Sandbox
from pennyform.sandbox.background_server import Served

from tests.pages.world import World

ROOT = Path(__file__).parent.parent.parent
CONTRACT = data.specs() / "company" / "contract.json"
RECORDER = "tests.conformance.recorder"
FOLDER = "PENNYFORM_EXCHANGES"
NUMBER = "x-exchange"

# What a service does and the contract does not tell: too much, too long, too often, not now; and 409 for a
# reference in use, which two reports tell of and a switch of the sandbox chooses.
UNTOLD = {408, 409, 413, 414, 415, 429, 431, 503}
NO_SUCH_STATUS = "Unable to match the returned status code"

Exchange = dict[str, Any]

# Where the pinned contract contradicts itself, which its overlay mends: closed objects around alternatives
# none of whose properties they name, so that nothing at all conforms. And Prism takes an object in a form,
# which is sent as JSON, for text.
CONTRADICTIONS = re.compile(
    r"/billing_subscriptions(/\d+)? \d+ request/body/(mode|recurring_rule): .* NOT have additional properties"
    r"|/transactions/\d+ \d+ request/body: .* NOT have additional properties"
    r"|/e_invoices/imports \d+ request/body/invoice_options: .* must be object"
)


# Forms at which Prism itself may crash.
MOST_CRASHES = 10
# Tests that send what no client sends: bodies of the largest size, and text that is meant to cost time.
HOSTILE = (
    "tests/sandbox/test_bodies.py",
    "tests/sandbox/test_hostile_text.py",
    "tests/sandbox/test_foreign_copies.py",
)


def main(arguments: Sequence[str]) -> int:
    """Run both; 1 when anything violates the contract."""
    prism, *tests = arguments
    tests = ["tests"] if tests == ["--long"] else tests or ["tests/sandbox"]
    found = [*apply_examples(prism), *follow_the_life_cycle(prism)]
    exchanges = recorded(tests)
    found += violations(prism, exchanges)
    lines = [f"{times:6}  {text}" for text, times in Counter(found).most_common()]
    sys.stdout.write("\n".join([*lines, f"{len(exchanges)} exchanges, {len(found)} violations", ""]))
    return 1 if found or not exchanges else 0


@contextmanager
def proxy(prism: str, upstream: str, *options: str) -> Iterator[str]:
    """Prism with the pinned contract in front of a server; its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        prism,
        "proxy",
        str(CONTRACT),
        upstream,
        "--port",
        str(port),
        *options,
        "--verboseLevel",
        "error",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    """Until somebody listens."""
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit("Prism ended before it listened")
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("Prism does not listen")


# --- examples and page ------------------------------------------------------------------------------------


def apply_examples(prism: str) -> list[str]:
    """Plan, apply, verify and plan again through the proxy; returns its violations."""
    with (
        tempfile.TemporaryDirectory() as folder,
        chdir(folder),
        closing(Sandbox(rate_limit=False)) as sandbox,
    ):
        shutil.copytree(
            ROOT / "examples", ".", dirs_exist_ok=True, ignore=shutil.ignore_patterns(".pennyform")
        )
        with proxied(prism, sandbox) as found:
            for verb in (["plan"], ["apply", "--auto-approve"], ["verify"], ["plan", "--detailed-exitcode"]):
                ended, output = run(verb)
                assert ended == 0, output
    return found


def follow_the_life_cycle(prism: str) -> list[str]:
    """Carry out the commands of the page on the life of an invoice; returns the proxy's violations."""
    with tempfile.TemporaryDirectory() as folder, World(Path(folder), run=run) as world:
        Path(".pennyform").mkdir()
        # The page opens these books, too, to let a payment come in.
        books = Path(".pennyform", "sandbox.db")
        with (
            closing(Sandbox(books, rate_limit=False, clock=world.clock)) as sandbox,
            proxied(prism, sandbox) as found,
        ):
            world.follow(ROOT / "docs" / "life-cycle.md")
    return found


def run(words: list[str]) -> tuple[int, str]:
    """One command, on what the environment names; its exit code, and what it printed."""
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        ended = main_of_pennyform([*words, "--environment", "production"])
    return ended, printed.getvalue()


@contextmanager
def proxied(prism: str, sandbox: Sandbox) -> Iterator[list[str]]:
    """The sandbox as the service that commands talk to, through Prism; gives the violations as they come.

    They are read from the answers: an engine that survives lost answers would get over errors in their place.
    """
    found: list[str] = []
    plain = httpx.HTTPTransport.handle_request

    def looking(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        answer = plain(transport, request)
        exchange = {"method": request.method, "path": request.url.path, "status": answer.status_code}
        found.extend(held_against(exchange, answer))
        return answer

    with Served(sandbox) as server, proxy(prism, server.url) as url:
        environment = {"PENNYLANE_BASE_URL": url, "PENNYLANE_API_TOKEN": server.token, "NO_COLOR": "1"}
        with (
            mock.patch.dict(os.environ, environment),
            mock.patch.object(httpx.HTTPTransport, "handle_request", looking),
        ):
            yield found


# --- the tests --------------------------------------------------------------------------------------------


def recorded(tests: Sequence[str]) -> list[Exchange]:
    """Run tests and return what they and the sandbox said to each other."""
    with tempfile.TemporaryDirectory() as folder:
        ignored = [f"--ignore={name}" for name in HOSTILE]
        command = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "-p", RECORDER, *ignored, *tests]
        subprocess.run(command, cwd=ROOT, env={**os.environ, FOLDER: folder}, check=True)
        lines = [line for path in Path(folder).iterdir() for line in path.read_text().splitlines()]
    # Thousands of tests ask the same: what was said word for word before is not said again.
    return [json.loads(line) for line in dict.fromkeys(lines)]


class Echo(BaseHTTPRequestHandler):
    """Answers each request as it was answered in the test."""

    protocol_version = "HTTP/1.1"
    exchanges: Sequence[Exchange] = ()

    def answer(self) -> None:
        """Look the answer up by the number that the request carries."""
        self.rfile.read(int(self.headers.get("content-length") or 0))
        exchange = self.exchanges[int(self.headers[NUMBER])]
        body = base64.b64decode(exchange["answer"])
        self.send_response(exchange["status"])
        if exchange["answer_type"]:
            self.send_header("content-type", exchange["answer_type"])
        if exchange["status"] != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
        """Say nothing."""


for _method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
    setattr(Echo, f"do_{_method}", Echo.answer)


def violations(prism: str, exchanges: Sequence[Exchange]) -> Iterator[str]:
    """Send the exchanges through Prism again; what it holds against them.

    No exchange depends on another: each core has its share of them, and a Prism of its own.
    """
    Echo.exchanges = exchanges
    lanes = os.cpu_count() or 1
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as upstream, ThreadPoolExecutor(lanes) as pool:
        Thread(target=upstream.serve_forever, daemon=True).start()
        host, port = upstream.server_address[:2]
        numbered, crashes = list(enumerate(exchanges)), deque[Exchange](maxlen=MOST_CRASHES + 1)
        shares = (numbered[lane::lanes] for lane in range(lanes))
        replays = [
            pool.submit(replayed, prism, f"http://{host!s}:{port}", deque(share), crashes) for share in shares
        ]
        try:
            for replay in replays:
                yield from replay.result()
        finally:
            upstream.shutdown()


def replayed(
    prism: str, upstream: str, remaining: deque[tuple[int, Exchange]], crashes: deque[Exchange]
) -> list[str]:
    """Send some of the exchanges through one Prism; what it holds against them.

    Prism's process ends at a form that its parser cannot read, and is started again. More than a few such
    forms would hide what it has to say.
    """
    found: list[str] = []
    while remaining:
        with proxy(prism, upstream) as url, httpx.Client(base_url=url, timeout=60) as client:
            while remaining:
                number, exchange = remaining.popleft()
                try:
                    answer = sent(client, number, exchange)
                except httpx.RemoteProtocolError:
                    crashes.append(exchange)
                    if not exchange["content_type"].startswith("multipart/") or len(crashes) > MOST_CRASHES:
                        raise
                    break
                found += held_against(exchange, answer)
    return found


def sent(client: httpx.Client, number: int, exchange: Exchange) -> httpx.Response:
    """Say it again; of a request that was refused, only where it went: what was wrong with it is known."""
    headers = {NUMBER: str(number)}
    if exchange["authorized"]:
        headers["authorization"] = "Bearer replayed"
    url, body = quote(exchange["path"]), b""
    if exchange["status"] < 400:
        # Where no body is expected, tests send types that no client over a port could send.
        if exchange["content_type"].isprintable():
            headers["content-type"] = exchange["content_type"]
        url += f"?{exchange['query']}" if exchange["query"] else ""
        # Prism forwards the length of the body of a GET but not the body: reading it would never end.
        body = b"" if exchange["method"] == "GET" else base64.b64decode(exchange["body"])
    return client.request(exchange["method"], url, headers=headers, content=body)


def held_against(exchange: Exchange, answer: httpx.Response) -> Iterator[str]:
    """Violations and warnings, less those of requests that the sandbox refused as well."""
    status = exchange["status"]
    # Where there are many, a word comes before the list.
    text = answer.headers.get("sl-violations", "[]").partition("[")[2]
    for violation in json.loads(f"[{text}"):
        side = violation["location"][0]
        if side == "request" and status >= 400:
            continue
        if status in UNTOLD and violation["message"].startswith(NO_SUCH_STATUS):
            continue
        place = "/".join(map(str, violation["location"]))
        told = f"{exchange['method']} {exchange['path']} {status} {place}: {violation['message']}"
        if not CONTRADICTIONS.search(told):
            yield told


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
