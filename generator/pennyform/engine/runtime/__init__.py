"""What a run takes from the machine, passed in as one value: the engine reaches for none of it itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TextIO

import httpx

from pennyform.engine.limits import WORKERS, Patience
from pennyform.engine.runtime.clock import Clock, SystemClock
from pennyform.engine.runtime.files import Disk, Storage, SystemCalls
from pennyform.engine.runtime.signals import Interruption, SignalInterruption
from pennyform.engine.runtime.threads import Executor, ThreadPool
from pennyform.findings import Finding
from pennyform.invoices import Repository, load


class LoadDefinitions(Protocol):
    """:func:`pennyform.invoices.load`, or what takes its place."""

    def __call__(
        self, paths: Sequence[str | Path], *, environment: str | None = None
    ) -> tuple[Repository, list[Finding]]:
        """The definitions under ``paths``, and everything that is wrong with them."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """The machine under a run. The simulation of ``tests/simulation`` passes in one that can fail.

    Attributes:
        clock: the only source of time and the only way to wait, for the engine and for the API client.
        storage: durable files: the journal, attachments, what is set aside.
        system_calls: what :mod:`os` offers to the lock.
        executor: makes the pool of threads that sends up to so many requests at once.
        random_bytes: unpredictable bytes; ``os.urandom``.
        load_definitions: reads the folder of definitions.
        interruption: listens for Ctrl-C and SIGTERM; told where to say that it was heard.
        transport: what carries requests to the service; the network when None.
        patience: how long to wait before something is believed.
        workers: the requests that may be under way at once.
    """

    clock: Clock
    storage: Storage
    system_calls: SystemCalls
    executor: Callable[[int], Executor]
    random_bytes: Callable[[int], bytes]
    load_definitions: LoadDefinitions
    interruption: Callable[[TextIO], Interruption]
    transport: httpx.BaseTransport | None = None
    patience: Patience = field(default_factory=Patience)
    workers: int = WORKERS

    @classmethod
    def system(cls) -> Runtime:
        """The real machine."""
        return cls(SystemClock(), Disk(), os, ThreadPool, os.urandom, load, SignalInterruption)
