"""The locks hold what every session installs: nothing is left to the day on which it runs."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

ROOT = Path(__file__).parents[1]
LOCKS = ROOT / "locks"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
GROUPS: dict[str, list[str]] = PROJECT["dependency-groups"]
LOWEST = ("build", "test", "types")
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]


def locked(name: str) -> dict[str, list[str]]:
    """The packages of a lock, each with its versions: there are several where markers tell them apart."""
    found: dict[str, list[str]] = {}
    for line in (LOCKS / name).read_text("utf-8").splitlines():
        if not line.startswith("#"):
            wanted = Requirement(line)
            (pinned,) = wanted.specifier
            assert pinned.operator == "==", line
            found.setdefault(wanted.name, []).append(pinned.version)
    return found


def requirements(*groups: str) -> Iterator[Requirement]:
    texts = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
    texts += [text for name, extra in EXTRAS.items() if name != "all" for text in extra]
    yield from map(Requirement, texts + [text for group in groups for text in GROUPS[group]])


@pytest.mark.parametrize(("name", "groups"), [("constraints", tuple(GROUPS)), ("lowest", LOWEST)])
def test_everything_that_is_asked_for_is_locked(name: str, groups: tuple[str, ...]) -> None:
    versions = locked(f"{name}.txt")
    for wanted in requirements(*groups):
        assert all(wanted.specifier.contains(version) for version in versions[wanted.name]), wanted


def test_the_lowest_versions_are_those_that_we_allow() -> None:
    """Where another package asks for a higher one, uv takes that: the bound that we give is then untrue."""
    versions = locked("lowest.txt")
    lowest = {wanted.name: _lowest(wanted.specifier) for wanted in requirements(*LOWEST)}
    higher = {name: versions[name] for name, allowed in lowest.items() if [allowed] != parsed(versions[name])}
    assert higher == {}


def parsed(versions: list[str]) -> list[Version]:
    return list(map(Version, versions))


def _lowest(allowed: SpecifierSet) -> Version:
    (version,) = (each.version for each in allowed if each.operator in (">=", "=="))
    return Version(version)


def test_sessions_install_what_the_lock_names() -> None:
    """Whoever adds a package to a session adds it to pyproject.toml, and to the lock."""
    tree = ast.parse((ROOT / "noxfile.py").read_text("utf-8"))
    words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert not [
        word for word in words if isinstance(word, str) and re.search(r"^[\w.@/-]+(@|[=<>~]=)\d", word)
    ]
    installing = {
        function.name
        for function in tree.body
        if isinstance(function, ast.FunctionDef) and "session.install(" in ast.unparse(function)
    }
    assert installing == {"_install", "versions"}


def test_what_is_not_run_with_other_versions_exists() -> None:
    """A path that moved would be run again, and its name kept for nothing."""
    text = (ROOT / "noxfile.py").read_text("utf-8")
    (left_out,) = (
        eval(compile(ast.Expression(node.value), "noxfile.py", "eval"))
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NO_PACKAGES"
    )
    assert [path for path in left_out if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("tool", ["prism", "yaml-language-server"])
def test_tools_from_npm_are_locked_with_all_that_they_need(tool: str) -> None:
    lock = json.loads((LOCKS / tool / "package-lock.json").read_text("utf-8"))
    wanted = json.loads((LOCKS / tool / "package.json").read_text("utf-8"))
    assert lock["packages"][""]["dependencies"] == wanted["dependencies"]
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert all(package["version"] and package["integrity"] for package in packages.values())
    assert not [name for name, package in packages.items() if "resolved" in package]


def test_the_hooks_of_this_checkout_judge_by_the_same_ruff() -> None:
    config = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    (version,) = locked("constraints.txt")["ruff"]
    assert set(re.findall(r"\bruff[=<>~]=[\w.]+", config)) == {f"ruff=={version}"}


def test_locks_name_no_place_to_fetch_from() -> None:
    for file in LOCKS.glob("*.txt"):
        assert not re.search("https?:|--index|--find-links", file.read_text("utf-8")), file.name
