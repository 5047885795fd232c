"""A comparison of two contracts as Markdown for a pull request: short enough for a comment."""

from __future__ import annotations

from collections.abc import Iterator

from pennyform.report.contract_diff.words import (
    emitted,
    phrase,
    subject,
    totals,
    uses_of_yours,
    verdict,
    where,
)
from pennyform.report.shared.formatting import count
from pennyform.results.contract_diff import ChangeUses, ContractChange, ContractDiffDocument
from pennyform.text import markdown_code, markdown_text

# A comment on GitHub ends at 65,536 characters.
LONGEST = 60_000
_MOST_SYMBOLS = 100

_MARKS = {"breaking": "**breaking**", "attention": "attention", "additive": "additive"}


def render(diff: ContractDiffDocument) -> str:
    """The comparison as Markdown of at most 60,000 characters; what does not fit is counted."""
    head = [f"### {markdown_text(diff.old)} → {markdown_text(diff.new)}: {totals(diff)}", ""]
    tail = list(_tail(diff))
    rows = [_row(change) for change in diff.changes]
    table = ["| | what | where | fingerprint |", "|---|---|---|---|"] if rows else []
    room = LONGEST - sum(len(text) + 1 for text in (*head, *table, *tail)) - 200
    fitting = _fitting(rows, room)
    more = len(rows) - len(fitting)
    left = [f"\n… and {count(more, 'change')} more; `pennyform spec diff` shows all."] if more else []
    return "\n".join([*head, *table, *fitting, *left, *tail]) + "\n"


def _fitting(rows: list[str], room: int) -> list[str]:
    fitting: list[str] = []
    for row in rows:
        room -= len(row) + 1
        if room < 0:
            break
        fitting.append(row)
    return fitting


def _row(change: ContractChange) -> str:
    place = f"`{markdown_code(subject(change))}`: " if subject(change) else ""
    accepted = f"<br>accepted: {markdown_text(change.accepted)}" if change.accepted else ""
    what = f"{place}{markdown_text(phrase(change))}{accepted}"
    return f"| {_MARKS[change.severity]} | {what} | {markdown_text(where(change))} | `{change.fingerprint}` |"


def _tail(diff: ContractDiffDocument) -> Iterator[str]:
    for fingerprint in diff.unused_accepted:
        yield f"\n`{fingerprint}` is accepted, but no change has this fingerprint."
    if diff.against is not None:
        yield ""
        yield from _uses(diff.against)
        yield from _emitted(diff.against)


def _uses(against: ChangeUses) -> Iterator[str]:
    rows = [
        f"- {markdown_text(use.file)}:{use.line}:{use.column} `{markdown_code(use.word)}` ({use.fingerprint})"
        for use in uses_of_yours(against)
    ]
    fitting = _fitting(rows, LONGEST // 3)
    yield "Used by yours, as far as words tell:\n" if rows else f"{verdict(against).capitalize()}."
    yield from fitting
    if len(fitting) < len(rows):
        yield f"- … and {len(rows) - len(fitting)} more"
    for fingerprint in against.everywhere:
        yield f"\nEvery call: `{fingerprint}`"
    for file, reason in against.unread.items():
        yield f"\nNot looked at: {markdown_text(file)}: {markdown_text(reason)}"


def _emitted(against: ChangeUses) -> Iterator[str]:
    symbols = emitted(against)
    if symbols:
        names = ", ".join(f"`{markdown_code(symbol)}`" for symbol in symbols[:_MOST_SYMBOLS])
        more = len(symbols) - _MOST_SYMBOLS
        rest = f" and {more} more" if more > 0 else ""
        yield f"\nGenerating anew changes {count(len(symbols), 'emitted symbol')}: {names}{rest}"
