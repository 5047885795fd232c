"""What lists can be filtered by → the types of conditions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pennyform.codegen.client.code import Code, docstring, join_code, literal
from pennyform.codegen.client.names import class_name, method_path
from pennyform.spec.normaliser.contract import Contract, Operation
from pennyform.spec.normaliser.identifiers import pascal_case, singular

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

    name: Code
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


def filter_name(operation: Operation) -> Code:
    """``customer_invoices.list`` → ``CustomerInvoiceFilter``."""
    rest = operation.name.removeprefix("list").strip("_")
    words = f"{singular(operation.resource)}_{singular(rest)}".strip("_")
    return class_name(Code(f"{pascal_case(words)}Filter"))


def _conditions(name: Code, operators_by_field: Mapping[str, Iterable[str]]) -> Iterator[Condition]:
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
