"""Expressions of a template looked at without values: syntax, filters, and names that nothing gives.

An invoice only evaluates what its values lead to. This looks at the rest too: at a line that none of them
keeps, at the other side of an `if`, at a template that no definition uses yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jinja2 import nodes

from pennyform.findings import Finding
from pennyform.invoices.expressions.compile import ExpressionError, syntax_trees
from pennyform.invoices.templates.apply import HEADER_NAMES
from pennyform.invoices.templates.parameters import Parameter
from pennyform.invoices.yaml.document import Document, Path

_Fields = frozenset[str] | None
Known = Mapping[str, _Fields]
"""What expressions may name, and the fields that each of it has; None where it has none to name."""

_DATE = frozenset({"year", "month", "day"})
_CONTROLS = ("for_each", "as")


def check_expressions(document: Document, parameters: Mapping[str, Parameter]) -> Iterator[Finding]:
    """Every expression of a template that cannot be evaluated whatever the values are.

    Args:
        document: a template that has passed its schema; what it extends is looked at by itself.
        parameters: all that the template has, those of what it extends included.
    """
    known: dict[str, _Fields] = dict.fromkeys(HEADER_NAMES)
    known |= dict.fromkeys(("date", "deadline"), _DATE)
    known |= {name: _DATE if one.type == "date" else None for name, one in parameters.items()}
    yield from _part(document, ("invoice",), document.value["invoice"], known, parameters)


def _part(
    document: Document, path: Path, value: Any, known: Known, parameters: Mapping[str, Parameter]
) -> Iterator[Finding]:
    if isinstance(value, dict):
        inner = {**known, **_of_loop(value, parameters)}
        for name, member in value.items():
            if name not in _CONTROLS:
                yield from _part(document, (*path, name), member, inner, parameters)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _part(document, (*path, index), entry, known, parameters)
    elif isinstance(value, str) and "{" in value:
        yield from _scalar(document, path, value, known)


def _of_loop(entry: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> dict[str, _Fields]:
    """What a repeated entry gives to its expressions."""
    over = entry.get("for_each")
    if not isinstance(over, str):
        return {}
    fields = parameters[over].fields if over in parameters else {}
    return {entry.get("as", "item"): frozenset(fields) or None, "index": None}


def _scalar(document: Document, path: Path, text: str, known: Known) -> Iterator[Finding]:
    try:
        trees = syntax_trees(text)
    except ExpressionError as error:
        yield _finding(document, path, known, str(error))
        return
    for source, tree in trees:
        # One finding for each expression: the second is mostly a consequence of the first.
        problem, fix = next(_problems(source, tree, known), ("", ""))
        if problem:
            yield _finding(document, path, known, problem, fix)


def _problems(source: str, tree: nodes.Template, known: Known) -> Iterator[tuple[str, str]]:
    """What is wrong, and what to write instead."""
    for name in tree.find_all(nodes.Name):
        if name.name not in known:
            yield f"`{name.name}` is not defined", _meant(name.name, known)
    if tree.find(nodes.Call):
        yield f"`{source}`: nothing can be called here; there are filters", ""
    if tree.find(nodes.Pow):
        yield f"`{source}`: `**` is not allowed", "multiply"
    for access in tree.find_all(nodes.Getattr):
        fields = known.get(access.node.name) if isinstance(access.node, nodes.Name) else None
        if fields is not None and access.attr not in fields:
            listed = ", ".join(sorted(fields))
            yield f"`{source}`: there is no `{access.attr}`; there are {listed}", _meant(access.attr, fields)


def _meant(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, sorted(known), n=1, cutoff=0.7)
    return f"write `{close[0]}`" if close else ""


def _finding(document: Document, path: Path, known: Known, problem: str, fix: str = "") -> Finding:
    return document.finding(
        "expression",
        f"the expression cannot be evaluated: {problem}",
        path,
        detail=f"Known here: {', '.join(sorted(known))}.",
        fix=fix,
    )
