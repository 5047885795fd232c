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
        doubles: the network itself delivers twice, or two machines are at work: only the service's own
            uniqueness can keep references apart, so it must be on, and a mail may leave twice.
        person: somebody changes invoices besides, so that a conflict may be the right end.
        forgets: the journal may lose records, so that nobody may know whether a mail left.
        lasting: it does not pass by itself; a run may end with it and say so.
    """

    name: str
    brew: Callable[[Storm], object]
    doubles: bool = False
    person: bool = False
    forgets: bool = False
    lasting: bool = False
