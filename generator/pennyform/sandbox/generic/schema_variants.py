"""A JSON schema, read once: the variants that a value may take, and what each variant asks of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from pennyform.sandbox.contract.contract import Operation, resolve_reference
from pennyform.sandbox.json_types import Json, JsonObject

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, Decimal),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
# None is a value that a schema can offer.
_NO_DEFAULT: Json = object()


@dataclass(frozen=True, slots=True, eq=False)
class SchemaVariant:
    """One alternative of a schema.

    ``properties`` is None but for objects, ``item`` is empty but for arrays; ``default`` is what the schema
    itself offers when nothing is known (its constant, its default, its first value).
    """

    types: tuple[str, ...]
    accepted: tuple[type, ...]
    values: tuple[Json, ...]
    pattern: re.Pattern[str] | None
    properties: Mapping[str, tuple[SchemaVariant, ...]] | None
    item: tuple[SchemaVariant, ...]
    default: Json
    format: str
    minimum: int
    non_empty: bool

    def fits(self, value: Json) -> bool:
        """Whether a value is of the variant's type, one of its values, and of its pattern."""
        if isinstance(value, bool):
            return "boolean" in self.types
        if not isinstance(value, self.accepted):
            return False
        if self.values and value is not None and value not in self.values:
            return False
        return self.pattern is None or not isinstance(value, str) or bool(self.pattern.search(value))

    @property
    def has_default(self) -> bool:
        """Whether the schema offers a value."""
        return self.default is not _NO_DEFAULT


@cache
def record_variant(operation: Operation) -> SchemaVariant | None:
    """The schema of a record in an operation's answer, or in the list that it is; None without a body."""
    if operation.response_schema is None:
        return None
    answer = _read_variants(operation.response_schema, operation.response_schema)[0]
    if answer.properties and "next_cursor" in answer.properties:
        (items,) = answer.properties["items"]
        return items.item[0]
    return answer


def _read_variants(document: JsonObject, schema: JsonObject) -> tuple[SchemaVariant, ...]:
    """Every variant that a schema allows, references and alternatives resolved; null comes first."""
    schema = resolve_reference(document, schema)
    alternatives = schema.get("anyOf", schema.get("oneOf"))
    if alternatives is not None:
        variants = [variant for inner in alternatives for variant in _read_variants(document, inner)]
        return tuple(sorted(variants, key=lambda variant: not variant.fits(None)))
    declared = schema.get("type", [*_TYPES, "boolean"])
    types = tuple(declared) if isinstance(declared, list) else (declared,)
    properties = schema.get("properties", {})
    values = tuple(schema.get("enum", ()))
    variant = SchemaVariant(
        types=types,
        accepted=tuple(kind for name in types for kind in _TYPES.get(name, ())),
        values=values,
        pattern=re.compile(schema["pattern"]) if "pattern" in schema else None,
        properties={name: _read_variants(document, inner) for name, inner in properties.items()} or None,
        item=_read_variants(document, schema["items"]) if "items" in schema else (),
        default=schema.get("const", schema.get("default", next(iter(values), _NO_DEFAULT))),
        format=schema.get("format", ""),
        minimum=schema.get("minimum", 0),
        non_empty=bool(schema.get("minLength")),
    )
    return (variant,)
