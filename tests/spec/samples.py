"""Values made from an OpenAPI 3.0 schema, and its literal translation, without the normaliser's help."""

from __future__ import annotations

import copy
from collections.abc import Iterator

_TEXTS = {
    "date": "2026-02-28",
    "date-time": "2026-02-28T12:00:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com/1",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
}
_MANY = 20


def translated(schema, *, names=False):
    """OpenAPI 3.0 as JSON Schema 2020-12: ``nullable`` adds null, everything else stays as it is."""
    if isinstance(schema, list):
        return [translated(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if names:
        return {key: translated(item) for key, item in schema.items()}
    # OpenAPI gives nullable a meaning only beside a type, and an enum of a nullable type admits null.
    kept = {
        key: translated(item, names=key in ("properties", "components", "schemas"))
        for key, item in schema.items()
        if key not in ("nullable", "default", "enum")
    }
    if "enum" in schema:
        kept["enum"] = schema["enum"]
    if schema.get("nullable") and "type" in schema:
        components = kept.pop("components", None)
        kept = {"anyOf": [kept, {"type": "null"}], **({"components": components} if components else {})}
    return kept


def samples(schema, document=None) -> Iterator[object]:
    """Conforming values: the least, the most, and each variant of each part, a bounded number of them."""
    yield from _limited(_samples(schema, document or {}))


def _limited(values):
    for count, value in enumerate(values):
        if count == _MANY:
            return
        yield value


def _samples(schema, document):
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        target = document["components"]["schemas"][name]
        yield from _samples({**target, **{key: schema[key] for key in schema if key != "$ref"}}, document)
    elif "allOf" in schema:
        yield from _samples(_flat(schema, document), document)
    elif "anyOf" in schema or "oneOf" in schema:
        base = {
            key: value
            for key, value in schema.items()
            if key not in ("anyOf", "oneOf", "type", "description")
        }
        for member in schema.get("anyOf", schema.get("oneOf")):
            yield from _samples({**base, **_flat(member, document)}, document)
    else:
        yield from _leaf(schema, document)
        if schema.get("nullable"):
            yield None


def _flat(schema, document):
    """A naive merge that is enough for sampling: later keywords win, properties and required add up."""
    if "$ref" in schema:
        return _flat(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    flat = {key: value for key, value in schema.items() if key != "allOf"}
    for member in schema.get("allOf", []):
        part = _flat(member, document)
        properties = {**flat.get("properties", {}), **part.get("properties", {})}
        required = [*flat.get("required", []), *part.get("required", [])]
        flat = {**flat, **part}
        if properties:
            flat |= {"properties": properties, "required": required}
    return flat


def _leaf(schema, document):
    if "enum" in schema:
        yield from [value for value in schema["enum"][:3] if value is not None]
    elif schema.get("properties"):
        yield from _objects(schema, document)
    elif schema.get("type") == "array":
        least = schema.get("minItems", 0)
        items = list(samples(schema.get("items", {}), document))
        yield [items[0]] * least
        for item in items:
            yield [item] * max(1, least) if not schema.get("uniqueItems") else [item]
    elif schema.get("type") == "object":
        rest = schema.get("additionalProperties")
        yield {}
        if isinstance(rest, dict):
            yield from ({"1": item} for item in samples(rest, document))
    else:
        yield from _scalar(schema)


def _objects(schema, document):
    parts = {name: list(samples(item, document)) for name, item in schema["properties"].items()}
    parts = {name: values for name, values in parts.items() if values}
    required = set(schema.get("required", []))
    if required <= parts.keys():
        yield {name: parts[name][0] for name in sorted(required)}
    whole = {name: values[0] for name, values in parts.items()}
    yield whole
    # Every other sample of every part, one at a time, but not the product of them.
    for name, values in parts.items():
        for value in values[1:4]:
            yield {**whole, name: value}


def _scalar(schema):
    kind = schema.get("type")
    if kind == "boolean":
        yield from (True, False)
    elif kind in ("integer", "number"):
        yield max(schema.get("minimum", 1), min(schema.get("maximum", 12), 12))
    elif kind == "string":
        yield _text(schema)
    else:
        yield "anything"


def _text(schema):
    text = _TEXTS.get(schema.get("format"), "12.5" if "\\d" in schema.get("pattern", "") else "text")
    if schema.get("pattern", "").startswith(r"\A") or "{14}" in schema.get("pattern", ""):
        text = "12345678901234"
    if schema.get("pattern") == "^[0-9]+$" or "0-9" in schema.get("pattern", ""):
        text = "411000"
    text = text.ljust(schema.get("minLength", 0), "x")
    return text[: schema.get("maxLength", len(text))]


def near_misses(values) -> Iterator[object]:
    """Each value with one thing wrong somewhere: too much, too little, or of another kind."""
    for value in values:
        for place in _places(value):
            for wrong in (None, "", "not among the values", 1.5, True, [], {}):
                yield _replaced(value, place, wrong)
            inner = _at(value, place)
            if isinstance(inner, dict):
                yield _replaced(value, place, {**inner, "unknown": 1})
                for name in inner:
                    rest = {key: item for key, item in inner.items() if key != name}
                    yield _replaced(value, place, rest)


def _places(value, place=()):
    yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _places(item, (*place, key))


def _at(value, place):
    for key in place:
        value = value[key]
    return value


def _replaced(value, place, new):
    if not place:
        return new
    changed = copy.copy(value)
    changed[place[0]] = _replaced(value[place[0]], place[1:], new)
    return changed
