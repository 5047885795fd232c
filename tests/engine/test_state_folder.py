"""The state of one company: its folder, its key, its lock, and what becomes of them while a run goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from pennyform.cli.connection import canonical_host
from pennyform.engine.journal import reading
from pennyform.engine.journal.lock import LockFileError, hold
from pennyform.engine.journal.records import Absent, Acknowledged, Intent
from pennyform.engine.journal.replayed_state import Replay
from pennyform.engine.journal.store import open_journal, replay_file
from pennyform.engine.runtime import Disk
from pennyform.engine.state_folder import StateFolder
from pennyform.findings import Failure
from pennyform.report.apply import render
from pennyform.sandbox import Rules, Sandbox

from .test_cli import Shell
from .test_journal import NOW
from .test_lock import _HOLD
from .world import API, KEY, Fault, Handler, Office, lost_after, only, raw, read_all, statuses

MAIL = "  send_by_email:\n    recipients: [billing@acme.example]\n"
POST = r"/customer_invoices"


@pytest.fixture
def shell(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A repository of which everything is applied, by a user with a state folder of their own."""
    office = Office(tmp_path / "repository")
    office.define("INV-1")
    office.close()
    (office.root / ".pennyform" / "sandbox.db").unlink()
    monkeypatch.chdir(office.root)
    for name, value in {"NO_COLOR": "1", "PENNYFORM_STATE": str(state), "PENNYFORM_STATE_KEY": ""}.items():
        monkeypatch.setenv(name, value)
    shell = Shell(office.root, capsys)
    assert shell("apply", "--auto-approve") == 0
    return shell


# --- where it is --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"PENNYFORM_STATE": "state"}, "must be an absolute path"),
        ({"PENNYFORM_STATE": "./state"}, "must be an absolute path"),
        ({"PENNYFORM_STATE": "", "XDG_STATE_HOME": "", "HOME": ""}, "HOME is not set"),
        ({"PENNYFORM_STATE": "", "XDG_STATE_HOME": "relative", "HOME": "relative"}, "HOME is not set"),
        ({"PENNYFORM_STATE": "/proc/state"}, "cannot be made or opened"),
        ({"PENNYFORM_STATE": "/dev/null"}, "cannot be made or opened"),
    ],
)
@pytest.mark.parametrize("verb", [["apply", "--auto-approve"], ["plan", "--out", "it.plan"]])
def test_a_place_that_cannot_be_used_is_named(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], why: str, verb: list[str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert shell(*verb) == 1
    assert "state-folder" in shell.err or "journal-unreadable" in shell.err
    assert why in shell.err or "Not a directory" in shell.err
    assert "fix:" in shell.err


def test_what_git_keeps_together_is_one_repository(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key beside the invoices comes with a commit as well as one among them."""
    (shell.root.parent / ".git").mkdir()
    monkeypatch.setenv("PENNYFORM_STATE", str(shell.root.parent / "ci" / "state"))
    for verb in (["plan"], ["apply", "--auto-approve"]):
        assert shell(*verb) == 1
        assert "lies in the invoice repository" in shell.err
    (shell.root / "it.plan").write_text("{}")
    assert shell("apply", "it.plan") == 1
    assert "lies in the invoice repository" in shell.err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("what", [".", "journal", "key"])
def test_what_belongs_to_another_user_is_refused(shell: Shell, state: Path, what: str) -> None:
    os.chown(state / what, 12345, -1)
    assert shell("apply", "--auto-approve") == 1
    assert "belongs to another user" in shell.err


# --- the key ------------------------------------------------------------------------------------------------


def test_a_lost_key_is_said_and_both_ways_out_lead_on(shell: Shell, state: Path) -> None:
    key = (state / "key").read_bytes()
    (state / "key").unlink()
    for verb in (["plan"], ["verify"], ["apply", "--auto-approve"]):
        assert shell(*verb) == 1
        assert "journal-damaged" in shell.err
        assert "bring it back" in shell.err
        assert "--repair-journal" in shell.err
    (state / "key").write_bytes(key)
    assert shell("plan", "--detailed-exitcode") == 0
    (state / "key").unlink()
    assert shell("apply", "--auto-approve", "--repair-journal") == 0
    assert shell("plan", "--detailed-exitcode") == 0
    assert len(shell.books()["INV-1"]) == 1


def test_another_key_in_the_variable_is_said(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENNYFORM_STATE_KEY", "another key of more than 32 characters")
    assert shell("apply", "--auto-approve") == 1
    assert "PENNYFORM_STATE_KEY" in shell.err
    assert shell("apply", "--auto-approve", "--repair-journal") == 0


@pytest.mark.parametrize("content", [b"x", b"x" * 31, b"x" * 33, b"x" * 10_000_000])
def test_a_key_of_another_length_is_damaged_and_can_be_left_behind(
    shell: Shell, state: Path, content: bytes
) -> None:
    (state / "key").write_bytes(content)
    assert shell("apply", "--auto-approve") == 1
    assert "the key is damaged" in shell.err
    (state / "key").unlink()
    assert shell("apply", "--auto-approve", "--repair-journal") == 0


@pytest.mark.parametrize("what", ["pipe", "folder", "link", "for others to read", "a second name"])
def test_a_key_that_is_no_private_file_is_refused_and_nothing_hangs(
    shell: Shell, state: Path, what: str
) -> None:
    key = state / "key"
    match what:
        case "for others to read":
            key.chmod(0o640)
        case "a second name":
            os.link(key, state / "same")
        case _:
            key.rename(state / "moved")
    match what:
        case "pipe":
            os.mkfifo(key, 0o600)
        case "folder":
            key.mkdir()
        case "link":
            key.symlink_to(state / "moved")
    assert shell("apply", "--auto-approve") == 1
    assert "the key cannot be used" in shell.err


def test_a_run_that_was_killed_while_it_made_the_key_is_no_obstacle(state: Path) -> None:
    folder = StateFolder(state)
    folder.prepare()
    (state / "key").touch(mode=0o600)
    key = folder.key()
    assert len(key) == 32
    assert folder.key() == key


def test_the_name_of_a_key_is_durable_before_anything_is_signed_with_it(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal that outlives a power cut without its key is worth nothing."""
    synced: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda file: synced.append(str(Path(f"/proc/self/fd/{file}").readlink()))
    )
    folder = StateFolder(state)
    folder.prepare()
    folder.key()
    assert synced == [str(state / "key"), str(state)]


# --- one lock and one journal per company -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "spellings"),
    [
        (
            "app.pennylane.com",
            [
                "https://app.pennylane.com",
                "https://app.pennylane.com/",
                "https://APP.Pennylane.COM",
                "https://app.pennylane.com.",
                "https://app.pennylane.com:443",
                "https://app.pennylane.com:",
                "http://app.pennylane.com:80",
            ],
        ),
        (
            "127.0.0.1:8080",
            [
                "http://127.0.0.1:8080",
                "http://127.0.0.1:08080/",
                "http://localhost:8080",
                "http://LOCALHOST.:8080",
                "http://[::1]:8080",
                "http://[0:0:0:0:0:0:0:1]:8080",
                "http://[::ffff:127.0.0.1]:8080",
                "http://127.1:8080",
                "http://0x7f000001:8080",
                "http://2130706433:8080",
            ],
        ),
        ("2001:db8::1", ["https://[2001:db8::1]", "https://[2001:0DB8:0:0::0001]:443"]),
        ("xn--bcher-kva.example", ["https://bücher.example", "https://XN--BCHER-KVA.example"]),
    ],
)
def test_however_an_address_is_spelled_it_is_one_host(host: str, spellings: list[str]) -> None:
    assert {canonical_host(spelling) for spelling in spellings} == {host}


