"""The worker pool: several requests under way at once, so that a slow answer does not leave the rate unused.

The thread that hands out the jobs decides their order; each is done by whichever worker is free.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from pennyform.engine.runtime import PendingJob, Runtime

T = TypeVar("T")


class Job(NamedTuple):
    """A piece of work. ``then`` is called once it is done, in the thread that hands out the jobs."""

    work: Callable[[], object]
    then: Callable[[], object] = lambda: None


def run_jobs(next_job: Callable[[], Job | None], runtime: Runtime) -> None:
    """Do the jobs that ``next_job`` hands out, up to ``runtime.workers`` at once; with one worker, in order.

    ``next_job`` is called whenever a worker is free, always by the calling thread. When it has nothing it is
    called again after the next job is done; the end is when it has nothing and nothing is under way. Whatever
    a job raises is raised here, after what was begun has ended; nothing more is begun.
    """
    # Without threads the order of requests is always the same, which tests and the sandbox rely on.
    if runtime.workers == 1:
        while job := next_job():
            job.work()
            job.then()
        return
    # Leaving the pool waits for what was begun, also when a job has raised.
    with runtime.executor(runtime.workers) as pool:
        pending: dict[PendingJob, Job] = {}
        while True:
            while len(pending) < runtime.workers and (job := next_job()):
                pending[pool.submit(job.work)] = job
            if not pending:
                return
            pool.wait_for_any(list(pending))
            for future in [future for future in pending if future.done()]:
                job = pending.pop(future)
                future.result()
                job.then()


def run_for_each(work: Callable[[T], object], items: Sequence[T], runtime: Runtime) -> None:
    """Do ``work`` on every item, up to ``runtime.workers`` of them at once; with one worker, in order."""
    jobs = iter([Job(lambda item=item: work(item)) for item in items])  # type: ignore[misc]
    run_jobs(lambda: next(jobs, None), runtime)
