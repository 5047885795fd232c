"""Components of the contract → what a module of models holds: structs, closed enums, unions, aliases."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from openapi_python_client.parser.properties import ModelProperty
from openapi_python_client.strings import ClassName

from pennyform.codegen.client.code import WIDTH, Brackets, Code, docstring, filled, joined, literal, union
from pennyform.codegen.client.models.annotations import (
    AMOUNT,
    NUMBER,
    Type,
    component_of,
    python_type,
    references,
    union_members,
)
from pennyform.codegen.client.parsing import class_name, identifier
from pennyform.findings import failure
from pennyform.spec.normaliser.contract import ANSWER, REQUEST, Schema

_INDENT = 4
_MOST_VALUES_SHOWN = 24
# What the base of pages brings, with its types.
_PAGE = {"has_more": "bool", "next_cursor": "str | None"}
# Names that annotations in the same class body use: a field of that name would hide them from type checkers.
_USED_BY_ANNOTATIONS = {"bool", "dict", "dt", "int", "list", "str"}


@dataclass(frozen=True)
class Field:
    """One line of a struct: ``declaration`` is ``name: type = default``."""

    name: Code
    declaration: Code
    docstring: Code | None
    type: Type


@dataclass(frozen=True)
class Struct:
    """An object of the contract. ``flags`` are its class variables, such as which fields are numbers."""

    name: ClassName
    head: Code
    docstring: Code
    flags: tuple[Code, ...]
    fields: tuple[Field, ...]
    uses: frozenset[str]


@dataclass(frozen=True)
class Alias:
    """A name for a type that is not an object.

    ``runtime`` is the statement that makes a union readable, where type checkers see ``declaration`` only.
    """

    name: ClassName
    declaration: Code
    runtime: Code | None
    docstring: Code
    uses: frozenset[str]


Model = Struct | Alias


@dataclass(frozen=True)
class Components:
    """The components of one document, with the classes that the parser made of them, and words for each."""

    schemas: Mapping[str, Schema]
    parsed: Mapping[str, ModelProperty]
    sentences: Mapping[str, str]

    def direction(self, name: str) -> str:
        """``request`` or ``answer``."""
        return str(self.schemas[name].get("x-pennyform-direction", ANSWER))

    def is_object(self, name: str) -> bool:
        """Whether a component becomes a class of its own."""
        return bool(self.schemas[name].get("properties")) or self.schemas[name].get("type") == "object"

    def reachable(self, schemas: Iterable[Any]) -> set[str]:
        """Every component that some schemas refer to, however indirectly."""
        found: set[str] = set()
        waiting = [name for schema in schemas for name in references(schema)]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += references(self.schemas[name])
        return found

    def variants(self, schema: Schema) -> list[str]:
        """The objects that a union is one of, unions within it resolved."""
        found: list[str] = []
        for member in union_members(schema):
            name = component_of(member)
            if name and self.is_object(name):
                found.append(name)
            elif name:
                found += self.variants(self.schemas[name])
        return found


def model(name: str, components: Components) -> Model:
    """The struct or the alias that a component becomes."""
    if components.is_object(name) and components.schemas[name].get("properties"):
        return _struct(name, components)
    return _alias(name, components)


def _struct(name: str, components: Components) -> Struct:
    schema, direction = components.schemas[name], components.direction(name)
    parsed = components.parsed[class_name(name)]
    properties = [*(parsed.required_properties or ()), *(parsed.optional_properties or ())]
    names = [each.name.get_untrusted_value() for each in properties]
    inherited = _PAGE if direction == ANSWER and _is_page(schema) else {}
    fields = tuple(_field(each, schema, direction, components) for each in names if each not in inherited)
    _refuse_collisions(name, fields)
    base = Code("Request" if direction == REQUEST else "AnswerPage" if inherited else "Answer")
    options = [base, Code("frozen=True"), Code("kw_only=True")]
    return Struct(
        class_name(name),
        Brackets(f"class {class_name(name)}(", options, "):").laid_out(),
        docstring(_words(name, schema, components), indent=_INDENT),
        tuple(_flags(fields, direction)),
        fields,
        frozenset[str]().union(*(field.type.uses for field in fields)),
    )


def _is_page(schema: Schema) -> bool:
    """Whether an answer is a page of a list in the service's usual form."""
    kinds = {name: python_type(schema["properties"].get(name, {}), ANSWER).code for name in _PAGE}
    return kinds == _PAGE and {*_PAGE, "items"} <= {*schema.get("required", ())}


def _field(name: str, schema: Schema, direction: str, components: Components) -> Field:
    inner = schema["properties"][name]
    kind = python_type(inner, direction)
    python_name = field_name(name)
    required = name in schema.get("required", ())
    default = _default(inner, required=required, direction=direction, components=components)
    annotation = _or_unset(kind.code) if default == "UNSET" else kind.code
    if python_name != name:
        _refuse_odd_name(name)
        value = f"default={default}, " if default else ""
        default = Code(f"field({value}name={literal(name)})")
    return Field(python_name, _declaration(python_name, annotation, default), _field_docstring(inner), kind)


def _refuse_odd_name(name: str) -> None:
    if not name or not name.isprintable() or set(name) & set('"\\'):
        raise failure(
            "name-unsafe",
            "a field of the contract has a name that JSON keys are not made of",
            detail=f"It is {name[:80]!r}.",
            fix="Rename or remove the field in the overlay.",
        )


def _or_unset(code: Code) -> Code:
    if code == "Any":
        return code
    bare = code.removesuffix(" | None")
    return Code(f"{bare} | UnsetType{' | None' if bare != code else ''}")