@pytest.mark.parametrize("url", ["https://[::1", "https://a:b", "https://[v1.x]"])
def test_an_address_that_cannot_be_read_is_named(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("PENNYLANE_API_TOKEN", "x" * 20)
    monkeypatch.setenv("PENNYLANE_BASE_URL", url)
    assert shell("plan", "--environment", "production") == 1
    assert "connection-refused" in shell.err


def test_a_stopped_holder_of_the_lock_is_named_with_what_to_do(shell: Shell, state: Path) -> None:
    (lock,) = (state / "journal").glob("*.lock")
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(lock)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.send_signal(signal.SIGSTOP)
        assert shell("apply", "--auto-approve") == 75
        assert f"process {holder.pid}" in shell.err
        assert "kill -CONT" in shell.err
        holder.kill()
    assert shell("apply", "--auto-approve") == 0


@pytest.mark.parametrize("what", ["pipe", "folder", "link", "for everybody to write"])
def test_a_lock_that_is_no_file_of_ours_is_refused_and_nothing_hangs(tmp_path: Path, what: str) -> None:
    path = tmp_path / "lock"
    match what:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "link":
            path.symlink_to(tmp_path / "elsewhere")
        case _:
            path.touch()
            path.chmod(0o666)
    with pytest.raises(LockFileError), hold(path):
        pass
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("text", ["", "x" * 100, "²", "-1", "\0", "12\n34"])
def test_what_a_lock_says_of_its_holder_is_not_believed(tmp_path: Path, text: str) -> None:
    path = tmp_path / "lock"
    with hold(path):
        path.write_text(text)
        with pytest.raises(Exception, match="another process"), hold(path):
            pass


# --- while a run goes on ------------------------------------------------------------------------------------


def test_a_state_folder_that_is_removed_stops_the_run_and_the_next_one_converges(office: Office) -> None:
    for number in range(1, 4):
        office.define(f"INV-{number}", finalize=True)

    def remove(request: httpx.Request, handle: Handler) -> httpx.Response:
        shutil.rmtree(office.journal.parent)
        return handle(request)

    office.wire.faults = [Fault("POST", POST, remove)]
    report = office.apply()
    assert "the journal" in report.stopped
    assert office.wire.done("/customer_invoices") == 1
    office.wire.faults = []
    assert set(statuses(office.apply()).values()) <= {"done", "unchanged"}
    assert [len(rows) for rows in office.books().values()] == [1, 1, 1]
    assert not office.verify().drift


def test_a_journal_that_another_apply_began_anew_is_not_written_into(office: Office) -> None:
    """Somebody removes the folder of a run that goes on, and starts another one."""
    for number in range(1, 4):
        office.define(f"INV-{number}")

    def begin_anew(request: httpx.Request, handle: Handler) -> httpx.Response:
        path = office.journal
        shutil.rmtree(path.parent)
        journal = open_journal(path, Disk(), office.clock.now, office.state().journal.key())
        journal.write(Intent(kind="invoice", reference="OTHER", step="create_draft"))
        return handle(request)

    office.wire.faults = [Fault("POST", POST, begin_anew)]
    assert "somebody else" in office.apply().stopped
    office.wire.faults = []
    assert set(statuses(office.apply()).values()) <= {"done", "unchanged"}
    assert [len(rows) for rows in office.books().values()] == [1, 1, 1]


# --- files that are attached --------------------------------------------------------------------------------


PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
# What an attached file may be by the time that it is sent.
CHANGES: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a folder": Path.mkdir,
    "a device": lambda file: file.symlink_to("/dev/zero"),
    "a link out": lambda file: file.symlink_to("/etc/hostname"),
    "a link in a circle": lambda file: file.symlink_to(file),
    "grown": lambda file: file.write_bytes(PDF + b"more"),
    "shrunk": lambda file: file.write_bytes(PDF[:-1]),
    "empty": lambda file: file.write_bytes(b""),
    "changed": lambda file: file.write_bytes(PDF[::-1]),
    "gone": lambda file: None,
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_file_that_changes_before_it_is_sent_is_named_and_holds_nothing_up(
    office: Office, what: str
) -> None:
    office.define("INV-1", options="  appendices: [hours.pdf]\n")
    file = office.root / "invoices" / "hours.pdf"
    file.write_bytes(PDF)

    def change(request: httpx.Request, handle: Handler) -> httpx.Response:
        file.unlink()
        CHANGES[what](file)
        return handle(request)

    office.wire.faults = [Fault("POST", POST, change)]
    report = office.apply()
    (result,) = [row for row in report.results if row.change.external_reference == "INV-1"]
    assert result.status == "failed"
    assert "hours.pdf" in result.detail
    assert "cannot be read" in result.detail or "was changed" in result.detail
    if os.path.lexists(file):
        file.rmdir() if file.is_dir() else file.unlink()
    file.write_bytes(PDF)
    office.wire.faults = []
    assert statuses(office.apply())["INV-1"] == "done"
    id_ = only(office.books()["INV-1"])["id"]
    assert len(list(read_all(office.sandbox, f"/customer_invoices/{id_}/appendices"))) == 1


def test_a_file_that_grows_while_it_is_read_is_not_read_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "hours.pdf"
    file.write_bytes(b"x" * 100)
    status = os.fstat

    def before_it_grew(descriptor: int) -> os.stat_result:
        result = status(descriptor)
        return os.stat_result((*result[:6], 10, *result[7:10])) if result.st_size == 100 else result

    monkeypatch.setattr("pennyform.engine.runtime.os.fstat", before_it_grew)
    with pytest.raises(OSError, match="grows while it is read"):
        Disk().read_inside(tmp_path, file)


# --- drafts of others ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
@pytest.mark.parametrize("finalize", [False, True])
def test_a_draft_that_was_never_ours_is_shown_as_such(shell: Shell, form: str, finalize: bool) -> None:
    assert shell("plan", "--format", form) == 0
    assert "not in the journal" not in shell.out
    sandbox = Sandbox(shell.root / ".pennyform" / "sandbox.db")
    row = only(shell.books()["INV-1"])
    with raw(sandbox) as caller:
        body = {
            "draft": True,
            "external_reference": "INV-2",
            "customer_id": row["customer"]["id"],
            "date": "2025-10-01",
            "deadline": "2025-10-31",
            "invoice_lines": [
                {
                    "label": "Consulting",
                    "quantity": 2 if finalize else 5,
                    "unit": "hour",
                    "raw_currency_unit_price": "100.00",
                    "vat_rate": "FR_200",
                }
            ],
        }
        caller.post(f"{API}/customer_invoices", json=body).raise_for_status()
    sandbox.close()
    definition = (shell.root / "invoices" / "INV-1.yaml").read_text().replace("INV-1", "INV-2")
    if finalize:
        definition = definition.replace("finalize: false", "finalize: true")
    (shell.root / "invoices" / "INV-2.yaml").write_text(definition)
    assert shell("plan", "--format", form) == 0
    assert "this draft is not in the journal" in " ".join(shell.out.split())
    if form == "json":
        warned = [row["external_reference"] for row in json.loads(shell.out)["changes"] if row["warnings"]]
        assert warned == ["INV-2"]


# --- a reset ------------------------------------------------------------------------------------------------


class Served(Office):
    """An account behind an address: nothing tells that its books were reset."""

    service = "127.0.0.1-8080"


def test_after_a_reset_the_mails_of_before_count_for_nothing(tmp_path: Path) -> None:
    """A second run found the invoice final, and in the journal that it was mailed: the one before it."""
    office = Served(tmp_path / "repository", rules=Rules(pdf_seconds=1000.0))
    office.define("INV-1", finalize=True, options=MAIL)
    for resets in range(3):
        assert statuses(office.apply())["INV-1"] == "waiting"
        office.clock.seconds += 2000
        assert statuses(office.apply())["INV-1"] == "done"
        assert office.wire.done("send_by_email") == resets + 1
        assert statuses(office.apply())["INV-1"] == "unchanged"
        office.sandbox.reset()
    office.close()


def test_another_apply_is_advised_only_where_it_finds_out(office: Office) -> None:
    """No look-up shows a mail whose answer was lost: only a person can tell."""
    office.define("INV-1", finalize=True, options=MAIL)
    office.wire.faults = [Fault("POST", "send_by_email", lost_after)]
    report = office.apply()
    assert statuses(report)["INV-1"] == "unknown"
    said = render(report.document())
    assert "it finds out" not in said
    assert "'--mailed REFERENCE' or '--not-mailed REFERENCE'" in said


def test_a_mail_whose_invoice_is_another_one_now_is_for_a_person(office: Office) -> None:
    office.define("INV-1", finalize=True, options=MAIL)
    office.apply()
    journal = open_journal(office.journal, Disk(), office.clock.now, office.state().journal.key())
    journal.write(Acknowledged(kind="send_by_email", reference="INV-1", step="send_by_email", id=1))
    report = office.apply()
    assert statuses(report)["INV-1"] == "unknown"
    assert "--not-mailed INV-1" in report.results[-1].detail
    assert office.wire.done("send_by_email") == 1


# --- size ---------------------------------------------------------------------------------------------------


def test_reading_a_journal_costs_what_its_size_deserves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted: bytes that are signed, and steps of forgetting what was done to invoices that are gone."""
    work = [0, 0]
    checksum, forget = reading._checksum, Replay._forget_tasks

    def counted_checksum(previous: str, text: bytes, key: bytes | None) -> str:
        work[0] += len(text)
        return checksum(previous, text, key)

    def counted_forget(self: Replay, reference: str) -> None:
        work[1] += len(self._tasks.get(reference, ()))
        forget(self, reference)

    monkeypatch.setattr(reading, "_checksum", counted_checksum)
    monkeypatch.setattr(Replay, "_forget_tasks", counted_forget)
    costs = []
    for size in (100, 400):
        path = tmp_path / f"journal-{size}"
        journal = open_journal(path, Disk(), lambda: NOW, KEY)
        for number in range(size):
            journal.write(Acknowledged(kind="send_by_email", reference=f"INV-{number:04}", id=7))
        for number in range(size):
            journal.write(Absent(kind="invoice", reference=f"INV-{number:04}"))
        work[:] = [0, 0]
        assert not replay_file(path, Disk(), lambda: KEY).done
        costs.append(tuple(work))
    assert costs[1] == (4 * costs[0][0], 4 * costs[0][1])


def test_a_summary_keeps_what_is_to_be_forgotten_later(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal", Disk(), lambda: NOW, KEY)
    journal.write(Acknowledged(kind="send_by_email", reference="INV-1", id=7))
    journal.compact()
    journal = open_journal(tmp_path / "journal", Disk(), lambda: NOW, KEY)
    assert journal.state.done
    journal.write(Absent(kind="invoice", reference="INV-1"))
    assert not journal.state.done
    with pytest.raises(Failure):
        open_journal(tmp_path / "journal", Disk(), lambda: NOW, b"another")
