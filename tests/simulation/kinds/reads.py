"""Look-ups that do not show what is there."""

from __future__ import annotations

from collections.abc import Callable

from pennyform.sandbox.faults import FilterIgnored, Lag, Stale

from tests.simulation.kinds.kind import Kind
from tests.simulation.kinds.storm import Storm


def lagging(brew: Callable[[Storm], object]) -> Callable[[Storm], None]:
    """What ``brew`` does, while nobody can see what was done a moment ago."""

    def brew_both(storm: Storm) -> None:
        brew(storm)
        storm.runs = 2
        storm.service.faults.schedule(Lag(seconds=storm.rng.choice((3, 10, 25)), items=True))

    return brew_both


def _lag(*, items: bool) -> Kind:
    def brew(storm: Storm) -> None:
        storm.service.faults.schedule(Lag(seconds=storm.rng.choice((1, 3, 6, 20)), items=items))

    return Kind("records lag behind" if items else "lists lag behind", brew)


KINDS = (
    _lag(items=False),
    _lag(items=True),
    Kind("stale pages", lambda storm: storm.on_read(Stale, times=storm.rng.choice((1, 2, 4)))),
    Kind("the service rounds otherwise", lambda storm: storm.note(), rounds=True, lasting=True),
    Kind(
        "filters are ignored", lambda storm: storm.on_read(FilterIgnored, times=storm.rng.choice((1, 3, 30)))
    ),
)
