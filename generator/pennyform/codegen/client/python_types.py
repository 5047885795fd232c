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
MIXED, FREE = "mixed", "free"
PARAMETER = "parameter"
"""A direction beside ``request`` and ``answer``: an argument of a method, in a module of resources."""
FIELDS = "fields"
"""The same for a request that is given as keyword arguments, or as a mapping."""

_STRINGS = {
    "date": Code("dt.date"),
    # RFC 3339 with its offset (JSON Schema Validation 2020-12, 7.3.1): never a naive datetime.
    "date-time": Code("dt.datetime"),
    "binary": Code("File"),
}
_CONTAINERS = {PARAMETER: ("Sequence", "Mapping"), FIELDS: ("abc.Sequence", "abc.Mapping")}
_SCALARS = {"boolean": Code("bool"), "integer": Code("int"), "null": Code("None")}


@dataclass(frozen=True, slots=True)
class Type:
    """The Python type of a schema.

    Attributes:
        parts: the members of its union, such as ``list[InvoiceLine]`` and ``None``; mostly one.
        components: the components that it names.
    """

    parts: tuple[Code, ...]
    components: frozenset[str] = frozenset()

    @property
    def code(self) -> Code:
        """As an annotation, such as ``list[InvoiceLine] | None``."""
        return join_code(self.parts, " | ")


def _type(code: str, components: frozenset[str] = frozenset()) -> Type:
    return Type((Code(code),), components)


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
        prefix = "models." if direction in (PARAMETER, FIELDS) else ""
        bare = _type(f"{prefix}{class_name(name)}", frozenset({name}))
    elif members:
        bare = any_of(python_type(member, direction) for member in members)
    elif "const" in schema or "enum" in schema:
        bare = _enum(schema, direction)
    elif kinds:
        bare = any_of(_of_kind(kind, schema, direction) for kind in kinds)
    else:
        bare = Type((_SCALARS["null"] if schema.get("type") == "null" else Code("Any"),))
    return any_of([bare, Type((_SCALARS["null"],))]) if is_nullable(schema) else bare


def any_of(types: Iterable[Type]) -> Type:
    """The union of some types, each member once."""
    distinct = list(dict.fromkeys(types))
    components = frozenset[str]().union(*(member.components for member in distinct))
    return Type(tuple(dict.fromkeys(part for member in distinct for part in member.parts)), components)


def _enum(schema: Schema, direction: str) -> Type:
    values = [schema["const"]] if "const" in schema else schema["enum"]
    values = [value for value in values if value is not None]
    if not values:
        return Type((_SCALARS["null"],))
    number = Code("DecimalNumber" if direction == ANSWER else "Decimal")
    if not all(isinstance(value, str | int | float) for value in values):
        return Type((Code("Any"),))
    if any(isinstance(value, float) for value in values):
        # A float is no literal, and whole numbers among fractions may be written as either.
        values = [value for value in values if isinstance(value, str | bool)]
        literals = _enum({"enum": values}, direction).parts if values else ()
        return Type((number, *literals))
    literals_code = f"Literal[{join_code(map(literal, values))}]"
    # A request with another value would be refused; an answer of a newer service may have one.
    if direction != ANSWER:
        return _type(literals_code)
    kinds = sorted({type(value).__name__ for value in values})
    # The two values of a boolean are all there are.
    return _type("bool" if kinds == ["bool"] else f"OpenEnum[{literals_code}, {' | '.join(kinds)}]")


def _of_kind(kind: str, schema: Schema, direction: str) -> Type:
    if kind == "string":
        return Type((_string(schema, direction),))
    # JSON numbers are read as decimals too: a float would not keep an amount to the cent.
    if kind == "number":
        return _type("DecimalNumber" if direction == ANSWER else "Decimal")
    sequence, mapping = _CONTAINERS.get(direction, ("list", "dict"))
    if kind == "array":
        items = python_type(schema.get("items", {}), direction)
        return _type(f"{sequence}[{items.code}]", items.components)
    if kind != "object":
        return Type((_SCALARS.get(kind, Code("Any")),))
    if schema.get("properties"):
        raise failure(
            "shape-not-named",
            "an object in the contract has no component of its own",
            detail=f"Its fields are {', '.join(sorted(schema['properties']))}.",
            fix="Normalising gives every object a name; this one was passed over.",
        )
    additional = schema.get("additionalProperties")
    values = python_type(additional, direction) if isinstance(additional, dict) else _type("Any")
    return _type(f"{mapping}[str, {values.code}]", values.components)


def _string(schema: Schema, direction: str) -> Code:
    if schema.get("format") == "decimal":
        is_argument = direction in (PARAMETER, FIELDS)
        return Code("Decimal" if is_argument or not _may_be_blank(schema) else "BlankableDecimal")
    if direction == PARAMETER and schema.get("format") == "binary":
        return Code("str")
    return _STRINGS.get(schema.get("format", ""), Code("str"))


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
            if key == "properties" and isinstance(value, dict):
                # Names of fields are no keywords, whatever they begin with.
                for field_schema in value.values():
                    yield from references(field_schema)
            elif not key.startswith("x-"):
                yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)
