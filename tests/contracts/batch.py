"""Type checking of many packages at once, with the programs that call them, by one run of mypy."""

from __future__ import annotations

import ast
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from .package import PACKAGE

# Modules that depend on the contract's operations; all others are the same for most contracts.
_OWN = re.compile(r"/(models|resources)/|/(filters|_client|_contract|__init__)\.py$")
_PROGRAM = f"""from __future__ import annotations

import datetime as dt
from decimal import Decimal

from .{PACKAGE} import Client, models, types


def use(client: Client) -> None:
"""
_ERROR = re.compile(r"seed_(\d+)/(.*)")


def type_errors(packages: Mapping[int, tuple[Mapping[str, str], Sequence[str]]]) -> dict[int, list[str]]:
    """What mypy --strict says.

    Args:
        packages: the modules and the calls of each seed.

    Returns:
        The errors of each seed that has some; under -1 what mypy says of no seed in particular.
    """
    with TemporaryDirectory(prefix="contracts-") as name:
        folder = Path(name)
        first: dict[str, int] = {}
        for seed, (files, calls) in packages.items():
            home = first.setdefault(_runtime(files), seed)
            for path, text in files.items():
                shared = home != seed and not _OWN.search(f"/{path}")
                _write(folder / f"seed_{seed}" / path, _alias(home, path, text) if shared else text)
            body = "\n".join(f"    {call}" for call in calls) or "    del client"
            _write(folder / f"seed_{seed}" / "program.py", f"{_PROGRAM}{body}\n")
        return _mypy(folder)


def _runtime(files: Mapping[str, str]) -> str:
    text = "".join(f"{path}\n{text}" for path, text in sorted(files.items()) if not _OWN.search(f"/{path}"))
    return hashlib.sha256(text.encode()).hexdigest()


def _alias(home: int, path: str, text: str) -> str:
    """A module that brings the names of the same module of another package."""
    module = f"seed_{home}.{path.removesuffix('.py').replace('/', '.')}"
    names = dict.fromkeys(name for node in ast.parse(text).body for name in _names(node))
    return "\n".join(f"from {module} import {name} as {name}" for name in names) + "\n"


def _names(node: ast.stmt) -> Iterator[str]:
    """The names that a statement gives a module to export."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name
    elif isinstance(node, ast.AnnAssign | ast.Assign):
        targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        if names == ["__all__"] and node.value:
            names = ast.literal_eval(node.value)
        yield from names
    elif isinstance(node, ast.If):
        for inner in node.body:
            yield from _names(inner)
    elif isinstance(node, ast.ImportFrom):
        yield from (alias.name for alias in node.names if alias.asname == alias.name)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _mypy(folder: Path) -> dict[int, list[str]]:
    options = [
        "--strict",
        "--no-error-summary",
        "--no-incremental",
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
