"""The checks of what is published, each seen to find what it is for."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from . import contents

VERSION = contents.VERSION
INFORMATION = f"pennyform-{VERSION}.dist-info"
URLS = "".join(f"Project-URL: {name}, {url}\n" for name, url in contents.PROJECT["urls"].items())
EXTRAS = "".join(f"Provides-Extra: {name}\n" for name in contents.PROJECT["optional-dependencies"])
METADATA = (
    f"Name: pennyform\nVersion: {VERSION}\nLicense-Expression: MIT\nRequires-Python: >=3.11\n{URLS}{EXTRAS}"
)
WHEEL = {
    **dict.fromkeys(contents._NEEDED_IN_WHEEL, ""),
    f"{INFORMATION}/licenses/LICENSE": "",
    f"{INFORMATION}/METADATA": METADATA,
}


def problems_of_wheel(folder: Path, files: dict[str, str]) -> list[str]:
    wheel = folder / "it.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return list(contents.problems_of_wheel(wheel))


def test_a_sound_wheel_has_no_problem(tmp_path: Path) -> None:
    assert problems_of_wheel(tmp_path, WHEEL) == []


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("tests/test_it.py", "", "it.whl installs tests"),
        ("pennyform/.pennyform/sandbox.db", "", "it.whl has pennyform/.pennyform/sandbox.db"),
        ("pennyform/a.pyc", "", "it.whl has pennyform/a.pyc"),
        ("pennyform/a.py", str(contents.ROOT), "it.whl names a folder of this machine in pennyform/a.py"),
        (f"{INFORMATION}/METADATA", METADATA.replace(VERSION, "0.0.1"), "the metadata say Version: 0.0.1"),
        (f"{INFORMATION}/METADATA", METADATA.replace("MIT", "ISC"), "the metadata say License-Expression"),
        (f"{INFORMATION}/METADATA", METADATA.replace(EXTRAS, ""), "the metadata have other extras"),
        (
            f"{INFORMATION}/METADATA",
            METADATA.replace("Homepage", "Home"),
            "the metadata have other addresses",
        ),
    ],
)
def test_what_is_wrong_with_a_wheel_is_said(tmp_path: Path, name: str, text: str, problem: str) -> None:
    assert any(found.startswith(problem) for found in problems_of_wheel(tmp_path, WHEEL | {name: text}))


@pytest.mark.parametrize("name", WHEEL)
def test_what_a_wheel_lacks_is_said(tmp_path: Path, name: str) -> None:
    files = {other: text for other, text in WHEEL.items() if other != name}
    assert f"it.whl lacks {name}" in problems_of_wheel(tmp_path, files)


def test_what_is_in_no_commit_is_in_no_sdist(tmp_path: Path) -> None:
    sdist = tmp_path / "it.tar.gz"
    with tarfile.open(sdist, "w:gz") as archive:
        for name in (*contents._NEEDED_IN_SDIST[1:], "PKG-INFO", "notes.txt"):
            archive.addfile(tarfile.TarInfo(f"it/{name}"), io.BytesIO())
        link = tarfile.TarInfo("it/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert set(contents.problems_of_sdist(sdist)) == {
        "it.tar.gz lacks pyproject.toml",
        "it.tar.gz has notes.txt, which is not in the repository",
        "it.tar.gz has link, which is no file",
    }
