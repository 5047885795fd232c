"""Fields of definitions: from request schemas, and the keys that pennyform adds.

The conversion knows no field by name: what differs from the contract comes from the declared mapping
(``templates/definitions``), everything else is carried over as it is.

A mapping writes plain JSON Schema with four words of its own: ``amount`` for quoted decimal text, ``key`` for
a natural key, ``component`` for an enum of the contract, ``alternatives`` for fields of which one says what
is meant.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from pennyform.spec.document.json_types import JsonObject
from pennyform.spec.normaliser.contract import Schema

# At most 6 decimals, as unit prices have, and few enough digits that totals stay exact.
# `(?!\n)`: in Python's dialect `$` also matches before a final line feed, in ECMA's it does not.
DECIMAL_PATTERN = r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$(?!\n)"
DECIMAL_MESSAGE = 'An amount as quoted text with a dot and at most 6 decimals, such as "100.00".'

# Not the plain `false`: jsonschema loses the place of a value that `false` refuses.
NOTHING: Schema = {"not": {}, "errorMessage": "This field does not belong here."}

_CARRIED = (
    "type",
    "enum",
    "const",
    "format",
    "default",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
)


class UnsupportedShapeError(ValueError):
    """The contract uses a shape that definitions cannot be derived from without a declaration."""


class Fields:
    """Converts the request schemas of one kind of definition.

    Args:
        components: the contract's ``components.schemas``.
        mapping: the declared mapping of this kind.
        added: the names of pennyform's own keys, by the path of the object that they stand in.
        lenient: whether an optional field of a shape that cannot be derived takes any value.
        refused: values that no definition may have, though an enum of the contract has them.

    Attributes:
        renamed: the contract's fields that bear the name of a key of pennyform's, by path; each is called
            ``api_<name>`` in definitions.
        unchecked: the fields that take any value, by path, and why; None when that is an error.
    """

    def __init__(
        self,
        components: Mapping[str, Schema],
        mapping: JsonObject,
        added: Mapping[str, Collection[str]] = MappingProxyType({}),
        *,
        lenient: bool = False,
        refused: Collection[str] = (),
    ) -> None:
        self.renamed: dict[str, str] = {}
        self.unchecked: dict[str, str] | None = {} if lenient else None
        self._components = components
        self._added = added
        self._refused = refused
        self._keys: Mapping[str, Schema] = mapping.get("keys", {})
        self._words: Mapping[str, Schema] = mapping.get("words", {})
        self._orders: Mapping[str, list[str]] = mapping.get("order_within", {})

    def resolve(self, schema: Schema) -> Schema:
        """``schema`` itself, or what its ``$ref`` names, keeping what stands beside the reference."""
        while "$ref" in schema:
            beside = {name: value for name, value in schema.items() if name != "$ref"}
            schema = {**self._components[schema["$ref"].rsplit("/", 1)[-1]], **beside}
        return schema

    def convert(self, schema: Schema, path: str = "", beside: Collection[str] = ()) -> Schema:
        """The draft-07 form of ``schema``, which stands at ``path`` (``invoice_lines[].label``).

        ``beside`` are the contract's fields of the other variants of a union.
        """
        schema = self.resolve(schema)
        variants = schema.get("oneOf") or schema.get("anyOf")
        if variants:
            return self._union([self.resolve(variant) for variant in variants], path)
        if "properties" in schema:
            return self._object(schema, path, beside)
        if "items" in schema:
            array = {"type": schema["type"], "items": self.convert(schema["items"], f"{path}[]")}
            return array | {name: schema[name] for name in ("minItems", "maxItems") if name in schema}
        # A scalar.
        carried = {name: schema[name] for name in _CARRIED if name in schema}
        if self._refused and "enum" in carried:
            carried["enum"] = [value for value in carried["enum"] if value not in self._refused]
        if carried.get("format") == "decimal" and "string" in _types(carried):
            carried |= {"pattern": DECIMAL_PATTERN, "patternErrorMessage": DECIMAL_MESSAGE}
        description = schema.get("description")
        return ({"description": description} if description else {}) | carried

    def _object(self, schema: Schema, path: str, beside: Collection[str]) -> Schema:
        properties = {}
        fields = schema["properties"]
        names = self._names({**fields, **dict.fromkeys(beside)}, path)
        for name, member in fields.items():
            key = self._keys.get(name)
            if key:
                properties[names[name]] = natural_key(key, sends=name)
                continue
            required = name in schema.get("required", ())
            converted = self.add_words(
                self._convert_member(member, f"{path}.{name}".lstrip("."), required=required), path, name
            )
            if names[name] != name:
                converted["x-pennyform-sends"] = name
            properties[names[name]] = converted
        return {
            "type": schema.get("type", "object"),
            "additionalProperties": False,
            "properties": sort_fields(properties, self._orders.get(path, ())),
            "required": [names[name] for name in schema.get("required", ())],
        }

    def _names(self, fields: Collection[str], path: str) -> dict[str, str]:
        """What fields of the contract, of one object or of all variants of a union, are called here."""
        keys = {name: str(self._keys[name]["name"]) for name in fields if name in self._keys}
        # A key of ours keeps its name when the vendor takes it one day: definitions stay what they are.
        taken = {*keys.values(), *self._added.get(path, ())}
        names = {name: name for name in fields} | keys
        for name in sorted(taken & {*fields} - keys.keys()):
            candidates = (f"{'api_' * times}{name}" for times in itertools.count(1))
            names[name] = next(called for called in candidates if called not in {*fields, *taken})
            self.renamed[f"{path}.{name}".lstrip(".")] = names[name]
        return names

    def _convert_member(self, schema: Schema, path: str, *, required: bool) -> Schema:
        try:
            return self.convert(schema, path)
        except UnsupportedShapeError as problem:
            if required or self.unchecked is None:
                raise
            # It can be left out: that nothing can be said about its form is no reason to lose all others.
            self.unchecked[path] = str(problem)
            return {}

    def add_words(self, schema: Schema, path: str, name: str) -> Schema:
        """``schema`` with the declared words for the field ``name`` of the object at ``path``."""
        words = dict(self._words.get(f"{path}.{name}".lstrip(".")) or self._words.get(name) or {})
        without = words.pop("without", ())
        title = {"title": words.pop("title", name.replace("_", " ").capitalize())}
        if without and "enum" in schema:
            schema = schema | {"enum": [value for value in schema["enum"] if value not in without]}
        # The first words keep them on top for the reader, the second let them win: they speak of definitions.
        return title | words | schema | words

    def _union(self, variants: list[Schema], path: str) -> Schema:
        objects = [variant for variant in variants if variant.get("type") != "null"]
        if len(objects) == 1:
            converted = self.convert(objects[0], path)
            return converted if len(variants) == 1 else make_nullable(converted)
        if len(objects) != 2 or not all("properties" in variant for variant in objects):
            raise UnsupportedShapeError(
                f"{path or 'the request'}: a union of {len(objects)} that is not two objects"
            )
        beside = {name: None for variant in objects for name in variant["properties"]}
        joined = join_by_presence([self.convert(variant, path, beside) for variant in objects], path)
        return joined | {"properties": sort_fields(joined["properties"], self._orders.get(path, ()))}


def sort_fields(properties: Schema, order: Sequence[str]) -> Schema:
    """``properties`` with those named in ``order`` first, the others behind them as they came."""
    first = [name for name in order if name in properties]
    return {name: properties[name] for name in dict.fromkeys([*first, *properties])}


def natural_key(key: JsonObject, *, sends: str) -> Schema:
    """The schema of a field that names something by a natural key, or by ``{id: N}``."""
    return {
        "title": key["title"],
        "description": key["description"],
        "examples": key["examples"],
        "type": ["string", "object"],
        "minLength": 1,
        "additionalProperties": False,
        "properties": {"id": {"title": "Id in the account", "type": "integer", "minimum": 1}},
        "required": ["id"],
        "x-pennyform-key": {"kind": key["kind"], "field": key["field"], "sends": sends},
    }


def join_by_presence(variants: list[Schema], path: str) -> Schema:
    """Two object variants as one: the first is meant when a field that only it requires is there.

    Editors and validators then explain only the variant that the author meant.
    """
    first, second = variants
    marks = [name for name in first["required"] if name not in second["properties"]]
    if not marks:
        raise UnsupportedShapeError(f"{path}: nothing tells the two variants apart")
    return merge(variants) | {
        "if": {"required": marks[:1]},
        "then": restriction(first, variants),
        "else": restriction(second, variants),
    }


def merge(variants: list[Schema]) -> Schema:
    """One object with the fields of all ``variants``; what a variant forbids is up to its restriction."""
    properties: Schema = {}
    for variant in variants:
        for name, schema in variant["properties"].items():
            first = properties.setdefault(name, schema)
            if first != schema:
                properties[name] = {"anyOf": [first, schema]}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def restriction(variant: Schema, variants: list[Schema]) -> Schema:
    """What ``variant`` demands beyond the merged fields: its required ones, and none of the others'."""
    foreign = [
        name
        for alternative in variants
        for name in alternative["properties"]
        if name not in variant["properties"]
    ]
    forbidden = {"properties": dict.fromkeys(foreign, NOTHING)} if foreign else {}
    return {"required": variant["required"], **forbidden}


