"""Colour for terminals, and none for everything else."""

from __future__ import annotations

from dataclasses import dataclass

_CODES = {"green": "32", "yellow": "33", "red": "31", "cyan": "36", "dim": "2", "bold": "1"}


@dataclass(frozen=True, slots=True)
class Paint:
    """Wraps text in ANSI codes; with ``on`` false it gives text back as it is."""

    on: bool = False

    def __call__(self, text: str, *styles: str) -> str:
        """``text`` in the given styles: ``green``, ``yellow``, ``red``, ``cyan``, ``dim``, ``bold``."""
        if not self.on or not styles:
            return text
        codes = ";".join(_CODES[style] for style in styles)
        return f"\x1b[{codes}m{text}\x1b[0m"
