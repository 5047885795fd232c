"""What is searched: files, and what definitions in YAML mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Text:
    """One file: its name as the user gave it, and its content."""

    file: str
    content: str


@dataclass(frozen=True, slots=True)
class Definitions:
    """What definitions in YAML become: resources of the API, some fields under a name of their own."""

    resources: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)


class UnreadableError(ValueError):
    """A text cannot be taken apart into words; the message says why."""
