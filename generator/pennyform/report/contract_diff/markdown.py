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
from pennyform.report.shared.markdown import LARGEST, fitting
from pennyform.results.contract_diff import ContractDiffDocument
from pennyform.text import markdown_code, markdown_text

_MOST_SYMBOLS = 100

_MARKS = {"breaking": "**breaking**", "attention": "attention", "additive": "additive"}


def render(diff: ContractDiffDocument) -> str:
    """The comparison as Markdown of at most 60,000 characters; what does not fit is counted."""
    head = [f"### {markdown_text(diff.old)} → {markdown_text(diff.new)}: {totals(diff)}", ""]
    tail = list(_tail(diff))
    rows = []
    for change in diff.changes:
        place = f"`{markdown_code(subject(change))}`: " if subject(change) else ""
        accepted = f"<br>accepted: {markdown_text(change.accepted)}" if change.accepted else ""
        what = f"{place}{markdown_text(phrase(change))}{accepted}"
        where_ = markdown_text(where(change))
        rows.append(f"| {_MARKS[change.severity]} | {what} | {where_} | `{change.fingerprint}` |")
    table = ["| | what | where | fingerprint |", "|---|---|---|---|"] if rows else []
    room = LARGEST - sum(len(text) + 1 for text in (*head, *table, *tail)) - 200
    shown = fitting(rows, room)
    more = len(rows) - len(shown)
    left = [f"\n… and {count(more, 'change')} more; `pennyform spec diff` shows all."] if more else []
    return "\n".join([*head, *table, *shown, *left, *tail]) + "\n"


def _tail(diff: ContractDiffDocument) -> Iterator[str]:
    for fingerprint in diff.unused_accepted:
        yield f"\n`{fingerprint}` is accepted, but no change has this fingerprint."
    against = diff.against
    if against is None:
        return
    rows = [
        f"- {markdown_text(use.file)}:{use.line}:{use.column} `{markdown_code(use.word)}` ({use.fingerprint})"
        for use in uses_of_yours(against)
    ]
    shown = fitting(rows, LARGEST // 3)
    yield "\nUsed by yours, as far as words tell:\n" if rows else f"\n{verdict(against).capitalize()}."
    yield from shown
    if len(shown) < len(rows):
        yield f"- … and {len(rows) - len(shown)} more"
    for fingerprint in against.everywhere:
        yield f"\nEvery call: `{fingerprint}`"
    for file, reason in against.unread.items():
        yield f"\nNot looked at: {markdown_text(file)}: {markdown_text(reason)}"
    symbols = emitted(against)
    if symbols:
        names = ", ".join(f"`{markdown_code(symbol)}`" for symbol in symbols[:_MOST_SYMBOLS])
        more = len(symbols) - _MOST_SYMBOLS
        rest = f" and {more} more" if more > 0 else ""
        yield f"\nGenerating anew changes {count(len(symbols), 'emitted symbol')}: {names}{rest}"
