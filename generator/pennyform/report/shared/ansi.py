"""Colour for terminals, and none for everything else."""

from __future__ import annotations

from typing import NamedTuple

_CODES = {"green": "32", "yellow": "33", "red": "31", "cyan": "36", "dim": "2", "bold": "1"}
_CODE = "|".join(_CODES.values())
SEQUENCE = rf"(\x1b\[(?:0|(?:{_CODE})(?:;(?:{_CODE}))*)m)"
"""What :class:`Ansi` writes around text, as a pattern with one group."""


class Ansi(NamedTuple):
    """Wraps text in ANSI codes (SGR); when not ``enabled`` it gives text back as it is."""

    # A tuple: importing dataclasses would cost every commit's hook more than reading a definition does.

    enabled: bool = False

    def __call__(self, text: str, *styles: str) -> str:
        """``text`` in the given styles: ``green``, ``yellow``, ``red``, ``cyan``, ``dim``, ``bold``."""
        if not self.enabled or not styles:
            return text
        codes = ";".join(_CODES[style] for style in styles)
        return f"\x1b[{codes}m{text}\x1b[0m"
