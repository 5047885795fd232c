"""JSON Schema → the Python type of a field, a parameter or an answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pennyform.codegen.client.code import Code, join_code, literal
from pennyform.codegen.client.names import class_name, component_of
from pennyform.findings import failure
from pennyform.spec.document.json_types import Json
from pennyform.spec.normaliser.contract import ANSWER, Schema

AMOUNT, NUMBER = "amount", "number"

_STRINGS = {
    "date": Code("dt.date"),
    # RFC 3339 with its offset (JSON Schema Validation 2020-12, 7.3.1): never a naive datetime.
    "date-time": Code("dt.datetime"),
    "binary": Code("File"),
}
_SCALARS = {"boolean": Code("bool"), "integer": Code("int"), "null": Code("None")}


@dataclass(frozen=True, slots=True)
class Type:
    """The Python type of a schema.

    Attributes:
        code: as an annotation, such as ``list[InvoiceLine] | None``.
        components: the components that it names.
        decimal: how JSON carries it, where it is a decimal: as an ``amount`` (a string) or a ``number``.
    """

    code: Code
    components: frozenset[str] = frozenset()
    decimal: str = ""


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
        direction: ``request`` (enums are closed) or ``answer`` (enums are open, for newer services).

    Raises:
        Failure: an object or a union of objects that is not a component of its own.
    """
    name = component_of(schema)
    members = union_members(schema)
    kinds = schema.get("type", [])
    kinds = [kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "null"]
    if name:
        bare = Type(Code(class_name(name)), frozenset({name}))
    elif members:
        bare = _any_of(python_type(member, direction) for member in members)
    elif "const" in schema or "enum" in schema:
        bare = _enum(schema, kinds, direction)
    elif kinds:
        bare = _any_of(_of_kind(kind, schema, direction) for kind in kinds)
    else:
        bare = Type(_SCALARS["null"] if schema.get("type") == "null" else Code("Any"))
    return _any_of([bare, Type(_SCALARS["null"])]) if is_nullable(schema) else bare


def _any_of(types: Iterable[Type]) -> Type:
    distinct = list(dict.fromkeys(types))
    components = frozenset[str]().union(*(member.components for member in distinct))
    decimals = {member.decimal for member in distinct} - {""}
    codes = [part for member in distinct for part in member.code.split(" | ")]
    return Type(Code(" | ".join(dict.fromkeys(codes))), components, decimals.pop() if decimals else "")


def _enum(schema: Schema, kinds: list[str], direction: str) -> Type:
    values = [schema["const"]] if "const" in schema else schema["enum"]
    values = [value for value in values if value is not None]
    # A request with another value would be refused; an answer of a newer service may have one.
    if direction != ANSWER:
        return Type(Code(f"Literal[{join_code(map(literal, values))}]"))
    # bool is a subclass of int in Python, so it is looked for first.
    if values and all(isinstance(value, bool) for value in values):
        return Type(_SCALARS["boolean"])
    if values and all(isinstance(value, int) for value in values):
        return Type(_SCALARS["integer"])
    return Type(_SCALARS.get(kinds[0] if kinds else "string", Code("str")))


def _of_kind(kind: str, schema: Schema, direction: str) -> Type:
    if kind == "string":
        if schema.get("format") == "decimal":
            blankable = _may_be_blank(schema)
            return Type(Code("BlankableDecimal" if blankable else "Decimal"), decimal=AMOUNT)
        return Type(_STRINGS.get(schema.get("format", ""), Code("str")))
    # JSON numbers are read as decimals too: a float would not keep an amount to the cent.
    if kind == "number":
        return Type(Code("DecimalNumber" if direction == ANSWER else "Decimal"), decimal=NUMBER)
    if kind == "array":
        items = python_type(schema.get("items", {}), direction)
        return Type(Code(f"list[{items.code}]"), items.components, items.decimal)
    if kind != "object":
        return Type(_SCALARS[kind])
    if schema.get("properties"):
        raise failure(
            "shape-not-named",
            "an object in the contract has no component of its own",
            detail=f"Its fields are {', '.join(sorted(schema['properties']))}.",
            fix="Normalising gives every object a name; this one was passed over.",
        )
    additional = schema.get("additionalProperties")
    values = python_type(additional, direction) if isinstance(additional, dict) else Type(Code("Any"))
    return Type(Code(f"dict[str, {values.code}]"), values.components)


def _may_be_blank(schema: Schema) -> bool:
    r"""Whether the pattern of an amount allows "", as the vendor's ``^(-?\d+(\.\d+)?)?$`` does."""
    try:
        return re.search(schema.get("pattern", "."), "") is not None
    except (re.error, RecursionError, TypeError):
        return False


def references(schema: Json) -> Iterator[str]:
    """The components that a schema refers to, directly."""
    if isinstance(schema, dict):
        if name := component_of(schema):
            yield name
        for key, value in schema.items():
            if not key.startswith("x-"):
                yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)
