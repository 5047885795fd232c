"""Scalars with expressions → values in the types that an invoice takes, entries repeated and left out.

Used for templates and for definitions that make many invoices. Every value keeps the place it was written at;
where an expression does nothing but name a value, that is where the value itself is written.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple, cast

from pennyform.findings import Finding, Severity
from pennyform.invoices.expressions.literals import BRACES
from pennyform.invoices.model import PendingText
from pennyform.invoices.model.budget import Budget
from pennyform.invoices.money.scalars import canonical
from pennyform.invoices.schema import Schema
from pennyform.invoices.schema.patterns import Shape
from pennyform.invoices.yaml.document import (
    Document,
    Mark,
    Path,
    YamlMapping,
    YamlValue,
    holds_braces,
    value_at,
)

if TYPE_CHECKING:
    from pennyform.invoices.expressions.compile import ExpressionError

MOST_LINES = 2_000
_MOST_LISTED = 30
_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,12})?")
_CONTROLS = ("for_each", "as", "when")
_NAMES = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
_NOTHING = object()
# Where a number that is not known yet cannot stand, although any text fits.
_NEEDED_AT_ONCE = ("external_reference", "invoice_number", "file", "values", "options", "expect", "for_each")


class Scope(NamedTuple):
    """What expressions may refer to, and where each of it is written.

    ``names`` are native values; ``sources`` are places by what an expression calls them (``days``,
    ``row.price``); ``row`` is the place of the row that they are evaluated for, where that is not plain from
    elsewhere.
    """

    names: Mapping[str, YamlValue]
    sources: Mapping[str, Mark]
    row: str = ""

    @property
    def about(self) -> str:
        """The row in a sentence, for a finding."""
        return f"For {self.row}." if self.row else ""

    def within(self, names: Mapping[str, YamlValue], sources: Mapping[str, Mark]) -> Scope:
        """This scope with more names, which hide those of the same name."""
        # Every value that is computed keeps its sources: they are shared, not copied for each entry.
        layers = ChainMap(dict(sources), cast(dict[str, Mark], self.sources)) if sources else self.sources
        return Scope({**self.names, **names}, layers, self.row)


class Origin(NamedTuple):
    """The expression that gave a value: its text, its place, and what it could refer to."""

    expression: str
    mark: Mark
    sources: Mapping[str, Mark]


class ConstantParts(NamedTuple):
    """What of a part of a document is the same however often it is evaluated; paths begin at that part.

    ``parts`` are the largest parts in which nothing is evaluated, by path, with the places in each.
    ``mappings`` are those that hold other parts: the places of all their constant fields, and the names of
    the other ones.
    """

    parts: Mapping[Path, Mapping[Path, Mark]]
    mappings: Mapping[Path, tuple[Mapping[Path, Mark], Iterable[str]]]


def constant_parts(document: Document, at: Path = ()) -> ConstantParts:
    """What of ``document``, or of its part at ``at``, is evaluated once, whoever evaluates it many times."""
    parts: dict[Path, dict[Path, Mark]] = {}
    with_expressions: list[tuple[Path, YamlMapping]] = []
    waiting: list[tuple[Path, YamlValue]] = [((), value_at(document.value, at))]
    while waiting:
        path, value = waiting.pop()
        if not holds_braces(value) and not _is_repeated(value):
            parts[path] = {}
        elif isinstance(value, dict | list):
            members = value.items() if isinstance(value, dict) else enumerate(value)
            waiting += [((*path, step), member) for step, member in members]
            if isinstance(value, dict):
                with_expressions.append((path, value))
    for full_path, mark in document.marks.items():
        path = full_path[len(at) :]
        for length in range(len(path) + 1) if full_path[: len(at)] == at else ():
            if path[:length] in parts:
                parts[path[:length]][path] = mark
    return ConstantParts(
        parts, {path: _constant_fields(path, value, parts) for path, value in with_expressions}
    )


def _constant_fields(
    at: Path, value: YamlMapping, parts: Mapping[Path, Mapping[Path, Mark]]
) -> tuple[Mapping[Path, Mark], Iterable[str]]:
    """The places of the constant fields of ``value``, which stands at ``at``, and the names of the others."""
    # What says how often an entry is there is none of its fields.
    controls = _CONTROLS if at and isinstance(at[-1], int) else ()
    marks: dict[Path, Mark] = {}
    for name in value:
        if name not in controls:
            marks |= parts.get((*at, name), {})
    return marks, [name for name in value if (*at, name) not in parts]


def _is_repeated(value: YamlValue) -> bool:
    """Whether a part says itself how often it is there, or holds one that does."""
    if isinstance(value, dict):
        return not value.keys().isdisjoint(_CONTROLS) or any(map(_is_repeated, value.values()))
    return isinstance(value, list) and any(map(_is_repeated, value))


class Evaluation:
    """Evaluates parts of one document.

    After :meth:`evaluate`, ``marks`` and ``origins`` say where each value of the result comes from, by its
    path there, and ``findings`` what could not be evaluated. Two results of one document that have one
    ``shape`` differ in nothing but the values at ``origins``; it is None when that cannot be said.
    """

    def __init__(
        self,
        document: Document,
        budget: Budget,
        *,
        literal: Collection[Path] | None = None,
        constant: ConstantParts | None = None,
    ) -> None:
        """Evaluates ``document``.

        Args:
            document: what holds the expressions.
            budget: what evaluating them draws on.
            literal: given for a definition that is not validated yet: what stands at these paths, or where a
                truth value must, is no expression, and what cannot be evaluated stays, as ``spoiled``.
            constant: what :func:`constant_parts` gives, for whoever evaluates the document many times.
        """
        self._document = document
        self._budget = budget
        self._literal = literal
        self._constant = constant or ConstantParts({}, {})
        self.spoiled: set[Path] = set()
        self.marks: dict[Path, Mark] = {}
        self.origins: dict[Path, Origin] = {}
        self.findings: list[Finding] = []
        self._decisions: list[tuple[Path, Path | None]] = []
        self._is_patterned = True

    @property
    def shape(self) -> Shape | None:
        """What was left out and repeated; None where a part of the result is not from the document."""
        return tuple(self._decisions) if self._is_patterned else None

    def evaluate(self, schema: Schema, scope: Scope, at: Path) -> YamlValue:
        """The part of the document at ``at`` with its expressions replaced by their results.

        Args:
            schema: what the result must fit; it says which type each field takes.
            scope: what expressions may refer to.
            at: the part, in the document; paths of the result begin at it.

        Returns:
            The part. A field whose expression gives nothing is left out.
        """
        self._depth = len(at)
        result = self._part(value_at(self._document.value, at), schema, scope, at, ())
        return None if result is _NOTHING else result

    def is_true(self, text: str, scope: Scope, at: Path) -> bool:
        """Whether the condition ``text``, which stands at ``at``, holds."""
        result = self._run(text, scope, at)
        if result is not _NOTHING and not isinstance(result, bool):
            self.findings.append(
                self._document.finding(
                    "expression",
                    "a condition is true or false",
                    at,
                    detail=f"It gives `{result}`. {scope.about}".strip(),
                    fix="compare it with something, as in `{{ quantity > 0 }}`",
                )._replace(subject=scope.row)
            )
        return result is True

    def _part(self, value: YamlValue, schema: Schema, scope: Scope, at: Path, to: Path) -> YamlValue:
        if isinstance(value, str):
            mark = self._document.marks.get(at)
            if mark:
                self.marks[to] = mark
            return self._scalar(value, schema, scope, at, to)
        if (marks := self._constant.parts.get(to)) is not None and at[self._depth :] == to:
            self.marks.update(marks)
            return value
        mark = self._document.marks.get(at)
        if mark:
            self.marks[to] = mark
        if isinstance(value, dict):
            return self._fields(value, schema, scope, at, to)
        if isinstance(value, list):
            return self._entries(value, schema.get("items", {}), scope, at, to)
        return value

    def _fields(self, value: YamlMapping, schema: Schema, scope: Scope, at: Path, to: Path) -> YamlMapping:
        known, result = schema.get("properties", {}), dict(value)
        names: Iterable[str] = value
        if (constant := self._constant.mappings.get(to)) and at[self._depth :] == to:
            marks, names = constant
            self.marks.update(marks)
        for name in names:
            # What says how often an entry is there has been taken out of it.
            if name in value:
                member = self._part(value[name], known.get(name, {}), scope, (*at, name), (*to, name))
                if member is _NOTHING:
                    del result[name]
                    self._decide((*to, name), None)
                else:
                    result[name] = member
        return result

    def _entries(
        self, value: list[YamlValue], schema: Schema, scope: Scope, at: Path, to: Path
    ) -> list[YamlValue]:
        entries: list[YamlValue] = []
        for index, entry in enumerate(value):
            path = (*at, index)
            # In a definition that is not validated yet, these are fields that it cannot have.
            controls = entry if isinstance(entry, dict) and self._literal is None else {}
            condition = controls.get("when")
            for inner in self._repetitions(controls, scope, path):
                self._budget.draw("entries", 1, partial(self._document.place, path))
                if len(entries) == MOST_LINES:
                    summary = f"this makes more than {MOST_LINES:,} entries"
                    self.findings.append(
                        self._document.finding("template-loop", summary, (*path, "for_each"))
                    )
                    return entries
                if condition is None or self.is_true(condition, inner, (*path, "when")):
                    content = entry
                    if not controls.keys().isdisjoint(_CONTROLS):
                        content = {name: item for name, item in entry.items() if name not in _CONTROLS}
                        self._decide((*to, len(entries)), path)
                    entries.append(self._part(content, schema, inner, path, (*to, len(entries))))
        if any(entry is _NOTHING for entry in entries):
            # The entries behind it stand before their paths.
            self._is_patterned = False
        return [entry for entry in entries if entry is not _NOTHING]

    def _decide(self, to: Path, at: Path | None) -> None:
        """Note that the part at ``at``, or nothing, came to stand at ``to``, which another row may not do."""
        self._decisions.append((to, at))

    def _repetitions(self, controls: YamlMapping, scope: Scope, at: Path) -> Iterator[Scope]:
        """The scope of each repetition of an entry: one, unless it says ``for_each``."""
        name = controls.get("for_each")
        if name is None:
            yield scope
            return
        over, item_name = scope.names.get(name), controls.get("as", "item")
        if isinstance(over, int) and not isinstance(over, bool):
            # One more than can be used, so that the excess is noticed.
            for number in range(1, min(over, MOST_LINES + 1) + 1):
                yield scope.within({item_name: number, "index": number}, {})
        elif isinstance(over, list):
            sources = _sources_of_items(scope, name, item_name)
            for index, item in enumerate(over):
                yield scope.within({item_name: item, "index": index + 1}, sources.get(str(index), {}))
        elif over is not None:
            summary = f"`{name}` is neither a list nor a whole number"
            self.findings.append(self._document.finding("template-loop", summary, (*at, "for_each")))

    def _scalar(self, text: str, schema: Schema, scope: Scope, at: Path, to: Path) -> YamlValue:
        name, writes_braces = _reading(text)
        if name is None or (self._literal is not None and self._is_literal(schema, to)):
            return text
        mark = self._document.mark(at)
        if to[:1] == ("values",):
            row, _, field = name.partition(".")
            values = scope.names.get(row)
            items = values.get(field) if isinstance(values, Mapping) else None
            if isinstance(items, list):
                # A list of a data file for a parameter that takes one: it is data, no text becomes it.
                prefix = f"{name}."
                for source, place in scope.sources.items():
                    if source.startswith(prefix):
                        steps = source.removeprefix(prefix).split(".")
                        self.marks[*to, *(int(step) if step.isdigit() else step for step in steps)] = place
                self.marks[to] = mark
                self._is_patterned = False
                return items
        self.origins[to] = Origin(text, mark, scope.sources)
        # A cell or a parameter is where the value is written; in a definition on its own it is the field.
        self.marks[to] = scope.sources.get(name, mark) if self._literal is None else mark
        before = len(self.findings)
        result = self._run(text, scope, at)
        if isinstance(result, PendingText) and not _takes_pending_text(schema, to):
            self.findings.append(_misplaced_number(self._document, at, to))
            result = _NOTHING
        if scope.row and not writes_braces and isinstance(result, str) and BRACES.search(result):
            self.findings.append(self._brace_finding(text, scope, at))
            return _NOTHING
        if self._literal is not None and len(self.findings) > before:
            self.spoiled.add(to)
            return text
        return _as_field(schema, result)

    def _brace_finding(self, text: str, scope: Scope, at: Path) -> Finding:
        """The finding that the row has braces which ``text``, at ``at``, would print: at the cell."""
        sources = (scope.sources.get(name) for name in _NAMES.findall(text))
        cell = next((mark for mark in sources if mark and mark.file != self._document.file), None)
        mark = cell or self._document.mark(at)
        return Finding(
            "data-braces",
            Severity.ERROR,
            "the braces in the data would be printed as they are",
            mark.file,
            mark.line,
            mark.column,
            detail=f"It is read by `{text[:60]}` at {self._document.place(at)}. {scope.about}",
            fix="correct the cell; to print its braces, add the filter `| verbatim` to the expression",
        )

    def _is_literal(self, schema: Schema, to: Path) -> bool:
        types = schema.get("type", [])
        # Whether an invoice becomes final, and every other flag, can be read where it stands.
        return to in (self._literal or ()) or "boolean" in ([types] if isinstance(types, str) else types)

    def _run(self, text: str, scope: Scope, at: Path) -> YamlValue:
        """The native result of an expression; ``_NOTHING`` when there is none, or an error."""
        evaluate, error_type = _evaluator()
        place = partial(self._document.place, at)
        # Jinja copies all names, and a total looks at every entry of a list.
        units = 1 + len(scope.names) // 32 + (100 if "total" in text else 0)
        self._budget.draw("expressions", units, place)
        try:
            result = evaluate(text, scope.names)
            if isinstance(result, str):
                self._budget.draw("characters", len(result), place)
        except error_type as error:
            from pennyform.invoices.expressions.notation import notation_finding

            known = ", ".join(sorted(scope.names)[:_MOST_LISTED])
            if (more := len(scope.names) - _MOST_LISTED) > 0:
                known += f" and {more:,} more"
            cell = _place_of(error.unreadable.text, text, scope) if error.unreadable else None
            self.findings.append(
                notation_finding(error.unreadable, cell, self._document.place(at), text)
                if error.unreadable and cell
                else self._document.finding(
                    "expression",
                    f"the expression cannot be evaluated: {error}",
                    at,
                    detail=f"Known here: {known}. {scope.about}".strip(),
                    fix=error.unreadable.fix if error.unreadable else error.fix,
                )._replace(subject=scope.row)
            )
            return _NOTHING
        return _NOTHING if result is None else result


def _sources_of_items(scope: Scope, name: str, item_name: str) -> dict[str, dict[str, Mark]]:
    """Where the fields of each item of the list ``name`` are written: by its index, and by their names."""
    sources: dict[str, dict[str, Mark]] = {}
    prefix = f"{name}."
    for source, mark in scope.sources.items():
        if source.startswith(prefix):
            index, _, field = source.removeprefix(prefix).partition(".")
            if field:
                sources.setdefault(index, {})[f"{item_name}.{field}"] = mark
    return sources


@cache
def _evaluator() -> tuple[Callable[[str, Mapping[str, YamlValue]], YamlValue], type[ExpressionError]]:
    # Importing Jinja costs more than validating a file; most files need no expression.
    from pennyform.invoices.expressions.compile import ExpressionError, evaluate

    return evaluate, ExpressionError


@lru_cache(4096)
def _reading(text: str) -> tuple[str | None, bool]:
    """The name in an expression that is nothing else, and whether its author means braces to be printed.

    It is no name where ``text`` is more than that, and None where there is no expression.
    """
    inside = text.replace("{{", "").replace("}}", "")
    writes_braces = "verbatim" in text or bool(BRACES.search(inside))
    name = text.strip().removeprefix("{{").removesuffix("}}").strip() if BRACES.search(text) else None
    return name, writes_braces


def _takes_pending_text(schema: Schema, to: Path) -> bool:
    """Whether a field is text for people, which may hold the number of another invoice."""
    types = schema.get("type", [])
    is_free = "string" in types and schema.keys().isdisjoint(("enum", "const", "pattern", "format"))
    # A name, an option and a value of a template are needed before any number is known.
    is_label = to[0] != "deduct" or to[-1] == "label"
    return is_free and is_label and "x-pennyform-key" not in schema and to[0] not in _NEEDED_AT_ONCE


def _misplaced_number(document: Document, at: Path, to: Path) -> Finding:
    field = next((str(step) for step in reversed(to) if isinstance(step, str)), "")
    return document.finding(
        "number-misplaced",
        f"`{field}` cannot hold the number of an invoice, which may not be known yet",
        at,
        fix="give the template the reference, and write {{ number(…) }} in its text"
        if to[:1] == ("values",)
        else "",
    )


def _place_of(text: str, expression: str, scope: Scope) -> Mark | None:
    """Where ``text``, which an expression read, is written; None when it was computed."""
    for name in _NAMES.findall(expression):
        for source, mark in scope.sources.items():
            if source != name and not source.startswith(f"{name}."):
                continue
            value: YamlValue = scope.names
            for step in source.split("."):
                is_index = isinstance(value, list) and step.isdigit() and int(step) < len(value)
                fields = value if isinstance(value, Mapping) else {}
                value = value[int(step)] if is_index else fields.get(step)
            if value == text:
                return mark
    return None


def _as_field(schema: Schema, value: YamlValue) -> YamlValue:
    """A native value as the field writes it: an amount as text, a date as text, a number as a number."""
    types = schema.get("type", ())
    types = (types,) if isinstance(types, str) else types
    if isinstance(value, str):
        # Text of a data file where a number or a truth value must stand; other text stays what it is.
        if "string" in types:
            return value
        if ("number" in types or "integer" in types) and _PLAIN_NUMBER.fullmatch(value):
            return Decimal(value) if "." in value else int(value)
        return {"true": True, "false": False}.get(value, value) if "boolean" in types else value
    if isinstance(value, date):
        return value.isoformat()
    if "string" in types and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return canonical(Decimal(value)) if schema.get("format") == "decimal" else f"{Decimal(value):f}"
    return value
