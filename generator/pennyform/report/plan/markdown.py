"""A plan as Markdown for a pull request: short enough for a comment, rendered from the plan's data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pennyform.report.plan.text import closing
from pennyform.report.shared.ansi import Paint
from pennyform.report.shared.formatting import cleaned, count, pointer, task, value

Data = Mapping[str, Any]

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


def render(plan: Data) -> str:
    """The plan as Markdown of at most 60,000 characters; what does not fit is counted."""
    changes = [change for change in plan["changes"] if change["action"] != "no_op"]
    rest = {**cleaned({**plan, "changes": []}), "changes": changes}
    head = [*_head(rest), *_money(rest)]
    table = ["| | reference | what | total | details |", "|---|---|---|---:|---|"]
    room = LONGEST - sum(len(text) + 1 for text in [*head, *table]) - 200
    kept = list(_fitting(changes, room))
    more = len(changes) - len(kept)
    tail = [f"\n… and {count(more, 'change')} more; run `pennyform plan` to see all."] if more else []
    return "\n".join([*head, *(table if kept else []), *kept, *tail]) + "\n"


def _fitting(changes: Sequence[Data], room: int) -> Iterator[str]:
    """Rows of the first changes that fit into so many characters; no others are even looked at."""
    for change in changes:
        row = _row(cleaned(change))
        room -= len(row) + 1
        if room < 0:
            return
        yield row


def _head(plan: Data) -> Iterator[str]:
    company = plan["company"]
    yield f"### pennyform plan: {_escaped(company['name'])} ({plan['environment']})"
    yield ""
    yield _escaped(closing(plan, Paint()))
    yield ""
    if plan["summary"]["irreversible"]:
        yield "> [!WARNING]"
        number = count(plan["summary"]["irreversible"], "invoice")
        yield f"> {number} will be finalized. This is irreversible: only a credit note undoes it."
        yield ""
    for warning in plan["warnings"][:_MOST_WARNINGS]:
        yield f"> {_escaped(_shortened(warning))}"
    more = len(plan["warnings"]) - _MOST_WARNINGS
    if more > 0:
        yield f"> … and {count(more, 'warning')} more"
    if plan["warnings"]:
        yield ""


def _money(plan: Data) -> Iterator[str]:
    currencies = plan["money"]["changing"]
    if not currencies:
        return
    yield "| | VAT code | rate | before tax | VAT | total |"
    yield "|---|---|---:|---:|---:|---:|"
    for currency in currencies:
        name = currency["currency"]
        for vat in currency["vat"]:
            yield f"| {name} | {vat['vat_rate']} | {vat['percent']} % | {vat['base']} | {vat['tax']} | |"
        amounts = [currency[f"currency_{part}"] for part in ("amount_before_tax", "tax", "amount")]
        yield f"| {name} | **in all** | {count(currency['invoices'], 'invoice')} | {' | '.join(amounts)} |"
    yield ""


def _row(change: Data) -> str:
    totals = change["totals"]
    total = f"{totals['currency_amount']} {totals['currency']}" if totals else ""
    cells = [change["kind"], f"`{change['external_reference']}`", _WORDS[change["action"]], total]
    return f"| {' | '.join(map(_escaped, cells))} | {_details(change)} |"


def _details(change: Data) -> str:
    differences = change["differences"][:_MOST_DETAILS]
    said = [
        f"{pointer(row['pointer'])}: {value(row['before'])} → {value(row['after'])}" for row in differences
    ]
    if len(change["differences"]) > _MOST_DETAILS:
        said.append(f"and {len(change['differences']) - _MOST_DETAILS} differences more")
    said += [task(step) for step in change["steps"] if task(step)]
    said += [*change["warnings"], *change["ways_out"]]
    return "<br>".join(_escaped(_shortened(text)) for text in said[: 2 * _MOST_DETAILS])


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"


def _escaped(text: str) -> str:
    """Text of a definition stays text: it cannot end a cell, open a tag or make a link."""
    for character in ("\\", "|", "<", "[", "]", "@"):
        text = text.replace(character, f"&#{ord(character)};")
    return " ".join(text.split())
