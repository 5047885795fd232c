"""A plan for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from pennyform.report.shared import orphans
from pennyform.report.shared.formatting import (
    IS_ASKED,
    clean,
    count,
    difference_cells,
    format_card,
    format_task,
    header_fields,
    line_cells,
)
from pennyform.report.shared.layout import PLAIN, Ansi, Layout, unbroken
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
_INDENT = " " * 6
IRREVERSIBLE = "IRREVERSIBLE: once finalized, only a credit note undoes it"


def render(plan: PlanDocument, layout: Layout = PLAIN) -> str:
    """The plan as text, with a line feed at its end."""
    # One change after the other: a cleaned copy of thousands of them would be as large as the plan.
    head = clean(msgspec.structs.replace(plan, changes=()))
    title = f"Plan for {head.company.name} (company {head.company.id}, {head.environment})"
    lines, ansi = [*layout.wrap(title), ""], layout.ansi
    for change in plan.changes:
        if change.action != "no_op":
            lines += [*_change(clean(change), layout), ""]
    unchanged = [change for change in plan.changes if change.action == "no_op"]
    for change in map(clean, unchanged):
        text = f"{change.kind} {unbroken(change.external_reference)} stays as it is"
        lines += layout.wrap(text, "  = ") if change.warnings else []
        lines += layout.compared([*map(difference_cells, change.differences)], _INDENT, IS_ASKED)
        lines += _warnings(change.warnings, _INDENT, layout)
    if unchanged:
        kinds = ("invoice", "customer", "product")
        numbers = [(sum(change.kind == kind for change in unchanged), kind) for kind in kinds]
        counts = ", ".join(count(number, kind) for number, kind in numbers if number)
        lines += [ansi(f"  = {counts} unchanged", "dim"), ""]
    lines += _warnings(head.warnings, "  ", layout)
    if head.orphans.invoices:
        lines += orphans.text_lines(head.orphans, layout)
    lines += money(head.money.changing, "Money of these changes", layout)
    return "\n".join([*lines, *layout.wrap(summary_line(head, ansi))]) + "\n"


# --- changes ------------------------------------------------------------------------------------------


def _change(change: PlannedChange, layout: Layout) -> Iterator[str]:
    symbol, colour = _SYMBOLS["finalize" if change.irreversible else change.action]
    ansi = layout.ansi
    yield from layout.wrap(ansi(_title(change), "bold"), f"  {ansi(symbol, colour, 'bold')} ")
    if change.irreversible:
        yield from layout.wrap(ansi(IRREVERSIBLE, "red", "bold"), _INDENT)
    if change.place:
        yield from layout.wrap(ansi(unbroken(f"{change.place.file}:{change.place.line}"), "dim"), _INDENT)
    if isinstance(change, PlannedInvoice) and change.customer and not change.customer.is_declared:
        yield from layout.wrap(f"for {format_card(change.customer)} (as the account has it)", _INDENT)
    yield from _content(change, layout)
    if totals := change.totals:
        label = "asked for: " if _stays(change) else ""
        texts = [
            f"{label}before tax {totals.currency_amount_before_tax}",
            f"VAT {totals.currency_tax}",
            f"total {totals.currency_amount} {totals.currency}",
        ]
        yield from layout.cells(texts, _INDENT, gap="   ")
    tasks = [task for task in map(format_task, change.steps) if task]
    if tasks:
        yield from layout.wrap(f"then {', '.join(tasks)}", _INDENT)
    yield from _warnings(change.warnings, _INDENT, layout)
    for way_out in change.ways_out:
        yield from layout.wrap(way_out, f"{_INDENT}{ansi('→', colour)} ", "")


def _stays(change: PlannedChange) -> bool:
    """Whether what differs is not changed: it is not what the plan does, but what it cannot do."""
    return change.action in {"conflict", "unsettled"} and change.before is not None


def _content(change: PlannedChange, layout: Layout) -> list[str]:
    """What is new, what will be changed, or what is not as it is asked for and stays so."""
    if change.before is None:
        return _new_content(change, layout)
    rows = [*map(difference_cells, change.differences)]
    if _stays(change):
        return layout.compared(rows, f"{_INDENT}{layout.ansi('≠', 'red')} ", IS_ASKED)
    return layout.compared(rows, f"{_INDENT}{layout.ansi('~', 'yellow')} ")


def _warnings(warnings: Sequence[str], lead: str, layout: Layout) -> Iterator[str]:
    for warning in warnings:
        yield from layout.wrap(layout.ansi(f"warning: {warning}", "yellow"), lead)


def phrase_of(change: PlannedInvoice) -> str:
    """What becomes of an invoice. A conflict about one that the account lacks keeps it from being created."""
    if change.action == "conflict" and change.id is None:
        return "cannot be created as its definition asks"
    return _PHRASES[change.action]


def _title(change: PlannedChange) -> str:
    if not isinstance(change, PlannedInvoice):
        return f"{change.kind} {unbroken(change.external_reference)} {PREREQUISITE_PHRASES[change.action]}"
    remote = ""
    if change.id:
        is_draft = change.before is None or change.before["draft"]
        status = one_line(change.invoice_number) or ("draft" if is_draft else "final")
        remote = f" ({status}, {unbroken(f'id {change.id}')})"
    return f"invoice {unbroken(change.external_reference)}{remote} {phrase_of(change)}"


def _new_content(change: PlannedChange, layout: Layout) -> list[str]:
    if change.after is None:
        return []
    made = layout.table(header_fields(change.after), "<w", _INDENT)
    if isinstance(change, PlannedInvoice) and change.totals:
        pairs = zip(change.after["invoice_lines"], change.totals.lines, strict=True)
        rows = [line_cells(content, totals) for content, totals in pairs]
        made += layout.table(rows, "^...<.", f"{_INDENT}  · ")
    return [line for lines in made for line in lines]


# --- sums ---------------------------------------------------------------------------------------------


def money(currencies: Sequence[CurrencyTotals], title: str, layout: Layout) -> Iterator[str]:
    """Amounts per currency and VAT code, and in all, as lines of text; nothing when there are none."""
    if not currencies:
        return
    yield from layout.wrap(title)
    rows = [["", "VAT code", "rate", "before tax", "VAT", "total"]]
    for total in currencies:
        for vat in total.vat:
            rows.append([total.currency, vat.vat_rate, f"{vat.percent} %", vat.base, vat.tax, ""])
        amounts = (total.currency_amount_before_tax, total.currency_tax, total.currency_amount)
        rows.append([total.currency, "in all", count(total.invoices, "invoice"), *amounts])
    for lines in layout.table(rows, "<<>...", "  "):
        yield from lines
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
