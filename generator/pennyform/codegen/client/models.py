"""Components of the contract → what a module of models holds: structs, closed enums, unions, aliases."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pennyform.codegen.client.code import WIDTH, Code, docstring, fill, join_code, literal
from pennyform.codegen.client.names import class_name, component_of, distinct_names
from pennyform.codegen.client.python_types import (
    AMOUNT,
    FREE,
    MIXED,
    NUMBER,
    Type,
    any_of,
    python_type,
    references,
    union_members,
)
from pennyform.findings import failure
from pennyform.spec.document.extensions import NAME
from pennyform.spec.document.json_types import Json
from pennyform.spec.normaliser.contract import ANSWER, REQUEST, Schema

_INDENT = 4
# What the base class of pages brings, with its types.
_PAGE = {"has_more": "bool", "next_cursor": "str | None"}
# What the base of all classes has: a field of that name would hide it.
_METHODS = {"copy", "to_dict"}
_ADDITIONAL = "additional_properties"


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a struct: ``declaration`` is ``name: type = default``."""

    name: Code
    wire_name: str
    declaration: Code
    docstring: Code | None
    type: Type


@dataclass(frozen=True, slots=True)
class Struct:
    """An object of the contract. ``flags`` are its class variables, such as which fields are numbers."""

    name: Code
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

    name: Code
    declaration: Code
    runtime: Code | None
    docstring: Code
    components: frozenset[str]


Model = Struct | Alias


