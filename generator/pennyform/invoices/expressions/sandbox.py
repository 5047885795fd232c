"""The environment of expressions: Jinja's sandbox with nothing to call, and decimal arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.sandbox import SandboxedEnvironment

from pennyform.invoices.expressions.errors import with_argument_errors
from pennyform.invoices.expressions.filters import FILTERS, is_number

_PARTS_OF_A_DATE = ("year", "month", "day")


@cache
def environment() -> SandboxedEnvironment:
    """The one environment in which all expressions are compiled."""
    sandbox = _Sandbox(undefined=jinja2.StrictUndefined, extensions=[_DecimalLiterals], cache_size=0)
    # Jinja's own filters and globals (`range`, `lipsum`, …) are out: they can make a value explode.
    sandbox.globals = {}
    sandbox.filters = {name: with_argument_errors(name, function) for name, function in FILTERS.items()}
    return sandbox


class _Sandbox(SandboxedEnvironment):
    """A row or an entry has its fields, a date has its parts, and nothing has anything else."""

    intercepted_binops = frozenset(SandboxedEnvironment.default_binop_table)

    def call(self, *_: Any, **__: Any) -> Any:
        raise SecurityError("nothing can be called here; there are filters")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return left + right
        if operator == "**":
            raise SecurityError("`**` is not allowed")
        if not (is_number(left) and is_number(right)):
            raise SecurityError(f"`{operator}` is for two numbers; text becomes one with `| number`")
        if operator == "/":
            return Decimal(left) / Decimal(right)
        return self.binop_table[operator](left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A field called ``items`` or ``values`` is a field, not a method of the mapping."""
        if isinstance(obj, date) and attribute in _PARTS_OF_A_DATE:
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Mapping) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        known = f"; there are {', '.join(map(str, obj))}" if obj and isinstance(obj, Mapping) else ""
        return self.undefined(f"there is no `{argument}`{known}")


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
