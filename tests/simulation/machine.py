"""A machine that can fail: processes that are killed between any two system calls, and a disk that lies."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from .loop import Loop
from .trace import Trace
from .workload import Wanted, Workload

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class KilledError(BaseException):
    """The process is gone; nothing in it may catch this and go on."""


@dataclass(eq=False)
class Process:
    """One run of the command line on a machine."""

    name: str
    machine: Machine
    workload: Workload
    loop: Loop
    output: StringIO = field(default_factory=StringIO)
    errors: StringIO = field(default_factory=StringIO)
    requests: int = 0
    arrivals: list[float] = field(default_factory=list)
    dead: bool = False
    # When it may send again, after a 429 that said so.
    quiet_until: float = 0.0
    # Writes that it sent after its journal had failed; None while that has not.
    unwritten: int | None = None
    interrupted: bool = False
    logged: str = ""
    # Set right after it is made: both know the process.
    clock: Any = None
    wire: Any = None
    # What the last complete answers showed of each invoice since this process last wrote to it.
    seen: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def wanted(self) -> Mapping[str, Wanted]:
        """What it is asked for, by reference."""
        return self.workload.by_reference

    def check(self) -> None:
        """Raise in what is left of a process that was killed."""
        if self.dead:
            raise KilledError

    def kill(self) -> None:
        """Let the process end here, whatever it was doing."""
        self.dead = True
        raise KilledError


class Clock:
    """A machine's clock, in the forms in which the engine and the client ask for it."""

    def __init__(self, loop: Loop, machine: Machine) -> None:
        self._loop, self._machine = loop, machine

    def now(self) -> datetime:
        return START + timedelta(seconds=self._loop.now + self._machine.clock_error)

    def time(self) -> float:
        return self.now().timestamp()

    def monotonic(self) -> float:
        return self._loop.now

    def sleep(self, seconds: float) -> None:
        self._loop.sleep(seconds)
        process = self._loop.current.process
        if process:
            process.check()


@dataclass
class Trick:
    """What the disk does at the ``at``-th ``call`` from now on: fail with ``error``, kill, or write less."""

    call: str
    at: int = 0
    times: int = 1
    error: int = 0
    kill: bool = False
    short: bool = False

    def meets(self, call: str) -> bool:
        """Whether this call is the one."""
        if call != self.call or not self.times:
            return False
        if self.at:
            self.at -= 1
            return False
        self.times -= 1
        return True


@dataclass(eq=False)
class Machine:
    """A folder of definitions and the disk under it.

    ``tricks`` are what its disk is about to do; ``clock_error`` is how far its clock is wrong, in seconds;
    ``database`` is the URL of the database that its journals are in, "" for its disk.
    """

    root: Path
    rng: random.Random
    trace: Trace
    clock_error: float = 0.0
    database: str = ""
    tricks: list[Trick] = field(default_factory=list)
    met: int = 0
    # Contents as of the last fsync, and names that no fsync of their folder has made durable.
    _synced: dict[Path, bytes] = field(default_factory=dict)
    _unnamed: set[Path] = field(default_factory=set)

    @property
    def journal(self) -> Path | None:
        """The journal, once there is one."""
        return next(iter(sorted((self.root / ".pennyform" / "journal").glob("*.jsonl"))), None)

    def cut_power(self) -> None:
        """Lose what was not synced: some of the bytes, or the whole file where its name was not durable."""
        for path, synced in sorted(self._synced.items()):
            if not path.exists():
                continue
            now = path.read_bytes()
            if path in self._unnamed and self.rng.random() < 0.5:
                path.unlink()
            elif now.startswith(synced):
                path.write_bytes(now[: self.rng.randint(len(synced), len(now))])
            else:
                path.write_bytes(synced)
        self._unnamed.clear()

    # --- what the calls below ask and tell ------------------------------------------------------------------

    def trick(self, call: str) -> Trick | None:
        """The trick that meets this call, if one does."""
        found = next((trick for trick in self.tricks if trick.meets(call)), None)
        self.met += found is not None
        return found

    def opened(self, path: Path) -> None:
        """A file is about to be opened for writing."""
        if path not in self._synced:
            self._synced[path] = path.read_bytes() if path.exists() else b""
            if not path.exists():
                self._unnamed.add(path)

    def synced(self, path: Path) -> None:
        """A file or a folder was synced."""
        if path.is_dir():
            self._unnamed = {name for name in self._unnamed if name.parent != path}
        else:
            self._synced[path] = path.read_bytes()


class SystemCalls:
    """The system calls of one process. They are real, on a scratch folder, and can fail.

    Syncing is only remembered: nothing but :meth:`Machine.cut_power` takes away what was not synced.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self._paths: dict[int, Path] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def _trick(self, call: str) -> tuple[Process, Trick | None]:
        process = self._process
        process.check()
        trick = process.machine.trick(call)
        if trick and trick.error:
            process.machine.trace.note(process.loop.now, process.name, call, errno.errorcode[trick.error])
            if call in {"write", "fsync"} and process.unwritten is None:
                process.unwritten = 0
            raise OSError(trick.error, os.strerror(trick.error))
        if trick and trick.kill and call != "write":
            process.kill()
        return process, trick

    def open(self, path: Path, flags: int, mode: int = 0o777) -> int:
        writing = bool(flags & (os.O_WRONLY | os.O_RDWR))
        process, _ = self._trick("open" if writing else "open folder")
        if writing:
            process.machine.opened(Path(path))
        handle = os.open(path, flags, mode)
        self._paths[handle] = Path(path)
        return handle

    def write(self, handle: int, data: bytes) -> int:
        process, trick = self._trick("write")
        if trick:
            part = process.machine.rng.randrange(len(data)) if len(data) > 1 else 0
            if trick.short and part:
                return os.write(handle, bytes(data)[:part])
            if trick.kill:
                os.write(handle, bytes(data)[:part])
                process.kill()
        process.machine.trace.note(process.loop.now, process.name, "write", bytes(data))
        return os.write(handle, data)

    def fsync(self, handle: int) -> None:
        path = self._paths[handle]
        process, _ = self._trick("fsync")
        process.machine.synced(path)

    def ftruncate(self, handle: int, size: int) -> None:
        self._trick("truncate")
        os.ftruncate(handle, size)

    def getpid(self) -> int:
        return 4242

    def close(self, handle: int) -> None:
        # Whoever dies lets go of what it held.
        self._paths.pop(handle, None)
        os.close(handle)
