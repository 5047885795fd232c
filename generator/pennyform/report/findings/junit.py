"""Findings as JUnit XML: each file is a test case, and fails when it has errors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from pennyform.findings import Finding, Severity, errors

# What XML 1.0 cannot hold, not even escaped.
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]|[\ud800-\udfff]|[\ufffe\uffff]")


def render(findings: Sequence[Finding], files: Iterable[str]) -> str:
    """All ``findings`` as one test suite.

    Args:
        findings: sorted.
        files: everything that was looked at, so that what is valid shows as passed.
    """
    by_file = {file: list(group) for file, group in groupby(findings, lambda finding: finding.file)}
    names = sorted({*files, *by_file})
    failed = sum(bool(errors(found)) for found in by_file.values())
    head = f'name="pennyform validate" tests="{len(names)}" failures="{failed}" errors="0"'
    cases = "".join(_case(name, by_file.get(name, [])) for name in names)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<testsuites {head}>\n  <testsuite {head}>\n{cases}  </testsuite>\n</testsuites>\n"
    )


def _case(file: str, findings: Sequence[Finding]) -> str:
    opening = f"    <testcase classname={_attribute('validate')} name={_attribute(file or 'pennyform')}"
    if not findings:
        return f"{opening}/>\n"
    wrong = errors(findings)
    others = [finding for finding in findings if finding.severity is not Severity.ERROR]
    return f"{opening}>\n{_failure(wrong)}{_output(others)}    </testcase>\n"


def _failure(wrong: Sequence[Finding]) -> str:
    """One element for all errors of a file: readers of JUnit show only the first."""
    if not wrong:
        return ""
    first = wrong[0]
    more = f" (and {len(wrong) - 1} more)" if wrong[1:] else ""
    attributes = f"type={_attribute(first.rule)} message={_attribute(first.summary + more)}"
    return f"      <failure {attributes}>{_text(wrong)}</failure>\n"


def _output(others: Sequence[Finding]) -> str:
    return f"      <system-out>{_text(others)}</system-out>\n" if others else ""


def _text(findings: Iterable[Finding]) -> str:
    return _spoken(escape("\n".join(map(_said, findings))))


def _said(finding: Finding) -> str:
    head = f"{finding.place}: {finding.severity} {finding.rule}: {finding.summary}"
    remarks = [("why:", finding.detail), ("fix:", finding.fix)]
    return "\n".join([head, *(f"  {label} {text}" for label, text in remarks if text)])


def _attribute(text: str) -> str:
    return quoteattr(_spoken(text))


def _spoken(text: str) -> str:
    return _UNSPEAKABLE.sub("\N{REPLACEMENT CHARACTER}", text)
