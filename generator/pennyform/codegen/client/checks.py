"""The last look at what is emitted: it parses, and nothing in it can do more than what templates mean."""

from __future__ import annotations

import ast
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from pennyform.findings import Failure, Finding, Severity, tidy

# Modules written from the contract. Everything else is the same for every contract, but for resource names.
_FROM_CONTRACT = ("/models/", "/resources/", "/filters.py")
_ALLOWED_NODES = (
    ast.Module, ast.Import, ast.ImportFrom, ast.alias, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef,
    ast.arguments, ast.arg, ast.keyword, ast.Return, ast.Expr, ast.Assign, ast.AnnAssign, ast.If, ast.Await,
    ast.Call, ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.Dict, ast.Tuple, ast.List,
    ast.BinOp, ast.BitOr, ast.Load, ast.Store,
)  # fmt: skip
_CALLS = {"Operation", "field", "lazily", "variants"}
_CORE_CALLS = {"self._core.call", "self._core.items", "self._core.numbered_items"}
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def refuse_hidden_characters(document: Any) -> None:
    """Refuse control, bidi and other invisible characters anywhere in a document.

    Raises:
        Failure: with every place of one.
    """
    findings = [
        Finding(
            "hidden-character",
            Severity.ERROR,
            f"a text in the contract has the invisible character U+{ord(character):04X}",
            pointer=pointer,
            detail="Emitted code would not be what it looks like to a reader.",
            fix="Remove the character in the overlay, and ask where it came from.",
        )
        for pointer, character in _hidden(document, "")
    ]
    if findings:
        raise Failure(tidy(findings))


def _hidden(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _hidden(str(key), pointer)
            escaped = str(key).replace("~", "~0").replace("/", "~1")
            yield from _hidden(inner, f"{pointer}/{escaped}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _hidden(inner, f"{pointer}/{index}")
    elif isinstance(value, str) and not value.isprintable():
        found = (each for each in value if each not in "\n\t" and unicodedata.category(each) in _HIDDEN)
        yield from ((pointer, each) for each in found)


def check(files: Mapping[str, str], without_prose: Mapping[str, str]) -> None:
    """Parse every module; allow only what the templates are made of, and prose in docstrings only.

    Args:
        files: text by path.
        without_prose: the same, emitted from the contract without any of its descriptions.

    Raises:
        Failure: a module does not hold to that; the fault is in a template or in what it is given.
    """
    findings = [
        _finding(path, line, what)
        for path, text in files.items()
        if path.endswith(".py")
        for line, what in _faults(path, text, without_prose.get(path, ""))
    ]
    if findings:
        raise Failure(tidy(findings))


def _faults(path: str, text: str, blank: str) -> Iterator[tuple[int, str]]:
    try:
        tree = ast.parse(text)
        if text != blank and _bare(text, tree) != _bare(blank, ast.parse(blank)):
            yield 0, "changes with the contract's prose"
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        yield getattr(problem, "lineno", 0) or 0, f"does not parse: {problem}"
        return
    if any(part in path for part in _FROM_CONTRACT):
        yield from _unexpected(tree)


def _bare(text: str, tree: ast.Module) -> list[str]:
    """The lines of a module without those of its docstrings."""
    lines: list[str | None] = [*text.split("\n")]
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines[node.lineno - 1 : node.end_lineno] = [None] * ((node.end_lineno or 0) - node.lineno + 1)
    return [line for line in lines if line is not None]


def _unexpected(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED_NODES):
            yield getattr(node, "lineno", 0), f"holds a {type(node).__name__}"
        elif isinstance(node, ast.Call) and not _is_known_call(node):
            yield node.lineno, f"calls {ast.unparse(node.func)}"


def _is_known_call(node: ast.Call) -> bool:
    if isinstance(node.func, ast.Name):
        return node.func.id in _CALLS
    return ast.unparse(node.func) in _CORE_CALLS


def _finding(path: str, line: int, what: str) -> Finding:
    return Finding(
        "emitted-code-unsafe",
        Severity.ERROR,
        f"the emitted module {what}",
        file=path,
        line=line,
        column=1,
        detail="A template let contract text through where code belongs.",
        fix="Print contract text as a name, a literal or a docstring, never as it is.",
    )
