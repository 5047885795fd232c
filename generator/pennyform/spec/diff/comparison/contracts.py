"""Compare two contracts: their operations in pairs, and what concerns all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from pennyform.spec.diff.comparison.differences import changed, one_sided
from pennyform.spec.diff.comparison.kinds import ANSWER, BOTH, REQUEST
from pennyform.spec.diff.comparison.operations import Site, compare_operations
from pennyform.spec.diff.comparison.schemas import SchemaComparison
from pennyform.spec.diff.schemas.node import SchemaPool
from pennyform.spec.diff.schemas.operations import Operation, OperationReader
from pennyform.spec.diff.schemas.reader import SchemaReader
from pennyform.spec.document.json_types import Json, JsonObject
from pennyform.spec.document.openapi import Document

_Key = tuple[str, str]
_Operations = Mapping[_Key, Operation]


class ContractReader:
    """One contract, read for comparison with others; all of them share a pool."""

    def __init__(self, document: JsonObject, pool: SchemaPool) -> None:
        self.document = document
        self.schemas = SchemaReader(document, pool)
        self.operations = OperationReader(Document.read(document), self.schemas, pool).read()


def compare_contracts(old: ContractReader, new: ContractReader, pool: SchemaPool) -> Iterator[Site]:
    """Every difference of two contracts that were read into ``pool``, where it takes effect."""
    yield from _compare_documents(old.document, new.document)
    # Which operation became which: the one at its place, else the only one that has its id.
    pairs = [(key, key) for key in old.operations if key in new.operations]
    gone, come = _unique_ids(old.operations, new.operations), _unique_ids(new.operations, old.operations)
    pairs += [(key, come[name]) for name, key in gone.items() if name in come]
    # Operations that only one side has; those of one path come and go together.
    for operations, paired, kind in (
        (old.operations, {old_key for old_key, _ in pairs}, "operation-removed"),
        (new.operations, {new_key for _, new_key in pairs}, "operation-added"),
    ):
        for key, operation in operations.items():
            if key not in paired:
                yield Site(operation, BOTH, one_sided(kind, operation.title, delta=key[1]))
    request = SchemaComparison(pool, old.schemas, new.schemas, REQUEST)
    answer = SchemaComparison(pool, old.schemas, new.schemas, ANSWER)
    for old_key, new_key in pairs:
        before, after = old.operations[old_key], new.operations[new_key]
        # An operation that was read once only is the same; in a cycle, being the same proves nothing.
        if before is not after or pool.has_cycles:
            yield from compare_operations(before, after, request, answer)


def _unique_ids(operations: _Operations, other_side: _Operations) -> dict[str, _Key]:
    """The operations that the other side has not got, by their ids as far as those are unique."""
    unpaired = [operation for key, operation in operations.items() if key not in other_side]
    counts = Counter(operation.operation_id for operation in unpaired)
    return {
        operation.operation_id: operation.key for operation in unpaired if counts[operation.operation_id] == 1
    }


def _compare_documents(old: JsonObject, new: JsonObject) -> Iterator[Site]:
    """What concerns every operation: servers and the ways to authenticate."""
    before, after = (
        dict.fromkeys(server["url"] for server in document.get("servers", ()) if "url" in server)
        for document in (old, new)
    )
    # A server that moved is one that went and one that came: which replaces which, a contract does not say.
    for url in sorted(before.keys() ^ after.keys()):
        kind = "server-added" if url in after else "server-removed"
        yield Site(None, REQUEST, one_sided(kind, url, delta=url))
    old_facts, new_facts = (dict(_authentication(document)) for document in (old, new))
    for key in sorted(old_facts.keys() | new_facts.keys()):
        old_fact, new_fact = old_facts.get(key), new_facts.get(key)
        if old_fact != new_fact:
            yield Site(None, REQUEST, changed("authentication-changed", old_fact, new_fact))


def _authentication(document: JsonObject) -> Iterator[tuple[str, Json]]:
    """Facts of the security schemes. The scopes they declare count where an operation asks for them."""
    for name, scheme in document.get("components", {}).get("securitySchemes", {}).items():
        for keyword, value in scheme.items():
            if keyword != "flows":
                yield f"{name}/{keyword}", {f"{name}.{keyword}": value}
        for flow, facts in scheme.get("flows", {}).items():
            for keyword in sorted(facts.keys() - {"scopes"}):
                yield f"{name}/{flow}/{keyword}", {f"{name}.{flow}.{keyword}": facts[keyword]}
