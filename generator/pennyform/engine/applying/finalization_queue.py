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
    """The invoices that will be finalized and have no known outcome yet, in order.

    With ``any_order`` they become final as soon as they are ready, several at once.
    """

    _waiting: deque[InvoiceRun]
    any_order: bool = False
    # Not asked of the runs, which change in other threads.
    _ready: dict[InvoiceRun, None] = field(default_factory=dict)
    _under_way: set[InvoiceRun] = field(default_factory=set)

    @classmethod
    def of(cls, runs: Iterable[InvoiceRun], *, any_order: bool = False) -> FinalizationQueue:
        """The queue of those among ``runs`` that will be finalized."""
        return cls(deque(run for run in runs if run.change.is_finalized), any_order)

    @property
    def first(self) -> InvoiceRun | None:
        """The invoice that everything behind it waits for; None when nothing waits."""
        while self._waiting and self._waiting[0].number_is_settled:
            self._waiting.popleft()
        return self._waiting[0] if self._waiting and not self.any_order else None

    @property
    def ready(self) -> list[InvoiceRun]:
        """The invoices that could be finalized if it were their turn."""
        return list(self._ready)

    @property
    def idle(self) -> bool:
        """Whether nothing can be finalized at the moment."""
        return not self._under_way and (self.first not in self._ready)

    def add_ready(self, run: InvoiceRun) -> None:
        """``run`` was read back and found equal: it is finalized when it is its turn."""
        self._ready[run] = None

    def remove(self, run: InvoiceRun) -> None:
        """``run`` is not finalized after all."""
        self._ready.pop(run, None)

    def take(self) -> InvoiceRun | None:
        """The invoice to finalize now, until :meth:`done`; None while it is not its turn, or not ready."""
        run = next(iter(self._ready), None) if self.any_order else self.first
        if run is None or run not in self._ready or (self._under_way and not self.any_order):
            return None
        del self._ready[run]
        self._under_way.add(run)
        return run

    def done(self, run: InvoiceRun) -> None:
        """The request for ``run`` was answered, or its answer was lost."""
        self._under_way.discard(run)
