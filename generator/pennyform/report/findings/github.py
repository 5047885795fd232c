"""Findings as GitHub annotations (workflow commands).

GitHub shows ten annotations of each severity for one step. The ten that it would show are annotations, the
others are plain lines of the log, and a last line says how many those are.
"""

from __future__ import annotations

from collections.abc import Iterable

from pennyform.findings import Finding, Severity

MOST_SHOWN = 10
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(findings: Iterable[Finding]) -> str:
    """All ``findings``, the first ten of each severity as annotations."""
    shown = dict.fromkeys(Severity, 0)
    annotations, others = [], []
    for finding in findings:
        shown[finding.severity] += 1
        if shown[finding.severity] <= MOST_SHOWN:
            annotations.append(_annotation(finding))
        else:
            others.append(f"{finding.place}: {finding.severity} {finding.rule}: {finding.summary}")
    more = [f"{len(others)} more than GitHub shows as annotations:", *others] if others else []
    return "".join(f"{line}\n" for line in [*annotations, *more])


def _annotation(finding: Finding) -> str:
    place = {"file": finding.file, "line": finding.line, "col": finding.column, "title": finding.rule}
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in place.items() if value)
    message = "\n".join(text for text in (finding.summary, finding.detail, _fix(finding)) if text)
    return f"::{_COMMANDS[finding.severity]} {properties}::{_data(message)}"


def _fix(finding: Finding) -> str:
    return f"Fix: {finding.fix}" if finding.fix else ""


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
