"""A plan as a page to look at, to print and to send, rendered from the plan's data and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from pennyform.report.plan.charts import addressee, charts
from pennyform.report.plan.invoice_preview import Paper, paper
from pennyform.report.plan.text import IRREVERSIBLE, PHRASES, closing
from pennyform.report.shared.ansi import Paint
from pennyform.report.shared.formatting import header, plain, task
from pennyform.report.shared.html import page

Data = Mapping[str, Any]

# Whole pages are shown for so many invoices; the others are listed.
MOST_PAPERS = 500
_MOST_NAMES = 1000
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


class Entry(NamedTuple):
    """One change on the page.

    ``anchor`` is where it stands, if there is more to show than its row; no text from outside is part of it.
    ``was`` is the amount that the account has, if it is another one.
    """

    change: Data
    anchor: str
    phrase: str
    tone: str
    customer: str
    was: str
    paper: Paper | None
    tasks: tuple[str, ...]
    fields: Sequence[tuple[str, str]]


def render(plan: Data) -> str:
    """The plan as an HTML document that needs nothing else."""
    changing = [change for change in plan["changes"] if change["action"] != "no_op"]
    invoices = list(_entries([change for change in changing if change["kind"] == "invoice"]))
    quiet = [change for change in plan["changes"] if change["action"] == "no_op"]
    return page(
        "plan.html",
        plan=plan,
        closing=closing(plan, Paint()),
        tiles=list(_tiles(plan)),
        charts=list(charts(plan)),
        invoices=invoices,
        left_out=max(0, len(invoices) - MOST_PAPERS),
        masters=list(_entries([change for change in changing if change["kind"] != "invoice"])),
        differing=[change for change in quiet if change["warnings"] or change["differences"]],
        unchanged=[
            f"{change['kind']} {plain(change['external_reference'])}" for change in quiet[:_MOST_NAMES]
        ],
        unchanged_number=len(quiet),
        irreversible=IRREVERSIBLE,
    )


def _entries(changes: Sequence[Data]) -> Iterator[Entry]:
    for number, change in enumerate(changes, start=1):
        is_invoice = change["kind"] == "invoice"
        page = paper(change) if number <= MOST_PAPERS else None
        has_more = page or change["differences"] or change["ways_out"]
        yield Entry(
            change,
            anchor=f"{change['kind']}-{number}" if has_more else "",
            phrase=PHRASES[change["action"]] if is_invoice else "will be created",
            tone=_TONES.get(change["action"], "warm"),
            customer=addressee(change) if is_invoice and change["after"] else "",
            was=_was(change),
            paper=page,
            tasks=tuple(said for said in map(task, change["steps"]) if said),
            fields=header(change["after"]) if change["after"] and not is_invoice else (),
        )


def _was(change: Data) -> str:
    amounts = [(change[when] or {}).get("currency_amount", "") for when in ("before", "totals")]
    have, want = (Decimal(amount) if amount else None for amount in amounts)
    return amounts[0] if have is not None and have != want else ""


def _tiles(plan: Data) -> Iterator[tuple[str, str, str]]:
    """The counts that matter: what is counted, how many, and the tone of it."""
    invoices = plan["summary"]["invoices"]

    def counted(*actions: str) -> int:
        return sum(invoices.get(action, 0) for action in actions)

    yield "new invoices", str(counted("create", "create_and_finalize", "import")), "good"
    changed = counted("update", "update_and_finalize", "recreate", "recreate_and_finalize", "complete")
    yield "changed", str(changed), "warm"
    yield "become final", str(plan["summary"]["irreversible"]), "final"
    for name, action, tone in (
        ("deleted", "delete", "bad"),
        ("in conflict", "conflict", "bad"),
        ("unknown", "unsettled", "bad"),
    ):
        if counted(action):
            yield name, str(counted(action)), tone
    yield "unchanged", str(counted("no_op")), "faint"
