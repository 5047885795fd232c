"""Findings as GitHub annotations (workflow commands).

GitHub shows ten annotations of each severity for one step. The ten that it would show are annotations, the
unannotated are plain lines of the log, and a last line says how many those are. Findings that say the same
are one.
"""

from __future__ import annotations

from collections.abc import Iterable

from pennyform.findings import Finding, Severity
from pennyform.report.findings.grouping import grouped
from pennyform.report.findings.text import message
from pennyform.text import log_lines, visible_line, without_commands

MOST_SHOWN = 10
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(findings: Iterable[Finding]) -> str:
    """All ``findings``, the first ten of each severity as annotations."""
    counts = dict.fromkeys(Severity, 0)
    annotations, unannotated = [], []
    for group in grouped(findings):
        finding = group.first
        counts[finding.severity] += 1
        if counts[finding.severity] > MOST_SHOWN:
            also = f" (also: {group.also})" if group.repeats else ""
            unannotated.append(f"{finding.place}: {finding.severity} {finding.rule}: {finding.summary}{also}")
            continue
        place = {"file": finding.file, "line": finding.line, "col": finding.column, "title": finding.rule}
        # Colons and commas end a property; only line breaks end the message.
        properties = ",".join(
            f"{name}={_escape(visible_line(str(value))).replace(':', '%3A').replace(',', '%2C')}"
            for name, value in place.items()
            if value
        )
        annotations.append(
            f"::{_COMMANDS[finding.severity]} {properties}::{_escape(message(finding, group.also))}"
        )
    more = [f"{len(unannotated)} more than GitHub shows as annotations:", *unannotated] if unannotated else []
    return "".join(f"{line}\n" for line in annotations) + log_lines("".join(f"{line}\n" for line in more))


def _escape(text: str) -> str:
    line = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    # GitHub still obeys its commands of old, wherever they are in a line.
    return without_commands(line, " ")
