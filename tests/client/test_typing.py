"""The emitted package passes a strict type checker, and so does the code of those who use it rightly."""

from __future__ import annotations

import re
from pathlib import Path

import pennylane_company
from mypy import api

HERE = Path(__file__).parent
PACKAGE = Path(pennylane_company.__file__).parent
_EXPECTED = re.compile(r"#\s*E:\s*(.+)$")
_ERROR = re.compile(r"^(.+?):(\d+): error: .*\[([a-z-]+)\]$")


def test_strictly_and_with_exactly_the_expected_errors(tmp_path: Path) -> None:
    files = sorted((HERE / "typing").glob("*.py"))
    options = [
        "--strict",
        "--warn-unreachable",
        "--python-version=3.11",
        "--no-error-summary",
        "--no-incremental",
    ]
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\n")
    report, problems, _ = api.run([*options, f"--config-file={config}", str(PACKAGE), *map(str, files)])
    assert problems == ""
    found = {(Path(name).resolve(), int(line), code) for name, line, code in _errors(report)}
    assert found == {expected for file in files for expected in _expected(file)}, report


def _errors(report: str) -> list[tuple[str, str, str]]:
    return [match.groups() for line in report.splitlines() if (match := _ERROR.match(line))]  # type: ignore[misc]


def _expected(file: Path) -> set[tuple[Path, int, str]]:
    return {
        (file, number, code)
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if (match := _EXPECTED.search(line))
        for code in match.group(1).split()
    }
