"""Findings for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pennyform.findings import Finding, Severity

FORMAT_VERSION = 1


def render(findings: Sequence[Finding]) -> str:
    """All ``findings`` as one JSON object: ``{"format_version", "findings": […], "summary": {…}}``."""
    counts = {f"{severity}s": sum(one.severity is severity for one in findings) for severity in Severity}
    content = {
        "format_version": FORMAT_VERSION,
        "findings": [finding._asdict() for finding in findings],
        "summary": counts,
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
