"""What a component is, said by where it is used: for docstrings of what nobody has described."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from pennyform.codegen.client.models.annotations import component_of, references
from pennyform.codegen.client.parsing import class_name
from pennyform.spec.normaliser.contract import Contract, Operation, Schema
from pennyform.spec.normaliser.identifiers import split_words

_MOST_NAMED = 3
_WRITTEN = {"dms": "DMS", "fec": "FEC", "gocardless": "GoCardless", "pa": "PA", "sepa": "SEPA"}


def sentences(contract: Contract) -> dict[str, str]:
    """A sentence for every component that is used, from the first of its uses in the order of telling.

    The order: the body of an operation, what an operation gives, a part of either, a field of another
    component, one kind of a union.
    """
    schemas: Mapping[str, Schema] = contract.document["components"]["schemas"]
    told: dict[str, str] = {}
    for tellings in (
        _bodies(contract.operations),
        _pages(contract.operations, schemas),
        _answers(contract.operations, schemas),
        _members(contract.operations),
        _fields(schemas),
        _kinds(schemas),
    ):
        for name, sentence in tellings:
            told.setdefault(name, sentence)
    return told


def given(operation: Operation) -> str:
    """What is said of the body of an operation."""
    return f"What ``{_method(operation)}`` is given."


def gives(operation: Operation) -> str:
    """What is said of the answer of an operation."""
    return f"What ``{_method(operation)}`` gives back."


def _bodies(operations: Iterable[Operation]) -> Iterator[tuple[str, str]]:
    users: dict[str, list[str]] = defaultdict(list)
    for operation in operations:
        if operation.request is not None:
            users[component_of(operation.request.schema)].append(_method(operation))
    for name, methods in users.items():
        yield name, f"What {_listed(methods)} {'is' if len(methods) == 1 else 'are'} given."


def _pages(operations: Iterable[Operation], schemas: Mapping[str, Schema]) -> Iterator[tuple[str, str]]:
    users = _givers(operations)
    for name, methods in users.items():
        if "items" in schemas.get(name, {}).get("properties", {}):
            yield name, f"One page of what {_listed(methods)} {_s('list', methods)}."


def _answers(operations: Iterable[Operation], schemas: Mapping[str, Schema]) -> Iterator[tuple[str, str]]:
    users = _givers(operations)
    for page, methods in [*users.items()]:
        items = schemas.get(page, {}).get("properties", {}).get("items", {})
        users[component_of(items.get("items", {}))] += methods
    for name, methods in users.items():
        if name.endswith("Answer") and "enum" not in schemas[name]:
            yield name, f"What {_listed(methods)} {_s('give', methods)} back."
        elif name:
            yield name, f"{_a_thing(name)}, as {_listed(methods)} {_s('give', methods)} it."


def _givers(operations: Iterable[Operation]) -> dict[str, list[str]]:
    users: dict[str, list[str]] = defaultdict(list)
    for operation in operations:
        users[component_of(operation.answer or {})].append(_method(operation))
    return users


def _members(operations: Iterable[Operation]) -> Iterator[tuple[str, str]]:
    """What bodies and answers without a name are made of, such as the items of a bare array."""
    for operation in operations:
        body = operation.request.schema if operation.request else {}
        for schema, sentence in ((body, given(operation)), (operation.answer or {}, gives(operation))):
            for name in references(schema):
                yield name, f"One of {sentence[:1].lower()}{sentence[1:]}"


def _fields(schemas: Mapping[str, Schema]) -> Iterator[tuple[str, str]]:
    for owner, schema in schemas.items():
        for field, inner in schema.get("properties", {}).items():
            one = "One of the" if inner.get("type") == "array" else "The"
            for name in references(inner):
                is_value = "enum" in schemas.get(name, {})
                start = "What can stand in" if is_value else one
                yield name, f"{start} ``{field}`` of ``{class_name(owner)}``."


def _kinds(schemas: Mapping[str, Schema]) -> Iterator[tuple[str, str]]:
    for owner, schema in schemas.items():
        for name in references({key: value for key, value in schema.items() if key != "properties"}):
            yield name, f"One kind of ``{class_name(owner)}``."


def _method(operation: Operation) -> str:
    return f"{operation.resource}.{operation.name}"


def _s(verb: str, methods: list[str]) -> str:
    return verb if len(methods) > 1 else f"{verb}s"


def _listed(methods: list[str]) -> str:
    """``a``, ``b`` and ``c``; of more than a few, the first ones stand for all."""
    named = [f"``{each}``" for each in methods[:_MOST_NAMED]]
    rest = ["others"] if len(methods) > _MOST_NAMED else []
    *others, last = [*named, *rest]
    return f"{', '.join(others)} and {last}" if others else last


def _a_thing(name: str) -> str:
    words = " ".join(_WRITTEN.get(word, word) for word in split_words(name)).replace("e invoic", "e-invoic")
    return f"{'An' if words[:1] in 'aeio' else 'A'} {words}"
