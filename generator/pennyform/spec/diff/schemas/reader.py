"""Read the schemas of one document into nodes. Nothing is refused: a contract is compared as it is."""

from __future__ import annotations

import re
from collections.abc import Hashable
from functools import reduce

from pennyform.spec.diff.schemas.combine import intersect, unite
from pennyform.spec.diff.schemas.node import ANYTHING, CLOSED, OPEN, SchemaNode, SchemaPool, json_text
from pennyform.spec.document.json_types import Json, JsonObject
from pennyform.spec.document.references import follow

# Keywords that a node has a part of its own for; every other one is a constraint.
_STRUCTURE = frozenset(
    {
        *("$ref", "additionalProperties", "allOf", "anyOf", "const", "enum", "exclusiveMaximum"),
        *("exclusiveMinimum", "items", "maximum", "minimum", "nullable", "oneOf", "properties", "required"),
        "type",
    }
)
# What a keyword means when it is not there: saying so changes nothing.
_DEFAULTS = {"deprecated": False, "readOnly": False, "writeOnly": False, "uniqueItems": False, "minLength": 0}
_COMPONENTS = "#/components/"
# Whatever may be a reference in the text of a part; one too many does no harm.
_REFERENCE = re.compile(rf"{_COMPONENTS}[^'\"]+")
_JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


class SchemaReader:
    """Reads the schemas of one document. Each named schema is worked out once."""

    def __init__(self, document: JsonObject, pool: SchemaPool) -> None:
        self._document = document
        self._pool = pool
        self._named: dict[str, SchemaNode] = {}
        self._open: set[str] = set()
        self._identities: dict[str, Hashable] = {}

    def read(self, schema: Json) -> SchemaNode:
        """The node of a schema of this document, which may stand in another one of the same pool.

        Raises:
            Failure: a reference leads out of the document or to nothing.
        """
        identity = ("schema", self.identity(schema))
        if identity not in self._pool.known:
            self._pool.known[identity] = self._read(schema)
        node: SchemaNode = self._pool.known[identity]
        return node

    def identity(self, value: Json) -> Hashable:
        """What makes a part of the document the same as one of another: its text, and what that refers to.

        Most parts of two contracts are the same, and are then read only once.
        """
        # Of records as well as of JSON; it tells 1 from true.
        text = repr(value)
        return (text, *map(self._referred_identity, _REFERENCE.findall(text)))

    def _referred_identity(self, reference: str) -> Hashable:
        kind, _, escaped = reference.removeprefix(_COMPONENTS).partition("/")
        name = escaped.replace("~1", "/").replace("~0", "~")
        components = self._document.get("components", {}).get(kind, {})
        if name not in components:
            return None
        if kind == "schemas":
            return self._referred(reference)
        if reference not in self._identities:
            self._identities[reference] = ()  # should it refer to itself
            self._identities[reference] = self.identity(components[name])
        return self._identities[reference]

    def named(self, name: str) -> SchemaNode:
        """The node of a component, for following a cycle."""
        return self._named.get(name, ANYTHING)

    def _read(self, schema: Json) -> SchemaNode:
        if not isinstance(schema, dict):
            return ANYTHING if schema is not False else self._pool.intern(SchemaNode(values=()))
        parts = [self._referred(str(schema["$ref"]))] if "$ref" in schema else []
        parts += [self._read(member) for member in schema.get("allOf", ())]
        for keyword in ("anyOf", "oneOf"):
            if schema.get(keyword):
                parts.append(unite([self._read(member) for member in schema[keyword]], self._pool))
        # All of them must hold. Of two annotations the last counts: the schema's own keywords win.
        parts.append(self._own_keywords(schema))
        return reduce(lambda node, part: intersect(node, part, self._pool), parts)

    def _referred(self, reference: str) -> SchemaNode:
        name, schema = follow(reference, self._document, "")
        if name in self._open:
            return self._pool.intern(SchemaNode(cycle=name))
        if name not in self._named:
            self._open.add(name)
            node = self.read(schema)
            self._open.discard(name)
            self._pool.add_origins(node, [name])
            self._named[name] = node
        return self._named[name]

    def _own_keywords(self, schema: JsonObject) -> SchemaNode:
        declared = schema.get("type")
        names = declared if isinstance(declared, list) else [] if declared is None else [declared]
        types = tuple(sorted({str(name) for name in names if name != "null"}))
        enum = schema.get("enum", [schema["const"]] if "const" in schema else None)
        values = [_number(value) for value in enum if value is not None] if isinstance(enum, list) else None
        null = "null" in names or (isinstance(enum, list) and None in enum)
        if values and not types:
            types = tuple(sorted({_JSON_TYPES[type(value)] for value in values}))
        texts = None if values is None else tuple(sorted(set(map(json_text, values))))
        additional: SchemaNode | str = CLOSED
        if schema.get("additionalProperties") is not False:
            node = self._read(schema.get("additionalProperties", True))
            additional = OPEN if node is ANYTHING else node
        return self._pool.intern(
            SchemaNode(
                types=types,
                nullable=bool(schema.get("nullable")) or null,
                values=() if null and not types and not values else texts,
                constraints=_constraints(schema),
                fields={name: self._read(inner) for name, inner in schema.get("properties", {}).items()},
                required=frozenset(map(str, schema.get("required", ()))),
                additional=additional,
                items=self._read(schema["items"]) if "items" in schema else None,
            )
        )


def _constraints(schema: JsonObject) -> JsonObject:
    constraints = {
        keyword: _number(value)
        for keyword, value in schema.items()
        if keyword not in _STRUCTURE and not (keyword in _DEFAULTS and _DEFAULTS[keyword] == value)
    }
    lowest, highest = _bounds(schema, "minimum"), _bounds(schema, "maximum")
    if lowest:
        constraints["minimum"] = max(lowest)
    if highest:
        constraints["maximum"] = min(highest, key=lambda limit: (limit[0], not limit[1]))
    return constraints


def _bounds(schema: JsonObject, keyword: str) -> list[tuple[float, bool]]:
    """The bounds of one side and whether they exclude their limit, as OpenAPI 3.0 or 3.1 says it."""
    limit, exclusive = schema.get(keyword), schema.get(f"exclusive{keyword.capitalize()}")
    bounds: list[tuple[Json, bool]] = [(limit, exclusive is True), (exclusive, True)]
    return [(_number(value), excluded) for value, excluded in bounds if type(value) in (int, float)]


def _number(value: Json) -> Json:
    """JSON's ``9.0`` and ``9`` are the same number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
