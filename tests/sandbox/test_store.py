from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pennyform.findings import Failure
from pennyform.sandbox import Sandbox

from .bodies import company
from .conftest import Clock, Connect

CONNECT = sqlite3.connect


def test_what_was_answered_is_there_after_reopening(tmp_path: Path, clock: Clock, connect: Connect) -> None:
    path = tmp_path / "deep" / "books.db"
    first = Sandbox(path, clock=clock)
    created = connect(of=first).made("/company_customers", company())
    first.close()
    second = Sandbox(path, clock=clock)
    assert connect(of=second).get(f"/company_customers/{created['id']}").json() == created
    second.close()


def test_it_runs_in_wal_mode_and_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / "books.db")
    with sandbox._store.transaction(write=False) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (1,)
    sandbox.close()


@pytest.mark.parametrize("content", [b"not a database at all, but a text" * 50, b"PK\x03\x04"])
def test_a_file_of_another_kind_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "thesis.txt"
    path.write_bytes(content)
    with pytest.raises(Failure, match="cannot use this database"):
        Sandbox(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("refused_statement", range(1, 21))
def test_what_fails_while_opening_leaves_no_connection_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused_statement: int
) -> None:
    statements = itertools.count(1)
    opened: list[sqlite3.Connection] = []

    class Refusing(sqlite3.Connection):
        """A connection to a disk that fails at one statement of all connections together."""

        def execute(self, *arguments: Any) -> sqlite3.Cursor:
            if next(statements) == refused_statement:
                raise sqlite3.OperationalError("disk I/O error")
            return super().execute(*arguments)

    def connect_refusing(*arguments: Any, **named: Any) -> sqlite3.Connection:
        opened.append(CONNECT(*arguments, factory=Refusing, **named))
        return opened[-1]

    Sandbox(tmp_path / "books.db").close()
    monkeypatch.setattr(sqlite3, "connect", connect_refusing)
    with pytest.raises(Failure, match="disk I/O error"):
        Sandbox(tmp_path / "books.db")
    assert opened
    for connection in opened:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.total_changes  # noqa: B018 - only an open connection has it


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        (sqlite3.SQLITE_BUSY, "wait for the program"),
        (sqlite3.SQLITE_FULL, "make room"),
        (sqlite3.SQLITE_IOERR | (3 << 8), "make room"),
        (sqlite3.SQLITE_READONLY, "be read and written"),
        (sqlite3.SQLITE_CANTOPEN, "be read and written"),
        (sqlite3.SQLITE_CORRUPT, "name another file"),
    ],
)
def test_the_remedy_follows_from_why_a_database_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, fix: str
) -> None:
    def refuse(*_: Any, **__: Any) -> sqlite3.Connection:
        error = sqlite3.OperationalError("refused")
        error.sqlite_errorcode = code
        raise error

    monkeypatch.setattr(sqlite3, "connect", refuse)
    with pytest.raises(Failure) as refused:
        Sandbox(tmp_path / "books.db")
    (finding,) = refused.value.findings
    assert fix in finding.fix
    assert ("remove" in finding.fix) == (code == sqlite3.SQLITE_CORRUPT)


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE treasure (a)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(Failure, match="another program"):
        Sandbox(path)
    assert path.read_bytes() == before


def test_a_reset_is_seen_by_everyone(tmp_path: Path, clock: Clock, connect: Connect) -> None:
    one, other = Sandbox(tmp_path / "books.db", clock=clock), Sandbox(tmp_path / "books.db", clock=clock)
    connect(of=one).made("/company_customers", company(external_reference="ACME"))
    other.reset()
    assert connect(of=one).get("/customers").json()["items"] == []
    connect(of=one).made("/company_customers", company(external_reference="ACME"))
    one.close()
    other.close()


def test_the_same_calls_give_the_same_answers(clock: Clock, connect: Connect) -> None:
    answers = []
    for _ in range(2):
        sandbox = Sandbox(clock=clock)
        api = connect(of=sandbox)
        answers.append([api.made("/company_customers", company()), api.get("/customers").json()])
        sandbox.close()
    assert answers[0] == answers[1]


def test_a_full_disk_is_an_answer_and_passes(tmp_path: Path, connect: Connect) -> None:
    sandbox = Sandbox(tmp_path / "books.db", rate_limit=False)
    api = connect(of=sandbox)
    pages = sandbox._store._connection.execute("PRAGMA page_count").fetchone()[0]
    sandbox._store._connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    statuses = [api.post("/company_customers", json=company(notes="x" * 4000)).status_code for _ in range(5)]
    assert statuses[-1] == 503
    assert len(api.get("/customers").json()["items"]) == statuses.count(201)
    sandbox._store._connection.execute(f"PRAGMA max_page_count = {pages + 100}")
    api.made("/company_customers", company())
    sandbox.close()


