"""Operations of the contract → what a call needs: arguments, body, answer, and their types."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import Any

from openapi_python_client.parser.openapi import Endpoint

from pennyform.codegen.client.code import Code, joined, literal
from pennyform.codegen.client.models.annotations import component_of, python_type
from pennyform.codegen.client.models.models import field_name
from pennyform.codegen.client.naming import answer_name, body_name
from pennyform.codegen.client.operations.filters import declared, filter_name
from pennyform.codegen.client.parsing import class_name
from pennyform.findings import failure
from pennyform.spec.normaliser.contract import REQUEST, Contract, Operation, Parameter

# The service refuses a request that has one of these beside a cursor, so they go with the first page only.
FIRST_PAGE_ONLY = {"start_date"}
_CURSOR, _NUMBER = "cursor", "page"
# What an answer has when it is a page of a list → the parameter that says which page is wanted.
_PAGES = {
    frozenset({"items", "next_cursor"}): _CURSOR,
    frozenset({"items", "current_page", "total_pages"}): _NUMBER,
}
_SIZES = {"limit", "per_page"}
_SORTS, _INCLUDES = "x-pennyform-sorts", "x-pennyform-includes"
# What a path may be made of; anything else would have to be escaped on its way into a URL.
_PATH = re.compile(r"(/([A-Za-z0-9_.~-]+|\{[A-Za-z0-9_]+\}))+")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_METHODS = {"get", "post", "put", "delete", "patch"}


@dataclass(frozen=True)
class Argument:
    """An argument: as declared in a signature, and as an item of the ``dict`` that carries it on."""

    name: str
    declaration: Code
    item: Code


@dataclass(frozen=True)
class Call:
    """Everything that the methods of one operation are written from; ``described`` is its OpenAPI object.

    Of a list, ``items`` is the type of what it yields, and ``place`` the argument that says which page is
    wanted; ``query`` are its other arguments.
    """

    operation: Operation
    described: Mapping[str, Any]
    name: Code
    answer: Code
    items: Code | None
    path: tuple[Argument, ...]
    body: Code | None
    query: tuple[Argument, ...]
    place: Argument | None

    @property
    def numbered(self) -> bool:
        """Whether it is a list whose pages are asked for by number, not by cursor."""
        return self.place is not None and self.place.name == _NUMBER

    @property
    def constant(self) -> Code:
        """The module's name for the operation."""
        return Code(f"_{self.name.rstrip('_').upper()}")


def call_of(operation: Operation, contract: Contract, endpoint: Endpoint) -> Call:
    """Everything about a call of ``operation``, which openapi-python-client parsed as ``endpoint``.

    Raises:
        Failure: its path, its method or its name cannot be emitted safely.
    """
    _check_path(operation)
    parameters = {each.name: each for each in operation.parameters}
    path = tuple(
        _path_argument(parameters[each.name.get_untrusted_value()]) for each in endpoint.path_parameters
    )
    asked = {each.name.get_untrusted_value() for each in endpoint.query_parameters}
    query = [_query_argument(each, operation) for each in operation.parameters if each.name in asked]
    fields = _answer_fields(operation, contract)
    wanted = _place(fields, asked)
    items = _page_items(fields) if wanted else None
    place = next((each for each in query if items and each.name == wanted), None)
    return Call(
        operation,
        contract.document["paths"][operation.path][operation.method.lower()],
        _method_name(operation),
        _answer(operation),
        items,
        path,
        _body(operation),
        tuple(each for each in query if each is not place),
        place,
    )


def _method_name(operation: Operation) -> Code:
    name = operation.name
    if not _NAME.fullmatch(name) or not _NAME.fullmatch(operation.resource) or keyword.iskeyword(name):
        raise failure(
            "name-unsafe",
            f"{operation.operation_id} cannot be called {operation.resource}.{name}",
            detail="Names of resources and methods are lower-case words joined by '_'.",
            fix="Give x-pennyform-resource or x-pennyform-method a plain name in the overlay.",
        )
    return Code(name)


def _check_path(operation: Operation) -> None:
    if not _PATH.fullmatch(operation.path) or operation.method.lower() not in _METHODS:
        raise failure(
            "path-unsafe",
            f"{operation.operation_id} has a path or a method that cannot be emitted",
            detail=f"{operation.method} {operation.path!r}",
            fix="Paths are made of letters, digits, '.', '_', '~', '-' and {parameters}.",
        )


def _path_argument(parameter: Parameter) -> Argument:
    # Whatever type the contract gives it in a path, an id is the integer that every answer carries.
    kinds = parameter.schema.get("type")
    kind = Code("str | int" if kinds == "string" else "int")
    name = field_name(parameter.name)
    return Argument(parameter.name, Code(f"{name}: {kind}"), _item(parameter.name, name))


def _query_argument(parameter: Parameter, operation: Operation) -> Argument:
    name = field_name(parameter.name)
    kind, default = _query_type(parameter, operation), literal(page_size(operation))
    if parameter.required:
        declaration = f"{name}: {kind}"
    elif parameter.name not in _SIZES or default == "None":
        declaration = f"{name}: {kind} | None = None"
    else:
        declaration = f"{name}: {kind} = {default}"
    return Argument(parameter.name, Code(declaration), _item(parameter.name, name))


def _query_type(parameter: Parameter, operation: Operation) -> Code:
    schema = parameter.schema
    if parameter.name == "filter":
        return Code(f"Sequence[filters.{filter_name(operation)}]" if declared(operation) else "types.Filters")
    if _SORTS in schema:
        return _closed(sign + each for each in schema[_SORTS] for sign in ("", "-"))
    if _INCLUDES in schema:
        return _closed(schema[_INCLUDES])
    return python_type(schema, REQUEST).code


def _closed(values: Iterable[str]) -> Code:
    return Code(f"Literal[{joined(map(literal, values), ', ')}]")


def page_size(operation: Operation) -> int | None:
    """The size of a page when the caller does not say: the largest one, as each page costs a request."""
    limits = [each.schema.get("maximum") for each in operation.parameters if each.name in _SIZES]
    return next((limit for limit in limits if isinstance(limit, int)), None)


def _item(name: str, variable: Code) -> Code:
    return Code(f"{literal(name)}: {variable}")


def _answer(operation: Operation) -> Code:
    return Code(f"models.{answer_name(operation)}") if operation.answer is not None else Code("None")


def _body(operation: Operation) -> Code | None:
    if operation.request is None:
        return None
    ending = "" if operation.request.required else " | None = None"
    return Code(f"body: models.{body_name(operation)}{ending}")


def _answer_fields(operation: Operation, contract: Contract) -> Mapping[str, Any]:
    schemas: Mapping[str, Any] = contract.document["components"]["schemas"]
    fields: Mapping[str, Any] = schemas.get(component_of(operation.answer or {}), {}).get("properties", {})
    return fields


def _place(fields: Mapping[str, Any], asked: Set[str]) -> str | None:
    """The parameter that says which page of a list is wanted; None when the answer is not a page."""
    place = next((name for needed, name in _PAGES.items() if needed <= fields.keys()), None)
    return None if place == _NUMBER and place not in asked else place


def _page_items(fields: Mapping[str, Any]) -> Code | None:
    """What a list yields: the type of its page's items."""
    item = component_of(fields["items"].get("items", {}))
    return Code(f"models.{class_name(item)}") if item else None
