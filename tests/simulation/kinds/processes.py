"""Processes that die, are interrupted, or meet each other."""

from __future__ import annotations

from tests.simulation.kinds.kind import Kind
from tests.simulation.kinds.reads import lagging
from tests.simulation.kinds.storm import Storm
from tests.simulation.network import Death


def _killed(*, after: bool) -> Kind:
    def brew(storm: Storm) -> None:
        storm.deaths = [Death(storm.rng.randint(1, 25), after) for _ in range(storm.rng.randint(1, 2))]

    return Kind(f"killed {'after' if after else 'before'} a request", brew)


def _killed_writing(storm: Storm) -> None:
    storm.trick("write", kill=True)


def _power_cut(storm: Storm) -> None:
    storm.power = True
    storm.deaths = [Death(storm.rng.randint(1, 25), storm.rng.random() < 0.7) for _ in range(2)]


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
    _rival("on another machine", twice=True),
)
