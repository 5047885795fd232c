"""Compare two contracts: their operations in pairs, and what concerns all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from pennyform.spec.diff.comparison.differences import changed, compare_unknown_keywords, one_sided
from pennyform.spec.diff.comparison.kinds import ANSWER, BOTH, REQUEST
from pennyform.spec.diff.comparison.operations import Site, compare_operations, compare_webhooks
from pennyform.spec.diff.comparison.schemas import SchemaComparison
from pennyform.spec.diff.schemas.node import SchemaPool
from pennyform.spec.diff.schemas.operations import Operation, OperationReader, address
from pennyform.spec.diff.schemas.reader import SchemaReader
from pennyform.spec.document.budget import Budget
from pennyform.spec.document.extensions import UNKNOWN
from pennyform.spec.document.json_types import Json, JsonObject
from pennyform.spec.document.openapi import Document

_Key = tuple[str, str]
_Operations = Mapping[_Key, Operation]


class ContractReader:
    """One contract, read for comparison with others; all of them share a pool."""

    def __init__(self, document: JsonObject, pool: SchemaPool) -> None:
        pool.budget.add(document)
        self.document = document
        self.schemas = SchemaReader(document, pool)
        reader = OperationReader(Document.read(document), self.schemas, pool)
        self.operations = reader.read()
        self.webhooks = reader.read_webhooks()


def compare_contracts(old: ContractReader, new: ContractReader, pool: SchemaPool) -> Iterator[Site]:
    """Every difference of two contracts that were read into ``pool``, where it takes effect."""
    renamed_schemes = _renamed_schemes(old.document, new.document, pool.budget)
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
            yield from compare_operations(before, after, request, answer, renamed_schemes)
    for key in sorted(old.webhooks.keys() | new.webhooks.keys()):
        old_webhook, new_webhook = old.webhooks.get(key), new.webhooks.get(key)
        if old_webhook and new_webhook:
            yield from compare_webhooks(old_webhook, new_webhook, answer)
        elif webhook := new_webhook or old_webhook:
            kind = "webhook-added" if new_webhook else "webhook-removed"
            yield Site(webhook, ANSWER, one_sided(kind, webhook.title, delta=webhook.title))


def _unique_ids(operations: _Operations, other_side: _Operations) -> dict[str, _Key]:
    """The operations that the other side has not got, by their ids as far as those are unique."""
    unpaired = [operation for key, operation in operations.items() if key not in other_side]
    counts = Counter(operation.operation_id for operation in unpaired)
    return {
        operation.operation_id: operation.key for operation in unpaired if counts[operation.operation_id] == 1
    }


def _renamed_schemes(old: JsonObject, new: JsonObject, budget: Budget) -> dict[str, str]:
    """Security schemes that say the same under another name: the former name -> the new one."""
    before, after = _security_schemes(old), _security_schemes(new)
    come = [name for name in after if name not in before]
    renamed: dict[str, str] = {}
    budget.draw(len(before) * len(come), "comparing the contracts")
    for name, scheme in before.items():
        same = [other for other in come if after[other] == scheme and other not in renamed.values()]
        if name not in after and same:
            renamed[name] = same[0]
    return renamed


def _compare_documents(old: JsonObject, new: JsonObject) -> Iterator[Site]:
    """What concerns every operation: servers, the ways to authenticate, keywords that were left out."""
    unknown = [document["info"].get(UNKNOWN, {}) for document in (old, new)]
    for difference in compare_unknown_keywords(unknown[0], unknown[1]):
        yield Site(None, BOTH, difference)
    before, after = (
        dict.fromkeys(address(server["url"]) for server in document.get("servers", ()) if "url" in server)
        for document in (old, new)
    )
    # A server that moved is one that went and one that came: which replaces which, a contract does not say.
    for url in sorted(before.keys() ^ after.keys()):
        kind = "server-added" if url in after else "server-removed"
        yield Site(None, REQUEST, one_sided(kind, url, delta=url))
    # A scheme that only one side has counts where an operation asks for it, unless only its name is new.
    schemes = [_security_schemes(document) for document in (old, new)]
    shared = sorted(schemes[0].keys() & schemes[1].keys())
    old_facts, new_facts = (dict(_authentication({name: side[name] for name in shared})) for side in schemes)
    for key in sorted(old_facts.keys() | new_facts.keys()):
        old_fact, new_fact = old_facts.get(key), new_facts.get(key)
        if old_fact != new_fact:
            yield Site(None, REQUEST, changed("authentication-changed", old_fact, new_fact))


def _security_schemes(document: JsonObject) -> JsonObject:
    schemes: JsonObject = document.get("components", {}).get("securitySchemes", {})
    return schemes


def _authentication(schemes: JsonObject) -> Iterator[tuple[str, Json]]:
    """Facts of the security schemes. The scopes they declare count where an operation asks for them."""
    for name, scheme in schemes.items():
        for keyword, value in scheme.items():
            if keyword != "flows":
                yield f"{name}/{keyword}", {f"{name}.{keyword}": value}
        for flow, facts in scheme.get("flows", {}).items():
            for keyword in sorted(facts.keys() - {"scopes"}):
                yield f"{name}/{flow}/{keyword}", {f"{name}.{flow}.{keyword}": facts[keyword]}
