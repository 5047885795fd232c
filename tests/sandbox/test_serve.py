"""The sandbox on a port: faults on a real socket, and what the command line does with its books."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from pennyform.cli import main
from pennyform.sandbox import Sandbox
from pennyform.sandbox.faults import (
    Dropped,
    Ending,
    Fault,
    Faults,
    Garbled,
    Html,
    Latency,
    RateLimited,
    Slow,
    Truncated,
    Unavailable,
)
from pennyform.sandbox.faults.kinds import KINDS
from pennyform.sandbox.input_files import load_faults, load_fixtures
from pennyform.testing import Served

from .bodies import company
from .conftest import PATIENCE

# For answers that never come, and only for those.
BRIEFLY = httpx.Timeout(PATIENCE, read=0.3)


@pytest.fixture
def server() -> Iterator[Served]:
    sandbox = Sandbox(rate_limit=False)
    with Served(sandbox) as server:
        yield server
    sandbox.close()


@pytest.fixture
def api(server: Served) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {server.token}"}
    with httpx.Client(base_url=server.api_url, headers=headers, timeout=PATIENCE) as api:
        yield api


def create(api: httpx.Client, **options: Any) -> httpx.Response:
    return api.post("/company_customers", json=company(), **options)


def patience(exception: type[Exception]) -> httpx.Timeout:
    return BRIEFLY if exception is httpx.ReadTimeout else httpx.Timeout(PATIENCE)


# Over a port, what happens before the connection stands looks like a connection that is closed.
SEEN = {
    Ending.CONNECT_ERROR: httpx.RemoteProtocolError,
    Ending.CONNECT_TIMEOUT: httpx.ReadTimeout,
    Ending.POOL_TIMEOUT: httpx.ReadTimeout,
    Ending.WRITE_ERROR: httpx.ReadError,
    Ending.WRITE_TIMEOUT: httpx.ReadTimeout,
    Ending.READ_ERROR: httpx.ReadError,
    Ending.READ_TIMEOUT: httpx.ReadTimeout,
    Ending.DISCONNECTED: httpx.RemoteProtocolError,
}


@pytest.mark.parametrize("how", SEEN)
def test_a_connection_breaks(server: Served, api: httpx.Client, how: Ending) -> None:
    server.sandbox.faults.schedule(Dropped(how=how, times=1))
    with pytest.raises(SEEN[how]):
        api.get("/me", timeout=patience(SEEN[how]))
    assert api.get("/me").status_code == 200


@pytest.mark.parametrize(
    ("fault", "exception"),
    [
        (Truncated(), httpx.RemoteProtocolError),
        (Truncated(how=Ending.READ_ERROR), httpx.ReadError),
        (Truncated(how=Ending.READ_TIMEOUT), httpx.ReadTimeout),
        (Latency(seconds=600), httpx.ReadTimeout),
        (Slow(seconds=600), httpx.ReadTimeout),
        (Dropped(after_commit=True), httpx.RemoteProtocolError),
    ],
)
def test_an_answer_is_lost_after_the_commit(
    server: Served, api: httpx.Client, fault: Fault, exception: type[Exception]
) -> None:
    server.sandbox.faults.schedule(fault)
    with pytest.raises(exception):
        create(api, timeout=patience(exception))
    server.sandbox.faults.clear()
    assert len(api.get("/customers").json()["items"]) == 1


def test_answers_that_arrive_whole(server: Served, api: httpx.Client) -> None:
    for skip, fault in enumerate([RateLimited, Unavailable, Html, Garbled]):
        server.sandbox.faults.schedule(fault(skip=skip, times=1))
    answers = [create(api) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [429, 503, 200, 201]
    assert answers[0].headers["retry-after"] == "1"
    assert answers[2].headers["content-type"].startswith("text/html")
    with pytest.raises(ValueError, match=r"."):
        answers[3].json()


def test_a_slow_answer_takes_its_time(server: Served, api: httpx.Client) -> None:
    server.sandbox.faults.schedule(Slow(seconds=0.3))
    began = time.perf_counter()
    assert api.get("/me").status_code == 200
    assert time.perf_counter() - began >= 0.27


def test_one_silent_request_keeps_nobody_else_waiting(server: Served, api: httpx.Client) -> None:
    server.sandbox.faults.schedule(Dropped(how=Ending.READ_TIMEOUT, path="/customers"))
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as silent:
        silent.sendall(b"GET /api/external/v2/customers HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert [api.get("/me").status_code for _ in range(20)] == [200] * 20


def test_who_hangs_up_is_waited_for_no_longer() -> None:
    sandbox = Sandbox(faults=Faults(faults=[Latency(seconds=1e6)]))
    received: list[dict[str, Any]] = [{"type": "http.request", "body": b""}, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return received.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", b"Bearer sandbox")]
    scope = {"type": "http", "method": "GET", "path": "/api/external/v2/me", "query_string": b""}
    asked = sandbox.asgi()({**scope, "headers": headers, "scheme": "http"}, receive, send)
    asyncio.run(asyncio.wait_for(asked, PATIENCE))
    assert sent == []
    sandbox.close()


def test_a_fault_by_header_is_for_one_request(api: httpx.Client) -> None:
    wish = {"x-sandbox-fault": "unavailable; status=502; after_commit=true"}
    assert api.post("/company_customers", json=company(), headers=wish).status_code == 502
    assert len(api.get("/customers").json()["items"]) == 1


# --- the command line -------------------------------------------------------------------------------------

DATA = """\
company: {name: Atelier Durand}
tokens:
  - {token: only-reads, scopes: ["customers:readonly"]}
