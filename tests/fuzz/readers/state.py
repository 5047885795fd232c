"""Saved plans and journals, also as ``audit`` and ``apply --import-journal`` read them."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pennyform.engine.journal import reading
from pennyform.engine.journal.history import issued, read_history
from pennyform.engine.journal.journal import Journal
from pennyform.engine.journal.records import Record
from pennyform.engine.journal.replayed_state import Replay
from pennyform.engine.journal.store import import_journal
from pennyform.engine.plan_files import binding, plan_file
from pennyform.engine.runtime import Disk
from pennyform.findings import Failure
from pennyform.report.status import audit_csv, audit_lines

from .files import folder, written

KEY = b"k" * 32


def read_plan(content: bytes) -> None:
    """A saved plan: as it is, and signed with the right key, as somebody who has it may have made it."""
    path = written("it.plan", content)
    with suppress(Failure):
        plan_file.read(path, KEY)
    with suppress(ValueError, RecursionError):
        document = json.loads(content)
        if isinstance(document, dict):
            document.pop("id", None)
            document["id"] = plan_file.sign(document, KEY)
            path.write_text(json.dumps(document, ensure_ascii=True))
    with suppress(Failure):
        saved = plan_file.read(path, KEY)
        assert saved.paths is not None
        binding.explain_reuse(saved, Replay().state())


def read_journal(content: bytes) -> None:
    """A journal: as it is, and each of its lines with the right checksum."""
    with suppress(Failure):
        reading.read(content, Replay().add, KEY, name="it.jsonl")
    signed, previous = b"", reading.START
    for line in content.split(b"\n"):
        previous = reading._checksum(previous, line, KEY)
        signed += previous.encode() + b" " + line + b"\n"
    replay, records = Replay(), list[Record]()
    with suppress(Failure):
        reading.read(signed, lambda record: (replay.add(record), records.append(record))[0], KEY, name="it")
    replay.state()
    again = Replay()
    again.add(replay.summary())
    assert again.state().unsettled == replay.state().unsettled
    _audit(signed)
    with suppress(Failure):
        journal = Journal(folder() / "new", _Memory(), _now, KEY)
        import_journal(written("old.jsonl", content), journal, Disk())


class _Memory(Disk):
    """Files that are read as they are, and written nowhere; a journal goes on from a copy of itself."""

    def __init__(self, content: bytes = b"") -> None:
        super().__init__()
        self._content = content

    def read(self, path: Path) -> bytes | None:
        return self._content

    def append(self, path: Path, data: bytes, size: int) -> None:
        pass


def _now() -> datetime:
    return datetime(2026, 11, 1, tzinfo=UTC)


def _audit(content: bytes) -> None:
    """What ``audit`` makes of a journal."""
    with suppress(Failure):
        history = read_history(Path("it.jsonl"), _Memory(content), lambda: KEY)
        rows = issued(history, "")
        audit_csv(rows)
        audit_lines(rows)
