"""A plan, what it reports, in which waves it is read back, and how many requests it takes.

A draft wave is read back in one request once all of its drafts are written. A final wave is a few draft
waves whose invoices are read back in one request once all of them are final. What depends on an invoice of
a final wave begins a new one: it is written only after that wave was read, so within the wave each would
wait for the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from math import ceil

from pennyform import __version__
from pennyform.engine.account.records import Company
from pennyform.engine.limits import (
    COMPANY_WRITES,
    FINALIZE_WAVE,
    INCLUDED_LINES,
    PAGE,
    PERIOD,
    REQUESTS_PER_PERIOD,
    SMALL_WAVE,
    WAVE,
)
from pennyform.engine.planning.actions import (
    IRREVERSIBLE,
    DraftDeletion,
    InvoiceChange,
    PrerequisiteChange,
    Step,
)
from pennyform.engine.planning.prerequisites.customers import card_requests
from pennyform.invoices.model import UNSET
from pennyform.invoices.money.scalars import plain_number
from pennyform.invoices.money.totals import Totals
from pennyform.results.orphans import NOT_SEARCHED, OrphanReport
from pennyform.results.plan import IDLE, Action, PlanDocument, PlanMoney, PlanSummary
from pennyform.results.values import FORMAT_VERSION, CompanyIdentity, CurrencyTotals, VatTotals


@dataclass(frozen=True)
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
        return self._document

    @cached_property
    def _document(self) -> PlanDocument:
        count = requests(self.prerequisites, self.invoices, self.deletions)
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


def requests(
    prerequisites: Sequence[PrerequisiteChange],
    invoices: Sequence[InvoiceChange],
    deletions: Sequence[DraftDeletion] = (),
) -> int:
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
    irreversible = sum(step in IRREVERSIBLE for change in busy for step in change.steps)
    irreversible += sum(len(change.tasks) for change in invoices) + len(deletions)
    # Whose account it is, and each draft once more before it is deleted.
    count += ceil(irreversible / COMPANY_WRITES) + 2 * len(deletions)
    return count + tasks + requests_of(busy) + card_requests(busy)


def seconds(count: int) -> int:
    """How long the rate limit lets ``count`` requests take, from the first one sent to the last one sent."""
    return ceil(max(count - 1, 0) // REQUESTS_PER_PERIOD * PERIOD)


@dataclass(slots=True)
class FinalWave:
    """Draft waves in order, each a list of changes in order."""

    drafts: list[list[InvoiceChange]] = field(default_factory=list)

    @property
    def changes(self) -> list[InvoiceChange]:
        """All of its changes, in order."""
        return [change for wave in self.drafts for change in wave]


def final_waves(changes: Iterable[InvoiceChange]) -> Iterator[FinalWave]:
    """Changes, in the order in which they become final, in the waves in which they are read back."""
    changes = list(changes)
    to_finalize = sum(change.is_finalized for change in changes)
    wave, references, finalized = FinalWave(), set[str](), 0
    size = _wave_size(to_finalize)
    for change in changes:
        draft_wave = wave.drafts[-1] if wave.drafts else []
        full = len(draft_wave) >= WAVE or sum(member.is_finalized for member in draft_wave) >= size
        if not references.isdisjoint(change.depends_on) or (full and finalized + size > WAVE):
            yield wave
            wave, references, finalized, full = FinalWave(), set(), 0, True
        if full or not wave.drafts:
            wave.drafts.append([])
            size = _wave_size(to_finalize)
        wave.drafts[-1].append(change)
        references.add(change.external_reference)
        finalized += change.is_finalized
        to_finalize -= change.is_finalized
    if wave.drafts:
        yield wave


def _wave_size(to_finalize: int) -> int:
    """How many drafts are read together when so many are to become final: fewer and fewer towards the end.

    While the last wave becomes final, one after the other, there are no more drafts to write in between.
    """
    if to_finalize <= SMALL_WAVE:
        return max(to_finalize, 1)
    return min(FINALIZE_WAVE, max(ceil(to_finalize / 2), SMALL_WAVE))


def requests_of(changes: Iterable[InvoiceChange]) -> int:
    """How many requests it takes to write these changes and to read them back, when nothing goes wrong."""
    count = 0
    for wave in final_waves(changes):
        count += sum(step is not Step.READ_BACK for change in wave.changes for step in change.steps)
        for members in wave.drafts:
            # What remains of the invoices that credit notes take back is asked once more for a whole wave.
            count += any(
                change.is_finalized and any(task.step is Step.LINK for task in change.tasks)
                for change in members
            )
            count += _readings([(change, change.steps_before_number) for change in members])
        count += _readings([(change, change.steps_after_number) for change in wave.changes])
    return count


def _readings(members: Sequence[tuple[InvoiceChange, Sequence[Step]]]) -> int:
    """The requests that read back ``members`` after these steps.

    They are read together, as often as the one with the most readings; each time, only those that have that
    many.
    """
    readings = [steps.count(Step.READ_BACK) for _, steps in members]
    count = 0
    for number in range(1, max(readings, default=0) + 1):
        read = [change for (change, _), times in zip(members, readings, strict=True) if times >= number]
        count += ceil(len(read) / PAGE)
        for change in read:
            # What does not fit into the list of invoices: many lines, and sections.
            lines, body = len(change.resolved.lines), change.resolved.body
            count += ceil(lines / PAGE) if lines > INCLUDED_LINES else 0
            count += getattr(body, "invoice_line_sections", UNSET) is not UNSET
    return count
