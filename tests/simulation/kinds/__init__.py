"""The kinds of faults, by the name under which docs/reliability.md tells what each comes to."""

from __future__ import annotations

from tests.simulation.kinds import access, answers, connections, disk, people, processes, reads
from tests.simulation.kinds.kind import Kind
from tests.simulation.kinds.storm import Storm

KINDS: tuple[Kind, ...] = (
    Kind("none", lambda storm: None),
    *connections.KINDS,
    *answers.KINDS,
    *access.KINDS,
    *reads.KINDS,
    *people.KINDS,
    *processes.KINDS,
    *disk.KINDS,
)
BY_NAME = {kind.name: kind for kind in KINDS}

__all__ = ["BY_NAME", "KINDS", "Kind", "Storm"]
