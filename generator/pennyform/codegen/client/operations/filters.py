"""What each list can be filtered by, as types: fields with the operators that the service knows for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from openapi_python_client.strings import ClassName

from pennyform.codegen.client.code import Brackets, Code, docstring, joined, literal, union
from pennyform.codegen.client.parsing import class_name
from pennyform.spec.normaliser.contract import Contract, Operation
from pennyform.spec.normaliser.identifiers import pascal_case, singular

FILTERS = "x-pennyform-filters"
# The operators that take a list of values; all others take one.
_OF_MANY = ("in", "not_in")


@dataclass(frozen=True)
class Condition:
    """One shape of condition: these fields, with these operators, and such a value."""

    name: Code
    head: Code
    field: Code
    operator: Code
    value: Code


@dataclass(frozen=True)
class Filter:
    """Everything that one list can be filtered by."""

    name: ClassName
    declaration: Code
    docstring: Code
    conditions: tuple[Condition, ...]


def filters(contract: Contract) -> list[Filter]:
    """The filters of all lists whose fields and operators the contract tells, by name."""
    found = [_filter(operation, known) for operation in contract.operations if (known := declared(operation))]
    return sorted(found, key=lambda each: each.name)


def declared(operation: Operation) -> Mapping[str, Iterable[str]]:
    """Field → operators, or nothing when the contract does not say."""
    schemas = [each.schema for each in operation.parameters if each.name == "filter"]
    known: Mapping[str, Iterable[str]] = schemas[0].get(FILTERS, {}) if schemas else {}
    return known


def filter_name(operation: Operation) -> ClassName:
    """``customer_invoices.list`` → ``CustomerInvoiceFilter``."""
    rest = operation.name.removeprefix("list").strip("_")
    words = f"{singular(operation.resource)}_{singular(rest)}".strip("_")
    return class_name(Code(f"{pascal_case(words)}Filter"))


def _filter(operation: Operation, known: Mapping[str, Iterable[str]]) -> Filter:
    name = filter_name(operation)
    conditions = tuple(_conditions(name, known))
    kinds = joined((each.name for each in conditions), " | ")
    words = f"One condition of ``{operation.resource}.{operation.name}``; several are joined by *and*."
    declaration = union(f"{name}: TypeAlias = ", kinds, "")
    return Filter(name, declaration, docstring([words], indent=0), conditions)


def _conditions(name: ClassName, known: Mapping[str, Iterable[str]]) -> Iterable[Condition]:
    groups: dict[tuple[tuple[str, ...], bool], list[str]] = {}
    for field, operators in known.items():
        for many in (False, True):
            kept = tuple(each for each in operators if (each in _OF_MANY) is many)
            if kept:
                groups.setdefault((kept, many), []).append(field)
    for number, ((operators, many), fields) in enumerate(groups.items(), 1):
        own = Code(f"_{name}{number}")
        yield Condition(
            own,
            Code(f"class {own}(TypedDict):"),
            _choice("field", fields),
            _choice("operator", operators),
            Code("value: Sequence[Scalar]" if many else "value: Scalar"),
        )


def _choice(name: str, values: Iterable[str]) -> Code:
    return Brackets(f"{name}: Literal[", [literal(each) for each in values], "]").laid_out(4)
