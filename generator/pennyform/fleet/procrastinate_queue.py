"""The queue on PostgreSQL, with Procrastinate.

What is known about Procrastinate, and how it is used here because of that:

- ``lock`` lets one job of a company run at a time, in the order of their submission. A job that is scheduled
  for later holds the others of its lock back: so nothing is scheduled but a retry, minutes ahead at most.
- ``queueing_lock`` would refuse a job as long as one is waiting, and make a retry fail: it is not used.
- Jobs of a worker that died stay ``doing`` until somebody puts them back. A job that looks for them could
  itself be held back; each worker looks for them beside its jobs instead.
- A worker writes what became of a job even if somebody else has the job by then. Nothing follows from that
  but a job that is tried once too often: see the lease.
- ``retry_at`` is compared with the database's clock: so it is computed from that.
- Without statistics, PostgreSQL takes seconds to find the next of 10,000 jobs that were queued at once: so
  they are made with the jobs. Procrastinate's own index has the lock behind the id: so there is one of it.
- Its log messages quote the arguments of jobs. There is one, a hash.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import procrastinate
import psycopg
from procrastinate import exceptions, jobs, manager, retry
from procrastinate.worker import Worker

from pennyform.fleet.database import Database
from pennyform.fleet.log import log
from pennyform.fleet.queue import (
    CarryOut,
    JobTicket,
    QueuedJob,
    QueueLostError,
    QueueState,
    Stop,
    Verdict,
    WorkerSettings,
)

TASK, QUEUE = "pennyform.company", "pennyform"
_STATEMENT = 1000  # jobs that one statement queues
_HEARTBEATS = 5  # within the stall time
# One sweep at a time: a job that was put back and taken again meanwhile must not be put back once more.
_SWEEP_LOCK = 0x70656E6E7966  # "pennyf"

_PAUSED = "SELECT EXISTS (SELECT FROM pause WHERE company_id = 0) AS paused"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_NOW = "SELECT now() AS now"
_INDEX = """
    CREATE INDEX IF NOT EXISTS queued_lock ON procrastinate_jobs (lock) WHERE status IN ('todo', 'doing')
"""
_COUNTS = "SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY 1"
_RUNNING = """
    SELECT coalesce(job.lock, ''),
           worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => %s)
    FROM procrastinate_jobs AS job LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
    WHERE job.status = 'doing' ORDER BY job.id
"""
_WORKERS = """
    SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat >= now() - make_interval(secs => %s)
"""
_OLDEST = """
    SELECT extract(epoch FROM now() - min(event.at))
    FROM procrastinate_jobs AS job JOIN procrastinate_events AS event ON event.job_id = job.id
    WHERE job.status = 'todo' AND event.type = 'deferred'
"""


_JOBS = """
    SELECT job.id, coalesce(job.args ->> 'request', ''),
           job.status NOT IN ('todo', 'doing') AND NOT EXISTS (
               SELECT FROM procrastinate_events AS event
               WHERE event.job_id = job.id AND event.at >= now() - make_interval(days => %s)
           )
    FROM procrastinate_jobs AS job
