"""What a worker logs: one JSON object a line, with ids and counts alone.

No name, reference, amount or message of a finding is in it: those are in the outcome of the job. Records of
libraries are written without their texts, which quote what they were called with.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TextIO

_LOGGER = logging.getLogger("pennyform.fleet")
_LIBRARIES = ("procrastinate", "psycopg", "psycopg.pool", "asyncio")
_FIELDS = ("job", "company", "verb", "state", "code", "count", "seconds", "host", "pid", "why")


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        is_ours = record.name == _LOGGER.name
        # What a library says is known by its own name for it, such as `stop_worker`.
        event = record.msg if is_ours else getattr(record, "action", "") or record.name
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": event,
        }
        if is_ours:
            line |= {name: value for name in _FIELDS if (value := getattr(record, name, None)) is not None}
        elif record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=True)


def log(event: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Write one line. ``fields`` are ids, counts and words of our own."""
    assert fields.keys() <= set(_FIELDS), fields.keys()
    _LOGGER.log(level, event, extra=fields)


def log_to(stream: TextIO) -> None:
    """Write lines to ``stream`` from now on, those of libraries from warnings on."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_JsonLines())
    for name in (_LOGGER.name, *_LIBRARIES):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO if name == _LOGGER.name else logging.WARNING)
