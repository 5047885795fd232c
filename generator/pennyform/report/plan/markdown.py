"""A plan as Markdown for a pull request: short enough for a comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from pennyform.report.plan.text import summary_line
from pennyform.report.shared.formatting import clean, count, format_pointer, format_task, format_value
from pennyform.results.plan import PlanDocument, PlannedChange
from pennyform.text import markdown_code, markdown_text

# A comment on GitHub ends at 65,536 characters.
LONGEST = 60_000
# Bounds on what one change, or one warning, may take of that.
_MOST_WARNINGS = 20
_MOST_DETAILS = 20
_LONGEST_TEXT = 300

_WORDS = {
    "create": "create",
    "create_and_finalize": "create and **finalize**",
    "update": "update",
    "update_and_finalize": "update and **finalize**",
    "recreate": "replace",
    "recreate_and_finalize": "replace and **finalize**",
    "finalize": "**finalize**",
    "import": "**import**",
    "delete": "**delete**",
    "complete": "complete",
    "conflict": "**conflict**",
    "unsettled": "**unknown**",
}


def render(plan: PlanDocument) -> str:
    """The plan as Markdown of at most 60,000 characters; what does not fit is counted."""
    changes = [change for change in plan.changes if change.action != "no_op"]
    summary = clean(msgspec.structs.replace(plan, changes=()))
    head = [*_head(summary), *_money(summary)]
    table = ["| | reference | what | total | details |", "|---|---|---|---:|---|"]
    room = LONGEST - sum(len(text) + 1 for text in [*head, *table]) - 200
    rows = list(_fitting_rows(changes, room))
    more = len(changes) - len(rows)
    tail = [f"\n… and {count(more, 'change')} more; run `pennyform plan` to see all."] if more else []
    return "\n".join([*head, *(table if rows else []), *rows, *tail]) + "\n"


def _fitting_rows(changes: Sequence[PlannedChange], room: int) -> Iterator[str]:
    """Rows of the first changes that fit into so many characters; no others are even looked at."""
    for change in changes:
        row = _row(clean(change))
        room -= len(row) + 1
        if room < 0:
            return
        yield row


def _head(plan: PlanDocument) -> Iterator[str]:
    yield f"### pennyform plan: {markdown_text(plan.company.name)} ({plan.environment})"
    yield ""
    yield markdown_text(summary_line(plan))
    yield ""
    if plan.summary.irreversible:
        yield "> [!WARNING]"
        number = count(plan.summary.irreversible, "invoice")
        yield f"> {number} will be finalized. This is irreversible: only a credit note undoes it."
        yield ""
    for warning in plan.warnings[:_MOST_WARNINGS]:
        yield f"> {markdown_text(_shorten(warning))}"
    more = len(plan.warnings) - _MOST_WARNINGS
    if more > 0:
        yield f"> … and {count(more, 'warning')} more"
    if plan.warnings:
        yield ""


def _money(plan: PlanDocument) -> Iterator[str]:
    currencies = plan.money.changing
    if not currencies:
        return
    yield "| | VAT code | rate | before tax | VAT | total |"
    yield "|---|---|---:|---:|---:|---:|"
    for total in currencies:
        name = total.currency
        for vat in total.vat:
            yield f"| {name} | {vat.vat_rate} | {vat.percent} % | {vat.base} | {vat.tax} | |"
        amounts = f"{total.currency_amount_before_tax} | {total.currency_tax} | {total.currency_amount}"
        yield f"| {name} | **in all** | {count(total.invoices, 'invoice')} | {amounts} |"
    yield ""


def _row(change: PlannedChange) -> str:
    total = f"{change.totals.currency_amount} {change.totals.currency}" if change.totals else ""
    reference = f"`{markdown_code(change.external_reference)}`"
    cells = [change.kind, reference, _WORDS[change.action], markdown_text(total), _details(change)]
    return f"| {' | '.join(cells)} |"


def _details(change: PlannedChange) -> str:
    texts = [
        f"{format_pointer(row.pointer)}: {format_value(row.before)} → {format_value(row.after)}"
        for row in change.differences[:_MOST_DETAILS]
    ]
    if len(change.differences) > _MOST_DETAILS:
        texts.append(f"and {len(change.differences) - _MOST_DETAILS} differences more")
    texts += [task for task in map(format_task, change.steps) if task]
    texts += [*change.warnings, *change.ways_out]
    return "<br>".join(markdown_text(_shorten(text)) for text in texts[: 2 * _MOST_DETAILS])


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
