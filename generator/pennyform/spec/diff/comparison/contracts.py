"""Compare two contracts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pennyform.spec.diff.comparison.differences import changed, one_sided
from pennyform.spec.diff.comparison.schemas import SchemaComparison
from pennyform.spec.diff.comparison.sites import Site, compare_operations
from pennyform.spec.diff.report.changes import Change, changes
from pennyform.spec.diff.report.kinds import ANSWER, BOTH, REQUEST
from pennyform.spec.diff.schemas.nodes import Mint
from pennyform.spec.diff.schemas.operations import Operation, OperationReader
from pennyform.spec.diff.schemas.reader import SchemaReader
from pennyform.spec.document.json_types import JsonObject

_Key = tuple[str, str]
_Operations = Mapping[_Key, Operation]


class Baseline:
    """A contract that others are compared with: it is read once, and so is what they share with it."""

    def __init__(self, old: JsonObject) -> None:
        self._document = old
        self._mint = Mint()
        self._schemas = SchemaReader(old, self._mint)
        self._operations = OperationReader(old, self._schemas, self._mint).read()

    def compare(self, new: JsonObject) -> list[Change]:
        """What has changed in ``new``; see :func:`compare`."""
        schemas = SchemaReader(new, self._mint)
        before, after = self._operations, OperationReader(new, schemas, self._mint).read()
        request, answer = (
            SchemaComparison(self._mint, self._schemas, schemas, direction) for direction in (REQUEST, ANSWER)
        )
        pairs = list(_pairs(before, after))
        sites = [*_document(self._document, new), *_whole_operations(before, after, pairs)]
        for one, other in pairs:
            # An operation that was read once only is the same; in a circle, being the same proves nothing.
            if before[one] is not after[other] or self._mint.has_circles:
                sites.extend(compare_operations(before[one], after[other], request, answer))
        return changes(sites, self._mint)


def compare(old: JsonObject, new: JsonObject) -> list[Change]:
    """What differs between two pinned contracts, for those who call them.

    Args:
        old: the contract there was, as :func:`pennyform.spec.document.load.load` accepts it, pinned.
        new: the contract there is.

    Returns:
        One change per cause, the worst first; a function of the arguments alone.

    Raises:
        Failure: one of them refers out of itself or to nothing.
    """
    return Baseline(old).compare(new)


def _pairs(before: _Operations, after: _Operations) -> Iterator[tuple[_Key, _Key]]:
    """Which operation became which: the one at its place, else the only one that has its id."""
    yield from ((key, key) for key in before if key in after)
    gone = _by_id(before, after)
    come = _by_id(after, before)
    yield from ((key, come[name]) for name, key in gone.items() if name in come)


def _by_id(operations: _Operations, others: _Operations) -> dict[str, _Key]:
    """The operations that ``others`` has not got, by their ids as far as those are unique."""
    alone = [operation for key, operation in operations.items() if key not in others]
    count = Counter(operation.operation_id for operation in alone)
    return {
        operation.operation_id: operation.key for operation in alone if count[operation.operation_id] == 1
    }


def _whole_operations(
    before: _Operations, after: _Operations, pairs: list[tuple[_Key, _Key]]
) -> Iterator[Site]:
    """Operations that only one side has; those of one path come and go together."""
    kept, known = {one for one, _ in pairs}, {other for _, other in pairs}
    for key, operation in before.items():
        if key not in kept:
            yield Site(operation, BOTH, one_sided("operation-removed", operation.title, delta=key[1]))
    for key, operation in after.items():
        if key not in known:
            yield Site(operation, BOTH, one_sided("operation-added", operation.title, delta=key[1]))


def _document(old: JsonObject, new: JsonObject) -> Iterator[Site]:
    """What concerns every operation: servers and the ways to authenticate."""
    before, after = (
        dict.fromkeys(server["url"] for server in document.get("servers", ()) if "url" in server)
        for document in (old, new)
    )
    for url in sorted(before.keys() ^ after.keys()):
        kind = "server-added" if url in after else "server-removed"
        yield Site(None, REQUEST, one_sided(kind, url, delta=url))
    schemes, others = (dict(_authentication(document)) for document in (old, new))
    for key in sorted(schemes.keys() | others.keys()):
        one, other = schemes.get(key), others.get(key)
        if one != other:
            yield Site(None, REQUEST, changed("authentication-changed", one, other))


def _authentication(document: JsonObject) -> Iterator[tuple[str, Any]]:
    """Facts of the security schemes. The scopes they declare count where an operation asks for them."""
    for name, scheme in document.get("components", {}).get("securitySchemes", {}).items():
        for keyword, value in scheme.items():
            if keyword != "flows":
                yield f"{name}/{keyword}", {f"{name}.{keyword}": value}
        for flow, facts in scheme.get("flows", {}).items():
            for keyword in sorted(facts.keys() - {"scopes"}):
                yield f"{name}/{flow}/{keyword}", {f"{name}.{flow}.{keyword}": facts[keyword]}
