"""Nothing that is sent makes a server error or a wait, and nothing that was answered is lost."""

from __future__ import annotations

import json
import random
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from pennyform import data
from pennyform.sandbox import TOKEN, Sandbox
from pennyform.sandbox.contract import contract
from pennyform.sandbox.contract.contract import Operation
from pennyform.testing import Served

from .bodies import company, invoice, line
from .conftest import PATIENCE

BASE_URL = "https://app.pennylane.com"
API = "/api/external/v2"
JSON = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
# Of processor time: what is to be found is a body that takes minutes, whatever else runs on this computer.
LONGEST = 20.0

OPERATIONS = sorted(
    contract.load(data.schemas() / "company").operations.values(), key=lambda found: found.operation_id
)


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(transport=sandbox.transport(), base_url=BASE_URL, headers=JSON) as api:
        yield api


def refused(answer: httpx.Response) -> None:
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text[:200])


def path_of(operation: Operation, identifier: str = "1") -> str:
    segments = [identifier if part.startswith("{") else part for part in operation.path.split("/")]
    return "/".join(segments)


# --- bodies -----------------------------------------------------------------------------------------------

NOT_JSON = {
    "nothing": b"",
    "half": b'{"label": "x"',
    "text": b"label=x",
    "nul": b"\x00" * 100,
    "utf-16": json.dumps(company()).encode("utf-16"),
    "utf-32": json.dumps(company()).encode("utf-32"),
    "latin-1": '{"name": "Société"}'.encode("latin-1"),
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "nan": b'{"name": NaN}',
    "infinity": b'{"name": -Infinity}',
    "trailing": b'{"name": "x"} {}',
    "single quotes": b"{'name': 'x'}",
    "deep array": b"[" * 100_000,
    "deep object": b'{"a":' * 100_000,
    "deep and closed": b"[" * 100_000 + b"]" * 100_000,
    "invalid utf-8": b'{"name": "\xff\xfe"}',
    "overlong utf-8": b'{"name": "\xc0\xaf"}',
}


@pytest.mark.parametrize("name", NOT_JSON)
@pytest.mark.parametrize("path", ["/company_customers", "/customer_invoices", "/products"])
def test_what_is_no_json(api: httpx.Client, path: str, name: str) -> None:
    refused(api.post(API + path, content=NOT_JSON[name]))


