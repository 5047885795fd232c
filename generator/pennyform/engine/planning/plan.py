"""A plan, what it reports, and how many requests it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil

from pennyform import __version__
from pennyform.engine.account.records import Company
from pennyform.engine.limits import PAGE, PERIOD, REQUESTS_PER_PERIOD
from pennyform.engine.planning.actions import DraftDeletion, InvoiceChange, PrerequisiteChange, Step
from pennyform.engine.planning.customers.buyers import card_requests
from pennyform.engine.planning.waves import requests_of
from pennyform.invoices.money.scalars import plain_number
from pennyform.invoices.money.totals import Totals
from pennyform.results.orphans import NOT_SEARCHED, OrphanReport
from pennyform.results.plan import IDLE, Action, PlanDocument, PlanMoney, PlanSummary
from pennyform.results.values import FORMAT_VERSION, CompanyIdentity, CurrencyTotals, VatTotals


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one apply will do, in order: customers and products, invoices, drafts to be deleted.

    ``number_order`` is the policy of that name.
    """

    environment: str
    company: Company
    rounding: str
    prerequisites: tuple[PrerequisiteChange, ...]
    invoices: tuple[InvoiceChange, ...]
    warnings: tuple[str, ...] = field(default=())
    deletions: tuple[DraftDeletion, ...] = ()
    orphans: OrphanReport = NOT_SEARCHED
    number_order: str = "by-date"

    @property
    def changes(self) -> tuple[PrerequisiteChange | InvoiceChange | DraftDeletion, ...]:
        """All changes, in the order in which they are carried out."""
        return (*self.prerequisites, *self.invoices, *self.deletions)

    @property
    def pending(self) -> bool:
        """Whether an apply has anything to do."""
        return any(change.action not in IDLE for change in self.changes)

    @property
    def conflicts(self) -> bool:
        """Whether something differs that an apply will not overwrite."""
        return any(change.action is Action.CONFLICT for change in self.changes)

    def document(self) -> PlanDocument:
        """The plan as it is reported: what is saved, and what every rendering is made from."""
        # A draft is read again before it is deleted.
        count = requests(self.prerequisites, self.invoices) + 2 * len(self.deletions)
        counts = {kind: Counter[str]() for kind in ("invoice", "customer", "product")}
        for change in self.changes:
            counts[change.kind][str(change.action)] += 1
        changing = [change for change in self.invoices if change.action not in IDLE]
        return PlanDocument(
            format_version=FORMAT_VERSION,
            pennyform=__version__,
            environment=self.environment,
            company=CompanyIdentity(self.company.id, self.company.name),
            rounding=self.rounding,
            changes=tuple(change.record() for change in self.changes),
            summary=PlanSummary(
                invoices=dict(counts["invoice"]),
                customers=dict(counts["customer"]),
                products=dict(counts["product"]),
                irreversible=sum(change.irreversible for change in self.invoices),
                pending=self.pending,
            ),
            money=PlanMoney(changing=money(changing), all=money(self.invoices)),
            requests=count,
            seconds=seconds(count),
            warnings=self.warnings,
            orphans=self.orphans,
        )


@dataclass(slots=True)
class _CurrencySum:
    """What the invoices of one currency come to; ``vat`` is percent, base and tax by VAT code."""

    invoices: int = 0
    amounts: list[Decimal] = field(default_factory=lambda: [Decimal(0)] * 3)
    vat: dict[str, tuple[Decimal, Decimal, Decimal]] = field(default_factory=dict)

    def add(self, totals: Totals) -> None:
        self.invoices += 1
        amounts = (totals.before_tax, totals.tax, totals.amount)
        self.amounts = [total + amount for total, amount in zip(self.amounts, amounts, strict=True)]
        for row in totals.vat:
            _, base, tax = self.vat.get(row.vat_rate, (row.percent, Decimal(0), Decimal(0)))
            self.vat[row.vat_rate] = (row.percent, base + row.base, tax + row.tax)

    def record(self, currency: str) -> CurrencyTotals:
        """The sums as text, the highest rate first."""
        by_rate = sorted(self.vat.items(), key=lambda item: (-item[1][0], item[0]))
        vat = (
            VatTotals(code, plain_number(percent), f"{base:f}", f"{tax:f}")
            for code, (percent, base, tax) in by_rate
        )
        return CurrencyTotals(
            currency, self.invoices, tuple(vat), *(f"{amount:f}" for amount in self.amounts)
        )


def money(changes: Iterable[InvoiceChange]) -> tuple[CurrencyTotals, ...]:
    """Amounts per currency and VAT code, and in all, sorted by currency."""
    sums: dict[str, _CurrencySum] = {}
    for change in changes:
        totals = change.resolved.totals
        sums.setdefault(totals.currency, _CurrencySum()).add(totals)
    return tuple(total.record(currency) for currency, total in sorted(sums.items()))


def requests(prerequisites: Sequence[PrerequisiteChange], invoices: Sequence[InvoiceChange]) -> int:
    """How many requests carrying out these changes takes, when nothing goes wrong."""
    count = sum(change.busy for change in prerequisites)
    for kind in ("customer", "product"):
        # What was updated is read back, all together.
        updates = [
            change for change in prerequisites if (change.kind, change.action) == (kind, Action.UPDATE)
        ]
        count += ceil(len(updates) / PAGE)
    # A file is looked for once more before it is attached.
    tasks = sum(1 + (task.step is Step.ATTACH) for change in invoices for task in change.tasks)
    busy = [change for change in invoices if change.busy]
    return count + tasks + requests_of(busy) + card_requests(busy)


def seconds(count: int) -> int:
    """How long the rate limit lets ``count`` requests take, from the first one sent to the last one sent."""
    return ceil(max(count - 1, 0) // REQUESTS_PER_PERIOD * PERIOD)
