"""A journal is the same wherever it is kept: the tests of both stores, and what a database does beyond."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest
from pennyform.engine.journal import store as store_module
from pennyform.engine.journal.history import issued
from pennyform.engine.journal.journal import Journal, JournalError
from pennyform.engine.journal.lock import LockHeldError
from pennyform.engine.journal.records import (
    Absent,
    Acknowledged,
    Differs,
    Doubt,
    Intent,
    PlanUsed,
    Record,
    RunBegun,
    Settled,
    Subject,
    Verified,
)
from pennyform.engine.journal.replayed_state import ReplayedState, replay
from pennyform.engine.journal.store import FolderJournals, Journals, JournalStore, import_journal
from pennyform.engine.runtime import Disk, Runtime, SystemClock
from pennyform.engine.state_folder import StateFolder
from pennyform.findings import Failure
from pennyform.fleet.database import Database
from pennyform.fleet.journals import DatabaseJournals

from .postgres import Postgres

SECRET = "a key that only the tests have, and long enough"
NOW = datetime(2025, 10, 1, 9, tzinfo=UTC)
OLD = Path(__file__).parents[1] / "engine" / "journals" / "version-1.jsonl"
RECORDS: tuple[Record, ...] = (
    RunBegun(person="é", host="h", commit="c", plan="p", pennyform="0"),
    PlanUsed(plan="p"),
    Intent(kind="invoice", reference="A", step="create_draft"),
    Acknowledged(kind="invoice", reference="A", step="create_draft", id=1),
    Intent(kind="invoice", reference="A", step="finalize", id=1, card="x"),
    Acknowledged(kind="invoice", reference="A", step="finalize", id=1),
    Verified(
        kind="invoice", reference="A", id=1, number="F-1", date="2025-10-01", currency="EUR", amount="9"
    ),
    Absent(kind="send_by_email", reference="A"),
    Differs(kind="customer", reference="ACME", id=2),
    Doubt(why="a test"),
    Settled(),
    Intent(kind="invoice", reference="B", step="create_draft"),
)


class _Clock(SystemClock):
    def now(self) -> datetime:
        return NOW


@dataclass
class Place:
    """Where journals are kept; several of them stand for several machines with one such place."""

    name: str
    open_: Callable[[], Journals]
    tamper: Callable[[JournalStore, Callable[[list[bytes]], list[bytes]]], None]
    opened: ExitStack

    def store(self) -> JournalStore:
        return self.opened.enter_context(closing(self.open_())).of(self.name)


def _runtime() -> Runtime:
    return replace(Runtime.system(), clock=_Clock())


def _change_file(store: JournalStore, change: Callable[[list[bytes]], list[bytes]]) -> None:
    lines = store.path.read_bytes().splitlines(keepends=True)
    store.path.write_bytes(b"".join(change(lines)))


def _change_rows(store: JournalStore, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """What somebody can do who may write the tables."""
    lines = change((store.files.read(store.path) or b"").splitlines(keepends=True))
    place = [store.name, store.path.name]  # type: ignore[attr-defined]
    with store.journals.link.database.connection() as connection:  # type: ignore[attr-defined]
        connection.execute("DELETE FROM journal WHERE company = %s AND file = %s", place)
        ends = 0
        for number, line in enumerate(lines, 1):
            ends += len(line)
            connection.execute(
                "INSERT INTO journal VALUES (%s, %s, %s, %s, %s, 1)", [*place, number, ends, line]
            )


@pytest.fixture(params=["folder", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    state = StateFolder(tmp_path / "state", SECRET)
    with ExitStack() as opened:
        if request.param == "folder":
            yield Place("sample-1", lambda: FolderJournals(state, _runtime()), _change_file, opened)
            return
        server: Postgres = request.getfixturevalue("server")
        name = f"sample-{uuid.uuid4().hex}"
        with patch.object(StateFolder, "journal_key", lambda self, _: journal_key(state)):
            yield Place(
                name,
                lambda: DatabaseJournals(Database(server.url), state, _runtime()),
                _change_rows,
                opened,
            )


_journal_key = StateFolder.journal_key


def journal_key(state: StateFolder) -> bytes:
    """The key of one name, so that the bytes in both places can be compared."""
    return _journal_key(state, "sample-1")


def refuse(_: LockHeldError) -> bool:
    return False


def write(store: JournalStore, *records: Record) -> Journal:
    with store.hold(refuse):
        journal = store.open()
        for record in records:
            journal.write(record)
    return journal


def test_what_is_written_is_read_wherever_it_is_kept(place: Place, tmp_path: Path) -> None:
    journal = write(place.store(), *RECORDS)
    other = place.store()
    assert other.replay() == journal.state
    history = other.history()
    assert [entry.checksum for entry in history.entries][-1] == journal.last_sum
    assert [row.invoice_number for row in issued(history, "alder")] == ["F-1"]
    assert history.gaps == ()
    assert len(other.files.read(other.path) or b"") == journal.size
    with other.hold(refuse):
        assert other.open().state == journal.state
    folder = FolderJournals(StateFolder(tmp_path / "compared", SECRET), _runtime()).of("sample-1")
    write(folder, *RECORDS)
    assert folder.path.read_bytes() == other.files.read(other.path)


def test_without_a_journal_nothing_is_known(place: Place) -> None:
    store = place.store()
    assert store.replay() == ReplayedState()
    assert store.history().entries == ()
    with store.hold(refuse):
        assert store.quarantine() is None
        assert store.open().size == 0


def test_one_writes_at_a_time(place: Place) -> None:
    here, there = place.store(), place.store()
    with here.hold(refuse):
        here.open().write(RECORDS[0])
        with pytest.raises(LockHeldError, match=r"process \d+"), there.hold(refuse):
            pass
        # Whoever only reads needs no right.
        assert len(there.history().entries) == 1
    with there.hold(refuse):
        assert there.open().size


def test_whoever_waits_gets_its_turn(place: Place) -> None:
    here, there, asked = place.store(), place.store(), []
    with ExitStack() as held:
        held.enter_context(here.hold(refuse))

        def retry(problem: LockHeldError) -> bool:
            asked.append(problem)
            held.close()
            return True

        with there.hold(retry):
            assert len(asked) == 1


DAMAGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "changed": lambda rows: [rows[0].replace(b"c", b"d"), *rows[1:]],
    "removed": lambda rows: [rows[0], *rows[2:]],
    "moved": lambda rows: [rows[1], rows[0], *rows[2:]],
    "made up": lambda rows: [*rows[:3], rows[3][:33] + b'{"event":"settled"}\n', *rows[4:]],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damage_stops_every_reader_and_is_set_aside_on_demand(
    place: Place, damage: Callable[[list[bytes]], list[bytes]]
) -> None:
    write(place.store(), *RECORDS)
    store = place.store()
    place.tamper(store, damage)
    with store.hold(refuse):
        for read in (store.open, store.replay, store.history):
            with pytest.raises(Failure) as caught:
                read()
            assert caught.value.findings[0].rule == "journal-damaged"
        kept = store.quarantine()
        assert kept is not None
        assert kept.name.startswith(f"{store.path.name}.damaged-")
        assert store.files.read(kept)
        assert store.open().state.doubtful


def test_a_damaged_end_is_cut_off_and_makes_doubtful(place: Place) -> None:
    write(place.store(), *RECORDS)
    store = place.store()
    place.tamper(store, lambda rows: [*rows[:-1], rows[-1].replace(b"B", b"C")])
    journal = write(store, Settled())
    assert not journal.state.doubtful
    assert [entry.record.__class__ for entry in store.history().entries][-2:] == [Doubt, Settled]


def test_another_key_reads_nothing(place: Place) -> None:
    write(place.store(), *RECORDS)
    store = place.store()
    with patch.object(StateFolder, "journal_key", lambda *_: b"another"), pytest.raises(Failure):
        store.replay()


def test_a_journal_that_has_grown_is_compacted_and_its_history_is_whole(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "COMPACT_BYTES", 100)
    for _ in range(3):
        state = write(place.store(), *RECORDS).state
    store = place.store()
    assert store.replay() == state == replay(entry.record for entry in store.history().entries)
    assert store.history().gaps == ()
    assert len([entry for entry in store.history().entries if isinstance(entry.record, PlanUsed)]) == 3


def test_a_journal_of_version_0_1_is_taken_over(place: Place) -> None:
    store = place.store()
    with store.hold(refuse):
        journal = store.open()
        import_journal(OLD, journal, Disk())
        with pytest.raises(Failure):
            import_journal(OLD, journal, Disk())
    assert Subject("customer", "ACME") in place.store().replay().ids


def test_nothing_is_written_after_the_journal_was_written_by_another(place: Place) -> None:
    here, there = place.store(), place.store()
    with here.hold(refuse):
        first = here.open()
    write(there, *RECORDS[:2])
    with pytest.raises(JournalError):
        first.write(RECORDS[0])
    with pytest.raises(JournalError, match="could not be written before"):
        first.write(RECORDS[0])
    assert len(there.history().entries) == 2


def test_a_database_needs_a_key_that_other_machines_have(server: Postgres, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="need PENNYFORM_STATE_KEY") as caught:
        DatabaseJournals(Database(server.url), StateFolder(tmp_path), _runtime())
    assert caught.value.findings[0].rule == "state-key"


def test_the_database_has_neither_key_nor_password(server: Postgres, tmp_path: Path) -> None:
    state = StateFolder(tmp_path, SECRET)
    journals = DatabaseJournals(Database(server.url), state, _runtime())
    store = journals.of(f"sample-{uuid.uuid4().hex}")
    write(store, *RECORDS)
    secrets = {
        SECRET.encode(),
        state.key(),
        state.key().hex().encode(),
        store.key(),
        store.key().hex().encode(),
    }
    with journals.link.database.connection() as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'pennyform'"
        ).fetchall()
        assert len(tables) >= 8
        for (table,) in tables:
            for (row,) in connection.execute(f"SELECT t::text FROM {table} t"):
                text = bytes.fromhex(row[2:]) if row.startswith("\\x") else row.encode()
                assert not [secret for secret in secrets if secret in text]
    journals.close()
