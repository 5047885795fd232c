"""Classes and methods of the emitted client whose names go, or get another meaning, with a new contract."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pennyform.results.contract_diff import MovedName
from pennyform.spec.document.json_types import JsonObject
from pennyform.spec.normaliser.contract import ComponentName, Contract, Operation, SkippedOperation
from pennyform.spec.normaliser.normalise import normalise


def moved_names(
    old: JsonObject, new: JsonObject, overlays: Sequence[JsonObject], names: dict[str, ComponentName]
) -> list[MovedName]:
    """The names that do not stand for what they stood for; what is new has a new name and is not listed.

    Args:
        old: the pinned contract that the client was emitted from.
        new: the pinned contract that it will be emitted from.
        overlays: what corrects both of them.
        names: the names that were given before, as ``names.json`` has them.

    Raises:
        Failure: one of the contracts cannot be normalised.
    """
    before = normalise(old, overlays, names=names, unmatched=[])
    after = normalise(new, overlays, names=dict(before.names), unmatched=[])
    return sorted([*_classes(before, after), *_methods(before, after)], key=lambda moved: moved.name)


def _classes(before: Contract, after: Contract) -> Iterator[MovedName]:
    # A name stays with its place, else with its shape: it is gone if both are.
    now = {
        (after.names[name].direction, str(place)): name
        for name, places in after.places.items()
        for place in places
    }
    for name, record in before.names.items():
        places = [record.place, *map(str, before.places[name])]
        renamed = ((place, now.get((record.direction, place), name)) for place in places)
        # Of the parts of a component that is divided, one keeps the name.
        place, other = next((pair for pair in renamed if pair[1] != name), (record.place, ""))
        if name in before.schemas and (other or name not in after.schemas):
            yield MovedName(f"models.{name}", place, f"models.{other}" if other else None)


def _methods(before: Contract, after: Contract) -> Iterator[MovedName]:
    operations: list[Operation | SkippedOperation] = [*after.skipped, *after.operations]
    now = {
        f"{operation.resource}.{operation.name}": operation for operation in operations if operation.resource
    }
    for operation in before.operations:
        name, place = f"{operation.resource}.{operation.name}", f"{operation.method} {operation.path}"
        other = now.get(name)
        if other is None:
            yield MovedName(name, place, None)
        elif f"{other.method} {other.path}" != place and other.operation_id != operation.operation_id:
            yield MovedName(name, place, f"{other.method} {other.path}")
