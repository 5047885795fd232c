"""Several requests under way at once, so that a slow answer does not leave the rate unused.

Who hands out the work decides its order; each piece is done by whichever worker is free.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import NamedTuple, TypeVar

T = TypeVar("T")


def _nothing() -> None:
    pass


class Job(NamedTuple):
    """A piece of work. ``then`` is called once it is done, in the thread that hands out the work."""

    work: Callable[[], object]
    then: Callable[[], object] = _nothing


def run_jobs(take: Callable[[], Job | None], *, workers: int) -> None:
    """Do what ``take`` hands out, up to ``workers`` pieces at once; with one worker, in order.

    ``take`` is asked whenever a worker is free, always by the calling thread. When it has nothing it is asked
    again after the next piece is done; the end is when it has nothing and nothing is under way. Whatever a
    piece raises is raised here, after what was begun has ended; nothing more is begun.
    """
    if workers == 1:
        while job := take():
            job.work()
            job.then()
        return
    with ThreadPoolExecutor(workers) as pool:
        begun: dict[Future[object], Job] = {}
        while True:
            while len(begun) < workers and (job := take()):
                begun[pool.submit(job.work)] = job
            if not begun:
                return
            wait(begun, return_when=FIRST_COMPLETED)
            for future in [future for future in begun if future.done()]:
                job = begun.pop(future)
                future.result()
                job.then()


def each(work: Callable[[T], object], items: Sequence[T], *, workers: int) -> None:
    """Do ``work`` on every item, up to ``workers`` of them at once; with one worker, in order."""
    jobs = iter([Job(lambda item=item: work(item)) for item in items])  # type: ignore[misc]
    run_jobs(lambda: next(jobs, None), workers=workers)
