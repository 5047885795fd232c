"""Which module of models holds which component: that of the one resource that uses it, or ``shared``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from graphlib import TopologicalSorter

from pennyform.codegen.client.models.annotations import component_of
from pennyform.codegen.client.models.models import Alias, Components, Model, model, unnamed
from pennyform.codegen.client.models.usage import given, gives, sentences
from pennyform.codegen.client.naming import answer_name, body_name
from pennyform.codegen.client.parsing import Parsed, class_name, identifier
from pennyform.findings import failure
from pennyform.spec.normaliser.contract import ANSWER, REQUEST, Contract, Operation

SHARED = "shared"


def modules(contract: Contract, parsed: Parsed) -> dict[str, list[Model]]:
    """Every model that some operation sends or answers with, by module, each module in an order that runs.

    Raises:
        Failure: two components would become classes of one name.
    """
    components = Components(contract.document["components"]["schemas"], parsed.models, sentences(contract))
    users: dict[str, set[str]] = defaultdict(set)
    for operation in contract.operations:
        for name in components.reachable(_schemas(operation)):
            users[name].add(operation.resource)
    _refuse_twins(users)
    found: dict[str, list[Model]] = defaultdict(list)
    for name in sorted(users):
        found[_module(users[name])].append(model(name, components))
    for resource, alias in _unnamed(contract.operations):
        found[_module({resource})].append(alias)
    return {name: _ordered(models) for name, models in sorted(found.items())}


def _schemas(operation: Operation) -> list[object]:
    return [operation.answer, operation.request.schema if operation.request else None]


def _module(resources: set[str]) -> str:
    return str(identifier(next(iter(resources)))) if len(resources) == 1 else SHARED


def _unnamed(operations: Iterable[Operation]) -> Iterator[tuple[str, Alias]]:
    """Aliases for bodies and answers that are not components, such as bare arrays."""
    for operation in operations:
        if operation.answer is not None and not component_of(operation.answer):
            yield (
                operation.resource,
                unnamed(answer_name(operation), operation.answer, ANSWER, gives(operation)),
            )
        if operation.request is not None and not component_of(operation.request.schema):
            yield (
                operation.resource,
                unnamed(body_name(operation), operation.request.schema, REQUEST, given(operation)),
            )


def _ordered(models: list[Model]) -> list[Model]:
    """Closed enums first, then objects, then what is made of objects: unions and lists, innermost first."""
    aliases = {str(each.name): each for each in models if isinstance(each, Alias)}
    graph = {
        name: [str(class_name(use)) for use in alias.uses if str(class_name(use)) in aliases]
        for name, alias in aliases.items()
    }
    sequence = [aliases[name] for name in TopologicalSorter(graph).static_order()]
    first = [each for each in sequence if not each.uses]
    return [
        *first,
        *(each for each in models if not isinstance(each, Alias)),
        *(e for e in sequence if e.uses),
    ]


def _refuse_twins(names: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in sorted(names):
        other = seen.setdefault(class_name(name), name)
        if other != name:
            raise failure(
                "name-collision",
                f"the components {other} and {name} would both be the class {class_name(name)}",
                fix="Rename one of them in the overlay with an action on the contract.",
            )
