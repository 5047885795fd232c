"""The wheel, in an empty folder: what someone gets who never saw the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's own files, to be put before the checkout on the path."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def pennyform(site: Path, cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PENNYLANE_")}
    environment |= {"PYTHONPATH": str(site), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "pennyform", *words]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)


def test_it_carries_the_data_it_needs_and_nothing_of_this_machine(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "pennyform/_data/schemas/invoice.schema.json",
        "pennyform/_data/schemas/vat_rates.json",
        "pennyform/_data/specs/company/contract.json",
        "pennyform/_data/specs/lock.json",
        "pennyform/py.typed",
        "pennylane_company/py.typed",
    ):
        assert needed in names
    assert not [name for name in names if ".pennyform/" in name or name.endswith(".pyc")]


def test_from_an_empty_folder_to_verified_invoices(site: Path, tmp_path: Path) -> None:
    steps = [
        ("init",),
        ("validate",),
        ("plan",),
        ("apply", "--sandbox", "--auto-approve"),
        ("verify",),
        ("plan", "--detailed-exitcode"),
    ]
    for step in steps:
        done = pennyform(site, tmp_path, *step)
        assert done.returncode == 0, f"{step}: {done.stdout}{done.stderr}"
        assert str(site) not in done.stdout
    assert str(site) in pennyform_location(site, tmp_path), "the wheel was tested, not the checkout"


def pennyform_location(site: Path, cwd: Path) -> str:
    command = [sys.executable, "-c", "import pennyform; print(pennyform.__file__)"]
    environment = os.environ | {"PYTHONPATH": str(site)}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True).stdout
