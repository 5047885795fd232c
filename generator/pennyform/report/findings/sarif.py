"""Findings as SARIF 2.1.0, the form in which code scanning services take results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from pennyform import __version__
from pennyform.findings import Finding, Severity

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def render(findings: Sequence[Finding], rules: Mapping[str, tuple[str, str]]) -> str:
    """All ``findings`` as one SARIF log with one run.

    Args:
        findings: sorted.
        rules: for the name of each rule, what it says in one sentence, and why. Rules without findings are
            listed too, so that a service knows that they were looked for.
    """
    names = sorted({*rules, *(finding.rule for finding in findings)})
    index = {name: number for number, name in enumerate(names)}
    driver = {
        "name": "pennyform",
        "semanticVersion": __version__,
        "rules": [_rule(name, *rules.get(name, ("", ""))) for name in names],
    }
    run = {
        "tool": {"driver": driver},
        # Columns count characters, as everywhere in pennyform.
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, index[finding.rule]) for finding in findings],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(name: str, summary: str, why: str) -> dict[str, Any]:
    texts = {"shortDescription": summary, "fullDescription": why}
    return {"id": name, **{field: {"text": text} for field, text in texts.items() if text}}


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    fix = f"Fix: {finding.fix}" if finding.fix else ""
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": "\n".join(text for text in (finding.summary, finding.detail, fix) if text)},
        "partialFingerprints": {"pennyform/v1": _fingerprint(finding)},
    }
    if finding.file:
        result["locations"] = [_location(finding)]
    return result


def _location(finding: Finding) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": _artifact(finding.file)}
    if finding.line:
        region = {"startLine": finding.line, "startColumn": finding.column}
        physical["region"] = {name: number for name, number in region.items() if number}
    logical = [{"fullyQualifiedName": finding.pointer}] if finding.pointer else []
    return {"physicalLocation": physical, **({"logicalLocations": logical} if logical else {})}


def _artifact(file: str) -> dict[str, str]:
    path = PurePath(file)
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(path.as_posix()), "uriBaseId": "%SRCROOT%"}


def _fingerprint(finding: Finding) -> str:
    """Tells a finding from others, and stays the same when lines are added above it."""
    parts = (finding.rule, finding.file, finding.pointer, finding.summary)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]
