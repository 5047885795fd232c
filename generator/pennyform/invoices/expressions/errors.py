"""Errors of Jinja and Python in an expression → messages for its author."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import jinja2

from pennyform.invoices.expressions.bounds import bounded
from pennyform.invoices.expressions.filters import filter_names

_COMPARED = re.compile(r"'([<>]=?)' not supported")
_SYNTAX = {"'end of template'": "end", "chunk after expression": "a part too many, or one missing"}
_NO_FILTER = re.compile(r"No (filter|test) named '(.*)'")


def with_argument_errors(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter ``function``, which says what it takes when it is given other arguments."""

    @wraps(function)
    def call(*positional: Any, **named: Any) -> Any:
        try:
            return bounded(function(*positional, **named))
        except TypeError as error:
            signature = inspect.signature(function)
            try:
                signature.bind(*positional, **named)
            except TypeError:
                # The first parameter is what stands before the `|`.
                names = list(signature.parameters)[1:]
                usage = f"is written `{name}({', '.join(names)})`" if names else "takes nothing"
                raise ValueError(f"`{name}` {usage}") from error
            raise ValueError(f"`{name}` cannot be used on these values") from error

    return call


def explain_expression_error(error: Exception) -> str:
    """Why an expression cannot be compiled or evaluated, in one line; ``error`` is of Jinja or Python."""
    if isinstance(error, ArithmeticError):
        return "there is no such number"
    if isinstance(error, TypeError):
        compared = _COMPARED.match(str(error))
        return (
            f"`{compared[1]}` is for two numbers, two dates or two texts"
            if compared
            else "these values cannot be used like this"
        )
    text = str(error.message if isinstance(error, jinja2.TemplateSyntaxError) else error)
    unknown = _NO_FILTER.match(text)
    if unknown:
        from difflib import get_close_matches

        kind, name = unknown[1], unknown[2]
        known = filter_names() if kind == "filter" else []
        close = get_close_matches(name, known, n=1, cutoff=0.75)
        hint = f"; `{close[0]}` is meant?" if close else f"; there are {', '.join(known)}" if known else ""
        return f"there is no {kind} `{name}`{hint}"
    if "inline if-expression" in text:
        return "the condition is false, and no `else` says what then"
    for words, plain in _SYNTAX.items():
        text = text.replace(words, plain)
    return text.partition("\n")[0] or type(error).__name__
