"""A comparison of two contracts as text: one line per change, the worst first."""

from __future__ import annotations

from collections.abc import Iterator

from pennyform.report.contract_diff.words import (
    Data,
    emitted,
    phrase,
    subject,
    totals,
    uses_of_yours,
    verdict,
    where,
)
from pennyform.report.shared.ansi import Paint
from pennyform.report.shared.formatting import columns, count, plain

_COLOURS = {"breaking": "red", "attention": "yellow", "additive": "green"}


def render(data: Data, paint: Paint, *, longest: int | None = 6) -> str:
    """The report as text.

    Args:
        data: see ``pennyform.spec.diff.report.data``.
        paint: colours, or none.
        longest: how many operations of a change to name; None for all of them.
    """
    lines = [_line(change, paint, longest) for change in data["changes"]]
    lines.append(f"{plain(data['old'])} → {plain(data['new'])}: {totals(data)}")
    if data["against"] is not None:
        lines += _against(data, paint)
    return "\n".join(lines) + "\n"


def _line(change: Data, paint: Paint, longest: int | None) -> str:
    severity = paint(change["severity"].ljust(9), _COLOURS[change["severity"]])
    what = ": ".join(part for part in (subject(change), phrase(change)) if part)
    accepted = f"  accepted: {plain(change['accepted'])}" if change["accepted"] else ""
    return f"{severity}  {paint(change['fingerprint'], 'dim')}  {what}  ({where(change, longest)}){accepted}"


def _against(data: Data, paint: Paint) -> Iterator[str]:
    against = data["against"]
    severities = {change["fingerprint"]: change["severity"] for change in data["changes"]}
    uses = uses_of_yours(against)
    yield ""
    if uses:
        yield "used by yours, as far as words tell:"
        rows = [
            [f"{use['file']}:{use['line']}:{use['column']}", plain(use["word"]), use["fingerprint"]]
            for use in uses
        ]
        for use, row in zip(uses, columns(rows), strict=True):
            severity = severities[use["fingerprint"]]
            yield f"  {row}  {paint(severity, _COLOURS[severity])}"
    else:
        yield verdict(against)
    for fingerprint in against["everywhere"]:
        severity = severities[fingerprint]
        yield f"  every call  {fingerprint}  {paint(severity, _COLOURS[severity])}"
    for file, reason in against["unread"].items():
        yield f"  not looked at: {plain(file)}: {plain(reason)}"
    symbols = emitted(against)
    if symbols:
        yield f"generating anew changes {count(len(symbols), 'emitted symbol')}: {', '.join(symbols)}"
    yield f"({count(against['files'], 'file')} searched for the words of the changes)"
