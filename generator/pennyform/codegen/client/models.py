"""Components of the contract → what a module of models holds: structs, closed enums, unions, aliases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from openapi_python_client.strings import ClassName

from pennyform.codegen.client.code import WIDTH, Code, docstring, fill, join_code, literal
from pennyform.codegen.client.names import class_name, component_of, field_name
from pennyform.codegen.client.python_types import (
    AMOUNT,
    NUMBER,
    Type,
    python_type,
    references,
    union_members,
)
from pennyform.findings import failure
from pennyform.spec.document.json_types import Json
from pennyform.spec.normaliser.contract import ANSWER, REQUEST, Schema

_INDENT = 4
_MOST_VALUES_SHOWN = 24
# What the base class of pages brings, with its types.
_PAGE = {"has_more": "bool", "next_cursor": "str | None"}


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a struct: ``declaration`` is ``name: type = default``."""

    name: Code
    declaration: Code
    docstring: Code | None
    type: Type


@dataclass(frozen=True, slots=True)
class Struct:
    """An object of the contract. ``flags`` are its class variables, such as which fields are numbers."""

    name: ClassName
    head: Code
    docstring: Code
    flags: tuple[Code, ...]
    fields: tuple[Field, ...]
    components: frozenset[str]


@dataclass(frozen=True, slots=True)
class Alias:
    """A name for a type that is not an object.

    ``runtime`` is the statement that makes a union readable, where type checkers see ``declaration`` only.
    """

    name: ClassName
    declaration: Code
    runtime: Code | None
    docstring: Code
    components: frozenset[str]


Model = Struct | Alias


@dataclass(frozen=True, slots=True)
class Components:
    """The components of one document, with a sentence for each."""

    schemas: Mapping[str, Schema]
    sentences: Mapping[str, str]

    def direction(self, name: str) -> str:
        """``request`` or ``answer``."""
        return str(self.schemas[name].get("x-pennyform-direction", ANSWER))

    def is_object(self, name: str) -> bool:
        """Whether a component becomes a class of its own."""
        return bool(self.schemas[name].get("properties")) or self.schemas[name].get("type") == "object"

    def reachable(self, schemas: Iterable[Json]) -> set[str]:
        """Every component that some schemas refer to, however indirectly."""
        names: set[str] = set()
        queue = [name for schema in schemas for name in references(schema)]
        while queue:
            name = queue.pop()
            if name not in names:
                names.add(name)
                queue += references(self.schemas[name])
        return names

    def variants(self, schema: Schema) -> list[str]:
        """The objects that a union is one of, unions within it resolved."""
        names: list[str] = []
        for member in union_members(schema):
            name = component_of(member)
            if name:
                names += [name] if self.is_object(name) else self.variants(self.schemas[name])
        return names

    def constant(self, schema: Schema) -> Json:
        """The one value that a schema allows, or None: a variant always says which one it is."""
        name = component_of(schema)
        if name:
            return self.constant(self.schemas[name])
        if "const" in schema:
            return schema["const"]
        values = schema.get("enum", [])
        return values[0] if len(values) == 1 else None

    def words(self, name: str) -> list[str]:
        """What a docstring says of a component: our description of it, else where it is used."""
        schema = self.schemas[name]
        values = [value for value in schema.get("enum", ()) if value is not None]
        sentence = schema.get("description") or self.sentences[name]
        if not values or len(values) > _MOST_VALUES_SHOWN or self.direction(name) == REQUEST:
            return [sentence]
        return [sentence, f"Known values: {', '.join(map(str, values))}. Others may come."]


def model(name: str, components: Components) -> Model:
    """The struct or the alias that a component becomes.

    Raises:
        Failure: two of its fields would have one name in Python, or a name that JSON keys do not have.
    """
    if components.is_object(name) and components.schemas[name].get("properties"):
        return _struct(name, components)
    return _alias(name, components)


