"""A comparison of two contracts as text: one line per change, the worst first."""

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
from pennyform.report.shared.ansi import Ansi
from pennyform.report.shared.formatting import align_columns, count
from pennyform.results.contract_diff import ChangeUses, ContractDiffDocument
from pennyform.text import one_line

_COLOURS = {"breaking": "red", "attention": "yellow", "additive": "green"}


def render(diff: ContractDiffDocument, ansi: Ansi, *, longest: int | None = 6) -> str:
    """The comparison as text.

    Args:
        diff: what to render.
        ansi: colours, or none.
        longest: how many operations of a change to name; None for all of them.
    """
    lines = []
    for change in diff.changes:
        severity = ansi(change.severity.ljust(9), _COLOURS[change.severity])
        what = ": ".join(part for part in (subject(change), phrase(change)) if part)
        accepted = f"  accepted: {one_line(change.accepted)}" if change.accepted else ""
        place = f"({where(change, longest)}){accepted}"
        lines.append(f"{severity}  {ansi(change.fingerprint, 'dim')}  {what}  {place}")
    lines.append(f"{one_line(diff.old)} → {one_line(diff.new)}: {totals(diff)}")
    if diff.against is not None:
        lines += _uses(diff.against, {change.fingerprint: change.severity for change in diff.changes}, ansi)
    return "\n".join(lines) + "\n"


def _uses(against: ChangeUses, severities: dict[str, str], ansi: Ansi) -> Iterator[str]:
    """Where the changes are used; ``severities`` are those of the changes, by fingerprint."""
    uses = uses_of_yours(against)
    yield ""
    yield "used by yours, as far as words tell:" if uses else verdict(against)
    rows = [[f"{use.file}:{use.line}:{use.column}", one_line(use.word), use.fingerprint] for use in uses]
    for use, row in zip(uses, align_columns(rows), strict=True):
        severity = severities[use.fingerprint]
        yield f"  {row}  {ansi(severity, _COLOURS[severity])}"
    for fingerprint in against.everywhere:
        severity = severities[fingerprint]
        yield f"  every call  {fingerprint}  {ansi(severity, _COLOURS[severity])}"
    for file, reason in against.unread.items():
        yield f"  not looked at: {one_line(file)}: {one_line(reason)}"
    symbols = emitted(against)
    if symbols:
        yield f"generating anew changes {count(len(symbols), 'emitted symbol')}: {', '.join(symbols)}"
    yield f"({count(against.files, 'file')} searched for the words of the changes)"
