"""``pennyform fleet worker``: do jobs until told to stop."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from pennyform.cli.commands.fleet.execution import Execution
from pennyform.cli.commands.fleet.status import metrics
from pennyform.cli.companies import worst
from pennyform.cli.options.fleet import WorkerOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.runtime import Runtime
from pennyform.engine.state_folder import state_folder
from pennyform.fleet.database import Database
from pennyform.fleet.job import carry_out
from pennyform.fleet.journals import DatabaseJournals
from pennyform.fleet.log import log, log_to
from pennyform.fleet.overview import overview
from pennyform.fleet.queue import (
    CarryOut,
    JobTicket,
    Queue,
    QueueLostError,
    Stop,
    Verdict,
    WorkerSettings,
)
from pennyform.fleet.records import Records
from pennyform.fleet.serving import listen
from pennyform.results.fleet import FleetStatusDocument

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_LONGEST_WAIT = 30.0
# Of the stall time: whoever was not heard of for so long does nothing any more.
_PAUSED_PART = 0.5
_LOOKS = 10  # within the stall time


@dataclass(eq=False)
class _Watch:
    """Whether jobs are to stop after the step at hand.

    They are once a worker was told to stop and its time of grace is over, at once after a second signal, and
    when the process stood still for so long that others may have taken its jobs over.
    """

    stop: Stop
    grace: float
    stall: float
    stood_still: bool = False
    _at_once: bool = False
    _stopped_at: float = field(default=0.0)

    def interrupted(self) -> bool:
        """Whether jobs are to stop."""
        is_over = self.stop.requested() and time.monotonic() >= self._stopped_at + self.grace
        return is_over or self._at_once or self.stood_still

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        """Take no more jobs; the second time, stop those that run."""
        if self.stop.requested():
            self._at_once = True
            return
        self._stopped_at = time.monotonic()
        self.stop.request()

    def look(self) -> None:
        """Notice that the process stood still, for as long as it is there."""
        pause = self.stall / _LOOKS
        while True:
            before = time.monotonic()
            time.sleep(pause)
            if time.monotonic() - before > pause + self.stall * _PAUSED_PART:
                self.stood_still = True
                log("stood_still", level=logging.WARNING, seconds=round(time.monotonic() - before, 1))
                self.stop.request()
                return


def run(
    options: WorkerOptions, database: Database, queue: Queue, terminal: Terminal, runtime: Runtime
) -> Exit:
    """Do jobs until a signal says otherwise.

    Returns:
        75 when the process stood still: whoever runs it starts it anew. With ``once``, the worst exit code
        of its jobs, where 75 stands for one that is tried again later.

    Raises:
        Failure: the machine lacks what every job needs: it would take all of them, and none would be done.
    """
    DatabaseJournals(database, state_folder(terminal.environ, runtime.random_bytes), runtime).close()
    records = Records(database)
    settings = WorkerSettings(options.concurrency, database.stall_seconds, once=options.once)
    log_to(terminal.stderr)
    watch = _Watch(Stop(), options.grace_seconds, settings.stall_seconds)
    execution = Execution.of(records, terminal, runtime, options.approval, watch.interrupted)
    before = {number: signal.signal(number, watch.on_signal) for number in _SIGNALS}
    threading.Thread(target=watch.look, daemon=True).start()
    log("start", host=os.uname().nodename, pid=os.getpid(), count=settings.concurrency)
    try:
        with (
            database.kept_connections(settings.concurrency),
            _metrics(options, lambda: overview(database, queue)),
        ):
            codes = _work(queue, lambda ticket: carry_out(ticket, records, execution), settings, watch)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    log("stop", pid=os.getpid())
    if watch.stood_still:
        return Exit.TRY_LATER
    # Whoever runs one that stays looks at `fleet status`: what ended long ago is no reason to start it anew.
    return worst(codes) if options.once else Exit.OK


@contextmanager
def _metrics(options: WorkerOptions, look: Callable[[], FleetStatusDocument]) -> Iterator[None]:
    """Serve metrics for as long as the context lasts, where a port is named."""
    if options.metrics is None:
        yield
        return
    with listen(options.metrics_host, options.metrics, metrics(look)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


def _work(queue: Queue, do: CarryOut, settings: WorkerSettings, watch: _Watch) -> list[Exit]:
    """Work; after the database was gone, wait for it and go on.

    Returns:
        How the jobs of a worker that ends by itself ended, by the last attempt at each.
    """
    wait, done = 1.0, 0
    ended: dict[int, Exit] = {}

    def count(ticket: JobTicket) -> Verdict:
        nonlocal done
        done += 1
        verdict = do(ticket)
        if settings.once:
            ended[ticket.id] = _exit_of(verdict)
        return verdict

    while not watch.stop.requested():
        begun, before = time.monotonic(), done
        try:
            queue.work(count, settings, watch.stop)
        except QueueLostError as problem:
            log("queue_lost", level=logging.WARNING, why=type(problem.__cause__ or problem).__name__)
            wait = 1.0 if time.monotonic() - begun > _LONGEST_WAIT else min(wait * 2, _LONGEST_WAIT)
            watch.stop.wait(wait)
            continue
        # A job of the same company waits for the one before it.
        if settings.once and done == before:
            break
    return list(ended.values())


def _exit_of(verdict: Verdict) -> Exit:
    if verdict.failed:
        return Exit(verdict.exit_code or Exit.ERROR)
    return Exit.OK if verdict.retry_after is None else Exit.TRY_LATER
