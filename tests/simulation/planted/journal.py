"""Mistakes in what must survive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

from pennyform.engine import runtime
from pennyform.engine.applying.context import JournalledSender
from pennyform.engine.journal import lock, reading
from pennyform.engine.journal.journal import Journal, JournalError
from pennyform.engine.journal.records import Intent, PlanUsed, Record
from pennyform.engine.runtime import Disk

from tests.simulation.machine import SystemCalls
from tests.simulation.planted.bug import Bug, replaced

_write = Journal.write


def _without(event: type[Record], name: str, *kinds: str) -> Bug:
    def write(self: Journal, record: Record) -> None:
        if not isinstance(record, event):
            _write(self, record)

    return replaced(f"{name} is not written down", Journal, "write", write, *kinds)


def _write_if_possible(self: Journal, record: Record) -> None:
    try:
        _write(self, record)
    except JournalError:
        self._broken = False


@contextmanager
def _intent_afterwards() -> Iterator[None]:
    """The request leaves first; what it was about is written down when it has been answered."""
    real = JournalledSender.send

    def send(self: JournalledSender, subject: Any, step: str, request: Any, id_: int | None = None) -> Any:
        kept: list[Record] = []

        def write(journal: Journal, record: Record) -> None:
            kept.append(record)

        with patch.object(Journal, "write", write):
            try:
                return real(self, subject, step, request, id_)
            finally:
                for record in kept:
                    _write(self.journal, record)

    with patch.object(JournalledSender, "send", send):
        yield


BUGS: tuple[Bug, ...] = (
    _without(Intent, "intent", "killed, and look-ups lag behind"),
    _without(PlanUsed, "plan used", "none"),
    Bug("the intent is written after the request", _intent_afterwards, ("killed, and look-ups lag behind",)),
    replaced(
        "records are not synced", SystemCalls, "fsync", lambda *_: None, "power cut, and look-ups lag behind"
    ),
    replaced(
        "the folder of a new journal is not synced",
        runtime,
        "sync_folder",
        lambda *_: None,
        "power cut, and look-ups lag behind",
    ),
    replaced(
        "records have no checksum",
        reading,
        "_checksum",
        lambda *_: "0" * 32,
        test="test_every_flipped_bit_is_noticed",
    ),
    replaced(
        "a torn end is left in place",
        Disk,
        "truncate",
        lambda *_: None,
        "torn journal",
        "killed while writing the journal",
    ),
    replaced(
        "a journal that cannot be written is done without",
        Journal,
        "write",
        _write_if_possible,
        "disk full",
        "sync fails",
    ),
    replaced("there is no lock", lock, "hold", lambda *_: nullcontext(), "a second apply on this machine"),
)
