"""What happened, in order, as text: the same seed gives the same text to the byte."""

from __future__ import annotations

import hashlib
from typing import Any


class Trace:
    """Lines of what happened. ``hidden`` are texts that differ from run to run, such as scratch folders."""

    def __init__(self, *, keep: bool = False) -> None:
        self.hidden: dict[str, str] = {}
        self.lines: list[str] = []
        self._keep = keep
        self._hash = hashlib.sha256()

    def note(self, at: float, who: str, *words: Any) -> None:
        """Add one line. Bytes are noted by their digest and length."""
        text = " ".join([f"{at:.6f}", who, *map(_word, words)])
        for secret, name in self.hidden.items():
            text = text.replace(secret, name)
        self._hash.update(text.encode() + b"\n")
        if self._keep:
            self.lines.append(text)

    def digest(self) -> str:
        """One value for all lines so far."""
        return self._hash.hexdigest()


def _word(value: Any) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes {hashlib.sha256(value).hexdigest()[:16]}"
    return str(value)
