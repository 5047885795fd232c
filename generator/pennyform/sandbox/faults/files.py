"""A schedule of faults in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pennyform.findings import Failure, Finding, tidy
from pennyform.sandbox.faults.kinds import Fault
from pennyform.sandbox.faults.parsing import FaultError, from_json
from pennyform.sandbox.faults.schedule import Faults
from pennyform.sandbox.input_files import Document

_KEYS = {"seed", "faults"}


def from_file(path: Path) -> Faults:
    """Read ``seed`` and ``faults`` from a YAML or JSON file.

    Raises:
        Failure: with everything that is wrong in it.
    """
    document = Document(path)
    value = document.value
    if not isinstance(value, dict):
        raise Failure([document.finding("the file must hold an object with faults, and a seed if you like")])
    findings = list(_wrong_keys(document, value))
    faults: list[Fault] = []
    for index, item in enumerate(value.get("faults") or []):
        try:
            faults.append(from_json(item))
        except FaultError as problem:
            findings.append(document.finding(str(problem), "faults", index))
    if findings:
        raise Failure(tidy(findings))
    return Faults(value.get("seed", 0), faults)


def _wrong_keys(document: Document, value: dict[str, Any]) -> Iterator[Finding]:
    for key in value.keys() - _KEYS:
        yield document.finding(f"{key} is unknown here: use seed and faults", key)
    if not isinstance(value.get("seed", 0), int):
        yield document.finding("seed must be an integer", "seed")
    if not isinstance(value.get("faults") or [], list):
        yield document.finding("faults must be a list", "faults")
        value["faults"] = []
