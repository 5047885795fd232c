"""Which request comes next: waves of invoices on their way, the next wave begun while one is read back.

A wave is read back in one request, so its invoices wait for each other before each reading; what fills that
wait are the writes of the wave behind it. What became uncertain leaves its wave, so that none waits for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pennyform.engine.applying.invoice_run import InvoiceRun
from pennyform.engine.applying.worker_pool import Job
from pennyform.engine.limits import WAVES
from pennyform.engine.planning.actions import InvoiceChange, Step


class InvoiceSteps(Protocol):
    """What is done to invoices; :class:`~pennyform.engine.applying.applier.Applier` does it."""

    def start(self, change: InvoiceChange) -> InvoiceRun:
        """Begin to carry a change out."""

    def write(self, run: InvoiceRun) -> None:
        """Take its steps up to its next reading, or its tasks when no step remains."""

    def read_back(self, runs: Sequence[InvoiceRun]) -> None:
        """Read invoices back together."""

    def finish_steps(self, run: InvoiceRun) -> None:
        """No step remains."""

    def must_stop(self) -> bool:
        """Whether nothing more may be written."""


@dataclass(eq=False, slots=True)
class _Wave:
    """``ready`` can be written, ``unread`` wait for the reading; ``under_way`` counts jobs."""

    ready: deque[InvoiceRun] = field(default_factory=deque)
    unread: list[InvoiceRun] = field(default_factory=list)
    under_way: int = 0


@dataclass(eq=False, slots=True)
class Scheduler:
    """Hands out the jobs of some waves, those of the first one first.

    ``runs`` are the invoices that were begun; ``uncertain`` those of whose last write the outcome is unknown.
    """

    steps: InvoiceSteps
    pending: deque[Sequence[InvoiceChange]]
    runs: list[InvoiceRun] = field(default_factory=list)
    uncertain: list[InvoiceRun] = field(default_factory=list)
    _open: list[_Wave] = field(default_factory=list)

    def next_job(self) -> Job | None:
        """The next request; None while everything waits for what is under way.

        Once nothing more may be written, what was written is still read back.
        """
        stopped = self.steps.must_stop()
        self._open = [
            wave for wave in self._open if wave.unread or wave.under_way or (wave.ready and not stopped)
        ]
        # The first wave goes first: the sooner it is read back, the sooner its invoices are final.
        for wave in self._open:
            if wave.ready and not stopped:
                return self._write_job(wave)
            if wave.unread and not wave.under_way:
                return self._read_job(wave)
        if stopped or not self.pending or len(self._open) >= WAVES:
            return None
        runs = [self.steps.start(change) for change in self.pending.popleft()]
        self.runs += runs
        self.add_wave(runs)
        return self.next_job()

    def add_wave(self, runs: Iterable[InvoiceRun]) -> None:
        """Let ``runs`` go on from where they are, as a wave of their own."""
        wave = _Wave()
        self._open.append(wave)
        for run in runs:
            self._enqueue(run, wave)

    def _write_job(self, wave: _Wave) -> Job:
        run = wave.ready.popleft()
        wave.under_way += 1

        def then() -> None:
            wave.under_way -= 1
            if run.uncertain and run.status is None:
                self.uncertain.append(run)
            elif run.next_step is Step.READ_BACK:
                wave.unread.append(run)

        return Job(lambda: self.steps.write(run), then)

    def _read_job(self, wave: _Wave) -> Job:
        runs, wave.unread = wave.unread, []
        wave.under_way += 1

        def then() -> None:
            wave.under_way -= 1
            for run in runs:
                self._enqueue(run, wave)

        return Job(lambda: self.steps.read_back(runs), then)

    def _enqueue(self, run: InvoiceRun, wave: _Wave) -> None:
        if run.status is None and not run.remaining_steps:
            self.steps.finish_steps(run)
        if run.next_step is Step.READ_BACK:
            wave.unread.append(run)
        elif run.next_step or run.next_task:
            wave.ready.append(run)
