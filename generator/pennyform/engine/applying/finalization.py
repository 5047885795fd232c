"""Invoices become final one after the other, in the order of the plan, each to the card that was planned.

The next one is finalized only when it is known what became of the one before: a request whose answer was
lost may still arrive, and would take a number out of order.

Right before, the card of its customer is compared with the one that was planned. Cards are read by the
hundred, those of the next invoices together, and a reading holds for a hundred invoices and a minute. At the
end the cards are read once more, and what changed in between is reported.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.errors import OutcomeError
from pennyform.engine.applying.invoice_run import InvoiceRun
from pennyform.engine.applying.report import Result
from pennyform.engine.journal.records import Subject
from pennyform.engine.limits import CARD_INVOICES, CARD_SECONDS, PAGE
from pennyform.engine.planning.actions import InvoiceChange
from pennyform.engine.planning.diff import Difference
from pennyform.engine.planning.prerequisites.customers import buyer_differences, card_digest, is_checked
from pennyform.engine.planning.resolve import id_of
from pennyform.engine.runtime import Runtime, pause
from pennyform.invoices.model import CustomerBody, Key
from pennyform.results.apply import Status


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


_CHANGED = (
    "it did not become final: the card of its customer is not the one that was planned; put the card right, "
    "or look at the new one with 'pennyform plan', and apply again"
)
_UNREADABLE = "it did not become final: the card of its customer cannot be read ({}); apply again"
_MOVED = (
    "the card of its customer changed while it became final, and it may have been issued to the changed one: "
    "compare its PDF, and correct it with a credit note if it is wrong"
)
_UNSURE = "it is final; whether the card of its customer was changed meanwhile could not be read ({})"


class _Reading(NamedTuple):
    """A card as it was read: when, in monotonic seconds, and after how many invoices of the run.

    ``certain`` tells that it does not lag behind what was written.
    """

    body: CustomerBody | None
    at: float
    invoices: int
    certain: bool = False


@dataclass(eq=False, slots=True)
class BuyerCheck:
    """Holds the cards of customers against what invoices are planned for, right before they become final.

    ``changes`` are all invoices of the plan, in the order in which they become final; ``ids`` are those of
    customers that were created by now. ``moved`` are the differences, by reference, of cards that changed
    too late to stop the invoice; ``unsure`` says why that could not be found out for others.
    """

    account: AccountClient
    runtime: Runtime
    interrupted: Callable[[], bool]
    changes: Sequence[InvoiceChange]
    ids: Mapping[Subject, int]
    moved: dict[str, tuple[Difference, ...]] = field(default_factory=dict)
    unsure: dict[str, str] = field(default_factory=dict)
    _waiting: dict[str, InvoiceChange] = field(default_factory=dict)
    _readings: dict[int, _Reading] = field(default_factory=dict)
    # Became final since the card was last seen to be right, by customer.
    _since: dict[int, list[InvoiceRun]] = field(default_factory=dict)
    _invoices: int = 0

    def __post_init__(self) -> None:
        self._waiting = {change.external_reference: change for change in self.changes if is_checked(change)}

    def allow(self, run: InvoiceRun) -> bool:
        """Whether ``run`` may become final now; ends it when it may not."""
        customer = run.resolved.body.customer_id
        if isinstance(customer, Key) or not is_checked(run.change):
            return True
        try:
            reading = self._read_until_right(run, customer)
        except OutcomeError as problem:
            run.reading_failed = True
            run.end(Status.FAILED, _UNREADABLE.format(problem))
            return False
        self._waiting.pop(run.reference, None)
        if reading.body is None or (differences := buyer_differences(run.change, reading.body)):
            run.differences = differences if reading.body else ()
            run.end(Status.CONFLICT, _CHANGED)
            return False
        run.card = card_digest(reading.body)
        self._invoices += 1
        self._since.setdefault(customer, []).append(run)
        return True

    def look_again(self) -> None:
        """Read the cards of all that became final once more, and note which moved meanwhile."""
        customers = [customer for customer, runs in self._since.items() if runs]
        for start in range(0, len(customers), PAGE):
            batch = customers[start : start + PAGE]
            try:
                self._read(batch)
            except OutcomeError as problem:
                for run in (run for customer in batch for run in self._since[customer]):
                    self.unsure[run.reference] = str(problem)

    def revise(self, result: Result) -> Result:
        """``result`` of an invoice, with what is known by now about the card it was issued to."""
        reference = result.change.external_reference
        if result.status not in {Status.DONE, Status.WAITING, Status.PARTIAL}:
            return result
        if differences := self.moved.get(reference):
            return replace(result, status=Status.DIFFERS, detail=_MOVED, differences=differences)
        if reference in self.unsure:
            detail = _UNSURE.format(self.unsure[reference])
            return replace(result, status=Status.UNKNOWN, detail=detail)
        return result

    def _read_until_right(self, run: InvoiceRun, customer: int) -> _Reading:
        """The card of ``customer``, read again for as long as it may lag behind what was written."""
        reading = self._readings.get(customer)
        if reading is None or not self._is_fresh(reading):
            customers = self._next_customers(customer)
            # What was read so far holds while it is read again: others need not ask for the same.
            now = self.runtime.clock.monotonic()
            for id_ in customers:
                if earlier := self._readings.pop(id_, None):
                    self._readings[id_] = earlier._replace(at=now, invoices=self._invoices)
            reading = self._read(customers)[customer]
        for seconds in self.runtime.patience.lag:
            if reading.certain or (reading.body and not buyer_differences(run.change, reading.body)):
                return reading
            pause(self.runtime.clock, seconds, self.interrupted)
            reading = self._read([customer])[customer]
        self._readings[customer] = reading._replace(certain=True)
        return reading

    def _is_fresh(self, reading: _Reading) -> bool:
        age = self.runtime.clock.monotonic() - reading.at
        return age <= CARD_SECONDS and self._invoices - reading.invoices < CARD_INVOICES

    def _next_customers(self, first: int) -> list[int]:
        """``first`` and the customers of the invoices that become final next, a hundred at most."""
        customers = dict.fromkeys([first])
        for change in self._waiting.values():
            if len(customers) >= PAGE:
                break
            customer = id_of(
                change.resolved.body.customer_id,
                lambda key: self.ids.get(Subject(key.kind, str(key.value))),
            )
            if not isinstance(customer, Key):
                customers[customer] = None
        return list(customers)

    def _read(self, customers: Iterable[int]) -> dict[int, _Reading]:
        """Read cards; those of invoices that became final since they were last read are compared."""
        customers = list(customers)
        at, invoices = self.runtime.clock.monotonic(), self._invoices
        try:
            rows = self.account.customers_by_id(customers)
        except OutcomeError:
            for customer in customers:
                self._readings.pop(customer, None)
            raise
        for customer in customers:
            row = rows.get(customer)
            reading = _Reading(row.body if row else None, at, invoices)
            self._readings[customer] = reading
            for run in self._since.pop(customer, ()):
                if reading.body and (differences := buyer_differences(run.change, reading.body)):
                    self.moved[run.reference] = differences
        return {customer: self._readings[customer] for customer in customers}
