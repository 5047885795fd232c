"""A plan as a page to look at, to print and to send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pennyform.report.plan.charts import Charts, addressee, charts, invoices_of
from pennyform.report.plan.invoice_content import invoice_content
from pennyform.report.plan.text import IRREVERSIBLE, PREREQUISITE_PHRASES, phrase_of, summary_line
from pennyform.report.shared import orphans
from pennyform.report.shared.formatting import companies_text, format_task, header_fields
from pennyform.report.shared.html import PageHead, PageOrigin, page
from pennyform.results.companies import CompaniesPlanDocument
from pennyform.results.plan import PlanDocument, PlannedChange, PlannedInvoice
from pennyform.text import one_line
from pennyform.typesetting import Content

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
    ``was`` is the amount that the account has, if it is another one. ``content`` is what stands on an invoice
    that comes of it, and ``is_from_account`` tells that only the account knows its customer.
    """

    change: PlannedChange
    anchor: str
    phrase: str
    tone: str
    customer: str
    was: str
    content: Content | None
    is_from_account: bool
    tasks: tuple[str, ...]
    fields: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class PlanView:
    """What the page has of one plan. ``differing`` are the unchanged that differ and stay as they are."""

    name: str
    plan: PlanDocument
    closing: str
    tiles: Sequence[tuple[str, str, str]]
    charts: Sequence[Charts]
    invoices: Sequence[Entry]
    prerequisites: Sequence[Entry]
    differing: Sequence[PlannedChange]
    unchanged: Sequence[str]
    unchanged_number: int
    left_out: int
    orphans: orphans.OrphanTable


def render(plan: PlanDocument, origin: PageOrigin = PageOrigin()) -> str:  # noqa: B008 - it is immutable
    """The plan as an HTML document that needs nothing else."""
    company = plan.company
    head = PageHead(
        f"Plan for {company.name}",
        company.name,
        f"company {company.id}",
        plan.environment,
        "a plan",
        plan.pennyform,
        origin,
    )
    return _page(head, [_view(plan, "", "")])


def render_companies(
    document: CompaniesPlanDocument,
    closing: str,
    problems: Mapping[str, str],
    origin: PageOrigin = PageOrigin(),  # noqa: B008 - it is immutable
) -> str:
    """The plans of several companies as one HTML document.

    Args:
        document: the plans.
        closing: what they come to, in a sentence.
        problems: why a company has none, in a sentence, by its name.
        origin: of the page.
    """
    views = [
        _view(row.plan, row.name, f"-{number}")
        for number, row in enumerate(document.companies, start=1)
        if row.plan
    ]
    whose = companies_text(document.summary.companies)
    environments = {view.plan.environment for view in views}
    environment = environments.pop() if len(environments) == 1 else ""
    head = PageHead(f"Plans of {whose}", whose, "", environment, "plans", document.pennyform, origin)
    changes = [change for view in views for change in invoices_of(view.plan)]
    return _page(
        head,
        views,
        closing=closing,
        charts=list(charts(changes, document.money.changing)),
        problems=problems,
    )


def _page(head: PageHead, views: Sequence[PlanView], **several: Any) -> str:
    return page(
        "plan.html",
        head,
        views=views,
        several=several,
        irreversible=IRREVERSIBLE,
    )


def _view(plan: PlanDocument, name: str, suffix: str) -> PlanView:
    # Every text of the plan is escaped by Jinja; what is cleaned here is only kept on one line.
    changing = [change for change in plan.changes if change.action != "no_op"]
    unchanged = [change for change in plan.changes if change.action == "no_op"]
    prerequisites = [change for change in changing if not isinstance(change, PlannedInvoice)]
    planned = [change for change in changing if isinstance(change, PlannedInvoice)]
    seller = plan.company.name
    invoices = list(_entries(planned, suffix, seller))
    return PlanView(
        name=name,
        plan=plan,
        closing=summary_line(plan),
        tiles=list(_tiles(plan)),
        charts=list(charts(invoices_of(plan), plan.money.changing)),
        invoices=invoices,
        prerequisites=list(_entries(prerequisites, suffix, seller)),
        differing=[change for change in unchanged if change.warnings or change.differences],
        unchanged=[
            f"{change.kind} {one_line(change.external_reference)}" for change in unchanged[:_MOST_NAMES]
        ],
        unchanged_number=len(unchanged),
        left_out=max(0, len(invoices) - MOST_PREVIEWS),
        orphans=orphans.table(plan.orphans),
    )


def _entries(changes: Sequence[PlannedChange], suffix: str, seller: str) -> Iterator[Entry]:
    for number, change in enumerate(changes, start=1):
        invoice = change if isinstance(change, PlannedInvoice) else None
        was = ((invoice and invoice.before) or {}).get("currency_amount") or ""
        if was and change.totals and Decimal(was) == Decimal(change.totals.currency_amount):
            was = ""
        content = invoice_content(change, seller) if number <= MOST_PREVIEWS else None
        has_more = content or change.differences or change.ways_out
        yield Entry(
            change,
            anchor=f"{change.kind}{suffix}-{number}" if has_more else "",
            phrase=phrase_of(invoice) if invoice else PREREQUISITE_PHRASES[change.action],
            tone=_TONES.get(change.action, "warm"),
            customer=addressee(invoice) if invoice else "",
            was=was,
            content=content,
            is_from_account=bool(invoice and invoice.customer and not invoice.customer.is_declared),
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