def test_a_file_that_is_locked_is_an_answer(tmp_path: Path, connect: Connect) -> None:
    sandbox = Sandbox(tmp_path / "books.db", rate_limit=False)
    sandbox._store._connection.execute("PRAGMA busy_timeout = 50")
    api = connect(of=sandbox)
    other = sqlite3.connect(tmp_path / "books.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert api.post("/company_customers", json=company()).status_code == 503
    assert api.get("/customers").status_code == 200, "readers do not wait for a writer"
    other.execute("ROLLBACK")
    api.made("/company_customers", company())
    other.close()
    sandbox.close()


Attempt = Callable[[int], Any]


def together(count: int, attempt: Attempt) -> list[Any]:
    """Run the attempts at the same moment, each in its own thread."""
    barrier, results = threading.Barrier(count), [None] * count

    def run(place: int) -> None:
        barrier.wait()
        results[place] = attempt(place)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.parametrize("shared", [True, False], ids=["one sandbox", "a sandbox each"])
def test_of_many_who_create_one_reference_one_succeeds(
    tmp_path: Path, connect: Connect, shared: bool
) -> None:
    count = 8
    first = Sandbox(tmp_path / "books.db", rate_limit=False)
    sandboxes = (
        [first] * count
        if shared
        else [Sandbox(tmp_path / "books.db", rate_limit=False) for _ in range(count)]
    )
    callers = [connect(of=sandbox) for sandbox in sandboxes]

    def attempt(place: int) -> list[int]:
        body = company(external_reference="ONCE", name=f"by {place}")
        statuses = [callers[place].post("/company_customers", json=body).status_code]
        return [*statuses, callers[place].post("/products", json={"label": "x"}).status_code]

    results = together(count, attempt)
    assert sorted(first for first, _ in results) == [201] + [422] * (count - 1)
    assert len(connect(of=first).get("/customers").json()["items"]) == 1
    for sandbox in {id(one): one for one in (first, *sandboxes)}.values():
        sandbox.close()


def test_many_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    sandboxes = together(8, lambda _: Sandbox(tmp_path / "books.db"))
    with sandboxes[0]._store.transaction(write=False) as connection:
        assert connection.execute("SELECT count(*) FROM company").fetchone() == (1,)
    for sandbox in sandboxes:
        sandbox.close()


WRITER = """
    import sys, httpx
    from pennyform.sandbox import Sandbox
    sandbox = Sandbox(sys.argv[1], rate_limit=False)
    api = httpx.Client(transport=sandbox.transport(), base_url="https://x/api/external/v2",
                       headers={"authorization": "Bearer sandbox"})
    customer = api.post("/company_customers", json={"name": "A", "billing_address": {
        "address": "a", "postal_code": "b", "city": "c", "country_alpha2": "FR"}}).json()["id"]
    line = {"label": "x", "quantity": 1, "unit": "", "raw_currency_unit_price": "1", "vat_rate": "FR_200"}
    for number in range(100000):
        answer = api.post("/customer_invoices", json={"date": "2025-10-01", "deadline": "2025-10-02",
            "customer_id": customer, "external_reference": str(number), "invoice_lines": [line, line]})
        print(answer.json()["external_reference"], answer.json()["invoice_number"], flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_nothing_answered_is_lost_to_a_kill(tmp_path: Path, connect: Connect) -> None:
    path = tmp_path / "books.db"
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout
        answered = [writer.stdout.readline().split() for _ in range(40)]
        os.kill(writer.pid, signal.SIGKILL)
        answered += [words for words in map(str.split, writer.stdout) if len(words) == 2]
    sandbox = Sandbox(path, rate_limit=False)
    api = connect(of=sandbox)
    kept = {
        item["external_reference"]: item
        for page in api.pages("/customer_invoices", limit=100)
        for item in page["items"]
    }
    assert {reference: kept[reference]["invoice_number"] for reference, _ in answered} == dict(answered)
    assert len(kept) - len(answered) in (0, 1), "at most the one whose answer was under way"
    numbers = sorted(item["invoice_number"] for item in kept.values())
    assert numbers == [f"F-2025-{number:04d}" for number in range(1, len(kept) + 1)]
    for item in kept.values():
        assert len(api.get(item["invoice_lines"]["url"]).json()["items"]) == 2
    sandbox.close()
