"""A plan as Markdown for a pull request: short enough for a comment, rendered from the plan's data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pennyform.report.paint import Paint
from pennyform.report.plan_text import closing
from pennyform.report.values import count, pointer, task, value

Data = Mapping[str, Any]

# A comment on GitHub ends at 65,536 characters.
LONGEST = 60_000

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
    head = [*_head(plan), *_money(plan)]
    rows = [_row(change) for change in plan["changes"] if change["action"] != "no_op"]
    table = ["| | reference | what | total | details |", "|---|---|---|---:|---|"]
    room = LONGEST - sum(len(text) + 1 for text in [*head, *table]) - 200
    kept: list[str] = []
    for row in rows:
        room -= len(row) + 1
        if room < 0:
            break
        kept.append(row)
    more = len(rows) - len(kept)
    tail = [f"\n… and {count(more, 'change')} more; run `pennyform plan` to see all."] if more else []
    return "\n".join([*head, *(table if kept else []), *kept, *tail]) + "\n"


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
    for warning in plan["warnings"]:
        yield f"> {_escaped(warning)}"


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
    said = [
        f"{pointer(row['pointer'])}: {value(row['before'])} → {value(row['after'])}"
        for row in change["differences"]
    ]
    said += [task(step) for step in change["steps"] if task(step)]
    said += [*change["warnings"], *change["ways_out"]]
    return "<br>".join(map(_escaped, said))


def _escaped(text: str) -> str:
    """Text of a definition stays text: it cannot end a cell, open a tag or make a link."""
    for character in ("\\", "|", "<", "[", "]", "@"):
        text = text.replace(character, f"&#{ord(character)};")
    return " ".join(text.split())
