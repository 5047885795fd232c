"""Small contracts and exactly what becomes of them: ``cases/<name>/``.

Each has ``contract.yaml``, perhaps ``overlay.yaml``, and ``normalised.json`` or ``findings.txt``. After a
deliberate change, ``PENNYFORM_ACCEPT=1 pytest tests/spec/test_cases.py`` rewrites what is expected.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from openapi_spec_validator import validate
from pennyform.findings import Failure
from pennyform.spec import canonical_json, normalise
from pennyform.spec.document.overlay import read_overlay

CASES = sorted(path for path in (Path(__file__).parent / "cases").iterdir() if path.is_dir())


def outcome(case: Path) -> tuple[str, bytes]:
    contract = yaml.safe_load((case / "contract.yaml").read_text(encoding="utf-8"))
    overlay = case / "overlay.yaml"
    try:
        normalised = normalise(contract, [read_overlay(overlay)] if overlay.is_file() else [])
    except Failure as problem:
        return "findings.txt", "".join(f"{_line(finding)}\n" for finding in problem.findings).encode()
    if normalised.skipped:
        lines = [f"{each.method} {each.path}: {each.reason}\n" for each in normalised.skipped]
        return "left_out.txt", "".join(lines).encode()
    validate(normalised.document)
    return "normalised.json", canonical_json(normalised.document)


def _line(finding) -> str:
    assert finding.fix, "every finding says what to do"
    return f"{finding.rule}: {finding.summary} [{finding.pointer or '-'}]"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_gives_exactly_what_it_says(case: Path) -> None:
    name, actual = outcome(case)
    if os.environ.get("PENNYFORM_ACCEPT"):
        for stale in ("normalised.json", "findings.txt", "left_out.txt"):
            (case / stale).unlink(missing_ok=True)
        (case / name).write_bytes(actual)
    assert (case / name).is_file(), actual.decode()
    assert actual.decode() == (case / name).read_text(encoding="utf-8")
