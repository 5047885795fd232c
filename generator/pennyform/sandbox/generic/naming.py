"""From the contract's paths to kinds of records, by the habits of its names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pennyform.sandbox.contract.contract import Operation

Verb = Literal["list", "get", "create", "update", "delete", "change"]

_BASE = "/api/external/v2/"
_IRREGULAR = {"appendices": "appendix", "e-invoices": "e_invoice"}
# What is imported is a resource of the collection that the import stands below.
_IMPORTS = frozenset({"import", "imports", "e_invoices"})
_BY_ID = {"GET": "get", "PUT": "update", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Place:
    """What an operation does, and to which kind of record.

    ``owner`` and ``parameter`` name the record that the path leads through, when it leads through one.
    ``change`` is an action on the owner itself: ``PUT /supplier_invoices/{id}/payment_status``.
    """

    verb: Verb
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


def place_of(operation: Operation) -> Place:
    """Read an operation's place from its method and path."""
    segments = operation.path.removeprefix(_BASE).split("/")
    if segments[-1].startswith("{"):
        verb: Verb = _BY_ID[operation.method]  # type: ignore[assignment]
        return Place(verb, kind_of(segments[-2]))
    names = [segment for segment in segments if segment not in _IMPORTS] or segments
    owner, parameter = _owner(segments)
    if operation.method == "PUT":
        return Place("change", owner, owner, parameter)
    verb = "list" if operation.method == "GET" else "create"
    return Place(verb, kind_of(names[-1]), owner, parameter)


def _owner(segments: list[str]) -> tuple[str, str]:
    for place, segment in enumerate(segments):
        if segment.startswith("{"):
            return kind_of(segments[place - 1]), segment.strip("{}")
    return "", ""
