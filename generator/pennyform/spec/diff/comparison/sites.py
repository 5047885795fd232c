"""Compare two forms of one operation: each difference with the operation and the direction it is found in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pennyform.spec.diff.comparison.bodies import Compare
from pennyform.spec.diff.comparison.differences import Difference, changed, one_sided
from pennyform.spec.diff.comparison.parameters import compare_parameters
from pennyform.spec.diff.comparison.requests import compare_requests
from pennyform.spec.diff.comparison.responses import compare_answers
from pennyform.spec.diff.report.kinds import ANSWER, BOTH, REQUEST, family
from pennyform.spec.diff.schemas.operations import Operation


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


def compare_operations(old: Operation, new: Operation, request: Compare, answer: Compare) -> Iterator[Site]:
    """The differences between two forms of one operation.

    Args:
        old: the operation there was.
        new: the operation there is.
        request: compares two schemas of what is sent.
        answer: compares two schemas of what comes back.
    """
    for found in _itself(old, new):
        yield Site(old, BOTH, found)
    for found in (*_scopes(old, new), *_file_size(old, new)):
        yield Site(new, REQUEST, found)
    for found in compare_parameters(old, new, request):
        yield Site(new, REQUEST, found)
    for found in compare_requests(old, new, request):
        yield Site(new, REQUEST, found)
    for found in compare_answers(old, new, answer):
        yield Site(new, ANSWER, found)


def _itself(old: Operation, new: Operation) -> Iterator[Difference]:
    if old.key != new.key:
        yield changed("operation-moved", old.title, new.title)
    if old.operation_id != new.operation_id:
        yield changed("operation-id-changed", old.operation_id, new.operation_id)
    if old.deprecated != new.deprecated:
        kind = "deprecated" if new.deprecated else "undeprecated"
        yield Difference(kind, old.deprecated, new.deprecated, delta=new.title)
    if old.stability != new.stability:
        yield changed("stability-changed", old.stability or None, new.stability or None)


def _file_size(old: Operation, new: Operation) -> Iterator[Difference]:
    """How large an upload may be."""
    before, after = old.file_size, new.file_size
    if before != after:
        narrower = before is None or (after is not None and after < before)
        sides = [None if size is None else {"file": f"{size} MB"} for size in (before, after)]
        yield changed("limit-narrowed" if narrower else "limit-widened", sides[0], sides[1])


def _scopes(old: Operation, new: Operation) -> Iterator[Difference]:
    if bool(old.scopes) != bool(new.scopes):
        kind = "scope-required" if new.scopes else "scope-dropped"
        yield changed(kind, sorted(old.scopes), sorted(new.scopes))
        return
    for scope in sorted(old.scopes - new.scopes):
        yield one_sided("scope-removed", scope, delta=scope)
    for scope in sorted(new.scopes - old.scopes):
        yield one_sided("scope-added", scope, delta=scope)
