"""Compare bodies: what an operation takes, and what it answers with statuses and headers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pennyform.spec.diff.comparison.differences import Difference, changed, field_step, one_sided, part_step
from pennyform.spec.diff.comparison.schemas import CompareSchemas
from pennyform.spec.diff.schemas.node import SchemaNode, json_text, to_json_schema
from pennyform.spec.diff.schemas.operations import Answer, Content, Operation

_HEADER = part_step("header")
_Bodies = Mapping[str, Content]


def compare_requests(old: Operation, new: Operation, compare: CompareSchemas) -> Iterator[Difference]:
    """The differences of the request bodies of two forms of one operation."""
    if old.body is not None and new.body is not None:
        if old.body_required != new.body_required:
            kind = "request-body-required" if new.body_required else "request-body-optional"
            yield Difference(kind, old.body_required, new.body_required)
        yield from _compare_bodies(old.body, new.body, compare)
    elif old.body is not None:
        yield one_sided("request-body-removed", sorted(old.body))
    elif new.body is not None:
        kind = "required-request-body-added" if new.body_required else "request-body-added"
        yield one_sided(kind, sorted(new.body))


def compare_answers(old: Operation, new: Operation, compare: CompareSchemas) -> Iterator[Difference]:
    """The differences of the answers of two forms of one operation, those of errors below their status."""
    gone = [status for status in old.answers if status not in new.answers]
    come = [status for status in new.answers if status not in old.answers]
    pairs = [(status, status) for status in old.answers if status in new.answers]
    before, after = ([status for status in side if _is_success(status)] for side in (gone, come))
    if len(before) == len(after) == 1:
        # An operation that has only ever one success answers the same thing with another status.
        yield changed("success-status-changed", before[0], after[0])
        pairs.append((before[0], after[0]))
        gone.remove(before[0])
        come.remove(after[0])
    for statuses, ending in ((gone, "removed"), (come, "added")):
        for status in statuses:
            kind = "success-status" if _is_success(status) else "error-status"
            yield one_sided(f"{kind}-{ending}", status, delta=status)
    for old_status, new_status in pairs:
        for difference in _compare_answer(old.answers[old_status], new.answers[new_status], compare):
            yield difference if _is_success(new_status) else difference.below(part_step(new_status))


def _is_success(status: str) -> bool:
    return status.startswith("2")


def _compare_answer(old: Answer, new: Answer, compare: CompareSchemas) -> Iterator[Difference]:
    for name, schema in old.headers.items():
        if name not in new.headers:
            yield _header("header-removed", name, schema)
            continue
        for difference in compare(schema, new.headers[name]):
            yield difference.below(field_step(name)).below(_HEADER)
    for name, schema in new.headers.items():
        if name not in old.headers:
            yield _header("header-added", name, schema)
    if bool(old.bodies) == bool(new.bodies):
        yield from _compare_bodies(old.bodies, new.bodies, compare)
    elif old.bodies:
        yield one_sided("answer-body-removed", sorted(old.bodies))
    else:
        yield one_sided("answer-body-added", sorted(new.bodies))


def _header(kind: str, name: str, schema: SchemaNode) -> Difference:
    steps = (_HEADER, field_step(name))
    delta = json_text(schema.types)
    return one_sided(kind, to_json_schema(schema), delta=delta, steps=steps, schemas=(schema, schema))


def _compare_bodies(old: _Bodies, new: _Bodies, compare: CompareSchemas) -> Iterator[Difference]:
    """The differences of what can be sent, or can come back, by media type."""
    pairs = [(media_type, media_type) for media_type in old if media_type in new]
    gone = [media_type for media_type in old if media_type not in new]
    come = [media_type for media_type in new if media_type not in old]
    if len(gone) == len(come) == 1:
        pairs.append((gone[0], come[0]))
        yield changed("media-type-changed", gone[0], come[0])
    else:
        yield from (one_sided("media-type-removed", name, delta=name) for name in gone)
        yield from (one_sided("media-type-added", name, delta=name) for name in come)
    for before, after in pairs:
        if old[before].encoding != new[after].encoding:
            yield changed("encoding-changed", old[before].encoding, new[after].encoding)
        yield from compare(old[before].schema, new[after].schema)
