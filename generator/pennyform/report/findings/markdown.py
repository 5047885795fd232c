"""Findings as Markdown, such as for a comment on a pull request: one table for each file."""

from __future__ import annotations

from collections.abc import Sequence

from pennyform.findings import Finding
from pennyform.report.findings.grouping import grouped
from pennyform.report.findings.text import counted
from pennyform.report.shared.formatting import LARGEST
from pennyform.text import markdown_text

_HEAD = "| place | what | fix |\n|---|---|---|\n"


def render(findings: Sequence[Finding], most: int = LARGEST) -> str:
    """All ``findings``, or as many as fit into ``most`` characters and a line that counts the others."""
    text = f"**{counted(findings)}**\n"
    file = None
    groups = grouped(findings, by_line=False)
    for number, group in enumerate(groups):
        finding = group.first
        place = f"{finding.line}:{finding.column}" if finding.line else ""
        what = f"**{finding.severity}** `{finding.rule}`: {markdown_text(finding.summary)}"
        why = f"<br>{markdown_text(finding.detail)}" if finding.detail else ""
        also = f"<br>also: {markdown_text(group.also)}" if group.repeats else ""
        row = f"| {place} | {what}{why}{also} | {markdown_text(finding.fix)} |\n"
        if finding.file != file:
            file = finding.file
            row = f"\n#### {markdown_text(file or 'pennyform')}\n\n{_HEAD}{row}"
        if len(text) + len(row) > most - 100:
            return f"{text}\n{len(groups) - number} more are not shown here.\n"
        text += row
    return text
