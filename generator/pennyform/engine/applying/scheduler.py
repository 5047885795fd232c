"""Which request comes next: waves of invoices on their way, the next wave begun while one is read back.

A wave is read back in one request, so its invoices wait for each other before each reading; what fills that
wait are the writes of the wave behind it. What became doubtful leaves its wave, so that nobody waits for it.
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


class Work(Protocol):
    """What is done to invoices; :class:`~pennyform.engine.applying.applier.Applier` does it."""

    def track(self, change: InvoiceChange) -> InvoiceRun:
        """Set an invoice on its way."""

    def write(self, track: InvoiceRun) -> None:
        """Take its steps up to its next reading, or its tasks when no step is left."""

    def read_back(self, tracks: Sequence[InvoiceRun]) -> None:
        """Read invoices back together."""

    def arrived(self, track: InvoiceRun) -> None:
        """No step is left."""

    def must_stop(self) -> bool:
        """Whether nothing more may be written."""


@dataclass(eq=False, slots=True)
class _Wave:
    """``ready`` can be written, ``written`` wait for the reading, ``busy`` are under way."""

    ready: deque[InvoiceRun]
    written: list[InvoiceRun] = field(default_factory=list)
    busy: int = 0

    @property
    def over(self) -> bool:
        return not (self.ready or self.written or self.busy)


@dataclass(eq=False, slots=True)
class Scheduler:
    """Hands out the work on some waves, those in front first.

    ``tracks`` are the invoices that were set on their way; ``doubtful`` those of whose last write nobody
    knows what became.
    """

    work: Work
    pending: deque[Sequence[InvoiceChange]]
    tracks: list[InvoiceRun] = field(default_factory=list)
    doubtful: list[InvoiceRun] = field(default_factory=list)
    _open: list[_Wave] = field(default_factory=list)

    def take(self) -> Job | None:
        """The next request; None while everything waits for what is under way.

        Once nothing more may be written, what was written is still read back.
        """
        stopped = self.work.must_stop()
        self._open = [wave for wave in self._open if not wave.over and not (stopped and _is_still(wave))]
        for wave in self._open:
            if wave.ready and not stopped:
                return self._writing(wave)
            if wave.written and not wave.busy:
                return self._reading(wave)
        if stopped or not self.pending or len(self._open) >= WAVES:
            return None
        self.go_on([self.work.track(change) for change in self.pending.popleft()])
        return self.take()

    def go_on(self, tracks: Iterable[InvoiceRun]) -> None:
        """Let ``tracks`` go on from where they are, as a wave of their own."""
        tracks = list(tracks)
        known = set(map(id, self.tracks))
        self.tracks += [track for track in tracks if id(track) not in known]
        wave = _Wave(deque())
        self._open.append(wave)
        for track in tracks:
            self._sort(track, wave)

    def _writing(self, wave: _Wave) -> Job:
        track = wave.ready.popleft()
        wave.busy += 1
        return Job(lambda: self.work.write(track), lambda: self._wrote(track, wave))

    def _wrote(self, track: InvoiceRun, wave: _Wave) -> None:
        wave.busy -= 1
        if track.uncertain and track.ended is None:
            self.doubtful.append(track)
        elif track.next is Step.READ_BACK:
            wave.written.append(track)

    def _reading(self, wave: _Wave) -> Job:
        tracks, wave.written = wave.written, []
        wave.busy += 1
        return Job(lambda: self.work.read_back(tracks), lambda: self._read(tracks, wave))

    def _read(self, tracks: Sequence[InvoiceRun], wave: _Wave) -> None:
        wave.busy -= 1
        for track in tracks:
            self._sort(track, wave)

    def _sort(self, track: InvoiceRun, wave: _Wave) -> None:
        if track.ended is None and not track.left:
            self.work.arrived(track)
        if track.next is Step.READ_BACK:
            wave.written.append(track)
        elif track.next or track.task:
            wave.ready.append(track)


def _is_still(wave: _Wave) -> bool:
    return not (wave.written or wave.busy)
