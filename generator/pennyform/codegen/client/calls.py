"""Operations of the contract → what a call needs: arguments, body, answer, and their types."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from openapi_python_client.strings import ClassName

from pennyform.codegen.client.code import Code, docstring, join_code, literal
from pennyform.codegen.client.names import (
    answer_name,
    body_name,
    class_name,
    component_of,
    field_name,
    method_path,
)
from pennyform.codegen.client.python_types import python_type
from pennyform.findings import failure
from pennyform.spec.normaliser.contract import REQUEST, Contract, Operation, Parameter
from pennyform.spec.normaliser.identifiers import pascal_case, singular

# Beside a cursor the service answers 400 to one of these, so they go with the first page only.
FIRST_PAGE_ONLY = {"start_date"}
_CURSOR, _NUMBER = "cursor", "page"
# What an answer has when it is a page of a list → the parameter that says which page to get.
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


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument: as declared in a signature, and as an item of the ``dict`` that carries it on."""

    name: str
    declaration: Code
    item: Code


@dataclass(frozen=True, slots=True)
class Call:
    """Everything that the methods of one operation are written from.

    Of a list, ``items`` is the type of what it yields, and ``page`` the argument that says which page to get;
    ``query`` are its other arguments.
    """

    operation: Operation
    name: Code
    answer: Code
    items: Code | None
    path: tuple[Argument, ...]
    body: Code | None
    query: tuple[Argument, ...]
    page: Argument | None

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
    if not _PATH.fullmatch(operation.path) or operation.method.lower() not in _METHODS:
        raise failure(
            "path-unsafe",
            f"{operation.operation_id} has a path or a method that cannot be emitted",
            detail=f"{operation.method} {operation.path!r}",
            fix="Paths are made of letters, digits, '.', '_', '~', '-' and {parameters}.",
        )
    name = operation.name
    if not _NAME.fullmatch(name) or not _NAME.fullmatch(operation.resource) or keyword.iskeyword(name):
        raise failure(
            "name-unsafe",
            f"{operation.operation_id} cannot be called {operation.resource}.{name}",
            detail="Names of resources and methods are lower-case words joined by '_'.",
            fix="Give x-pennyform-resource or x-pennyform-method a plain name in the overlay.",
        )
    parameters = {parameter.name: parameter for parameter in operation.parameters}
    path = []
    for key in re.findall(r"\{(\w+)\}", operation.path):
        # Whatever type the contract gives it in a path, an id is the integer that every answer carries.
        kind = "str | int" if parameters[key].schema.get("type") == "string" else "int"
        variable = field_name(key)
        path.append(Argument(key, Code(f"{variable}: {kind}"), Code(f"{literal(key)}: {variable}")))
    query = [
        _query_argument(parameter, operation)
        for parameter in operation.parameters
        if parameter.location == "query"
    ]
    page, items = _pagination(operation, contract, query)
    body = None
    if operation.request is not None:
        ending = "" if operation.request.required else " | None = None"
        body = Code(f"body: models.{body_name(operation)}{ending}")
    return Call(
        operation,
        Code(name),
        Code(f"models.{answer_name(operation)}") if operation.answer is not None else Code("None"),
        items,
        tuple(path),
        body,
        tuple(argument for argument in query if argument is not page),
        page,
    )


def _pagination(
    operation: Operation, contract: Contract, query: Iterable[Argument]
) -> tuple[Argument | None, Code | None]:
    """Of a list: the argument that says which page to get, and the type of its items; None for all others."""
    schema = contract.schemas.get(component_of(operation.answer or {}), {})
    fields = schema.get("properties", {})
    arguments = {argument.name: argument for argument in query}
    parameter = next((name for promised, name in _PAGES.items() if promised <= fields.keys()), None)
    if parameter is None or (parameter == _NUMBER and parameter not in arguments):
        return None, None
    item = component_of(fields["items"].get("items", {}))
    if not item:
        return None, None
    return arguments.get(parameter), Code(f"models.{class_name(item)}")


