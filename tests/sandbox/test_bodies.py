"""Bodies that are not worth reading, requests that wait, and a server that stops nevertheless."""

from __future__ import annotations

import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest
from pennyform.findings import Failure
from pennyform.sandbox import TOKEN, Sandbox
from pennyform.sandbox.http import bodies
from pennyform.sandbox.storage import database
from pennyform.testing import Served

from .bodies import PDF, company
from .conftest import PATIENCE

API = "/api/external/v2"
BEARER = f"Authorization: Bearer {TOKEN}\r\n"
FORM = "Content-Type: multipart/form-data; boundary=x\r\n"
JSON = "Content-Type: application/json\r\n"
URLENCODED = "Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture
def server(sandbox: Sandbox) -> Iterator[Served]:
    with Served(sandbox) as server:
        yield server


def connect(server: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=PATIENCE)


def head(method: str, path: str, headers: str, length: int | None) -> bytes:
    size = "Transfer-Encoding: chunked\r\n" if length is None else f"Content-Length: {length}\r\n"
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}{size}\r\n".encode()


def first_line(wire: socket.socket) -> str:
    return wire.recv(65536).partition(b"\r\n")[0].decode()


LARGE = 100 * 1024 * 1024
# What is refused whatever its body says: none of it is sent here, and the answer comes.
REFUSED = {
    "no token": ("POST", f"{API}/file_attachments", FORM, LARGE, 401),
    "an unknown token": (
        "POST",
        f"{API}/file_attachments",
        FORM + BEARER.replace("sandbox", "x"),
        LARGE,
        401,
    ),
    "no scope": ("POST", f"{API}/file_attachments", FORM + BEARER.replace("sandbox", "reader"), LARGE, 403),
    "no route": ("POST", f"{API}/nothing", JSON + BEARER, LARGE, 404),
    "no method": ("POST", f"{API}/me", JSON + BEARER, LARGE, 404),
    "a foreign host": ("POST", f"{API}/products", JSON + BEARER + "Origin: http://a.test\r\n", LARGE, 403),
    "a page": ("POST", "/", FORM, LARGE, 404),
    "a file": ("POST", "/public/files/x", FORM, LARGE, 404),
    "steering": ("POST", "/_sandbox/faults", JSON, LARGE, 413),
    "steering nothing": ("POST", "/_sandbox/nothing", JSON, LARGE, 404),
    "OAuth": ("POST", "/oauth/token", URLENCODED, LARGE, 413),
    "no body wanted": ("GET", f"{API}/me", JSON + BEARER, LARGE, 200),
    "JSON": ("POST", f"{API}/products", JSON + BEARER, LARGE, 413),
    "a form where none is taken": ("POST", f"{API}/products", FORM + BEARER, LARGE, 413),
    "a form": ("POST", f"{API}/file_attachments", FORM + BEARER, 102 * 1024 * 1024, 413),
    "no token, in chunks": ("POST", f"{API}/file_attachments", FORM, None, 401),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_answer_does_not_wait_for_the_body(sandbox: Sandbox, server: Served, name: str) -> None:
    sandbox.add_token("reader", scopes=["customers:readonly"])
    method, path, headers, length, status = REFUSED[name]
    with connect(server) as wire:
        wire.sendall(head(method, path, headers, length))
        assert first_line(wire).split()[1] == str(status)


@pytest.mark.parametrize("headers", [JSON, JSON + BEARER, FORM + BEARER])
def test_a_body_without_end_is_cut(server: Served, monkeypatch: pytest.MonkeyPatch, headers: str) -> None:
    """Whoever sends on after the limit gets the answer, and is cut off in the end."""
    monkeypatch.setattr(bodies, "DROP_BYTES", 4 * 1024 * 1024)
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    with connect(server) as wire:
        wire.sendall(head("POST", f"{API}/products", headers, None))
        sent = 0
        with suppress(ConnectionError):
            while sent < 64:
                wire.sendall(chunk)
                sent += 1
        assert sent < 40, "nobody reads on"
        with suppress(ConnectionError):  # where the system has dropped the answer
            assert first_line(wire).split()[1] in ("401", "413")


def test_a_large_body_gets_its_answer(server: Served) -> None:
    with httpx.Client(base_url=server.api_url, timeout=PATIENCE) as api:
        for _ in range(3):
            assert api.post("/products", content=b"x" * 11_000_000).status_code == 401
        headers = {"authorization": f"Bearer {TOKEN}"}
        assert api.post("/products", content=b"x" * 11_000_000, headers=headers).status_code == 413
        file = {"file": ("a.pdf", PDF + b" " * 20_000_000, "application/pdf")}
        assert api.post("/file_attachments", files=file, headers=headers).status_code == 201


@pytest.mark.parametrize("length", [1000, None])
def test_a_body_has_a_deadline(server: Served, monkeypatch: pytest.MonkeyPatch, length: int | None) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.2)
    monkeypatch.setattr(bodies, "DROP_SECONDS", 0.1)
    with connect(server) as wire:
        wire.sendall(head("POST", f"{API}/products", JSON + BEARER, length) + b"1")
        assert first_line(wire).split()[1] == "408"
        with suppress(ConnectionError):
            while wire.recv(65536):
                pass