company_customers:
  - external_reference: ACME
    name: ACME SAS
    billing_address: {address: 1 rue de la Paix, postal_code: "75002", city: Paris, country_alpha2: FR}
products:
  - {external_reference: DAY, label: Consulting, price_before_tax: "650.00", vat_rate: FR_200, unit: day}
customer_invoices:
  - date: 2026-11-01
    deadline: 2026-11-30
    draft: false
    customer_id: {external_reference: ACME}
    invoice_lines:
      - {product_id: {external_reference: DAY}, quantity: 3}
"""


class Run:
    """One ``sandbox serve`` in a process of its own."""

    def __init__(self, *arguments: str, python: Sequence[str] = ()) -> None:
        command = [sys.executable, *python, "-m", "pennyform", "sandbox", "serve", "--port", "0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.lines = []
        while "ready at" not in (line := self.process.stdout.readline()):
            assert line, self.process.communicate()[1]
            self.lines.append(line)
        self.url = line.split()[3]

    def get(self, path: str, token: str = "sandbox") -> httpx.Response:
        headers = {"authorization": f"Bearer {token}"}
        return httpx.get(f"{self.url}/api/external/v2{path}", headers=headers, timeout=PATIENCE)

    def stop(self) -> str:
        """What it wrote to standard error."""
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=PATIENCE)[1]


def test_books_from_a_file(tmp_path: Path) -> None:
    data = tmp_path / "books.yaml"
    data.write_text(DATA)
    database = str(tmp_path / "books.db")
    run = Run("--db", database, "--data", str(data), "--clock", "2026-12-15T09:00:00Z")
    assert run.lines == [f"3 records created from {data}\n"]
    assert run.get("/me").json()["company"]["name"] == "Atelier Durand"
    (invoice,) = run.get("/customer_invoices").json()["items"]
    assert (invoice["status"], invoice["currency_amount"]) == ("late", "2340.0")
    assert run.get("/customers", "only-reads").status_code == 200
    assert run.get("/products", "only-reads").status_code == 403
    errors = run.stop()
    assert "09:00:0" in errors.splitlines()[0]
    assert "403" in errors
    assert "only-reads" not in errors
    again = Run("--db", database, "--data", str(data))
    assert len(again.get("/customer_invoices").json()["items"]) == 1
    assert "holds books already" in again.stop()


def test_what_is_wrong_in_a_file_is_said_at_once_and_nothing_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "books.yaml"
    data.write_text(
        DATA.replace("FR_200", "FR_20").replace("only-reads, scopes", "x, scope").replace("DAY}, q", "D}, q")
    )
    code = main(["sandbox", "serve", "--db", str(tmp_path / "books.db"), "--data", str(data), "--port", "0"])
    errors = capsys.readouterr().err
    assert code == 1
    for place, words in (
        (3, "unknown field `scope`"),
        (9, '"FR_20" is not one of'),
        (11, "product_id: no records"),
    ):
        assert any(f":{place}:" in line and words in line for line in errors.splitlines()), errors
    assert not (tmp_path / "books.db").exists()


def test_faults_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text("seed: 3\nfaults:\n  - {kind: unavailable, path: /me, times: 2}\n")
    run = Run("--db", str(tmp_path / "books.db"), "--faults", str(faults))
    assert [run.get("/me").status_code for _ in range(3)] == [503, 503, 200]
    assert "[unavailable]" in run.stop()
    faults.write_text("seed: x\nfaults:\n  - {kind: latencie}\n  - {kind: slow, second: 2}\nfault: []\n")
    assert main(["sandbox", "serve", "--db", str(tmp_path / "no.db"), "--faults", str(faults)]) == 1
    errors = capsys.readouterr().err
    for words in (
        "seed must be an integer",
        "did you mean latency?",
        "unknown field `second`",
        "fault is unknown",
    ):
        assert words in errors
    assert not (tmp_path / "no.db").exists()


def test_rules_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = str(tmp_path / "x.db")
    run = Run("--db", database, "--quiet", "--rule", "pdf_seconds=2", "--rule", "rounding=document")
    rules = httpx.get(f"{run.url}/_sandbox/rules", timeout=PATIENCE).json()
    run.stop()
    assert (rules["pdf_seconds"], rules["rounding"], rules["paid_once"]) == (2, "document", True)
    assert main(["sandbox", "serve", "--db", database, "--rule", "rouding=document"]) == 1
    assert "did you mean rounding?" in capsys.readouterr().err


def test_a_time_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "serve", "--db", str(tmp_path / "x.db"), "--clock", "tomorrow"]) == 1
    assert "tomorrow is not a time" in capsys.readouterr().err


def test_snapshot_and_restore_work_on_a_running_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database, kept = str(tmp_path / "books.db"), str(tmp_path / "kept.db")
    run = Run("--db", database, "--quiet")
    headers = {"authorization": "Bearer sandbox"}
    url = f"{run.url}/api/external/v2/company_customers"
    httpx.post(url, json=company(external_reference="ACME"), headers=headers)
    assert main(["sandbox", "snapshot", kept, "--db", database]) == 0
    httpx.post(url, json=company(external_reference="OTHER"), headers=headers)
    assert len(run.get("/customers").json()["items"]) == 2
    assert main(["sandbox", "restore", kept, "--db", database]) == 0
    assert [item["external_reference"] for item in run.get("/customers").json()["items"]] == ["ACME"]
    assert httpx.post(url, json=company(external_reference="OTHER"), headers=headers).status_code == 201
    assert main(["sandbox", "reset", "--db", database, "--company", "New SARL"]) == 0
    assert run.get("/me").json()["company"]["name"] == "New SARL"
    assert run.get("/customers").json()["items"] == []
    assert run.stop() == "sandbox stopped\n"


@pytest.mark.parametrize("content", [b"", b"no snapshot", b"SQLite format 3\x00" + bytes(2000)])
def test_only_a_snapshot_is_put_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    database = str(tmp_path / "books.db")
    assert main(["sandbox", "reset", "--db", database, "--company", "Kept SARL"]) == 0
    (tmp_path / "x.db").write_bytes(content)
    assert main(["sandbox", "restore", str(tmp_path / "x.db"), "--db", database]) == 1
    assert "error sandbox-database" in capsys.readouterr().err
    sandbox = Sandbox(database)
    assert sandbox.companies()[0].name == "Kept SARL"
    sandbox.close()


def test_fixtures_name_records_that_no_filter_finds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The API has no filter for category groups, and the category's collection ends in ``ies``."""
    database, fixtures = tmp_path / "books.db", tmp_path / "books.yaml"
    fixtures.write_text(
        "categories:\n  - {label: Office, category_group_id: {label: Region}}\n"
        "  - {label: Office, category_group_id: {label: Cost centre}}\n"
    )
    assert main(["sandbox", "reset", "--db", str(database), "--data", str(fixtures)]) == 0
    run = Run("--db", str(database), "--quiet")
    rows = [row for row in run.get("/categories?limit=100").json()["items"] if row["label"] == "Office"]
    labels = {row["id"]: row["label"] for row in run.get("/category_groups").json()["items"]}
    assert sorted(labels[row["category_group"]["id"]] for row in rows) == ["Cost centre", "Region"]
    run.stop()
    fixtures.write_text(
        "categories:\n  - {label: A, category_group_id: {label: Sites}}\n"
        "  - {label: A, category_group_id: {labl: Region}}\n"
        "category_groups: []\n"
    )
    capsys.readouterr()
    assert main(["sandbox", "reset", "--db", str(database), "--data", str(fixtures)]) == 1
    shown = capsys.readouterr().err
    assert "no records of category_groups have label: Sites; one must. There are Region (id 1" in shown
    assert "no records of category_groups have labl: Region" in shown