def _struct(name: str, components: Components) -> Struct:
    schema, direction = components.schemas[name], components.direction(name)
    promised = {*schema.get("required", ())}
    # Required fields first, so that a signature shows what a call cannot do without.
    names = sorted(schema["properties"], key=lambda field: field not in promised)
    kinds = {field: python_type(schema["properties"].get(field, {}), ANSWER).code for field in _PAGE}
    is_page = direction == ANSWER and kinds == _PAGE and {*_PAGE, "items"} <= promised
    fields = tuple(
        _field(field, schema, direction, components) for field in names if not (is_page and field in _PAGE)
    )
    repeated = sorted(field for field, count in Counter(field.name for field in fields).items() if count > 1)
    if repeated:
        raise failure(
            "name-collision",
            f"two fields of {name} would both be called {', '.join(repeated)}",
            detail="Python could not tell them apart.",
            fix="Rename one of them in the overlay with an action on the contract.",
        )
    # Class variables tell the codec how decimals are written, and that a body is a form.
    flags = []
    for kind, flag in ((AMOUNT, "__amounts__"), (NUMBER, "__numbers__")):
        literals = [literal(str(field.name)) for field in fields if field.type.decimal == kind]
        if literals:
            flags.append(Code(f"{flag} = ({join_code(literals)}{',' if len(literals) == 1 else ''})"))
    if any("File" in field.type.code.split(" | ") for field in fields):
        flags.append(Code("__multipart__ = True"))
    base = "Request" if direction == REQUEST else "AnswerPage" if is_page else "Answer"
    return Struct(
        class_name(name),
        Code(f"class {class_name(name)}({base}, frozen=True, kw_only=True):"),
        docstring(components.words(name), indent=_INDENT),
        tuple(flags) if direction == REQUEST else (),
        fields,
        frozenset[str]().union(*(field.type.components for field in fields)),
    )


def _field(name: str, schema: Schema, direction: str, components: Components) -> Field:
    field_schema = schema["properties"][name]
    kind = python_type(field_schema, direction)
    python_name = field_name(name)
    required = name in schema.get("required", ())
    constant = None if direction == ANSWER else components.constant(field_schema)
    default: Code | None
    if direction == ANSWER:
        default = Code("PROMISED" if required else "UNSET")
    elif constant is not None:
        default = literal(constant)
    else:
        default = None if required else Code("UNSET")
    annotation = kind.code
    if default == "UNSET" and annotation != "Any":
        bare = annotation.removesuffix(" | None")
        annotation = Code(f"{bare} | UnsetType{' | None' if bare != annotation else ''}")
    if python_name != name:
        if not name or not name.isprintable() or set(name) & set('"\\'):
            raise failure(
                "name-unsafe",
                "a field of the contract has a name that JSON keys are not made of",
                detail=f"It is {name[:80]!r}.",
                fix="Rename or remove the field in the overlay.",
            )
        default = Code(f"field({f'default={default}, ' if default else ''}name={literal(name)})")
    text = field_schema.get("description", "")
    return Field(
        python_name,
        Code(f"{python_name}: {annotation}{f' = {default}' if default else ''}"),
        docstring([text], indent=_INDENT) if text else None,
        kind,
    )


def _alias(name: str, components: Components) -> Alias:
    schema, direction = components.schemas[name], components.direction(name)
    kind, words = python_type(schema, direction), components.words(name)
    values = [literal(value) for value in schema.get("enum", ()) if value is not None]
    if values and direction == REQUEST:
        declaration = Code(f"{class_name(name)}: TypeAlias = Literal[{join_code(values)}]")
        if len(declaration) > WIDTH:
            lines = fill(values, indent=_INDENT)
            declaration = Code(f"{class_name(name)}: TypeAlias = Literal[\n{lines}\n]  # fmt: skip")
        return Alias(class_name(name), declaration, None, docstring(words, indent=0), kind.components)
    variants = components.variants(schema)
    if len(variants) < 2:
        return type_alias(class_name(name), kind, words)
    arguments = [Code(class_name(variant)) for variant in variants]
    tag = _discriminator(variants, components)
    if tag:
        schemas = {name: components.schemas[name] for name in variants}
        tags = [
            Code(f"{literal(components.constant(schema['properties'][tag]))}: {class_name(name)}")
            for name, schema in schemas.items()
        ]
        optional = [name for name, schema in schemas.items() if tag not in schema.get("required", ())]
        if len(optional) == 1:
            # An object without the field is the variant that need not have it.
            tags.append(Code(f"None: {class_name(optional[0])}"))
        arguments += [Code(f"field={literal(tag)}"), Code(f"tags={{{join_code(tags)}}}")]
    return Alias(
        class_name(name),
        Code(f"{class_name(name)}: TypeAlias = {kind.code}"),
        Code(f"{class_name(name)} = variants({join_code(arguments)})"),
        docstring(words, indent=_INDENT),
        kind.components,
    )


def type_alias(name: ClassName, kind: Type, words: list[str]) -> Alias:
    """An alias that needs nothing at runtime, such as one for a bare array."""
    return Alias(
        name, Code(f"{name}: TypeAlias = {kind.code}"), None, docstring(words, indent=0), kind.components
    )


def _discriminator(variants: list[str], components: Components) -> str:
    """The field that has another constant in each variant, or ""."""
    properties = [components.schemas[name]["properties"] for name in variants]
    for name in properties[0]:
        values = [components.constant(fields[name]) for fields in properties if name in fields]
        if len(values) == len(variants) == len(set(values)) and None not in values:
            return str(name)
    return ""
