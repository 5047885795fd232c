"""``status`` as text and as a page, ``audit`` as text, CSV and JSON lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from pennyform.report.shared.formatting import clean, companies_text, count
from pennyform.report.shared.layout import PLAIN, Layout, unbroken
from pennyform.results.status import (
    AuditDocument,
    AuditedInvoice,
    CompanyStatus,
    InvoiceState,
    InvoiceStatus,
    StateTotal,
    StatusDocument,
)
from pennyform.text import csv_cell, json_document, one_line

if TYPE_CHECKING:
    from pennyform.report.shared.charts import Chart
    from pennyform.report.shared.html import PageOrigin

_COLOURS = {
    InvoiceState.MISSING: "yellow",
    InvoiceState.DRAFT: "yellow",
    InvoiceState.REFUSED: "red",
    InvoiceState.LATE: "red",
    InvoiceState.OPEN: "cyan",
    InvoiceState.PAID: "green",
}
# What somebody has to do something about; the others are counted.
_LISTED = frozenset({InvoiceState.MISSING, InvoiceState.DRAFT, InvoiceState.REFUSED, InvoiceState.LATE})


def status_text(document: StatusDocument, layout: Layout = PLAIN) -> str:
    """How the invoices of all companies stand, as text: what needs somebody is listed, all are counted."""
    lines: list[str] = []
    for company in document.companies:
        lines += [*_company(clean(company), layout), ""]
    if len(document.companies) > 1:
        lines += ["All companies", *_totals(document.totals, layout)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _company(section: CompanyStatus, layout: Layout) -> list[str]:
    if section.company is None:
        return layout.wrap(f"{section.name}: no result, see the findings")
    name = f"{section.name}: " if section.name else ""
    title = f"{name}{section.company.name} (company {section.company.id})"
    lines = layout.wrap(layout.ansi(title, "bold"))
    listed = [row for row in section.invoices if row.state in _LISTED]
    cells = [
        [
            unbroken(row.external_reference),
            row.invoice_number,
            row.state,
            f"{row.currency_amount} {row.currency}".strip(),
            f"due {row.deadline}" if row.deadline else "",
            row.platform,
        ]
        for row in listed
    ]
    leads = [f"  {layout.ansi('!', _COLOURS[row.state])} " for row in listed]
    for row, texts in zip(listed, layout.table(cells, "^<<.<<", leads), strict=True):
        lines += texts
        if row.state is InvoiceState.REFUSED:
            lines += layout.wrap(row.platform_note, " " * 6)
    return [*lines, *_totals(section.totals, layout)]


def _totals(totals: Iterable[StateTotal], layout: Layout) -> list[str]:
    rows = [
        [row.state, count(row.invoices, "invoice"), f"{row.currency_amount} {row.currency}".strip()]
        for row in totals
    ]
    return [line for lines in layout.table(rows, "<>.", "  ") for line in lines] or ["  no invoices"]


# --- page ---------------------------------------------------------------------------------------------

# The colour of a state on the page.
_TONES = {
    InvoiceState.MISSING: "warm",
    InvoiceState.DRAFT: "warm",
    InvoiceState.REFUSED: "bad",
    InvoiceState.LATE: "bad",
    InvoiceState.OPEN: "final",
    InvoiceState.PAID: "good",
}
_MOST_ON_PAGES = 2000


def status_html(document: StatusDocument, origin: PageOrigin | None = None) -> str:
    """How the invoices of all companies stand, as an HTML document that needs nothing else."""
    from pennyform.report.shared.html import PageHead, PageOrigin, day, page  # Jinja; terminals do without

    companies = document.companies
    single = companies[0].company if len(companies) == 1 else None
    whose = single.name if single else companies_text(len(companies))
    identity = f"company {single.id}" if single else ""
    environments = {section.environment for section in companies if section.company}
    head = PageHead(
        f"Status of {whose}",
        whose,
        identity,
        environments.pop() if len(environments) == 1 else "",
        "the definitions and the account",
        document.pennyform,
        origin or PageOrigin(),
    )
    invoices = [row for section in companies for row in section.invoices]
    counts = dict.fromkeys(InvoiceState, 0)
    for row in invoices:
        counts[row.state] += 1
    return page(
        "status.html",
        head,
        today=day(document.today),
        tiles=[(str(state), str(number), _TONES[state]) for state, number in counts.items()],
        totals=document.totals,
        charts=list(_charts(invoices, document.today)),
        sections=[_section(section, document.today) for section in companies],
    )


def _section(section: CompanyStatus, today: str) -> dict[str, Any]:
    """What the page has of one company: what somebody has to look at comes first, the longest late before."""
    order = list(InvoiceState)
    rows = sorted(section.invoices, key=lambda row: (order.index(row.state), row.deadline))
    entries = [(row, _TONES[row.state], _days_late(row, today)) for row in rows]
    return {
        "section": section,
        "listed": [entry for entry in entries if entry[0].state in _LISTED][:_MOST_ON_PAGES],
        "others": [entry for entry in entries if entry[0].state not in _LISTED][:_MOST_ON_PAGES],
        "left_out": max(0, len(rows) - _MOST_ON_PAGES),
        "problem": section.problems[0].summary if section.problems else "see the findings",
    }


def _days_late(row: InvoiceStatus, today: str) -> str:
    if row.state is not InvoiceState.LATE or not row.deadline:
        return ""
    return count((date.fromisoformat(today) - date.fromisoformat(row.deadline)).days, "day")


def _charts(invoices: Iterable[InvoiceStatus], today: str) -> Iterator[tuple[str, list[Chart]]]:
    """The charts of each currency: what is owed by customer, and what was invoiced by month."""
    from pennyform.report.shared.charts import a_year_later, by_month, by_name, sum_by_month

    priced = [row for row in invoices if row.currency and row.currency_amount]
    for currency in sorted({row.currency for row in priced}):
        rows = [row for row in priced if row.currency == currency]
        owed = [
            (row.customer, Decimal(row.remaining_amount or row.currency_amount))
            for row in rows
            if row.state in {InvoiceState.LATE, InvoiceState.OPEN, InvoiceState.REFUSED}
        ]
        issued = sum_by_month(
            (row.date, Decimal(row.currency_amount))
            for row in rows
            if row.date and row.state is not InvoiceState.DRAFT
        )
        first = f"{int(today[:4]) - 1:04}{today[4:7]}"
        months = [name for name in issued if first < name <= today[:7]]
        made = [by_name("Owed, by customer", "Customer", owed)]
        if months:
            series = {"Invoiced": issued, "A year before": a_year_later(issued)}
            made.append(by_month("By month, tax included", min(months), max(months), series))
        if charts := [chart for chart in made if chart]:
            yield currency, charts


# --- audit --------------------------------------------------------------------------------------------


def audit_text(document: AuditDocument, layout: Layout = PLAIN) -> str:
    """What was issued, as text."""
    lines: list[str] = []
    for company in map(clean, document.companies):
        head = f"{company.name}: " if company.name else ""
        last = f", the last one {company.last_checksum}" if company.last_checksum else ""
        none = "" if company.invoices else "; no invoice was issued"
        title = f"{head}{count(company.records, 'record')} in the journal{last}{none}"
        lines += layout.wrap(title)
        lines += [line for gap in company.gaps for line in layout.wrap(f"gap: {gap}", "  ")]
        cells = [
            [
                row.at[:19],
                unbroken(row.external_reference),
                row.invoice_number,
                f"{row.currency_amount} {row.currency}".strip(),
                f"{row.person or 'unknown'}{f', approved by {row.approved_by}' if row.approved_by else ''}",
                row.commit[:12],
                row.plan[:12],
            ]
            for row in company.invoices
        ]
        lines += [line for texts in layout.table(cells, "<^<.<<<", "  ") for line in texts]
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def audit_csv(rows: Iterable[AuditedInvoice]) -> str:
    """The rows as CSV (RFC 4180) with a header, and without what a spreadsheet takes for a formula."""
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\r\n")
    fields = AuditedInvoice.__struct_fields__
    writer.writerow(fields)
    for row in rows:
        values = [str(getattr(row, name)) for name in fields]
        writer.writerow(
            # A minus in front of an amount is no formula.
            one_line(value) if name == "currency_amount" else csv_cell(value)
            for name, value in zip(fields, values, strict=True)
        )
    return output.getvalue()


def audit_lines(rows: Iterable[AuditedInvoice]) -> str:
    """The rows as JSON, one object a line."""
    return "".join(f"{json_document(msgspec.json.encode(row).decode())}\n" for row in rows)
