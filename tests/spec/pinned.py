"""The Company contract at each stage, read once for all tests of a process."""

from __future__ import annotations

from functools import cache

from pennyform.spec import read_contract
from pennyform.spec.overlay import apply_overlays
from pennyform.spec.read import overlays
from pennyform.spec.store import Store


@cache
def pinned():
    return Store.default().pinned("company")


@cache
def corrections():
    return tuple(overlays("company", Store.default()))


@cache
def corrected():
    """The contract with the overlays applied, before any normalising."""
    return apply_overlays(pinned(), corrections())


@cache
def company():
    """The normalised contract."""
    return read_contract("company")
