"""Dates and amounts as people write them, in the languages that invoices can have."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import NamedTuple, TypeVar

from pennyform import data
from pennyform.invoices.money.scalars import minor_units

# The language of an invoice that says none, for a customer whose language is not known either.
DEFAULT_LANGUAGE = "fr_FR"

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
    "es_ES": (
        *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
        *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
    ),
    "it_IT": (
        *("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno"),
        *("luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"),
    ),
    "nl_NL": (
        *("januari", "februari", "maart", "april", "mei", "juni"),
        *("juli", "augustus", "september", "oktober", "november", "december"),
    ),
}
_Entry = TypeVar("_Entry")
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}
_SPACE = "\N{NO-BREAK SPACE}"


class _Form(NamedTuple):
    """How a language writes an amount; ``sign_first`` is whether a minus is before a symbol that is first."""

    thousands: str
    decimals: str
    symbol_first: bool
    sign_first: bool = True


_FORMS = {
    "fr_FR": _Form(_SPACE, ",", symbol_first=False),
    "en_GB": _Form(",", ".", symbol_first=True),
    "de_DE": _Form(".", ",", symbol_first=False),
    "es_ES": _Form(".", ",", symbol_first=False),
    "it_IT": _Form(".", ",", symbol_first=False),
    "nl_NL": _Form(".", ",", symbol_first=True, sign_first=False),
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
    of = " de" if language == "es_ES" else ""
    return f"{number.get(language, str(day.day))}{of} {month_name(day, language)}{of} {day.year}"


def money(amount: Decimal, currency: str, language: str) -> str:
    """``amount`` with the currency's decimals and its sign: ``1 234,50 €``, ``€1,234.50``."""
    form = _for_language(_FORMS, language)
    rounded = amount.quantize(Decimal(1).scaleb(-minor_units(currency)), ROUND_HALF_UP) + 0
    digits, _, decimals = f"{abs(rounded):,f}".partition(".")
    number = digits.replace(",", form.thousands) + (form.decimals + decimals if decimals else "")
    symbol, sign = SYMBOLS.get(currency, currency), "-" if rounded < 0 else ""
    if not form.symbol_first:
        return f"{sign}{number}{_SPACE}{symbol}"
    if not form.sign_first:
        return f"{symbol}{_SPACE}{sign}{number}"
    return f"{sign}{symbol}{_SPACE if symbol == currency else ''}{number}"


def language_of(invoice_language: object, customer_language: object) -> str:
    """The language of an invoice's own texts: its own, else its customer's, else French.

    Args:
        invoice_language: what the invoice says; nothing, or no language of ours, when it says none.
        customer_language: the same of its customer.
    """
    languages = (invoice_language, customer_language)
    return next((str(name) for name in languages if name in _texts()), DEFAULT_LANGUAGE)


def translated(key: str, language: str) -> str:
    """The text of pennyform's own that is called ``key``: see ``templates/documents/texts.yaml``.

    Raises:
        ValueError: there is no such language or text.
    """
    texts = _for_language(_texts(), language)
    if key not in texts:
        raise ValueError(f"there is no text {key[:40]!r}; there are {', '.join(texts)}")
    return texts[key]


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    import yaml

    text = (data.templates() / "documents" / "texts.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    table = yaml.load(text, Loader=loader)  # noqa: S506 - both are safe loaders
    return {name: texts for name, texts in table.items() if name != "format_version"}


def _for_language(table: Mapping[str, _Entry], language: str) -> _Entry:
    if language not in table:
        raise ValueError(f"nothing is known about {language!r}; there are {', '.join(table)}")
    return table[language]
