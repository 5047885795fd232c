"""A plan as Markdown for a pull request: short enough for a comment."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from pennyform.report.plan.text import summary_line
from pennyform.report.shared import orphans
from pennyform.report.shared.formatting import (
    LARGEST,
    clean,
    count,
    fitting,
    format_card,
    format_pointer,
    format_task,
    format_value,
)
from pennyform.results.orphans import OrphanReport
from pennyform.results.plan import PlanDocument, PlannedChange, PlannedInvoice
from pennyform.text import markdown_code, markdown_text

# Bounds on what one change, or one warning, may take of a comment.
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
    head = [*_head(summary)]
    table = ["| | reference | what | total | details |", "|---|---|---|---:|---|"]
    # 200 characters for the line that counts the rest.
    room = LARGEST - sum(len(text) + 1 for text in [*head, *table]) - 200
    rows = fitting((_row(clean(change)) for change in changes), room)
    more = len(changes) - len(rows)
    tail = [f"\n… and {count(more, 'change')} more; run `pennyform plan` to see all."] if more else []
    return "\n".join([*head, *(table if rows else []), *rows, *tail]) + "\n"


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
    yield from _orphans(plan.orphans)
    if plan.money.changing:
        yield "| | VAT code | rate | before tax | VAT | total |"
        yield "|---|---|---:|---:|---:|---:|"
    for total in plan.money.changing:
        name = markdown_text(total.currency)
        for vat in total.vat:
            cells = (vat.vat_rate, f"{vat.percent} %", vat.base, vat.tax)
            yield f"| {name} | {' | '.join(map(markdown_text, cells))} | |"
        amounts = (total.currency_amount_before_tax, total.currency_tax, total.currency_amount)
        invoices = count(total.invoices, "invoice")
        yield f"| {name} | **in all** | {invoices} | {' | '.join(map(markdown_text, amounts))} |"
    if plan.money.changing:
        yield ""


def _orphans(report: OrphanReport) -> Iterator[str]:
    table = orphans.table(report, most=orphans.MOST_SHOWN)
    if not table.rows:
        return
    yield f"**{table.title}**"
    yield ""
    yield "| reference | | date | total | what becomes of it |"
    yield "|---|---|---|---:|---|"
    for reference, *cells, outlook in table.rows:
        texts = [markdown_code(reference), *map(markdown_text, cells), outlook]
        yield f"| {' | '.join(texts)} |"
    yield ""
    if table.closing:
        yield table.closing
        yield ""


def _row(change: PlannedChange) -> str:
    texts = [
        f"{format_pointer(row.pointer)}: {format_value(row.before)} → {format_value(row.after)}"
        for row in change.differences[:_MOST_DETAILS]
    ]
    if len(change.differences) > _MOST_DETAILS:
        texts.append(f"and {len(change.differences) - _MOST_DETAILS} differences more")
    if isinstance(change, PlannedInvoice) and change.customer and not change.customer.is_declared:
        texts.append(f"for {format_card(change.customer)} (as the account has it)")
    texts += [task for task in map(format_task, change.steps) if task]
    texts += [*change.warnings, *change.ways_out]
    details = "<br>".join(markdown_text(_shorten(text)) for text in texts[: 2 * _MOST_DETAILS])
    total = f"{change.totals.currency_amount} {change.totals.currency}" if change.totals else ""
    reference = markdown_code(change.external_reference)
    cells = [change.kind, reference, _WORDS[change.action], markdown_text(total), details]
    return f"| {' | '.join(cells)} |"


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
