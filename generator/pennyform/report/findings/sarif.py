"""Findings as SARIF 2.1.0, the form in which code scanning services take results."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from pennyform import __version__
from pennyform.findings import Finding, Severity
from pennyform.report.findings.grouping import grouped
from pennyform.report.findings.text import message
from pennyform.text import json_document

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
    declared: list[dict[str, object]] = []
    for name in names:
        summary, why = rules.get(name, ("", ""))
        texts = {"shortDescription": summary, "fullDescription": why}
        declared.append({"id": name, **{field: {"text": text} for field, text in texts.items() if text}})
    run = {
        "tool": {"driver": {"name": "pennyform", "semanticVersion": __version__, "rules": declared}},
        # Columns count characters, as everywhere in pennyform.
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(finding, index[finding.rule], occurrences)
            for finding, occurrences in _at_places(findings)
        ],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json_document(json.dumps(log, indent=2, ensure_ascii=False)) + "\n"


def _at_places(findings: Sequence[Finding]) -> Iterator[tuple[Finding, int]]:
    """Findings that say the same at one place as one, and how many they are: services keep one of them."""
    for group in grouped(findings):
        elsewhere = [finding for finding in group.repeats if finding.place != group.first.place]
        yield group.first, 1 + len(group.repeats) - len(elsewhere)
        for finding in elsewhere:
            yield finding, 1


def _result(finding: Finding, rule: int, occurrences: int) -> dict[str, object]:
    # Tells a finding from others, and stays the same when lines are added above it.
    identity = "\0".join((finding.rule, finding.file, finding.pointer, finding.summary))
    fingerprint = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    path = Path(finding.file)
    artifact = {"uri": quote(os.fsencode(path.as_posix())), "uriBaseId": "%SRCROOT%"}
    physical: dict[str, object] = {
        "artifactLocation": {"uri": path.as_uri()} if path.is_absolute() else artifact
    }
    if finding.line:
        region = {"startLine": finding.line, "startColumn": finding.column}
        physical["region"] = {name: number for name, number in region.items() if number}
    logical = [{"fullyQualifiedName": finding.pointer}] if finding.pointer else []
    location = {"physicalLocation": physical, **({"logicalLocations": logical} if logical else {})}
    return {
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        # Brackets and parentheses are a link (SARIF 3.11.6).
        "message": {"text": message(finding).replace("](", "] (")},
        "partialFingerprints": {"pennyform/v1": fingerprint},
        **({"locations": [location]} if finding.file else {}),
        **({"occurrenceCount": occurrences} if occurrences > 1 else {}),
    }
