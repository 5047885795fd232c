"""Expressions of a template checked without values: syntax, filters, and names that nothing defines.

An invoice only evaluates what its values lead to. This looks at the rest too: at a line that none of them
keeps, at the other side of an `if`, at a template that no definition uses yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from jinja2 import nodes

from pennyform.findings import Finding, closest_name
from pennyform.invoices.expressions.compile import ExpressionError, syntax_trees
from pennyform.invoices.expressions.sandbox import NOTHING_TO_CALL, NUMBER_OF
from pennyform.invoices.templates.apply import HEADER_NAMES, TEXT_LANGUAGE
from pennyform.invoices.templates.parameters import Parameter
from pennyform.invoices.yaml.document import Document, Path, YamlValue, holds_braces

Known = Mapping[str, frozenset[str] | None]
"""What expressions may name, and the fields that each of it has; None where it has none to name."""

# All that expressions can take of a day, as the sandbox holds them to (expressions.sandbox).
_DATE = frozenset({"year", "month", "day"})
_CONTROLS = ("for_each", "as")


def check_expressions(document: Document, parameters: Mapping[str, Parameter]) -> Iterator[Finding]:
    """Every expression of a template that cannot be evaluated whatever the values are.

    Args:
        document: a template that has passed its schema; what it extends is looked at by itself.
        parameters: all that the template has, those of what it extends included.
    """
    known: dict[str, frozenset[str] | None] = dict.fromkeys((*HEADER_NAMES, TEXT_LANGUAGE))
    known |= dict.fromkeys(("date", "deadline"), _DATE)
    known |= {name: _DATE if parameter.type == "date" else None for name, parameter in parameters.items()}
    yield from _check_part(document, ("invoice",), document.value["invoice"], known, parameters)


def _check_part(
    document: Document, path: Path, value: YamlValue, known: Known, parameters: Mapping[str, Parameter]
) -> Iterator[Finding]:
    if isinstance(value, dict):
        # A repeated entry gives its own names to the expressions in it.
        loop = value.get("for_each")
        if isinstance(loop, str):
            fields = parameters[loop].fields if loop in parameters else {}
            known = {**known, value.get("as", "item"): frozenset(fields) or None, "index": None}
        for name, member in value.items():
            if name not in _CONTROLS:
                yield from _check_part(document, (*path, name), member, known, parameters)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _check_part(document, (*path, index), entry, known, parameters)
    elif isinstance(value, str) and holds_braces(value):
        for problem, fix in _expression_problems(value, known):
            yield document.finding(
                "expression",
                f"the expression cannot be evaluated: {problem}",
                path,
                detail=f"Known here: {', '.join(sorted(known))}.",
                fix=fix,
            )


def _expression_problems(text: str, known: Known) -> Iterator[tuple[str, str]]:
    """What is wrong with the expressions in ``text``, and what to write instead."""
    try:
        trees = syntax_trees(text)
    except ExpressionError as error:
        yield str(error), error.fix
        return
    for source, tree in trees:
        # One finding for each expression: the second is mostly a consequence of the first.
        problem = next(_tree_problems(source, tree, known), None)
        if problem:
            yield problem


def _tree_problems(source: str, tree: nodes.Template, known: Known) -> Iterator[tuple[str, str]]:
    for name in tree.find_all(nodes.Name):
        if name.name not in known and name.name != NUMBER_OF:
            yield f"`{name.name}` is not defined", _suggestion(name.name, known)
    if any(getattr(call.node, "name", "") != NUMBER_OF for call in tree.find_all(nodes.Call)):
        yield f"`{source}`: {NOTHING_TO_CALL}", ""
    if tree.find(nodes.Pow):
        yield f"`{source}`: `**` is not allowed", "multiply"
    for access in tree.find_all(nodes.Getattr):
        fields = known.get(access.node.name) if isinstance(access.node, nodes.Name) else None
        if fields is not None and access.attr not in fields:
            problem = f"`{source}`: there is no `{access.attr}`; there are {', '.join(sorted(fields))}"
            yield problem, _suggestion(access.attr, fields)


def _suggestion(name: str, known: Iterable[str]) -> str:
    close = closest_name(name, sorted(known), cutoff=0.7)
    return f"write `{close}`" if close else ""
