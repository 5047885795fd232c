"""A plan as a page to look at, to print and to send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pennyform.report.plan.charts import addressee, charts
from pennyform.report.plan.invoice_preview import InvoicePreview, preview_invoice
from pennyform.report.plan.text import IRREVERSIBLE, PREREQUISITE_PHRASES, phrase_of, summary_line
from pennyform.report.shared import orphans
from pennyform.report.shared.formatting import format_task, header_fields
from pennyform.report.shared.html import page
from pennyform.results.plan import PlanDocument, PlannedChange, PlannedInvoice
from pennyform.text import one_line

# Whole pages are shown for so many invoices; the others are listed.
MOST_PREVIEWS = 500
_MOST_NAMES = 1000
# The colour of a phrase; everything else is a change that can be taken back ("warm").
_TONES = {
    "conflict": "bad",
    "unsettled": "bad",
    "delete": "bad",
    "create": "good",
    "create_and_finalize": "final",
    "update_and_finalize": "final",
    "recreate_and_finalize": "final",
    "finalize": "final",
    "import": "final",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One change on the page.

    ``anchor`` is where it stands, if there is more to show than its row; no text from outside is part of it.
    ``was`` is the amount that the account has, if it is another one.
    """

    change: PlannedChange
    anchor: str
    phrase: str
    tone: str
    customer: str
    was: str
    preview: InvoicePreview | None
    tasks: tuple[str, ...]
    fields: Sequence[tuple[str, str]]


def render(plan: PlanDocument) -> str:
    """The plan as an HTML document that needs nothing else."""
    # Every text of the plan is escaped by Jinja; what is cleaned here is only kept on one line.
    changing = [change for change in plan.changes if change.action != "no_op"]
    unchanged = [change for change in plan.changes if change.action == "no_op"]
    invoices = list(_entries([change for change in changing if isinstance(change, PlannedInvoice)]))
    prerequisites = [change for change in changing if not isinstance(change, PlannedInvoice)]
    return page(
        "plan.html",
        plan=plan,
        closing=summary_line(plan),
        tiles=list(_tiles(plan)),
        charts=list(charts(plan)),
        invoices=invoices,
        left_out=max(0, len(invoices) - MOST_PREVIEWS),
        prerequisites=list(_entries(prerequisites)),
        differing=[change for change in unchanged if change.warnings or change.differences],
        unchanged=[
            f"{change.kind} {one_line(change.external_reference)}" for change in unchanged[:_MOST_NAMES]
        ],
        unchanged_number=len(unchanged),
        irreversible=IRREVERSIBLE,
        orphans=orphans.table(plan.orphans),
    )


def _entries(changes: Sequence[PlannedChange]) -> Iterator[Entry]:
    for number, change in enumerate(changes, start=1):
        invoice = change if isinstance(change, PlannedInvoice) else None
        was = ((invoice and invoice.before) or {}).get("currency_amount") or ""
        if was and change.totals and Decimal(was) == Decimal(change.totals.currency_amount):
            was = ""
        preview = preview_invoice(change) if number <= MOST_PREVIEWS else None
        has_more = preview or change.differences or change.ways_out
        yield Entry(
            change,
            anchor=f"{change.kind}-{number}" if has_more else "",
            phrase=phrase_of(invoice) if invoice else PREREQUISITE_PHRASES[change.action],
            tone=_TONES.get(change.action, "warm"),
            customer=addressee(invoice) if invoice else "",
            was=was,
            preview=preview,
            tasks=tuple(task for task in map(format_task, change.steps) if task),
            fields=header_fields(change.after)
            if change.after and not (invoice or change.differences)
            else (),
        )


def _tiles(plan: PlanDocument) -> Iterator[tuple[str, str, str]]:
    """The counts that matter: what is counted, how many, and the tone of it."""

    def number(*actions: str) -> int:
        return sum(plan.summary.invoices.get(action, 0) for action in actions)

    yield "new invoices", str(number("create", "create_and_finalize", "import")), "good"
    changed = number("update", "update_and_finalize", "recreate", "recreate_and_finalize", "complete")
    yield "changed", str(changed), "warm"
    yield "become final", str(plan.summary.irreversible), "final"
    for name, action, tone in (
        ("deleted", "delete", "bad"),
        ("in conflict", "conflict", "bad"),
        ("unknown", "unsettled", "bad"),
    ):
        if number(action):
            yield name, str(number(action)), tone
    yield "unchanged", str(number("no_op")), "faint"
