"""A plan as data with a format version, from which everything shown is rendered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil
from typing import Any

from pennyform import __version__
from pennyform.engine.account.state import Company
from pennyform.engine.limits import INCLUDED_LINES, PAGE, PERIOD, REQUESTS_PER_PERIOD, WAVE
from pennyform.engine.planning.actions import (
    IDLE,
    Action,
    InvoiceChange,
    Orphan,
    PrerequisiteChange,
    Step,
)

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one apply will do, in order: customers and products, invoices, drafts to be deleted."""

    environment: str
    company: Company
    rounding: str
    masters: tuple[PrerequisiteChange, ...]
    invoices: tuple[InvoiceChange, ...]
    warnings: tuple[str, ...] = field(default=())
    orphans: tuple[Orphan, ...] = ()

    @property
    def changes(self) -> tuple[PrerequisiteChange | InvoiceChange | Orphan, ...]:
        """All changes, in the order in which they are carried out."""
        return (*self.masters, *self.invoices, *self.orphans)

    @property
    def pending(self) -> bool:
        """Whether an apply has anything to do."""
        return any(change.action not in IDLE for change in self.changes)

    @property
    def conflicts(self) -> bool:
        """Whether something differs that an apply will not overwrite."""
        return any(change.action is Action.CONFLICT for change in self.invoices)

    def to_json(self) -> dict[str, Any]:
        """The plan as data: what is saved, and what every rendering is made from."""
        count = requests(self.masters, self.invoices) + 2 * len(self.orphans)
        return {
            "format_version": FORMAT_VERSION,
            "pennyform": __version__,
            "environment": self.environment,
            "company": {"id": self.company.id, "name": self.company.name},
            "rounding": self.rounding,
            "changes": [change.to_json() for change in self.changes],
            "summary": _summary(self),
            "money": _money(self),
            "requests": count,
            "seconds": seconds(count),
            "warnings": list(self.warnings),
        }


def _summary(plan: Plan) -> dict[str, Any]:
    counts: dict[str, Any] = {"invoices": {}, "customers": {}, "products": {}}
    for change in plan.changes:
        group = counts[f"{change.kind}s"]
        group[str(change.action)] = group.get(str(change.action), 0) + 1
    counts["irreversible"] = sum(change.irreversible for change in plan.invoices)
    counts["pending"] = plan.pending
    return counts


def _money(plan: Plan) -> dict[str, Any]:
    changing = [change for change in plan.invoices if change.action not in IDLE]
    return {"changing": money(changing), "all": money(plan.invoices)}


def money(changes: Iterable[InvoiceChange]) -> list[dict[str, Any]]:
    """Amounts per currency and VAT code, and in all, as canonical text.

    Args:
        changes: changes with ``resolved.totals``.
    """
    sums: dict[str, dict[str, Any]] = {}
    for change in changes:
        totals = change.resolved.totals
        entry = sums.setdefault(totals["currency"], {"invoices": 0, "vat": {}, "amounts": {}})
        entry["invoices"] += 1
        for name in ("currency_amount_before_tax", "currency_tax", "currency_amount"):
            entry["amounts"][name] = entry["amounts"].get(name, Decimal(0)) + Decimal(totals[name])
        for row in totals["vat"]:
            rate = entry["vat"].setdefault(row["vat_rate"], [row["percent"], Decimal(0), Decimal(0)])
            rate[1] += Decimal(row["base"])
            rate[2] += Decimal(row["tax"])
    return [_currency(name, entry) for name, entry in sorted(sums.items())]


def _currency(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    vat = [
        {"vat_rate": code, "percent": percent, "base": format(base, "f"), "tax": format(tax, "f")}
        for code, (percent, base, tax) in sorted(entry["vat"].items(), key=_by_rate)
    ]
    amounts = {key: format(value, "f") for key, value in entry["amounts"].items()}
    return {"currency": name, "invoices": entry["invoices"], "vat": vat, **amounts}


def _by_rate(item: tuple[str, Sequence[Any]]) -> tuple[Decimal, str]:
    """The highest rate first."""
    code, (percent, *_) = item
    return -Decimal(percent), code


def requests(masters: Sequence[PrerequisiteChange], invoices: Sequence[InvoiceChange]) -> int:
    """How many requests carrying out these changes takes, when nothing goes wrong."""
    # A file is looked for once more before it is attached.
    tasks = sum(1 + (task.step is Step.ATTACH) for change in invoices for task in change.tasks)
    creations = sum(change.action is Action.CREATE for change in masters)
    readings = sum(_wave_requests(wave) for stage in stages(invoices) for wave in waves(stage))
    return creations + readings + tasks


def seconds(count: int) -> int:
    """How long the rate limit lets ``count`` requests take, from the first one sent to the last one sent."""
    return ceil(max(count - 1, 0) // REQUESTS_PER_PERIOD * PERIOD)


def stages(invoices: Sequence[InvoiceChange]) -> Iterator[Sequence[InvoiceChange]]:
    """The invoices to carry out: first what could be corrected, then credit notes."""
    for correcting in (False, True):
        yield [
            change
            for change in invoices
            if change.busy and (change.desired.credit_note_of is not None) is correcting
        ]


def waves(changes: Sequence[InvoiceChange]) -> Iterator[Sequence[InvoiceChange]]:
    """``changes`` in groups that are read back together."""
    return (changes[start : start + WAVE] for start in range(0, len(changes), WAVE))


def _wave_requests(wave: Sequence[InvoiceChange]) -> int:
    writes = sum(step is not Step.READ_BACK for change in wave for step in change.steps)
    readings = max((change.steps.count(Step.READ_BACK) for change in wave), default=0)
    return writes + sum(_reading_requests(wave, number) for number in range(1, readings + 1))


def _reading_requests(wave: Sequence[InvoiceChange], number: int) -> int:
    """The requests of the wave's reading ``number``: pages of invoices, and what does not fit into them."""
    read = [change for change in wave if change.steps.count(Step.READ_BACK) >= number]
    return ceil(len(read) / PAGE) + sum(map(_extra_requests, read))


def _extra_requests(change: InvoiceChange) -> int:
    lines = len(change.resolved.lines)
    sections = "invoice_line_sections" in change.resolved.body
    return (ceil(lines / PAGE) if lines > INCLUDED_LINES else 0) + sections
