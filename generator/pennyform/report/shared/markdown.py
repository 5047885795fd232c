"""Markdown short enough for a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterable

# GitHub refuses comments of more than 65,536 characters.
LARGEST = 60_000


def fitting(rows: Iterable[str], room: int) -> list[str]:
    """The first of ``rows`` that fit into ``room`` characters with their line feeds; no others are made."""
    shown: list[str] = []
    for row in rows:
        room -= len(row) + 1
        if room < 0:
            break
        shown.append(row)
    return shown