def _default(schema: Schema, *, required: bool, direction: str, components: Components) -> Code | None:
    if direction == ANSWER:
        return Code("PROMISED" if required else "UNSET")
    constant = _constant(schema, components)
    if constant is not None:
        return literal(constant)
    return None if required else Code("UNSET")


def _constant(schema: Schema, components: Components) -> Any:
    """The one value that a schema allows, or None: a variant always says which one it is."""
    name = component_of(schema)
    if name:
        return _constant(components.schemas[name], components)
    if "const" in schema:
        return schema["const"]
    values = schema.get("enum", [])
    return values[0] if len(values) == 1 else None


def field_name(name: str) -> Code:
    """The contract's own name wherever Python allows it."""
    plain = re.fullmatch(r"[a-z][a-z0-9_]*", name) and not keyword.iskeyword(name)
    if plain and name not in _USED_BY_ANNOTATIONS:
        return Code(name)
    return Code(identifier(name))


def _declaration(name: Code, annotation: Code, default: Code | None) -> Code:
    return union(f"{name}: ", annotation, f" = {default}" if default else "", indent=_INDENT)


def _field_docstring(schema: Schema) -> Code | None:
    text = schema.get("description", "")
    return docstring([text], indent=_INDENT) if text else None


def _flags(fields: tuple[Field, ...], direction: str) -> Iterable[Code]:
    if direction != REQUEST:
        return
    for kind, flag in ((AMOUNT, "__amounts__"), (NUMBER, "__numbers__")):
        names = [literal(str(field.name)) for field in fields if field.type.decimal == kind]
        if names:
            ending = "," if len(names) == 1 else ""
            yield Code(f"{flag} = ({joined(names, ', ')}{ending})")
    if any("File" in field.type.code.split(" | ") for field in fields):
        yield Code("__multipart__ = True")


def _refuse_collisions(name: str, fields: tuple[Field, ...]) -> None:
    names = [field.name for field in fields]
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice:
        raise failure(
            "name-collision",
            f"two fields of {name} would both be called {', '.join(twice)}",
            detail="Python could not tell them apart.",
            fix="Rename one of them in the overlay with an action on the contract.",
        )


def _alias(name: str, components: Components) -> Alias:
    schema, direction = components.schemas[name], components.direction(name)
    kind = python_type(schema, direction)
    words = _words(name, schema, components)
    values = [literal(value) for value in schema.get("enum", ()) if value is not None]
    if values and direction == REQUEST:
        return Alias(class_name(name), _closed(name, values), None, docstring(words, indent=0), kind.uses)
    variants = components.variants(schema)
    if len(variants) < 2:
        return _plain(class_name(name), kind, words)
    declaration = union(f"{class_name(name)}: TypeAlias = ", kind.code, "", indent=_INDENT)
    runtime = _runtime_union(name, variants, components)
    return Alias(class_name(name), declaration, runtime, docstring(words, indent=_INDENT), kind.uses)


def unnamed(name: ClassName, schema: Schema, direction: str, words: str) -> Alias:
    """An alias for a body or an answer that has no component, such as a bare array."""
    return _plain(name, python_type(schema, direction), [words])


def _plain(name: ClassName, kind: Type, words: list[str]) -> Alias:
    declaration = union(f"{name}: TypeAlias = ", kind.code, "")
    return Alias(name, declaration, None, docstring(words, indent=0), kind.uses)


def _closed(name: str, values: list[Code]) -> Code:
    start = f"{class_name(name)}: TypeAlias = Literal["
    line = f"{start}{joined(values, ', ')}]"
    return Code(line) if len(line) <= WIDTH else Code(f"{start}\n{filled(values, indent=4)}]  # fmt: skip")


def _runtime_union(name: str, variants: list[str], components: Components) -> Code:
    classes = [Code(class_name(each)) for each in variants]
    arguments: list[Code | Brackets] = [*classes]
    tag = _discriminator(variants, components)
    if tag:
        tags = Brackets("tags={", list(_tags(tag, variants, components)), "}")
        arguments += [Code(f"field={literal(tag)}"), tags]
    return Brackets(f"{class_name(name)} = variants(", arguments, ")").laid_out(_INDENT)


def _tags(tag: str, variants: list[str], components: Components) -> Iterator[Code]:
    """``value: Class`` for every variant, and ``None: Class`` for one that need not have the field."""
    for name in variants:
        constant = _constant(components.schemas[name]["properties"][tag], components)
        yield Code(f"{literal(constant)}: {class_name(name)}")
    silent = [each for each in variants if tag not in components.schemas[each].get("required", ())]
    if len(silent) == 1:
        yield Code(f"None: {class_name(silent[0])}")


def _discriminator(variants: list[str], components: Components) -> str:
    """The field that has another constant in each variant, or ""."""
    properties = [components.schemas[each]["properties"] for each in variants]
    for name in properties[0]:
        values = [_constant(each[name], components) for each in properties if name in each]
        if len(values) == len(variants) == len(set(values)) and None not in values:
            return str(name)
    return ""


def _words(name: str, schema: Schema, components: Components) -> list[str]:
    """What a docstring says of a component: our description of it, else where it is used."""
    known = [value for value in schema.get("enum", ()) if value is not None]
    spoken = schema.get("description") or components.sentences[name]
    if not known or len(known) > _MOST_VALUES_SHOWN or components.direction(name) == REQUEST:
        return [spoken]
    return [spoken, f"Known values: {', '.join(map(str, known))}. Others may come."]
