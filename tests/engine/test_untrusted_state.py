"""What comes with a repository is no state: journals, locks, plans and links that somebody committed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pennyform.engine.journal.records import Found, Record
from pennyform.engine.journal.store import open_journal
from pennyform.engine.runtime import Disk
from pennyform.engine.state_folder import StateFolder
from pennyform.findings import Failure

from .test_cli import Shell
from .test_journal import NOW
from .world import KEY, SECRET, Office, invoice, records_of

MAIL = "  send_by_email:\n    recipients: [billing@acme.example]\n"


@pytest.fixture
def shell(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A repository whose user keeps state in a folder of their own."""
    office = Office(tmp_path / "repository")
    office.define("INV-1", finalize=True, options=MAIL)
    office.close()
    (office.root / ".pennyform" / "sandbox.db").unlink()
    monkeypatch.chdir(office.root)
    for name, value in {"NO_COLOR": "1", "PENNYFORM_STATE": str(state), "PENNYFORM_STATE_KEY": ""}.items():
        monkeypatch.setenv(name, value)
    return Shell(office.root, capsys)


def test_state_lies_with_the_user_and_for_nobody_else(shell: Shell, state: Path) -> None:
    assert shell("apply", "--auto-approve") in {0, 75}
    assert not (shell.root / ".pennyform" / "journal").exists()
    files = {path.name.partition("-")[0]: path for path in state.rglob("*") if path.is_file()}
    assert set(files) == {"key", "books"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (state, *state.rglob("*")))


def test_a_committed_link_is_not_written_through(shell: Shell, tmp_path: Path) -> None:
    """The way to a shell profile: a reference with a command would be run at the next login."""
    profile = tmp_path / "profile"
    profile.write_text("export PATH\n")
    folder = shell.root / ".pennyform" / "journal"
    folder.mkdir(parents=True)
    for name in ("sandbox-21000001.jsonl", "sandbox-21000001.lock", "app.pennylane.com-1.jsonl"):
        (folder / name).symlink_to(profile)
    (shell.root / "invoices" / "INV-1.yaml").write_text(invoice("$(touch x)", finalize=True))
    shell("apply", "--auto-approve")
    assert profile.read_text() == "export PATH\n"


@pytest.mark.parametrize("what", ["journal", "key", "the folder"])
def test_a_link_in_the_state_folder_is_refused(shell: Shell, state: Path, tmp_path: Path, what: str) -> None:
    target = tmp_path / "elsewhere"
    target.mkdir()
    link = {"journal": state / "journal", "key": state / "key", "the folder": state}[what]
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(target if what != "key" else target / "key")
    assert shell("apply", "--auto-approve") == 1
    assert "state-folder" in shell.err
    assert list(target.iterdir()) == []
    assert shell.books() == {}


@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_a_state_folder_that_others_may_write_is_refused(shell: Shell, state: Path, mode: int) -> None:
    (state / "journal").mkdir(parents=True)
    state.chmod(mode)
    assert shell("apply", "--auto-approve") == 1
    assert "can be written by others" in shell.err
    assert shell.books() == {}


def test_a_journal_with_a_second_name_is_refused(shell: Shell, state: Path, tmp_path: Path) -> None:
    assert shell("apply", "--auto-approve", "--wait", "0") in {0, 75}
    (journal,) = (state / "journal").glob("*.jsonl")
    os.link(journal, tmp_path / "same")
    assert shell("apply", "--auto-approve") == 1
    assert "second name" in shell.err


def test_a_journal_that_somebody_made_up_is_refused(tmp_path: Path) -> None:
    """Two lines that say that a mail was, or was not, sent: with no key, with another key."""
    for number, key in enumerate((b"", b"guess", SECRET.encode())):
        path = tmp_path / f"journal-{number}"
        made_up = open_journal(path, Disk(), lambda: NOW, key)
        for _ in range(2):
            made_up.write(Found(kind="send_by_email", reference="INV-1", confirmed_by_user=True))
        with pytest.raises(Failure, match="fails its checksum"):
            open_journal(path, Disk(), lambda: NOW, KEY)


