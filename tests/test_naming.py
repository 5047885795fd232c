"""Names say what they hold: a lint for words that say nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
TOOL = ROOT / "generator" / "pennyform"

# Words that could stand for anything. `each` and `one` hide the noun that they stand for; `found`, `given`,
# `kept` and `wanted` say how a value came about, not what it is.
_QUANTIFIERS = "one some each others whole thing things stuff"
_PARTICIPLES = "found said told stated given meant written asked own kept left wanted shown seen"
_PLACES = "there here around"
EMPTY = frozenset(f"{_QUANTIFIERS} {_PARTICIPLES} {_PLACES}".split())


def _names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name that is bound, with its line; ``left`` is a side where there is a ``right`` beside it."""
    sides = any(isinstance(node, ast.arg | ast.Name) and _name(node) == "right" for node in ast.walk(tree))
    for node in ast.walk(tree):
        if sides and _name(node) == "left":
            continue
        if isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name.strip("_").lower()


def _name(node: ast.AST) -> str:
    return str(getattr(node, "arg", getattr(node, "id", "")))


def test_no_name_is_empty() -> None:
    empty = [
        f"{file.relative_to(ROOT)}:{line}: {name}"
        for file in sorted(TOOL.rglob("*.py"))
        for line, name in _names(ast.parse(file.read_text(encoding="utf-8")))
        if name in EMPTY
    ]
    assert empty == []


def test_the_lint_sees_every_kind_of_name() -> None:
    planted = ast.parse(
        "def said(given):\n    kept = 1\n    for one in []:\n        pass\n    return [each for each in []]\n"
    )
    assert {name for _, name in _names(planted)} & EMPTY == {"said", "given", "kept", "one", "each"}
