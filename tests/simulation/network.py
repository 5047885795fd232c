"""The wire between a process and the service: it takes time, and it is where processes like to die."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx

from .loop import Loop
from .machine import Process
from .service import API, Service
from .trace import Trace

# Invoices that are under way at once: as many requests may have been recorded already.
_MOST_UNDER_WAY = 4
_INVOICES = f"{API}/customer_invoices"


@dataclass
class Death:
    """Kills the process at its request, or its write, number ``at``: before it left, or when it was done."""

    at: int
    after: bool
    writes: bool = False


@dataclass
class Wire(httpx.BaseTransport):
    """Carries the requests of one process."""

    process: Process
    service: Service
    loop: Loop
    trace: Trace
    rng: random.Random
    death: Death | None = None
    interrupt_at: int | None = None
    inner: httpx.BaseTransport = field(init=False)

    def __post_init__(self) -> None:
        self.inner = self.service.transport(sleep=self.loop.sleep)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.process.check()
        number = self.process.requests = self.process.requests + 1
        body = _stable(request)
        self.trace.note(self.loop.now, self.process.name, request.method, request.url.raw_path.decode(), body)
        if self.interrupt_at == number:
            self.process.interrupted = True
        self._die(request, after=False)
        if self.loop.now < self.process.quiet_until:
            self._object(f"sends {self.process.quiet_until - self.loop.now:.1f} s before it may")
        if request.method != "GET":
            self._about_to_write(request)
        # The way there varies by less than the margin that the client leaves; the way back may take longer.
        self.loop.sleep(self.rng.uniform(0.02, 0.11))
        self.process.check()
        self.process.arrivals.append(self.loop.now)
        request.headers["x-process"] = self.process.name
        try:
            response = self.inner.handle_request(request)
        except httpx.TransportError as problem:
            self.process.check()
            self.note(type(problem).__name__)
            raise
        self._die(request, after=True)
        self.loop.sleep(self.rng.uniform(0.02, 0.25))
        self.process.check()
        return httpx.Response(
            response.status_code, headers=response.headers, stream=_Heard(self, request, response)
        )

    def note(self, *words: object) -> None:
        """Write down what came of the request at hand."""
        self.trace.note(self.loop.now, self.process.name, *words)

    def _die(self, request: httpx.Request, *, after: bool) -> None:
        death = self.death
        if death is None or death.after is not after or (death.writes and request.method == "GET"):
            return
        death.at -= 1
        if not death.at:
            self.trace.note(self.loop.now, self.process.name, "killed")
            self.process.kill()

    # --- what the process may know of each invoice ----------------------------------------------------------

    def _about_to_write(self, request: httpx.Request) -> None:
        """A final word needs a reading of what it makes final, since the last write to it."""
        self._must_have_a_journal()
        words = request.url.path.removeprefix(_INVOICES).strip("/").split("/")
        if not words[0].isdigit():
            return
        id_ = int(words[0])
        if words[1:] == ["finalize"]:
            self._must_have_seen(id_)
        else:
            self.process.seen.pop(id_, None)

    def _must_have_a_journal(self) -> None:
        """Once a record could not be written, only what was recorded before may still leave."""
        if self.process.unwritten is not None:
            self.process.unwritten += 1
            if self.process.unwritten >= _MOST_UNDER_WAY:
                self._object("goes on writing although its journal cannot be written")

    def _must_have_seen(self, id_: int) -> None:
        row = self.process.seen.get(id_)
        wanted = self.process.wanted.get(row["external_reference"]) if row else None
        if wanted is None:
            self._object(f"finalizes {id_} without having read it back")
        elif not row["draft"] or _amounts(row) != wanted.amounts:
            self._object(f"finalizes {wanted.reference} although it last read {_amounts(row)}")

    def _object(self, what: str) -> None:
        self.service.watch.objections.append(f"{self.process.name} {what}")

    def look(self, request: httpx.Request, status: int, headers: httpx.Headers, content: bytes) -> None:
        """Remember what a complete answer shows of invoices."""
        self.note(status, content)
        if status == 429:
            self.process.quiet_until = max(self.process.quiet_until, self.loop.now + _asked(headers))
        if request.method == "GET" and status == 200 and request.url.path == _INVOICES:
            self.process.seen |= {row["id"]: row for row in _rows(content)}


class _Heard(httpx.SyncByteStream):
    """The body of an answer, as far as it arrives."""

    def __init__(self, wire: Wire, request: httpx.Request, response: httpx.Response) -> None:
        self._wire, self._request, self._response = wire, request, response

    def __iter__(self) -> Iterator[bytes]:
        parts: list[bytes] = []
        try:
            for part in self._response.stream:
                self._wire.process.check()
                parts.append(part)
                yield part
        except httpx.TransportError as problem:
            self._wire.note(self._response.status_code, type(problem).__name__)
            raise
        response = self._response
        self._wire.look(self._request, response.status_code, response.headers, b"".join(parts))


def _asked(headers: httpx.Headers) -> float:
    """The seconds of a ``retry-after``; what is no number asks for nothing."""
    text = headers.get("retry-after", "")
    return float(text) if text.isdecimal() else 0.0


def _amounts(row: dict[str, Any]) -> tuple[Decimal, Decimal]:
    return Decimal(row["currency_amount_before_tax"]), Decimal(row["currency_tax"])


def _rows(content: bytes) -> Iterator[dict[str, Any]]:
    try:
        page = json.loads(content)
    except ValueError:
        return
    items = page.get("items") if isinstance(page, dict) else None
    yield from (row for row in items or () if isinstance(row.get("id"), int))


def _stable(request: httpx.Request) -> bytes:
    """The body, without what a multipart form draws by lot."""
    body = request.read()
    kind = request.headers.get("content-type", "")
    boundary = kind.partition("boundary=")[2]
    return body.replace(boundary.encode(), b"boundary") if boundary else body
