"""A plan as Markdown for a pull request: short enough for a comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from pennyform.report.plan.text import summary_line
from pennyform.report.shared import orphans
from pennyform.report.shared.formatting import (
    IS_ASKED,
    LARGEST,
    card_parts,
    clean,
    count,
    difference_cells,
    fitting,
    format_task,
    header_fields,
    line_cells,
)
from pennyform.results.orphans import OrphanReport
from pennyform.results.plan import PlanDocument, PlannedChange, PlannedInvoice
from pennyform.text import markdown_code, markdown_text

# Bounds on what one change, or one warning, may take of a comment.
_MOST_WARNINGS = 20
_MOST_DETAILS = 20
_LONGEST_TEXT = 300
_LONGEST_END = 60

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
    "no_op": "stays as it is",
}


def render(plan: PlanDocument, findings: str = "", most: int = LARGEST) -> str:
    """The plan as Markdown for people who review it; what does not fit is counted.

    Args:
        plan: the plan. What stays as it is is shown where there is something to say about it.
        findings: what was found in the definitions, as Markdown.
        most: of how many characters, which are enough for the head of the plan.
    """
    changes = [change for change in plan.changes if is_shown(change)]
    summary = clean(msgspec.structs.replace(plan, changes=()))
    head = [*_head(summary), *([findings] if findings else [])]
    table = ["| | reference | what | total | details |", "|---|---|---|---:|---|"]
    # 200 characters for the line that counts the rest.
    room = most - sum(len(text) + 1 for text in [*head, *table]) - 200
    rows = fitting((_row(clean(change), is_short=True) for change in changes), room)
    more = len(changes) - len(rows)
    tail = [f"\n… and {count(more, 'change')} more; run `pennyform plan` to see all."] if more else []
    if left_out := _complete(rows, changes, room - sum(len(row) + 1 for row in rows)):
        tail.insert(0, f"\nWhat {count(left_out, 'change')} would make is left out; see `pennyform plan`.")
    return "\n".join([*head, *(table if rows else []), *rows, *tail]) + "\n"


def render_several(plans: Sequence[tuple[PlanDocument, str]], room: int) -> list[str]:
    """Plans of several companies, each with its findings, that come to ``room`` characters at most.

    Returns:
        A section for each, behind an empty line: of the first ones only where not all have room.
    """
    sections = list[str]()
    for plan, findings in plans:
        # Each takes its share of what those before it have left.
        section = f"\n{render(plan, findings, room // (len(plans) - len(sections)))}"
        room -= len(section) + 1
        if room < 0:
            break
        sections.append(section)
    return sections


def _complete(rows: list[str], changes: Sequence[PlannedChange], room: int) -> int:
    """Replace short ``rows`` by those with all content, the first ones first, as long as there is room.

    Returns:
        How many of what is new are left without their content.
    """
    left_out = 0
    for index, change in enumerate(changes[: len(rows)]):
        row = _row(clean(change)) if room > 0 else ""
        more = len(row) - len(rows[index])
        if row and more <= room:
            rows[index] = row
            room -= more
        elif change.before is None:
            left_out += 1
    return left_out


def is_shown(change: PlannedChange) -> bool:
    """Whether there is something to say about a change: it is made, or something about it stays."""
    return change.action != "no_op" or bool(change.warnings or change.differences)


def _head(plan: PlanDocument) -> Iterator[str]:
    yield f"### pennyform plan: {markdown_text(plan.company.name)} ({plan.environment})"
    yield ""
    yield markdown_text(summary_line(plan))
    yield ""
    if plan.summary.irreversible:
        yield "> [!WARNING]"
        number = count(plan.summary.irreversible, "invoice")
        yield f"> {number} will be finalized. This is irreversible: only a credit note undoes it."
        yield ""
    for warning in plan.warnings[:_MOST_WARNINGS]:
        yield f"> {markdown_text(_shorten(warning))}"
    more = len(plan.warnings) - _MOST_WARNINGS
    if more > 0:
        yield f"> … and {count(more, 'warning')} more"
    if plan.warnings:
        yield ""
    yield from _orphans(plan.orphans)
    if plan.money.changing:
        yield "| | VAT code | rate | before tax | VAT | total |"
        yield "|---|---|---:|---:|---:|---:|"
    for total in plan.money.changing:
        name = markdown_text(total.currency)
        for vat in total.vat:
            cells = (vat.vat_rate, f"{vat.percent} %", vat.base, vat.tax)
            yield f"| {name} | {' | '.join(map(markdown_text, cells))} | |"
        amounts = (total.currency_amount_before_tax, total.currency_tax, total.currency_amount)
        invoices = count(total.invoices, "invoice")
        yield f"| {name} | **in all** | {invoices} | {' | '.join(map(markdown_text, amounts))} |"
    if plan.money.changing:
        yield ""


def _orphans(report: OrphanReport) -> Iterator[str]:
    table = orphans.table(report, most=orphans.MOST_SHOWN)
    if not table.rows:
        return
    yield f"**{table.title}**"
    yield ""
    yield "| reference | | date | total | what becomes of it |"
    yield "|---|---|---|---:|---|"
    for reference, *cells, outlook in table.rows:
        texts = [markdown_code(reference), *map(markdown_text, cells), outlook]
        yield f"| {' | '.join(texts)} |"
    yield ""
    if table.closing:
        yield table.closing
        yield ""


def _row(change: PlannedChange, *, is_short: bool = False) -> str:
    """One change as a row of the table; a short one has no content of what is new."""
    stays = change.action in {"conflict", "unsettled", "no_op"}
    texts: list[str] = []
    for row in change.differences[:_MOST_DETAILS]:
        name, before, after = difference_cells(row)
        before, after = _shorten_both(before, after)
        values = f"{IS_ASKED[0]}{before}, {IS_ASKED[1]}{after}" if stays else f"{before} → {after}"
        texts.append(f"{name}: {values}")
    if len(change.differences) > _MOST_DETAILS:
        texts.append(f"and {len(change.differences) - _MOST_DETAILS} differences more")
    if isinstance(change, PlannedInvoice) and change.customer:
        is_declared = change.customer.is_declared
        if not is_declared or not is_short:
            source = "" if is_declared else " (as the account has it)"
            texts.append(f"for {', '.join(map(_shorten, card_parts(change.customer)))}{source}")
    texts += [] if is_short else _content(change)
    texts += [_shorten(task) for task in map(format_task, change.steps) if task]
    texts += map(_shorten, [*change.warnings, *change.ways_out])
    details = "<br>".join(map(markdown_text, texts[: 2 * _MOST_DETAILS]))
    total = f"{change.totals.currency_amount} {change.totals.currency}" if change.totals else ""
    reference = markdown_code(change.external_reference)
    cells = [change.kind, reference, _WORDS[change.action], markdown_text(total), details]
    return f"| {' | '.join(cells)} |"


def _content(change: PlannedChange) -> list[str]:
    """What is new, in a few lines: fields, the lines of an invoice with their VAT codes, and its sums."""
    if change.before is not None or change.after is None:
        return []
    fields = dict(header_fields(change.after))
    fields.pop("customer_id", None)
    texts = [", ".join(f"{name} {_shorten(value)}" for name, value in fields.items())]
    if isinstance(change, PlannedInvoice) and change.totals:
        pairs = list(zip(change.after["invoice_lines"], change.totals.lines, strict=True))
        for pair in pairs[:_MOST_DETAILS]:
            label, quantity, unit_price, discount, vat_code, amount = line_cells(*pair)
            less = discount.replace("- ", "less ", 1)
            price = " ".join(filter(None, (quantity, unit_price, less)))
            texts.append(f"{_shorten(label)}: {price} makes {amount}, VAT code {vat_code}")
        if len(pairs) > _MOST_DETAILS:
            texts.append(f"and {count(len(pairs) - _MOST_DETAILS, 'line')} more")
        totals = change.totals
        texts.append(f"before tax {totals.currency_amount_before_tax}, VAT {totals.currency_tax}")
    return texts


def _shorten(text: str, most: int = _LONGEST_TEXT) -> str:
    """One value, without the middle of a long one: a line as a value ends with its price.

    Only values are shortened, never what they are joined to: a long label would hide the amount after it.
    """
    return text if len(text) <= most else f"{text[: most - _LONGEST_END]}…{text[-_LONGEST_END:]}"


def _shorten_both(before: str, after: str) -> tuple[str, str]:
    """Two values without the beginning that long ones share, so that the difference shows."""
    most = _LONGEST_TEXT // 2
    pairs = enumerate(zip(before, after, strict=False))
    same = next((index for index, (old, new) in pairs if old != new), min(len(before), len(after)))
    if max(len(before), len(after)) > most and same > _LONGEST_END:
        cut = same - _LONGEST_END
        before, after = f"…{before[cut:]}", f"…{after[cut:]}"
    return _shorten(before, most), _shorten(after, most)
