"""Expressions of templates: ``{{ }}`` in one scalar, evaluated in Jinja's sandbox to one native value.

Only expressions: no statements, no calls but ``number``, no operator that could make a value explode.
Arithmetic is decimal, never float. What comes out is text, a number, a date, a truth value, or nothing. It
can never become structure, because it is evaluated after the YAML has been read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import jinja2
import jinja2.nodes

from pennyform.invoices.expressions.bounds import LONGEST_TEXT, bounded
from pennyform.invoices.expressions.errors import explain_expression_error
from pennyform.invoices.expressions.notation import NotationError
from pennyform.invoices.expressions.sandbox import UnknownNumber, environment
from pennyform.invoices.model import NumberOf, TextPart, text_of
from pennyform.invoices.yaml.document import YamlValue
from pennyform.invoices.yaml.reader import FORBIDDEN

Value = str | int | Decimal | date | bool
"""What an expression can give; None besides, when it gives nothing."""

_LONGEST = 2_000
# Jinja and Python read and evaluate what is nested by calling themselves. These two keep them far from the
# interpreter's own limit, which differs with its version and with who called.
DEEPEST = 16
MOST_OPERATORS = 100
_OPERATORS = frozenset(("and", "else", "if", "in", "is", "not", "or"))
_BRACES = re.compile("[{}]+")
# A name, or fields of it; words of Jinja's own are none.
_PATH = re.compile(
    r"(?!(?:true|false|none|True|False|None|not|and|or|in|is|if|else|self|super|caller|loop|varargs|kwargs)\b)"
    r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*",
    re.ASCII,
)


_Evaluator = Callable[[Mapping[str, YamlValue]], Any]


class ExpressionError(ValueError):
    """An expression cannot be evaluated; the text says why.

    ``fix`` is what to write, where that is known. ``unreadable`` is the error of a filter about a text that
    is no number or no date, where that is why.
    """

    unreadable: NotationError | None = None

    def __init__(self, problem: str, fix: str = "") -> None:
        super().__init__(problem)
        self.fix = fix


def evaluate(text: str, names: Mapping[str, YamlValue]) -> Value | None:
    """The value of a scalar that holds expressions.

    Args:
        text: a scalar of a template. An expression alone gives its native value, None when that is nothing;
            in other text it gives text. Text with the number of an invoice is pending until that is known.
        names: what the expressions may refer to.

    Raises:
        ExpressionError: an expression is malformed, names something undefined, or gives something else than
            text, a number, a date or a truth value.
    """
    compiled = _compile(text)
    parts: list[Value | NumberOf | None] = [
        part if isinstance(part, str) else _check_result(source, part(names)) for source, part in compiled
    ]
    value = parts[0] if len(parts) == 1 else text_of([_to_text(part) for part in parts])
    value = text_of([value]) if isinstance(value, NumberOf) else value
    if isinstance(value, str) and (len(value) > LONGEST_TEXT or _is_forbidden(value)):
        raise ExpressionError("the result is too long or holds invisible characters")
    return value


def _is_forbidden(text: str) -> bool:
    # Nearly all text is plain, which is known at once.
    return not (text.isascii() and text.isprintable()) and bool(FORBIDDEN.search(text))


def syntax_trees(text: str) -> list[tuple[str, jinja2.nodes.Template]]:
    """The expressions in a scalar, each with what it means to Jinja; nothing is evaluated.

    Raises:
        ExpressionError: one of them cannot be compiled.
    """
    sources = [source for source, _ in _compile(text) if source]
    return [(source, environment().parse(f"{{{{ {source} }}}}")) for source in sources]


@cache
def _compile(text: str) -> tuple[tuple[str, str | _Evaluator], ...]:
    """``text`` cut into literal parts ("", text) and expressions (source, what evaluates it)."""
    if len(text) > _LONGEST:
        raise ExpressionError(f"text with expressions has at most {_LONGEST:,} characters")
    parts: list[tuple[str, str | _Evaluator]] = []
    source: list[str] | None = None
    for kind, token in _lex(text):
        brace = _BRACES.search(token) if kind == "data" else None
        if brace:
            raise ExpressionError(f"`{brace[0]}` would be printed as it is", _how_to_print(brace[0]))
        if kind == "data":
            parts.append(("", token))
        elif kind == "variable_begin":
            source = []
        elif source is None:
            problem = "only {{ expressions }} are allowed, no statements and no comments"
            raise ExpressionError(problem, _how_to_print(token.strip("-+ \n")))
        elif kind == "variable_end":
            expression = "".join(source).strip() or "''"
            parts.append((expression, _compile_expression(expression)))
            source = None
        else:
            source.append(token)
    if source is not None:
        raise ExpressionError("an expression is not closed with }}")
    return tuple(parts)


def _how_to_print(braces: str) -> str:
    return f"write {{{{ … }}}} to compute something, or {{{{ '{braces}' }}}} to print `{braces}`"


def _lex(text: str) -> Iterator[tuple[str, str]]:
    """The kinds and the texts of the tokens in ``text``, as long as no expression is nested too deep."""
    try:
        tokens = list(environment().lex(text))
    except jinja2.TemplateError as error:
        raise ExpressionError(explain_expression_error(error)) from error
    depth = operators = 0
    for _, kind, word in tokens:
        if kind == "variable_begin":
            depth = operators = 0
        elif kind == "operator" and word in "([{":
            depth += 1
        elif kind == "operator" and word in ")]}":
            depth -= 1
        elif word in _OPERATORS or (kind == "operator" and word not in ",:"):
            operators += 1
        if depth > DEEPEST:
            raise ExpressionError(f"the expression is nested too deep: brackets go at most {DEEPEST} deep")
        if operators > MOST_OPERATORS:
            raise ExpressionError(f"the expression is too long: it has at most {MOST_OPERATORS} operators")
        yield kind, word


def _compile_expression(source: str) -> _Evaluator:
    try:
        compiled = environment().compile_expression(source, undefined_to_none=False)
    except (jinja2.TemplateError, ValueError, SyntaxError, ArithmeticError) as error:
        raise ExpressionError(f"`{source}`: {explain_expression_error(error)}") from error

    path = source.split(".") if _PATH.fullmatch(source) else []

    def run(names: Mapping[str, YamlValue]) -> Any:
        try:
            # What most rows of a series ask for: a field, as the environment gives it. What is not there is
            # explained by the environment.
            value: Any = names if path and path[0] in names else None
            for step in path:
                value = value.get(step) if isinstance(value, Mapping) else None
            return bounded(compiled(**names) if value is None else value)
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            failure = ExpressionError(f"`{source}`: {explain_expression_error(error)}")
            failure.unreadable = error if isinstance(error, NotationError) else None
            raise failure from error

    return run


def _check_result(source: str, value: Any) -> Value | NumberOf | None:
    """``value``, which the expression ``source`` gave, if it is of a type that a scalar can have."""
    if type(value) is str:
        return value
    if isinstance(value, UnknownNumber):
        return NumberOf(value.reference)
    if isinstance(value, jinja2.Undefined):
        # What the environment knows about a name or a field that is not there.
        hint = value._undefined_hint
        problem = f": {explain_expression_error(ValueError(hint))}" if hint else " is not defined"
        raise ExpressionError(f"`{source}`{problem}")
    if value is None:
        return None
    if isinstance(value, Decimal) and not value.is_finite():
        raise ExpressionError(f"`{source}` is not a number")
    if not isinstance(value, Value):
        type_name = "a mapping" if isinstance(value, dict) else "something else"
        type_name = "a list" if isinstance(value, list | tuple) else type_name
        raise ExpressionError(f"`{source}` gives {type_name}, not text, a number or a date")
    return value


def _to_text(value: Value | NumberOf | None) -> TextPart:
    if isinstance(value, str | NumberOf):
        return value
    if value is None:
        raise ExpressionError("an expression inside other text gives nothing")
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
