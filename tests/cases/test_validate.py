"""Each folder of ``validate/`` is a contract: these files, this output, this exit code.

``UPDATE_CASES=1 pytest tests/cases`` writes what comes out instead of comparing; read the difference before
keeping it.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from pennyform.cli import main
from pennyform.cli.terminal import Terminal

CASES = sorted(path for path in Path(__file__).with_name("validate").iterdir() if path.is_dir())

# The day on which all cases are checked.
TODAY = date(2026, 5, 4)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_validate(case: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(case)
    code = main(["validate"], terminal=Terminal.system()._replace(today=TODAY))
    out, err = capsys.readouterr()
    actual = f"{out}exit {code}\n"
    expected = case / "expected.txt"
    if os.environ.get("UPDATE_CASES"):
        expected.write_text(actual, encoding="utf-8")
    assert err == ""
    assert actual == expected.read_text(encoding="utf-8")