"""
_FORGET = "DELETE FROM procrastinate_jobs WHERE id = ANY(%s) AND status NOT IN ('todo', 'doing')"


class _RetryLaterError(Exception):
    def __init__(self, at: datetime) -> None:
        super().__init__("tried again later")
        self.at = at


class _FailedError(Exception):
    """The job rests as failed; why is in its outcome."""


class _Decisions(retry.BaseRetryStrategy):
    """Tries again what says so itself, and what the database stood in the way of."""

    def get_retry_decision(
        self,
        *,
        exception: BaseException,
        job: jobs.Job,  # noqa: ARG002 - as it is called
    ) -> procrastinate.RetryDecision | None:
        if isinstance(exception, _RetryLaterError):
            return procrastinate.RetryDecision(retry_at=exception.at)
        # The database was away, or the worker ends: then the job begins anew at once, whatever this machine's
        # clock says. Whatever else is raised would be raised again, and hold up the company.
        away = (exceptions.ConnectorException, psycopg.Error)
        may_pass = isinstance(exception, away) or not isinstance(exception, Exception)
        return procrastinate.RetryDecision(retry_at=_LONG_AGO) if may_pass else None


class _Jobs(manager.JobManager):
    """Hands out no job while the fleet is paused."""

    async def fetch_job(self, queues: Any, worker_id: int) -> jobs.Job | None:
        row = await self.connector.execute_query_one_async(_PAUSED)
        return None if row["paused"] else await super().fetch_job(queues, worker_id)


class ProcrastinateQueue:
    """The queue in a database, in the schema that its connections look into first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def migrate(self) -> None:
        """Make its tables, or bring those of an earlier version up to date."""
        folder = Path(procrastinate.schema.SchemaManager.get_migrations_path())
        names = sorted(file.name for file in folder.glob("*.sql"))
        with self._database.connection() as connection:
            # Two of them at once wait for each other.
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_SWEEP_LOCK])
            connection.execute("CREATE TABLE IF NOT EXISTS queue_migration (name text PRIMARY KEY)")
            done = {name for (name,) in connection.execute("SELECT name FROM queue_migration")}
            # What is installed anew is of the newest version at once.
            if not done:
                connection.execute(procrastinate.schema.SchemaManager.get_schema())
            else:
                for name in names:
                    if name not in done:
                        connection.execute((folder / name).read_bytes())
            with connection.cursor() as cursor:
                rows = [[name] for name in names if name not in done]
                cursor.executemany("INSERT INTO queue_migration VALUES (%s)", rows)
            connection.execute(_INDEX)

    def submit(self, queued: Sequence[QueuedJob]) -> list[int]:
        """Queue jobs, all or none; their ids, in the order of ``queued``."""
        # Never opened: its statements are executed in the one transaction of this connection.
        app = procrastinate.App(
            connector=procrastinate.SyncPsycopgConnector(conninfo=self._database.conninfo)
        )
        ids: list[int] = []
        with self._database.connection() as connection:
            for start in range(0, len(queued), _STATEMENT):
                batch = [
                    jobs.Job(
                        id=None,
                        queue=_queue_of(job.fleet),
                        lock=job.lock,
                        queueing_lock=None,
                        task_name=TASK,
                        task_kwargs={"request": job.request},
                    )
                    for job in queued[start : start + _STATEMENT]
                ]
                deferred = app.job_manager.batch_defer_jobs(batch, connection=connection)
                ids += [int(job.id) for job in deferred if job.id is not None]
            connection.execute("ANALYZE procrastinate_jobs")
        return ids

    def forget(self, days: int, *, delete: bool) -> tuple[int, dict[int, str]]:
        """Delete jobs that ended more than so many days ago, or count them."""
        with self._database.connection() as connection:
            rows = connection.execute(_JOBS, [days]).fetchall()
            old = [id_ for id_, _, is_old in rows if is_old]
            if delete:
                connection.execute(_FORGET, [old])
        return len(old), {id_: request for id_, request, is_old in rows if not is_old}

    def state(self, stall_seconds: float) -> QueueState:
        """How many jobs there are of each status, and which are being worked on."""
        with self._database.connection() as connection:
            counts: dict[str, int] = dict(connection.execute(_COUNTS).fetchall())
            rows = connection.execute(_RUNNING, [stall_seconds]).fetchall()
            (workers,) = connection.execute(_WORKERS, [stall_seconds]).fetchone() or (0,)
            (oldest,) = connection.execute(_OLDEST).fetchone() or (0,)
        return QueueState(
            counts,
            [lock for lock, is_stalled in rows if not is_stalled],
            [lock for lock, is_stalled in rows if is_stalled],
            workers,
            float(oldest or 0),
        )

    # --- a worker ---------------------------------------------------------------------------------------

    def work(self, carry_out: CarryOut, settings: WorkerSettings, stop: Stop) -> None:
        """Hand jobs to ``carry_out`` until ``stop`` is requested and those under way have ended.

        Raises:
            QueueLostError: the queue cannot be reached; what was under way has ended.
        """
        try:
            asyncio.run(self._work(carry_out, settings, stop))
        except (exceptions.ConnectorException, psycopg.Error) as problem:
            raise QueueLostError(str(problem)) from problem
        # The worker also ends by itself when its heartbeat cannot be written.
        if not stop.requested() and not settings.once:
            raise QueueLostError("the heartbeat could not be written")

    async def _work(self, carry_out: CarryOut, settings: WorkerSettings, stop: Stop) -> None:
        connector = procrastinate.PsycopgConnector(
            conninfo=self._database.conninfo, min_size=1, max_size=4, timeout=settings.stall_seconds / 2
        )
        app = procrastinate.App(connector=connector)
        app.job_manager = _Jobs(connector)
        queue = _queue_of(self._database.fleet)
        with ThreadPoolExecutor(settings.concurrency, "company") as pool:

            @app.task(name=TASK, queue=queue, retry=_Decisions(), pass_context=True)
            async def company(
                context: procrastinate.JobContext, /, request: object = "", **_: object
            ) -> None:
                job = context.job
                # Whatever the row says: what is no request fails with its reason, and is not tried again.
                digest = request if isinstance(request, str) else ""
                ticket = JobTicket(job.id or 0, digest, job.lock or "")
                loop = asyncio.get_running_loop()
                verdict = await loop.run_in_executor(pool, carry_out, ticket)
                await _conclude(connector, verdict)

            async with app.open_async():
                worker = Worker(
                    app,
                    queues=[queue],
                    name=None,
                    concurrency=settings.concurrency,
                    wait=not settings.once,
                    fetch_job_polling_interval=settings.poll_seconds,
                    install_signal_handlers=False,
                    update_heartbeat_interval=settings.stall_seconds / _HEARTBEATS,
                    stalled_worker_timeout=settings.stall_seconds,
                )
                loop = asyncio.get_running_loop()
                sweeper = asyncio.create_task(_sweep(app, connector, settings.stall_seconds))
                try:
                    stop.on_request(lambda: _call_in(loop, worker.stop))
                    await worker.run()  # type: ignore[no-untyped-call]
                finally:
                    sweeper.cancel()
                    with suppress(asyncio.CancelledError, Exception):
                        await sweeper


