"""How much a contract may say, and how much work on it is done.

Contracts come from elsewhere, and a few references to references can stand for more than any memory holds.
Every stage from reading to emitting and comparing draws on one :class:`Budget`, which grows with the size of
the document. What is used up ends the command with a finding that says so, at the place where it was. Work is
counted, not timed: a contract that is refused on one machine is refused on all.
"""

from __future__ import annotations

from dataclasses import dataclass

BYTES = 32 * 1024 * 1024
"""The largest document; the largest contract known is a sixth of that."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one read: bytes, seconds for everything together, and redirects followed."""

    size: int = BYTES
    seconds: float = 60.0
    redirects: int = 5
    # Of one answer, with the informational answers before it.
    headers: int = 128 * 1024