ODD = {
    "surrogate": b'{"name": "\\ud800", "billing_address": {}}',
    "big integer": b'{"name": 1' + b"0" * 5000 + b"}",
    "big exponent": b'{"quantity": 1e999999999}',
    "tiny": b'{"quantity": 1e-999999999}',
    "twice": b'{"name": "a", "name": "b"}',
    "bom": b"\xef\xbb\xbf" + json.dumps(company()).encode(),
    "null": b"null",
    "number": b"42",
    "array": b"[]",
    "long key": b'{"' + b"k" * 1_000_000 + b'": 1}',
    "300 levels": b"[" * 300 + b"]" * 300,
    "many keys": b"{" + b",".join(b'"k%d": 1' % number for number in range(100_000)) + b"}",
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("path", ["/company_customers", "/customer_invoices", "/products"])
def test_json_that_nobody_would_write(api: httpx.Client, path: str, name: str) -> None:
    refused(api.post(API + path, content=ODD[name]))


@pytest.mark.parametrize(
    "quantity",
    ["1e400", "1e-400", "9" * 400, "0." + "3" * 400, "-0", "1E+2", "1e17", "123456789012345678901234"],
)
@pytest.mark.parametrize("field", ["quantity", "raw_currency_unit_price"])
def test_numbers_at_the_edge(sandbox: Sandbox, api: httpx.Client, field: str, quantity: str) -> None:
    customer = api.post(f"{API}/company_customers", json=company()).json()["id"]
    body = {"date": "2025-10-01", "deadline": "2025-10-31", "customer_id": customer, "draft": True}
    value = quantity if field == "quantity" else json.dumps(quantity)
    lines = json.dumps(line())[:-1] + f', "{field}": {value}}}'
    content = json.dumps(body)[:-1] + f', "invoice_lines": [{lines}]}}'
    answer = api.post(f"{API}/customer_invoices", content=content)
    assert answer.status_code in (201, 400, 422), answer.text
    assert api.get(f"{API}/customer_invoices").status_code == 200


def big(size: int) -> dict[str, bytes]:
    """Ten megabytes, each in another way."""
    one = json.dumps(line(unit=7)).encode()
    head = b'{"date": "2025-10-01", "deadline": "2025-10-31", "customer_id": 1, "invoice_lines": ['
    return {
        "one string": b'{"label": "' + b"x" * (size - 100) + b'"}',
        "numbers": b"[" + b"1," * (size // 2 - 10) + b"1]",
        "objects": b"[" + b"{}," * (size // 3 - 10) + b"{}]",
        "wrong lines": head + b",".join([one] * ((size - 200) // (len(one) + 1))) + b"]}",
    }


@pytest.mark.parametrize("name", big(100))
def test_ten_megabytes_are_refused_in_time(api: httpx.Client, name: str) -> None:
    content = big(10 * 1024 * 1024)[name]
    assert len(content) <= 10 * 1024 * 1024
    began = time.thread_time()
    refused(api.post(f"{API}/customer_invoices", content=content))
    assert time.thread_time() - began < LONGEST


def test_more_is_too_much(api: httpx.Client) -> None:
    assert api.post(f"{API}/products", content=b" " * (10 * 1024 * 1024 + 1)).status_code == 413


BOUNDARY = b"----border"
PART = b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
FORMS = {
    "empty": b"",
    "no form": b"hello",
    "cut in a header": PART[:-20],
    "cut in the content": PART + b"\r\n%PDF-1.4",
    "no disposition": b"--" + BOUNDARY + b"\r\n\r\n%PDF\r\n--" + BOUNDARY + b"--\r\n",
    "only the end": b"--" + BOUNDARY + b"--\r\n",
    "a broken header": b"--" + BOUNDARY + b"\r\n\x00\xff: \r\r\n\n\r\nx\r\n--" + BOUNDARY + b"--\r\n",
    "a name of bytes": PART.replace(b"a.pdf", b"\xff\xfe\x00.pdf") + b"\r\n%PDF\r\n--" + BOUNDARY + b"--\r\n",
    "a name of steps": PART.replace(b"a.pdf", b"../" * 500) + b"\r\n%PDF\r\n--" + BOUNDARY + b"--\r\n",
    "many parts": (PART + b"\r\nx\r\n") * 5000 + b"--" + BOUNDARY + b"--\r\n",
    "a long header": PART + b"X: " + b"y" * 2_000_000 + b"\r\n\r\nx\r\n--" + BOUNDARY + b"--\r\n",
}
TYPES = [
    b"multipart/form-data; boundary=" + BOUNDARY,
    b"multipart/form-data",
    b"multipart/form-data; boundary=",
    b"multipart/form-data; boundary=\xff\xfe",
    b'multipart/form-data; boundary="',
    b"multipart/form-data; boundary=" + b"x" * 5000,
]


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("content_type", TYPES)
def test_a_form_that_is_none(api: httpx.Client, name: str, content_type: bytes) -> None:
    headers = [(b"authorization", f"Bearer {TOKEN}".encode()), (b"content-type", content_type)]
    with httpx.Client(transport=api._transport, base_url=BASE_URL, headers=headers) as raw:
        for path in ("/file_attachments", "/customer_invoices/e_invoices/imports"):
            refused(raw.post(API + path, content=FORMS[name]))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: str(operation.operation_id))
def test_random_bytes_for_every_operation(api: httpx.Client, operation: Operation) -> None:
    """As body, as query and as identifier; of the kinds that the operation takes and of others."""
    chance = random.Random(operation.operation_id)
    for _ in range(4):
        noise = chance.randbytes(chance.choice([1, 20, 3000]))
        content_type = chance.choice([*operation.media_types, "application/json", "text/plain", "\t;=\x7f"])
        query = chance.choice(["", *(parameter.name for parameter in operation.parameters)])
        address = httpx.URL(
            BASE_URL + path_of(operation, chance.choice(["1", "0", "-1", "9" * 30, "%00", "%ff", "a%20b"])),
            query=b"" if not query else query.encode() + b"=" + _escaped(noise[:200]),
        )
        answer = api.request(operation.method, address, content=noise, headers={"content-type": content_type})
        assert answer.status_code < 500, (str(address), answer.text)


def _escaped(noise: bytes) -> bytes:
    return b"".join(b"%%%02x" % byte for byte in noise)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PATCH", "TRACE", "BREW"])
@pytest.mark.parametrize(
    "path", ["/", "/faults", "/_sandbox", API, f"{API}/customers", "/oauth/token", "/%00", "//"]
)
def test_methods_that_nobody_answers(api: httpx.Client, method: str, path: str) -> None:
    assert api.request(method, BASE_URL + path).status_code in (200, 400, 403, 404, 405)


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/assets/%2e%2e/layout.html",
        "/companies/" + "9" * 300,
        "/companies/21000001/invoices/" + "9" * 30,
        f"{API}/customers/" + "9" * 300,
        f"{API}/customers/1e3",
        f"{API}/customers/\uff11",
        API + "/x" * 20_000,
        "/_sandbox/snapshots/" + "%2f" * 100,
    ],
)
def test_paths_that_lead_nowhere(api: httpx.Client, path: str) -> None:
    refused(api.get(path))


# --- on a port --------------------------------------------------------------------------------------------


@pytest.fixture
def server(sandbox: Sandbox) -> Iterator[Served]:
    with Served(sandbox) as server:
        yield server


def port_of(server: Served) -> int:
    return int(server.url.rpartition(":")[2])


def still_answers(server: Served) -> bool:
    return httpx.get(f"{server.api_url}/me", headers=JSON, timeout=PATIENCE).status_code == 200


def say(server: Served, content: bytes) -> bytes:
    """Send bytes; what comes back until the server hangs up, which it may do before all is sent."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=PATIENCE) as wire:
        with suppress(ConnectionError):
            wire.sendall(content)
        with suppress(OSError):  # "not connected" is no ConnectionError
            wire.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while part := wire.recv(65536):
                answer += part
    return answer


HEAD = f"Host: localhost\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n".encode()
GARBAGE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET " + API.encode() + b"/me HTTP/1.1\r\n" + HEAD + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
    b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n",
    b"GET " + API.encode() + b"/me\xff\x00 HTTP/1.1\r\n" + HEAD + b"\r\n",
    b"POST /x HTTP/1.1\r\n" + HEAD + b"Content-Length: -1\r\n\r\n",
    b"POST /x HTTP/1.1\r\n" + HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /x HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET / HTTP/1.1\r\n" + HEAD + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET http://evil.example.org/ HTTP/1.1\r\n" + HEAD + b"\r\n",
]


@pytest.mark.parametrize("content", GARBAGE)
def test_garbage_on_the_wire(server: Served, content: bytes) -> None:
    answer = say(server, content)
    assert not answer.startswith(b"HTTP/1.1 5"), answer[:200]
    assert still_answers(server)


def test_who_never_finishes_keeps_nobody_waiting(server: Served) -> None:
    wires = [socket.create_connection(("127.0.0.1", port_of(server)), PATIENCE) for _ in range(50)]
    try:
        for number, wire in enumerate(wires):
            wire.sendall(b"POST /x HTTP/1.1\r\nContent-Length: 999\r\n\r\nx"[: 5 + number])
        assert still_answers(server)
    finally:
        for wire in wires:
            wire.close()


def test_many_at_once_and_one_of_each_reference(server: Served) -> None:
    with (
        httpx.Client(base_url=server.api_url, headers=JSON, timeout=PATIENCE) as api,
        ThreadPoolExecutor(8) as crowd,
    ):

        def create(number: int) -> int:
            body = company(external_reference=f"REF-{number % 10}")
            return api.post("/company_customers", json=body).status_code

        found = list(crowd.map(create, range(80)))
        kept = api.get("/customers?limit=100").json()["items"]
    assert (found.count(201), found.count(422)) == (10, 70)
    assert len({item["external_reference"] for item in kept}) == len(kept) == 10


# --- and then the process is killed -----------------------------------------------------------------------


@contextmanager
def started(database: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    options = ["--db", str(database), "--port", "0", "--no-rate-limit", "--quiet"]
    command = [sys.executable, "-m", "pennyform", "sandbox", "serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process, process.stdout.readline().split()[3] + API
        finally:
            process.kill()


class Crowd:
    """Callers who issue invoices until nobody answers any more, and who remember what was answered."""

    def __init__(self, url: str, customer: int) -> None:
        self._url = url
        self._body = invoice(customer, *[line()] * 3, draft=False)
        self.answered: list[dict[str, Any]] = []
        self._told = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._issue, args=(name,)) for name in "ABC"]

    def begin(self, until: int) -> None:
        """Return as soon as so many invoices were answered."""
        for thread in self._threads:
            thread.start()
        for _ in range(until):
            assert self._told.acquire(timeout=PATIENCE)

    def end(self) -> None:
        for thread in self._threads:
            thread.join()

    def _issue(self, name: str) -> None:
        with httpx.Client(headers=JSON, timeout=PATIENCE) as api, suppress(httpx.TransportError):
            for number in range(10_000):
                body = {**self._body, "external_reference": f"{name}-{number}"}
                self.answered.append(api.post(f"{self._url}/customer_invoices", json=body).json())
                self._told.release()


@pytest.mark.parametrize("count", [1, 40, 120])
def test_what_was_answered_survives_a_kill(tmp_path: Path, count: int) -> None:
    database = tmp_path / "books.db"
    with started(database) as (process, url):
        made = httpx.post(f"{url}/company_customers", json=company(), headers=JSON, timeout=PATIENCE)
        crowd = Crowd(url, made.json()["id"])
        crowd.begin(count)
        process.kill()
        crowd.end()
    check_books(database, crowd.answered)


def check_books(database: Path, answered: list[dict[str, Any]]) -> None:
    with sqlite3.connect(database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    sandbox = Sandbox(database, rate_limit=False)
    with httpx.Client(transport=sandbox.transport(), base_url=BASE_URL, headers=JSON) as api:
        for invoice in answered:
            kept = api.get(f"{API}/customer_invoices/{invoice['id']}").json()
            assert kept["invoice_number"] == invoice["invoice_number"]
            assert len(api.get(f"{API}/customer_invoices/{invoice['id']}/invoice_lines").json()["items"]) == 3
        numbers: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = api.get(f"{API}/customer_invoices?limit=100&sort=id&cursor={cursor}").json()
            numbers += [item["invoice_number"] for item in page["items"]]
            cursor = page["next_cursor"]
    sandbox.close()
    assert numbers == [f"F-2025-{number:04}" for number in range(1, len(numbers) + 1)], "no gap, none twice"
    assert len(answered) <= len(numbers) <= len(answered) + 3, "at most one unanswered per caller"
