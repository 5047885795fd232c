"""``status`` and ``audit`` as text, CSV and JSON lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

import msgspec

from pennyform.report.shared.ansi import Ansi
from pennyform.report.shared.formatting import align_columns, clean, count
from pennyform.results.status import (
    AuditDocument,
    AuditedInvoice,
    CompanyStatus,
    InvoiceState,
    StateTotal,
    StatusDocument,
)
from pennyform.text import csv_cell, json_document, one_line

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


def status_text(document: StatusDocument, ansi: Ansi = Ansi()) -> str:  # noqa: B008 - it is immutable
    """How the invoices of all companies stand, as text: what needs somebody is listed, all are counted."""
    lines: list[str] = []
    for company in document.companies:
        lines += [*_company(clean(company), ansi), ""]
    if len(document.companies) > 1:
        lines += ["All companies", *_totals(document.totals)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _company(section: CompanyStatus, ansi: Ansi) -> list[str]:
    if section.company is None:
        return [f"{section.name}: no result, see the findings"]
    name = f"{section.name}: " if section.name else ""
    lines = [ansi(f"{name}{section.company.name} (company {section.company.id})", "bold")]
    listed = [row for row in section.invoices if row.state in _LISTED]
    cells = [
        [
            row.external_reference,
            row.invoice_number,
            row.state,
            f"{row.currency_amount} {row.currency}".strip(),
            f"due {row.deadline}" if row.deadline else "",
            row.platform,
        ]
        for row in listed
    ]
    texts = align_columns(cells, right=frozenset({3}))
    lines += [f"  {ansi('!', _COLOURS[row.state])} {text}" for row, text in zip(listed, texts, strict=True)]
    return [*lines, *_totals(section.totals)]


def _totals(totals: Iterable[StateTotal]) -> list[str]:
    rows = [
        [row.state, count(row.invoices, "invoice"), f"{row.currency_amount} {row.currency}".strip()]
        for row in totals
    ]
    return [f"  {text}" for text in align_columns(rows, right=frozenset({1, 2}))] or ["  no invoices"]


def audit_text(document: AuditDocument) -> str:
    """What was issued, as text."""
    lines: list[str] = []
    for company in map(clean, document.companies):
        head = f"{company.name}: " if company.name else ""
        lines.append(f"{head}{count(company.records, 'record')}, the last one {company.last_checksum or '-'}")
        lines += [f"  gap: {gap}" for gap in company.gaps]
        cells = [
            [
                row.at[:19],
                row.external_reference,
                row.invoice_number,
                f"{row.currency_amount} {row.currency}".strip(),
                row.person or "unknown",
                row.commit[:12],
                row.plan[:12],
            ]
            for row in company.invoices
        ]
        lines += [f"  {text}" for text in align_columns(cells, right=frozenset({3}))]
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
