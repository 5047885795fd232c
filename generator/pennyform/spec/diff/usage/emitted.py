"""Find what of an emitted client comes from a part of the contract that changed."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from pennyform.spec.diff.usage.search import EMITTED, Text, Use
from pennyform.spec.diff.usage.words import Words

# A class or a list with this share of fields or values in common is taken for the one that was emitted.
_ALIKE = 0.9
# The base class of models that go the other way than what changed: by whether that is sent.
_OTHER_WAY = {True: "Answer", False: "Request"}

_Class = tuple[ast.ClassDef, dict[str, ast.AST]]


def in_emitted(text: Text, tree: ast.Module, words: Sequence[Words]) -> Iterator[Use]:
    """The symbols of one emitted file that a new contract will change."""
    classes = [(node, _fields(node)) for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    lists = list(_lists(tree))
    operations = _operations(tree)
    for word in words:
        if word.objects:
            yield from _models(text, classes, word)
        if word.choices and word.sent:
            for name, node, values in lists:
                if _alike(values, word.choices):
                    yield _use(text, node, name, word)
        if not word.objects or not word.in_body:
            for symbol, node in operations.get(word.operation_id, ()):
                yield _use(text, node, symbol, word)


def _models(text: Text, classes: list[_Class], word: Words) -> Iterator[Use]:
    """Models live in the module of their resource, or in the one that resources share.

    A model that has the changed field is the one; without such a model, all that are like it.
    """
    if PurePath(text.file).stem not in (word.resource, "shared"):
        return
    alike = [(node, fields) for node, fields in classes if _is_model(node, fields, word)]
    exact = [(node, fields) for node, fields in alike if word.changed in fields]
    for node, fields in exact:
        yield _use(text, fields[word.changed], f"{node.name}.{word.changed}", word)
    for node, _ in () if exact else alike:
        yield _use(text, node, node.name, word)


def _is_model(node: ast.ClassDef, fields: dict[str, ast.AST], word: Words) -> bool:
    if _OTHER_WAY[word.sent] in {base.id for base in node.bases if isinstance(base, ast.Name)}:
        return False
    return any(_alike(frozenset(fields), names, word.changed) for names in word.objects)


def _use(text: Text, node: ast.AST, symbol: str, word: Words) -> Use:
    line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
    return Use(text.file, line, column, EMITTED, symbol, word.fingerprint)


def _alike(one: frozenset[str], other: frozenset[str], changed: str = "") -> bool:
    """Whether two sets have most in common. What changed may be in either, since either may be emitted."""
    both = (one | other) - {changed}
    return bool(both) and len(one & other - {changed}) >= _ALIKE * len(both)


def _fields(node: ast.ClassDef) -> dict[str, ast.AST]:
    return {
        line.target.id: line
        for line in node.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    }


def _lists(tree: ast.Module) -> Iterator[tuple[str, ast.AST, frozenset[str]]]:
    """Every ``Name: … = …`` of a module with the texts on its right side."""
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
    """The methods that carry out each operation, by every text that the operation is declared with."""
    declared = {name: values for name, _, values in _lists(tree)}
    found: dict[str, list[tuple[str, ast.AST]]] = {}
    for owner, method in _methods(tree):
        names = {node.id for node in ast.walk(method) if isinstance(node, ast.Name)}
        for text in sorted(text for name in names & declared.keys() for text in declared[name]):
            found.setdefault(text, []).append((f"{owner}.{method.name}", method))
    return found


def _methods(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for owner in tree.body:
        if isinstance(owner, ast.ClassDef):
            for method in owner.body:
                if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield owner.name, method
