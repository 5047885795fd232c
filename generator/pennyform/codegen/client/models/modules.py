"""Which module of models holds which component: that of the one resource that uses it, or ``shared``."""

from __future__ import annotations

from collections import defaultdict
from graphlib import TopologicalSorter

from pennyform.codegen.client.models.structures import Alias, Components, Model, model, type_alias
from pennyform.codegen.client.models.types import python_type
from pennyform.codegen.client.models.usage import answer_sentence, body_sentence, sentences
from pennyform.codegen.client.names import answer_name, body_name, class_name, component_of, identifier
from pennyform.findings import failure
from pennyform.spec.normaliser.contract import ANSWER, REQUEST, Contract

_SHARED = "shared"


def modules(contract: Contract) -> dict[str, list[Model]]:
    """Every model that some operation sends or answers with, by module, each module in an order that runs.

    Raises:
        Failure: two components would become classes of one name.
    """
    components = Components(contract.schemas, sentences(contract))
    users: dict[str, set[str]] = defaultdict(set)
    for operation in contract.operations:
        schemas = [operation.answer, operation.request.schema if operation.request else None]
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
        module = str(identifier(operation.resource))
        if operation.answer is not None and not component_of(operation.answer):
            kind = python_type(operation.answer, ANSWER)
            models[module].append(type_alias(answer_name(operation), kind, [answer_sentence(operation)]))
        if operation.request is not None and not component_of(operation.request.schema):
            kind = python_type(operation.request.schema, REQUEST)
            models[module].append(type_alias(body_name(operation), kind, [body_sentence(operation)]))
    return {name: _in_order(models[name]) for name in sorted(models)}


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
