"""Carry out every attack, or take each gate out: ``python -m tests.attacks [--planted] [--write]``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from . import table
from .kinds import files_of
from .planted import PLANTED

_TESTS = Path(__file__).parents[1]


def main() -> int:
    """Returns the exit code: whether everything held, or every gate was missed."""
    parser = argparse.ArgumentParser(prog="nox -s attacks --", description=__doc__)
    parser.add_argument("--planted", action="store_true", help="take each gate out, and see it missed")
    parser.add_argument("--write", action="store_true", help="write the table of docs/reliability.md")
    options = parser.parse_args()
    if options.planted:
        return _take_out_each()
    numbers = counts()
    if options.write:
        table.write(numbers)
    code = _pytest("-m", "attack", "-n", "auto", *files_of())
    _say(table.render(numbers))
    _say("something got through" if code else "all held")
    return code


def counts() -> Mapping[str, int]:
    """The number of attacks of each kind, as pytest collects them."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "counts")
        code = _pytest("--collect-only", "-qq", "-n0", f"--count-to={file}", *files_of(), quiet=True)
        assert code == 0, "the tests cannot be collected"
        numbers: dict[str, int] = json.loads(file.read_text())
        return numbers


def _take_out_each() -> int:
    missed = {}
    for name, plant in PLANTED.items():
        arguments = ["-x", "-q", "-n0", f"--attack={plant.kind}", f"--plant={name}", *files_of(plant.kind)]
        # 1: a test failed. Anything else, such as that none was found, is a mistake here.
        missed[name] = _pytest(*arguments, quiet=True) == 1
        _say(f"{plant.kind:10} {name}: {'an attack got through' if missed[name] else 'NOBODY NOTICED'}")
    return 0 if all(missed.values()) else 1


def _pytest(*arguments: str, quiet: bool = False) -> int:
    named = [str(_TESTS / argument) if argument.endswith(".py") else argument for argument in arguments]
    command = [sys.executable, "-m", "pytest", "-p", "tests.attacks.plugin", *named]
    output = subprocess.DEVNULL if quiet else None
    # With other options than a developer may have set, such as a plan of its own.
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    done = subprocess.run(
        command, cwd=_TESTS.parent, stdout=output, stderr=output, check=False, env=environment
    )
    return done.returncode


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
