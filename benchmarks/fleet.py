"""What a fleet does with more workers, what a job costs with many of them queued, and what a worker weighs.

The first part applies invoices of several companies to a served sandbox, whose answers take 50 ms, with
one, two and four workers. The sandbox works on the same cores as the workers: what it takes is theirs on a
real machine. The second queues jobs that do nothing, and lets a worker take some of them: what one costs
should not depend on how many wait. Needs PostgreSQL's server (`initdb`).

    python benchmarks/fleet.py [COMPANIES [INVOICES]]
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from pennyform.fleet.database import Database
from pennyform.fleet.procrastinate_queue import ProcrastinateQueue
from pennyform.fleet.queue import JobTicket, QueuedJob, Stop, Verdict, WorkerSettings

from tests.fleet.campaign import Scenario, run
from tests.fleet.postgres import postgres

QUEUED = (100, 1_000, 10_000)
TAKEN = 100


CALM = Scenario(
    concurrency=1,
    latency=0.05,
    kill_at=0,
    stop_at=0,
    cut_at=2,
    restart_at=2,
    clocks_apart=0,
    submissions=1,
    fleets=1,
    seconds=600,
)
# What the API allows a token, in requests per second.
RATE = 5.0


def rate_used(invoices: int) -> None:
    result = run(replace(CALM, companies=1, invoices=invoices, workers=1, latency=0.0))
    assert not result.violations, result.violations[:3]
    share = result.requests / result.busy_seconds / RATE
    print(
        f"1 company x {invoices} invoices: {result.requests} requests, {100 * share:.0f} % of the rate used"
    )


def scaling(companies: int, invoices: int) -> None:
    print(f"{companies} companies x {invoices} invoices, {os.cpu_count()} cores, each worker one at a time")
    calm = replace(CALM, companies=companies, invoices=invoices)
    first = 0.0
    for workers in (1, 2, 4):
        result = run(replace(calm, workers=workers))
        assert not result.violations, result.violations[:3]
        rate = 60 * companies / result.busy_seconds
        first = first or rate
        memory = max(result.mebibytes)
        print(
            f"  {workers} workers: {rate:5.0f} companies/min, {rate / first:4.2f} times one;"
            f" at most {memory:.0f} MiB each"
        )


def queue_cost() -> None:
    first = 0.0
    for number in QUEUED:
        with postgres() as server:
            database = Database(server.url)
            database.migrate()
            queue, stop = ProcrastinateQueue(database), Stop()
            queue.migrate()
            start = time.perf_counter()
            queue.submit([QueuedJob(f"{index:064x}", f"company-{index}") for index in range(number)])
            submitted = time.perf_counter() - start
            times: list[float] = []

            def take(_: JobTicket, times: list[float] = times, stop: Stop = stop) -> Verdict:
                times.append(time.perf_counter())
                if len(times) == TAKEN:
                    stop.request()
                return Verdict()

            queue.work(take, WorkerSettings(concurrency=4), stop)
            cost = 1000 * (times[TAKEN - 1] - times[0]) / (TAKEN - 1)
            first = first or cost
            print(
                f"  {number:6,} queued: {cost:5.1f} ms a job ({cost / first:4.2f} times the first),"
                f" {1000 * submitted / number:5.2f} ms to queue one"
            )


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:3]]
    scaling(*(numbers + [16, 4][len(numbers) :]))
    rate_used(60)
    print("jobs that do nothing")
    queue_cost()
