"""Amounts, numbers, days and countries as the customer's language writes them: those of the CLDR, by Babel.

Babel comes with an extra. Without it values stand as definitions write them: ``1234.50 EUR``, ``2026-01-31``.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import lru_cache
from importlib import import_module
from typing import Any

from pennyform.extras import missing_packages


@lru_cache(64)
def formats(language: str, currency: str) -> Formats:
    """The forms of a language (ISO 639-1) for amounts in a currency (ISO 4217)."""
    return (Formats if missing_packages("einvoice", ("babel",)) else CldrFormats)(language, currency)


class Formats:
    """Values as definitions write them. ``code`` of a country is its own name."""

    def __init__(self, language: str, currency: str) -> None:
        self.language, self.currency = language, currency

    def money(self, amount: Decimal) -> str:
        """An amount with the decimals of its currency."""
        return f"{amount:f} {self.currency}"

    def price(self, amount: Decimal) -> str:
        """A price with all its decimals, which may be more than the currency has."""
        return self.money(amount)

    def number(self, number: Decimal) -> str:
        """A number with all its decimals."""
        return f"{number:f}"

    def percent(self, number: Decimal) -> str:
        """A percentage: 20 for 20 %."""
        return f"{number:f} %"

    def day(self, day: dt.date) -> str:
        """A day, its month by name."""
        return day.isoformat()

    def country(self, code: str) -> str:
        """The name of a country by its code of ISO 3166."""
        return code


class CldrFormats(Formats):
    """Values as the language writes them."""

    def __init__(self, language: str, currency: str) -> None:
        super().__init__(language, currency)
        self._numbers, self._dates = import_module("babel.numbers"), import_module("babel.dates")
        # Without a country English is American: `January 31, 2026`.
        name = "en_GB" if language == "en" else language
        self._locale: Any = import_module("babel").Locale.parse(name)

    def money(self, amount: Decimal) -> str:  # noqa: D102 - as in the class above
        return str(self._numbers.format_currency(amount, self.currency, locale=self._locale))

    def price(self, amount: Decimal) -> str:  # noqa: D102
        usual = self._numbers.get_currency_precision(self.currency)
        decimals = max(usual, -int(amount.normalize().as_tuple().exponent))
        places = "." + "0" * decimals if decimals else ""
        pattern = self._locale.currency_formats["standard"].pattern.replace(".00", places)
        form = self._numbers.format_currency
        return str(form(amount, self.currency, pattern, locale=self._locale, currency_digits=False))

    def number(self, number: Decimal) -> str:  # noqa: D102
        return str(self._numbers.format_decimal(number, locale=self._locale, decimal_quantization=False))

    def percent(self, number: Decimal) -> str:  # noqa: D102
        form = self._numbers.format_percent
        return str(form(number / 100, locale=self._locale, decimal_quantization=False))

    def day(self, day: dt.date) -> str:  # noqa: D102
        return str(self._dates.format_date(day, "long", locale=self._locale))

    def country(self, code: str) -> str:  # noqa: D102
        return str(self._locale.territories.get(code, code))
