"""How many seeds it takes to catch a planted bug."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from typing import NamedTuple

from .episode import play
from .planted import BUGS


class Catch(NamedTuple):
    """A planted bug and what became of it: after how many seeds, and what was seen.

    0 seeds: nothing was seen.
    """

    name: str
    seeds: int
    seen: str


def hunt(number: int, most: int, first: int = 0) -> Catch:
    """Play seeds from ``first`` on with bug ``number`` in the product, until an oracle objects.

    Its kinds of faults take turns: seed 0 has the first of them, seed 1 the second.
    """
    bug = BUGS[number]
    if not bug.kinds:
        return Catch(bug.name, 0, f"corrected later; seen by {bug.test}")
    with bug.plant():
        for seed in range(first, most):
            try:
                wrong = play(seed, only=bug.kinds[seed % len(bug.kinds)]).wrong
            except Exception as problem:  # a product that falls over is caught too
                wrong = [f"{type(problem).__name__}: {problem}"]
            if wrong:
                return Catch(bug.name, seed + 1 - first, " ".join(wrong[0].split())[:100])
    return Catch(bug.name, 0, f"nothing in {most} seeds")


def hunt_all(most: int, jobs: int = 0) -> Iterable[Catch]:
    """Hunt every bug, as many at once as there are cores."""
    with ProcessPoolExecutor(jobs or os.cpu_count()) as pool:
        yield from pool.map(hunt, range(len(BUGS)), repeat(most))


__all__ = ["Catch", "hunt", "hunt_all"]
