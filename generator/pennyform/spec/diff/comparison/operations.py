"""Compare two forms of one operation: each difference with the operation and the direction it is found in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from pennyform.spec.diff.comparison.differences import (
    Difference,
    changed,
    compare_unknown_keywords,
    field_step,
    one_sided,
    part_step,
)
from pennyform.spec.diff.comparison.kinds import ANSWER, BOTH, REQUEST, family
from pennyform.spec.diff.comparison.schemas import CompareSchemas
from pennyform.spec.diff.schemas.node import SchemaNode, json_text, to_json_schema
from pennyform.spec.diff.schemas.operations import Answer, Content, Operation, Parameter
from pennyform.spec.document.json_types import JsonObject


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
    old: Operation,
    new: Operation,
    request: CompareSchemas,
    answer: CompareSchemas,
    renamed_schemes: Mapping[str, str],
) -> Iterator[Site]:
    """The differences between two forms of one operation.

    Args:
        old: the operation there was.
        new: the operation there is.
        request: compares two schemas of what is sent.
        answer: compares two schemas of what comes back.
        renamed_schemes: security schemes that have another name now, by the former one.
    """
    for difference in _compare_attributes(old, new):
        yield Site(old, BOTH, difference)
    for difference in _compare_demands(old, new, renamed_schemes):
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


def compare_webhooks(old: Operation, new: Operation, answer: CompareSchemas) -> Iterator[Site]:
    """The differences between two forms of a request that the caller gets, and reads like an answer."""
    for compared in (
        compare_unknown_keywords(old.unknown, new.unknown),
        _compare_parameters(old, new, answer),
        compare_requests(old, new, answer),
    ):
        for difference in compared:
            yield Site(new, ANSWER, difference)


def _compare_demands(
    old: Operation, new: Operation, renamed_schemes: Mapping[str, str]
) -> Iterator[Difference]:
    """What a caller needs: an address, one of the schemes and scopes, an upload that is not too large."""
    yield from compare_unknown_keywords(old.unknown, new.unknown)
    if old.servers != new.servers:
        yield changed("operation-server-changed", sorted(old.servers) or None, sorted(new.servers) or None)
    yield from _compare_security(old, new, renamed_schemes)
    before, after = old.file_size, new.file_size
    if before != after:
        narrower = before is None or (after is not None and after < before)
        sides = [None if size is None else {"file": f"{size} MB"} for size in (before, after)]
        yield changed("limit-narrowed" if narrower else "limit-widened", sides[0], sides[1])


_NO_SECURITY = frozenset([frozenset[str]()])


def _compare_security(
    old: Operation, new: Operation, renamed_schemes: Mapping[str, str]
) -> Iterator[Difference]:
    """The schemes that satisfy an operation and the scopes of its tokens.

    Scopes are compared where the schemes are the same, and where one side asks for nothing at all.
    """
    before = frozenset(
        frozenset(renamed_schemes.get(name, name) for name in schemes) for schemes in old.security
    )
    after = new.security
    # Who satisfied one of the old sets satisfies a new one that asks for no more than that.
    refused = any(not any(demand <= known for demand in after) for known in before)
    gained = any(not any(known <= demand for known in before) for demand in after)
    if (refused or gained) and not (_NO_SECURITY in (before, after) and old.scopes != new.scopes):
        kind = "changed" if refused and gained else "narrowed" if refused else "widened"
        sides = [sorted(sorted(schemes) for schemes in side) for side in (before, after)]
        yield changed(f"security-{kind}", sides[0], sides[1])
        if refused and gained:
            return
    if bool(old.scopes) != bool(new.scopes):
        kind = "scope-required" if new.scopes else "scope-dropped"
        yield changed(kind, sorted(old.scopes), sorted(new.scopes))
    else:
        for scope in sorted(old.scopes - new.scopes):
            yield one_sided("scope-removed", scope, delta=scope)
        for scope in sorted(new.scopes - old.scopes):
            yield one_sided("scope-added", scope, delta=scope)


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
        yield from _compare_encodings(old[before].encoding, new[after].encoding)
        yield from compare(old[before].schema, new[after].schema)


def _compare_encodings(old: JsonObject, new: JsonObject) -> Iterator[Difference]:
    """How the parts of a form are written. A part that comes or goes is a field that does."""
    for name in sorted(old.keys() & new.keys()):
        before, after = old[name], new[name]
        if before == after:
            continue
        types = (before["contentType"], after["contentType"])
        kind = "encoding-changed"
        if {**before, "contentType": None} == {**after, "contentType": None}:
            if all(_covered(media_type, types[1]) for media_type in types[0]):
                kind = "encoding-widened"
            elif all(_covered(media_type, types[0]) for media_type in types[1]):
                kind = "encoding-narrowed"
        sides = [_only_in(before, after), _only_in(after, before)]
        yield changed(kind, sides[0], sides[1], steps=(field_step(name),))


def _covered(media_type: str, accepted: Iterable[str]) -> bool:
    """Whether a media type is among those, ``image/*`` for example."""
    return any(pattern in ("*/*", media_type, f"{media_type.partition('/')[0]}/*") for pattern in accepted)


def _only_in(side: JsonObject, other: JsonObject) -> JsonObject:
    """What one side says that the other does not."""
    return {keyword: value for keyword, value in side.items() if other.get(keyword) != value}