WRONG_BOOKS = {
    "no-yaml.yaml": "customers: [",
    "no-object.yaml": "[]",
    "wrong-record.yaml": "company_customers: [{external_reference: NEW}]\n",
    "wrong-second-record.yaml": "products:\n  - {label: A, price_before_tax: '1', vat_rate: FR_200, "
    "external_reference: NEW}\n  - {label: B, price_before_tax: much}\n",
    "unknown.yaml": "nothings: [{label: x}]\n",
}


@pytest.mark.parametrize("name", [*WRONG_BOOKS, "missing.yaml"])
@pytest.mark.parametrize("exists", [True, False])
def test_wrong_fixtures_change_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, exists: bool
) -> None:
    database, fixtures = tmp_path / "db" / "books.db", tmp_path / name
    if name in WRONG_BOOKS:
        fixtures.write_text(WRONG_BOOKS[name])
    if exists:
        assert main(["sandbox", "reset", "--db", str(database), "--company", "Kept SARL"]) == 0
    words = ["sandbox", "reset", "--db", str(database), "--data", str(fixtures), "--company", "New SARL"]
    assert main(words) == 1
    assert "error sandbox-file" in capsys.readouterr().err
    if not exists:
        assert not database.exists()
        return
    sandbox = Sandbox(database)
    assert sandbox.companies()[0].name == "Kept SARL"
    sandbox.close()


