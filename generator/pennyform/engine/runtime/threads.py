"""A pool of threads, as far as the worker pool needs one."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any, Protocol


class PendingJob(Protocol):
    """A submitted piece of work: a :class:`concurrent.futures.Future`."""

    def done(self) -> bool:
        """Whether it has ended."""

    def result(self) -> object:
        """What it returned; raises what it raised."""


class Executor(Protocol):
    """Runs work in threads, from entering its context to leaving it, which waits for all of it."""

    def __enter__(self) -> Executor: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> object: ...

    def submit(self, work: Callable[[], object], /) -> PendingJob:
        """Begin ``work`` as soon as a thread is free."""

    def wait_for_any(self, jobs: Collection[Any], /) -> None:
        """Block until one of ``jobs``, all of this executor, is done."""


class ThreadPool(ThreadPoolExecutor):
    """Real threads."""

    def wait_for_any(self, jobs: Collection[Future[object]]) -> None:
        """Block until one of ``jobs`` is done."""
        wait(jobs, return_when=FIRST_COMPLETED)
