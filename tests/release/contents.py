"""What an sdist and a wheel hold: everything that is needed, and nothing else."""

from __future__ import annotations

import re
import subprocess
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
_SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = _SETTINGS["project"]
_VERSIONED = ROOT / _SETTINGS["tool"]["hatch"]["version"]["path"]
(VERSION,) = re.findall(r'^__version__ = "(.+)"$', _VERSIONED.read_text(encoding="utf-8"), re.MULTILINE)
PACKAGES = {"pennyform", "pennylane_company", "pennylane_firm"}
# Made while building.
_BUILT = {"PKG-INFO", ".gitignore"}
_NEEDED_IN_WHEEL = (
    "pennyform/_data/schemas/invoice.schema.json",
    "pennyform/_data/specs/company/contract.json",
    "pennyform/_data/specs/lock.json",
    "pennyform/_data/templates/rules.yaml",
    "pennyform/_data/examples/pennyform.yaml",
    "pennyform/py.typed",
    "pennylane_company/py.typed",
    "pennylane_firm/py.typed",
)
_NEEDED_IN_SDIST = ("pyproject.toml", "README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE", "noxfile.py")


def problems_of_wheel(wheel: Path) -> Iterator[str]:
    """Everything that is wrong with a wheel, a sentence each."""
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    information = f"pennyform-{VERSION}.dist-info"
    for name in (*_NEEDED_IN_WHEEL, f"{information}/licenses/LICENSE", f"{information}/METADATA"):
        if name not in files:
            yield f"{wheel.name} lacks {name}"
    for name in files:
        top = name.partition("/")[0]
        if top not in PACKAGES and top != information:
            yield f"{wheel.name} installs {top}"
    yield from _strays(wheel.name, files)
    yield from _problems_of_metadata(files.get(f"{information}/METADATA", b"").decode())


def problems_of_sdist(sdist: Path) -> Iterator[str]:
    """Everything that is wrong with an sdist, a sentence each."""
    tracked = set(subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines())
    files: dict[str, bytes] = {}
    with tarfile.open(sdist) as archive:
        for member in archive.getmembers():
            name = member.name.partition("/")[2]
            if not member.isfile():
                yield f"{sdist.name} has {name}, which is no file"
            elif (content := archive.extractfile(member)) is not None:
                files[name] = content.read()
    for name in _NEEDED_IN_SDIST:
        if name not in files:
            yield f"{sdist.name} lacks {name}"
    for name in sorted(files.keys() - tracked - _BUILT):
        yield f"{sdist.name} has {name}, which is not in the repository"
    yield from _strays(sdist.name, files)


def _strays(archive: str, files: Mapping[str, bytes]) -> Iterator[str]:
    """State, bytecode, and paths of the machine that built it."""
    home, here = str(Path.home()).encode(), str(ROOT).encode()
    for name, content in files.items():
        path = PurePosixPath(name)
        if path.suffix in {".pyc", ".db", ".jsonl"} and "tests" not in path.parts:
            yield f"{archive} has {name}"
        if {".pennyform", "__pycache__", ".venv"} & {*path.parts}:
            yield f"{archive} has {name}"
        if here in content or (len(home) > len("/root") and home in content):
            yield f"{archive} names a folder of this machine in {name}"


def _problems_of_metadata(text: str) -> Iterator[str]:
    metadata = HeaderParser().parsestr(text)
    expected = {
        "Name": PROJECT["name"],
        "Version": VERSION,
        "License-Expression": PROJECT["license"],
        "Requires-Python": PROJECT["requires-python"],
    }
    for name, value in expected.items():
        if metadata[name] != value:
            yield f"the metadata say {name}: {metadata[name]}, not {value}"
    extras = set(PROJECT["optional-dependencies"])
    if set(metadata.get_all("Provides-Extra", [])) != extras:
        yield "the metadata have other extras than pyproject.toml"
    urls = dict(re.split(r",\s*", line, maxsplit=1) for line in metadata.get_all("Project-URL", []))
    if urls != PROJECT["urls"]:
        yield f"the metadata have other addresses than pyproject.toml: {urls}"
