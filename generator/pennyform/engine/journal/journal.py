"""The write-ahead journal: what is about to be done, and what came of it, before and after each request.

One file per company, one record per line: a checksum, a space, a JSON object. Each checksum covers the
record and the checksum before it, and is made with a key that only the user has (HMAC, RFC 2104), so that a
record can be neither changed, left out nor made up unnoticed. A record is durable when :meth:`Journal.write`
returns. The journal is a witness, not the truth: without it, look-ups find everything again, only slower.

A file that has grown is compacted when it is opened: one record says what all of them add up to, and the file
as it was is kept beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from pennyform.engine.journal.reading import START, sign
from pennyform.engine.journal.records import Record, decode
from pennyform.engine.journal.replayed_state import Replay, ReplayedState
from pennyform.engine.limits import JOURNAL_BYTES
from pennyform.engine.runtime import JournalFiles


class JournalError(Exception):
    """The journal cannot be written: nothing more may be sent."""


@dataclass(eq=False)
class Journal:
    """An open journal. Made by ``open_journal`` of ``journal.store``, which also repairs a torn end.

    ``size`` is that of the file in bytes, ``most_bytes`` what it may grow to.
    """

    path: Path
    storage: JournalFiles
    now: Callable[[], datetime]
    key: bytes = field(repr=False)
    last_sum: str = START
    size: int = 0
    most_bytes: int = JOURNAL_BYTES
    replay: Replay = field(default_factory=Replay)
    _broken: bool = field(default=False, init=False)

    @property
    def state(self) -> ReplayedState:
        """What the records add up to by now."""
        return self.replay.state()

    def write(self, record: Record) -> None:
        """Add one record, with the time; durable on return.

        Raises:
            JournalError: it could not be written. Nothing more is accepted: half a record may be in the file.
        """
        if self._broken:
            raise JournalError("the journal could not be written before")
        record = dated(record, self.now)
        try:
            checksum, line = sign(self.last_sum, record, self.key)
            # What could not be read again would stop every later run.
            decode(line.partition(b" ")[2])
        except ValueError as problem:
            raise JournalError(f"the journal cannot hold this: {problem}") from problem
        if self.size + len(line) > self.most_bytes:
            raise JournalError(
                f"the journal {self.path} has reached its limit of {self.most_bytes:,} bytes; "
                "the next apply compacts it"
            )
        try:
            self.storage.append(self.path, line, self.size)
        except OSError as problem:
            self._broken = True
            raise JournalError(f"the journal {self.path} cannot be written: {problem}") from problem
        self.last_sum = checksum
        self.size += len(line)
        self.replay.add(record)

    def compact(self) -> None:
        """Put what the records add up to in their place; they are kept in a file beside this one.

        A journal that cannot be compacted goes on as it is.
        """
        summary = msgspec.structs.replace(self.replay.summary(), follows=self.last_sum)
        checksum, line = sign(START, dated(summary, self.now), self.key)
        # Named by its last checksum: no two copies ever have the same name.
        keep = kept_as(self.path, self.last_sum)
        try:
            self.storage.replace(self.path, line, keep)
        except OSError:
            return
        self.last_sum, self.size = checksum, len(line)


def kept_as(path: Path, last_sum: str) -> Path:
    """Where the records that a summary took the place of are kept; ``last_sum`` is their last checksum."""
    return path.with_name(f"{path.name}.until-{last_sum[:8]}")


def dated(record: Record, now: Callable[[], datetime]) -> Record:
    """``record`` with the time of ``now``."""
    return msgspec.structs.replace(record, at=now().isoformat(timespec="milliseconds"))
