"""Which module of models holds which component: that of the one resource that uses it, or ``shared``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from graphlib import TopologicalSorter

from pennyform.codegen.client.models import Alias, Components, Model, model, type_alias
from pennyform.codegen.client.names import (
    answer_name,
    body_name,
    class_name,
    component_of,
    identifier,
    method_path,
)
from pennyform.codegen.client.python_types import python_type, references
from pennyform.findings import failure
from pennyform.spec.normaliser.contract import ANSWER, REQUEST, Contract, Operation, Schema
from pennyform.spec.normaliser.identifiers import split_words
from pennyform.spec.normaliser.media_types import FORMS, is_json

_SHARED = "shared"


def modules(contract: Contract) -> dict[str, list[Model]]:
    """Every model that some operation sends or answers with, by module, each module in an order that runs.

    Raises:
        Failure: two components would become classes of one name.
    """
    components = Components(contract.schemas, sentences(contract))
    users: dict[str, set[str]] = defaultdict(set)
    for operation in contract.operations:
        schemas = [answer.schema for answer in operation.answers]
        schemas += [operation.request.schema] if operation.request else []
        schemas += [parameter.schema for parameter in operation.parameters]
        for name in components.reachable(schemas):
            users[name].add(operation.resource)
    models: dict[str, list[Model]] = defaultdict(list)
    owners: dict[str, str] = {}
    for name in sorted(users):
        owner = owners.setdefault(class_name(name), name)
        if owner != name:
            raise failure(
                "name-collision",
                f"the components {owner} and {name} would both be the class {class_name(name)}",
                fix="Rename one of them in the overlay with an action on the contract.",
            )
        resources = users[name]
        module = str(identifier(next(iter(resources)))) if len(resources) == 1 else _SHARED
        models[module].append(model(name, components))
    for operation in contract.operations:
        # Bodies and answers that are no components, such as bare arrays, get an alias.
        for alias in _aliases(operation):
            models[str(identifier(operation.resource))].append(alias)
    return {name: _in_order(models[name]) for name in sorted(models)}


def _aliases(operation: Operation) -> Iterator[Model]:
    named = {}
    for answer in operation.answers:
        if answer.schema is not None and not component_of(answer.schema):
            kind = python_type(answer.schema, ANSWER)
            named[answer_name(operation, answer)] = type_alias(
                answer_name(operation, answer), kind, [answer_sentence(operation)]
            )
    yield from named.values()
    request = operation.request
    if request is None or component_of(request.schema):
        return
    if is_json(request.media_type) or request.media_type in FORMS:
        kind = python_type(request.schema, REQUEST)
        yield type_alias(body_name(operation), kind, [body_sentence(operation)])


def _in_order(models: list[Model]) -> list[Model]:
    """Closed enums first, then objects, then what is made of objects: unions and lists, innermost first."""
    aliases = {str(alias.name): alias for alias in models if isinstance(alias, Alias)}
    graph = {
        name: [str(class_name(use)) for use in alias.components if str(class_name(use)) in aliases]
        for name, alias in aliases.items()
    }
    sequence = [aliases[name] for name in TopologicalSorter(graph).static_order()]
    return [
        *(alias for alias in sequence if not alias.components),
        *(struct for struct in models if not isinstance(struct, Alias)),
        *(alias for alias in sequence if alias.components),
    ]


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
        _parts(contract.schemas),
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
        for name in dict.fromkeys(component_of(answer.schema or {}) for answer in operation.answers):
            users[name].append(method_path(operation))
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
        answers = [(answer.schema or {}, answer_sentence(operation)) for answer in operation.answers]
        for schema, sentence in ((body, body_sentence(operation)), *answers):
            for name in references(schema):
                yield name, f"One of {sentence[:1].lower()}{sentence[1:]}"
        for parameter in operation.parameters:
            for name in references(parameter.schema):
                yield name, f"What ``{parameter.name}`` of ``{method_path(operation)}`` can be."


def _parts(schemas: Mapping[str, Schema]) -> Iterator[tuple[str, str]]:
    """The fields of components, then the kinds of unions."""
    for owner, schema in schemas.items():
        for field, field_schema in schema.get("properties", {}).items():
            article = "One of the" if field_schema.get("type") == "array" else "The"
            for name in references(field_schema):
                start = "What can stand in" if "enum" in schemas.get(name, {}) else article
                yield name, f"{start} ``{field}`` of ``{class_name(owner)}``."
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
