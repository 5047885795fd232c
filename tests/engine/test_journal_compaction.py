"""A journal of years stays short: compacted when it is opened, with nothing forgotten and nothing lost."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pennyform.engine.journal import store as module
from pennyform.engine.journal.history import read_history
from pennyform.engine.journal.journal import Journal, JournalError
from pennyform.engine.journal.records import Intent, PlanUsed, Record, Subject, Summary, Verified, decode
from pennyform.engine.journal.replayed_state import Replay, replay
from pennyform.engine.journal.store import open_journal, replay_file
from pennyform.engine.runtime import Disk

from .world import KEY, Office, key_of, records_of, statuses

NOW = datetime(2025, 10, 1, tzinfo=UTC)
LIMIT = 4096

EVENTS = [
    "intent",
    "acknowledged",
    "refused",
    "unknown",
    "found",
    "absent",
    "verified",
    "set_aside",
    "deleted",
]
MOMENTS = [f"2025-10-0{day}T09:00:00.000+00:00" for day in (1, 2)]
DATA = st.one_of(
    st.fixed_dictionaries(
        {
            "event": st.sampled_from(EVENTS),
            "kind": st.sampled_from(["invoice", "customer", "send_by_email"]),
            "reference": st.sampled_from(["A", "B", "é"]),
            "step": st.sampled_from(["create_draft", "finalize", "send_by_email"]),
            "old": st.integers(1, 9),
            "id": st.none() | st.integers(1, 9),
            "told": st.booleans(),
        }
    ),
    st.fixed_dictionaries({"event": st.just("plan_used"), "plan": st.sampled_from("pq")}),
    st.fixed_dictionaries({"event": st.sampled_from(["doubt", "settled"]), "at": st.sampled_from(MOMENTS)}),
)
RECORDS = DATA.map(lambda data: decode(json.dumps(data).encode()))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COMPACT_BYTES", LIMIT)


@given(st.lists(RECORDS), st.lists(RECORDS))
def test_a_summary_remembers_all_that_its_records_did(before: list[Record], after: list[Record]) -> None:
    so_far = Replay()
    for record in before:
        so_far.add(record)
    summary = so_far.summary()
    assert replay([summary, *after]) == replay([*before, *after])


def fill(journal: Journal, records: int, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(records):
        reference, event = f"INV-{chance.randrange(9)}", chance.choice(EVENTS)
        data = {"event": event, "kind": "invoice", "reference": reference, "step": "finalize"}
        journal.write(decode(json.dumps({**data, "id": 5, "old": 7}).encode()))


@pytest.mark.usefixtures("small")
def test_what_has_grown_is_compacted_and_the_rest_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    fill(open_journal(path, Disk(), lambda: NOW, KEY), 60, seed=1)
    whole = path.read_bytes()
    assert len(whole) > LIMIT
    journal = open_journal(path, Disk(), lambda: NOW, KEY)
    assert len(path.read_bytes()) == journal.size < LIMIT / 4
    assert journal.state == replay(records_of(whole)) == replay_file(path, Disk(), lambda: KEY)
    (kept,) = tmp_path.glob("journal.until-*")
    assert kept.read_bytes() == whole
    fill(journal, 3, seed=2)
    assert replay_file(path, Disk(), lambda: KEY) == journal.state
    assert open_journal(path, Disk(), lambda: NOW, KEY).size == journal.size, "it has not grown enough yet"


@pytest.mark.usefixtures("small")
def test_a_journal_that_was_copied_over_its_own_past_has_an_end(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    fill(open_journal(path, Disk(), lambda: NOW, KEY), 60, seed=1)
    open_journal(path, Disk(), lambda: NOW, KEY)
    whole = read_history(path, Disk(), lambda: KEY)
    assert not whole.gaps
    (kept,) = tmp_path.glob("journal.until-*")
    kept.write_bytes(path.read_bytes())
    gaps = read_history(path, Disk(), lambda: KEY).gaps
    assert gaps[0] == f"{kept.name} is not the file that was kept under this name"


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("call", ["os.write", "os.fsync", "pathlib.Path.replace"])
def test_a_journal_that_cannot_be_compacted_goes_on_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "journal"
    fill(open_journal(path, Disk(), lambda: NOW, KEY), 60, seed=1)
    whole = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(call, full)
        journal = open_journal(path, Disk(), lambda: NOW, KEY)
    assert path.read_bytes() == whole
    journal.write(PlanUsed(plan="p"))
    assert replay_file(path, Disk(), lambda: KEY).used == {"p"}


def test_a_journal_has_a_limit_and_stops_before_anything_is_sent(office: Office) -> None:
    office.define("INV-1", finalize=True)
    journal = Journal(office.root / "journal", Disk(), lambda: NOW, KEY, most_bytes=300)
    journal.write(Intent(kind="invoice", reference="INV-1", step="create_draft"))
    with pytest.raises(JournalError, match=r"limit of 300 bytes; the next apply compacts it"):
        fill(journal, 2, seed=1)
    assert journal.size == (office.root / "journal").stat().st_size <= 300


@pytest.mark.usefixtures("small")
def test_after_compaction_an_apply_knows_what_it_knew(office: Office) -> None:
    """The mail is the proof: nothing but the journal knows of it."""
    mail = "  send_by_email:\n    recipients: [billing@acme.example]\n"
    office.define("INV-1", finalize=True, options=mail)
    assert statuses(office.apply())["INV-1"] == "done"
    journal = open_journal(office.journal, Disk(), lambda: NOW, key_of(office.journal))
    fill_with_others(journal)
    assert statuses(office.apply())["INV-1"] == "unchanged"
    assert office.wire.done("send_by_email") == 1
    records = records_of(office.journal)
    assert isinstance(records[0], Summary)
    assert Subject("send_by_email", "INV-1") in replay(records).done


def fill_with_others(journal: Journal) -> None:
    while journal.size <= 2 * LIMIT:
        journal.write(Verified(kind="invoice", reference="OTHER", id=1))
