"""Compare two forms of one operation: each difference with the operation and the direction it is found in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pennyform.spec.diff.comparison.bodies import compare_answers, compare_requests
from pennyform.spec.diff.comparison.differences import Difference, changed, field_step, one_sided, part_step
from pennyform.spec.diff.comparison.kinds import ANSWER, BOTH, REQUEST, family
from pennyform.spec.diff.comparison.schemas import CompareSchemas
from pennyform.spec.diff.schemas.node import json_text, to_json_schema
from pennyform.spec.diff.schemas.operations import Operation, Parameter


@dataclass(frozen=True, slots=True)
class Site:
    """One difference where it takes effect. ``operation`` is None for what concerns all of them."""

    operation: Operation | None
    direction: str
    difference: Difference

    @property
    def kind(self) -> str:
        """What happened, seen from this direction: a field that must be sent is just new in an answer."""
        return family(self.difference.kind) if self.direction == ANSWER else self.difference.kind


def compare_operations(
    old: Operation, new: Operation, request: CompareSchemas, answer: CompareSchemas
) -> Iterator[Site]:
    """The differences between two forms of one operation.

    Args:
        old: the operation there was.
        new: the operation there is.
        request: compares two schemas of what is sent.
        answer: compares two schemas of what comes back.
    """
    for difference in _compare_attributes(old, new):
        yield Site(old, BOTH, difference)
    for difference in _compare_demands(old, new):
        yield Site(new, REQUEST, difference)
    for difference in _compare_parameters(old, new, request):
        yield Site(new, REQUEST, difference)
    for difference in compare_requests(old, new, request):
        yield Site(new, REQUEST, difference)
    for difference in compare_answers(old, new, answer):
        yield Site(new, ANSWER, difference)


def _compare_attributes(old: Operation, new: Operation) -> Iterator[Difference]:
    if old.key != new.key:
        yield changed("operation-moved", old.title, new.title)
    if old.operation_id != new.operation_id:
        yield changed("operation-id-changed", old.operation_id, new.operation_id)
    if old.deprecated != new.deprecated:
        kind = "deprecated" if new.deprecated else "undeprecated"
        yield Difference(kind, old.deprecated, new.deprecated, delta=new.title)
    if old.stability != new.stability:
        yield changed("stability-changed", old.stability or None, new.stability or None)


def _compare_demands(old: Operation, new: Operation) -> Iterator[Difference]:
    """What a caller needs: one of the scopes, an upload that is not too large."""
    if bool(old.scopes) != bool(new.scopes):
        kind = "scope-required" if new.scopes else "scope-dropped"
        yield changed(kind, sorted(old.scopes), sorted(new.scopes))
    else:
        for scope in sorted(old.scopes - new.scopes):
            yield one_sided("scope-removed", scope, delta=scope)
        for scope in sorted(new.scopes - old.scopes):
            yield one_sided("scope-added", scope, delta=scope)
    before, after = old.file_size, new.file_size
    if before != after:
        narrower = before is None or (after is not None and after < before)
        sides = [None if size is None else {"file": f"{size} MB"} for size in (before, after)]
        yield changed("limit-narrowed" if narrower else "limit-widened", sides[0], sides[1])


def _compare_parameters(old: Operation, new: Operation, compare: CompareSchemas) -> Iterator[Difference]:
    """The differences of the parameters; those in the path are the same by their position, others by name."""
    renamed = {
        ("path", before): ("path", after)
        for before, after in zip(old.path_names, new.path_names, strict=False)
        if before != after
    }
    for (_, before), (_, after) in renamed.items():
        yield changed("path-parameter-renamed", before, after)
    # From here on under their new names, so that a path's parameter is compared and not taken for a new one.
    old_parameters = {renamed.get(key, key): parameter for key, parameter in old.parameters.items()}
    gone = [parameter for key, parameter in old_parameters.items() if key not in new.parameters]
    come = [parameter for key, parameter in new.parameters.items() if key not in old_parameters]
    if len(gone) == len(come) == 1 and replace(gone[0], name=come[0].name) == come[0]:
        yield changed("parameter-renamed", gone[0].name, come[0].name, steps=_steps(gone[0]))
    else:
        for parameter in gone:
            yield _parameter("parameter-removed", parameter)
        for parameter in come:
            kind = "required-parameter-added" if parameter.required else "parameter-added"
            yield _parameter(kind, parameter)
    for key, parameter in old_parameters.items():
        if key in new.parameters:
            yield from _compare_parameter(parameter, new.parameters[key], compare)


def _compare_parameter(old: Parameter, new: Parameter, compare: CompareSchemas) -> Iterator[Difference]:
    steps = _steps(new)
    if old.required != new.required:
        kind = "parameter-required" if new.required else "parameter-optional"
        yield Difference(kind, old.required, new.required, steps=steps)
    if old.deprecated != new.deprecated:
        kind = "deprecated" if new.deprecated else "undeprecated"
        pair = (old.schema, new.schema)
        yield Difference(kind, old.deprecated, new.deprecated, steps=steps, schemas=pair)
    if old.style != new.style:
        yield changed("parameter-style-changed", old.style, new.style, steps=steps)
    for difference in compare(old.schema, new.schema):
        yield difference.below(steps[1]).below(steps[0])


def _parameter(kind: str, parameter: Parameter) -> Difference:
    return one_sided(
        kind,
        to_json_schema(parameter.schema),
        delta=json_text([parameter.location, parameter.schema.types]),
        steps=_steps(parameter),
        schemas=(parameter.schema, parameter.schema),
    )


def _steps(parameter: Parameter) -> tuple[str, str]:
    return part_step(parameter.location), field_step(parameter.name)
