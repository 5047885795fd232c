"""Findings for programs."""

from __future__ import annotations

from collections.abc import Sequence

from pennyform.findings import Finding, Severity
from pennyform.results.documents import json_text
from pennyform.results.findings import FindingsDocument, FindingsSummary, ReportedFinding
from pennyform.results.values import FORMAT_VERSION


def render(findings: Sequence[Finding]) -> str:
    """All ``findings`` as one JSON object: ``{"format_version", "findings": […], "summary": {…}}``."""
    counts = (sum(finding.severity is severity for finding in findings) for severity in Severity)
    return json_text(
        FindingsDocument(
            FORMAT_VERSION,
            tuple(ReportedFinding(*finding) for finding in findings),
            FindingsSummary(*counts),
        )
    )
