"""What became of a plan: one result per change, and what they add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from pennyform import __version__
from pennyform.engine.account.records import Company
from pennyform.engine.planning.actions import (
    DraftDeletion,
    InvoiceChange,
    PrerequisiteChange,
    difference_records,
)
from pennyform.engine.planning.diff import Difference
from pennyform.engine.planning.plan import money
from pennyform.invoices.desired.json_bodies import to_json
from pennyform.invoices.money.scalars import canonical
from pennyform.results.apply import AppliedChange, ApplyDocument, FinalTotal, Status
from pennyform.results.values import FORMAT_VERSION, CompanyIdentity


@dataclass(frozen=True, slots=True)
class Result:
    """The end of one change.

    ``final_amount`` is what an invoice that this apply made final comes to, tax included.
    ``remaining_steps`` are the steps that were not taken; ``detail`` says in a sentence why, with what to
    do about it; ``differences`` are those of the last reading. ``reading_failed`` tells that nothing but a
    reading failed, which may succeed another time.
    """

    change: InvoiceChange | PrerequisiteChange | DraftDeletion
    status: Status
    id: int | None = None
    invoice_number: str = ""
    draft: bool | None = None
    final_amount: Decimal | None = None
    remaining_steps: tuple[str, ...] = ()
    detail: str = ""
    differences: tuple[Difference, ...] = ()
    reading_failed: bool = False

    @property
    def amount(self) -> Decimal | None:
        """What an invoice that is final comes to, whether this apply or an earlier one made it final."""
        if self.final_amount is not None:
            return self.final_amount
        remote = self.change.remote if isinstance(self.change, InvoiceChange) else None
        return remote.currency_amount if remote is not None and not remote.draft else None

    @property
    def currency(self) -> str:
        """The currency of an invoice that is final."""
        change = self.change
        if isinstance(change, InvoiceChange) and self.amount is not None:
            return change.resolved.totals.currency
        return ""

    def record(self) -> AppliedChange:
        """The result as it is reported."""
        change = self.change
        return AppliedChange(
            kind=change.kind,
            external_reference=change.external_reference,
            action=change.action,
            status=self.status,
            id=self.id,
            invoice_number=self.invoice_number,
            draft=self.draft,
            became_final=self.final_amount is not None,
            currency=self.currency,
            currency_amount=None if self.amount is None else canonical(self.amount),
            remaining_steps=self.remaining_steps,
            detail=self.detail,
            differences=()
            if isinstance(change, DraftDeletion)
            else difference_records(self.differences, to_json(change.desired.body)),
        )


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """Everything one apply did and did not do. ``stopped`` says why it ended early, if it did."""

    environment: str
    company: Company
    results: tuple[Result, ...]
    stopped: str = ""
    interrupted: bool = False
    try_later: bool = False

    def any(self, *statuses: Status) -> bool:
        """Whether any change ended in one of ``statuses``."""
        return any(result.status in statuses for result in self.results)

    def document(self) -> ApplyDocument:
        """The report as it is printed. Its money is that of invoices that were changed and verified."""
        changed = [result.change for result in self.results if result.status is Status.DONE]
        return ApplyDocument(
            format_version=FORMAT_VERSION,
            pennyform=__version__,
            environment=self.environment,
            company=CompanyIdentity(self.company.id, self.company.name),
            results=tuple(result.record() for result in self.results),
            summary=dict(sorted(Counter(str(result.status) for result in self.results).items())),
            money=money(change for change in changed if isinstance(change, InvoiceChange)),
            final=tuple(_final_totals(self.results)),
            stopped=self.stopped,
            interrupted=self.interrupted,
        )


def _final_totals(results: Iterable[Result]) -> Iterator[FinalTotal]:
    amounts: dict[str, list[Decimal]] = {}
    for result in results:
        if result.final_amount is not None:
            amounts.setdefault(result.currency, []).append(result.final_amount)
    for currency, final in sorted(amounts.items()):
        yield FinalTotal(currency, len(final), f"{sum(final, Decimal(0)):f}")
