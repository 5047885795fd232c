"""Reads a schedule of faults from a file."""

from __future__ import annotations

from pathlib import Path

from pennyform.findings import Failure, tidy
from pennyform.sandbox.faults.fault import Fault
from pennyform.sandbox.faults.parsing import FaultError, from_json
from pennyform.sandbox.faults.schedule import Faults
from pennyform.sandbox.input_files import Document


def from_file(path: Path) -> Faults:
    """Read ``seed`` and ``faults`` from a YAML or JSON file.

    Raises:
        Failure: with everything that is wrong in it.
    """
    document = Document(path)
    value = document.value
    if not isinstance(value, dict):
        raise Failure([document.finding("the file must hold an object with faults, and a seed if you like")])
    unknown = value.keys() - {"seed", "faults"}
    findings = [document.finding(f"{key} is unknown here: use seed and faults", key) for key in unknown]
    seed, items = value.get("seed", 0), value.get("faults") or []
    if not isinstance(seed, int):
        findings.append(document.finding("seed must be an integer", "seed"))
    if not isinstance(items, list):
        findings.append(document.finding("faults must be a list", "faults"))
        items = []
    faults: list[Fault] = []
    for index, item in enumerate(items):
        try:
            faults.append(from_json(item))
        except FaultError as error:
            findings.append(document.finding(str(error), "faults", index))
    if findings:
        raise Failure(tidy(findings))
    return Faults(seed, faults)
