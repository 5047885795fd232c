"""Read the schemas of one document into shapes. Nothing is refused: a contract is compared as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pennyform.spec.diff.schemas.combine import meet, unite
from pennyform.spec.diff.schemas.nodes import (
    ANYTHING,
    CLOSED,
    OPEN,
    Mint,
    Shape,
    text,
)
from pennyform.spec.document.json_types import JsonObject
from pennyform.spec.document.references import follow

# Keywords that shape a schema; every other one is kept as a fact.
_STRUCTURE = frozenset(
    {
        "$ref",
        "additionalProperties",
        "allOf",
        "anyOf",
        "const",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "items",
        "maximum",
        "minimum",
        "nullable",
        "oneOf",
        "properties",
        "required",
        "type",
    }
)
# What a keyword means when it is not there: saying so changes nothing.
_SILENT = {"deprecated": False, "readOnly": False, "writeOnly": False, "uniqueItems": False, "minLength": 0}
_COMPONENTS = "#/components/"
# Whatever may be a reference in the text of a part; one too many does no harm.
_REFERENCE = re.compile(rf"{_COMPONENTS}[^'\"]+")
_JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


class SchemaReader:
    """Reads the schemas of one document. Each named schema is worked out once."""

    def __init__(self, document: JsonObject, mint: Mint) -> None:
        self._document = document
        self._mint = mint
        self._named: dict[str, Shape] = {}
        self._open: set[str] = set()
        self._parts: dict[str, tuple[Any, ...]] = {}

    def __call__(self, schema: Any) -> Shape:
        """The shape of a schema of this document, which may stand in another one of the same mint.

        Raises:
            Failure: a reference leads out of the document or to nothing.
        """
        identity = ("schema", *self.identity(schema))
        if identity not in self._mint.known:
            self._mint.known[identity] = self._shape(schema)
        shape: Shape = self._mint.known[identity]
        return shape

    def identity(self, value: Any) -> tuple[Any, ...]:
        """What makes a part of the document the same as one of another: its text, and what that refers to.

        Most parts of two contracts are the same, and are then read only once.
        """
        written = repr(value)
        return (written, *map(self._referred, _REFERENCE.findall(written)))

    def _referred(self, reference: str) -> Any:
        kind, _, escaped = reference.removeprefix(_COMPONENTS).partition("/")
        name = escaped.replace("~1", "/").replace("~0", "~")
        components = self._document.get("components", {}).get(kind, {})
        if name not in components:
            return None
        if kind == "schemas":
            return self._reference(reference)
        if reference not in self._parts:
            self._parts[reference] = ()
            self._parts[reference] = self.identity(components[name])
        return self._parts[reference]

    def _shape(self, schema: Any) -> Shape:
        if not isinstance(schema, dict):
            return ANYTHING if schema is not False else self._mint.make(Shape(values=()))
        elements = list(self._elements(schema))
        shape = elements[0]
        for element in elements[1:]:
            shape = meet(shape, element, self._mint)
        return shape

    def named(self, name: str) -> Shape:
        """The shape of a component, for following a circle."""
        return self._named.get(name, ANYTHING)

    def _elements(self, schema: JsonObject) -> Iterator[Shape]:
        """What a schema consists of, all of which must hold; its own keywords last, since they win."""
        if "$ref" in schema:
            yield self._reference(str(schema["$ref"]))
        for member in schema.get("allOf", ()):
            yield self._shape(member)
        for keyword in ("anyOf", "oneOf"):
            if schema.get(keyword):
                yield unite([self._shape(member) for member in schema[keyword]], self._mint)
        yield self._own(schema)

    def _reference(self, reference: str) -> Shape:
        name, schema = follow(reference, self._document, "")
        if name in self._open:
            return self._mint.make(Shape(circle=name))
        if name not in self._named:
            self._open.add(name)
            shape = self(schema)
            self._open.discard(name)
            self._mint.name(shape, [name])
            self._named[name] = shape
        return self._named[name]

    def _own(self, schema: JsonObject) -> Shape:
        types, null_type = _types(schema.get("type"))
        values, null_value = _values(schema)
        if values and not types:
            types = tuple(sorted({_JSON_TYPES[type(value)] for value in values}))
        null = null_type or null_value
        texts = None if values is None else tuple(sorted(set(map(text, values))))
        return self._mint.make(
            Shape(
                types=types,
                nullable=bool(schema.get("nullable")) or null,
                values=() if null and not types and not values else texts,
                facts=_facts(schema),
                fields={name: self._shape(inner) for name, inner in schema.get("properties", {}).items()},
                required=frozenset(map(str, schema.get("required", ()))),
                rest=self._rest(schema.get("additionalProperties", True)),
                items=self._shape(schema["items"]) if "items" in schema else None,
            )
        )

    def _rest(self, additional: Any) -> Shape | str:
        if additional is False:
            return CLOSED
        shape = self._shape(additional)
        return OPEN if shape is ANYTHING else shape


def _types(declared: Any) -> tuple[tuple[str, ...], bool]:
    """The types without null, and whether null is among them."""
    names = declared if isinstance(declared, list) else [] if declared is None else [declared]
    return tuple(sorted({str(name) for name in names if name != "null"})), "null" in names


def _values(schema: JsonObject) -> tuple[list[Any] | None, bool]:
    """The allowed values without null, None where they are free, and whether null is among them."""
    values = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if not isinstance(values, list):
        return None, False
    return [_number(value) for value in values if value is not None], None in values


def _facts(schema: JsonObject) -> JsonObject:
    facts = {
        keyword: _number(value)
        for keyword, value in schema.items()
        if keyword not in _STRUCTURE and not (keyword in _SILENT and _SILENT[keyword] == value)
    }
    lowest, highest = _bounds(schema, "minimum"), _bounds(schema, "maximum")
    if lowest:
        facts["minimum"] = max(lowest)
    if highest:
        facts["maximum"] = min(highest, key=lambda limit: (limit[0], not limit[1]))
    return facts


def _bounds(schema: JsonObject, keyword: str) -> list[tuple[float, bool]]:
    """The bounds of one side and whether they exclude their limit, as OpenAPI 3.0 or 3.1 says it."""
    limit, exclusive = schema.get(keyword), schema.get(f"exclusive{keyword.capitalize()}")
    found: list[tuple[Any, bool]] = [(limit, exclusive is True), (exclusive, True)]
    return [(_number(value), strict) for value, strict in found if type(value) in (int, float)]


def _number(value: Any) -> Any:
    """JSON's ``9.0`` and ``9`` are the same number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
