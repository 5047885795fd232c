"""What Jinja and Python say about an expression → what its author can make something of."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import jinja2

_COMPARED = re.compile(r"'([<>]=?)' not supported")
_SYNTAX = {"'end of template'": "end", "chunk after expression": "a part too many, or one missing"}
_NO_FILTER = re.compile(r"No (filter|test) named '(.*)'")


def with_argument_errors(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter ``function``, which says what it takes when it is given other arguments."""

    @wraps(function)
    def filtered(*given: Any, **named: Any) -> Any:
        try:
            return function(*given, **named)
        except TypeError as error:
            raise ValueError(_taken(name, function, given, named)) from error

    return filtered


def _taken(name: str, function: Callable[..., Any], given: tuple[Any, ...], named: dict[str, Any]) -> str:
    parameters = inspect.signature(function)
    try:
        parameters.bind(*given, **named)
    except TypeError:
        wanted = [str(one.name) for one in list(parameters.parameters.values())[1:]]
        return f"`{name}` is written `{name}({', '.join(wanted)})`" if wanted else f"`{name}` takes nothing"
    return f"`{name}` cannot be used on these values"


def explain_expression_error(error: Exception, filters: Callable[[], list[str]]) -> str:
    """Why an expression cannot be compiled or evaluated, in one line.

    Args:
        error: what Jinja or Python raised.
        filters: gives the names of all filters.
    """
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
        return _no_such(unknown[1], unknown[2], filters() if unknown[1] == "filter" else [])
    if "inline if-expression" in text:
        return "the condition is false, and no `else` says what then"
    for said, meant in _SYNTAX.items():
        text = text.replace(said, meant)
    return text.partition("\n")[0] or type(error).__name__


def _no_such(what: str, name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1, cutoff=0.75)
    meant = f"; `{close[0]}` is meant?" if close else f"; there are {', '.join(known)}" if known else ""
    return f"there is no {what} `{name}`{meant}"
