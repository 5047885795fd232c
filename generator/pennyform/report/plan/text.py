"""A plan for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from pennyform.report.shared import orphans
from pennyform.report.shared.ansi import Ansi
from pennyform.report.shared.formatting import (
    align_columns,
    clean,
    count,
    format_card,
    format_pointer,
    format_task,
    format_value,
    header_fields,
    line_cells,
)
from pennyform.results.plan import PlanDocument, PlannedChange, PlannedInvoice
from pennyform.results.values import CurrencyTotals
from pennyform.text import one_line

_SYMBOLS = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "recreate": ("±", "yellow"),
    "finalize": ("!", "red"),
    "import": ("!", "red"),
    "delete": ("-", "red"),
    "complete": ("~", "yellow"),
    "conflict": ("x", "red"),
    "unsettled": ("?", "red"),
    "no_op": ("=", "dim"),
}
# What becomes of an invoice, by the action that a plan takes.
_PHRASES = {
    "create": "will be created as a draft",
    "create_and_finalize": "will be created, verified and finalized",
    "update": "will be updated",
    "update_and_finalize": "will be updated, verified and finalized",
    "recreate": "will be replaced by a new draft",
    "recreate_and_finalize": "will be replaced by a new draft, verified and finalized",
    "finalize": "will be verified and finalized",
    "import": "will be imported with its file",
    "delete": "left the repository and will be deleted",
    "complete": "will be completed",
    "conflict": "cannot be changed as its definition asks",
    "unsettled": "has an unknown outcome",
}
# What becomes of a customer or a product.
PREREQUISITE_PHRASES = {
    "create": "will be created",
    "update": "will be updated",
    "conflict": "cannot be made what is declared",
    "no_op": "stays as it is",
}
IRREVERSIBLE = "IRREVERSIBLE: once finalized, only a credit note undoes it"


def render(plan: PlanDocument, ansi: Ansi = Ansi()) -> str:  # noqa: B008 - it is immutable
    """The plan as text, with a line feed at its end."""
    # One change after the other: a cleaned copy of thousands of them would be as large as the plan.
    head = clean(msgspec.structs.replace(plan, changes=()))
    lines = [f"Plan for {head.company.name} (company {head.company.id}, {head.environment})", ""]
    for change in plan.changes:
        if change.action != "no_op":
            lines += [*_change(clean(change), ansi), ""]
    unchanged = [change for change in plan.changes if change.action == "no_op"]
    for change in map(clean, unchanged):
        lines += [f"  = {change.kind} {change.external_reference} stays as it is"] if change.warnings else []
        lines += [f"      {text}" for text in _differences(change)]
        lines += [ansi(f"      warning: {warning}", "yellow") for warning in change.warnings]
    if unchanged:
        kinds = ("invoice", "customer", "product")
        numbers = [(sum(change.kind == kind for change in unchanged), kind) for kind in kinds]
        counts = ", ".join(count(number, kind) for number, kind in numbers if number)
        lines += [ansi(f"  = {counts} unchanged", "dim"), ""]
    lines += [ansi(f"  warning: {warning}", "yellow") for warning in head.warnings]
    if head.orphans.invoices:
        lines += orphans.text_lines(head.orphans)
    lines += money(head.money.changing, "Money of these changes")
    return "\n".join([*lines, summary_line(head, ansi)]) + "\n"


# --- changes ------------------------------------------------------------------------------------------


def _change(change: PlannedChange, ansi: Ansi) -> Iterator[str]:
    symbol, colour = _SYMBOLS["finalize" if change.irreversible else change.action]
    yield f"  {ansi(symbol, colour, 'bold')} {ansi(_title(change), 'bold')}"
    if change.irreversible:
        yield f"      {ansi(IRREVERSIBLE, 'red', 'bold')}"
    if change.place:
        yield ansi(f"      {change.place.file}:{change.place.line}", "dim")
    if isinstance(change, PlannedInvoice) and change.customer and not change.customer.is_declared:
        yield f"      for {format_card(change.customer)} (as the account has it)"
    if change.before is None:
        yield from _new_content(change)
    else:
        for text in _differences(change):
            yield f"      {ansi('~', 'yellow')} {text}"
    if totals := change.totals:
        yield (
            f"      before tax {totals.currency_amount_before_tax}   VAT {totals.currency_tax}   "
            f"total {totals.currency_amount} {totals.currency}"
        )
    tasks = [task for task in map(format_task, change.steps) if task]
    if tasks:
        yield f"      then {', '.join(tasks)}"
    for warning in change.warnings:
        yield ansi(f"      warning: {warning}", "yellow")
    for way_out in change.ways_out:
        yield f"      {ansi('→', colour)} {way_out}"


def phrase_of(change: PlannedInvoice) -> str:
    """What becomes of an invoice. A conflict about one that the account lacks keeps it from being created."""
    if change.action == "conflict" and change.id is None:
        return "cannot be created as its definition asks"
    return _PHRASES[change.action]


def _title(change: PlannedChange) -> str:
    if not isinstance(change, PlannedInvoice):
        return f"{change.kind} {change.external_reference} {PREREQUISITE_PHRASES[change.action]}"
    remote = ""
    if change.id:
        is_draft = change.before is None or change.before["draft"]
        status = one_line(change.invoice_number) or ("draft" if is_draft else "final")
        remote = f" ({status}, id {change.id})"
    return f"invoice {change.external_reference}{remote} {phrase_of(change)}"


def _new_content(change: PlannedChange) -> Iterator[str]:
    if change.after is None:
        return
    for text in align_columns(header_fields(change.after)):
        yield f"      {text}"
    if isinstance(change, PlannedInvoice) and change.after and change.totals:
        pairs = zip(change.after["invoice_lines"], change.totals.lines, strict=True)
        rows = [line_cells(content, totals) for content, totals in pairs]
        for text in align_columns(rows, right=frozenset({1, 2, 5})):
            yield f"        · {text}"


def _differences(change: PlannedChange) -> list[str]:
    return align_columns(
        [
            [format_pointer(row.pointer), format_value(row.before), "→", format_value(row.after)]
            for row in change.differences
        ]
    )


# --- sums ---------------------------------------------------------------------------------------------


def money(currencies: Sequence[CurrencyTotals], title: str) -> Iterator[str]:
    """Amounts per currency and VAT code, and in all, as lines of text; nothing when there are none."""
    if not currencies:
        return
    yield title
    rows = [["", "VAT code", "rate", "before tax", "VAT", "total"]]
    for total in currencies:
        for vat in total.vat:
            rows.append([total.currency, vat.vat_rate, f"{vat.percent} %", vat.base, vat.tax, ""])
        amounts = (total.currency_amount_before_tax, total.currency_tax, total.currency_amount)
        rows.append([total.currency, "in all", count(total.invoices, "invoice"), *amounts])
    for text in align_columns(rows, right=frozenset({2, 3, 4, 5})):
        yield f"  {text}"
    yield ""


def summary_line(plan: PlanDocument, ansi: Ansi = Ansi()) -> str:  # noqa: B008
    """The counts in one line: what will happen, and what it will cost in requests and time."""
    summary = plan.summary

    def number(action: str) -> int:
        groups = (summary.invoices, summary.customers, summary.products)
        names = (action, f"{action}_and_finalize")
        return sum(group.get(name, 0) for group in groups for name in names)

    if not summary.pending and not number("conflict") and not number("unsettled"):
        return "No changes. The account is as the definitions ask."
    counts = [
        (number("create"), "to create"),
        (number("update") + number("recreate"), "to update"),
        (summary.irreversible, ansi("to finalize (IRREVERSIBLE)", "red")),
        (number("import"), "to import"),
        (number("complete"), "to complete"),
        (number("delete"), ansi("to delete", "red")),
        (number("conflict"), ansi("in conflict", "red")),
        (number("unsettled"), ansi("unsettled", "red")),
        (number("no_op"), "unchanged"),
    ]
    changes = ", ".join(f"{amount} {label}" for amount, label in counts if amount)
    wait = f"at least {plan.seconds} s" if plan.seconds else "no wait"
    cost = f"{count(plan.requests, 'request')}, {wait} at 25 requests per 5 s"
    return f"Plan: {changes}. {cost}."
