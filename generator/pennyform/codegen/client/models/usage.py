"""A sentence for each component from where it is used: for docstrings of what nobody has described."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from pennyform.codegen.client.models.types import references
from pennyform.codegen.client.names import class_name, component_of, method_path
from pennyform.spec.normaliser.contract import Contract, Operation, Schema
from pennyform.spec.normaliser.identifiers import split_words

_MOST_NAMED = 3
_SPELLING = {"dms": "DMS", "fec": "FEC", "gocardless": "GoCardless", "pa": "PA", "sepa": "SEPA"}


def sentences(contract: Contract) -> dict[str, str]:
    """A sentence for every component that is used, from the most telling of its uses.

    In this order: the body of an operation, the answer of an operation, a part of either, a field of another
    component, one kind of a union.
    """
    by_component: dict[str, str] = {}
    for pairs in (
        _bodies(contract.operations),
        _answers(contract.operations, contract.schemas),
        _members(contract.operations),
        _fields(contract.schemas),
        _union_members(contract.schemas),
    ):
        for name, sentence in pairs:
            by_component.setdefault(name, sentence)
    return by_component


def body_sentence(operation: Operation) -> str:
    """The docstring of the body of an operation."""
    return f"What ``{method_path(operation)}`` is given."


def answer_sentence(operation: Operation) -> str:
    """The docstring of the answer of an operation."""
    return f"What ``{method_path(operation)}`` gives back."


def _bodies(operations: Iterable[Operation]) -> Iterator[tuple[str, str]]:
    users: dict[str, list[str]] = defaultdict(list)
    for operation in operations:
        if operation.request is not None:
            users[component_of(operation.request.schema)].append(method_path(operation))
    for name, methods in users.items():
        yield name, f"What {_enumerate(methods)} {'is' if len(methods) == 1 else 'are'} given."


def _answers(operations: Iterable[Operation], schemas: Mapping[str, Schema]) -> Iterator[tuple[str, str]]:
    users: dict[str, list[str]] = defaultdict(list)
    for operation in operations:
        users[component_of(operation.answer or {})].append(method_path(operation))
    answers = list(users.items())
    for name, methods in answers:
        if "items" in schemas.get(name, {}).get("properties", {}):
            yield name, f"One page of what {_enumerate(methods)} {_verb('list', methods)}."
    # The items of a page are what its methods give, too.
    for page, methods in answers:
        items = schemas.get(page, {}).get("properties", {}).get("items", {})
        users[component_of(items.get("items", {}))] += methods
    for name, methods in users.items():
        if name.endswith("Answer") and "enum" not in schemas[name]:
            yield name, f"What {_enumerate(methods)} {_verb('give', methods)} back."
        elif name:
            words = " ".join(_SPELLING.get(word, word) for word in split_words(name))
            words = words.replace("e invoic", "e-invoic")
            article = "An" if words[:1] in "aeio" else "A"
            yield name, f"{article} {words}, as {_enumerate(methods)} {_verb('give', methods)} it."


def _members(operations: Iterable[Operation]) -> Iterator[tuple[str, str]]:
    """The parts of bodies and answers without a name, such as the items of a bare array."""
    for operation in operations:
        body = operation.request.schema if operation.request else {}
        for schema, sentence in (
            (body, body_sentence(operation)),
            (operation.answer or {}, answer_sentence(operation)),
        ):
            for name in references(schema):
                yield name, f"One of {sentence[:1].lower()}{sentence[1:]}"


def _fields(schemas: Mapping[str, Schema]) -> Iterator[tuple[str, str]]:
    for owner, schema in schemas.items():
        for field, field_schema in schema.get("properties", {}).items():
            article = "One of the" if field_schema.get("type") == "array" else "The"
            for name in references(field_schema):
                start = "What can stand in" if "enum" in schemas.get(name, {}) else article
                yield name, f"{start} ``{field}`` of ``{class_name(owner)}``."


def _union_members(schemas: Mapping[str, Schema]) -> Iterator[tuple[str, str]]:
    for owner, schema in schemas.items():
        for name in references({key: value for key, value in schema.items() if key != "properties"}):
            yield name, f"One kind of ``{class_name(owner)}``."


def _verb(verb: str, methods: list[str]) -> str:
    return verb if len(methods) > 1 else f"{verb}s"


def _enumerate(methods: list[str]) -> str:
    """``a``, ``b`` and ``c``; of more than a few, the first ones and "others"."""
    names = [f"``{method}``" for method in methods[:_MOST_NAMED]]
    names += ["others"] if len(methods) > _MOST_NAMED else []
    *start, last = names
    return f"{', '.join(start)} and {last}" if start else last
