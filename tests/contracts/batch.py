"""Type checking of many packages at once, with the programs that call them, by one run of mypy."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from .package import PACKAGE, runtime_of

# Relative imports of the modules that are the same for many contracts.
_FROM = re.compile(r"^( *from )\.+(?=(_(?!client\b)\w+|types)\b)", re.MULTILINE)
_IMPORTED = re.compile(r"^( *)from \.\. import (?:(.+), )?types$", re.MULTILINE)
_PROGRAM = """from __future__ import annotations

import datetime as dt
from decimal import Decimal

from . import models, params
from ._client import AsyncClient, Client
from {home} import types


async def use(client: Client, async_client: AsyncClient) -> None:
"""
_ERROR = re.compile(r"seed_(\d+)/(.*)")


def type_errors(
    packages: Mapping[int, tuple[Mapping[str, str], Sequence[str]]], cache: str = os.devnull
) -> dict[int, list[str]]:
    """What mypy --strict says.

    Args:
        packages: the modules and the calls of each seed.
        cache: a folder in which mypy keeps what it knows of libraries, for the next packages.

    Returns:
        The errors of each seed that has some; under -1 what mypy says of no seed in particular.
    """
    with TemporaryDirectory(prefix="contracts-") as name:
        folder = Path(name)
        homes: dict[str, str] = {}
        for seed, (files, calls) in packages.items():
            runtime = hashlib.sha256(repr(sorted(runtime_of(files).items())).encode()).hexdigest()
            if runtime not in homes:
                homes[runtime] = f"runtime_{runtime[:16]}"
                _lay(folder / homes[runtime], files)
            home = homes[runtime]
            # The package's own __init__ is the same for all.
            own = files.keys() - runtime_of(files).keys() - {f"{PACKAGE}/__init__.py"}
            _lay(folder / f"seed_{seed}", {path: _at_home(files[path], home) for path in own})
            body = "\n".join(f"    {call}" for call in calls) or "    del client"
            program = f"{_PROGRAM.format(home=home)}{body}\n"
            (folder / f"seed_{seed}" / "program.py").write_text(program, encoding="utf-8")
        return _mypy(folder, cache)


def _at_home(text: str, home: str) -> str:
    """A module that takes what is the same for many contracts from one package of them."""
    absolute = _FROM.sub(lambda match: f"{match[1]}{home}.", text)
    return _IMPORTED.sub(
        lambda match: (
            f"{match[1]}from {home} import types"
            + (f"\n{match[1]}from .. import {match[2]}" if match[2] else "")
        ),
        absolute,
    )


def _lay(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        place = folder / path.partition("/")[2]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


def _mypy(folder: Path, cache: str) -> dict[int, list[str]]:
    options = [
        "--strict",
        "--no-error-summary",
        f"--cache-dir={cache}",
        "--explicit-package-bases",
        "--no-color-output",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "."], cwd=folder, capture_output=True, text=True, check=False
    )
    errors: dict[int, list[str]] = {}
    for line in (done.stdout + done.stderr).splitlines():
        place = _ERROR.match(line)
        if place is None or ": note:" not in line:
            errors.setdefault(int(place[1]) if place else -1, []).append(
                f"types: {place[2] if place else line}"
            )
    return errors