def _query_argument(parameter: Parameter, operation: Operation) -> Argument:
    name = field_name(parameter.name)
    schema, default = parameter.schema, literal(largest_page(operation))
    if parameter.name == "filter":
        kind = (
            f"Sequence[filters.{filter_name(operation)}]" if declared_filters(operation) else "types.Filters"
        )
    elif _SORTS in schema:
        # "-" before a field sorts from the largest to the smallest.
        values = [f"{sign}{field}" for field in schema[_SORTS] for sign in ("", "-")]
        kind = f"Literal[{join_code(map(literal, values))}]"
    elif _INCLUDES in schema:
        kind = f"Literal[{join_code(map(literal, schema[_INCLUDES]))}]"
    else:
        kind = python_type(schema, REQUEST).code
    if parameter.required:
        declaration = f"{name}: {kind}"
    elif parameter.name not in _SIZES or default == "None":
        declaration = f"{name}: {kind} | None = None"
    else:
        declaration = f"{name}: {kind} = {default}"
    return Argument(parameter.name, Code(declaration), Code(f"{literal(parameter.name)}: {name}"))


def largest_page(operation: Operation) -> int | None:
    """The size of a page when the caller does not say: the largest one, as each page costs a request."""
    limits = [
        parameter.schema.get("maximum") for parameter in operation.parameters if parameter.name in _SIZES
    ]
    return next((limit for limit in limits if isinstance(limit, int)), None)


FILTERS = "x-pennyform-filters"
# The operators that take a list of values; all others take one.
_LIST_OPERATORS = ("in", "not_in")


@dataclass(frozen=True, slots=True)
class Condition:
    """One shape of condition: these fields, with these operators, and such a value."""

    name: Code
    head: Code
    field: Code
    operator: Code
    value: Code


@dataclass(frozen=True, slots=True)
class Filter:
    """Everything that one list can be filtered by."""

    name: ClassName
    declaration: Code
    docstring: Code
    conditions: tuple[Condition, ...]


def filters(contract: Contract) -> list[Filter]:
    """The filters of all lists whose fields and operators the contract tells, by name."""
    by_name = []
    for operation in contract.operations:
        operators_by_field = declared_filters(operation)
        if operators_by_field:
            name = filter_name(operation)
            conditions = tuple(_conditions(name, operators_by_field))
            union = join_code((condition.name for condition in conditions), " | ")
            words = f"One condition of ``{method_path(operation)}``; several are joined by *and*."
            declaration = Code(f"{name}: TypeAlias = {union}")
            by_name.append(Filter(name, declaration, docstring([words], indent=0), conditions))
    return sorted(by_name, key=lambda item: item.name)


def declared_filters(operation: Operation) -> Mapping[str, Iterable[str]]:
    """Field → operators, or nothing when the contract does not say."""
    schemas = [parameter.schema for parameter in operation.parameters if parameter.name == "filter"]
    fields: Mapping[str, Iterable[str]] = schemas[0].get(FILTERS, {}) if schemas else {}
    return fields


def filter_name(operation: Operation) -> ClassName:
    """``customer_invoices.list`` → ``CustomerInvoiceFilter``."""
    rest = operation.name.removeprefix("list").strip("_")
    words = f"{singular(operation.resource)}_{singular(rest)}".strip("_")
    return class_name(Code(f"{pascal_case(words)}Filter"))


def _conditions(name: ClassName, operators_by_field: Mapping[str, Iterable[str]]) -> Iterator[Condition]:
    # Fields that know the same operators share a condition, apart for operators of one value and of many.
    groups: dict[tuple[tuple[str, ...], bool], list[str]] = {}
    for field, field_operators in operators_by_field.items():
        for many in (False, True):
            operators = tuple(name for name in field_operators if (name in _LIST_OPERATORS) is many)
            if operators:
                groups.setdefault((operators, many), []).append(field)
    for number, ((operators, many), fields) in enumerate(groups.items(), 1):
        condition = Code(f"_{name}{number}")
        yield Condition(
            condition,
            Code(f"class {condition}(TypedDict):"),
            Code(f"field: Literal[{join_code(map(literal, fields))}]"),
            Code(f"operator: Literal[{join_code(map(literal, operators))}]"),
            Code("value: Sequence[Scalar]" if many else "value: Scalar"),
        )
