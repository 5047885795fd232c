"""The last look at what is emitted: it parses, and nothing in it can do more than what templates mean."""

from __future__ import annotations

import ast
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from pennyform.findings import Failure, Finding, Severity, tidy

# Modules written from the contract. Everything else is the same for every contract.
_FROM_CONTRACT = ("/models/", "/resources/", "/filters.py", "/_client.py")
_ALLOWED_NODES = (
    ast.Module, ast.Import, ast.ImportFrom, ast.alias, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef,
    ast.arguments, ast.arg, ast.keyword, ast.Return, ast.Expr, ast.Assign, ast.AnnAssign, ast.If, ast.Await,
    ast.Call, ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.Dict, ast.Tuple, ast.List,
    ast.BinOp, ast.BitOr, ast.Load, ast.Store,
)  # fmt: skip
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def refuse_hostile_text(document: Any) -> None:
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


def check(files: Mapping[str, str]) -> None:
    """Parse every module, and allow only the kinds of statements that the templates are made of.

    Raises:
        Failure: a module that does not parse or that holds anything else; the fault is in a template.
    """
    findings = [
        _finding(path, line, what)
        for path, text in files.items()
        if path.endswith(".py")
        for line, what in _faults(path, text)
    ]
    if findings:
        raise Failure(tidy(findings))


def _faults(path: str, text: str) -> Iterator[tuple[int, str]]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as problem:
        yield getattr(problem, "lineno", 0) or 0, f"does not parse: {problem}"
        return
    if any(part in path for part in _FROM_CONTRACT):
        yield from _unexpected(tree, contract_only="/_client.py" not in path)


def _unexpected(tree: ast.Module, *, contract_only: bool) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if contract_only and not isinstance(node, _ALLOWED_NODES):
            yield getattr(node, "lineno", 0), f"holds a {type(node).__name__}"
        elif isinstance(node, ast.Call) and contract_only and not _is_known_call(node):
            yield node.lineno, f"calls {ast.unparse(node.func)}"


_CALLS = {"Operation", "field", "lazily", "variants"}


def _is_known_call(node: ast.Call) -> bool:
    if isinstance(node.func, ast.Name):
        return node.func.id in _CALLS
    return ast.unparse(node.func) in {"self._core.call", "self._core.items"}


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
