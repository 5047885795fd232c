"""The filters of expressions: what ``{{ value | filter(…) }}`` can do to a value.

Each takes and gives native values (text, whole numbers, decimals, days). A ``ValueError`` says what is wrong
in words for the author of a template. Authors see the names of parameters, as in ``due(conditions)``.
"""

from __future__ import annotations

import calendar
import decimal
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pennyform.invoices.expressions import business_days, l10n
from pennyform.invoices.expressions.bounds import MOST_DIGITS
from pennyform.invoices.expressions.notation import ISO_FORM, NumberNotation, parse_date, parse_number
from pennyform.invoices.money import scalars
from pennyform.invoices.money.totals import spread

_CENT = Decimal("0.01")
_MOST_PARTS = 1_000
_MOST_DAYS = 10_000
_WIDEST = 40
_TERMS = re.compile(r"([0-9]{1,3})_days(_end_of_month)?")
_WHOLE = re.compile(r"[0-9]{1,40}")


def is_number(value: Any) -> bool:
    """Whether ``value`` is a number; a truth value is none."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _whole_number(value: Any) -> int:
    """An argument that counts something."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{str(value)[:40]!r} is not a whole number")
    return value


def decimal_literal(text: str) -> Decimal:
    """Only written by the lexer, for a number with a point."""
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a number in an expression has at most {MOST_DIGITS} digits")
    return Decimal(text)


# --- numbers and money ------------------------------------------------------------------------------------


def to_number(
    value: Any,
    point: str = ".",
    thousands: str = "",
    currency: str = "",
    trailing_minus: bool = False,  # noqa: FBT001, FBT002 -- authors write `trailing_minus=true`
) -> int | Decimal:
    """The number that text stands for in the notation that the arguments name (see ``NumberNotation``)."""
    notation = NumberNotation(point, thousands, currency, trailing_minus)
    if is_number(value):
        return value  # type: ignore[no-any-return]
    if not isinstance(value, str):
        raise ValueError(f"{str(value)[:40]!r} is no number")
    return parse_number(value, notation)


def to_percentage(value: Any, point: str = ".") -> int | Decimal:
    """The number of percent that text stands for, with or without its sign: ``5,5 %`` is 5.5."""
    return to_number(value, point, currency="%")


def to_integer(value: Any, thousands: str = "") -> int:
    """The whole number that text or a decimal stands for."""
    number = to_number(value, "," if thousands == "." else ".", thousands)
    if number != int(number):
        raise ValueError(f"{number} is not a whole number")
    return int(number)


def round_half_up(value: int | Decimal, decimals: int = 2) -> Decimal:
    """``value`` with ``decimals`` decimals, half away from zero."""
    if not is_number(value):
        raise ValueError("only numbers can be rounded")
    if not 0 <= _whole_number(decimals) <= 6:
        raise ValueError("amounts have 0 to 6 decimals")
    return Decimal(value).quantize(Decimal(1).scaleb(-decimals), decimal.ROUND_HALF_UP)


def percent_of(value: int | Decimal, rate: int | Decimal) -> Decimal:
    """So many percent of ``value``."""
    return Decimal(to_number(value)) * Decimal(to_number(rate)) / 100


def instalment(value: int | Decimal, number: int, of: int) -> Decimal:
    """The ``number``-th of ``of`` equal parts, to the cent; together they are ``value``."""
    if not 1 <= _whole_number(number) <= _whole_number(of) <= _MOST_PARTS:
        raise ValueError(f"an instalment is one of at most {_MOST_PARTS:,}, counted from 1")
    return spread(round_half_up(value), [Decimal(1)] * of, _CENT)[number - 1]


def format_money(value: int | Decimal, currency: str = "EUR", language: str = "fr_FR") -> str:
    """An amount as people write it: ``1 234,50 €``."""
    return l10n.money(Decimal(to_number(value)), currency, language)


# --- days -------------------------------------------------------------------------------------------------


def to_date(value: Any, form: str = ISO_FORM) -> date:
    """The day that text stands for, written as ``form`` says: ``dd/mm/yyyy``."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        raise ValueError(f"{str(value)[:40]!r} is no date")
    return parse_date(value, form)


def _to_day(value: Any) -> date:
    """A day, or the text that stands for one as definitions write it."""
    day: object = scalars.parse(value) if isinstance(value, str) else value
    if not isinstance(day, date):
        raise ValueError("this filter is for dates")
    return day


def days_later(day: Any, days: int) -> date:
    """The day so many days after ``day``."""
    try:
        return _to_day(day) + timedelta(days=_whole_number(days))
    except OverflowError as error:
        raise ValueError("the day is out of reach") from error


def months_later(day: Any, months: int) -> date:
    """The same day in a later month, or that month's last day."""
    first = _to_day(day)
    year, month = divmod(first.year * 12 + first.month - 1 + _whole_number(months), 12)
    if not date.min.year <= year <= date.max.year:
        raise ValueError("the day is out of reach")
    return date(year, month + 1, min(first.day, calendar.monthrange(year, month + 1)[1]))


