"""Random legal schemas, each production a kind by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .document import Document, Schema

# Names that Python, the emitted modules or their neighbours have already, or cannot have at all.
NAMES = (
    "class", "field", "dt", "list", "dict", "int", "str", "type", "@type", "self", "body", "None", "from",
    "createdAt", "created_at", "created-at", "x-y", "a b", "1st", "é", "_private", "__all__", "model", "copy",
    "to_dict", "items", "keys", "Decimal", "UNSET", "Any", "async", "$ref_", "a.b", "is_valid", "json", "id",
    "__slots__", "msgspec", "File", "models", "cursor", "filter", "match", "error", "ids[]", "bool", "object",
)  # fmt: skip
COMPONENTS = (
    "Thing", "File", "Request", "Answer", "Any", "Decimal", "class", "list", "foo.bar", "Foo_Bar", "foo-bar",
    "Literal", "UNSET", "Client", "Page", "Variants", "Error", "Filter", "Part", "v2.Thing", "TypeAlias",
)  # fmt: skip
WORDS = ("draft", "final", "in-progress", "a b", "", "é", "1", "None", 'quo"te', "back\\slash", "UPPER")
Make = Callable[["Schemas", int], Schema]


class Schemas:
    """Makes schemas for one contract; ``flat`` ones are scalars, arrays of them, or objects of them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.rng = document.rng

    def any(self, depth: int = 0) -> Schema:
        """A schema of any kind."""
        if depth > 2:
            return self.scalar()
        name = self.document.choose(KINDS)
        self.document.use(name)
        return KINDS[name](self, depth)

    def scalar(self) -> Schema:
        """A schema of text, a number, a boolean, an enum or a date."""
        name = self.rng.choice(list(SCALARS))
        self.document.use(name)
        return SCALARS[name](self, 0)

    def component(self, schema: Schema, name: str = "") -> Schema:
        """The reference to a new component."""
        return self.document.add("schemas", schema, name or self.rng.choice(COMPONENTS))

    def nullable(self, schema: Schema) -> Schema:
        """A schema that allows null too, in one of the ways that the version has."""
        if not self.document.modern:
            # Beside a reference, as vendors write it; in allOf, as the specification has it.
            if "$ref" in schema and self.rng.random() < 0.5:
                return {"nullable": True, "allOf": [schema]}
            if "enum" in schema and None not in schema["enum"]:
                schema = {**schema, "enum": [*schema["enum"], None]}
            return {**schema, "nullable": True}
        if isinstance(schema.get("type"), str) and "enum" not in schema and self.rng.random() < 0.6:
            return {**schema, "type": [schema["type"], "null"]}
        return {self.rng.choice(("oneOf", "anyOf")): [schema, {"type": "null"}]}

    def object(self, depth: int = 0, names: tuple[str, ...] = ("alpha", "beta", "gamma_delta")) -> Schema:
        """An object with fields of any kind."""
        chosen = self.rng.sample(names, self.rng.randrange(1, min(4, len(names) + 1)))
        properties = {name: self.any(depth + 1) for name in chosen}
        required = [name for name in chosen if self.rng.random() < 0.4]
        return {"type": "object", "properties": properties, **({"required": required} if required else {})}

    def json_object(self) -> Schema:
        """An object with fields, mostly behind a reference: what a body or an answer mostly is."""
        schema = self.object()
        return self.component(schema) if self.rng.random() < 0.5 else schema


def _enum(schemas: Schemas, _: int) -> Schema:
    values = schemas.rng.sample(WORDS, schemas.rng.randrange(2, 5))
    return {"type": "string", "enum": values}


def _number_enum(schemas: Schemas, _: int) -> Schema:
    return {"type": "number", "enum": [5.5, 10, 20] if schemas.rng.random() < 0.5 else [0.5, 2.25]}


def _constant(schemas: Schemas, _: int) -> Schema:
    value: Any = schemas.rng.choice(("archived", True, 7))
    kind = {str: "string", bool: "boolean", int: "integer"}[type(value)]
    if schemas.document.modern and schemas.rng.random() < 0.5:
        return {"const": value}
    return {"type": kind, "enum": [value]}


def _mixed_enum(schemas: Schemas, _: int) -> Schema:
    return {"enum": ["auto", 1, 2]}