def test_a_journal_in_the_repository_is_named_and_taken_over_on_request(shell: Shell, state: Path) -> None:
    old = shell.root / ".pennyform" / "journal" / "sandbox-21000001.jsonl"
    old.parent.mkdir(parents=True)
    old.write_bytes((Path(__file__).parent / "journals" / "version-1.jsonl").read_bytes())
    assert shell("plan") == 0
    assert ".pennyform/journal/sandbox-21000001.jsonl is not read" in shell.out
    assert shell("apply", "--auto-approve", "--wait", "0", "--import-journal", str(old)) in {0, 75}
    assert "is not read" not in shell.out
    (journal,) = (state / "journal").glob("*.jsonl")
    assert records_of_user(journal, state)
    assert shell("apply", "--auto-approve", "--import-journal", str(old)) == 1
    assert "journal-exists" in shell.err


def records_of_user(journal: Path, state: Path) -> list[Record]:
    return records_of(journal.read_bytes(), StateFolder(state).journal_key(journal.stem))


def test_state_in_the_repository_needs_a_key_from_elsewhere(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a CI cache may need it: such caches hold folders of the checkout only."""
    monkeypatch.setenv("PENNYFORM_STATE", str(shell.root / ".ci"))
    assert shell("plan") == 1
    assert "it lies in the invoice repository" in shell.err
    monkeypatch.setenv("PENNYFORM_STATE_KEY", "too short")
    assert shell("plan") == 1
    assert "fewer than 32 characters" in shell.err
    monkeypatch.setenv("PENNYFORM_STATE_KEY", SECRET)
    assert shell("apply", "--auto-approve", "--wait", "0") in {0, 75}
    (journal,) = (shell.root / ".ci" / "journal").glob("*.jsonl")
    assert records_of(journal)
    assert not (shell.root / ".ci" / "key").exists()


def test_one_machine_plans_and_another_applies_with_one_key(
    shell: Shell, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENNYFORM_STATE_KEY", SECRET)
    assert shell("plan", "--out", "it.plan") == 0
    monkeypatch.setenv("PENNYFORM_STATE", str(state.with_name("other machine")))
    assert shell("apply", "it.plan", "--wait", "0") in {0, 75}
    monkeypatch.delenv("PENNYFORM_STATE_KEY")
    assert shell("apply", "it.plan") == 1
    assert "PENNYFORM_STATE_KEY" in shell.err


def test_a_reset_sandbox_is_another_account(shell: Shell) -> None:
    """What the journal knows of the books before it, such as mails, does not hold for the new ones."""
    assert shell("apply", "--auto-approve", "--wait", "5") in {0, 75}
    assert shell("sandbox", "reset") == 0
    assert shell("plan", "--format", "json") == 0
    (change,) = [row for row in json.loads(shell.out)["changes"] if row["kind"] == "invoice"]
    assert "send_by_email" in change["steps"]


@pytest.mark.parametrize("outputs", [["plan", "--html"], ["plan", "--out"], ["validate", "--output"]])
def test_no_output_is_written_through_a_link(shell: Shell, tmp_path: Path, outputs: list[str]) -> None:
    profile = tmp_path / "profile"
    profile.write_text("export PATH\n")
    (shell.root / "out").symlink_to(profile)
    for suffix in (".unfinished", ".part"):
        (shell.root / f"out{suffix}").symlink_to(profile)
    assert shell(*outputs, "out") == 1
    assert profile.read_text() == "export PATH\n"


@pytest.mark.parametrize("folder", ["customers", "products", "templates"])
def test_a_folder_that_is_a_link_out_is_not_read(shell: Shell, tmp_path: Path, folder: str) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "secret.yaml").write_text("password: hunter2\n")
    if (shell.root / folder).exists():
        (shell.root / folder).rename(shell.root / "moved")
    (shell.root / folder).symlink_to(secret)
    assert shell("plan") == 4
    assert "a link that leads out of the repository" in shell.err
    assert "hunter2" not in shell.out + shell.err
    assert "secret.yaml" not in shell.out + shell.err


def test_a_token_file_in_the_repository_is_shown_by_nothing(shell: Shell) -> None:
    token = shell.root / "token.csv"
    token.write_text("a-token-that-nobody-may-see\n")
    token.chmod(0o600)
    (shell.root / "pennyform.yaml").chmod(0o644)
    series = invoice("INV-{{ row.n }}") + "for_each: ../token.csv\n"
    (shell.root / "invoices" / "INV-1.yaml").write_text(series)
    assert shell("plan") == 4
    assert "as a token is kept" in shell.err or "That is how a token is kept" in shell.err
    assert "nobody-may-see" not in shell.out + shell.err
