"""Operations of the contract → what a call needs: arguments, body, answers, and their types."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pennyform.codegen.client.code import Code, join_code, literal
from pennyform.codegen.client.filters import declared_filters, filter_name
from pennyform.codegen.client.models import Components
from pennyform.codegen.client.names import (
    answer_name,
    body_name,
    class_name,
    component_of,
    distinct_names,
)
from pennyform.codegen.client.params import keyword_bodies, with_mappings
from pennyform.codegen.client.python_types import PARAMETER, Type, python_type, union_members
from pennyform.findings import failure
from pennyform.spec.normaliser.contract import Answer, Contract, Operation, Parameter, Schema
from pennyform.spec.normaliser.limits import names_in_path
from pennyform.spec.normaliser.media_types import FORMS, JSON, essence, is_json

# Beside a cursor the service answers 400 to one of these, so they go with the first page only.
FIRST_PAGE_ONLY = {"start_date"}
LOCATIONS = ("path", "query", "header", "cookie")
_CURSOR, _NUMBER = "cursor", "page"
# What an answer has when it is a page of a list → the parameter that says which page to get.
_PAGES = {
    frozenset({"items", "next_cursor"}): _CURSOR,
    frozenset({"items", "current_page", "total_pages"}): _NUMBER,
}
_SIZES = {"limit", "per_page"}
_SORTS, _INCLUDES = "x-pennyform-sorts", "x-pennyform-includes"
# What a path may be made of, as a literal in emitted code.
_PATH = re.compile(r"(/([A-Za-z0-9_.~!$&'()*+,;=:@-]|\{[^{}/?#%\s]+\})+)+/?|/")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_METHODS = {"get", "post", "put", "delete", "patch", "head"}
_TAKEN = {"self", "body"}
# What clients have beside resources.
_OF_CLIENTS = {"close", "server_date", "with_options"}
# What every resource has, and what the types of its raw answers are made with.
_RESERVED = {"async_raw_method", "raw_method", "with_raw_response"}


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument: as declared in a signature, and as an item of the ``dict`` that carries it on.

    ``style`` says how it is written where that is not plain text: OpenAPI's style, with ``*`` for ``explode``
    and ``+`` for ``allowReserved``, as in RFC 6570.
    """

    name: str
    location: str
    variable: Code
    declaration: Code
    item: Code
    style: str


@dataclass(frozen=True, slots=True)
class Call:
    """Everything that the methods of one operation are written from.

    Of a list, ``items`` is the type of what it yields, and ``page`` the argument that says which page to get;
    ``arguments`` are its other arguments. ``settings`` are what its ``Operation`` says beyond the usual.
    ``variants`` are the types of ``params`` whose keys may be keyword arguments in place of a body.
    """

    operation: Operation
    name: Code
    answer: Code
    items: Code | None
    arguments: tuple[Argument, ...]
    body: Code | None
    page: Argument | None
    settings: tuple[Code, ...]
    variants: tuple[Code, ...] = ()

    def at(self, *locations: str) -> tuple[Argument, ...]:
        """The arguments that are sent in some places."""
        return tuple(argument for argument in self.arguments if argument.location in locations)

    @property
    def numbered(self) -> bool:
        """Whether it is a list whose pages are asked for by number, not by cursor."""
        return self.page is not None and self.page.name == _NUMBER

    @property
    def constant(self) -> Code:
        """The module's name for the operation."""
        return Code(f"_{self.name.rstrip('_').upper()}")