@dataclass(frozen=True)
class Components:
    """The components of one document, with a sentence for each."""

    schemas: Mapping[str, Schema]
    sentences: Mapping[str, str]
    # Of each component, once: every operation follows them.
    _references: dict[str, tuple[str, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

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
                if name not in self._references:
                    self._references[name] = tuple(references(self.schemas[name]))
                queue += self._references[name]
        return names

    def resolved(self, schema: Schema) -> Schema:
        """A schema, or the component that it refers to."""
        name = component_of(schema)
        return self.resolved(self.schemas[name]) if name else schema

    def is_struct(self, schema: Schema) -> bool:
        """Whether a schema is an object with fields, or a union of nothing but such."""
        schema = self.resolved(schema)
        members = union_members(schema)
        return all(map(self.is_struct, members)) if members else bool(schema.get("properties"))

    def members(self, schema: Schema) -> list[Schema]:
        """What a union is one of, without null, and with unions within it resolved; else the schema alone."""
        inner = self.schemas.get(component_of(schema), schema)
        members = union_members(inner)
        return [inner for member in members for inner in self.members(member)] if members else [schema]

    def constants(self, schema: Schema) -> list[Json]:
        """The scalars that a schema lists as all of its values, or none."""
        schema = self.resolved(schema)
        values = [schema["const"]] if "const" in schema else schema.get("enum", [])
        return values if all(isinstance(value, str | int) for value in values) else []

    def decimals(self, schema: Schema) -> str:
        """How the decimals of a request are written that a schema allows outside of its objects' fields.

        Returns:
            ``amount`` (as text), ``number``, ``mixed`` (as text, beside text that is none), ``free`` (as
            numbers, beside whatever else), or "" where there are none.
        """
        kinds = self._kinds(schema)
        if "any" in kinds or {AMOUNT, NUMBER} <= kinds:
            return FREE
        if NUMBER in kinds:
            return NUMBER if kinds <= {NUMBER, "integer", "null"} else FREE
        if AMOUNT in kinds:
            return AMOUNT if kinds <= {AMOUNT, "null"} else MIXED
        return ""

    def _kinds(self, schema: Schema) -> set[str]:
        """The kinds of values that a schema allows, also inside arrays and maps; objects are one kind."""
        schema = self.resolved(schema)
        members = union_members(schema)
        if members:
            return {kind for member in members for kind in self._kinds(member)}
        if "enum" in schema or "const" in schema:
            values = [schema["const"]] if "const" in schema else schema["enum"]
            return {
                NUMBER if isinstance(value, float) else "any" if isinstance(value, list | dict) else "text"
                for value in values
            }
        kinds = schema.get("type", "any")
        leaves: set[str] = set()
        for kind in [kinds] if isinstance(kinds, str) else kinds:
            inner = schema.get("items", {}) if kind == "array" else schema.get("additionalProperties", {})
            if schema.get("properties"):
                leaves.add("object")
            elif kind in ("array", "object"):
                leaves |= self._kinds(inner) if isinstance(inner, dict) else {"any"} if inner else set()
            else:
                leaves.add(AMOUNT if kind == "string" and schema.get("format") == "decimal" else kind)
        return leaves

    @cached_property
    def tags(self) -> dict[str, set[str]]:
        """The fields that tell a component apart from the others of a union, by component."""
        tags: dict[str, set[str]] = {}
        for schema in self.schemas.values():
            variants = (
                [component_of(member) for member in self.members(schema)] if union_members(schema) else []
            )
            tag = self.discriminator([name for name in variants if name])
            for name in variants if tag else ():
                tags.setdefault(name, set()).add(tag)
        return tags

    def discriminator(self, variants: list[str]) -> str:
        """The field that has other constants in each of some objects, or ""."""
        if len(variants) < 2 or not all(self.schemas[name].get("properties") for name in variants):
            return ""
        properties = [self.schemas[name]["properties"] for name in variants]
        for name in properties[0]:
            values = [self.constants(fields[name]) for fields in properties if name in fields]
            different = {(type(value), value) for constants in values for value in constants}
            if len(values) == len(variants) and all(values) and len(different) == sum(map(len, values)):
                return str(name)
        return ""

    def words(self, name: str) -> list[str]:
        """What a docstring says of a component: our description of it, else where it is used."""
        schema = self.schemas[name]
        sentence = schema.get("description") or self.sentences[name]
        is_open = "enum" in schema and self.direction(name) == ANSWER
        return [sentence, "These are the known values; others may come."] if is_open else [sentence]


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
    chosen = {field: schema["properties"][field].get(NAME, "") for field in names}
    python_names = distinct_names(list(schema["properties"]), chosen, _METHODS)
    fields = tuple(
        _field(field, python_names[field], name, components)
        for field in names
        if not (is_page and field in _PAGE)
    )
    # Beside fields, what a contract says nothing of is nothing: it then is passed over or refused.
    additional = schema.get("additionalProperties", False)
    schemas = {**schema["properties"], "": {"type": "object", "additionalProperties": additional}}
    if additional is not False:
        fields += (_additional(schemas[""], direction, set(python_names.values())),)
    # Class variables tell the codec how decimals are written.
    sent_fields = fields if direction == REQUEST else ()
    decimals = {field.wire_name: components.decimals(schemas[field.wire_name]) for field in sent_fields}
    flags = []
    for kind, flag in (
        (AMOUNT, "__amounts__"),
        (NUMBER, "__numbers__"),
        (MIXED, "__mixed__"),
        (FREE, "__free__"),
    ):
        literals = [literal(str(field.name)) for field in fields if decimals.get(field.wire_name) == kind]
        if literals:
            flags.append(Code(f"{flag} = ({join_code(literals)}{',' if len(literals) == 1 else ''})"))
    decorator = "" if additional is False else "@with_additional\n"
    base = "Request" if direction == REQUEST else "AnswerPage" if is_page else "Answer"
    return Struct(
        class_name(name),
        Code(f"{decorator}class {class_name(name)}({base}, frozen=True, kw_only=True):"),
        docstring(components.words(name), indent=_INDENT),
        tuple(flags),
        fields,
        frozenset[str]().union(*(field.type.components for field in fields)),
    )


def _field(name: str, python_name: Code, owner: str, components: Components) -> Field:
    schema, direction = components.schemas[owner], components.direction(owner)
    field_schema = schema["properties"][name]
    kind = python_type(field_schema, direction)
    default = _default(name, owner, components)
    annotation = kind.code
    if default == "UNSET":
        bare = Type(tuple(part for part in kind.parts if part != "None"))
        ending = " | None" if len(bare.parts) < len(kind.parts) else ""
        annotation = Code(f"{bare.code} | UnsetType{ending}" if bare.parts else "None | UnsetType")
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
        name,
        Code(f"{python_name}: {annotation}{f' = {default}' if default else ''}"),
        docstring([text], indent=_INDENT) if text else None,
        kind,
    )


def _additional(schema: Schema, direction: str, taken: Collection[str]) -> Field:
    """The field that holds the keys of any name that an object has beside its fields."""
    kind = python_type(schema, direction)
    underscores = (Code(f"{_ADDITIONAL}{'_' * count}") for count in itertools.count())
    name = next(name for name in underscores if name not in taken)
    text = docstring(["Keys of other names, with their values."], indent=_INDENT)
    return Field(name, "", Code(f"{name}: {kind.code} = ADDITIONAL"), text, kind)


def _default(name: str, owner: str, components: Components) -> Code | None:
    """What a field is when nobody says: unset, or the one value that it can have where it must be there."""
    schema = components.schemas[owner]
    required = name in schema.get("required", ())
    if components.direction(owner) == ANSWER:
        return Code("PROMISED" if required else "UNSET")
    values = components.constants(schema["properties"][name])
    # A variant of a union always says which one it is.
    if len(values) == 1 and (required or name in components.tags.get(owner, ())):
        return literal(values[0])
    return None if required else Code("UNSET")


def _alias(name: str, components: Components) -> Alias:
    schema, direction = components.schemas[name], components.direction(name)
    kind, words = python_type(schema, direction), components.words(name)
    values = components.constants(schema) if "enum" in schema else []
    if values:
        declaration = Code(f"{class_name(name)}: TypeAlias = {kind.code}")
        if len(declaration) > WIDTH:
            literals = [literal(value) for value in values]
            lines = Code(f"[\n{fill(literals, indent=_INDENT)}\n]")
            declaration = Code(f"{declaration.replace(f'[{join_code(literals)}]', lines)}  # fmt: skip")
        return Alias(class_name(name), declaration, None, docstring(words, indent=0), kind.components)
    members = components.members(schema)
    if len(members) < 2:
        return type_alias(class_name(name), kind, words)
    structs = [component_of(member) for member in members if components.is_struct(member)]
    other_members = [member for member in members if not components.is_struct(member)]
    if direction == ANSWER and structs:
        # What fits none of them stays as it came.
        kind = any_of([kind, python_type({"type": "object"}, direction)])
    arguments = join_code(_variants(structs, other_members, direction, components))
    return Alias(
        class_name(name),
        Code(f"{class_name(name)}: TypeAlias = {kind.code}"),
        Code(f"{class_name(name)} = variants({arguments})"),
        docstring(words, indent=_INDENT),
        kind.components | frozenset(structs),
    )


def _variants(
    structs: list[str], other_members: list[Schema], direction: str, components: Components
) -> Iterator[Code]:
    """The arguments of ``variants`` for a union of objects and of other types."""
    yield from (Code(class_name(name)) for name in structs)
    if other_members:
        # Plain text before what is read from text: a date that text happens to look like would lose its form.
        codes: dict[str, bool] = {
            part: part != "str" and not any(isinstance(value, str) for value in components.constants(member))
            for member in other_members
            for part in python_type(member, direction).parts
        }
        yield Code(f"other_types=({join_code(sorted(codes, key=codes.__getitem__))},)")
    if direction == ANSWER:
        yield Code("known=False")
    tag = components.discriminator(structs)
    if tag:
        schemas = {name: components.schemas[name] for name in structs}
        tags = [
            Code(f"{literal(value)}: {class_name(name)}")
            for name, schema in schemas.items()
            for value in components.constants(schema["properties"][tag])
        ]
        optional = [name for name, schema in schemas.items() if tag not in schema.get("required", ())]
        if len(optional) == 1:
            # An object without the field is the variant that need not have it.
            tags.append(Code(f"None: {class_name(optional[0])}"))
        yield from (Code(f"field={literal(tag)}"), Code(f"tags={{{join_code(tags)}}}"))
    elif direction == ANSWER and len(structs) > 1:
        # Every field of an answer may be missing: what it must have tells which one it is.
        needs = [components.schemas[name].get("required", []) for name in structs]
        lists = [f"({join_code(map(literal, names))}{',' if len(names) == 1 else ''})" for names in needs]
        yield Code(f"needs=({', '.join(lists)})")


def type_alias(name: Code, kind: Type, words: list[str]) -> Alias:
    """An alias that needs nothing at runtime, such as one for a bare array."""
    return Alias(
        name, Code(f"{name}: TypeAlias = {kind.code}"), None, docstring(words, indent=0), kind.components
    )
