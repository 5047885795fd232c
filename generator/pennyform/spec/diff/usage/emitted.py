"""Find what of an emitted client comes from a part of the contract that changed."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from pennyform.spec.diff.usage.search import EMITTED, Text, Use
from pennyform.spec.diff.usage.words import Words

# A class or a list with this share of fields or values in common is taken for the one that was emitted. It
# may be emitted from either contract, so what changed itself does not count.
_ALIKE = 0.9

_Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def in_emitted(text: Text, tree: ast.Module, words: Sequence[Words]) -> Iterator[Use]:
    """The symbols of one emitted file that a new contract will change."""
    classes = [(node, _fields(node)) for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    lists = list(_lists(tree))
    operations = _operations(tree)
    for word in words:
        if word.siblings:
            yield from _models(text, classes, word)
        if word.choices:
            for name, node, values in lists:
                if _alike(values, word.choices):
                    yield _use(text, node, name, word)
        if not word.siblings or not word.in_body:
            for symbol, node in operations.get(word.operation_id, ()):
                yield _use(text, node, symbol, word)


def _models(text: Text, classes: list[tuple[ast.ClassDef, dict[str, ast.AST]]], word: Words) -> Iterator[Use]:
    for node, fields in classes:
        changed = {word.changed}
        if not _alike(frozenset(fields) - changed, word.siblings - changed):
            continue
        place = fields.get(word.field)
        if place is not None:
            yield _use(text, place, f"{node.name}.{word.field}", word)
        else:
            yield _use(text, node, node.name, word)


def _use(text: Text, node: ast.AST, symbol: str, word: Words) -> Use:
    line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
    return Use(text.file, line, column, EMITTED, symbol, word.fingerprint)


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one) and len(one & other) >= _ALIKE * len(one | other)


def _fields(node: ast.ClassDef) -> dict[str, ast.AST]:
    return {
        line.target.id: line
        for line in node.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    }


def _lists(tree: ast.Module) -> Iterator[tuple[str, ast.AST, frozenset[str]]]:
    """Every ``Name: TypeAlias = Literal[…]`` with its texts."""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            values = frozenset(_texts(node.value))
            if values:
                yield node.target.id, node, values


def _texts(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value


def _operations(tree: ast.Module) -> dict[str, list[tuple[str, ast.AST]]]:
    """The methods that carry out each operation, by its id."""
    constants = {
        node.target.id: text
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value
        for text in _texts(node.value)
    }
    found: dict[str, list[tuple[str, ast.AST]]] = {}
    for owner in tree.body:
        if not isinstance(owner, ast.ClassDef):
            continue
        for method in owner.body:
            if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
                for name in {node.id for node in ast.walk(method) if isinstance(node, ast.Name)}:
                    if name in constants:
                        symbols = found.setdefault(constants[name], [])
                        symbols.append((f"{owner.name}.{method.name}", method))
    return found
