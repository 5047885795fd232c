"""From the contract's paths to kinds of records, by the habits of its names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pennyform.sandbox.contract.contract import Operation

Action = Literal["list", "get", "create", "update", "delete"]

_BASE = "/api/external/v2/"
# Collections whose singular the rule below would miss.
_IRREGULAR = {"appendices": "appendix", "e-invoices": "e_invoice"}
# What is imported is a resource of the collection that the import stands below.
_IMPORTS = frozenset({"import", "imports", "e_invoices"})
_BY_ID: dict[str, Action] = {"GET": "get", "PUT": "update", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class ResourceAction:
    """What an operation does, and to which kind of record.

    ``owner`` and ``parameter`` name the record that the path leads through, when it leads through one. A
    ``PUT`` below a record (``/supplier_invoices/{id}/payment_status``) updates that record: it is the owner,
    and the kind too.
    """

    action: Action
    kind: str
    owner: str = ""
    parameter: str = ""


def kind_of(collection: str) -> str:
    """``ledger_entries`` → ``ledger_entry``."""
    if collection in _IRREGULAR:
        return _IRREGULAR[collection]
    if collection.endswith("ies"):
        return f"{collection[:-3]}y"
    return collection.removesuffix("s")


def collection_of(kind: str) -> str:
    """``ledger_entry`` → ``ledger_entries``."""
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"


def parse_operation(operation: Operation) -> ResourceAction:
    """Read an operation's action and kind from its method and path."""
    segments = operation.path.removeprefix(_BASE).split("/")
    if segments[-1].startswith("{"):
        return ResourceAction(_BY_ID[operation.method], kind_of(segments[-2]))
    owner, parameter = "", ""
    for index, segment in enumerate(segments):
        if segment.startswith("{"):
            owner, parameter = kind_of(segments[index - 1]), segment.strip("{}")
            break
    if operation.method == "PUT":
        return ResourceAction("update", owner, owner, parameter)
    names = [segment for segment in segments if segment not in _IMPORTS] or segments
    action: Action = "list" if operation.method == "GET" else "create"
    return ResourceAction(action, kind_of(names[-1]), owner, parameter)
