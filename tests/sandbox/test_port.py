from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from pennyform.sandbox import Sandbox

from .bodies import company
from .conformity import Conforming
from .conftest import PATIENCE

ASYNC_BASE = "https://app.pennylane.com/api/external/v2"


@contextmanager
def served(*arguments: str, under: Sequence[str] = ()) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    serve = ["-m", "pennyform", "sandbox", "serve", "--quiet", "--port", "0", *arguments]
    command = [*under, sys.executable, *serve]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        line = process.stdout.readline()
        assert "token: sandbox" in line
        try:
            yield line.split()[3], process
        finally:
            process.kill()


def caller(url: str) -> httpx.Client:
    return httpx.Client(
        transport=Conforming(httpx.HTTPTransport()),
        base_url=f"{url}/api/external/v2",
        headers={"authorization": "Bearer sandbox"},
        timeout=PATIENCE,
    )


def test_the_same_server_on_a_port(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    with served("--db", str(path), "--no-rate-limit") as (url, process):
        assert url.startswith("http://127.0.0.1:")
        with caller(url) as api:
            created = api.post("/company_customers", json=company()).json()
            assert created["contacts"]["url"].startswith(url), "links lead back to where the caller is"
            assert api.get(created["contacts"]["url"]).json()["items"] == []
            assert api.delete("/customer_invoices/42").status_code == 404
            assert api.post("/products", content=b"x" * 11_000_000).status_code == 413
            assert {api.get("/me").status_code for _ in range(40)} == {200}
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
        assert process.stderr
        assert process.stderr.read() == "sandbox stopped\n"
    sandbox = Sandbox(path)
    with httpx.Client(transport=sandbox.transport(), base_url=ASYNC_BASE) as api:
        found = api.get(f"/customers/{created['id']}", headers={"authorization": "Bearer sandbox"})
    assert found.json()["name"] == "ACME"
    sandbox.close()


def test_it_stops_where_a_shell_ignores_interrupts(tmp_path: Path) -> None:
    """As scripts do for what they start in the background."""
    ignoring = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]
    with served("--db", str(tmp_path / "books.db"), under=ignoring) as (url, process), caller(url) as api:
        assert api.get("/me").status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=PATIENCE)[1] == "sandbox stopped\n"
        assert process.returncode == 0


def test_it_limits_the_rate_unless_told(tmp_path: Path) -> None:
    with served("--db", str(tmp_path / "books.db")) as (url, _), caller(url) as api:
        assert 429 in {api.get("/me").status_code for _ in range(30)}


def test_broken_http_does_not_stop_it(tmp_path: Path) -> None:
    with served("--db", str(tmp_path / "books.db"), "--no-rate-limit") as (url, _):
        port = int(url.rpartition(":")[2])
        for garbage in (
            b"\x00\xff\x16\x03\x01" * 9,
            b"GET / HTTP/9.9\r\n\r\n",
            b"POST /x HTTP/1.1\r\nContent-Length: 9\r\n\r\n",
        ):
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
                connection.sendall(garbage)
        with caller(url) as api:
            assert api.get("/me").status_code == 200


def test_a_port_in_use_is_a_message(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-m", "pennyform", "sandbox", "serve", "--db", str(tmp_path / "books.db")]
        result = subprocess.run(
            [*command, "--port", str(taken.getsockname()[1])],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    assert result.returncode == 1
    assert "cannot listen" in result.stderr
    assert "Traceback" not in result.stderr


def test_reset_empties_the_file(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    sandbox = Sandbox(path)
    sandbox.add_company("Other SARL")
    sandbox.close()
    environment = {**os.environ, "NO_COLOR": "1"}
    command = [sys.executable, "-m", "pennyform", "sandbox", "reset", "--db", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment)
    assert (result.returncode, result.stderr) == (0, "")
    assert str(path) in result.stdout
    sandbox = Sandbox(path)
    assert sandbox.add_company("Third SA") == 21_000_002
    sandbox.close()


@pytest.mark.parametrize("path", ["/me", "/customers"])
def test_an_async_client_gets_the_same(path: str) -> None:
    import asyncio

    sandbox = Sandbox(rate_limit=False)

    async def fetched() -> dict[str, object]:
        async with httpx.AsyncClient(transport=sandbox.async_transport(), base_url=ASYNC_BASE) as api:
            response = await api.get(path, headers={"authorization": "Bearer sandbox"})
            answer: dict[str, object] = response.json()
            return answer

    assert asyncio.run(fetched())
    sandbox.close()
