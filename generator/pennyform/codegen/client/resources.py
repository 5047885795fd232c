"""Operations of the contract → the methods of a resource, for threads and for tasks from the same facts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.strings import ClassName

from pennyform.codegen.client.code import WIDTH, Code, joined, literal
from pennyform.codegen.client.flavours import FLAVOURS, Flavour
from pennyform.codegen.client.models import field_name
from pennyform.codegen.client.naming import answer_name, body_name, resource_class
from pennyform.codegen.client.parsing import Parsed, class_name, identifier
from pennyform.codegen.client.types import component_of, python_type
from pennyform.codegen.client.words import list_words, method_words, page_words, resource_words
from pennyform.findings import failure
from pennyform.spec.contract import REQUEST, Contract, Operation, Parameter, Schema

_INDENT = 4
# The service refuses a request that has one of these beside a cursor, so they go with the first page only.
_FIRST_PAGE_ONLY = {"start_date"}
# What a path may be made of; anything else would have to be escaped on its way into a URL.
_PATH = re.compile(r"(/([A-Za-z0-9_.~-]+|\{[A-Za-z0-9_]+\}))+")
_METHODS = {"get", "post", "put", "delete", "patch"}


@dataclass(frozen=True)
class Function:
    """One method: its ``def`` line or lines, its docstring, its body."""

    head: Code
    docstring: Code
    body: Code


@dataclass(frozen=True)
class Resource:
    """One resource: constants for its operations, and a class of each flavour over them.

    ``uses`` are the words of all signatures, by which a template knows what to import.
    """

    module: Code
    title: Code
    docstring: Code
    uses: frozenset[str]
    constants: tuple[Code, ...]
    classes: dict[str, ClassName]
    functions: dict[str, tuple[Function, ...]]


@dataclass(frozen=True)
class _Argument:
    """An argument: as declared in a signature, and as an item of the ``dict`` that carries it on."""

    name: str
    declaration: Code
    item: Code


@dataclass(frozen=True)
class _Call:
    """Everything that the methods of one operation are written from."""

    operation: Operation
    constant: Code
    answer: Code
    items: Code | None
    path: tuple[_Argument, ...]
    body: Code | None
    query: tuple[_Argument, ...]
    cursor: _Argument | None


def resource(name: str, contract: Contract, parsed: Parsed, modules: dict[str, str]) -> Resource:
    """The classes of one resource.

    Args:
        name: the resource's name in the contract.
        contract: the normalised contract.
        parsed: the same, as openapi-python-client understood it.
        modules: which module of models holds each component.
    """
    operations = sorted((each for each in contract.operations if each.resource == name), key=_reading_order)
    calls = [_call(each, contract, parsed.endpoints[identifier(each.operation_id)]) for each in operations]
    _refuse_twins(calls)
    constants = tuple(_constant(call, modules) for call in calls)
    functions = {flavour.key: tuple(_functions(calls, flavour)) for flavour in FLAVOURS}
    heads = " ".join(function.head for each in functions.values() for function in each)
    return Resource(
        Code(identifier(name)),
        resource_words(name, indent=4, what=""),
        resource_words(name, indent=0, what="operations"),
        frozenset(re.findall(r"\w+", heads + " ".join(constants))),
        constants,
        {flavour.key: resource_class(name, flavour) for flavour in FLAVOURS},
        functions,
    )


_ORDER = {"list": 0, "get": 1, "create": 2, "update": 3, "delete": 4}


def _reading_order(operation: Operation) -> tuple[int, str]:
    return _ORDER.get(operation.name, 9), operation.name


def _call(operation: Operation, contract: Contract, endpoint: Endpoint) -> _Call:
    _check_path(operation)
    parameters = {each.name: each for each in operation.parameters}
    path = tuple(
        _path_argument(parameters[each.name.get_untrusted_value()]) for each in endpoint.path_parameters
    )
    asked = {each.name.get_untrusted_value() for each in endpoint.query_parameters}
    query = [_query_argument(each) for each in operation.parameters if each.name in asked]
    cursor = next((each for each in query if each.name == "cursor"), None)
    page = _page_items(operation, contract) if cursor else None
    return _Call(
        operation,
        Code("_" + identifier(operation.name).strip("_").upper()),
        _answer(operation),
        page,
        path,
        _body(operation),
        tuple(each for each in query if not (page and each is cursor)),
        cursor if page else None,
    )


def _check_path(operation: Operation) -> None:
    if not _PATH.fullmatch(operation.path) or operation.method.lower() not in _METHODS:
        raise failure(
            "path-unsafe",
            f"{operation.operation_id} has a path or a method that cannot be emitted",
            detail=f"{operation.method} {operation.path!r}",
            fix="Paths are made of letters, digits, '.', '_', '~', '-' and {parameters}.",
        )


def _path_argument(parameter: Parameter) -> _Argument:
    # Whatever type the contract gives it in a path, an id is the integer that every answer carries.
    kinds = parameter.schema.get("type")
    kind = Code("str | int" if kinds == "string" else "int")
    name = field_name(parameter.name)
    return _Argument(parameter.name, Code(f"{name}: {kind}"), _item(parameter.name, name))


def _query_argument(parameter: Parameter) -> _Argument:
    name = field_name(parameter.name)
    kind = Code("types.Filters") if parameter.name == "filter" else _query_type(parameter.schema)
    return _Argument(parameter.name, Code(f"{name}: {kind} | None = None"), _item(parameter.name, name))


def _query_type(schema: Schema) -> Code:
    kind = python_type(schema, REQUEST).code
    return Code(re.sub(r"\b(Decimal)\b", "types.Decimal", kind))


def _item(name: str, variable: Code) -> Code:
    return Code(f"{literal(name)}: {variable}")


def _answer(operation: Operation) -> Code:
    return Code(f"models.{answer_name(operation)}") if operation.answer is not None else Code("None")


def _body(operation: Operation) -> Code | None:
    if operation.request is None:
        return None
    ending = "" if operation.request.required else " | None = None"
    return Code(f"body: models.{body_name(operation)}{ending}")


def _page_items(operation: Operation, contract: Contract) -> Code | None:
    """What a list yields: the type of its page's items; None when the answer is not a page."""
    schemas = contract.document["components"]["schemas"]
    properties = schemas.get(component_of(operation.answer or {}), {}).get("properties", {})
    if not {"items", "next_cursor"} <= properties.keys():
        return None
    item = component_of(properties["items"].get("items", {}))
    return Code(f"models.{class_name(item)}") if item else None


