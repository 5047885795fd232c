"""One difference between two schemas, where it is, and what it can be recognised by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypedDict, Unpack

from pennyform.spec.diff.schemas.node import ANYTHING, Pair, json_text
from pennyform.spec.document.json_types import Json

ITEMS = "[]"
ADDITIONAL = "{*}"
_WORD = re.compile(r"[\w-]+")
_PART = re.compile(r"<(?:query|path|header|cookie|default|[0-9][0-9Xx]{2})>")
_MARK = re.compile(r"\[\]|\{\*\}|<.*>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact that differs.

    Attributes:
        old: JSON for people; None where there was nothing.
        new: the same for what is there now.
        delta: identifies the difference, without anything that an unrelated change could alter.
        steps: lead from the schema compared to the place: a field's name, ``[]`` into an array, ``{*}`` into
            the values of a map, ``<…>`` into one variant, and first of all into what is not the body.
        schemas: the two that differ.
        owners: the two objects whose field it is.
    """

    kind: str
    old: Json = None
    new: Json = None
    delta: str = ""
    steps: tuple[str, ...] = ()
    schemas: Pair = (ANYTHING, ANYTHING)
    owners: Pair | None = None

    def below(self, step: str, owners: Pair | None = None) -> Difference:
        """The same difference, seen from one step further out."""
        return replace(self, steps=(step, *self.steps), owners=self.owners or owners)

    @property
    def names(self) -> tuple[str, ...]:
        """The field names on the way, without arrays, maps and variants."""
        return tuple(step for step in self.steps if not is_mark(step))


class _Place(TypedDict, total=False):
    """Where a difference is, as :class:`Difference` has it."""

    steps: tuple[str, ...]
    schemas: Pair
    owners: Pair


def changed(kind: str, old: Json, new: Json, **place: Unpack[_Place]) -> Difference:
    """A difference that is identified by what it was and what it is."""
    return Difference(kind, old, new, delta=json_text([old, new]), **place)


def one_sided(kind: str, value: Json, *, delta: str = "", **place: Unpack[_Place]) -> Difference:
    """What only one side has: the old one where the kind ends with ``-removed``, else the new one."""
    old, new = (value, None) if kind.endswith("-removed") else (None, value)
    return Difference(kind, old, new, delta=delta, **place)


def compare_unknown_keywords(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Difference]:
    """The keywords that pinning left out of one part and that changed, by their places -> digests."""
    for place in sorted(old.keys() | new.keys()):
        sides = [{place: side[place]} if place in side else None for side in (old, new)]
        if sides[0] != sides[1]:
            yield changed("unknown-keyword-changed", sides[0], sides[1])


def is_mark(step: str) -> bool:
    """Whether a step leads somewhere else than into a field."""
    return _MARK.fullmatch(step) is not None


def field_step(name: str) -> str:
    """The step into a field. A name that is not a word is quoted: it cannot be mistaken for a mark."""
    return name if _WORD.fullmatch(name) else json_text(name)


def variant_step(label: str) -> str:
    """The step into one variant of a union."""
    return f"<{label}>"


def part_step(part: str) -> str:
    """The first step where it does not lead into the body: ``query``, ``header``, an error status."""
    return f"<{part}>"


def is_part(step: str) -> bool:
    """Whether a step is one of :func:`part_step`."""
    return _PART.fullmatch(step) is not None


def path_of(steps: Iterable[str]) -> str:
    """``("invoice_lines", "[]", "label")`` → ``invoice_lines[].label``."""
    path = ""
    for step in steps:
        path += step if is_mark(step) or not path else f".{step}"
    return path