@pytest.mark.parametrize("exists", [True, False])
def test_a_snapshot_that_was_cut_short_is_not_put_back(tmp_path: Path, exists: bool) -> None:
    database, kept, cut = tmp_path / "books.db", tmp_path / "kept.db", tmp_path / "cut.db"
    assert main(["sandbox", "reset", "--db", str(database), "--company", "Kept SARL"]) == 0
    assert main(["sandbox", "snapshot", str(kept), "--db", str(database)]) == 0
    content = kept.read_bytes()
    cut.write_bytes(content[: len(content) // 2])
    damaged = bytearray(content)
    damaged[len(content) // 2 : len(content) // 2 + 4096] = b"x" * 4096
    (tmp_path / "damaged.db").write_bytes(damaged)
    target = database if exists else tmp_path / "other.db"
    for file in (cut, tmp_path / "damaged.db"):
        assert main(["sandbox", "restore", str(file), "--db", str(target)]) == 1
    assert target.exists() == exists
    sandbox = Sandbox(database)
    assert sandbox.companies()[0].name == "Kept SARL"
    sandbox.close()


def test_no_books_no_snapshot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "snapshot", str(tmp_path / "a"), "--db", str(tmp_path / "none.db")]) == 1
    assert "there are no books here" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# What would make its start slow; the benchmark says how long it takes.
SLOW = {"jinja2", "jsonschema", "openapi_python_client", "pennylane_company", "pydyf", "yaml"}


def test_its_start_imports_nothing_slow(tmp_path: Path) -> None:
    """Up to the first answer, on books that are there."""
    database = str(tmp_path / "books.db")
    assert main(["sandbox", "reset", "--db", database, "--company", "ACME"]) == 0
    run = Run("--db", database, "--quiet", python=["-X", "importtime"])
    assert run.get("/me").status_code == 200
    imported = {line.rpartition("|")[2].strip() for line in run.stop().splitlines()}
    assert "pennyform.sandbox.application" in imported
    assert imported & SLOW == set()


# --- the documents ----------------------------------------------------------------------------------------

DOCS = Path(__file__).parent.parent.parent / "docs"


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_node_example_passes(server: Served, tmp_path: Path) -> None:
    node = shutil.which("node")
    if not node:
        pytest.skip("Node is not installed")
    example = tmp_path / "example.test.mjs"
    example.write_text("".join(blocks("sandbox-languages.md", "js")))
    environment = {**os.environ, "PENNYLANE_URL": server.url}
    result = subprocess.run(
        [node, "--test", str(example)], capture_output=True, text=True, timeout=PATIENCE, env=environment
    )
    assert result.returncode == 0, result.stdout
    assert "pass 2" in result.stdout


def test_the_files_of_the_documents_are_read(tmp_path: Path) -> None:
    (faults,), (books,) = blocks("sandbox-faults.md", "yaml"), blocks("sandbox-languages.md", "yaml")
    (tmp_path / "faults.yaml").write_text(faults)
    (tmp_path / "books.yaml").write_text(books)
    assert len(load_faults(tmp_path / "faults.yaml").scheduled()) == 3
    sandbox = Sandbox()
    assert load_fixtures(sandbox, tmp_path / "books.yaml") == 2
    sandbox.close()


def test_every_kind_of_fault_is_described() -> None:
    text = (DOCS / "sandbox-faults.md").read_text(encoding="utf-8")
    assert all(f"| `{kind}` |" in text for kind in KINDS)
    assert all(f"`{how}`" in text for how in Ending if how is not Ending.COMPLETE)
