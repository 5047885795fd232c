"""Every way in which a journal can be cut short or damaged, and what the next apply makes of it.

A journal is written by a whole apply, with a copy of the server's books from before each of its records: what
a power cut at that moment would leave.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pennyform.engine.applying.report import ApplyReport
from pennyform.engine.journal.reading import read
from pennyform.engine.journal.replayed_state import replay
from pennyform.engine.journal.store import open_journal
from pennyform.engine.runtime import Disk
from pennyform.findings import Failure
from pennyform.results.apply import Status

from tests.engine.world import Office, key_of, records_of

from . import scene


@dataclass(frozen=True)
class Moment:
    """Before a record was written: where it begins, what the books said, how many mails were sent."""

    start: int
    books: bytes
    mails: int


@dataclass
class _Watching(Disk):
    """A disk that notes what the world is like before each record."""

    office: Office
    moments: list[Moment] = field(default_factory=list)
    journal: bytes = b""

    def __post_init__(self) -> None:
        super().__init__()

    def append(self, path: Path, data: bytes, size: int) -> None:
        mails = self.office.wire.done("send_by_email")
        self.moments.append(Moment(len(self.journal), self.office.sandbox.copy(), mails))
        super().append(path, data, size)
        self.journal += data


@dataclass
class History:
    """A whole apply: its journal, its moments, and the account and repository it was about."""

    office: Office
    journal: bytes
    moments: list[Moment]

    @classmethod
    def of(cls, root: Path) -> History:
        """Carry the scene out."""
        office = scene.build(root)
        disk = _Watching(office)
        office.storage = disk
        office.wire.carried_out.clear()
        office.apply()
        office.storage = Disk()
        last = Moment(len(disk.journal), office.sandbox.copy(), office.wire.done("send_by_email"))
        return cls(office, disk.journal, [*disk.moments, last])

    def restore(self, moment: Moment, journal: bytes) -> None:
        """Put books and journal back."""
        self.office.sandbox.restore(moment.books)
        self.office.journal.write_bytes(journal)
        self.office.wire.carried_out.clear()

    @property
    def last(self) -> int:
        """Where the last record begins, with the line feed that parts it from the one before."""
        return self.moments[-2].start - 1

    # --- cut short ------------------------------------------------------------------------------------

    def prefixes(self, step: int = 1) -> int:
        """Open every prefix: whole records stay, the rest goes, and nothing else is remembered.

        Returns:
            How many there are.
        """
        path = self.office.root / "prefix"
        key = key_of(self.office.journal)
        records = records_of(self.journal, key)
        ends = [moment.start for moment in self.moments[1:]]
        lengths = range(0, len(self.journal) + 1, step)
        for length in lengths:
            path.write_bytes(self.journal[:length])
            kept = sum(end <= length for end in ends)
            assert open_journal(path, Disk(), self.office.clock.now, key).state == replay(records[:kept]), (
                length
            )
            assert path.read_bytes() == self.journal[: self.moments[kept].start], length
        return len(lengths)

    def resume_cut(self, moment: Moment, torn: bytes, *, lost: bool = False) -> None:
        """Apply after the power went at ``moment``, ``torn`` being what is left of the record at hand.

        Args:
            moment: where the journal ends.
            torn: bytes behind it.
            lost: the books are those of the end: more was done than the journal knows.
        """
        there = self.moments[-1] if lost else moment
        self.restore(there, self.journal[: moment.start] + torn)
        wrong = self._converge(there, lost=lost)
        assert not wrong, (moment.start, torn, lost, wrong)

    # --- damaged --------------------------------------------------------------------------------------

    def flips(self, step: int = 1) -> int:
        """Flip every bit: each is noticed, in a named place, or as doubt about the last record.

        Returns:
            How many there are.
        """
        places, key = range(0, len(self.journal), step), key_of(self.office.journal)
        for place in places:
            for bit in range(8):
                damaged = _flipped(self.journal, place, bit)
                try:
                    doubtful = read(damaged, lambda _: None, key, name="journal").doubtful
                except Failure:
                    doubtful = False
                assert doubtful == (place >= self.last), (place, bit)
        return 8 * len(places)

    def resume_damaged(self, place: int) -> None:
        """Apply with a damaged byte: nothing is sent; then with the repair that the refusal names."""
        end = self.moments[-1]
        self.restore(end, _flipped(self.journal, place, 0))
        if place < self.last:
            with pytest.raises(Failure) as refused:
                self.office.apply()
            assert refused.value.findings[0].rule == "journal-damaged"
            assert not self._writes(), place
        wrong = self._converge(end, repair=True)
        assert not wrong, (place, wrong)

    # --- the next apply -------------------------------------------------------------------------------

    def _converge(self, there: Moment, *, lost: bool = False, repair: bool = False) -> list[str]:
        report = self.office.apply(repair=repair)
        if _mail_unknown(report):
            mailed = there.mails + self.office.wire.done("send_by_email")
            report = self.office.apply({"mailed" if mailed else "not_mailed": ["INV-1"]})
        wrong = scene.complaints(self.office.sandbox)
        wrong += [
            f"{result.change.external_reference}: {result.status}, {result.detail}"
            for result in report.results
            if result.status not in {Status.DONE, Status.UNCHANGED}
        ]
        if self.office.verify().drift:
            wrong.append("verify sees drift")
        mails = there.mails + self.office.wire.done("send_by_email")
        # A mail shows nowhere. Where the record of it was lost after it was durable, nobody can know of it.
        if mails != 1 and not lost:
            wrong.append(f"{mails} mails")
        return wrong

    def _writes(self) -> list[str]:
        return [one for one in self.office.wire.carried_out if not one.startswith("GET")]


def middle_of(history: History, number: int) -> bytes:
    """The first half of a record."""
    start, end = (moment.start for moment in history.moments[number : number + 2])
    return history.journal[start : (start + end) // 2]


def places_in(history: History, number: int) -> Iterator[int]:
    """A byte of a record's checksum, one of its content, and its line feed."""
    start, end = (moment.start for moment in history.moments[number : number + 2])
    yield from (start + 3, (start + end) // 2, end - 1)


def _flipped(data: bytes, place: int, bit: int) -> bytes:
    changed = bytearray(data)
    changed[place] ^= 1 << bit
    return bytes(changed)


def _mail_unknown(report: ApplyReport) -> bool:
    return any("--not-mailed" in result.detail for result in report.results)
