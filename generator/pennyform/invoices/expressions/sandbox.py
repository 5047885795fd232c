"""The environment of expressions: Jinja's sandbox, decimal arithmetic, and nothing to call but ``number``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, Never

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.sandbox import SandboxedEnvironment

from pennyform.invoices.expressions.bounds import bounded
from pennyform.invoices.expressions.errors import with_argument_errors
from pennyform.invoices.expressions.filters import FILTERS, is_number

_PARTS_OF_A_DATE = ("year", "month", "day")
# What `number` is called in compiled expressions: no parameter, column or entry can have that name.
NUMBER_OF = "_number_of"
NOTHING_TO_CALL = "nothing can be called here but `number('REFERENCE')`; there are filters"


class UnknownNumber:
    """What ``number('REFERENCE')`` gives: the legal number of an invoice, which may not exist yet.

    It can be printed in text, and nothing else, since it is unknown what it will be.
    """

    __slots__ = ("reference",)

    def __init__(self, reference: Any) -> None:
        if not isinstance(reference, str) or not reference.strip():
            raise ValueError("`number` takes the reference of an invoice, as in `number('INV-1')`")
        self.reference = reference

    def _refuse(self, *_: object) -> Never:
        how = f"as in `Deposit {{{{ number('{self.reference}') }}}}`"
        raise ValueError(f"the number may not be known yet: it can only be printed in text, {how}")

    __str__ = __eq__ = __bool__ = __hash__ = _refuse


@cache
def environment() -> SandboxedEnvironment:
    """The one environment in which all expressions are compiled."""
    extensions = [_DecimalLiterals, _NumberCalls]
    sandbox = _Sandbox(undefined=jinja2.StrictUndefined, extensions=extensions, cache_size=0)
    # Jinja's own filters and globals (`range`, `lipsum`, …) are out: they can make a value explode.
    sandbox.globals = {NUMBER_OF: UnknownNumber}
    sandbox.filters = {name: with_argument_errors(name, function) for name, function in FILTERS.items()}
    return sandbox


class _Sandbox(SandboxedEnvironment):
    """A row or an entry has its fields, a date has its parts, and nothing has anything else."""

    intercepted_binops = frozenset(SandboxedEnvironment.default_binop_table)

    def call(self, _context: Any, function: Any, *positional: Any, **named: Any) -> Any:
        if function is not UnknownNumber:
            raise SecurityError(NOTHING_TO_CALL)
        if len(positional) != 1 or named:
            raise ValueError("`number` takes one reference, as in `number('INV-1')`")
        return UnknownNumber(positional[0])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return bounded(left + right)
        if operator == "**":
            raise SecurityError("`**` is not allowed")
        if not (is_number(left) and is_number(right)):
            raise SecurityError(f"`{operator}` is for two numbers; text becomes one with `| number`")
        if operator == "/":
            return bounded(Decimal(left) / Decimal(right))
        return bounded(self.binop_table[operator](bounded(left), bounded(right)))

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A field called ``items`` or ``values`` is a field, not a method of the mapping."""
        if isinstance(obj, date) and attribute in _PARTS_OF_A_DATE:
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Mapping) and isinstance(argument, str) and argument in obj:
            return bounded(obj[argument])
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


class _NumberCalls(Extension):
    """Tells ``number('INV-1')`` from a parameter or a column that is called ``number``."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        previous = ""
        for token in stream:
            is_call = token.type == "name" and token.value == "number" and stream.current.type == "lparen"
            # Behind a `|` it is the filter, behind a dot a field.
            renamed = is_call and previous not in ("pipe", "dot")
            yield Token(token.lineno, "name", NUMBER_OF) if renamed else token
            previous = token.type
