"""Expressions of templates: ``{{ }}`` in one scalar, evaluated in Jinja's sandbox to one native value.

Only expressions: no statements, no calls, no operator that could make a value explode. Arithmetic is decimal,
never float. What comes out is text, a number, a date or a truth value; it can never become structure, because
it is evaluated after the YAML has been read.
"""

from __future__ import annotations

import calendar
import decimal
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.sandbox import SandboxedEnvironment

from pennyform.invoices.events import FORBIDDEN

Value = str | int | Decimal | date | bool

_LONGEST = 2_000
_LONGEST_RESULT = 20_000
_MONTHS = {
    "fr_FR": (
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
    "en_GB": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    "de_DE": (
        *("Januar", "Februar", "März", "April", "Mai", "Juni"),
        *("Juli", "August", "September", "Oktober", "November", "Dezember"),
    ),
}


class ExpressionError(ValueError):
    """An expression cannot be evaluated; the text says why."""


def evaluate(text: str, names: Mapping[str, Value]) -> Value:
    """The value of a scalar that holds expressions.

    Args:
        text: a scalar of a template. An expression alone gives its native value, in other text it gives text.
        names: what the expressions may refer to.

    Raises:
        ExpressionError: an expression is malformed, names something undefined, or gives something else than
            text, a number, a date or a truth value.
    """
    try:
        parts = [_native(part(names), source) if source else str(part) for source, part in _compiled(text)]
    except RecursionError as error:
        raise ExpressionError("the expression is nested too deep") from error
    value = parts[0] if len(parts) == 1 else "".join(map(_spoken, parts))
    if isinstance(value, str) and (len(value) > _LONGEST_RESULT or FORBIDDEN.search(value)):
        raise ExpressionError("the result is too long or holds invisible characters")
    return value


@cache
def _compiled(text: str) -> tuple[tuple[str, Any], ...]:
    """``text`` cut into literal parts ("", text) and expressions (source, what evaluates it)."""
    if len(text) > _LONGEST:
        raise ExpressionError(f"text with expressions has at most {_LONGEST:,} characters")
    return tuple(("", part) if not source else (source, _expression(source)) for source, part in _cut(text))


def _cut(text: str) -> Iterator[tuple[str, str]]:
    source: list[str] | None = None
    for _, kind, value in _lexed(text):
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


def _lexed(text: str) -> list[tuple[int, str, str]]:
    try:
        return list(_environment().lex(text))
    except jinja2.TemplateError as error:
        raise ExpressionError(str(error)) from error


def _expression(source: str) -> Callable[[Mapping[str, Value]], Any]:
    try:
        compiled = _environment().compile_expression(source, undefined_to_none=False)
    except (jinja2.TemplateError, ValueError, SyntaxError, ArithmeticError) as error:
        raise ExpressionError(f"`{source}`: {error}") from error

    def evaluated(names: Mapping[str, Value]) -> Any:
        try:
            return compiled(**names)
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise ExpressionError(f"`{source}`: {_why(error)}") from error

    return evaluated


def _why(error: Exception) -> str:
    if isinstance(error, decimal.DivisionByZero | decimal.InvalidOperation):
        return "there is no such number"
    return str(error) or type(error).__name__


def _native(value: Any, source: str) -> Value:
    if isinstance(value, jinja2.Undefined):
        raise ExpressionError(f"`{source}` is not defined")
    if isinstance(value, Decimal) and not value.is_finite():
        raise ExpressionError(f"`{source}` is not a number")
    if not isinstance(value, Value):
        raise ExpressionError(f"`{source}` gives a {type(value).__name__}, not text, a number or a date")
    return value


def _spoken(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


class _Sandbox(SandboxedEnvironment):
    """Jinja's sandbox with nothing to call and decimal arithmetic."""

    intercepted_binops = frozenset(SandboxedEnvironment.default_binop_table)

    def call(self, *_: Any, **__: Any) -> Any:
        raise SecurityError("nothing can be called here; there are filters")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return left + right
        if operator == "**" or not (_is_number(left) and _is_number(right)):
            raise SecurityError(
                f"`{operator}` is for two numbers" if operator != "**" else "`**` is not allowed"
            )
        if operator == "/":
            return Decimal(left) / Decimal(right)
        return self.binop_table[operator](left, right)


class _DecimalLiterals(Extension):
    """Reads ``1.2`` as the decimal it says, not as the binary float next to it."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            if token.type != "float":
                yield token
                continue
            for kind, value in (
                ("lparen", "("),
                ("string", repr(token.value)),
                ("pipe", "|"),
                ("name", "decimal"),
                ("rparen", ")"),
            ):
                yield Token(token.lineno, kind, value)


@cache
def _environment() -> SandboxedEnvironment:
    environment = _Sandbox(undefined=jinja2.StrictUndefined, extensions=[_DecimalLiterals], cache_size=0)
    environment.globals = {}
    environment.filters = dict(_FILTERS)
    return environment


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _decimal(text: str) -> Decimal:
    """Only written by :class:`_DecimalLiterals`."""
    return Decimal(text)


def _round(value: int | Decimal, decimals: int = 2) -> Decimal:
    """``value`` with ``decimals`` decimals, half away from zero."""
    if not _is_number(value):
        raise ValueError("only numbers can be rounded")
    if not 0 <= decimals <= 6:
        raise ValueError("amounts have 0 to 6 decimals")
    return Decimal(value).quantize(Decimal(1).scaleb(-decimals), decimal.ROUND_HALF_UP)


def _day(value: Any) -> date:
    if not isinstance(value, date):
        raise ValueError("this filter is for dates")
    return value


def _days_later(day: date, days: int) -> date:
    return _day(day) + timedelta(days=days)


def _months_later(day: date, months: int) -> date:
    """The same day in a later month, or that month's last day."""
    year, month = divmod(_day(day).year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _end_of_month(day: date) -> date:
    return _day(day).replace(day=calendar.monthrange(day.year, day.month)[1])


def _month_name(day: date, language: str = "fr_FR") -> str:
    if language not in _MONTHS:
        raise ValueError(f"no month names in {language}; there are {', '.join(_MONTHS)}")
    return _MONTHS[language][_day(day).month - 1]


_FILTERS: dict[str, Callable[..., Any]] = {
    "decimal": _decimal,
    "round": _round,
    "days_later": _days_later,
    "months_later": _months_later,
    "end_of_month": _end_of_month,
    "month_name": _month_name,
}

_HOLDS_EXPRESSION = re.compile(r"\{[{%#]")


def holds_expression(text: str) -> bool:
    """Whether ``text`` must be evaluated, or refused, rather than taken as it is."""
    return bool(_HOLDS_EXPRESSION.search(text))
