"""Contracts: fetched, pinned, compared, emitted."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from functools import cache
from typing import Any

from pennyform import data
from pennyform.codegen import schemas
from pennyform.codegen.client import emit as emit_client
from pennyform.findings import Failure
from pennyform.spec import canonical_json, normalise, read_overlays
from pennyform.spec.diff import compare
from pennyform.spec.document.load import Source, load
from pennyform.spec.pin.fetch import pin_source
from pennyform.spec.pin.store import Store

from tests.spec.hostile_contracts import GOOD

from .files import folder, written

DAY = date(2026, 7, 20)


def read_overlay(content: bytes) -> None:
    """A correction of a contract, and the records beside it, as a repository has them for its own."""
    store = Store(written("specs/example/contract.json", GOOD).parents[1], written("shipped/x", b"").parent)
    for path in (store.folder / "overlays" / "example.yaml", store.lock_path, store.names_path("example")):
        written(str(path.relative_to(folder())), content)
    with suppress(Failure):
        schemas.emit(normalise(_base(), read_overlays("example", store, []), unmatched=[]))
    for read in (store.lock, lambda: store.names("example")):
        with suppress(Failure):
            read()


def read_contract(content: bytes) -> None:
    """A contract as ``spec fetch``, ``spec diff`` and ``generate`` read it."""
    with suppress(Failure):
        pinned = pin_source(load(written("contract.json", content)), api="example", day=DAY).document
        again = Source("again", canonical_json(pinned), pinned)
        assert pin_source(again, api="example", day=DAY).document == pinned
        compare(pinned, pinned)
        with suppress(Failure):
            compare(_base(), pinned)
        normalised = normalise(pinned)
        schemas.emit(normalised)
        emit_client(normalised, data.templates() / "client")


@cache
def _base() -> dict[str, Any]:
    """The contract that others are compared with."""
    source = load(written("base.json", GOOD))
    return pin_source(source, api="example", day=DAY).document