def _types(schema: Schema) -> list[str]:
    types = schema.get("type", [])
    return types if isinstance(types, list) else [types]


def make_nullable(schema: Schema) -> Schema:
    """``schema`` with null as one more value."""
    enum = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return schema | {"type": [*_types(schema), "null"]} | enum


def added_key(fields: Fields, name: str, declared: JsonObject) -> Schema:
    """The schema of the added key ``name``, marked as pennyform's own.

    Args:
        fields: knows the contract's components.
        name: how a definition calls the key.
        declared: its schema, with short forms.
    """
    if "key" in declared:
        words = {word: declared[word] for word in ("title", "description", "examples")}
        schema = natural_key({**words, **declared["key"]}, sends=name)
    else:
        schema = _expand(fields, declared)
    return {**schema, "x-pennyform-added": True}


def _expand(fields: Fields, declared: JsonObject) -> Schema:
    """``declared`` with its short forms written out, at every depth."""
    schema: Schema = {}
    for word, value in declared.items():
        match word:
            case "properties":
                schema[word] = {name: _expand(fields, member) for name, member in value.items()}
            case "items" | "additionalProperties" if isinstance(value, Mapping):
                schema[word] = _expand(fields, {**value})
            case "amount":
                schema |= {
                    "type": "string" if value is True else value,
                    "format": "decimal",
                    "pattern": DECIMAL_PATTERN,
                    "patternErrorMessage": DECIMAL_MESSAGE,
                }
            case "component":
                component = fields.convert({"$ref": f"#/components/schemas/{value}"})
                without = declared.get("without", ())
                values = [member for member in component["enum"] if member not in without]
                schema |= {**component, "enum": values}
            case "alternatives":
                schema |= _alternatives(value)
            case "without":
                pass
            case _:
                schema[word] = value
    return schema


def _alternatives(companions: Mapping[str, list[str]]) -> Schema:
    """Of several fields the first that is there counts; the last is needed when none is.

    ``companions`` are the fields that may go with each. What goes with another alternative only is refused.
    """
    (name, allowed), *rest = companions.items()
    if not rest:
        return {"required": [name]}
    foreign = [field for rival, theirs in rest for field in (rival, *theirs) if field not in allowed]
    return {
        "if": {"required": [name]},
        "then": {"properties": dict.fromkeys(foreign, NOTHING)},
        "else": _alternatives(dict(rest)),
    }
