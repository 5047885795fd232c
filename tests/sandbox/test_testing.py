"""The fixtures that other people's tests use, as they use them: in a project of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import httpx
from pennyform.sandbox import Sandbox
from pennyform.testing import Served

from .conftest import PATIENCE

CONFTEST = 'pytest_plugins = ["pennyform.testing"]\n'
TESTS = """
import urllib.request
from datetime import datetime, timezone

import httpx
import pytest
from pennyform.sandbox.faults import Dropped, Unavailable


def test_in_process(pennylane_sandbox, pennylane_client):
    assert pennylane_client.get("/me").json()["company"]["reg_no"].startswith("sandbox-")
    pennylane_sandbox.faults.schedule(Unavailable(times=1))
    assert [pennylane_client.get("/me").status_code for _ in range(2)] == [503, 200]


def test_typed_clients(pennylane_company, pennylane_async_company, pennylane_client):
    import asyncio

    async def get():
        return await pennylane_async_company.me.get()

    assert pennylane_company.me.get() == asyncio.run(get())
    company = pennylane_client.get("/me").json()["company"]
    assert pennylane_company.me.get().company.reg_no == company["reg_no"]


def test_on_a_port(pennylane_server):
    headers = {"Authorization": f"Bearer {pennylane_server.token}"}
    request = urllib.request.Request(f"{pennylane_server.api_url}/customers", headers=headers)
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    pennylane_server.sandbox.faults.schedule(Dropped())
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{pennylane_server.api_url}/me")


def test_both_ways_lead_to_the_same_books(pennylane_client, pennylane_server):
    body = {"label": "Advice", "price_before_tax": "1.00", "vat_rate": "FR_200", "unit": "hour"}
    assert pennylane_client.post("/products", json=body).status_code == 201
    headers = {"Authorization": f"Bearer {pennylane_server.token}"}
    assert len(httpx.get(f"{pennylane_server.api_url}/products", headers=headers).json()["items"]) == 1


class TestOptions:
    @pytest.fixture
    def pennylane_sandbox_options(self):
        return {"clock": lambda: datetime(2026, 1, 31, tzinfo=timezone.utc)}

    def test_a_clock_and_the_rate_limit(self, pennylane_sandbox, pennylane_client):
        assert {pennylane_client.get("/me").status_code for _ in range(30)} == {200, 429}
        assert pennylane_sandbox.clock().year == 2026
"""


def test_a_project_of_its_own_uses_them(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_client.py").write_text(textwrap.dedent(TESTS))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, cwd=tmp_path)
    assert "5 passed" in result.stdout, result.stdout + result.stderr


def test_it_is_not_loaded_unless_asked_for(tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text(
        "import sys\n\ndef test_nothing():\n    assert 'pennyform' not in sys.modules\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, cwd=tmp_path)
    assert "1 passed" in result.stdout, result.stdout


def test_without_pytest_a_block_serves() -> None:
    sandbox = Sandbox(rate_limit=False)
    with Served(sandbox) as server:
        headers = {"authorization": f"Bearer {server.token}"}
        assert httpx.get(f"{server.api_url}/me", headers=headers, timeout=PATIENCE).status_code == 200
    # Below the ports that systems hand out by themselves, and one of its own for each process of the tests.
    port = 20_000 + os.getpid() % 10_000
    with Served(sandbox, port=port) as server:
        page = httpx.get(f"http://127.0.0.1:{port}/", timeout=PATIENCE)
        assert page.headers["content-type"].startswith("text/html")
    sandbox.close()
