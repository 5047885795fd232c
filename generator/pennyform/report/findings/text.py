"""Findings for people: the place, the sentence, the source line with a caret, why, and the fix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from pennyform.findings import Finding, Severity
from pennyform.report.findings.grouping import FindingGroup, grouped
from pennyform.report.shared.layout import PLAIN, Layout, columns, unbroken
from pennyform.text import source_line

SourceLine = Callable[[str, int], str | None]
"""Gives the line of a file, counted from 1, or None when it cannot be shown."""

_WIDEST_SOURCE = 100
_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def render(findings: Iterable[Finding], source: SourceLine, layout: Layout = PLAIN) -> str:
    """All ``findings`` as text, one block for those that say the same; "" when there are none."""
    return "".join(
        f"{line}\n" for group in grouped(findings, by_line=False) for line in _block(group, source, layout)
    )


def counted(findings: Sequence[Finding]) -> str:
    """How many there are of each severity: ``2 errors, 1 warning``; ``no findings``."""
    counts = [(sum(finding.severity is severity for finding in findings), severity) for severity in Severity]
    words = [f"{count} {severity}{'' if count == 1 else 's'}" for count, severity in counts if count]
    return ", ".join(words) or "no findings"


def remarks(finding: Finding) -> list[tuple[str, str]]:
    """Why it matters and what to do, as far as the finding says so, each with its label."""
    return [(label, text) for label, text in (("why:", finding.detail), ("fix:", finding.fix)) if text]


def message(finding: Finding, also: str = "") -> str:
    """Everything that a finding says, in lines; ``also`` is where others say the same."""
    fix = f"Fix: {finding.fix}" if finding.fix else ""
    repeats = f"Also: {also}" if also else ""
    return "\n".join(text for text in (finding.summary, finding.detail, fix, repeats) if text)


def _block(group: FindingGroup, source: SourceLine, layout: Layout) -> Iterator[str]:
    finding, ansi = group.first, layout.ansi
    colour = _COLOURS[finding.severity]
    place = f"{unbroken(finding.place)}: " if finding.place else ""
    head = f"{place}{ansi(finding.severity, colour, 'bold')} {finding.rule}: {finding.summary}"
    yield from layout.wrap(head, hanging=" " * 4)
    line = source(finding.file, finding.line) if finding.line else None
    if line is not None:
        yield from _excerpt(finding, line, ansi("^", colour, "bold"), layout.width)
    for label, text in remarks(finding):
        yield from layout.wrap(text, f"  {ansi(label, 'dim')} ", "")
    if group.repeats:
        yield from layout.wrap(group.also, f"  {ansi('also:', 'dim')} ", "")


def _excerpt(finding: Finding, line: str, caret: str, width: int | None) -> Iterator[str]:
    """The line of the file, or of a long one the part around the column, above a caret."""
    # Only that part is looked at: a line may have a megabyte, and a finding at each of its columns.
    column, number = finding.column, str(finding.line)
    widest = min(_WIDEST_SOURCE, (width or _WIDEST_SOURCE + 20) - len(number) - 7)
    if width and columns(line[: widest * 2]) > len(line[: widest * 2]):
        # Most of such lines are wide characters.
        widest //= 2
    start = 0 if column <= widest // 2 else column - widest // 2
    visible = source_line(line[start : start + widest])
    # A tab takes as many columns as it does above.
    before = visible[: column - 1 - start]
    indent = "".join("\t" if character == "\t" else " " * columns(character) for character in before)
    # What is cut off may be digits of an amount: it shows that there is more.
    if start:
        visible, indent = f"…{visible}", f" {indent}"
    end = "…" if line[start + widest : start + widest + 100].strip() else ""
    yield f"  {number} | {visible.rstrip()}{end}"
    yield f"  {' ' * len(number)} | {indent}{caret}"
