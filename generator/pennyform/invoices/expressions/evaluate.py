"""Scalars with expressions → values in the types that an invoice takes, entries repeated and left out.

Used for templates and for definitions that make many invoices. Every value keeps the place it was written at;
where an expression does nothing but name a value, that is where the value itself is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from pennyform.findings import Finding
from pennyform.invoices.money.amounts import canonical
from pennyform.invoices.schema.schema import Schema
from pennyform.invoices.yaml.document import Document, Mark, Path

MOST_LINES = 2_000
_HOLDS_EXPRESSION = re.compile(r"\{[{%#]")
_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,12})?")
_CONTROLS = ("for_each", "as", "when")
_NOTHING = object()


class Scope(NamedTuple):
    """What expressions may refer to, and where each of it is written.

    ``names`` are native values; ``sources`` are places by what an expression calls them (``days``,
    ``row.price``); ``about`` says for which row they are evaluated, where that is not plain from elsewhere.
    """

    names: Mapping[str, Any]
    sources: Mapping[str, Mark]
    about: str = ""

    def within(self, names: Mapping[str, Any], sources: Mapping[str, Mark]) -> Scope:
        """This scope with more names, which hide those of the same name."""
        return Scope({**self.names, **names}, {**self.sources, **sources}, self.about)


class Origin(NamedTuple):
    """The expression that gave a value: its text, its place, and what it could refer to."""

    expression: str
    mark: Mark
    sources: Mapping[str, Mark]


class Evaluation:
    """Evaluates parts of one document.

    After :meth:`evaluated`, ``marks`` and ``origins`` say where each value of the result comes from, by its
    path there, and ``findings`` what could not be evaluated.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self.marks: dict[Path, Mark] = {}
        self.origins: dict[Path, Origin] = {}
        self.findings: list[Finding] = []

    def evaluated(self, schema: Schema, scope: Scope, at: Path, to: Path = ()) -> Any:
        """The part of the document at ``at`` with its expressions replaced by what they give.

        Args:
            schema: what the result must fit; it says which type each field takes.
            scope: what expressions may refer to.
            at: the part, in the document.
            to: where the result will stand.

        Returns:
            The part. A field whose expression gives nothing is left out.
        """
        value = self._document.value
        for step in at:
            value = value[step]
        found = self._part(value, schema, scope, at, to)
        return None if found is _NOTHING else found

    def is_true(self, text: str, scope: Scope, at: Path) -> bool:
        """Whether the condition ``text``, which stands at ``at``, holds."""
        found = self._evaluate(text, scope, at)
        if found is not _NOTHING and not isinstance(found, bool):
            self.findings.append(
                self._document.finding(
                    "expression",
                    "a condition is true or false",
                    at,
                    detail=f"It gives `{found}`. {scope.about}".strip(),
                    fix="compare it with something, as in `{{ quantity > 0 }}`",
                )
            )
        return found is True

    def _part(self, value: Any, schema: Schema, scope: Scope, at: Path, to: Path) -> Any:
        mark = self._document.marks.get(at)
        if mark:
            self.marks[to] = mark
        if isinstance(value, dict):
            return self._fields(value, schema, scope, at, to)
        if isinstance(value, list):
            return self._entries(value, schema.get("items", {}), scope, at, to)
        return self._scalar(value, schema, scope, at, to) if isinstance(value, str) else value

    def _fields(
        self, value: dict[str, Any], schema: Schema, scope: Scope, at: Path, to: Path
    ) -> dict[str, Any]:
        known = schema.get("properties", {})
        fields = {
            name: self._part(member, known.get(name, {}), scope, (*at, name), (*to, name))
            for name, member in value.items()
        }
        return {name: member for name, member in fields.items() if member is not _NOTHING}

    def _entries(self, value: list[Any], schema: Schema, scope: Scope, at: Path, to: Path) -> list[Any]:
        entries: list[Any] = []
        for index, entry in enumerate(value):
            path = (*at, index)
            for inner in self._repeated(entry, scope, path):
                if len(entries) == MOST_LINES:
                    self._too_many(path)
                    return entries
                if self._counts(entry, inner, path):
                    plain = _without_controls(entry)
                    entries.append(self._part(plain, schema, inner, path, (*to, len(entries))))
        return [entry for entry in entries if entry is not _NOTHING]

    def _repeated(self, entry: Any, scope: Scope, at: Path) -> Iterator[Scope]:
        """The scope of each repetition of ``entry``: itself once, unless it says ``for_each``."""
        name = entry.get("for_each") if isinstance(entry, dict) else None
        if name is None:
            yield scope
            return
        over, called = scope.names.get(name), entry.get("as", "item")
        if isinstance(over, int) and not isinstance(over, bool):
            # One more than can be used, so that the excess is seen.
            for number in range(1, min(over, MOST_LINES + 1) + 1):
                yield scope.within({called: number, "index": number}, {})
        elif isinstance(over, list):
            for index, item in enumerate(over):
                yield scope.within({called: item, "index": index + 1}, _of_item(scope, name, index, called))
        elif over is not None:
            self.findings.append(
                self._document.finding(
                    "template-loop", f"`{name}` is neither a list nor a whole number", (*at, "for_each")
                )
            )

    def _counts(self, entry: Any, scope: Scope, at: Path) -> bool:
        condition = entry.get("when") if isinstance(entry, dict) else None
        return condition is None or self.is_true(condition, scope, (*at, "when"))

    def _too_many(self, at: Path) -> None:
        summary = f"this makes more than {MOST_LINES:,} entries"
        self.findings.append(self._document.finding("template-loop", summary, (*at, "for_each")))

    def _scalar(self, text: str, schema: Schema, scope: Scope, at: Path, to: Path) -> Any:
        if not _HOLDS_EXPRESSION.search(text):
            return text
        mark = self._document.mark(at)
        listed = _listed(text, scope) if to[:1] == ("values",) else None
        if listed is not None:
            # A list of a data file for a parameter that takes one: it is data already, no text becomes it.
            self.marks |= {(*to, *steps): place for steps, place in _inside(_sole_name(text), scope)}
            self.marks[to] = mark
            return listed
        self.origins[to] = Origin(text, mark, scope.sources)
        self.marks[to] = scope.sources.get(_sole_name(text), mark)
        return _as_field(schema, self._evaluate(text, scope, at))

    def _evaluate(self, text: str, scope: Scope, at: Path) -> Any:
        # Importing Jinja costs more than validating a file; most files need no expression.
        from pennyform.invoices.expressions.compile import ExpressionError, evaluate

        try:
            found = evaluate(text, scope.names)
        except ExpressionError as error:
            known = ", ".join(sorted(scope.names))
            self.findings.append(
                self._document.finding(
                    "expression",
                    f"the expression cannot be evaluated: {error}",
                    at,
                    detail=f"Known here: {known}. {scope.about}".strip(),
                )
            )
            return _NOTHING
        return _NOTHING if found is None else found


