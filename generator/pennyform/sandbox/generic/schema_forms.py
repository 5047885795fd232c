"""A schema, read once: the forms that a value may take, and what each form asks of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from pennyform.sandbox.contract.contract import Operation, resolve_reference

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, Decimal),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_NOTHING: Any = object()


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """One form of a value.

    ``properties`` is None but for objects, ``item`` is empty but for arrays; ``fallback`` is what the schema
    itself offers when nothing is known (its constant, its default, its first value).
    """

    types: tuple[str, ...]
    accepted: tuple[type, ...]
    values: tuple[Any, ...]
    pattern: re.Pattern[str] | None
    properties: Mapping[str, tuple[Form, ...]] | None
    item: tuple[Form, ...]
    fallback: Any
    format: str
    minimum: int
    non_empty: bool

    def fits(self, value: Any) -> bool:
        """Whether a value is of the form's type, one of its values, and of its pattern."""
        if isinstance(value, bool):
            return "boolean" in self.types
        if not isinstance(value, self.accepted):
            return False
        if self.values and value is not None and value not in self.values:
            return False
        return self.pattern is None or not isinstance(value, str) or bool(self.pattern.search(value))

    @property
    def has_fallback(self) -> bool:
        """Whether the schema offers a value."""
        return self.fallback is not _NOTHING


@cache
def answer_of(operation: Operation) -> Form | None:
    """The form of an operation's answer; None when it has no body."""
    if operation.response_schema is None:
        return None
    return forms(operation.response_schema, operation.response_schema)[0]


def forms(document: dict[str, Any], schema: Mapping[str, Any]) -> tuple[Form, ...]:
    """Every form that a schema allows, references and alternatives resolved; null comes first."""
    found = resolve_reference(document, dict(schema))
    alternatives = found.get("anyOf", found.get("oneOf"))
    if alternatives is None:
        return (_form(document, found),)
    all_forms = [form for one in alternatives for form in forms(document, one)]
    return tuple(sorted(all_forms, key=lambda form: not form.fits(None)))


def _form(document: dict[str, Any], schema: dict[str, Any]) -> Form:
    declared = schema.get("type", [*_TYPES, "boolean"])
    types = tuple(declared) if isinstance(declared, list) else (declared,)
    properties = schema.get("properties")
    below = {name: forms(document, one) for name, one in properties.items()} if properties else None
    values = tuple(schema.get("enum", ()))
    return Form(
        types=types,
        accepted=tuple(kind for name in types for kind in _TYPES.get(name, ())),
        values=values,
        pattern=re.compile(schema["pattern"]) if "pattern" in schema else None,
        properties=below,
        item=forms(document, schema["items"]) if "items" in schema else (),
        fallback=schema.get("const", schema.get("default", next(iter(values), _NOTHING))),
        format=schema.get("format", ""),
        minimum=schema.get("minimum", 0),
        non_empty=bool(schema.get("minLength")),
    )
