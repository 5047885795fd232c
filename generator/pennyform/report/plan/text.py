"""A plan for the terminal, rendered from the plan's data and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pennyform.report.shared.ansi import Paint
from pennyform.report.shared.formatting import (
    cleaned,
    columns,
    count,
    header,
    line,
    plain,
    pointer,
    task,
    value,
)

Data = Mapping[str, Any]

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
PHRASES = {
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
IRREVERSIBLE = "IRREVERSIBLE: once finalized, only a credit note undoes it"


def render(plan: Data, paint: Paint | None = None) -> str:
    """The plan as text, with a line feed at its end.

    Args:
        plan: the plan's data.
        paint: colours; none by default.
    """
    paint = paint or Paint()
    # One change after the other: a cleaned copy of thousands of them would be as large as the plan.
    told = {**cleaned({**plan, "changes": []}), "changes": plan["changes"]}
    return "\n".join(_lines(told, paint)) + "\n"


def _lines(plan: Data, paint: Paint) -> Iterator[str]:
    company = plan["company"]
    yield f"Plan for {company['name']} (company {company['id']}, {plan['environment']})"
    yield ""
    for change in plan["changes"]:
        if change["action"] != "no_op":
            yield from _change(cleaned(change), paint)
            yield ""
    yield from _quiet(plan["changes"], paint)
    for warning in plan["warnings"]:
        yield paint(f"  warning: {warning}", "yellow")
    yield from money(plan["money"]["changing"], "Money of these changes")
    yield closing(plan, paint)


# --- changes ------------------------------------------------------------------------------------------


def _change(change: Data, paint: Paint) -> Iterator[str]:
    symbol, colour = _symbol(change)
    yield f"  {paint(symbol, colour, 'bold')} {paint(_title(change), 'bold')}"
    if change["irreversible"]:
        yield f"      {paint(IRREVERSIBLE, 'red', 'bold')}"
    if change["place"]:
        yield paint(f"      {_place(change)}", "dim")
    if change["before"] is None:
        yield from _whole(change)
    else:
        yield from _differences(change, paint)
    if change["totals"]:
        yield f"      {_totals(change['totals'])}"
    yield from _tasks(change)
    for warning in change["warnings"]:
        yield paint(f"      warning: {warning}", "yellow")
    for way_out in change["ways_out"]:
        yield f"      {paint('→', colour)} {way_out}"


def _symbol(change: Data) -> tuple[str, str]:
    if change["irreversible"]:
        return _SYMBOLS["finalize"]
    return _SYMBOLS[change["action"]]


def _title(change: Data) -> str:
    if change["kind"] != "invoice":
        return f"{change['kind']} {change['external_reference']} will be created"
    known = f" ({_standing(change)}, id {change['id']})" if change["id"] else ""
    return f"invoice {change['external_reference']}{known} {PHRASES[change['action']]}"


def _standing(change: Data) -> str:
    """What the account has: a draft, a final invoice by its number, or a final one without."""
    is_draft = change["before"] is None or change["before"]["draft"]
    return plain(change["invoice_number"]) or ("draft" if is_draft else "final")


def _place(change: Data) -> str:
    place = change["place"]
    return f"{place['file']}:{place['line']}"


def _whole(change: Data) -> Iterator[str]:
    body = change["after"]
    if body is None:
        return
    for text in columns([[name, shown] for name, shown in header(body)]):
        yield f"      {text}"
    if change["totals"]:
        pairs = zip(body["invoice_lines"], change["totals"]["lines"], strict=True)
        rows = [line({**stated, **amounts}) for stated, amounts in pairs]
        for text in columns(rows, right=frozenset({1, 2, 5})):
            yield f"        · {text}"


def _differences(change: Data, paint: Paint) -> Iterator[str]:
    rows = [[pointer(row["pointer"]), *_sides(row)] for row in change["differences"]]
    for text in columns(rows):
        yield f"      {paint('~', 'yellow')} {text}"


def _sides(row: Data) -> list[str]:
    return [value(row["before"]), "→", value(row["after"])]


def _tasks(change: Data) -> Iterator[str]:
    """What is done besides the content, in words."""
    said = [task(step) for step in change["steps"] if task(step)]
    if said:
        yield f"      then {', '.join(said)}"


def _totals(totals: Data) -> str:
    currency = totals["currency"]
    return (
        f"before tax {totals['currency_amount_before_tax']}   VAT {totals['currency_tax']}   "
        f"total {totals['currency_amount']} {currency}"
    )


def _quiet(changes: Sequence[Data], paint: Paint) -> Iterator[str]:
    quiet = [change for change in changes if change["action"] == "no_op"]
    for change in map(cleaned, quiet):
        rows = [[pointer(row["pointer"]), *_sides(row)] for row in change["differences"]]
        if change["warnings"]:
            yield f"  = {change['kind']} {change['external_reference']} stays as it is"
        for text in columns(rows):
            yield f"      {text}"
        for warning in change["warnings"]:
            yield paint(f"      warning: {warning}", "yellow")
    if quiet:
        kinds = ("invoice", "customer", "product")
        numbers = [(sum(change["kind"] == kind for change in quiet), kind) for kind in kinds]
        said = ", ".join(count(number, kind) for number, kind in numbers if number)
        yield paint(f"  = {said} unchanged", "dim")
        yield ""


# --- sums ---------------------------------------------------------------------------------------------


def money(currencies: Sequence[Data], title: str) -> Iterator[str]:
    """Amounts per currency and VAT code, and in all, as lines of text; nothing when there are none."""
    if not currencies:
        return
    yield title
    rows = []
    for currency in currencies:
        for vat in currency["vat"]:
            rate = f"{vat['percent']} %"
            rows.append([currency["currency"], vat["vat_rate"], rate, vat["base"], vat["tax"], ""])
        amounts = [currency[f"currency_{name}"] for name in ("amount_before_tax", "tax", "amount")]
        rows.append([currency["currency"], "in all", count(currency["invoices"], "invoice"), *amounts])
    heading = ["", "VAT code", "rate", "before tax", "VAT", "total"]
    for text in columns([heading, *rows], right=frozenset({2, 3, 4, 5})):
        yield f"  {text}"
    yield ""


def closing(plan: Data, paint: Paint) -> str:
    """The counts in one line: what will happen, and what it will cost in requests and time."""
    if not plan["summary"]["pending"] and not _counted(plan, "conflict") and not _counted(plan, "unsettled"):
        return "No changes. The account is as the definitions ask."
    counts = [
        (_counted(plan, "create"), "to create"),
        (_counted(plan, "update") + _counted(plan, "recreate"), "to update"),
        (plan["summary"]["irreversible"], paint("to finalize (IRREVERSIBLE)", "red")),
        (_counted(plan, "import"), "to import"),
        (_counted(plan, "complete"), "to complete"),
        (_counted(plan, "delete"), paint("to delete", "red")),
        (_counted(plan, "conflict"), paint("in conflict", "red")),
        (_counted(plan, "unsettled"), paint("unsettled", "red")),
        (_counted(plan, "no_op"), "unchanged"),
    ]
    said = ", ".join(f"{number} {what}" for number, what in counts if number)
    wait = f"at least {plan['seconds']} s" if plan["seconds"] else "no wait"
    cost = f"{count(plan['requests'], 'request')}, {wait} at 25 requests per 5 s"
    return f"Plan: {said}. {cost}."


def _counted(plan: Data, action: str) -> int:
    groups = ("invoices", "customers", "products")
    names = (action, f"{action}_and_finalize")
    return sum(plan["summary"][group].get(name, 0) for group in groups for name in names)