def start_of_month(day: Any) -> date:
    """The first day of the month."""
    return _to_day(day).replace(day=1)


def end_of_month(day: Any) -> date:
    """The last day of the month."""
    first = start_of_month(day)
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])


def quarter(day: Any) -> int:
    """The quarter of the year, from 1 to 4."""
    return (_to_day(day).month + 2) // 3


def due_date(day: Any, conditions: str) -> date:
    """The deadline under payment terms, called as Pennylane calls those of customers: ``30_days``."""
    if conditions == "upon_receipt":
        return _to_day(day)
    terms = _TERMS.fullmatch(str(conditions))
    if not terms:
        raise ValueError("payment terms are such as '30_days', '45_days_end_of_month' or 'upon_receipt'")
    later = days_later(day, int(terms[1]))
    return end_of_month(later) if terms[2] else later


def next_business_day(day: Any, calendar: str = "FR") -> date:
    """``day`` itself if business is done on it, else the next such day."""
    return business_days.next_business_day(_to_day(day), calendar)


def business_days_later(day: Any, days: int, calendar: str = "FR") -> date:
    """The day so many business days after ``day``."""
    if not -_MOST_DAYS <= _whole_number(days) <= _MOST_DAYS:
        raise ValueError(f"at most {_MOST_DAYS:,} business days are counted")
    return business_days.business_days_later(_to_day(day), days, calendar)


def month_name(day: Any, language: str = "fr_FR") -> str:
    """The name of the month: ``janvier``."""
    return l10n.month_name(_to_day(day), language)


def long_date(day: Any, language: str = "fr_FR") -> str:
    """The day with its month in words: ``31 janvier 2026``."""
    return l10n.long_date(_to_day(day), language)


def translated(key: Any, language: str = "fr_FR") -> str:
    """A text of the built-in templates in a language."""
    return l10n.translated(to_text(key), language)


# --- text and lists ---------------------------------------------------------------------------------------


def zero_pad(value: Any, width: int) -> str:
    """A number with zeros in front, ``width`` characters wide: ``007``."""
    if not 0 <= _whole_number(width) <= _WIDEST:
        raise ValueError(f"at most {_WIDEST} characters")
    # Text that is no number would become another reference: nothing at all would become `000`.
    if isinstance(value, bool) or not _WHOLE.fullmatch(str(value)):
        raise ValueError(f"{str(value)[:40]!r} is not a whole number")
    return str(value).zfill(width)


def to_text(value: Any) -> str:
    """The text of a value; nothing has none, and would be printed as `None`."""
    if not isinstance(value, str | int | Decimal | date) or isinstance(value, bool):
        raise ValueError("this filter is for text")
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def or_default(value: Any, instead: Any) -> Any:
    """``instead`` of nothing: of no value, or of empty text."""
    return instead if value is None or value == "" else value


def count_entries(value: Any) -> int:
    """How many entries a list has."""
    if not isinstance(value, list):
        raise ValueError("only a list can be counted")
    return len(value)


def sum_field(value: Any, field: str) -> Decimal:
    """The sum of a field over the entries of a list."""
    if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
        raise ValueError("only a list has a total")
    if any(entry.get(field) is None for entry in value):
        raise ValueError(f"an entry has no `{field}`")
    return sum((Decimal(to_number(entry[field])) for entry in value), Decimal(0))


FILTERS: dict[str, Callable[..., Any]] = {
    "decimal": decimal_literal,
    "number": to_number,
    "integer": to_integer,
    "percentage": to_percentage,
    "round": round_half_up,
    "percent": percent_of,
    "instalment": instalment,
    "money": format_money,
    "date": to_date,
    "days_later": days_later,
    "months_later": months_later,
    "start_of_month": start_of_month,
    "end_of_month": end_of_month,
    "quarter": quarter,
    "due": due_date,
    "business_day": next_business_day,
    "business_days_later": business_days_later,
    "month_name": month_name,
    "long_date": long_date,
    "translated": translated,
    "upper": lambda value: to_text(value).upper(),
    "lower": lambda value: to_text(value).lower(),
    "verbatim": to_text,
    "trim": lambda value: to_text(value).strip(),
    "pad": zero_pad,
    "default": or_default,
    "count": count_entries,
    "total": sum_field,
}
"""Every filter by the name that expressions use. ``decimal`` is for the lexer alone."""


def filter_names() -> list[str]:
    """The names of all filters that expressions can use."""
    return sorted(name for name in FILTERS if name != "decimal")
