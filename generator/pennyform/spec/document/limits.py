"""Bounds on reading a contract."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds on one read: bytes, seconds for everything together, and redirects followed."""

    size: int = 32 * 1024 * 1024
    seconds: float = 60.0
    redirects: int = 5
