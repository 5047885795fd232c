"""A definition as plain data, with the place of each of its values.

Data and places are kept apart, so that validators see ordinary mappings and lists while every finding can
still point at the offending key or value. A document may be put together from several files (a definition
and its template): each mark knows its own file.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from pennyform.findings import Finding, Severity
from pennyform.invoices.model import Place

# Keys and indexes from the root: ("invoice_lines", 0, "vat_rate").
Path = tuple[str | int, ...]

# What a file may say: dict, list, str, int, Decimal, bool or None. Which of them stands where is for the
# emitted schemas to say, at run time; a type checker cannot know it.
YamlValue = Any
YamlMapping = dict[str, YamlValue]


class Mark(NamedTuple):  # one for every value of every file: a dataclass takes 2.5 times as long to make
    """Where a value begins and where its key does; an item of a list has no key and repeats its own place."""

    file: str
    line: int
    column: int
    key_line: int
    key_column: int


class Document:
    """The content of one file.

    ``value`` holds dict, list, str, int, Decimal, bool and None. ``spoiled`` names paths whose value could
    not be read as meant; a finding says so already, hence later checks leave them alone.
    """

    __slots__ = ("file", "marks", "spoiled", "value")

    def __init__(
        self,
        file: str,
        value: YamlValue,
        marks: dict[Path, Mark] | None = None,
        spoiled: set[Path] | None = None,
    ) -> None:
        self.file = file
        self.value = value
        self.marks = marks or {}
        self.spoiled = spoiled or set()

    def mark(self, path: Path) -> Mark:
        """The mark of ``path``, or of the nearest mapping or list around it that has one."""
        for end in range(len(path), -1, -1):
            mark = self.marks.get(path[:end])
            if mark:
                return mark
        return Mark(self.file, 1, 1, 1, 1)

    def place(self, path: Path = (), *, key: bool = False) -> Place:
        """Where the value at ``path`` is written, or its key."""
        mark = self.mark(path)
        if key and path in self.marks:
            return Place(mark.file, mark.key_line, mark.key_column)
        return Place(mark.file, mark.line, mark.column)

    def is_spoiled(self, path: Path) -> bool:
        """Whether a finding about ``path``, or something around it, has been made while reading."""
        return bool(self.spoiled) and any(path[:end] in self.spoiled for end in range(len(path) + 1))

    def finding(
        self,
        rule: str,
        summary: str,
        path: Path = (),
        *,
        key: bool = False,
        severity: Severity = Severity.ERROR,
        detail: str = "",
        fix: str = "",
    ) -> Finding:
        """A finding that points at ``path``: at its value, or at its key."""
        place = self.place(path, key=key)
        return Finding(
            rule,
            severity,
            summary,
            *place,
            pointer=pointer(path),
            detail=detail,
            fix=fix,
        )


def pointer(path: Iterable[str | int]) -> str:
    """``path`` as a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def value_at(value: YamlValue, path: Path) -> YamlValue:
    """What stands at ``path`` in ``value``; None where nothing does."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def describe_path(path: Path) -> str:
    """``path`` as people write it: ``invoice_lines[0].vat_rate``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def mappings(value: YamlValue) -> list[tuple[int, YamlMapping]]:
    """The entries of a list that are mappings, with their indexes; none when ``value`` is no list."""
    items = value if isinstance(value, list) else []
    return [(index, item) for index, item in enumerate(items) if isinstance(item, dict)]


def holds_braces(value: YamlValue) -> bool:
    """Whether any text in ``value`` may be or hold an expression."""
    if isinstance(value, str):
        return "{" in value or "}" in value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(holds_braces, parts))
