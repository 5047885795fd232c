"""Bars of a common scale: a chart is a table whose rows have bars below their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import islice

from pennyform.report.shared.formatting import count
from pennyform.report.shared.html import month

# The longest bar, in the units of its drawing.
BAR = 400
# Longer than this, months without amounts are left out.
_MOST_MONTHS = 36
_MOST_ROWS = 10

Amounts = Mapping[str, Decimal]
"""Amounts by the month that they belong to (``2025-10``)."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Where a bar begins and how long it is, from 0 to :data:`BAR`; below zero it is ``negative``."""

    start: Decimal
    length: Decimal
    negative: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a chart: ``note`` says more about it; there is one bar for each amount."""

    label: str
    note: str
    amounts: tuple[Decimal, ...]
    bars: tuple[Bar, ...]

    def parts(self, series: Sequence[str]) -> list[tuple[str, Decimal, Bar]]:
        """The amounts that are not zero, with the names of their series and their bars."""
        return [part for part in zip(series, self.amounts, self.bars, strict=True) if part[1]]


@dataclass(frozen=True, slots=True)
class Chart:
    """A table with bars. ``series`` are the names of its amounts, one for each column."""

    title: str
    label: str
    series: tuple[str, ...]
    rows: tuple[Row, ...]


def bars(values: Sequence[Decimal]) -> tuple[Bar, ...]:
    """One bar for each value, from a common zero; negative values lie on its other side."""
    least, greatest = min([Decimal(0), *values]), max([Decimal(0), *values])
    unit = BAR / (greatest - least) if greatest > least else Decimal(0)
    return tuple(
        Bar(_short((min(value, Decimal(0)) - least) * unit), _short(abs(value) * unit), value < 0)
        for value in values
    )


def _short(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), ROUND_HALF_UP)


def chart(
    title: str,
    label: str,
    series: Sequence[str],
    rows: Sequence[tuple[str, str, Sequence[Decimal]]],
) -> Chart | None:
    """The chart of some rows: label, note, and an amount of each series; those without amounts are left out.

    Returns:
        None when there would be fewer than two bars: there is nothing to compare.
    """
    used = [index for index in range(len(series)) if any(amounts[index] for _, _, amounts in rows)]
    values = [amounts[index] for _, _, amounts in rows for index in used]
    if sum(map(bool, values)) < 2:
        return None
    made, size = iter(bars(values)), len(used)
    return Chart(
        title,
        label,
        tuple(series[index] for index in used),
        tuple(
            Row(name, note, tuple(amounts[index] for index in used), tuple(islice(made, size)))
            for name, note, amounts in rows
        ),
    )


def by_name(title: str, label: str, amounts: Iterable[tuple[str, Decimal]]) -> Chart | None:
    """The largest sums by name, and the rest of them as one row."""
    sums: dict[str, list[Decimal]] = {}
    for name, amount in amounts:
        sums.setdefault(name, []).append(amount)
    ranked = sorted(sums.items(), key=lambda item: (-sum(item[1]), item[0]))
    if len(ranked) > _MOST_ROWS + 1:
        small = ranked[_MOST_ROWS:]
        rest = [amount for _, members in small for amount in members]
        ranked = [*ranked[:_MOST_ROWS], (f"{len(small)} others", rest)]
    rows = [(name, count(len(members), "invoice"), [sum(members, Decimal(0))]) for name, members in ranked]
    return chart(title, label, ["Amount"], rows)


def by_month(title: str, first: str, last: str, series: Mapping[str, Amounts]) -> Chart | None:
    """The months from ``first`` to ``last`` (``2025-10``), both included."""
    names = months_between(first, last)
    if len(names) > _MOST_MONTHS:
        names = [name for name in names if any(name in amounts for amounts in series.values())]
    rows = [
        (month(name), "", [amounts.get(name, Decimal(0)) for amounts in series.values()]) for name in names
    ]
    return chart(title, "Month", list(series), rows)


def a_year_later(amounts: Amounts) -> Amounts:
    """Amounts beside those of the following year: October 2024 under October 2025."""
    return {f"{int(name[:4]) + 1:04}{name[4:]}": amount for name, amount in amounts.items()}


def months_between(first: str, last: str) -> list[str]:
    """All months from ``first`` to ``last`` (``2025-10``), both included."""
    start, end = (12 * int(text[:4]) + int(text[5:]) - 1 for text in (first, last))
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(start, end + 1)]


def month_before(text: str) -> str:
    """``2025-12`` of ``2026-01``."""
    number = 12 * int(text[:4]) + int(text[5:]) - 2
    return f"{number // 12:04}-{number % 12 + 1:02}"


def sum_by_month(amounts: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """The sums of amounts with their ISO dates, by month."""
    sums: dict[str, Decimal] = {}
    for date, amount in amounts:
        sums[date[:7]] = sums.get(date[:7], Decimal(0)) + amount
    return sums
