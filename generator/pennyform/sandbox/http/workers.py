"""Threads that answer requests, so that one that waits for a locked file keeps no other waiting."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_Job = Callable[[], None]


class Workers:
    """A number of threads with one queue. They end when nobody has this object any more.

    The threads are daemons, unlike those of ``concurrent.futures``: a request that never ends does not keep
    the process alive when it stops.
    """

    def __init__(self, threads: int) -> None:
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        for _ in range(threads):
            Thread(target=_work, args=(self._jobs,), daemon=True).start()
        weakref.finalize(self, _dismiss, self._jobs, threads)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in the next thread that is free; returns or raises as it does."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def finish(set_result: Callable[[], object]) -> None:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(lambda: None if future.cancelled() else set_result())

        def job() -> None:
            try:
                result = function(*args, **kwargs)
            except BaseException as error:
                problem = error  # `error` ends with its block
                finish(lambda: future.set_exception(problem))
            else:
                finish(lambda: future.set_result(result))

        self._jobs.put(job)
        return await future


def _work(jobs: SimpleQueue[_Job | None]) -> None:
    while job := jobs.get():
        job()


def _dismiss(jobs: SimpleQueue[_Job | None], threads: int) -> None:
    for _ in range(threads):
        jobs.put(None)
