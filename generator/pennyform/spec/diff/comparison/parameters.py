"""Compare the parameters of an operation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pennyform.spec.diff.comparison.bodies import Compare
from pennyform.spec.diff.comparison.differences import Difference, changed, field_step, one_sided, part_step
from pennyform.spec.diff.schemas.nodes import describe, text
from pennyform.spec.diff.schemas.operations import Operation, Parameter


def compare_parameters(old: Operation, new: Operation, compare: Compare) -> Iterator[Difference]:
    """The differences of the parameters of two forms of one operation.

    Those in the path are the same by their position, all others by their name.
    """
    renamed = {
        ("path", before): ("path", after)
        for before, after in zip(old.path_names, new.path_names, strict=False)
        if before != after
    }
    yield from (changed("path-parameter-renamed", one[1], other[1]) for one, other in renamed.items())
    before = {renamed.get(key, key): parameter for key, parameter in old.parameters.items()}
    yield from _names(
        [parameter for key, parameter in before.items() if key not in new.parameters],
        [parameter for key, parameter in new.parameters.items() if key not in before],
    )
    for key, parameter in before.items():
        if key in new.parameters:
            yield from _parameter(parameter, new.parameters[key], compare)


def _names(gone: list[Parameter], come: list[Parameter]) -> Iterator[Difference]:
    """The parameters that only one side has; one that only changed its name is the same."""
    if len(gone) == len(come) == 1 and replace(gone[0], name=come[0].name) == come[0]:
        yield changed("parameter-renamed", gone[0].name, come[0].name, steps=_steps(gone[0]))
        return
    for parameter in gone:
        yield _whole("parameter-removed", parameter)
    for parameter in come:
        yield _whole("required-parameter-added" if parameter.required else "parameter-added", parameter)


def _parameter(old: Parameter, new: Parameter, compare: Compare) -> Iterator[Difference]:
    steps = _steps(new)
    if old.required != new.required:
        kind = "parameter-required" if new.required else "parameter-optional"
        yield Difference(kind, old.required, new.required, steps=steps)
    if old.deprecated != new.deprecated:
        kind = "deprecated" if new.deprecated else "undeprecated"
        shapes = (old.shape, new.shape)
        yield Difference(kind, old.deprecated, new.deprecated, steps=steps, shapes=shapes)
    if old.style != new.style:
        yield changed("parameter-style-changed", old.style, new.style, steps=steps)
    for found in compare(old.shape, new.shape):
        yield found.below(steps[1]).below(steps[0])


def _whole(kind: str, parameter: Parameter) -> Difference:
    return one_sided(
        kind,
        describe(parameter.shape),
        delta=text([parameter.location, parameter.shape.types]),
        steps=_steps(parameter),
        shapes=(parameter.shape, parameter.shape),
    )


def _steps(parameter: Parameter) -> tuple[str, str]:
    return part_step(parameter.location), field_step(parameter.name)
