"""Disks that are full, broken or forgetful, and journals that they damaged."""

from __future__ import annotations

import errno
from collections.abc import Callable

from tests.simulation.kinds.kind import Kind
from tests.simulation.kinds.storm import Storm
from tests.simulation.machine import Machine


def _full(storm: Storm) -> None:
    storm.trick("write", error=errno.ENOSPC, times=50)


def _read_only(storm: Storm) -> None:
    storm.trick("open", error=errno.EROFS, times=50)


def _between_runs(name: str, damage: Callable[[Storm, Machine], object], *, twice: bool = False) -> Kind:
    """Something happens to the journal after a run that was cut off."""

    def brew(storm: Storm) -> None:
        storm.interrupts = [storm.rng.randint(6, 20)]
        storm.damage.append(lambda machine: machine.journal and damage(storm, machine))

    return Kind(name, brew, unique=True, twice=twice)


def _torn(storm: Storm, machine: Machine) -> None:
    """The beginning of a record that was never finished; what was synced before it is all there."""
    data = _journal(machine)
    last = data[data[:-1].rfind(b"\n") + 1 :]
    _put(machine, data + last[: storm.rng.randint(0, max(0, len(last) - 2))])


def _flip(storm: Storm, machine: Machine) -> None:
    data = bytearray(_journal(machine))
    if data:
        data[storm.rng.randrange(len(data))] ^= 1 << storm.rng.randrange(8)
    _put(machine, bytes(data))


def _last(storm: Storm, machine: Machine) -> None:
    data = bytearray(_journal(machine))
    if data:
        data[-storm.rng.randint(1, min(60, len(data)))] ^= 1
    _put(machine, bytes(data))


def _lose(storm: Storm, machine: Machine) -> None:
    if machine.journal:
        machine.journal.unlink()


def _older(storm: Storm, machine: Machine) -> None:
    lines = _journal(machine).splitlines(keepends=True)
    _put(machine, b"".join(lines[: storm.rng.randrange(len(lines) + 1)]))


def _journal(machine: Machine) -> bytes:
    return machine.journal.read_bytes() if machine.journal else b""


def _put(machine: Machine, data: bytes) -> None:
    if machine.journal:
        machine.journal.write_bytes(data)


KINDS = (
    Kind("disk full", _full),
    Kind("disk error while writing", lambda storm: storm.trick("write", error=errno.EIO)),
    Kind("sync fails", lambda storm: storm.trick("fsync", error=errno.EIO)),
    Kind("short writes", lambda storm: storm.trick("write", short=True, times=40, at=0)),
    Kind("read-only folder", _read_only),
    Kind("too many open files", lambda storm: storm.trick("open", error=errno.EMFILE)),
    _between_runs("torn journal", _torn),
    _between_runs("bit flip in the journal", _flip),
    _between_runs("bit flip in the last record", _last),
    _between_runs("journal lost", _lose),
    _between_runs("journal put back from an older copy", _older, twice=True),
)
