"""Bounds on reading a contract, which comes from elsewhere. Each is a multiple of what real ones need."""

from __future__ import annotations

from dataclasses import dataclass

MAXIMUM_DEPTH = 128
"""Levels of objects and arrays in one JSON document."""
MAXIMUM_DIGITS = 40
"""Characters of one number: reading a longer one takes time that grows with the square of its length."""
MAXIMUM_SCHEMAS = 100_000
"""Schemas that a contract may unfold to: about ten times what the largest known one does."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one read: bytes, seconds for everything together, and redirects followed."""

    size: int = 32 * 1024 * 1024
    seconds: float = 60.0
    redirects: int = 5