def test_bodies_share_a_memory(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MOST_BYTES_HELD", 100_000)
    body = b'{"label": "' + b" " * 60_000
    with connect(server) as first:
        first.sendall(head("POST", f"{API}/products", JSON + BEARER, 80_000) + body)
        until = 0
        while until < 500:
            with connect(server) as second:
                second.sendall(head("POST", f"{API}/products", JSON + BEARER, len(body)) + body)
                if first_line(second).split()[1] == "503":
                    break
            until += 1
        assert until < 500
    headers = {"authorization": f"Bearer {TOKEN}"}
    until = 0
    while until < 500:  # as soon as the server has seen that the first one is gone
        answer = httpx.post(f"{server.api_url}/products", content=body, headers=headers)
        if answer.status_code == 400:
            break
        until += 1
    assert until < 500


# --- a locked file ----------------------------------------------------------------------------------------


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path / "books.db", rate_limit=False)
    yield sandbox
    sandbox.close()


@pytest.fixture
def lock(locked: Sandbox, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Another program that writes to the sandbox's file, until it is told to roll back."""
    with closing(sqlite3.connect(tmp_path / "books.db", isolation_level=None)) as lock:
        lock.execute("BEGIN IMMEDIATE")
        yield lock


def test_readers_do_not_wait_for_a_locked_file(locked: Sandbox, lock: sqlite3.Connection) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    with Served(locked) as server, httpx.Client(base_url=server.url, timeout=PATIENCE) as client:
        statuses: list[int] = []

        def write(path: str) -> None:
            answer = httpx.post(server.url + path, json=company(), headers=headers, timeout=PATIENCE)
            statuses.append(answer.status_code)

        paths = [f"{API}/company_customers", f"{API}/company_customers", "/_sandbox/reset", "/oauth/token"]
        writers = [threading.Thread(target=write, args=(path,)) for path in paths]
        for writer in writers:
            writer.start()
        for _ in range(5):
            for path in ("/", "/_sandbox", f"{API}/me", f"{API}/customers", "/_sandbox/requests"):
                assert client.get(path, headers=headers).status_code == 200
        assert all(writer.is_alive() for writer in writers), "nobody waited for them"
        lock.execute("ROLLBACK")
        for writer in writers:
            writer.join()
    assert set(statuses) == {201, 204, 400}


def test_readers_in_process_do_not_wait_either(locked: Sandbox, lock: sqlite3.Connection) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx.Client(transport=locked.transport(), base_url=f"http://a.test{API}", headers=headers) as api:
        writer = threading.Thread(target=lambda: api.post("/company_customers", json=company()), daemon=True)
        writer.start()
        for _ in range(5):
            assert api.get("/customers").status_code == 200
        assert writer.is_alive(), "nobody waited for it"
        lock.execute("ROLLBACK")
        writer.join()


@pytest.mark.usefixtures("lock")
def test_who_waits_too_long_is_told(locked: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_LOCK_TIMEOUT", 0.2)
    locked._store._connection.execute("PRAGMA busy_timeout = 100")
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx.Client(transport=locked.transport(), base_url="http://a.test", headers=headers) as api:
        assert api.put("/_sandbox/snapshots/x").status_code == 204
        for method, path in (
            ("POST", f"{API}/company_customers"),
            ("POST", "/_sandbox/reset"),
            ("POST", "/_sandbox/snapshots/x"),
            ("POST", "/_sandbox/companies"),
            ("POST", "/_sandbox/tokens"),
            ("GET", "/oauth/authorize"),
        ):
            body = {"name": "x"} if path.endswith("companies") else {"token": "x"}
            answer = api.request(method, path, json=company() if path.startswith(API) else body)
            assert answer.status_code == 503, (path, answer.text)
            assert answer.headers["content-type"].startswith("application/json")
    with pytest.raises(Failure, match="locked"):
        locked.restore(locked.copy())


def test_a_full_disk_is_an_answer(sandbox: Sandbox) -> None:
    pages = sandbox._store._connection.execute("PRAGMA page_count").fetchone()[0]
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx.Client(transport=sandbox.transport(), base_url="http://a.test", headers=headers) as api:
        sandbox._store._connection.execute(f"PRAGMA max_page_count = {pages}")
        for path in (
            "/_sandbox/companies",
            f"{API}/company_customers",
            "/_sandbox/tokens",
            "/_sandbox/reset",
        ):
            statuses = set()
            for number in range(200):
                body = {"name": "x" * 200} if path.endswith("companies") else {"token": f"{number}" * 300}
                answer = api.post(path, json=company() if path.startswith(API) else body)
                statuses.add(answer.status_code)
                if answer.status_code == 503:
                    break
            assert statuses <= {201, 204, 503}, (path, statuses)
        assert api.get(f"{API}/customers").status_code == 200


# --- signals ----------------------------------------------------------------------------------------------

STUCK = """
import re, signal, sys
from pennyform.sandbox import Sandbox
from pennyform.sandbox.faults.kinds import Meanwhile
from pennyform.sandbox.http.server import address, listen, server

def sleep(request):
    import time
    print("stuck", flush=True)
    time.sleep(600)

def compute(request):
    print("stuck", flush=True)
    re.fullmatch("(a*)*b", "a" * 40)  # one call that takes years, and lets no other thread run

# A shell lets its background jobs ignore the interruption, and so would this process.
signal.signal(signal.SIGINT, signal.default_int_handler)
sandbox = Sandbox(rate_limit=False)
sandbox.faults.schedule(Meanwhile(action={"sleep": sleep, "compute": compute}[sys.argv[1]]))
listener = listen("127.0.0.1", 0)
print(address(listener), flush=True)
server(sandbox.asgi()).run(sockets=[listener])
"""


@pytest.mark.parametrize(
    ("how", "number"),
    [("sleep", signal.SIGTERM), ("compute", signal.SIGTERM), ("sleep", signal.SIGINT)],
)
def test_a_signal_stops_it_during_a_stuck_request(how: str, number: signal.Signals) -> None:
    command = [sys.executable, "-c", STUCK, how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        port = int(process.stdout.readline().rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as wire:
            wire.sendall(f"GET {API}/me HTTP/1.1\r\nHost: localhost\r\n{BEARER}\r\n".encode())
            assert process.stdout.readline() == "stuck\n"
            process.send_signal(number)
            try:
                assert process.wait(PATIENCE) != 0
            finally:
                process.kill()
