"""The arrows of ARCHITECTURE.md, held by reading every import in the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOL = ROOT / "generator" / "pennyform"
CLIENT = ROOT / "generated" / "pennylane_company"

# Room -> the rooms of pennyform that it may import, besides itself.
GROUND = {"findings", "data"}
ALLOWED = {
    "findings": set(),
    "data": set(),
    "spec": GROUND,
    "codegen": GROUND | {"spec"},
    "invoices": GROUND,
    "engine": GROUND | {"invoices"},
    "sandbox": GROUND,
    "testing": {"sandbox"},
    "report": GROUND,
    "cli": GROUND | {"spec", "codegen", "invoices", "engine", "sandbox", "report"},
    "__main__": {"cli"},
    "__init__": set(),
}


def _imports(file: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: imports are absolute in pennyform"
            if node.module == "pennyform":
                yield from ((node.lineno, f"pennyform.{alias.name}") for alias in node.names)
            elif node.module:
                yield node.lineno, node.module


def _room(file: Path) -> str:
    return file.relative_to(TOOL).parts[0].removesuffix(".py")


def _wrong_arrows() -> Iterator[str]:
    for file in sorted(TOOL.rglob("*.py")):
        room = _room(file)
        for line, module in _imports(file):
            top, _, rest = module.partition(".")
            target = rest.partition(".")[0]
            if top != "pennyform" or target in {"", room, "__version__"}:
                continue
            if target not in ALLOWED[room]:
                yield f"{file.relative_to(ROOT)}:{line}: {room} may not import {target}"


def test_an_arrow_never_points_up_or_across() -> None:
    assert list(_wrong_arrows()) == []


def test_every_room_is_named() -> None:
    found = {_room(file) for file in TOOL.rglob("*.py")}
    assert found == set(ALLOWED), "a new room needs its arrows written down here and in ARCHITECTURE.md"


def test_generated_code_stands_alone() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in sorted(CLIENT.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom) and "pennyform" in ast.unparse(node)
    ]
    assert wrong == []


@pytest.mark.parametrize("library", ["pennylane_company", "httpx"])
def test_only_the_edges_speak_to_the_api(library: str) -> None:
    edges = {"engine/account/client.py", "cli/account/connection.py", "spec", "sandbox", "testing"}
    users = {
        file.relative_to(TOOL).as_posix()
        for file in TOOL.rglob("*.py")
        for _, module in _imports(file)
        if module.partition(".")[0] == library
    }
    strangers = {user for user in users if user not in edges and user.partition("/")[0] not in edges}
    assert strangers == set()