def _without_controls(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    return {name: value for name, value in entry.items() if name not in _CONTROLS}


def _of_item(scope: Scope, name: str, index: int, called: str) -> dict[str, Mark]:
    """Where the fields of an entry are written, by what expressions call them."""
    prefix = f"{name}.{index}."
    return {
        f"{called}.{source.removeprefix(prefix)}": mark
        for source, mark in scope.sources.items()
        if source.startswith(prefix)
    }


def _listed(text: str, scope: Scope) -> list[Any] | None:
    """The list of the row that an expression names and does nothing else with."""
    row, _, field = _sole_name(text).partition(".")
    values = scope.names.get(row)
    found = values.get(field) if isinstance(values, Mapping) else None
    return found if isinstance(found, list) else None


def _inside(name: str, scope: Scope) -> Iterator[tuple[Path, Mark]]:
    """Where the parts of what ``name`` stands for are written, by the path of each in it."""
    for source, mark in scope.sources.items():
        if source.startswith(f"{name}."):
            steps = source.removeprefix(f"{name}.").split(".")
            yield tuple(int(step) if step.isdigit() else step for step in steps), mark


def _sole_name(text: str) -> str:
    """The name in an expression that is nothing else; it is no name otherwise."""
    return text.strip().removeprefix("{{").removesuffix("}}").strip()


def _as_field(schema: Schema, value: Any) -> Any:
    """A native value as the field writes it: an amount as text, a date as text, a number as a number."""
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return _from_text(types, value)
    if "string" in types and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return canonical(Decimal(value)) if schema.get("format") == "decimal" else f"{value:f}"
    return value


def _from_text(types: list[str], text: str) -> Any:
    """Text of a data file where a number or a truth value must stand; other text stays what it is."""
    if "string" in types:
        return text
    if {"number", "integer"} & set(types) and _PLAIN_NUMBER.fullmatch(text):
        return Decimal(text) if "." in text else int(text)
    return {"true": True, "false": False}.get(text, text) if "boolean" in types else text