def _queue_of(fleet: str) -> str:
    return f"{QUEUE}.{fleet}" if fleet else QUEUE


def _call_in(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    # The loop may have ended already.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(function)


async def _conclude(connector: procrastinate.PsycopgConnector, verdict: Verdict) -> None:
    """Tell the worker what becomes of a job, in the way it understands: by raising."""
    if verdict.retry_after is not None:
        row = await connector.execute_query_one_async(_NOW)
        raise _RetryLaterError(row["now"] + timedelta(seconds=verdict.retry_after))
    if verdict.failed:
        raise _FailedError


async def _sweep(app: procrastinate.App, connector: procrastinate.PsycopgConnector, stall: float) -> None:
    """Put back the jobs of workers that are gone, of all fleets, for as long as this worker lives."""
    while True:
        await asyncio.sleep(stall / _HEARTBEATS)
        try:
            async with connector.pool.connection() as connection:
                cursor = await connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [_SWEEP_LOCK])
                if not (await cursor.fetchone() or (False,))[0]:
                    continue
                for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=stall):
                    # Its worker may have concluded it just now.
                    with suppress(exceptions.ConnectorException):
                        await app.job_manager.retry_job(job)
                        log("put_back", level=logging.WARNING, job=job.id)
        except (exceptions.ConnectorException, psycopg.Error):
            # The worker's own heartbeat says so as well, and ends it.
            log("no_sweep", level=logging.WARNING)
