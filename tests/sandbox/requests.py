"""Requests made from the contract's schemas: one that is as small as can be, one that says everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pennyform.sandbox.contract.contract import Operation, resolve_reference
from pennyform.sandbox.generic.synthesis import kind_of

Schema = Mapping[str, Any]

_TEXTS = {
    "date": "2025-10-05",
    "date-time": "2025-10-05T08:00:00Z",
    "email": "ada@acme.example",
    "uri": "https://acme.example/hook",
    "binary": "file",
}
_PATTERNS = {
    r"^\d{14}$": "55210055400013",
    r"^\d{9}$": "552100554",
}


def bodies(operation: Operation, ids: Mapping[str, int]) -> Iterator[Any]:
    """Bodies that the schema accepts: of every form it has, without and with what may be left out.

    Args:
        operation: takes a body.
        ids: of a record of each kind, for ``customer_id`` and its like.
    """
    document = operation.body_schema
    for full in (False, True):
        # The only bodies that are bare arrays are of categories.
        yield from _Maker(document, ids, full=full).forms(document, "categories")


class _Maker:
    def __init__(self, document: dict[str, Any], ids: Mapping[str, int], *, full: bool) -> None:
        self._document = document
        self._ids = ids
        self._full = full

    def forms(self, schema: Schema, name: str = "") -> Iterator[Any]:
        found = resolve_reference(self._document, dict(schema))
        for form in found.get("anyOf", found.get("oneOf", [found])):
            if form is found:
                yield self._value(found, name)
            else:
                yield from self.forms(form, name)

    def _first(self, schema: Schema, name: str) -> Any:
        return next(self.forms(schema, name))

    def _value(self, schema: Schema, name: str) -> Any:
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        types = schema.get("type", "string")
        type_ = types if isinstance(types, str) else next(one for one in types if one != "null")
        made = {"object": self._object, "array": self._array, "string": self._text}
        if type_ in made:
            return made[type_](schema, name)
        if type_ == "boolean":
            return True
        return self._ids.get(name.removesuffix("_id"), 1) if name.endswith("id") else 1

    def _object(self, schema: Schema, name: str) -> dict[str, Any]:
        wanted = schema.get("properties", {})
        names = wanted if self._full else schema.get("required", ())
        # The id of a thing in a list is that of what the list is of.
        return {one: self._first(wanted[one], f"{kind_of(name)}_id" if one == "id" else one) for one in names}

    def _array(self, schema: Schema, name: str) -> list[Any]:
        fewest = max(1, schema.get("minItems", 0))
        return [self._first(schema["items"], name)] * fewest

    def _text(self, schema: Schema, name: str) -> str:
        if schema.get("format") in _TEXTS:
            return _TEXTS[schema["format"]]
        if schema.get("pattern") in _PATTERNS:
            return _PATTERNS[schema["pattern"]]
        if "amount" in name or "price" in name or name in ("currency_tax", "tax", "fee", "value", "weight"):
            return "1"
        return {"debit": "0", "credit": "0", "country_alpha2": "FR", "code": "ABC"}.get(name, "text")
