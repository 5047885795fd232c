"""Contracts: read, pinned, corrected, normalised. The lowest layer of the contract pipeline.

``load → pin → overlay → normalise``; see ARCHITECTURE.md. Nothing here knows invoices or how code is emitted.
"""

from __future__ import annotations

from pennyform.findings import Failure, Finding, Severity
from pennyform.spec.document.json_types import JsonObject, canonical_json
from pennyform.spec.document.overlay import SWITCH_OFF, read_overlay
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
    "SWITCH_OFF",
    "Body",
    "Contract",
    "Operation",
    "Parameter",
    "Schema",
    "canonical_json",
    "normalise",
    "read_contract",
]


def read_contract(api: str, store: Store | None = None, *, warnings: list[Finding] | None = None) -> Contract:
    """Read and normalise a pinned contract.

    Args:
        api: the name it is pinned under, ``company`` for example.
        store: where contracts lie; this installation's when left out.
        warnings: gets what is said about a contract that is not pennyform's own: which corrections no longer
            match it. In pennyform's own contracts, that is an error.

    Raises:
        Failure: see ``normalise.normalise`` and ``Store.pinned``.
    """
    store = store or Store.default()
    unmatched: list[Finding] | None = None
    if store.shipped is not None:
        unmatched = [] if warnings is None else warnings
    try:
        overlays = read_overlays(api, store, unmatched)
        return normalise(store.pinned(api), overlays, names=store.names(api), unmatched=unmatched)
    except Failure as error:
        # Normalising knows no files; what it finds is in the contract unless an overlay says otherwise.
        file = str(store.contract_path(api))
        findings = [finding if finding.file else finding._replace(file=file) for finding in error.findings]
        raise Failure(findings) from None


def read_overlays(api: str, store: Store, warnings: list[Finding] | None = None) -> list[JsonObject]:
    """The overlay documents of ``api``, in the order in which they apply; none is fine.

    A repository's own lie over pennyform's: ``x-pennyform-switch-off`` in one of them lists the targets of
    pennyform's actions that do not count. ``warnings`` gets those that name none.
    """
    overlays = [read_overlay(path) for path in store.overlay_paths(api)]
    if store.shipped is None:
        return overlays
    for overlay, path in zip(overlays, store.overlay_paths(api), strict=True):
        overlay["x-pennyform-file"] = str(path)
    shipped = [read_overlay(path) for path in Store(store.shipped).overlay_paths(api)]
    off = {target: overlay for overlay in overlays for target in overlay.get(SWITCH_OFF) or ()}
    known = {action["target"] for overlay in shipped for action in overlay["actions"]}
    for target in sorted(off.keys() - known):
        file = off[target]["x-pennyform-file"]
        summary = f"{SWITCH_OFF} names {target}, which is the target of none of pennyform's corrections"
        fix = "Take it out: pennyform may have dropped that correction."
        finding = Finding("overlay-action", Severity.WARNING, summary, file=file, fix=fix)
        (warnings if warnings is not None else []).append(finding)
    for overlay in shipped:
        overlay["x-pennyform-file"] = f"pennyform: {overlay['x-pennyform-file']}"
        overlay["actions"] = [action for action in overlay["actions"] if action["target"] not in off]
    return [*shipped, *overlays]
