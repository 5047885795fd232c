"""Where the simulation takes the place of the world. Everything else is the product as it is."""

from __future__ import annotations

import io
import logging
import os
import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from pennyform.cli.account import connection
from pennyform.cli.run import apply, common, plan
from pennyform.engine.account.client import AccountClient
from pennyform.engine.applying import worker_pool
from pennyform.engine.journal import durable_files, lock
from pennyform.engine.journal.durable_files import Disk
from pennyform.engine.limits import Patience
from pennyform.engine.session import EngineContext
from pennyform.findings import Finding
from pennyform.invoices import Repository
from pennylane_company import Client
from pennylane_company._limits import _QUEUES

from .loop import Loop, Pool, wait
from .machine import KilledError, Process, SystemCalls
from .service import TOKEN

__all__ = ["KilledError", "begin_process", "enter", "installed"]

CALLS = SystemCalls()
PATIENCE = Patience()


@dataclass
class Scene:
    """What the patched places ask for, for as long as one episode lasts."""

    loop: Loop
    rng: random.Random
    workers: int = 1

    @property
    def process(self) -> Process:
        """The process whose code is running."""
        process: Process = self.loop.current.process
        return process


SCENE = Scene(CALLS.loop, random.Random(0))


def enter(loop: Loop, rng: random.Random, workers: int) -> None:
    """Begin another episode."""
    SCENE.loop, SCENE.rng, SCENE.workers = loop, rng, workers
    CALLS.loop = loop


@contextmanager
def installed() -> Iterator[None]:
    """Let the command line meet the simulated world, for as long as the context lasts."""
    handler = _Logged(logging.DEBUG)
    places = [
        patch.object(durable_files, "os", CALLS),
        patch.object(lock, "os", CALLS),
        patch.object(worker_pool, "ThreadPoolExecutor", lambda _: Pool(SCENE.loop)),
        patch.object(worker_pool, "wait", lambda futures, **_: wait(SCENE.loop, list(futures))),
        patch.object(connection, "connect", _connect),
        patch.object(common, "load", _load),
        patch.object(apply, "Interruption", _Interruption),
        patch.object(plan, "os", SimpleNamespace(urandom=_random_bytes)),
        patch.object(plan, "datetime", _Datetime),
        patch.object(sys, "stdout", _Stream("output")),
        patch.object(sys, "stderr", _Stream("errors")),
        patch.dict(os.environ, {"COLUMNS": "100", "PENNYFORM_DEBUG": ""}),
    ]
    root, level = logging.getLogger(), logging.getLogger().level
    with ExitStack() as stack:
        for place in places:
            stack.enter_context(place)
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        stack.callback(root.setLevel, level)
        stack.callback(root.removeHandler, handler)
        yield


def begin_process() -> None:
    """Another process of the operating system shares no queue with those before it."""
    _QUEUES.clear()


def _random_bytes(size: int) -> bytes:
    return SCENE.rng.randbytes(size)


@contextmanager
def _connect(repository: Repository, *_: object) -> Iterator[connection.Connection]:
    process = SCENE.process
    client = Client(TOKEN, transport=process.wire, clock=process.clock)
    world = EngineContext(process.clock, Disk(), PATIENCE, SCENE.workers)
    yield connection.Connection(AccountClient(client), "simulated", world)


def _load(*_: Any, **options: Any) -> tuple[Repository, list[Finding]]:
    process = SCENE.process
    return process.workload.repository(process.machine.root), []


class _Interruption:
    def __init__(self) -> None:
        self._process = SCENE.process

    def asked(self) -> bool:
        return self._process.interrupted

    def __enter__(self) -> _Interruption:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class _Datetime(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        return SCENE.process.clock.now().astimezone(tz)


class _Stream(io.TextIOBase):
    """Standard output or error of whichever process is running."""

    encoding = "utf-8"  # type: ignore[assignment]

    def __init__(self, name: str) -> None:
        self._name = name

    def write(self, text: str) -> int:
        stream: io.StringIO = getattr(SCENE.process, self._name)
        return stream.write(text)

    def isatty(self) -> bool:
        return False


class _Logged(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        process = SCENE.loop.current.process
        if process:
            process.logged += self.format(record) + "\n"
