"""The machine and the terminal that each simulated process is given, and what cannot be given to it."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pennyform.cli.terminal import Terminal
from pennyform.engine.limits import Patience
from pennyform.engine.runtime import Disk, Runtime
from pennyform.findings import Finding
from pennyform.invoices import Repository
from pennyform.invoices.schema.schema import FindSchemas
from pennylane_company._limits import _LIMITERS

from .loop import Loop, Pool
from .machine import Process, SystemCalls
from .service import TOKEN

PATIENCE = Patience()


def runtime(process: Process, workers: int) -> Runtime:
    """The machine of ``process``, whose clock and wire are set."""
    calls = SystemCalls(process)

    def load(
        paths: Sequence[str | Path],
        *,
        environment: str | None = None,
        find_schemas: FindSchemas | None = None,
    ) -> tuple[Repository, list[Finding]]:
        return process.workload.repository(process.machine.root), []

    return Runtime(
        clock=process.clock,
        storage=Disk(calls),
        system_calls=calls,
        executor=lambda _: Pool(process.loop),
        random_bytes=process.machine.rng.randbytes,
        load_definitions=load,
        interruption=lambda _: Interruption(process),
        transport=process.wire,
        patience=PATIENCE,
        workers=workers,
    )


def terminal(process: Process) -> Terminal:
    """The terminal of ``process``: nobody is there to be asked."""
    environment = {
        "PENNYLANE_API_TOKEN": TOKEN,
        "PENNYFORM_STATE": str(process.machine.root / ".pennyform"),
        "PENNYFORM_STATE_KEY": "the key of all simulated processes",
        "PENNYFORM_DATABASE_URL": process.machine.database,
    }
    return Terminal(io.StringIO(), process.output, process.errors, environment)


class Interruption:
    """Whether the storm has interrupted the process."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def requested(self) -> bool:
        return self._process.interrupted

    def __enter__(self) -> Interruption:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def forget_queues() -> None:
    """Another process of the operating system shares no queue of the client with those before it."""
    _LIMITERS.clear()


class _Log(logging.Handler):
    """Keeps what a process logs."""

    def __init__(self, loop: Loop) -> None:
        super().__init__(logging.DEBUG)
        self._loop = loop

    def emit(self, record: logging.LogRecord) -> None:
        process: Any = self._loop.current.process
        if process:
            process.logged += self.format(record) + "\n"


@contextmanager
def logging_of(loop: Loop) -> Iterator[None]:
    """Listen to everything that is logged in the tasks of ``loop``, for as long as the context lasts."""
    root, level, handler = logging.getLogger(), logging.getLogger().level, _Log(loop)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
