# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""What one attempt of a call may take: one deadline for all of it, and bounds on what is answered."""

from __future__ import annotations

import zlib
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import httpx

if TYPE_CHECKING:
    from ._connections.clock import Clock

# Of all informational answers and the headers together, before an answer begins.
MOST_HEAD_BYTES = 256 * 2**10
MOST_HEADERS = 200
# Of the explanation of a refusal; the refusal counts without it.
MOST_ERROR_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one attempt of a call, and one list, may take.

    ``seconds`` are for all of an attempt: waiting for a connection, opening it, sending, informational
    answers, headers and body, however slowly each of them comes; the ``timeout`` of a client is for each
    single operation. ``body_bytes`` bound an answer's body as it arrives and once it is unpacked. After
    ``pages`` of one list its end is no longer believed in.
    """

    seconds: float = 300.0
    body_bytes: int = 32 * 2**20
    pages: int = 10_000


DEFAULT_BOUNDS = Bounds()


class Attempt:
    """One attempt under way: how many seconds are left of it, and how many bytes until its headers end."""

    __slots__ = ("_clock", "_seconds", "_until", "head_bytes")

    def __init__(self, bounds: Bounds, clock: Clock) -> None:
        self._clock, self._seconds = clock, bounds.seconds
        self.head_bytes: int | None = 0
        self.restart()

    def restart(self) -> None:
        """Begin again: a request of its own, such as one for a token, came in between."""
        self._until = self._clock.monotonic() + self._seconds

    def seconds_left(self, error: type[Exception] = httpx.ReadTimeout) -> float:
        """The seconds that are left, above zero; raises ``error`` when none are."""
        seconds = self._until - self._clock.monotonic()
        if seconds <= 0:
            raise error(self._late())
        return seconds

    def explained(self, failure: Exception) -> Exception:
        """``failure``, or that the deadline is why the operation at hand timed out."""
        is_late = isinstance(failure, httpx.TimeoutException) and self._clock.monotonic() >= self._until
        return type(failure)(self._late()) if is_late else failure

    def _late(self) -> str:
        return f"it took more than {self._seconds:g} s in all"


# The attempt that the running thread or task is at work on. What reads and writes its connection is deep
# within the HTTP library, which passes on nothing but the time-out of a single operation.
ATTEMPT: ContextVar[Attempt | None] = ContextVar(f"{__package__}.attempt", default=None)


class Body:
    """The body of an answer as it arrives: unpacked, within bounds. All raise :class:`httpx.RequestError`."""

    def __init__(self, response: httpx.Response, bounds: Bounds, attempt: Attempt) -> None:
        attempt.head_bytes = None
        if len(response.headers) > MOST_HEADERS:
            raise httpx.RemoteProtocolError(f"an answer with more than {MOST_HEADERS} headers")
        coding = response.headers.get("content-encoding", "").strip().lower()
        if "," in coding:
            # A kilobyte might become a gigabyte.
            raise httpx.DecodingError("an answer that is compressed more than once")
        self._attempt = attempt
        self._most = min(bounds.body_bytes, MOST_ERROR_BYTES) if response.is_error else bounds.body_bytes
        self._unpacker: Any = None
        self._coding = "" if response.is_stream_consumed else coding
        self._chunks: list[bytes] = []
        self._arrived = self._size = 0
        if response.is_stream_consumed:
            self.add(response.content)

    def add(self, chunk: bytes) -> None:
        """Take what arrived, unless it is too much or too late."""
        self._attempt.seconds_left()
        self._arrived += len(chunk)
        unpacked = self._unpacked(chunk)
        self._size += len(unpacked)
        if self._arrived > self._most or self._size > self._most:
            raise httpx.ReadError(f"an answer of more than {self._most} bytes")
        if unpacked:
            self._chunks.append(unpacked)

    def content(self) -> bytes:
        """All of it, unless it breaks off."""
        if self._unpacker is not None and not self._unpacker.eof:
            raise httpx.DecodingError("a compressed answer that breaks off")
        return b"".join(self._chunks)

    def _unpacked(self, chunk: bytes) -> bytes:
        if self._coding not in _WINDOW:
            return chunk
        if self._unpacker is None:
            # Some services send the bare stream where the standard wants it wrapped.
            bare = self._coding == "deflate" and chunk[:1] and chunk[0] & 0x0F != zlib.DEFLATED
            self._unpacker = zlib.decompressobj(-zlib.MAX_WBITS if bare else _WINDOW[self._coding])
        if self._unpacker.eof:
            return b""
        try:
            # One byte more than is allowed, so that more than that is never made.
            return cast("bytes", self._unpacker.decompress(chunk, self._most - self._size + 1))
        except zlib.error as problem:
            raise httpx.DecodingError(str(problem)) from problem


_WINDOW = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
