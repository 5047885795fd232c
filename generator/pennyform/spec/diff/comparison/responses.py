"""Compare what an operation answers: statuses, headers, bodies."""

from __future__ import annotations

from collections.abc import Iterator

from pennyform.spec.diff.comparison.bodies import Compare, compare_bodies
from pennyform.spec.diff.comparison.differences import Difference, changed, field_step, one_sided, part_step
from pennyform.spec.diff.schemas.nodes import Shape, describe, text
from pennyform.spec.diff.schemas.operations import Answer, Operation

_HEADER = part_step("header")


def compare_answers(old: Operation, new: Operation, compare: Compare) -> Iterator[Difference]:
    """The differences of the answers of two forms of one operation, those of errors below their status."""
    gone = [status for status in old.answers if status not in new.answers]
    come = [status for status in new.answers if status not in old.answers]
    pairs = [(status, status) for status in old.answers if status in new.answers]
    before, after = ([status for status in side if _is_success(status)] for side in (gone, come))
    if len(before) == len(after) == 1:
        yield changed("success-status-changed", before[0], after[0])
        pairs.append((before[0], after[0]))
        gone.remove(before[0])
        come.remove(after[0])
    yield from (one_sided(f"{_weight(status)}-status-removed", status, delta=status) for status in gone)
    yield from (one_sided(f"{_weight(status)}-status-added", status, delta=status) for status in come)
    for one, other in pairs:
        for found in _answer(old.answers[one], new.answers[other], compare):
            yield found if _is_success(other) else found.below(part_step(other))


def _answer(old: Answer, new: Answer, compare: Compare) -> Iterator[Difference]:
    yield from _headers(old, new, compare)
    if bool(old.bodies) == bool(new.bodies):
        yield from compare_bodies(old.bodies, new.bodies, compare)
    elif old.bodies:
        yield one_sided("answer-body-removed", sorted(old.bodies))
    else:
        yield one_sided("answer-body-added", sorted(new.bodies))


def _headers(old: Answer, new: Answer, compare: Compare) -> Iterator[Difference]:
    for name, shape in old.headers.items():
        if name not in new.headers:
            yield _header("header-removed", name, shape)
            continue
        for found in compare(shape, new.headers[name]):
            yield found.below(field_step(name)).below(_HEADER)
    for name, shape in new.headers.items():
        if name not in old.headers:
            yield _header("header-added", name, shape)


def _header(kind: str, name: str, shape: Shape) -> Difference:
    steps = (_HEADER, field_step(name))
    return one_sided(kind, describe(shape), delta=text(shape.types), steps=steps, shapes=(shape, shape))


def _is_success(status: str) -> bool:
    return status.startswith("2")


def _weight(status: str) -> str:
    return "success" if _is_success(status) else "error"
