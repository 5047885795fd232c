"""The latest requests with their outcomes, for people to read. Tokens never get here."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from urllib.parse import unquote

import msgspec

from pennyform.redaction import Redactor
from pennyform.sandbox.faults.fault import Ending, RequestOutcome
from pennyform.sandbox.messages import BASE_PATH, Request
from pennyform.text import visible_line

_MOST_ENTRIES = 1000
_LONGEST_BODY = 16 * 1024
_SECRETS = ("token", "secret", "password", "code", "key")
_LONGEST_TARGET = 2000


class Entry(msgspec.Struct, frozen=True):
    """One request and its outcome.

    Attributes:
        number: counts from 1, over the life of the log.
        at: the sandbox's time.
        method: of the request.
        target: path and query, without secrets.
        status: None when no response began to arrive.
        ending: ``complete``, or how a fault ended it.
        faults: kinds of the faults that applied.
        milliseconds: spent by the sandbox, without what a fault made it wait.
        reason: what the response says is wrong; empty for a success.
        request: the beginning of the request's body, without the token.
        answer: the beginning of the response's body, likewise.
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
class _RawEntry:
    """A request as it came, bodies cut short. It is made readable only when somebody reads the log."""

    number: int
    request: Request
    outcome: RequestOutcome
    at: datetime
    milliseconds: float


class RequestLog:
    """The latest requests, oldest first. ``listeners`` are called with each new one."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[Entry], object]] = []
        self._entries: deque[_RawEntry] = deque(maxlen=_MOST_ENTRIES)
        self._numbers = count(1)

    def record(self, request: Request, outcome: RequestOutcome, at: datetime, started: float) -> None:
        """Add one request, which came when ``time.perf_counter()`` was ``started``."""
        elapsed = 1000 * (time.perf_counter() - started)
        # A form may carry 100 MB of files; a thousand of them must not stay in memory.
        authorization = request.headers.get("authorization", "")
        request = replace(
            request,
            path=request.path[:_LONGEST_TARGET],
            query=request.query[:_LONGEST_TARGET],
            headers={"authorization": authorization},
            body=request.body[:_LONGEST_BODY],
        )
        response = outcome.response
        if response is not None and len(response.body) > _LONGEST_BODY:
            outcome = replace(outcome, response=replace(response, body=response.body[:_LONGEST_BODY]))
        entry = _RawEntry(next(self._numbers), request, outcome, at, elapsed)
        self._entries.append(entry)
        for listener in self.listeners:
            listener(_readable(entry))

    def since(self, number: int = 0) -> Sequence[Entry]:
        """Entries after a number, of those that are still there."""
        return [_readable(entry) for entry in tuple(self._entries) if entry.number > number]

    def clear(self) -> None:
        """Forget all entries; numbers go on."""
        self._entries.clear()


def format_entry(entry: Entry) -> str:
    """One entry as one line of text."""
    status = "---" if entry.status is None else str(entry.status)
    notes = [entry.reason, f"[{', '.join(entry.faults)}]" if entry.faults else ""]
    if entry.ending != Ending.COMPLETE:
        notes.append(entry.ending)
    moment = entry.at.isoformat(timespec="milliseconds")[11:23]
    text = f"{moment}  {status}  {entry.milliseconds:5.1f} ms  {entry.method:<6} {entry.target}"
    return "  ".join([text, *filter(None, notes)])


def _readable(entry: _RawEntry) -> Entry:
    request, response = entry.request, entry.outcome.response
    # Without the client's token, wherever it was put by mistake.
    hide = Redactor([request.headers.get("authorization", "").rpartition(" ")[2]])

    def body(content: bytes) -> str:
        # Bodies of /oauth consist of secrets.
        return "" if request.path.startswith("/oauth") else hide.in_bytes(content).decode("utf-8", "replace")

    query = hide_secrets(unquote(request.query))
    target = request.path.removeprefix(BASE_PATH) + (f"?{query}" if query else "")
    return Entry(
        number=entry.number,
        at=entry.at,
        method=visible_line(request.method),
        target=visible_line(hide(target)),
        status=response.status if response else None,
        ending=str(entry.outcome.ending),
        faults=entry.outcome.applied,
        milliseconds=round(entry.milliseconds, 3),
        reason=visible_line(hide(_reason(response.body))) if response and response.status >= 400 else "",
        request=body(request.body),
        answer=body(response.body if response else b""),
    )


def hide_secrets(query: str) -> str:
    """A query without the values of parameters that are named like secrets."""
    parameters = query.replace(";", "&;").split("&")
    return "&".join(map(_hide_secret, parameters)).replace("&;", ";")


def _hide_secret(parameter: str) -> str:
    name, equals, _ = parameter.partition("=")
    is_secret = equals and any(word in name.lower() for word in _SECRETS)
    return f"{name}=…" if is_secret else parameter


def _reason(body: bytes) -> str:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return body[:100].decode("utf-8", "replace").partition("\n")[0]
    message = value.get("error") or value.get("message") if isinstance(value, dict) else ""
    return str(message or "")
