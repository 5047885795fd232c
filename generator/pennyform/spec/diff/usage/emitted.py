"""Find what of an emitted client comes from a part of the contract that changed."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from pennyform.results.contract_diff import ChangeUse
from pennyform.spec.diff.usage.search_terms import SearchTerm
from pennyform.spec.diff.usage.texts import Text

# A class or a list with this share of fields or values in common is taken for the one that was emitted.
_ALIKE = 0.9
# The base class of models that go the other way than what changed: by whether that is sent.
_OPPOSITE_BASE = {True: "Answer", False: "Request"}

_Class = tuple[ast.ClassDef, dict[str, ast.AST]]


def uses_in_emitted(text: Text, tree: ast.Module, terms: Sequence[SearchTerm]) -> Iterator[ChangeUse]:
    """The symbols of one emitted file that a new contract will change."""
    classes: list[_Class] = [
        (
            node,
            {
                line.target.id: line
                for line in node.body
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
            },
        )
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    ]
    lists = list(_lists(tree))
    operations = _operations(tree)
    for term in terms:
        if term.objects:
            yield from _models(text, classes, term)
        if term.choices and term.sent:
            for name, node, values in lists:
                if _alike(values, term.choices):
                    yield _use(text, node, name, term)
        if not term.objects or not term.in_body:
            for symbol, node in operations.get(term.operation_id, ()):
                yield _use(text, node, symbol, term)


def _models(text: Text, classes: list[_Class], term: SearchTerm) -> Iterator[ChangeUse]:
    """Models live in the module of their resource, or in the one that resources share.

    A model that has the changed field is the one; without such a model, all that are like it.
    """
    if PurePath(text.file).stem not in (term.resource, "shared"):
        return
    alike = []
    for node, fields in classes:
        bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
        if _OPPOSITE_BASE[term.sent] not in bases and any(
            _alike(frozenset(fields), names, term.changed) for names in term.objects
        ):
            alike.append((node, fields))
    # A field that was only added is in no emitted model yet: then likeness has to do.
    exact = [(node, fields) for node, fields in alike if term.changed in fields]
    for node, fields in exact:
        yield _use(text, fields[term.changed], f"{node.name}.{term.changed}", term)
    for node, _ in () if exact else alike:
        yield _use(text, node, node.name, term)


def _use(text: Text, node: ast.AST, symbol: str, term: SearchTerm) -> ChangeUse:
    line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
    return ChangeUse(text.file, line, column, "emitted", symbol, term.fingerprint)


def _alike(left: frozenset[str], right: frozenset[str], changed: str = "") -> bool:
    """Whether two sets have most in common. What changed may be in either, since either may be emitted."""
    both = (left | right) - {changed}
    return bool(both) and len(left & right - {changed}) >= _ALIKE * len(both)


def _lists(tree: ast.Module) -> Iterator[tuple[str, ast.AST, frozenset[str]]]:
    """Every ``Name: … = …`` of a module with the texts on its right side."""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            values = frozenset(
                inner.value
                for inner in ast.walk(node.value)
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
            )
            if values:
                yield node.target.id, node, values


def _operations(tree: ast.Module) -> dict[str, list[tuple[str, ast.AST]]]:
    """The methods that carry out each operation, by every text that the operation is declared with."""
    declared = {name: values for name, _, values in _lists(tree)}
    operations: dict[str, list[tuple[str, ast.AST]]] = {}
    for owner in tree.body:
        for method in owner.body if isinstance(owner, ast.ClassDef) else ():
            if isinstance(owner, ast.ClassDef) and isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
                names = {node.id for node in ast.walk(method) if isinstance(node, ast.Name)}
                for text in sorted(text for name in names & declared.keys() for text in declared[name]):
                    operations.setdefault(text, []).append((f"{owner.name}.{method.name}", method))
    return operations
