"""Processes that die, are interrupted, or meet each other."""

from __future__ import annotations

from tests.simulation.kinds.kind import Kind
from tests.simulation.kinds.reads import lagging
from tests.simulation.kinds.storm import Storm
from tests.simulation.network import Death


def _death(storm: Storm, *, after: bool) -> Death:
    """At any request, or at one of the writes, of which there are fewer."""
    writes = storm.rng.random() < 0.6
    return Death(storm.rng.randint(1, 6 if writes else 20), after, writes)


def _killed(*, after: bool) -> Kind:
    def brew(storm: Storm) -> None:
        storm.deaths = [_death(storm, after=after) for _ in range(storm.rng.randint(1, 2))]

    return Kind(f"killed {'after' if after else 'before'} a request", brew)


def _killed_writing(storm: Storm) -> None:
    storm.trick("write", kill=True)


def _power_cut(storm: Storm) -> None:
    storm.power = True
    storm.deaths = [_death(storm, after=storm.rng.random() < 0.7) for _ in range(2)]


def _interrupted(storm: Storm) -> None:
    storm.interrupts = [storm.rng.randint(1, 25) for _ in range(storm.rng.randint(1, 2))]


def _rival(where: str, *, twice: bool = False) -> Kind:
    def brew(storm: Storm) -> None:
        storm.rival = where

    return Kind(f"a second apply {where}", brew, unique=True, twice=twice)


KINDS = (
    _killed(after=False),
    _killed(after=True),
    Kind("killed while writing the journal", _killed_writing),
    Kind("killed, and look-ups lag behind", lagging(_killed(after=True).brew)),
    Kind("power cut", _power_cut),
    Kind("power cut, and look-ups lag behind", lagging(_power_cut)),
    Kind("interrupted by Ctrl-C", _interrupted),
    _rival("on this machine"),
    _rival("on another machine"),
)
