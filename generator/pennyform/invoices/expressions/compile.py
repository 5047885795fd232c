"""Expressions of templates: ``{{ }}`` in one scalar, evaluated in Jinja's sandbox to one native value.

Only expressions: no statements, no calls, no operator that could make a value explode. Arithmetic is decimal,
never float. What comes out is text, a number, a date, a truth value, or nothing; it can never become
structure, because it is evaluated after the YAML has been read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import jinja2
import jinja2.nodes

from pennyform.invoices.expressions.errors import explain_expression_error
from pennyform.invoices.expressions.sandbox import environment, filter_names
from pennyform.invoices.yaml.scalars import FORBIDDEN

Value = str | int | Decimal | date | bool
"""What an expression can give; None besides, when it gives nothing."""

_STRUCTURES: dict[type, str] = {list: "a list", tuple: "a list", dict: "a mapping"}
_LONGEST = 2_000
# Jinja and Python read and evaluate what is nested by calling themselves. These two keep them far from the
# interpreter's own limit, which differs with its version and with who called.
DEEPEST = 16
MOST_OPERATORS = 100
_OPERATORS = frozenset(("and", "else", "if", "in", "is", "not", "or"))
_LONGEST_RESULT = 20_000


class ExpressionError(ValueError):
    """An expression cannot be evaluated; the text says why."""


def evaluate(text: str, names: Mapping[str, Any]) -> Value | None:
    """The value of a scalar that holds expressions.

    Args:
        text: a scalar of a template. An expression alone gives its native value, None when that is nothing;
            in other text it gives text.
        names: what the expressions may refer to.

    Raises:
        ExpressionError: an expression is malformed, names something undefined, or gives something else than
            text, a number, a date or a truth value.
    """
    parts = [_native(part(names), source) if source else str(part) for source, part in _compiled(text)]
    value = parts[0] if len(parts) == 1 else "".join(map(_spoken, parts))
    if isinstance(value, str) and (len(value) > _LONGEST_RESULT or FORBIDDEN.search(value)):
        raise ExpressionError("the result is too long or holds invisible characters")
    return value


def syntax_trees(text: str) -> list[tuple[str, jinja2.nodes.Template]]:
    """The expressions in a scalar, each with what it means to Jinja; nothing is evaluated.

    Raises:
        ExpressionError: one of them cannot be compiled.
    """
    sources = [source for source, _ in _compiled(text) if source]
    return [(source, environment().parse(f"{{{{ {source} }}}}")) for source in sources]


@cache
def _compiled(text: str) -> tuple[tuple[str, Any], ...]:
    """``text`` cut into literal parts ("", text) and expressions (source, what evaluates it)."""
    if len(text) > _LONGEST:
        raise ExpressionError(f"text with expressions has at most {_LONGEST:,} characters")
    return tuple(("", part) if not source else (source, _expression(source)) for source, part in _cut(text))


def _cut(text: str) -> Iterator[tuple[str, str]]:
    source: list[str] | None = None
    for kind, value in _bounded(_lexed(text)):
        if kind == "data":
            yield "", value
        elif kind == "variable_begin":
            source = []
        elif kind == "variable_end":
            yield "".join(source or ()).strip() or "''", ""
            source = None
        elif source is None:
            raise ExpressionError("only {{ expressions }} are allowed, no statements and no comments")
        else:
            source.append(value)
    if source is not None:
        raise ExpressionError("an expression is not closed with }}")


def _bounded(words: Iterable[tuple[int, str, str]]) -> Iterator[tuple[str, str]]:
    """The kinds and the texts of ``words``, as long as no expression among them is nested too deep."""
    depth = operators = 0
    for _, kind, value in words:
        if kind == "variable_begin":
            depth = operators = 0
        elif kind == "operator" and value in "([{":
            depth += 1
        elif kind == "operator" and value in ")]}":
            depth -= 1
        elif value in _OPERATORS or (kind == "operator" and value not in ",:"):
            operators += 1
        if depth > DEEPEST:
            raise ExpressionError(f"the expression is nested too deep: brackets go at most {DEEPEST} deep")
        if operators > MOST_OPERATORS:
            raise ExpressionError(f"the expression is too long: it has at most {MOST_OPERATORS} operators")
        yield kind, value


def _lexed(text: str) -> list[tuple[int, str, str]]:
    try:
        return list(environment().lex(text))
    except jinja2.TemplateError as error:
        raise ExpressionError(explain_expression_error(error, filter_names)) from error


def _expression(source: str) -> Callable[[Mapping[str, Any]], Any]:
    try:
        compiled = environment().compile_expression(source, undefined_to_none=False)
    except (jinja2.TemplateError, ValueError, SyntaxError, ArithmeticError) as error:
        raise ExpressionError(f"`{source}`: {explain_expression_error(error, filter_names)}") from error

    def evaluated(names: Mapping[str, Any]) -> Any:
        try:
            return compiled(**names)
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise ExpressionError(f"`{source}`: {explain_expression_error(error, filter_names)}") from error

    return evaluated


def _native(value: Any, source: str) -> Value | None:
    if isinstance(value, jinja2.Undefined):
        raise ExpressionError(f"`{source}`{_hint(value)}")
    if value is None:
        return None
    if isinstance(value, Decimal) and not value.is_finite():
        raise ExpressionError(f"`{source}` is not a number")
    if not isinstance(value, Value):
        what = _STRUCTURES.get(type(value), "something else")
        raise ExpressionError(f"`{source}` gives {what}, not text, a number or a date")
    return value


def _hint(value: jinja2.Undefined) -> str:
    """What the environment knows about a name or a field that is not there."""
    if not value._undefined_hint:
        return " is not defined"
    return f": {explain_expression_error(ValueError(value._undefined_hint), filter_names)}"


def _spoken(value: Value | None) -> str:
    if value is None:
        raise ExpressionError("an expression inside other text gives nothing")
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