def call_of(operation: Operation, contract: Contract) -> Call:
    """Everything about a call of ``operation``.

    Raises:
        Failure: its path, its method or its name cannot be emitted safely.
    """
    declared = {parameter.name for parameter in operation.parameters if parameter.location == "path"}
    known = declared.issuperset(names_in_path(operation.path))
    if not _PATH.fullmatch(operation.path) or not known or operation.method.lower() not in _METHODS:
        raise failure(
            "path-unsafe",
            f"{operation.operation_id} has a path or a method that cannot be emitted",
            detail=f"{operation.method} {operation.path!r}",
            fix="Paths are made of the characters that segments of URLs have, and of {parameters}.",
        )
    name = operation.name
    plain = _NAME.fullmatch(name) and _NAME.fullmatch(operation.resource)
    taken = name in _RESERVED or operation.resource in _OF_CLIENTS
    if not plain or keyword.iskeyword(name) or taken:
        raise failure(
            "name-unsafe",
            f"{operation.operation_id} cannot be called {operation.resource}.{name}",
            detail="Names of resources and methods are lower-case words joined by '_'.",
            fix="Give x-pennyform-resource or x-pennyform-method a plain name in the overlay.",
        )
    components = Components(contract.schemas, {})
    arguments = _arguments(operation, components)
    page, items = _pagination(operation, contract, arguments)
    answers = [_answer_code(operation, answer) for answer in operation.answers]
    body = None
    if operation.request is not None:
        ending = "" if operation.request.required else " | None = None"
        typed = is_json(operation.request.media_type) or operation.request.media_type in FORMS
        body = Code(f"body: {f'models.{body_name(operation)}' if typed else 'bytes'}{ending}")
    return Call(
        operation,
        Code(name),
        Type(tuple(dict.fromkeys(answers))).code,
        items,
        tuple(argument for argument in arguments if argument is not page),
        body,
        page,
        tuple(_settings(operation, arguments, components)),
        _variants(operation, arguments, components),
    )


def _variants(
    operation: Operation, arguments: Iterable[Argument], components: Components
) -> tuple[Code, ...]:
    """The types of ``params`` whose keys may be keyword arguments in place of a body."""
    request = operation.request
    if request is None or not (is_json(request.media_type) or request.media_type in FORMS):
        return ()
    taken = {*_TAKEN, *(str(argument.variable) for argument in arguments)}
    names = keyword_bodies(request.schema, taken, components)
    return tuple(Code(f"params.{class_name(name)}") for name in names)


def _answer_code(operation: Operation, answer: Answer) -> Code:
    if answer.schema is not None:
        return Code(f"models.{answer_name(operation, answer)}")
    return Code("bytes" if answer.media_type else "None")


def _settings(operation: Operation, arguments: Iterable[Argument], components: Components) -> Iterable[Code]:
    """What an ``Operation`` says beyond its name, method, path and answer, as keyword arguments."""
    media_types = [answer.media_type for answer in operation.answers if answer.media_type]
    if any(media_type != JSON for media_type in media_types):
        yield Code(f"accept={literal(', '.join(dict.fromkeys(media_types)))}")
    request = operation.request
    if request is not None:
        if request.media_type != JSON:
            yield Code(f"sends={literal(request.media_type)}")
        parts = dict(_part_types(request.schema, request.encoding, components))
        if request.media_type in FORMS and parts:
            yield Code(f"parts={{{_items(parts)}}}")
        decimals = components.decimals(request.schema)
        if decimals and not components.is_struct(request.schema):
            yield Code(f"decimals={literal(decimals)}")
    styles = {
        location: {
            argument.name: argument.style
            for argument in arguments
            if argument.location == location and argument.style
        }
        for location in LOCATIONS
    }
    entries = [
        Code(f"{literal(location)}: {{{_items(by_name)}}}") for location, by_name in styles.items() if by_name
    ]
    if entries:
        yield Code(f"styles={{{join_code(entries)}}}")


def _items(values: Mapping[str, str]) -> Code:
    return join_code(Code(f"{literal(name)}: {literal(value)}") for name, value in values.items())


def _part_types(
    schema: Schema, encoding: Mapping[str, Mapping[str, str]], components: Components
) -> Iterable[tuple[str, str]]:
    """The media types of a form's parts that are not what such parts have anyhow."""
    schema = components.resolved(schema)
    for name, part in encoding.items():
        # A list of them is what a file may be.
        media_type = part.get("contentType", "").partition(",")[0].strip()
        kind = components.resolved(schema.get("properties", {}).get(name, {}))
        is_object = kind.get("type") == "object" or "properties" in kind
        if (
            media_type
            and "*" not in media_type
            and essence(media_type) != (JSON if is_object else "text/plain")
        ):
            yield name, media_type