def _nested(schemas: Schemas, depth: int) -> Schema:
    inner = schemas.nullable({"type": "array", "items": schemas.nullable({"type": "integer"})})
    if schemas.rng.random() < 0.5:
        return {"type": "array", "items": inner}
    return {"type": "object", "additionalProperties": inner}


def _arrays_of_decimals(schemas: Schemas, _: int) -> Schema:
    inner = schemas.rng.choice(({"type": "number"}, {"type": "string", "format": "decimal"}))
    return {"type": "array", "items": schemas.rng.choice((inner, {"type": "array", "items": inner}))}


def _tagged(schemas: Schemas, depth: int) -> Schema:
    """A union by a discriminator, whose field is declared as text, as a constant, or not at all."""
    form = schemas.rng.choice(("text", "constant", "mapping"))
    tag = schemas.rng.choice(("kind", "type", "@type", "petType"))
    members, mapping = [], {}
    for position, name in enumerate(schemas.rng.sample(("Cat", "Dog", "Owl"), schemas.rng.choice((2, 3)))):
        schema = schemas.object(depth + 1, ("lives", "wings", "name"))
        schema["properties"][tag] = {"type": "string"}
        schema["required"] = [*schema.get("required", ()), tag]
        reference = schemas.component(schema, f"{name}{schemas.document.number()}")
        if form == "constant":
            schema["properties"][tag] = {"type": "string", "enum": [reference["$ref"].rpartition("/")[2]]}
        if form == "mapping":
            mapping[f"{name.lower()}-{position}"] = reference["$ref"]
        members.append(reference)
    discriminator = {"propertyName": tag, **({"mapping": mapping} if mapping else {})}
    return {"oneOf": members, "discriminator": discriminator}


def _by_fields(schemas: Schemas, depth: int) -> Schema:
    """A union of objects that only their required fields tell apart."""
    members: list[Schema] = []
    for name in schemas.rng.sample(("radius", "width", "side"), 2):
        schema = {
            "type": "object",
            "properties": {name: {"type": "integer"}, f"{name}_note": schemas.scalar()},
        }
        schema |= {"required": [name]}
        members.append(schemas.component(schema) if schemas.rng.random() < 0.5 else schema)
    return {schemas.rng.choice(("oneOf", "anyOf")): members}


def _objects_and_scalars(schemas: Schemas, depth: int) -> Schema:
    scalars = schemas.rng.sample(({"type": "string"}, {"type": "integer"}, {"type": "boolean"}), 1)
    return {"oneOf": [*_by_fields(schemas, depth).popitem()[1], *scalars]}


def _scalars(schemas: Schemas, _: int) -> Schema:
    decimal = {"type": "string", "format": "decimal"}
    pair = schemas.rng.choice(
        (
            [{"type": "number"}, {"type": "string"}],
            [decimal, {"type": "boolean"}],
            [{"type": "integer"}, {"type": "string"}],
            [{"type": "string", "format": "date"}, {"type": "integer"}],
            [{"type": "number"}, {"type": "array", "items": {"type": "number"}}],
        )
    )
    return {"oneOf": pair}


def _type_list(schemas: Schemas, _: int) -> Schema:
    if not schemas.document.modern:
        return {"anyOf": [{"type": "string"}, {"type": "integer"}]}
    kinds = schemas.rng.sample(("string", "integer", "boolean", "null"), schemas.rng.choice((2, 3)))
    return {"type": kinds}


def _all_of(schemas: Schemas, depth: int) -> Schema:
    base = schemas.component(schemas.object(depth + 1, ("base_one", "base_two")))
    own = schemas.object(depth + 1, ("own_one", "own_two"))
    return {"allOf": [base, own]}


def _odd_names(schemas: Schemas, depth: int) -> Schema:
    names = tuple(schemas.rng.sample(NAMES, 5))
    return {"type": "object", "properties": {name: schemas.scalar() for name in names}}


def _directions(schemas: Schemas, depth: int) -> Schema:
    schema = schemas.object(depth + 1)
    schema["properties"] |= {
        "made_by_service": {"type": "integer", "readOnly": True},
        "secret": {"type": "string", "writeOnly": True},
    }
    schema["required"] = [*schema.get("required", ()), "made_by_service", "secret"]
    return schemas.component(schema) if schemas.rng.random() < 0.5 else schema


def _deprecated(schemas: Schemas, _: int) -> Schema:
    return {**schemas.scalar(), "deprecated": True}


