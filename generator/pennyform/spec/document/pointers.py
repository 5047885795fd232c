"""JSON Pointers (RFC 6901)."""

from __future__ import annotations


def child(pointer: str, name: str | int) -> str:
    """The pointer one step further in."""
    return f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"
