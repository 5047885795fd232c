"""What was asked and what came of it: the last requests, for people to read. Tokens never get here."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any
from urllib.parse import unquote

import msgspec

from pennyform.sandbox.faults.outcome import Ending, RequestOutcome
from pennyform.sandbox.messages import Request

_BASE_PATH = "/api/external/v2"
_MOST_ENTRIES = 1000
_LONGEST_BODY = 16 * 1024
_SHORTEST_SECRET = 8  # "sandbox" is no secret, and stands in every path of ours
_SECRET = re.compile(r"((?:^|[?&;])[^=&;]*(?:token|secret|password|code|key)[^=&;]*=)[^&;]*", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\uffff]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One exchange.

    Attributes:
        number: counts from 1, over the life of the log.
        at: the sandbox's time.
        method: of the request.
        target: path and query, without secrets.
        status: None when no answer began to arrive.
        ending: ``complete``, or how a fault ended it.
        faults: kinds of the faults that were met.
        milliseconds: spent by the sandbox, without what a fault made it wait.
        reason: what the answer says is wrong; empty for a success.
        request: the beginning of the request's body, without the token.
        answer: the beginning of the answer's body, likewise.
    """

    number: int
    at: datetime
    method: str
    target: str
    status: int | None
    ending: str
    faults: tuple[str, ...]
    milliseconds: float
    reason: str
    request: str
    answer: str


@dataclass(frozen=True, slots=True)
class _Kept:
    """An exchange as it came, its bodies cut short; made readable when somebody reads it."""

    number: int
    request: Request
    outcome: RequestOutcome
    at: datetime
    milliseconds: float


class RequestLog:
    """The latest exchanges, oldest first. ``listeners`` are called with each new one."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[Entry], object]] = []
        self._kept: deque[_Kept] = deque(maxlen=_MOST_ENTRIES)
        self._numbers = count(1)

    def record(self, request: Request, outcome: RequestOutcome, at: datetime, started: float) -> None:
        """Write one exchange down.

        Args:
            request: as it came.
            outcome: what became of it.
            at: the sandbox's time.
            started: ``time.perf_counter()`` when it came.
        """
        elapsed = 1000 * (time.perf_counter() - started)
        kept = _Kept(next(self._numbers), _shortened(request), _outcome_shortened(outcome), at, elapsed)
        self._kept.append(kept)
        for listener in self.listeners:
            listener(_entry(kept))

    def since(self, number: int = 0) -> Sequence[Entry]:
        """Entries after a number, of those that are still there."""
        return [_entry(kept) for kept in tuple(self._kept) if kept.number > number]

    def clear(self) -> None:
        """Forget all entries; numbers go on."""
        self._kept.clear()


def line(entry: Entry) -> str:
    """One entry as one line of text."""
    status = "---" if entry.status is None else str(entry.status)
    notes = [entry.reason, f"[{', '.join(entry.faults)}]" if entry.faults else ""]
    if entry.ending != Ending.COMPLETE:
        notes.append(entry.ending)
    moment = entry.at.isoformat(timespec="milliseconds")[11:23]
    text = f"{moment}  {status}  {entry.milliseconds:5.1f} ms  {entry.method:<6} {entry.target}"
    return "  ".join([text, *filter(None, notes)])


def _shortened(request: Request) -> Request:
    return (
        request if len(request.body) <= _LONGEST_BODY else replace(request, body=request.body[:_LONGEST_BODY])
    )


def _outcome_shortened(outcome: RequestOutcome) -> RequestOutcome:
    response = outcome.response
    if response is None or len(response.body) <= _LONGEST_BODY:
        return outcome
    return replace(outcome, response=replace(response, body=response.body[:_LONGEST_BODY]))


def _entry(kept: _Kept) -> Entry:
    request, outcome = kept.request, kept.outcome
    hide = _hider(request)
    answer = outcome.response.body if outcome.response else b""
    status = outcome.response.status if outcome.response else None
    return Entry(
        number=kept.number,
        at=kept.at,
        method=_printable(request.method),
        target=_printable(hide(_target(request))),
        status=status,
        ending=str(outcome.ending),
        faults=outcome.met,
        milliseconds=round(kept.milliseconds, 3),
        reason=_printable(hide(_reason(answer))) if status and status >= 400 else "",
        request=hide(_text(request, request.body)),
        answer=hide(_text(request, answer)),
    )


def _target(request: Request) -> str:
    query = _SECRET.sub(r"\1…", unquote(request.query))
    return request.path.removeprefix(_BASE_PATH) + (f"?{query}" if query else "")


def _text(request: Request, body: bytes) -> str:
    """Secrets are what the bodies of ``/oauth`` are made of: none of them is kept."""
    return "" if request.path.startswith("/oauth") else body.decode("utf-8", "replace")


def _hider(request: Request) -> Callable[[str], str]:
    """Takes the caller's token out of a text, wherever it was put by mistake."""
    secret = request.headers.get("authorization", "").rpartition(" ")[2]
    if len(secret) < _SHORTEST_SECRET:
        return lambda text: text
    return lambda text: text.replace(secret, "…")


def _reason(answer: bytes) -> str:
    try:
        body: Any = msgspec.json.decode(answer)
    except (msgspec.DecodeError, RecursionError):
        return answer[:100].decode("utf-8", "replace").partition("\n")[0]
    found = body.get("error") or body.get("message") if isinstance(body, dict) else ""
    return str(found or "")


def _printable(text: str) -> str:
    """On a terminal, no request may write anything but letters."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
