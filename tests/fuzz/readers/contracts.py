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
from pennyform.spec import canonical_json, normalise
from pennyform.spec.diff import compare
from pennyform.spec.document.load import Source, load
from pennyform.spec.pin.fetch import pin_source

from tests.spec.hostile_contracts import GOOD

from .files import written

DAY = date(2026, 7, 20)


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