def _constant(call: _Call, modules: dict[str, str]) -> Code:
    operation = call.operation
    parts = [literal(operation.operation_id), literal(operation.method.upper()), literal(operation.path)]
    if operation.answer is not None:
        name = answer_name(operation)
        parts.append(literal(f"{modules[name]}.{name}"))
    return _wrapped(f"{call.constant}: Operation[{call.answer}] = Operation", parts, "", indent=0)


def _functions(calls: Iterable[_Call], flavour: Flavour) -> Iterable[Function]:
    for call in calls:
        if call.items is None:
            yield _plain(call, flavour)
        else:
            yield _list(call, flavour)
            yield _page(call, flavour)


def _plain(call: _Call, flavour: Flavour) -> Function:
    name = (
        field_name(call.operation.name)
        if not call.operation.name.endswith("_")
        else Code(call.operation.name)
    )
    head = _head(f"{flavour.async_}def {name}", call, call.query, call.answer)
    body = _core_call(f"return {flavour.await_}self._core.call", call, call.query, flavour)
    return Function(head, method_words(call.operation), body)


def _list(call: _Call, flavour: Flavour) -> Function:
    returns = Code(f"{flavour.iterator}[{call.items}]")
    head = _head(f"def {call.operation.name}", call, call.query, returns)
    once = [each for each in call.query if each.name in _FIRST_PAGE_ONLY]
    body = _core_call("return self._core.items", call, call.query, flavour, once)
    return Function(head, list_words(call.operation), body)


def _page(call: _Call, flavour: Flavour) -> Function:
    query = (*call.query, call.cursor) if call.cursor else call.query
    head = _head(f"{flavour.async_}def {call.operation.name}_page", call, query, call.answer)
    body = _core_call(f"return {flavour.await_}self._core.call", call, query, flavour)
    return Function(head, page_words(call.operation), body)


def _head(start: str, call: _Call, query: Sequence[_Argument], returns: Code) -> Code:
    arguments = [Code("self"), *(each.declaration for each in call.path)]
    if call.body:
        arguments.append(call.body)
    if query:
        arguments += [Code("*"), *(each.declaration for each in query)]
    return _wrapped(start, arguments, f" -> {returns}:", indent=_INDENT)


def _core_call(
    start: str, call: _Call, query: Sequence[_Argument], flavour: Flavour, once: Sequence[_Argument] = ()
) -> Code:
    arguments = [call.constant]
    always = [each for each in query if each not in once]
    for keyword, values in (("path", call.path), ("query", always), ("first", once)):
        if values:
            items = joined((each.item for each in values), ", ")
            arguments.append(Code(f"{keyword}={{{items}}}"))
    if call.body:
        arguments.append(Code("body=body"))
    return _wrapped(start, arguments, "", indent=_INDENT * 2)


def _wrapped(start: str, arguments: Sequence[Code], ending: str, *, indent: int) -> Code:
    """A call or a ``def`` on one line if it fits, else with its arguments on one or on lines of their own."""
    line = f"{start}({joined(arguments, ', ')}){ending}"
    if len(line) + indent <= WIDTH:
        return Code(line)
    margin = " " * indent
    inner = f"{margin}    {joined(arguments, ', ')}\n"
    if len(inner) > WIDTH + 1 or ending.endswith(":"):
        inner = "".join(f"{margin}    {argument},\n" for argument in arguments)
    return Code(f"{start}(\n{inner}{margin}){ending}")


def _refuse_twins(calls: Iterable[_Call]) -> None:
    seen: dict[str, Operation] = {}
    for call in calls:
        for name in [call.operation.name, *([f"{call.operation.name}_page"] if call.items else [])]:
            if name in seen:
                raise failure(
                    "name-collision",
                    f"{call.operation.resource}.{name} would be two operations",
                    detail=f"{seen[name].operation_id} and {call.operation.operation_id}",
                    fix="Name one of them with x-pennyform-method in the overlay.",
                )
            seen[name] = call.operation
