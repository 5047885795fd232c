"""The pinned contracts at each stage, read once for all tests of a process."""

from __future__ import annotations

from functools import cache

from pennyform.spec import read_contract, read_overlays
from pennyform.spec.document.overlay import apply_overlays
from pennyform.spec.pin.store import Store


@cache
def pinned(api="company"):
    return Store.default().pinned(api)


@cache
def corrections(api="company"):
    return tuple(read_overlays(api, Store.default()))


@cache
def corrected(api="company"):
    """The contract with the overlays applied, before any normalising."""
    return apply_overlays(pinned(api), corrections(api))


@cache
def normalised(api="company"):
    """The normalised contract."""
    return read_contract(api)


def company():
    """The normalised Company contract."""
    return normalised()


def firm():
    """The normalised Firm contract."""
    return normalised("firm")
