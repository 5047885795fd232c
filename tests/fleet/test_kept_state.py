"""The commands with journals in a database: fresh machines that keep nothing know what was done before."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pennyform import extras, fleet

from tests.engine.test_companies import NAMES, Firm
from tests.engine.world import CUSTOMER, invoice

_NEVER_AT_ONCE = ("pennyform.fleet", "psycopg", "procrastinate")
MAIL = "  send_by_email: true\n"


class Jobs(Firm):
    """Jobs of a CI system: each has the repository, its secrets, and an empty home folder."""

    def __init__(self, root: Path, url: str) -> None:
        super().__init__(root)
        self.count = 0
        self.environ |= {"PENNYFORM_DATABASE_URL": url}
        self.write("customers/acme.yaml", CUSTOMER + "emails: [accounts@acme.example]\n")
        self.write("companies/alder/invoices/two.yaml", invoice("A-2", finalize=True, options=MAIL))

    def step(self, *words: str) -> int:
        """One command on a machine of its own."""
        self.count += 1
        machine = self.root.parent / f"machine-{self.count}"
        self.environ |= {"PENNYFORM_STATE": str(machine / "state"), "HOME": str(machine)}
        code = self(*words)
        assert not list(machine.rglob("*.jsonl")), "a journal was kept on the machine"
        assert not list(machine.rglob("key")), "a key was made on the machine"
        return code

    def mails(self) -> int:
        return self.wire.done("/send_by_email")


@pytest.fixture
def jobs(own_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    made = Jobs(tmp_path.resolve() / "firm", own_database)
    monkeypatch.chdir(made.root)
    yield made
    made.sandbox.close()


def test_every_step_on_a_fresh_machine_knows_what_the_others_did(jobs: Jobs) -> None:
    assert jobs.step("plan", "--all", "--out", "plans") == 0, jobs.err
    plans = [f"plans/{name}.plan" for name in NAMES]
    assert jobs.step("apply", *plans) == 0, jobs.out + jobs.err
    assert jobs.mails() == 1
    assert jobs.step("apply", "--company", "alder", "--auto-approve") == 0, jobs.out
    for words in (["apply", "--all", "--auto-approve"], ["verify", "--all"], ["status", "--all"]):
        assert jobs.step(*words) == 0, jobs.out + jobs.err
    assert jobs.step("plan", "--all", "--detailed-exitcode") == 0
    assert jobs.mails() == 1
    assert jobs.step("apply", *plans) == 1
    assert jobs.err.count("plan-stale") == 3
    assert jobs.step("audit", "--all", "--format", "jsonl") == 0
    (row,) = map(json.loads, jobs.out.splitlines())
    assert (row["company"], row["external_reference"]) == ("alder", "A-2")
    assert row["invoice_number"]
    assert jobs.mails() == 1


def test_without_the_database_the_same_steps_ask_a_person(jobs: Jobs) -> None:
    """What the database is for: taken away, the next machine does not know of the mail."""
    apply = ("apply", "--company", "alder", "--auto-approve")
    while jobs.step(*apply) == 75:
        jobs.clock.seconds += 600
    url = jobs.environ.pop("PENNYFORM_DATABASE_URL")
    assert jobs(*apply) == 5
    jobs.environ["PENNYFORM_DATABASE_URL"] = url
    assert jobs.step(*apply) == 0
    assert jobs.mails() == 1


def test_a_machine_that_holds_the_lease_is_waited_for(jobs: Jobs, own_database: str) -> None:
    apply = ("apply", "--company", "alder", "--auto-approve")
    jobs.step(*apply)
    with psycopg.connect(own_database) as connection:
        connection.execute("UPDATE pennyform.lease SET expires = clock_timestamp() + interval '1 day'")
    assert jobs.step(*apply) == 75
    assert "error apply-locked" in jobs.err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"PENNYFORM_STATE_KEY": ""}, "state-key: journals in a database need PENNYFORM_STATE_KEY"),
        (
            {"PENNYFORM_DATABASE_URL": "postgresql://me:pass-word-1@127.0.0.1:9/x"},
            "fleet-database: the database",
        ),
        ({"PENNYFORM_DATABASE_URL": "pass-word-1"}, "fleet-database: PENNYFORM_DATABASE_URL is not a URL"),
    ],
)
def test_nothing_falls_back_to_the_folder(jobs: Jobs, change: dict[str, str], said: str) -> None:
    jobs.environ |= change
    for verb in ("plan", "apply", "verify", "status", "audit"):
        assert jobs.step(verb, "--company", "alder") == 1
        assert said in jobs.err
        assert "pass-word-1" not in jobs.out + jobs.err
    assert not jobs.wire.sent


def test_a_repository_names_no_database(jobs: Jobs) -> None:
    """Only the user's environment does: a pull request could otherwise choose what is remembered."""
    url = jobs.environ.pop("PENNYFORM_DATABASE_URL")
    jobs.write(".env", f"PENNYFORM_DATABASE_URL={url}\n")
    jobs.write(
        "pennyform.yaml",
        f'version: 1\nenvironment: production\njournal: "{url}"\ncompanies: ["companies/*"]\n',
    )
    assert jobs("validate") != 0
    assert "journal" in jobs.out + jobs.err


def test_without_the_extra_it_says_what_to_install(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "psycopg" else object())
    assert jobs.step("plan", "--company", "alder") == 1
    assert "a journal in a database needs psycopg" in jobs.err
    assert "pip install 'pennyform[fleet]'" in jobs.err


def test_nothing_of_it_is_imported_for_a_single_company() -> None:
    """Only inside functions, which a database that is named calls."""
    package = Path(fleet.__file__).parent
    wrong = []
    for file in package.parent.rglob("*.py"):
        if package in file.parents or file.parent.name == "fleet":
            continue
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            wrong += [f"{file}: {name}" for name in names if name.startswith(_NEVER_AT_ONCE)]
    assert wrong == []
