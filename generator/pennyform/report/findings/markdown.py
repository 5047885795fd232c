"""Findings as Markdown, such as for a comment on a pull request: one table for each file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from pennyform.findings import Finding
from pennyform.report.findings.text import counted
from pennyform.text import markdown_message

LARGEST = 60_000  # characters; a comment on GitHub ends at 65,536

_HEAD = "| place | what | fix |\n|---|---|---|\n"


def render(findings: Sequence[Finding]) -> str:
    """All ``findings``, or as many as a comment can hold and a line that says how many more there are."""
    text = f"**{counted(findings)}**\n"
    shown = 0
    for block in _blocks(findings):
        if len(text) + len(block) > LARGEST - 100:
            break
        text += block
        shown += 1
    more = len(findings) - shown
    return text + (f"\n{more} more are not shown here.\n" if more else "")


def _blocks(findings: Sequence[Finding]) -> Iterator[str]:
    """One for each finding, the first of a file with its heading."""
    for file, group in groupby(findings, lambda finding: finding.file):
        heading = f"\n#### {markdown_message(file or 'pennyform')}\n\n{_HEAD}"
        for finding in group:
            yield f"{heading}{_row(finding)}\n"
            heading = ""


def _row(finding: Finding) -> str:
    place = f"{finding.line}:{finding.column}" if finding.line else ""
    what = f"**{finding.severity}** `{finding.rule}`: {markdown_message(finding.summary)}"
    why = f"<br>{markdown_message(finding.detail)}" if finding.detail else ""
    return f"| {place} | {what}{why} | {markdown_message(finding.fix)} |"
