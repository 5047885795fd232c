"""JSON Schema → the Python type of a field, a parameter or an answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pennyform.codegen.client.code import Code, joined, literal
from pennyform.codegen.client.parsing import class_name
from pennyform.findings import failure
from pennyform.spec.normaliser.contract import ANSWER, Schema

REFERENCE = "#/components/schemas/"
AMOUNT, NUMBER = "amount", "number"

_STRINGS = {
    "date": Code("dt.date"),
    "date-time": Code("dt.datetime"),
    "binary": Code("File"),
}
_SCALARS = {"boolean": Code("bool"), "integer": Code("int"), "null": Code("None")}


@dataclass(frozen=True)
class Type:
    """The Python type of a schema.

    Attributes:
        code: as an annotation, such as ``list[InvoiceLine] | None``.
        uses: the components that it names.
        decimal: how JSON carries it, where it is a decimal: as an ``amount`` (a string) or a ``number``.
    """

    code: Code
    uses: frozenset[str] = frozenset()
    decimal: str = ""


def component_of(schema: Mapping[str, Any]) -> str:
    """The name of the component that a schema refers to, or ""."""
    reference = schema.get("$ref", "")
    return str(reference).removeprefix(REFERENCE) if reference else ""


def union_members(schema: Schema) -> list[Schema]:
    """The alternatives of a union, without null."""
    members = schema.get("oneOf") or schema.get("anyOf") or []
    return [member for member in members if member.get("type") != "null"]


def is_nullable(schema: Schema) -> bool:
    """Whether null is one of a schema's values."""
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return "null" in kinds
    members = schema.get("oneOf") or schema.get("anyOf") or []
    return kinds == "null" or any(member.get("type") == "null" for member in members)


def python_type(schema: Schema, direction: str) -> Type:
    """The type of a schema.

    Args:
        schema: from the normalised document.
        direction: ``request`` (enums are closed) or ``answer`` (enums are open).

    Raises:
        Failure: an object or a union of objects that is not a component of its own.
    """
    bare = _without_null(schema, direction)
    if not is_nullable(schema):
        return bare
    return _any_of([bare, Type(_SCALARS["null"])])


def _without_null(schema: Schema, direction: str) -> Type:
    name = component_of(schema)
    if name:
        return Type(Code(class_name(name)), frozenset({name}))
    members = union_members(schema)
    if members:
        return _any_of(python_type(member, direction) for member in members)
    if "const" in schema or "enum" in schema:
        return _values(schema, direction)
    return _by_kind(schema, direction)


def _any_of(types: Iterable[Type]) -> Type:
    kept = list(dict.fromkeys(types))
    uses = frozenset[str]().union(*(each.uses for each in kept))
    decimals = {each.decimal for each in kept} - {""}
    codes = [part for each in kept for part in each.code.split(" | ")]
    return Type(Code(" | ".join(dict.fromkeys(codes))), uses, decimals.pop() if decimals else "")


def _values(schema: Schema, direction: str) -> Type:
    values = [schema["const"]] if "const" in schema else schema["enum"]
    known = [value for value in values if value is not None]
    if direction == ANSWER:
        return Type(_SCALARS.get(_kind(schema, known), Code("str")))
    return Type(Code(f"Literal[{joined(map(literal, known), ', ')}]"))


def _kind(schema: Schema, values: list[Any]) -> str:
    if values and all(isinstance(value, bool) for value in values):
        return "boolean"
    if values and all(isinstance(value, int) for value in values):
        return "integer"
    return _kinds(schema)[0] if _kinds(schema) else "string"


def _kinds(schema: Schema) -> list[str]:
    kinds = schema.get("type", [])
    return [kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "null"]


def _by_kind(schema: Schema, direction: str) -> Type:
    kinds = _kinds(schema)
    if not kinds:
        return Type(_SCALARS["null"] if schema.get("type") == "null" else Code("Any"))
    return _any_of(_of_kind(kind, schema, direction) for kind in kinds)


def _of_kind(kind: str, schema: Schema, direction: str) -> Type:
    if kind == "string":
        return _string(schema)
    if kind == "number":
        return Type(Code("DecimalNumber" if direction == ANSWER else "Decimal"), decimal=NUMBER)
    if kind == "array":
        inner = python_type(schema.get("items", {}), direction)
        return Type(Code(f"list[{inner.code}]"), inner.uses, inner.decimal)
    if kind == "object":
        return _object(schema, direction)
    return Type(_SCALARS[kind])


def _string(schema: Schema) -> Type:
    if schema.get("format") == "decimal":
        return Type(Code("BlankableDecimal" if _may_be_blank(schema) else "Decimal"), decimal=AMOUNT)
    return Type(_STRINGS.get(schema.get("format", ""), Code("str")))


def _may_be_blank(schema: Schema) -> bool:
    try:
        return re.search(schema.get("pattern", "."), "") is not None
    except (re.error, RecursionError, TypeError):
        return False


def _object(schema: Schema, direction: str) -> Type:
    if schema.get("properties"):
        raise failure(
            "shape-not-named",
            "an object in the contract has no component of its own",
            detail=f"Its fields are {', '.join(sorted(schema['properties']))}.",
            fix="Normalising gives every object a name; this one was passed over.",
        )
    inner = schema.get("additionalProperties")
    values = python_type(inner, direction) if isinstance(inner, dict) else Type(Code("Any"))
    return Type(Code(f"dict[str, {values.code}]"), values.uses)


def references(schema: Any) -> Iterator[str]:
    """The components that a schema refers to, directly."""
    if isinstance(schema, dict):
        name = component_of(schema)
        if name:
            yield name
        for key, value in schema.items():
            if not key.startswith("x-"):
                yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)
