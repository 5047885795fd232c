"""The outcome of a request as a network has it: a response, late, in part or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from pennyform.sandbox.messages import Response


class Ending(StrEnum):
    """How a request ends, by the name of what a client's HTTP library reports.

    Over a port, what happens before a connection stands cannot be shown: those endings close it at once.
    """

    COMPLETE = "complete"
    CONNECT_ERROR = "connect_error"
    CONNECT_TIMEOUT = "connect_timeout"
    POOL_TIMEOUT = "pool_timeout"
    WRITE_ERROR = "write_error"
    WRITE_TIMEOUT = "write_timeout"
    READ_ERROR = "read_error"
    READ_TIMEOUT = "read_timeout"
    DISCONNECTED = "disconnected"


NEVER_SENT = frozenset({Ending.CONNECT_ERROR, Ending.CONNECT_TIMEOUT, Ending.POOL_TIMEOUT})

# A slow body arrives in this many pieces, or in one per byte when it is shorter.
PIECES = 10


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """The outcome of one request.

    Attributes:
        response: None when no response begins to arrive.
        ending: ``COMPLETE``, or what interrupts it.
        length: bytes of the body that arrive before the ending; the headers promise all of them.
        delay: seconds until the response begins.
        pause: seconds between the pieces of the body; 0 sends it in one piece.
        applied: kinds of the faults that were applied, outermost first.
    """

    response: Response | None
    ending: Ending = Ending.COMPLETE
    length: int = 0
    delay: float = 0.0
    pause: float = 0.0
    applied: tuple[str, ...] = ()

    def pieces(self) -> list[bytes]:
        """The parts of the body that arrive, in order."""
        body = self.response.body if self.response else b""
        if self.ending is not Ending.COMPLETE:
            body = body[: self.length]
        count = PIECES if self.pause else 1
        edges = [len(body) * edge // count for edge in range(count + 1)]
        return [body[start:end] for start, end in pairwise(edges) if start < end]