def _pagination(
    operation: Operation, contract: Contract, arguments: Iterable[Argument]
) -> tuple[Argument | None, Code | None]:
    """Of a list: the argument that says which page to get, and the type of its items; None for all others."""
    schema = contract.schemas.get(component_of(operation.answer or {}), {})
    fields = schema.get("properties", {})
    by_name = {argument.name: argument for argument in arguments if argument.location == "query"}
    parameter = next((name for promised, name in _PAGES.items() if promised <= fields.keys()), None)
    if parameter is None or (parameter == _NUMBER and parameter not in by_name):
        return None, None
    item = component_of(fields["items"].get("items", {}))
    if not item or len(operation.answers) > 1 or operation.request is not None or operation.method != "GET":
        return None, None
    return by_name.get(parameter), Code(f"models.{class_name(item)}")


def _arguments(operation: Operation, components: Components) -> list[Argument]:
    """The arguments of a method: those in the path in its order, then the others in the contract's."""
    parameters = {(parameter.location, parameter.name): parameter for parameter in operation.parameters}
    keys = [("path", name) for name in dict.fromkeys(names_in_path(operation.path))]
    keys += [key for key in parameters if key[0] != "path"]
    names: dict[tuple[str, str], Code] = {}
    taken = set(_TAKEN)
    for location in LOCATIONS:
        wire_names = [name for place, name in keys if place == location]
        chosen = {name: parameters[location, name].python_name for name in wire_names}
        distinct = distinct_names(wire_names, chosen, taken)
        names |= {(location, name): python_name for name, python_name in distinct.items()}
        taken |= {*distinct.values()}
    return [_argument(parameters[key], names[key], operation, components) for key in keys]


def _argument(parameter: Parameter, name: Code, operation: Operation, components: Components) -> Argument:
    kind, is_filter = _argument_type(parameter, operation, components)
    size = literal(largest_page(operation))
    if parameter.location == "path" or parameter.required:
        declaration = f"{name}: {kind}"
    elif parameter.name not in _SIZES or size == "None" or parameter.location != "query":
        declaration = f"{name}: {kind}{'' if kind.endswith(' | None') else ' | None'} = None"
    else:
        declaration = f"{name}: {kind} = {size}"
    style = "" if is_filter else _style(parameter, components)
    item = Code(f"{literal(parameter.name)}: {name}")
    return Argument(parameter.name, parameter.location, name, Code(declaration), item, style)


def _argument_type(parameter: Parameter, operation: Operation, components: Components) -> tuple[Code, bool]:
    """The type of an argument, and whether it is a list of conditions that is sent as JSON."""
    schema = parameter.schema
    if parameter.location == "query" and parameter.name == "filter" and schema.get("type") == "string":
        if declared_filters(operation):
            return Code(f"Sequence[filters.{filter_name(operation)}]"), True
        # Conditions as far as anybody knows; it may as well be text of another kind.
        return Code("types.Filters | str"), True
    if _SORTS in schema:
        # "-" before a field sorts from the largest to the smallest.
        values = [f"{sign}{field}" for field in schema[_SORTS] for sign in ("", "-")]
        return Code(f"Literal[{join_code(map(literal, values))}]"), False
    if _INCLUDES in schema:
        return Code(f"Literal[{join_code(map(literal, schema[_INCLUDES]))}]"), False
    return with_mappings(python_type(schema, PARAMETER), components, "params."), False


def _style(parameter: Parameter, components: Components) -> str:
    plain = parameter.style in ("form", "simple") and not parameter.allow_reserved
    if plain and not _may_hold_several(parameter.schema, components):
        return ""
    start = "+" if parameter.allow_reserved else ""
    return f"{start}{parameter.style}{'*' if parameter.explode and parameter.style != 'json' else ''}"


def _may_hold_several(schema: Schema, components: Components) -> bool:
    schema = components.resolved(schema)
    members = union_members(schema)
    if members:
        return any(_may_hold_several(member, components) for member in members)
    if "enum" in schema or "const" in schema:
        return False
    kinds = schema.get("type", ["array"])
    return not {"array", "object"}.isdisjoint([kinds] if isinstance(kinds, str) else kinds)


def largest_page(operation: Operation) -> int | None:
    """The size of a page when the caller does not say: the largest one, as each page costs a request."""
    limits = [
        parameter.schema.get("maximum") for parameter in operation.parameters if parameter.name in _SIZES
    ]
    return next((limit for limit in limits if isinstance(limit, int)), None)
