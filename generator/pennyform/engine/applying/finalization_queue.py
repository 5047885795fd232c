"""The finalization queue: invoices become final one after the other, in the order of the plan.

The next one is finalized only when it is known what became of the one before: a request whose answer was
lost may still arrive, and would take a number out of order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from pennyform.engine.applying.invoice_run import InvoiceRun


@dataclass(eq=False, slots=True)
class FinalizationQueue:
    """The invoices that will be finalized and have no known outcome yet, in order."""

    _waiting: deque[InvoiceRun]
    # Not asked of the runs, which change in other threads.
    _ready: set[InvoiceRun] = field(default_factory=set)
    _under_way: InvoiceRun | None = None

    @classmethod
    def of(cls, runs: Iterable[InvoiceRun]) -> FinalizationQueue:
        """The queue of those among ``runs`` that will be finalized."""
        return cls(deque(run for run in runs if run.change.is_finalized))

    @property
    def first(self) -> InvoiceRun | None:
        """The invoice that everything behind it waits for; None when there is none left."""
        while self._waiting and self._waiting[0].number_is_settled:
            self._waiting.popleft()
        return self._waiting[0] if self._waiting else None

    @property
    def idle(self) -> bool:
        """Whether nothing can be finalized at the moment."""
        return self._under_way is None and self.first not in self._ready

    def add_ready(self, run: InvoiceRun) -> None:
        """``run`` was read back and found equal: it is finalized when it is its turn."""
        self._ready.add(run)

    def take(self) -> InvoiceRun | None:
        """The invoice to finalize now, until :meth:`done`; None while it is not its turn, or not ready."""
        if self.idle or self._under_way is not None:
            return None
        self._under_way = self._waiting[0]
        self._ready.discard(self._under_way)
        return self._under_way

    def done(self) -> None:
        """The request for the invoice taken was answered, or its answer was lost."""
        self._under_way = None
