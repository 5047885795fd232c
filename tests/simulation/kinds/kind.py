"""One kind of fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.simulation.kinds.storm import Storm


@dataclass(frozen=True)
class Kind:
    """What goes wrong, and what may honestly be expected then.

    Attributes:
        name: for people.
        brew: makes a storm of it.
        unique: two create at once, or what was done is forgotten: only the service's own uniqueness can keep
            references apart, so it must be on.
        twice: the network delivers twice, or two machines work at once: a mail or a file may leave twice.
        person: somebody changes invoices besides, so that a conflict may be the right end.
        rounds: the service computes other cents than were planned.
        cards: cards of customers change, and nothing else goes wrong with them.
        lasting: it does not pass by itself; a run may end with it and say so.
    """

    name: str
    brew: Callable[[Storm], object]
    unique: bool = False
    twice: bool = False
    person: bool = False
    rounds: bool = False
    lasting: bool = False
    cards: bool = False