def _more_properties(schemas: Schemas, depth: int) -> Schema:
    return {**schemas.object(depth + 1), "additionalProperties": schemas.scalar()}


def _recursive(schemas: Schemas, depth: int) -> Schema:
    schemas.document.use("recursion", "the schema contains itself")
    reference = schemas.component({})
    schema = schemas.document.at(reference["$ref"])
    schema |= {
        "type": "object",
        "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": dict(reference)}},
    }
    return reference


def _base_discriminator(schemas: Schemas, depth: int) -> Schema:
    """A discriminator on the schema that others extend by ``allOf``: a reference to it means one of them."""
    tag = schemas.rng.choice(("kind", "petType"))
    base = schemas.object(depth + 1, ("name", "age"))
    base["properties"][tag] = {"type": "string"}
    base["required"] = [*base.get("required", ()), tag]
    base["discriminator"] = {"propertyName": tag}
    reference = schemas.component(base, f"Base{schemas.document.number()}")
    mapping = {}
    for name in ("Lion", "Bear"):
        child = {
            "allOf": [reference, schemas.object(depth + 1, (f"{name.lower()}_one", f"{name.lower()}_two"))]
        }
        mapping[name.lower()] = schemas.component(child, f"{name}{schemas.document.number()}")["$ref"]
    if schemas.rng.random() < 0.5:
        base["discriminator"]["mapping"] = mapping
    # What values there are, for the maker of values: the generator is not told.
    schemas.document.children[reference["$ref"]] = list(mapping.values())
    return reference


def _default(schemas: Schemas, _: int) -> Schema:
    return schemas.rng.choice(({"type": "integer", "default": 5}, {"type": "string", "default": 'a"b'}))


_FORMATS = ("uuid", "email", "uri", "byte", "time", "duration", "password", "hostname", "of-a-vendor")
SCALARS: dict[str, Make] = {
    "text": lambda schemas, _: {"type": "string"},
    "formats of text": lambda schemas, _: {"type": "string", "format": schemas.rng.choice(_FORMATS)},
    "integers": lambda schemas, _: schemas.rng.choice(
        ({"type": "integer"}, {"type": "integer", "format": "int32"}, {"type": "integer", "minimum": 0})
    ),
    "numbers": lambda schemas, _: schemas.rng.choice(
        ({"type": "number"}, {"type": "number", "format": "double"}, {"type": "number", "format": "decimal"})
    ),
    "booleans": lambda schemas, _: {"type": "boolean"},
    "dates": lambda schemas, _: {"type": "string", "format": "date"},
    "moments": lambda schemas, _: {"type": "string", "format": "date-time"},
    "decimals as text": lambda schemas, _: {"type": "string", "format": "decimal"},
    "enums": _enum,
    "number enums": _number_enum,
}
KINDS: dict[str, Make] = {
    **SCALARS,
    "defaults": _default,
    "constants that are optional": _constant,
    "enums of several types": _mixed_enum,
    "null": lambda schemas, depth: schemas.nullable(schemas.any(depth + 1)),
    "null behind a reference": lambda schemas, depth: schemas.nullable(
        schemas.component(schemas.rng.choice((_enum, Schemas.object))(schemas, depth + 1))
    ),
    "null in containers in containers": _nested,
    "arrays": lambda schemas, depth: {"type": "array", "items": schemas.any(depth + 1)},
    "maps": lambda schemas, depth: {"type": "object", "additionalProperties": schemas.any(depth + 1)},
    "arrays of decimals": _arrays_of_decimals,
    "maps of decimals": lambda schemas, _: {"type": "object", "additionalProperties": {"type": "number"}},
    "free form": lambda schemas, _: schemas.rng.choice(({}, {"type": "object"})),
    "objects": lambda schemas, depth: schemas.object(depth),
    "references": lambda schemas, depth: schemas.component(schemas.any(depth + 1)),
    "unions by a discriminator": _tagged,
    "unions by their fields": _by_fields,
    "unions of objects and scalars": _objects_and_scalars,
    "unions of scalars": _scalars,
    "lists of types": _type_list,
    "allOf": _all_of,
    "names that are taken": _odd_names,
    "readOnly and writeOnly": _directions,
    "deprecated fields": _deprecated,
    "more properties": _more_properties,
    "recursion": _recursive,
    "a discriminator on a base": _base_discriminator,
}
