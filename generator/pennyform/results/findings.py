"""What ``validate`` and ``rules`` report."""

from __future__ import annotations

from typing import Literal

from pennyform.findings import Severity
from pennyform.results.values import Record


class ReportedFinding(Record, frozen=True):
    """One thing that is wrong. Line and column count from 1, and 0 means the file as a whole.

    ``pointer`` is the JSON Pointer of the value meant; ``detail`` says why it matters, ``fix`` what to do.
    ``subject`` is the row or the invoice that it is about, where one mistake gives many findings.
    """

    rule: str
    severity: Severity
    summary: str
    file: str
    line: int
    column: int
    pointer: str
    detail: str
    fix: str
    subject: str


class FindingsSummary(Record, frozen=True):
    """How many findings there are of each severity. Only errors stop a command."""

    errors: int
    warnings: int
    notes: int


class FindingsDocument(Record, frozen=True):
    """All findings, sorted by place."""

    format_version: Literal[1]
    findings: tuple[ReportedFinding, ...]
    summary: FindingsSummary


class ReportedRule(Record, frozen=True):
    """What findings of one name are about: ``example`` breaks it, ``fix`` is what to do instead."""

    name: str
    severities: tuple[Severity, ...]
    summary: str
    why: str
    example: str
    fix: str


class RulesDocument(Record, frozen=True):
    """Every rule that checking definitions can report, sorted by name."""

    format_version: Literal[1]
    rules: tuple[ReportedRule, ...]
