"""Compare what an operation takes as its body."""

from __future__ import annotations

from collections.abc import Iterator

from pennyform.spec.diff.comparison.bodies import Compare, compare_bodies
from pennyform.spec.diff.comparison.differences import Difference, one_sided
from pennyform.spec.diff.schemas.operations import Operation


def compare_requests(old: Operation, new: Operation, compare: Compare) -> Iterator[Difference]:
    """The differences of the request bodies of two forms of one operation."""
    if old.body is not None and new.body is not None:
        if old.body_required != new.body_required:
            kind = "request-body-required" if new.body_required else "request-body-optional"
            yield Difference(kind, old.body_required, new.body_required)
        yield from compare_bodies(old.body, new.body, compare)
    elif old.body is not None:
        yield one_sided("request-body-removed", sorted(old.body))
    elif new.body is not None:
        kind = "required-request-body-added" if new.body_required else "request-body-added"
        yield one_sided(kind, sorted(new.body))
