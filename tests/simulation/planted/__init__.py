"""Classic mistakes, each planted into the product to see the simulation catch it."""

from __future__ import annotations

from tests.simulation.planted import engine, journal, requests
from tests.simulation.planted.bug import Bug

BUGS: tuple[Bug, ...] = (*requests.BUGS, *engine.BUGS, *journal.BUGS)

__all__ = ["BUGS", "Bug"]
