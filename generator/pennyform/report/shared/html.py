"""Amounts, days and bars as they are printed, and the pages that carry them.

A page stands alone: one file, nothing loaded from anywhere, no script, and a policy that says so.

What comes from definitions and from the account is text, never markup: Jinja escapes every value.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pennyform import data
from pennyform.report.shared.formatting import format_pointer, format_value
from pennyform.text import html_document, html_text

# Between groups of three digits, as French typography and SI want it; it never wraps.
THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def amount(value: str | Decimal) -> str:
    """An amount with its thousands apart and a real minus sign: ``-12 345.60``."""
    text = f"{value:f}" if isinstance(value, Decimal) else value
    sign = "\N{MINUS SIGN}" if text.startswith("-") else ""
    units, dot, decimals = text.removeprefix("-").partition(".")
    grouped = f"{int(units):,}".replace(",", THIN_SPACE) if units.isdigit() else units
    return f"{sign}{grouped}{dot}{decimals}"


def rounded(value: Decimal) -> str:
    """An amount in whole units, where there is no room for more."""
    return amount(value.quantize(Decimal(1), ROUND_HALF_UP))


def day(date: str) -> str:
    """``2025-10-01`` as ``1 October 2025``."""
    year, month, number = date.split("-")
    return f"{int(number)} {_MONTHS[int(month) - 1]} {year}"


def month(text: str) -> str:
    """``2025-10`` as ``Oct 2025``."""
    year, number = text.split("-")
    return f"{_MONTHS[int(number) - 1][:3]} {year}"


def months_between(first: str, last: str) -> list[str]:
    """All months from ``first`` to ``last`` (``2025-10``), both included."""
    start, end = (12 * int(text[:4]) + int(text[5:]) - 1 for text in (first, last))
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(start, end + 1)]


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a bar begins and how long it is, on a scale of a given length."""

    start: Decimal
    length: Decimal


@dataclass(frozen=True, slots=True)
class Axis:
    """Bars side by side, and where on their axis zero lies."""

    zero: Decimal
    bars: tuple[Extent, ...]


def axis(values: Sequence[Decimal], length: int) -> Axis:
    """One bar for each value, from a common zero; negative values lie on its other side.

    Args:
        values: what to show.
        length: of the whole axis, from the least value (or zero) to the greatest (or zero).
    """
    least, greatest = min([Decimal(0), *values]), max([Decimal(0), *values])
    unit = length / (greatest - least) if greatest > least else Decimal(0)
    bars = ((min(value, Decimal(0)) - least, abs(value)) for value in values)
    return Axis(
        _short(-least * unit),
        tuple(Extent(_short(start * unit), _short(size * unit)) for start, size in bars),
    )


def _short(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), ROUND_HALF_UP)


def page(template: str, **context: Any) -> str:
    """A whole document, with a line feed at its end; the same context always gives the same bytes.

    Args:
        template: its name in ``templates/report``.
        context: what the template names.
    """
    environment = _environment()
    # The page's policy names its style sheet by its hash, so that no other is applied.
    style = environment.get_template("style.css").render()
    style_hash = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    text = environment.get_template(template).render(style_hash=style_hash, **context)
    return html_document(text.rstrip("\n")) + "\n"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(data.templates() / "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: html_text(value) if type(value) is str else value,
    )
    made.filters.update(amount=amount, rounded=rounded, pointer=format_pointer, words=format_value)
    return made
