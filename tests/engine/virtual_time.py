"""Threads in virtual time: one runs at a time, and the clock jumps to whoever wakes next.

A run takes no time and is the same each time, whatever the machine is busy with, while the code under test
starts threads and sleeps as it always does.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any

from pennylane_company import Clock

START = datetime(2025, 10, 1, 9, tzinfo=UTC)


class VirtualTime(Clock):
    """The clock of the engine, the client and the sandbox, and the scheduler of :class:`VirtualPool`."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._order = itertools.count()
        self._asleep: list[tuple[float, int, threading.Event]] = []
        self._paused = threading.Event()
        self._scheduled: set[threading.Thread] = set()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def time(self) -> float:
        return self.now().timestamp()

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        if threading.current_thread() not in self._scheduled:
            self.seconds += seconds
            return
        self._wait_for_turn(self.seconds + seconds)

    def start(self, thread: threading.Thread) -> None:
        """Let a thread join those that take turns; it begins when it is its turn."""
        self._scheduled.add(thread)
        thread.start()
        self._paused.wait()
        self._paused.clear()

    def begin(self) -> None:
        """What a thread does first."""
        self._wait_for_turn(self.seconds)

    def end(self) -> None:
        """What a thread does last."""
        self._scheduled.discard(threading.current_thread())
        self._paused.set()

    def turn(self) -> None:
        """Let the thread that wakes next run until it sleeps or ends."""
        when, _, event = heapq.heappop(self._asleep)
        self.seconds = max(self.seconds, when)
        event.set()
        self._paused.wait()
        self._paused.clear()

    def _wait_for_turn(self, when: float) -> None:
        event = threading.Event()
        heapq.heappush(self._asleep, (when, next(self._order), event))
        self._paused.set()
        event.wait()


class VirtualPool:
    """A :class:`~pennyform.engine.runtime.Executor` in virtual time."""

    def __init__(self, workers: int, time: VirtualTime) -> None:
        self._time = time
        self._free = workers
        self._waiting: deque[tuple[VirtualFuture, Callable[[], Any]]] = deque()

    def __enter__(self) -> VirtualPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.clear()

    def submit(self, work: Callable[..., Any], *arguments: Any) -> VirtualFuture:
        future = VirtualFuture(self)
        self._waiting.append((future, lambda: work(*arguments)))
        return future

    def wait_for_any(self, futures: Collection[VirtualFuture]) -> None:
        """Let time pass until one of ``futures`` is done."""
        while not any(future.done() for future in futures):
            self.drive()

    def drive(self) -> None:
        """One thread's turn; before it, whoever waits for a free place gets it."""
        while self._free and self._waiting:
            self._free -= 1
            self._time.start(threading.Thread(target=self._run, args=self._waiting.popleft(), daemon=True))
        self._time.turn()

    def _run(self, future: VirtualFuture, work: Callable[[], Any]) -> None:
        self._time.begin()
        try:
            future.set_result(work())
        except BaseException as problem:
            future.set_exception(problem)
        self._free += 1
        self._time.end()


class VirtualFuture(Future[Any]):
    """What :meth:`VirtualPool.submit` gives."""

    def __init__(self, pool: VirtualPool) -> None:
        super().__init__()
        self.drive = pool.drive
