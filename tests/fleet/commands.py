"""The commands of a fleet on a real PostgreSQL; named so that only the session ``fleet`` collects it."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import os
import shutil
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import psycopg
import pytest
from msgspec import convert
from pennyform import __version__
from pennyform.cli import main
from pennyform.cli.commands.fleet.status import metrics
from pennyform.cli.commands.fleet.submit import enqueue
from pennyform.cli.contracts import contract_here, schemas_of
from pennyform.cli.terminal import Terminal
from pennyform.engine.journal.records import PlanUsed
from pennyform.engine.limits import Patience
from pennyform.engine.runtime import Origin, Runtime
from pennyform.engine.state_folder import state_folder
from pennyform.fleet.database import Database
from pennyform.fleet.journals import DatabaseJournals
from pennyform.fleet.overview import overview
from pennyform.fleet.procrastinate_queue import ProcrastinateQueue
from pennyform.fleet.queue import QueuedJob
from pennyform.fleet.records import ConsumedPlan, Records
from pennyform.fleet.request import RequestedFile, decode
from pennyform.fleet.serving import listen
from pennyform.results.documents import DOCUMENTS, json_text
from pennyform.sandbox.background_server import Served

from tests.own_contract.newer import newer, publish
from tests.workflows.runner import Runner

from .books import STATE_KEY, Books, Firm
from .postgres import Postgres

T = TypeVar("T")


class Fleet:
    """A firm, its fleet in a database of its own, and who sits at the keyboard."""

    def __init__(self, root: Path, url: str, books: Books, base_url: str) -> None:
        self.url, self.books = url, books
        self.firm = Firm(root / "firm", books, companies=3, invoices=2)
        self.firm.write()
        self.environ = {
            **self.firm.environ,
            "HOME": str(root),
            "NO_COLOR": "1",
            "PENNYFORM_STATE": str(root / "state"),
            "PENNYFORM_STATE_KEY": STATE_KEY,
            "PENNYFORM_DATABASE_URL": url,
            "PENNYLANE_BASE_URL": base_url,
        }
        self.person = "Submitter <submitter@example.com>"
        self.out = self.err = ""

    def __call__(self, *words: str) -> int:
        out, err = io.StringIO(), io.StringIO()
        runtime = replace(
            Runtime.system(),
            origin=lambda _: Origin(self.person, "host", "commit"),
            patience=Patience(settle=(0.0,), lag=(0.0,)),
        )
        terminal = Terminal(io.StringIO(), out, err, self.environ, width=80)
        code = main(words, terminal=terminal, runtime=runtime)
        self.out, self.err = out.getvalue(), err.getvalue()
        assert "defect" not in self.err, self.err
        return code

    @property
    def said(self) -> str:
        """What was said on standard error, without its line breaks."""
        return " ".join(self.err.split())

    def work(self, *words: str, code: int = 0) -> list[dict[str, Any]]:
        """Let a worker do all jobs; what it logged."""
        assert self("fleet", "worker", "--once", *words) == code, self.err
        return [json.loads(line) for line in self.err.splitlines()]

    def status(self) -> dict[str, Any]:
        assert self("fleet", "status", "--format", "json") == 0, self.err
        content = json.loads(self.out)
        assert json_text(convert(content, DOCUMENTS["fleet-status"])) == self.out
        return dict(content)

    def settings(self, name: str, old: str, new: str) -> None:
        file = self.firm.root / "companies" / name / "pennyform.yaml"
        file.write_text(file.read_text().replace(old, new))

    def rows(self) -> str:
        """Everything that is in the database, as text."""
        with psycopg.connect(self.url) as connection:
            tables = connection.execute(
                "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables "
                "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            ).fetchall()
            texts = [connection.execute(f"SELECT * FROM {name}").fetchall() for (name,) in tables]
        return "\n".join(
            bytes(value).decode(errors="replace") if isinstance(value, bytes | memoryview) else str(value)
            for rows in texts
            for row in rows
            for value in row
        )


@pytest.fixture
def fleet(server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    with at_work(Books(seconds=0), server, tmp_path) as made:
        monkeypatch.chdir(made.firm.root)
        yield made


@contextmanager
def at_work(books: Books, server: Postgres, folder: Path) -> Iterator[Fleet]:
    """A firm whose accounts are in ``books``, and its fleet in a new database."""
    name = f"fleet_{folder.name.lower().replace('-', '_')}"[:60]
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    with Served(books) as served:
        made = Fleet(folder.resolve(), server.url.replace("/postgres", f"/{name}"), books, served.url)
        assert made("fleet", "init") == 0, made.err
        yield made
    books.close()


def test_workers_do_what_was_submitted_without_the_repository(fleet: Fleet) -> None:
    assert fleet("fleet", "submit", "apply", "--all") == 0, fleet.err
    assert fleet.out.startswith("Queued 3 jobs to apply:\n")
    assert fleet.status()["queue"] == {"todo": 3}
    shutil.rmtree(fleet.firm.root / "companies")
    lines = fleet.work()
    assert fleet.firm.violations() == []
    status = fleet.status()
    assert status["queue"] == {"succeeded": 3}
    assert status["issued_today"] == [{"currency": "EUR", "invoices": 6, "currency_amount": "1447.20"}]
    assert status["writes_per_second"] == 0.25, "15 within a minute"
    assert [line["state"] for line in lines if line["event"] == "end"] == ["done"] * 3
    assert max(map(len, _status_text(fleet).splitlines())) <= 80


def _status_text(fleet: Fleet) -> str:
    assert fleet("fleet", "status") == 0
    return fleet.out


def test_a_token_is_in_no_row_and_in_no_log_and_no_name_is_in_a_log(fleet: Fleet) -> None:
    for verb in ("plan", "apply", "verify"):
        assert fleet("fleet", "submit", verb, "--all") == 0, fleet.err
    text = json.dumps(fleet.work())
    rows = fleet.rows()
    for token in [value for name, value in fleet.environ.items() if name.startswith("PENNYLANE_TOKEN")]:
        assert token not in rows
        assert token not in text
    assert "PENNYLANE_TOKEN_C0001" in rows, "the reference is what a job carries"
    for private in ("c0001", "ACME", "Company 1", "example.com", "241.20"):
        assert private not in text
    assert fleet.status()["queue"] == {"succeeded": 9}


def test_a_worker_that_could_do_no_job_takes_none(fleet: Fleet) -> None:
    assert fleet("fleet", "submit", "plan", "--all") == 0, fleet.err
    for key in ("", "short"):
        fleet.environ["PENNYFORM_STATE_KEY"] = key
        assert fleet("fleet", "worker", "--once") == 1
        assert "state-key" in fleet.err
    fleet.environ["PENNYFORM_STATE_KEY"] = STATE_KEY
    lines = fleet.work()
    assert [line["state"] for line in lines if line["event"] == "end"] == ["done"] * 3


def test_one_that_is_rejected_stops_no_other(fleet: Fleet) -> None:
    fleet.settings("c0001", "production", "nowhere")
    assert fleet("fleet", "submit", "apply", "--all", "--format", "json") == 4
    document = json.loads(fleet.out)
    assert json_text(convert(document, DOCUMENTS["fleet-submit"])) == fleet.out
    assert [row["job"] is not None for row in document["jobs"]] == [True, False, True]
    assert "c0001:" in fleet.err
    fleet.work()
    assert fleet.books.finals == 4


def test_what_cannot_be_done_fails_with_its_reason_and_what_may_pass_is_tried_again(fleet: Fleet) -> None:
    del fleet.environ["PENNYLANE_TOKEN_C0000"]
    assert fleet("fleet", "submit", "apply", "--company", "c0000", "--company", "c0001") == 0
    fleet.work(code=1)
    status = fleet.status()
    assert [(row["company"], row["state"]) for row in status["failed"]] == [("c0000", "failed")]
    assert "PENNYLANE_TOKEN_C0000" in status["failed"][0]["reason"]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        fleet.environ["PENNYLANE_BASE_URL"] = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert fleet("fleet", "submit", "apply", "--company", "c0002") == 0
        fleet.work(code=75)
    assert fleet.status()["queue"] == {"failed": 1, "succeeded": 1, "todo": 1}, "minutes ahead, not at once"


def _plan_of(fleet: Fleet, name: str) -> str:
    assert fleet("fleet", "submit", "plan", "--company", name) == 0, fleet.err
    fleet.work()
    return next(row["id"] for row in fleet.status()["plans"] if row["company"] == name)


def test_a_plan_is_applied_once_another_person_approved_it(fleet: Fleet) -> None:
    fleet.settings("c0000", "{company_id", "{approval: required, company_id")
    assert fleet("fleet", "submit", "apply", "--company", "c0000") == 1
    assert "fleet-approval" in fleet.err
    plan = _plan_of(fleet, "c0000")
    for format_, part in (("text", "c0000-1"), ("markdown", "c0000-1"), ("html", "<!doctype html>")):
        for code, more in ((0, ["--show"]), (1, [])):
            assert fleet("fleet", "approve", plan[:12], "--format", format_, *more) == code
            assert part in fleet.out, "whoever is asked has seen it"
            assert "pennyform-job-" not in fleet.out
    assert fleet("fleet", "approve", plan[:12], "--auto-approve") == 1
    assert "somebody else must look at it" in fleet.err
    fleet.work()
    assert fleet.books.finals == 0
    fleet.person = "Approver <approver@example.com>"
    assert fleet("fleet", "approve", plan[:12], "--auto-approve") == 0, fleet.err
    assert fleet.status()["plans"] == []
    for person in (fleet.person, "Another <another@example.com>"):
        fleet.person = person
        assert fleet("fleet", "approve", plan[:12], "--auto-approve") == 1
        assert "Approver <approver@example.com> approved it already, and job" in fleet.said
    assert fleet.status()["queue"] == {"succeeded": 1, "todo": 1}, "no second job"
    fleet.work()
    assert fleet.books.finals == 2
    assert fleet("audit", "companies/c0000", "--format", "json") == 0, fleet.err
    (section,) = json.loads(fleet.out)["companies"]
    assert {(row["person"], row["approved_by"]) for row in section["invoices"]} == {
        ("Submitter <submitter@example.com>", "Approver <approver@example.com>")
    }
    assert fleet("fleet", "approve", plan[:12], "--auto-approve") == 1
    assert "it was used" in fleet.err


def test_a_digest_says_which_content_is_approved(fleet: Fleet) -> None:
    """As a job does that a merged pull request starts, with what was written into its comment."""
    plan = _plan_of(fleet, "c0000")
    (row,) = fleet.status()["plans"]
    fleet.person = "Approver"
    for format_ in ("text", "markdown"):
        assert fleet("fleet", "approve", plan, "--show", "--format", format_) == 0
        assert fleet.out.endswith(f": pennyform fleet approve {plan} --digest {row['digest']}\n")
    other = "0" * 64
    assert fleet("fleet", "approve", plan, "--digest", other, "--auto-approve") == 1
    assert f"SHA-256 {row['digest']}, not {other}" in fleet.said
    assert [row["id"] for row in fleet.status()["plans"]] == [plan]
    assert fleet("fleet", "approve", plan, "--digest", row["digest"], "--auto-approve") == 0, fleet.err
    fleet.work()
    assert fleet.books.finals == 2


@pytest.fixture
def runner(fleet: Fleet, tmp_path: Path) -> Runner:
    """A pull request of a push by author, whose jobs reach the database, and no account."""
    root = fleet.firm.root
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    runner = Runner(root, tmp_path / "runner")
    kept = ("PENNYFORM_DATABASE_URL", "PENNYLANE_BASE_URL")
    runner.environment |= {name: fleet.environ[name] for name in kept}
    runner.context = {"github.actor": "author", "github.actor_id": "11"}
    return runner


def _merged(runner: Runner, author: int = 11, merger: int = 22) -> None:
    runner.context |= {
        "github.event.pull_request.merged": "true",
        "github.event.pull_request.user.id": str(author),
        "github.event.pull_request.merged_by.login": f"person-{merger}",
        "github.event.pull_request.merged_by.id": str(merger),
    }


def _submit_by_pull_request(fleet: Fleet, runner: Runner, arguments: str) -> list[dict[str, Any]]:
    """Let the action submit plans while a worker makes them; those that wait then."""
    code, _ = _while_working(fleet, lambda: runner("plan", fleet="60", arguments=arguments))
    assert code == 0, runner.log
    return list(fleet.status()["plans"])


def _while_working(fleet: Fleet, wait: Callable[[], T]) -> T:
    """What ``wait`` gives, which waits for the jobs that a worker does meanwhile."""
    ends = list[T]()
    waiting = threading.Thread(target=lambda: ends.append(wait()))
    waiting.start()
    while waiting.is_alive():
        fleet("fleet", "worker", "--once")
        waiting.join(0.2)
    (end,) = ends
    return end


def test_a_merged_pull_request_approves_exactly_what_it_showed_once(fleet: Fleet, runner: Runner) -> None:
    for name in ("c0000", "c0001"):
        fleet.settings(name, "{company_id", "{approval: required, company_id")
    plans = _submit_by_pull_request(fleet, runner, "--company c0000 --company c0001")
    assert [row["submitted_by"] for row in plans] == ["author <11@users.noreply.github.com>"] * 2
    file = runner.scratch / "comments.json"
    (comment,) = json.loads(file.read_text())
    assert comment["body"].startswith("<!-- pennyform plan ")
    assert all(f"approve {row['id']} --digest {row['digest']}\n" in comment["body"] for row in plans)
    assert "c0001-1" in comment["body"]
    runner("approve", folder="$(touch pwned)")
    assert not (runner.folder / "pwned").exists()
    # Nothing but a merge approves, and nobody approves what they opened or pushed.
    assert runner("approve")[0] == 1
    _merged(runner, merger=11)
    assert runner("approve")[0] == 1
    _merged(runner, author=33, merger=11)
    runner.context["github.event.pull_request.merged_by.login"] = "author"
    assert runner("approve")[0] == 1
    assert "somebody else must look at it" in " ".join(runner.log.split())
    assert fleet.status()["plans"] == plans
    _merged(runner)
    assert runner("approve")[0] == 0, runner.log
    assert fleet.status()["plans"] == []
    fleet.work()
    assert fleet.books.finals == 4
    assert runner("approve")[0] == 1, "they were used"
    fleet.work()
    assert fleet.books.finals == 4
    assert fleet.firm.violations()[:1] == ["lost: c0002-0 is there 0 times"]
    assert fleet("audit", "companies/c0000", "--format", "json") == 0, fleet.err
    (section,) = json.loads(fleet.out)["companies"]
    assert {(row["person"], row["approved_by"]) for row in section["invoices"]} == {
        ("author <11@users.noreply.github.com>", "person-22 <22@users.noreply.github.com>")
    }


def test_what_was_merged_otherwise_than_it_was_planned_is_not_approved(fleet: Fleet, runner: Runner) -> None:
    """One company after another push, the customers of the root, and a comment that names another content."""
    plans = _submit_by_pull_request(fleet, runner, "--company c0000 --company c0001")
    _merged(runner)
    invoice = fleet.firm.root / "companies/c0000/invoices/000.yaml"
    planned = invoice.read_text()
    invoice.write_text(planned.replace("quantity: 2", "quantity: 3"))
    assert runner("approve")[0] == 1
    assert "other definitions than these (companies/c0000/invoices/000.yaml)" in " ".join(runner.log.split())
    assert [row["company"] for row in fleet.status()["plans"]] == ["c0000"], "the other one was as planned"
    invoice.write_text(planned + "nonsense: true\n")
    assert runner("approve")[0] == 1
    assert "unknown-field" in runner.log
    assert "defect" not in runner.log
    invoice.write_text(planned)
    customer = fleet.firm.root / "customers/acme.yaml"
    former = customer.read_text()
    customer.write_text(former.replace("ACME SAS", "Acme SARL"))
    assert runner("approve")[0] == 1
    customer.write_text(former)
    (fleet.firm.root / "companies/c0000/invoices/new.yaml").write_text(planned.replace("c0000-0", "c0000-9"))
    assert runner("approve")[0] == 1
    (fleet.firm.root / "companies/c0000/invoices/new.yaml").unlink()
    file = runner.scratch / "comments.json"
    shown = file.read_text()
    digest = next(row["digest"] for row in plans if row["company"] == "c0000")
    file.write_text(shown.replace(digest, "0" * 64))
    assert runner("approve")[0] == 1
    assert "SHA-256" in runner.log
    file.write_text(shown.replace('"bot": true', '"bot": false'))
    assert runner("approve")[0] == 0, "no plan is to be approved by what somebody else wrote"
    assert [row["company"] for row in fleet.status()["plans"]] == ["c0000"]
    file.write_text(shown)
    assert runner("approve")[0] == 1, "the other one is approved already"
    fleet.work()
    assert fleet.books.finals == 4


def test_a_role_that_submits_approves_nothing(fleet: Fleet) -> None:
    """The statements of the guide: whoever changes the job of a pull request has this role."""
    guide = (Path(__file__).parents[2] / "docs" / "fleet.md").read_text(encoding="utf-8")
    statements = guide.partition("```sql\n")[2].partition("```")[0].replace("…", "secret")
    owner = fleet.url
    with psycopg.connect(owner, autocommit=True) as connection:
        if connection.execute("SELECT FROM pg_roles WHERE rolname = 'submitter'").rowcount:
            statements = statements.partition(";")[2]
        connection.execute(statements.encode())
    role = owner.replace("//pennyform@", "//submitter:secret@")
    fleet.environ["PENNYFORM_DATABASE_URL"] = role
    for _ in range(2):
        assert fleet("fleet", "submit", "plan", "--company", "c0000", "--wait", "0") == 75, fleet.err
    assert fleet("fleet", "submit", "apply", "--company", "c0001") == 0, fleet.err
    fleet.environ["PENNYFORM_DATABASE_URL"] = owner
    fleet.work("--approval", "required", code=1)
    fleet.environ["PENNYFORM_DATABASE_URL"] = role
    assert fleet.status()["queue"] == {"failed": 1, "succeeded": 2}
    (plan,) = fleet.status()["plans"]
    fleet.person = "Approver"
    assert fleet("fleet", "approve", plan["id"], "--digest", plan["digest"], "--auto-approve") == 1
    assert "permission denied for table plan" in fleet.said
    for statement in (
        "UPDATE pennyform.plan SET approved_by = 'x', approved_at = now()",
        "INSERT INTO pennyform.plan SELECT * FROM pennyform.plan",
        "UPDATE pennyform.artifact SET content = 'x'",
        "DELETE FROM pennyform.journal",
        "UPDATE pennyform.lease SET fence = 0",
        "UPDATE pennyform.procrastinate_jobs SET status = 'todo'",
    ):
        with (
            psycopg.connect(role) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement.encode())
    assert fleet.books.finals == 0


def test_a_plan_of_another_version_is_nobodys_to_approve(fleet: Fleet) -> None:
    plan = _plan_of(fleet, "c0000")
    with psycopg.connect(fleet.url) as connection:
        ((content,),) = connection.execute(
            "SELECT content FROM artifact JOIN plan ON plan.request = artifact.sha256"
        )
        older = bytes(content).replace(f'"{__version__}"'.encode(), b'"0.1.9"')
        assert older != bytes(content)
        connection.execute(
            "INSERT INTO artifact (sha256, content) VALUES (%s, %s)",
            [hashlib.sha256(older).hexdigest(), older],
        )
        connection.execute("UPDATE plan SET request = %s", [hashlib.sha256(older).hexdigest()])
    assert fleet.status()["plans"] == []
    fleet.person = "Approver"
    assert fleet("fleet", "approve", plan, "--auto-approve") == 1
    assert "fleet-version" in fleet.err
    fleet.person = "Submitter"
    plan = _plan_of(fleet, "c0000")
    fleet.person = "Approver"
    assert fleet("fleet", "approve", plan, "--auto-approve") == 0, fleet.err


def test_whoever_submits_can_wait_for_the_end(fleet: Fleet) -> None:
    del fleet.environ["PENNYLANE_TOKEN_C0001"]
    words = ("fleet", "submit", "plan", "--all", "--wait")
    assert fleet(*words, "0", "--format", "json") == 75
    assert {row["exit_code"] for row in json.loads(fleet.out)["jobs"]} == {None}
    fleet.work(code=1)
    submitter = copy.copy(fleet)
    assert _while_working(fleet, lambda: submitter(*words, "60", "--format", "json")) == 1
    document = json.loads(submitter.out)
    assert json_text(convert(document, DOCUMENTS["fleet-submit"])) == submitter.out
    waiting = {row["company"]: (row["id"], row["digest"]) for row in fleet.status()["plans"]}
    rows = {row["company"]: row for row in document["jobs"]}
    assert {name: (row["plan"], row["digest"]) for name, row in rows.items()} == waiting | {
        "c0001": (None, None)
    }
    assert [rows[name]["exit_code"] for name in sorted(rows)] == [0, 1, 0]
    assert "PENNYLANE_TOKEN_C0001" in rows["c0001"]["reason"]


def test_another_plan_in_the_place_of_the_approved_one_is_not_applied(fleet: Fleet) -> None:
    """Both are signed: whoever can write to the database cannot make one up, but could swap them."""
    approved, other = _plan_of(fleet, "c0000"), _plan_of(fleet, "c0001")
    fleet.person = "Approver"
    assert fleet("fleet", "approve", approved, "--auto-approve") == 0, fleet.err
    with psycopg.connect(fleet.url) as connection:
        connection.execute(
            "UPDATE plan SET artifact = (SELECT artifact FROM plan WHERE id = %s) WHERE id = %s",
            [other, approved],
        )
    fleet.work(code=1)
    assert fleet.books.finals == 0
    assert "another one was approved" in fleet.status()["failed"][0]["reason"]


def test_what_nobody_needs_any_more_can_be_deleted(fleet: Fleet) -> None:
    plan = _plan_of(fleet, "c0000")
    fleet.person = "Approver"
    assert fleet("fleet", "approve", plan, "--auto-approve") == 0, fleet.err
    fleet.work()
    # One waits for longer than anything is kept, and one is submitted again with the same files.
    assert fleet("fleet", "submit", "apply", "--company", "c0001") == 0, fleet.err
    records, content = Records(Database(fleet.url)), b"named again"
    (digest,) = records.store([content])
    with psycopg.connect(fleet.url) as connection:
        for table, moment in (
            ("artifact", "created_at"),
            ("plan", "created_at"),
            ("outcome", "ended"),
            ("procrastinate_events", "at"),
        ):
            connection.execute(f"UPDATE {table} SET {moment} = {moment} - interval '40 days'")
        kept = connection.execute("SELECT * FROM journal").fetchall(), _leases(connection)
    assert records.store([content]) == [digest]
    before = fleet.rows()
    assert fleet("fleet", "clean", "--older-than", "41") == 0, fleet.err
    assert fleet.out == "Older than 41 days: 0 jobs, 0 outcomes, 0 plans, 0 files of 0 bytes\n"
    assert fleet("fleet", "clean", "--older-than", "39") == 0, fleet.err
    # Settings and invoices of the first company, two requests and the plan.
    assert ": 2 jobs, 2 outcomes, 1 plan, 6 files of " in fleet.out
    assert fleet.err == "Nothing was deleted; --delete does so. Journals and leases are kept.\n"
    assert fleet.rows() == before
    assert fleet("fleet", "clean", "--older-than", "39", "--delete") == 0, fleet.err
    assert ": 2 jobs, 2 outcomes, 1 plan, 6 files of " in fleet.out
    assert records.load([digest]) == {digest: content}
    with psycopg.connect(fleet.url) as connection:
        assert (connection.execute("SELECT * FROM journal").fetchall(), _leases(connection)) == kept
    fleet.work()
    assert fleet.books.finals == 4
    assert fleet("fleet", "submit", "verify", "--all") == 0, fleet.err
    fleet.work(code=3)


def test_files_of_a_plan_that_waits_are_kept(fleet: Fleet) -> None:
    """Others had submitted them long before the plan was made."""
    plan = _plan_of(fleet, "c0000")
    with psycopg.connect(fleet.url) as connection:
        for table, moment in (("artifact", "created_at"), ("procrastinate_events", "at")):
            connection.execute(f"UPDATE {table} SET {moment} = {moment} - interval '40 days'")
    assert fleet("fleet", "clean", "--older-than", "39", "--delete") == 0, fleet.err
    assert "1 job," in fleet.out
    fleet.person = "Approver"
    assert fleet("fleet", "approve", plan, "--auto-approve") == 0, fleet.err
    fleet.work()
    assert fleet.books.finals > 0


def _leases(connection: psycopg.Connection[Any]) -> list[Any]:
    return connection.execute("SELECT * FROM lease ORDER BY company").fetchall()


def test_a_plan_that_nobody_approved_is_not_applied_whoever_asks(fleet: Fleet) -> None:
    records, queue = Records(Database(fleet.url)), ProcrastinateQueue(Database(fleet.url))
    plan = _plan_of(fleet, "c0000")
    enqueue(
        [msgspec.structs.replace(records.plan(plan).request, verb="apply", plan=plan)], {}, records, queue
    )
    fleet.work(code=1)
    assert fleet.books.finals == 0
    assert "nobody approved it" in fleet.status()["failed"][0]["reason"]
    assert fleet("fleet", "submit", "apply", "--company", "c0001") == 0
    fleet.work("--approval", "required", code=1)
    assert fleet.books.finals == 0


def test_a_plan_that_was_begun_is_finished_by_its_job_and_by_no_other(fleet: Fleet) -> None:
    plan = _plan_of(fleet, "c0000")
    fleet.person = "Approver"
    assert fleet("fleet", "approve", plan, "--auto-approve") == 0
    records = Records(Database(fleet.url))
    # As if a worker had begun it, made the first invoice, and died.
    with psycopg.connect(fleet.url) as connection:
        (job,) = connection.execute("SELECT max(id) FROM procrastinate_jobs").fetchone() or (0,)
    assert records.consume(plan, job) == ConsumedPlan(records.plan(plan).content, "Approver", resumed=False)
    environ = {**fleet.environ}
    first = fleet.firm.root / "companies/c0000/invoices/000.yaml"
    assert fleet("apply", str(first), "--auto-approve") == 0, fleet.err
    assert fleet.books.finals == 1
    fleet.environ = environ
    journals = DatabaseJournals(Database(fleet.url), state_folder(environ, os.urandom), Runtime.system())
    host = environ["PENNYLANE_BASE_URL"].removeprefix("http://").replace(":", "-")
    journal = journals.of(f"{host}-{fleet.firm.ids['c0000']}")
    with journal.hold(lambda _: False):
        journal.open().write(PlanUsed(plan=plan))
    journals.close()
    fleet.work()
    assert fleet.books.finals == 2
    assert fleet.firm.books.customers_twice() == []
    with pytest.raises(Exception, match="another job used it"):
        records.consume(plan, job + 1)


def test_a_job_that_cannot_be_read_fails_once_and_holds_up_nothing(fleet: Fleet) -> None:
    assert fleet("fleet", "submit", "plan", "--company", "c0000") == 0, fleet.err
    records = Records(Database(fleet.url))
    with psycopg.connect(fleet.url) as connection:
        ((good, lock),) = connection.execute("SELECT args ->> 'request', lock FROM procrastinate_jobs")
        request = json.loads(records.load([good])[good])
        contents = [
            b"\xff{",
            b"[" * 100_000,
            json.dumps({"pennyform": "99.0", "format_version": 2, "surprise": 1}).encode(),
            json.dumps(request | {"format_version": 2}).encode(),
            json.dumps(request | {"company_id": 1 + request["company_id"]}).encode(),
            json.dumps(request | {"files": [{"path": "x", "sha256": "0" * 64, "size": 1}]}).encode(),
            b"of another hash",
        ]
        digests = records.store(contents)
        connection.execute("UPDATE artifact SET content = 'x' WHERE sha256 = %s", [digests[-1]])
        arguments = [{"request": digest} for digest in digests] + [{"request": 7}, {}, {"more": [{}]}]
        for row in arguments:
            connection.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args) "
                "VALUES ('pennyform', 'pennyform.company', %s, %s)",
                [lock, json.dumps(row)],
            )
    assert fleet("fleet", "submit", "plan", "--company", "c0000") == 0, fleet.err
    lines = fleet.work(code=1)
    assert [line["state"] for line in lines if line["event"] == "end"].count("failed") == len(arguments)
    status = fleet.status()
    assert status["queue"] == {"failed": len(arguments), "succeeded": 1 + 1}
    reasons = [row["reason"] for row in status["failed"]][::-1]
    expected = ["malformed", "", "pennyform 99.0", "format_version", "another one", "of x is not in"]
    expected += ["not in the database"] * 4
    assert [part in reason for part, reason in zip(expected, reasons, strict=True)] == [True] * 10, reasons


def test_the_fleet_and_single_companies_can_be_paused(fleet: Fleet) -> None:
    assert fleet("fleet", "submit", "apply", "--all") == 0
    assert fleet("fleet", "pause") == 0
    assert fleet.err == "Paused the whole fleet: no further job begins; those that run go on.\n"
    fleet.work()
    assert fleet.status()["queue"] == {"todo": 3}
    assert fleet.status()["paused"]
    one = fleet.firm.ids["c0001"]
    assert fleet("fleet", "pause", "--company-id", str(one)) == 0
    assert fleet.err == f"Paused c0001 ({one}): no further job begins; those that run go on.\n"
    assert fleet("fleet", "resume") == 0
    assert fleet.err == f"Resumed the whole fleet.\nStill paused: c0001 ({one}).\n"
    for verb in ("pause", "resume"):
        assert fleet("fleet", verb, "--company-id", "987654", "--company-id", str(one)) == 1
        assert "no job was ever submitted for company 987654: nothing was changed" in fleet.said
        with pytest.raises(SystemExit, match="64"):
            fleet("fleet", verb, "--company-id", "0")
    fleet.work(code=75)
    assert fleet.status()["queue"] == {"succeeded": 2, "todo": 1}
    assert fleet("fleet", "resume", "--company-id", str(one)) == 0
    assert fleet.err == f"Resumed c0001 ({one}).\n"
    with psycopg.connect(fleet.url) as connection:
        connection.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL")
    fleet.work()
    assert fleet.status()["queue"] == {"succeeded": 3}


def test_figures_are_served_to_those_who_ask_for_this_machine(fleet: Fleet) -> None:
    queue, database = ProcrastinateQueue(Database(fleet.url)), Database(fleet.url)
    with listen("127.0.0.1", 0, metrics(lambda: overview(database, queue))) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{served.server_address[1]}"
        assert 'pennyform_fleet_jobs{status="todo"} 0' in _get(f"{url}/metrics")
        assert _get(f"{url}/healthz") == "ok\n"
        with pytest.raises(urllib.error.HTTPError, match="403"):
            _get(f"{url}/metrics", {"Host": "attacker.example"})
        served.shutdown()


def _get(url: str, headers: Mapping[str, str] = {}) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, headers=dict(headers)), timeout=120) as answer:
        return str(answer.read().decode())


def test_what_finds_the_next_job_knows_how_many_there_are(fleet: Fleet) -> None:
    queue = ProcrastinateQueue(Database(fleet.url))
    queue.submit([QueuedJob(f"{index:064x}", f"company-{index}") for index in range(2500)])
    with psycopg.connect(fleet.url) as connection:
        row = connection.execute("SELECT reltuples FROM pg_class WHERE relname = 'procrastinate_jobs'")
        assert row.fetchone() == (2500,)
        # Without either, each look at the queue reads all of it, for each job of it.
        plan = connection.execute(
            "EXPLAIN SELECT FROM pennyform.procrastinate_jobs WHERE lock = 'company-7' "
            "AND status IN ('todo', 'doing')"
        )
        assert "queued_lock" in str(plan.fetchall())


def test_two_fleets_in_one_database_do_their_own_jobs_and_never_one_company_at_once(fleet: Fleet) -> None:
    """Each has the tokens of its own companies; one company is given to both."""
    tokens = {name: fleet.environ.pop(name) for name in sorted(fleet.environ) if "_TOKEN_C" in name}
    mine = {"": ("c0000", "c0002"), "south": ("c0001", "c0002")}

    def be(name: str) -> None:
        fleet.environ = {key: value for key, value in fleet.environ.items() if "_TOKEN_C" not in key}
        fleet.environ |= {key: tokens[key] for key in tokens if key[-5:].lower() in mine[name]}
        fleet.environ["PENNYFORM_FLEET"] = name

    for name, companies in mine.items():
        be(name)
        words = [word for company in companies for word in ("--company", company)]
        assert fleet("fleet", "submit", "apply", *words) == 0, fleet.err
    assert fleet.status()["queue"] == {"todo": 4}
    # As if a worker of the second one were at work on the company of both.
    host = fleet.environ["PENNYLANE_BASE_URL"].removeprefix("http://").replace(":", "-")
    journals = DatabaseJournals(
        Database(fleet.url), state_folder(fleet.environ, os.urandom), Runtime.system()
    )
    with journals.of(f"{host}-{fleet.firm.ids['c0002']}").hold(lambda _: False):
        be("")
        fleet.work(code=75)
    journals.close()
    assert fleet.books.finals == 2, "the company without a holder alone"
    assert fleet.status()["queue"] == {"succeeded": 1, "todo": 3}
    be("south")
    fleet.work()
    assert fleet.status()["queue"] == {"succeeded": 3, "todo": 1}, "one fleet does not wait for the other"
    with psycopg.connect(fleet.url) as connection:
        connection.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL")
    be("")
    fleet.work()
    assert fleet.status()["queue"] == {"succeeded": 4}
    assert fleet.firm.violations() == []
    fleet.environ["PENNYFORM_FLEET"] = "no such name"
    assert fleet("fleet", "worker", "--once") == 1
    assert "PENNYFORM_FLEET is no name of a fleet" in fleet.err


def test_an_approved_plan_goes_to_the_fleet_that_planned_it(fleet: Fleet) -> None:
    fleet.environ["PENNYFORM_FLEET"] = "south"
    plan = _plan_of(fleet, "c0000")
    del fleet.environ["PENNYFORM_FLEET"]
    fleet.person = "Approver"
    assert fleet("fleet", "approve", plan, "--auto-approve") == 0, fleet.err
    fleet.work()
    assert fleet.books.finals == 0
    fleet.environ["PENNYFORM_FLEET"] = "south"
    fleet.work()
    assert fleet.books.finals == 2


# --- a contract of one's own -----------------------------------------------------------------------------

CONTRACT = ("lock.json", "company/contract.json", "company/names.json", "overlays/company.yaml")


@pytest.fixture
def contract_fleet(server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    """The accounts speak a newer contract, which the root of the repository has pinned for all companies."""
    pinned = tmp_path / "pinned"
    pinned.mkdir()
    monkeypatch.chdir(pinned)
    assert main(["spec", "init"]) == 0
    assert main(["spec", "fetch", "--api", "company", "--from", str(publish(newer(), tmp_path))]) == 0
    contract = contract_here()
    assert contract is not None
    schemas = schemas_of({"XDG_CACHE_HOME": str(tmp_path / "served")}, contract)
    with at_work(Books(seconds=0, schemas=schemas), server, tmp_path) as made:
        root = made.firm.root
        shutil.copytree(pinned / "specs", root / "specs")
        settings = root / "pennyform.yaml"
        settings.write_text(settings.read_text() + "contract: {apis: [company]}\n")
        for invoice in root.glob("companies/*/invoices/*.yaml"):
            invoice.write_text(invoice.read_text() + "purchase_order_reference: PO-7\n")
        monkeypatch.chdir(root)
        yield made


def _forget_contract(fleet: Fleet) -> None:
    """A worker on another machine has neither the repository nor what was worked out from its contract."""
    shutil.rmtree(fleet.firm.root / "specs")
    shutil.rmtree(Path(fleet.environ["HOME"], ".cache"))


def test_a_field_that_was_added_today_is_checked_sent_and_verified_by_workers(contract_fleet: Fleet) -> None:
    fleet = contract_fleet
    assert fleet("fleet", "submit", "apply", "--all", "--format", "json") == 0, fleet.err
    own = sum((fleet.firm.root / "specs" / name).stat().st_size for name in CONTRACT)
    assert all(row["bytes"] > own for row in json.loads(fleet.out)["jobs"])
    assert fleet("fleet", "submit", "verify", "--all") == 0, fleet.err
    for invoice in fleet.firm.root.glob("companies/c0001/invoices/*.yaml"):
        invoice.write_text(invoice.read_text().replace("PO-7", "PO-8"))
    assert fleet("fleet", "submit", "verify", "--company", "c0001") == 0, fleet.err
    _forget_contract(fleet)
    fleet.work(code=3)
    assert fleet.firm.violations() == []
    sent = {body["purchase_order_reference"] for *_, body in fleet.books._invoices()}
    assert sent == {"PO-7"}
    status = fleet.status()
    assert status["queue"] == {"failed": 1, "succeeded": 6}
    assert [(row["company"], row["verb"]) for row in status["failed"]] == [("c0001", "verify")]


def test_a_plan_is_applied_by_the_contract_that_it_was_made_by(contract_fleet: Fleet) -> None:
    fleet = contract_fleet
    plan = _plan_of(fleet, "c0000")
    _forget_contract(fleet)
    fleet.person = "Approver"
    assert fleet("fleet", "approve", plan, "--auto-approve") == 0, fleet.err
    fleet.work()
    assert {body["purchase_order_reference"] for *_, body in fleet.books._invoices()} == {"PO-7"}


def test_a_field_that_breaks_the_contract_is_not_submitted(contract_fleet: Fleet) -> None:
    fleet = contract_fleet
    invoice = fleet.firm.root / "companies/c0000/invoices/000.yaml"
    invoice.write_text(invoice.read_text().replace("PO-7", "P" * 51))
    assert fleet("fleet", "submit", "apply", "--all") == 4
    assert "too-long" in fleet.err
    pinned = fleet.firm.root / "specs" / "company" / "contract.json"
    pinned.write_bytes(pinned.read_bytes() + b"\n")
    assert fleet("fleet", "submit", "apply", "--company", "c0001") == 1
    assert "contract-changed" in fleet.err


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[" * 100_000, "nested deeper"),
        (b"{}", "expected an info object"),
        (b'{"openapi": "3.0.0", "paths": {"/x": {"get": {"$ref": "file:///etc/passwd"}}}}', "/info"),
        (None, "not the one in the lock"),
    ],
    ids=["deep", "empty", "another file", "edited"],
)
def test_a_contract_in_a_job_is_data_of_a_stranger(
    contract_fleet: Fleet, content: bytes | None, reason: str
) -> None:
    """Whoever wrote the job by hand: it fails with a finding, once, and the next one is done."""
    fleet = contract_fleet
    assert fleet("fleet", "submit", "apply", "--company", "c0000") == 0, fleet.err
    records, queue = Records(Database(fleet.url)), ProcrastinateQueue(Database(fleet.url))
    with psycopg.connect(fleet.url) as connection:
        ((digest,),) = connection.execute("SELECT args ->> 'request' FROM procrastinate_jobs")
        connection.execute("UPDATE procrastinate_jobs SET status = 'cancelled'")
    request = decode(records.load([digest])[digest])
    files = {file.path: records.load([file.sha256])[file.sha256] for file in request.files}
    changed = files["specs/company/contract.json"] + b"\n" if content is None else content
    lock = json.loads(files["specs/lock.json"])
    if content is not None:
        lock["contracts"]["company"]["pinned"] = f"sha256:{hashlib.sha256(content).hexdigest()}"
    files |= {"specs/company/contract.json": changed, "specs/lock.json": json.dumps(lock).encode()}
    files |= {f"{folder}sitecustomize.py": b"raise SystemExit(9)" for folder in ("", "specs/")}
    listed = tuple(
        RequestedFile(path, hashlib.sha256(content).hexdigest(), len(content))
        for path, content in files.items()
    )
    contents = {hashlib.sha256(content).hexdigest(): content for content in files.values()}
    enqueue([msgspec.structs.replace(request, files=listed)], contents, records, queue)
    assert fleet("fleet", "submit", "apply", "--company", "c0001") == 0, fleet.err
    _forget_contract(fleet)
    fleet.work(code=1)
    status = fleet.status()
    assert status["queue"] == {"cancelled": 1, "failed": 1, "succeeded": 1}
    (failed,) = status["failed"]
    assert failed["company"] == "c0000"
    assert reason in failed["reason"]
    assert "defect" not in failed["reason"]
    assert fleet.books.finals == 2


def test_a_second_init_changes_nothing(fleet: Fleet) -> None:
    before = fleet.rows()
    assert fleet("fleet", "init") == 0
    assert fleet.rows() == before
