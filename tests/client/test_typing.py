"""The emitted packages pass strict type checkers, and so does the code of those who use them rightly."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pennylane_company
import pennylane_firm
import pytest
from mypy import api

USERS = Path(__file__).parents[1] / "typing"
PACKAGES = [Path(package.__file__).parent for package in (pennylane_company, pennylane_firm)]
_EXPECTED = re.compile(r"#\s*E:\s*(.+)$")
_ERROR = re.compile(r"^(.+?):(\d+): error: .*\[([a-z-]+)\]$")


def test_strictly_and_with_exactly_the_expected_errors(tmp_path: Path) -> None:
    files = sorted(USERS.glob("*.py"))
    options = [
        "--strict",
        "--warn-unreachable",
        "--python-version=3.11",
        "--no-error-summary",
        "--no-incremental",
    ]
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\n")
    report, problems, _ = api.run([*options, f"--config-file={config}", *map(str, [*PACKAGES, *files])])
    assert problems == ""
    found = {(Path(name).resolve(), int(line), code) for name, line, code in _errors(report)}
    assert found == _all_expected(), report


def test_a_second_type_checker_agrees(tmp_path: Path) -> None:
    if importlib.util.find_spec("pyright") is None:
        pytest.skip("pyright is not installed")
    for folder in (*PACKAGES, USERS):
        # "typing" itself would hide the library's module of that name from the checker.
        name = "usage" if folder == USERS else folder.name
        shutil.copytree(folder, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    config = tmp_path / "pyrightconfig.json"
    config.write_text(json.dumps({"typeCheckingMode": "strict", "pythonVersion": "3.11"}))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    ended = subprocess.run([*command, "-p", str(config)], capture_output=True, text=True, cwd=tmp_path)
    problems = json.loads(ended.stdout)["generalDiagnostics"]
    found = {(Path(each["file"]).name, each["range"]["start"]["line"] + 1) for each in problems}
    wanted = {(file.name, line) for file, line, _ in _all_expected()}
    assert found == wanted


def _all_expected() -> set[tuple[Path, int, str]]:
    return {each for file in sorted(USERS.glob("*.py")) for each in _expected(file)}


def _errors(report: str) -> list[tuple[str, str, str]]:
    return [match.groups() for line in report.splitlines() if (match := _ERROR.match(line))]  # type: ignore[misc]


def _expected(file: Path) -> set[tuple[Path, int, str]]:
    return {
        (file, number, code)
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if (match := _EXPECTED.search(line))
        for code in match.group(1).split()
    }
