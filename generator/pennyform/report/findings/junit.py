"""Findings as JUnit XML: each file is a test case, and fails when it has errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from xml.etree import ElementTree as ET

from pennyform.findings import Finding, Severity, errors
from pennyform.report.findings.grouping import grouped
from pennyform.report.findings.text import remarks
from pennyform.text import html_document, visible_line


def render(findings: Sequence[Finding], files: Iterable[str]) -> str:
    """All ``findings`` as one test suite.

    Args:
        findings: sorted.
        files: everything that was looked at, so that what is valid shows as passed.
    """
    by_file = {file: list(group) for file, group in groupby(findings, lambda finding: finding.file)}
    names = sorted({*files, *by_file})
    failed = sum(bool(errors(file_findings)) for file_findings in by_file.values())
    counts = {
        "name": "pennyform validate",
        "tests": str(len(names)),
        "failures": str(failed),
        "errors": "0",
    }
    root = ET.Element("testsuites", counts)
    suite = ET.SubElement(root, "testsuite", counts)
    for name in names:
        case = ET.SubElement(suite, "testcase", classname="validate", name=visible_line(name or "pennyform"))
        wrong = errors(by_file.get(name, []))
        warnings = [finding for finding in by_file.get(name, []) if finding.severity is not Severity.ERROR]
        if wrong:
            # One element for all errors of a file: readers of JUnit show only the first.
            more = f" (and {len(wrong) - 1} more)" if wrong[1:] else ""
            message = visible_line(wrong[0].summary + more)
            ET.SubElement(case, "failure", type=wrong[0].rule, message=message).text = _text(wrong)
        if warnings:
            ET.SubElement(case, "system-out").text = _text(warnings)
    ET.indent(root)
    document = html_document(ET.tostring(root, encoding="unicode"))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{document}\n'


def _text(findings: Iterable[Finding]) -> str:
    lines = []
    for group in grouped(findings):
        finding = group.first
        lines.append(f"{finding.place}: {finding.severity} {finding.rule}: {finding.summary}")
        lines += [f"  {label} {text}" for label, text in remarks(finding)]
        lines += [f"  also: {group.also}"] if group.repeats else []
    return "\n".join(map(visible_line, lines))
