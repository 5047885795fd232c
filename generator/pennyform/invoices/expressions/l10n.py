"""Dates and amounts as people write them, in the languages that invoices can have."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple, TypeVar

from pennyform.invoices.money.scalars import minor_units

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
_Entry = TypeVar("_Entry")
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}
_SPACE = "\N{NO-BREAK SPACE}"


class _Form(NamedTuple):
    """How a language writes an amount."""

    thousands: str
    decimals: str
    symbol_first: bool


_FORMS = {
    "fr_FR": _Form(_SPACE, ",", symbol_first=False),
    "en_GB": _Form(",", ".", symbol_first=True),
    "de_DE": _Form(".", ",", symbol_first=False),
}


def month_name(day: date, language: str) -> str:
    """The name of the month of ``day``.

    Raises:
        ValueError: there is no such language.
    """
    return _for_language(_MONTHS, language)[day.month - 1]


def long_date(day: date, language: str) -> str:
    """``day`` with its month in words: ``31 janvier 2026``, ``31. Januar 2026``."""
    number = {"fr_FR": "1er" if day.day == 1 else str(day.day), "de_DE": f"{day.day}."}
    return f"{number.get(language, str(day.day))} {month_name(day, language)} {day.year}"


def money(amount: Decimal, currency: str, language: str) -> str:
    """``amount`` with the currency's decimals and its sign: ``1 234,50 €``, ``€1,234.50``."""
    form = _for_language(_FORMS, language)
    rounded = amount.quantize(Decimal(1).scaleb(-minor_units(currency)), ROUND_HALF_UP) + 0
    digits, _, decimals = f"{abs(rounded):,f}".partition(".")
    number = digits.replace(",", form.thousands) + (form.decimals + decimals if decimals else "")
    symbol, sign = SYMBOLS.get(currency, currency), "-" if rounded < 0 else ""
    if not form.symbol_first:
        return f"{sign}{number}{_SPACE}{symbol}"
    return f"{sign}{symbol}{_SPACE if symbol == currency else ''}{number}"


def _for_language(table: Mapping[str, _Entry], language: str) -> _Entry:
    if language not in table:
        raise ValueError(f"nothing is known about {language!r}; there are {', '.join(table)}")
    return table[language]
