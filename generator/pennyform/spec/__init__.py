"""Contracts: read, pinned, corrected, normalised. The lowest layer of the contract pipeline.

``load → pin → overlay → normalise``; see ARCHITECTURE.md. Nothing here knows invoices or how code is emitted.
"""

from __future__ import annotations

from pennyform.findings import Failure
from pennyform.spec.document.json_types import JsonObject, canonical_json
from pennyform.spec.document.overlay import read_overlay
from pennyform.spec.normaliser.contract import (
    ANSWER,
    REQUEST,
    Body,
    Contract,
    Operation,
    Parameter,
    Schema,
)
from pennyform.spec.normaliser.normalise import normalise
from pennyform.spec.pin.store import Store

__all__ = [
    "ANSWER",
    "REQUEST",
    "Body",
    "Contract",
    "Operation",
    "Parameter",
    "Schema",
    "canonical_json",
    "normalise",
    "read_contract",
]


def read_contract(api: str, store: Store | None = None) -> Contract:
    """Read and normalise a pinned contract.

    Args:
        api: the name it is pinned under, ``company`` for example.
        store: where contracts lie; this installation's when left out.

    Raises:
        Failure: see ``normalise.normalise`` and ``Store.pinned``.
    """
    store = store or Store.default()
    try:
        return normalise(store.pinned(api), read_overlays(api, store), names=store.names(api))
    except Failure as error:
        # Normalising knows no files; what it finds is in the contract unless an overlay says otherwise.
        file = str(store.contract_path(api))
        findings = [finding if finding.file else finding._replace(file=file) for finding in error.findings]
        raise Failure(findings) from None


def read_overlays(api: str, store: Store) -> list[JsonObject]:
    """The overlay documents of ``api``, in the order in which they apply; none is fine."""
    return [read_overlay(path) for path in store.overlay_paths(api)]
