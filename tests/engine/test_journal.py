"""The journal: every way of being cut short, and every way of being damaged."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from pennyform.engine.journal.journal import Journal, JournalError
from pennyform.engine.journal.reading import read
from pennyform.engine.journal.records import (
    Acknowledged,
    Intent,
    PlanUsed,
    Record,
    Refused,
    SetAside,
    Settled,
    Subject,
    Summary,
    Verified,
    decode,
    encode,
)
from pennyform.engine.journal.replayed_state import ReplayedState, replay
from pennyform.engine.journal.store import import_journal, open_journal, quarantine, replay_file
from pennyform.engine.runtime import Disk
from pennyform.findings import Failure

from .world import KEY, Office, records_of, statuses

NOW = datetime(2025, 10, 1, tzinfo=UTC)


def journal_of(path: Path, events: int = 6) -> Journal:
    journal = open_journal(path, Disk(), lambda: NOW, KEY)
    for number in range(events):
        event = Acknowledged if number % 2 else Intent
        journal.write(event(kind="invoice", reference=f"INV-{number // 2}", id=number or None, step="x"))
    return journal


def test_what_is_written_is_read(tmp_path: Path) -> None:
    journal = journal_of(tmp_path / "journal")
    again = open_journal(tmp_path / "journal", Disk(), lambda: NOW, KEY)
    assert again.state == journal.state
    assert again.size == (tmp_path / "journal").stat().st_size
    assert again.last_sum == journal.last_sum


def test_every_prefix_recovers(tmp_path: Path) -> None:
    """Whatever the power cut left of it: whole records stay, the rest goes, and writing goes on."""
    whole = tmp_path / "whole"
    journal_of(whole)
    data = whole.read_bytes()
    records = records_of(data)
    for length in range(len(data) + 1):
        path = tmp_path / "prefix"
        path.write_bytes(data[:length])
        journal = open_journal(path, Disk(), lambda: NOW, KEY)
        kept = data[:length].count(b"\n")
        assert records_of(path.read_bytes()) == records[:kept]
        assert journal.state == replay(records[:kept])
        journal.write(Verified(kind="invoice", reference="X"))
        assert len(records_of(path.read_bytes())) == kept + 1


def test_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    journal_of(tmp_path / "journal")
    data = (tmp_path / "journal").read_bytes()
    last = data.rstrip(b"\n").rfind(b"\n")
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 0x10
        if place < last:
            with pytest.raises(Failure) as caught:
                records_of(bytes(flipped))
            finding = caught.value.findings[0]
            number = data[:place].count(b"\n") + 1
            assert finding.rule == "journal-damaged"
            assert f"record {number} " in finding.summary or f"record {number + 1} " in finding.summary
            assert "--repair-journal" in finding.fix
        else:
            assert read(bytes(flipped), lambda _: None, KEY, name="journal").doubtful


@given(st.data())
def test_no_record_can_be_left_out_or_moved(data: st.DataObject) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        journal_of(Path(folder) / "journal")
        lines = (Path(folder) / "journal").read_bytes().splitlines(keepends=True)
    gone = data.draw(st.integers(0, len(lines) - 3))
    with pytest.raises(Failure):
        records_of(b"".join(lines[:gone] + lines[gone + 1 :]))
    swapped = [*lines]
    swapped[gone], swapped[gone + 1] = swapped[gone + 1], swapped[gone]
    with pytest.raises(Failure):
        records_of(b"".join(swapped))


def test_a_last_record_that_was_durable_and_is_damaged_makes_doubtful(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal_of(path)
    data = bytearray(path.read_bytes())
    data[-4] ^= 1
    path.write_bytes(bytes(data))
    journal = open_journal(path, Disk(), lambda: NOW, KEY)
    assert journal.state.doubtful
    journal.write(Settled())
    assert not replay_file(path, Disk(), lambda: KEY).doubtful


def test_a_write_that_fails_is_the_last_one(tmp_path: Path) -> None:
    class Full(Disk):
        def append(self, path: Path, data: bytes, size: int) -> None:
            super().append(path, data[: len(data) // 2], size)
            raise OSError(28, "No space left on device")

    path = tmp_path / "journal"
    journal = Journal(path, Full(), lambda: NOW, KEY)
    for _ in range(2):
        with pytest.raises(JournalError):
            journal.write(Intent(kind="invoice", reference="INV-1", step="create_draft"))
    open_journal(path, Disk(), lambda: NOW, KEY)
    assert path.read_bytes() == b""


def test_the_replayed_state_adds_up() -> None:
    replayed = replay(
        [
            Intent(kind="invoice", reference="A", step="create_draft"),
            Acknowledged(kind="invoice", reference="A", id=1),
            Intent(kind="invoice", reference="B", step="finalize"),
            Intent(kind="invoice", reference="C", step="create_draft"),
            Refused(kind="invoice", reference="C"),
            SetAside(kind="invoice", reference="D", old=9),
            PlanUsed(plan="p"),
        ]
    )
    assert replayed.unsettled == {Subject("invoice", "B"): "finalize"}
    assert replayed.ids == {Subject("invoice", "A"): 1}
    assert replayed.aside == {Subject("invoice", "D"): 9}
    assert replayed.used == {"p"}


def test_a_sound_journal_is_not_set_aside(tmp_path: Path) -> None:
    journal_of(tmp_path / "journal")
    assert quarantine(tmp_path / "journal", Disk(), lambda: NOW, KEY) is None


def test_a_damaged_journal_stops_and_is_repaired_on_demand(office: Office) -> None:
    office.define("INV-1")
    office.apply()
    data = bytearray(office.journal.read_bytes())
    data[80] ^= 1
    office.journal.write_bytes(bytes(data))
    office.define("INV-2")
    office.wire.sent.clear()
    with pytest.raises(Failure):
        office.apply()
    assert office.wire.count("POST") == 0
    report = office.apply(repair=True)
    assert statuses(report) == {"ACME": "unchanged", "INV-1": "unchanged", "INV-2": "done"}
    assert list(office.journal.parent.glob("*.damaged-*"))


def test_without_the_journal_everything_is_found_again(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    office.journal.unlink()
    assert not office.plan().pending


def test_nothing_is_sent_when_the_journal_cannot_be_written(office: Office) -> None:
    class ReadOnly(Disk):
        def append(self, path: Path, data: bytes, size: int) -> None:
            raise OSError(30, "Read-only file system")

    office.storage = ReadOnly()
    office.define("INV-1")
    report = office.apply()
    assert statuses(report) == {"ACME": "not_started", "INV-1": "not_started"}
    assert "Read-only" in report.stopped
    assert office.wire.count("POST") == 0


@pytest.mark.parametrize("records", range(9))
def test_a_disk_that_fills_up_stops_and_loses_nothing(office: Office, records: int) -> None:
    class Filling(Disk):
        left = records

        def append(self, path: Path, data: bytes, size: int) -> None:
            self.left -= 1
            if self.left < 0:
                super().append(path, data[:10], size)
                raise OSError(28, "No space left on device")
            super().append(path, data, size)

    office.storage = Filling()
    office.define("INV-1", finalize=True)
    office.apply()
    office.storage = Disk()
    assert set(statuses(office.apply()).values()) <= {"done", "unchanged"}
    assert [len(rows) for rows in office.books().values()] == [1]
    assert not office.verify().drift


# Written by an earlier pennyform: one line and more for each event, and what they were compacted to.
VERSION_1 = Path(__file__).parent / "journals" / "version-1.jsonl"
COMPACTED = VERSION_1.with_name("version-1-compacted.jsonl")
WRITTEN_AT = datetime(2025, 10, 1, 9, tzinfo=UTC)


def texts(data: bytes) -> list[bytes]:
    """The records of a journal without their checksums."""
    return [line.partition(b" ")[2] for line in data.splitlines()]


def test_journals_of_version_1_are_read_and_written_to_the_byte(tmp_path: Path) -> None:
    data = VERSION_1.read_bytes()
    journal = Journal(tmp_path / "journal", Disk(), lambda: WRITTEN_AT, KEY)
    records: list[Record] = []
    read(data, records.append, None, name="journal")
    for record in records:
        journal.write(record)
    assert texts(journal.path.read_bytes()) == texts(data)
    journal.compact()
    (summary,) = map(decode, texts(journal.path.read_bytes()))
    # Beyond that version, it says which file it goes on from.
    assert isinstance(summary, Summary)
    assert summary.follows
    assert [encode(msgspec.structs.replace(summary, follows=UNSET))] == texts(COMPACTED.read_bytes())
    for old in (VERSION_1, COMPACTED):
        taken_over = open_journal(tmp_path / old.name, Disk(), lambda: WRITTEN_AT, KEY)
        import_journal(old, taken_over, Disk())
        assert taken_over.state == journal.state
    assert journal.state == ReplayedState(
        unsettled={Subject("send_by_email", "é-6"): "send_by_email"},
        ids={
            Subject("customer", "ACME"): 1,
            Subject("invoice", "é-1"): 2,
            Subject("send_by_email", "é-6"): 7,
        },
        used=frozenset({"p"}),
        aside={Subject("invoice", "é-4"): 8},
        done=frozenset(
            {Subject("send_by_email", "é-2"), Subject("customer", "ACME"), Subject("invoice", "é-1")}
        ),
        doubted_at="2025-10-01T09:00:00.000+00:00",
    )


@pytest.mark.parametrize(
    "text", [b'{"at":"","event":"from the future"}', b'{"event":"intent","kind":"invoice"}', b"[]"]
)
def test_a_sound_record_that_is_not_known_is_never_passed_over(tmp_path: Path, text: bytes) -> None:
    """A later version may have written it: what it says may be that something was sent."""
    checksum = hmac.new(KEY, b"pennyform journal 1\n" + text, "sha256").hexdigest()[:32]
    path = tmp_path / "journal"
    path.write_bytes(checksum.encode() + b" " + text + b"\n")
    with pytest.raises(Failure, match="record 1 of the journal is not understood"):
        open_journal(path, Disk(), lambda: NOW, KEY)
    assert path.read_bytes().endswith(text + b"\n"), "and it is not cut off"
