"""How many seeds it takes to catch a planted bug."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from typing import NamedTuple

from .batch import type_errors
from .episode import play
from .package import fast
from .planted import BUGS

_AT_ONCE = 10


class Catch(NamedTuple):
    """A planted bug and what became of it: after how many seeds, and what was seen. 0 seeds: nothing was."""

    name: str
    seeds: int
    seen: str


def hunt(number: int, most: int) -> Catch:
    """Play seeds from 0 on with bug ``number`` planted, until something does not arrive as it was meant.

    Only changes are made of the kinds that can reveal it, where it names some.
    """
    bug = BUGS[number]
    with bug.plant(), fast():
        for start in range(0, most, _AT_ONCE):
            verdicts = [
                play(seed, bug.spoil, bug.kinds) for seed in range(start, min(start + _AT_ONCE, most))
            ]
            if bug.types:
                calls = {verdict.seed: (verdict.files, verdict.program.splitlines()) for verdict in verdicts}
                errors = type_errors(calls)
                for verdict in verdicts:
                    verdict.wrong += errors.get(verdict.seed, [])
            for verdict in verdicts:
                if verdict.wrong:
                    return Catch(bug.name, verdict.seed + 1, _line(verdict.wrong[0]))
    return Catch(bug.name, 0, f"nothing in {most} seeds")


def hunt_all(most: int, jobs: int = 0) -> Iterable[Catch]:
    """Hunt every bug, as many at once as there are cores."""
    with ProcessPoolExecutor(jobs or os.cpu_count()) as pool:
        yield from pool.map(hunt, range(len(BUGS)), repeat(most))


def _line(text: str) -> str:
    """What fits into a cell of a table."""
    first = text.partition("\n")[0].replace("|", "/").replace("<", "(").replace("`", "'")
    return " ".join(first.split())[:110]
