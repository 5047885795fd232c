"""Leases and fences: never two holders of one company, whatever clock is wrong and whoever stands still."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pennyform.engine.account.errors import NotSentError
from pennyform.engine.journal.lock import LockHeldError
from pennyform.fleet import leases
from pennyform.fleet.database import Database, Link
from pennyform.fleet.journals import DatabaseFiles, LeaseLostError
from pennyform.fleet.leases import Lease, acquire

from .postgres import Postgres

JOURNAL = Path("journal")


@dataclass
class Machine:
    """A machine with its own clock, which tests set."""

    link: Link
    company: str
    seconds: float = 1000.0
    lease: Lease | None = None
    files: DatabaseFiles = field(init=False)

    def __post_init__(self) -> None:
        self.files = DatabaseFiles(self.link, self.company, lambda: self.lease)

    def clock(self) -> float:
        return self.seconds

    def acquire(self) -> Lease:
        self.lease = acquire(self.link, self.company, lambda _: False, self.clock)
        return self.lease


@pytest.fixture
def machines(server: Postgres) -> Iterator[tuple[Machine, Machine]]:
    """Two machines, for one company; their clocks are a day apart."""
    company = uuid.uuid4().hex
    here, there = (Machine(Link(Database(server.url, 60.0)), company) for _ in range(2))
    there.seconds += 86_400
    yield here, there
    here.link.close()
    there.link.close()


def run(machine: Machine, statement: str, *values: Any) -> Any:
    return machine.link.run(lambda connection: connection.execute(statement, values), lambda: True)


def expire(machine: Machine) -> None:
    """Let the stall time pass by the database's clock, for the company of ``machine``."""
    run(machine, "UPDATE lease SET expires = clock_timestamp() WHERE company = %s", machine.company)


def test_one_holder_at_a_time_and_each_with_a_higher_fence(machines: tuple[Machine, Machine]) -> None:
    here, there = machines
    first = here.acquire()
    with pytest.raises(LockHeldError, match=r"process \d+, heard of 0 s ago"):
        there.acquire()
    first.release()
    assert there.acquire().fence == first.fence + 1
    assert not first.still_held()


def test_whoever_waits_gets_it_when_it_is_given_back(machines: tuple[Machine, Machine]) -> None:
    here, there = machines
    first, asked = here.acquire(), []

    def retry(held: LockHeldError) -> bool:
        asked.append(held)
        first.release()
        return len(asked) == 1

    assert acquire(there.link, there.company, retry).fence == first.fence + 1


def test_what_has_expired_goes_to_the_next_and_the_first_cannot_write(
    machines: tuple[Machine, Machine],
) -> None:
    here, there = machines
    first = here.acquire()
    here.files.append(JOURNAL, b"one\n", 0)
    expire(here)
    second = there.acquire()
    assert second.fence == first.fence + 1
    with pytest.raises(NotSentError, match="somebody else has it"):
        first.check()
    # Also if the first one never asks: the database refuses what it writes.
    for write in (
        lambda: here.files.append(JOURNAL, b"two\n", 4),
        lambda: here.files.truncate(JOURNAL, 0),
        lambda: here.files.replace(JOURNAL, b"all\n", Path("kept")),
    ):
        with pytest.raises(LeaseLostError):
            write()
    there.files.append(JOURNAL, b"two\n", 4)
    assert there.files.read(JOURNAL) == b"one\ntwo\n"
    second.check()


def test_what_has_expired_is_not_renewed(machines: tuple[Machine, Machine]) -> None:
    """A machine whose own clock stood still as well, such as one that was suspended, learns it here."""
    here, _ = machines
    first = here.acquire()
    expire(here)
    assert not first.still_held()


def test_a_heartbeat_renews_by_the_clock_of_the_database(machines: tuple[Machine, Machine]) -> None:
    here, _ = machines
    first = here.acquire()
    run(
        here,
        "UPDATE lease SET expires = clock_timestamp() + interval '1 second' WHERE company = %s",
        here.company,
    )
    first.check()
    (left,) = run(
        here,
        "SELECT extract(epoch FROM expires - clock_timestamp())::float8 FROM lease WHERE company = %s",
        here.company,
    ).fetchone()
    assert 50 < left <= 60


@pytest.mark.parametrize(("seconds", "is_held"), [(29.0, True), (31.0, False), (100_000.0, False)])
def test_who_was_not_heard_of_for_half_the_stall_time_stops_itself(
    machines: tuple[Machine, Machine], seconds: float, is_held: bool
) -> None:
    here, _ = machines
    first = here.acquire()
    here.seconds += seconds
    assert first.still_held() is is_held
    # A heartbeat that comes after all does not bring it back.
    here.seconds -= seconds
    assert first.still_held() is is_held


def test_a_process_that_is_stopped_while_it_asks_does_not_send(
    machines: tuple[Machine, Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer says that it holds the lease. When it is read, that was long ago."""
    here, _ = machines
    first = here.acquire()
    renew = first._renew

    def stopped(connection: Any) -> float | None:
        sent = renew(connection)
        here.seconds += 31.0
        return sent

    monkeypatch.setattr(first, "_renew", stopped)
    with pytest.raises(NotSentError, match="nothing was heard of this process"):
        first.check()


def test_a_heart_that_stood_still_confirms_nothing(machines: tuple[Machine, Machine]) -> None:
    """Of a process that is woken, the thread for heartbeats may be the first to run."""
    here, _ = machines
    first = here.acquire()
    here.seconds += 31.0
    # It has passed its own look at the clock, and the database still takes its heartbeat.
    sent = here.link.run(first._renew, lambda: True)
    assert sent is not None
    first._renewed(sent)
    assert not first.still_held()


def test_a_restored_backup_gives_out_no_fence_that_counts_twice(machines: tuple[Machine, Machine]) -> None:
    here, there = machines
    first = here.acquire()
    run(
        here,
        "UPDATE lease SET fence = fence - 1, expires = clock_timestamp() WHERE company = %s",
        here.company,
    )
    assert there.acquire().fence == first.fence
    assert not first.still_held()
    with pytest.raises(LeaseLostError):
        here.files.append(JOURNAL, b"one\n", 0)


def test_many_who_ask_at_once_are_one_holder(server: Postgres) -> None:
    company, got, refused = uuid.uuid4().hex, list[Lease](), list[str]()
    barrier = threading.Barrier(8)

    def ask() -> None:
        link = Link(Database(server.url))
        link.run(lambda connection: connection.execute("SELECT"), lambda: True)
        barrier.wait()
        try:
            got.append(acquire(link, company, lambda _: False))
        except LockHeldError as held:
            refused.append(str(held))
        link.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(refused)) == (1, 7)


def test_the_heart_beats_until_it_is_released(
    machines: tuple[Machine, Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_HEARTBEATS", 60_000)
    here, _ = machines
    first = here.acquire()
    beats = threading.Event()
    renew, count = first._renew, []

    def counted(connection: Any) -> float | None:
        count.append(1)
        if len(count) == 3:
            beats.set()
        return renew(connection)

    monkeypatch.setattr(first, "_renew", counted)
    heart = threading.Thread(target=first.keep)
    heart.start()
    assert beats.wait(30)
    first.release()
    heart.join(30)
    assert not heart.is_alive()
    assert not first.still_held()


def test_a_statement_that_is_never_answered_is_broken_off(machines: tuple[Machine, Machine]) -> None:
    """As when the network is cut: the thread that waits for the database would wait on."""
    here, _ = machines
    here.acquire()
    failed: list[Exception] = []
    begun = threading.Event()

    def wait(connection: Any) -> None:
        begun.set()
        connection.execute("SELECT pg_sleep(300)")

    def ask() -> None:
        try:
            here.link.run(wait, lambda: True)
        except OSError as problem:
            failed.append(problem)

    thread = threading.Thread(target=ask)
    thread.start()
    assert begun.wait(30)
    while thread.is_alive():
        here.link.try_run(lambda connection: None, 0.01)
        thread.join(0.01)
    assert "cannot be reached" in str(failed[0])
