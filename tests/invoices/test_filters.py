"""Filters of expressions: dates, due dates, business days, money."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pennyform.invoices.expressions.business_days import (
    business_days_later,
    easter,
    is_business_day,
    next_business_day,
)
from pennyform.invoices.expressions.compile import ExpressionError, evaluate
from pennyform.invoices.expressions.notation import NotationError, NumberNotation, parse_number

NAMES: dict[str, Any] = {
    "date": date(2026, 1, 31),
    "text": "2026-01-31",
    "row": {"price": "1 234,50", "day": "31/01/2026", "count": "3", "items": "a field", "empty": ""},
    "trips": [{"km": Decimal(10)}, {"km": Decimal("2.5")}],
    "amount": Decimal("1234.5"),
    "nothing": None,
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ date | start_of_month }}", date(2026, 1, 1)),
        ("{{ date | quarter }}", 1),
        ("{{ date | months_later(3) | quarter }}", 2),
        ("{{ text | days_later(1) }}", date(2026, 2, 1)),
        ("{{ date | due('30_days') }}", date(2026, 3, 2)),
        ("{{ date | due('30_days_end_of_month') }}", date(2026, 3, 31)),
        ("{{ date | due('upon_receipt') }}", date(2026, 1, 31)),
        ("{{ date | business_day }}", date(2026, 2, 2)),
        ("{{ date | business_day('weekends') }}", date(2026, 2, 2)),
        ("{{ date | business_days_later(5) }}", date(2026, 2, 6)),
        ("{{ date | business_days_later(-1) }}", date(2026, 1, 30)),
        ("{{ '2026-05-01' | business_day }}", date(2026, 5, 4)),
        ("{{ '2026-05-08' | business_day }}", date(2026, 5, 11)),
        ("{{ '2026-05-08' | business_day('TARGET') }}", date(2026, 5, 8)),
        ("{{ date | long_date }}", "31 janvier 2026"),
        ("{{ '2026-02-01' | long_date }}", "1er février 2026"),
        ("{{ date | long_date('en_GB') }}", "31 January 2026"),
        ("{{ date | long_date('de_DE') }}", "31. Januar 2026"),
        ("{{ row.day | date('dd/mm/yyyy') }}", date(2026, 1, 31)),
        ("{{ text | date }}", date(2026, 1, 31)),
        ("{{ row.price | number(',') }}", Decimal("1234.50")),
        ("{{ row.count | number * 2 }}", 6),
        ("{{ '1.234,50' | number(',') }}", Decimal("1234.50")),
        ("{{ '1.234.567' | number(',') }}", 1234567),
        ("{{ '1.234' | number(',', thousands='.') }}", 1234),
        ("{{ '1,234.50' | number }}", Decimal("1234.50")),
        ("{{ '12 345' | number }}", 12345),
        ("{{ '12\u202f345,5' | number(',', ' ') }}", Decimal("12345.5")),
        ('{{ "12\'345.50" | number }}', Decimal("12345.50")),
        ("{{ ' -12,50 ' | number(',') }}", Decimal("-12.50")),
        ("{{ '12,50 €' | number(',', currency='EUR') }}", Decimal("12.50")),
        ("{{ '-€1,250.00' | number(currency='€') }}", Decimal("-1250.00")),
        ("{{ 'EUR 12' | number(currency='EUR') }}", 12),
        ("{{ '12,50-' | number(',', trailing_minus=true) }}", Decimal("-12.50")),
        ("{{ '12,50- €' | number(',', currency='€', trailing_minus=true) }}", Decimal("-12.50")),
        ("{{ '5,5 %' | percentage(',') }}", Decimal("5.5")),
        ("{{ '20' | percentage }}", 20),
        ("{{ '1.234' | integer('.') }}", 1234),
        ("{{ '1/2/2026' | date('dd/mm/yyyy') }}", date(2026, 2, 1)),
        ("{{ '01022026' | date('ddmmyyyy') }}", date(2026, 2, 1)),
        ("{{ row.count | integer }}", 3),
        ("{{ row.count | pad(4) }}", "0003"),
        ("{{ row.items }}", "a field"),
        ("{{ row['items'] }}", "a field"),
        ("{{ row.empty | default('none') }}", "none"),
        ("{{ nothing | default(0) }}", 0),
        ("{{ amount | money }}", "1\N{NO-BREAK SPACE}234,50\N{NO-BREAK SPACE}€"),
        ("{{ amount | money('EUR', 'en_GB') }}", "€1,234.50"),
        ("{{ amount | money('EUR', 'de_DE') }}", "1.234,50\N{NO-BREAK SPACE}€"),
        ("{{ amount | money('JPY', 'en_GB') }}", "JPY\N{NO-BREAK SPACE}1,235"),
        ("{{ -0.004 | money('EUR', 'en_GB') }}", "€0.00"),
        ("{{ amount | percent(20) }}", Decimal("246.900")),
        ("{{ 100 | instalment(1, 3) }}", Decimal("33.34")),
        ("{{ 100 | instalment(3, 3) }}", Decimal("33.33")),
        ("{{ trips | count }}", 2),
        ("{{ trips | total('km') }}", Decimal("12.5")),
        ("{{ ' A b ' | trim | lower }}", "a b"),
        ("{{ 'x' | upper }}", "X"),
    ],
)
def test_filters(text: str, value: Any) -> None:
    found = evaluate(text, NAMES)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{{ row.price | number }}", "is no number"),
        ("{{ '12.50' | number(',') }}", "is no number"),
        ("{{ '1 234.50' | number(',') }}", "is no number"),
        ("{{ '1,234.50' | number(',') }}", "is no number"),
        ("{{ '1.23,45' | number(',') }}", "is no number"),
        ("{{ '1 2 3 4,50' | number(',') }}", "is no number"),
        ("{{ '0.000649' | number(',') }}", "is no number"),
        ("{{ '1.234' | number(',') }}", "is no number"),
        ("{{ '1,234' | number }}", "is no number"),
        ("{{ '0 123' | number }}", "is no number"),
        ("{{ '1 234.567,00' | number(',') }}", "is no number"),
        ("{{ '1.234 567,00' | number(',') }}", "is no number"),
        ("{{ '1,2,3' | number(',') }}", "is no number"),
        ("{{ '12,345 678' | number(',') }}", "is no number"),
        ("{{ '1 234' | number(thousands=\"'\") }}", "is no number"),
        ("{{ '12,50 €' | number(',') }}", "is no number"),
        ("{{ '12,50 $' | number(',', currency='EUR') }}", "is no number"),
        ("{{ '€ 12 €' | number(currency='€') }}", "is no number"),
        ("{{ '12,50-' | number(',') }}", "is no number"),
        ("{{ '-12,50-' | number(',', trailing_minus=true) }}", "is no number"),
        ("{{ '(12)' | number }}", "is no number"),
        ("{{ '- 12' | number }}", "is no number"),
        ("{{ '+12' | number }}", "is no number"),
        ("{{ '12.' | number }}", "is no number"),
        ("{{ '.5' | number }}", "is no number"),
        ("{{ '1e3' | number }}", "is no number"),
        ("{{ '١٢' | number }}", "is no number"),
        ("{{ '\t12' | number }}", "is no number"),
        ("{{ '' | number }}", "is no number"),
        ("{{ nothing | number }}", "is no number"),
        ("{{ date | number }}", "is no number"),
        ("{{ '5 %' | number }}", "is no number"),
        ("{{ '12' | number(';') }}", "what stands before the decimals is '.' or ','"),
        ("{{ '12' | number(',', ',') }}", "between thousands stands"),
        ("{{ '12' | number(currency='12') }}", "a currency is named by"),
        ("{{ '1,234' | percent(20) }}", "is no number"),
        ("{{ '1112026' | date('ddmmyyyy') }}", "is no date written as ddmmyyyy"),
        ("{{ '2026-1-5' | date }}", "is no date written as yyyy-mm-dd"),
        ("{{ '05/01/26' | date('dd/mm/yy') }}", "`yyyy`, `mm` and `dd` once each"),
        ("{{ 'M-7' | pad(5) }}", "'M-7' is not a whole number"),
        ("{{ row.empty | pad(3) }}", "'' is not a whole number"),
        ("{{ nothing | upper }}", "this filter is for text"),
        ("{{ 1.5 | integer }}", "not a whole number"),
        ("{{ row.count * 2 }}", "text becomes one with `| number`"),
        ("{{ row.nothing }}", "there is no `nothing`; there are price, day"),
        ("{{ row.values }}", "there is no `values`"),
        ("{{ date.replace }}", "there is no `replace`"),
        ("{{ row }}", "gives a mapping"),
        ("{{ trips }}", "gives a list"),
        ("{{ date | due('30 days') }}", "payment terms"),
        ("{{ date | business_day('DE') }}", "no calendar 'DE'; there are FR, TARGET, weekends"),
        ("{{ date | business_days_later(99999999) }}", "at most 10,000"),
        ("{{ '9999-12-25' | business_days_later(20) }}", "out of reach"),
        ("{{ row.day | date }}", "is no date written as yyyy-mm-dd"),
        ("{{ '31/02/2026' | date('dd/mm/yyyy') }}", "is no date"),
        ("{{ text | date('dd') }}", "the form of a date has `yyyy`, `mm` and `dd` once each"),
        ("{{ 5 | pad(1000) }}", "at most 40"),
        ("{{ 100 | instalment(4, 3) }}", "counted from 1"),
        ("{{ 100 | instalment(1, 99999999) }}", "at most 1,000"),
        ("{{ amount | money('EUR', 'pt_PT') }}", "there are fr_FR"),
        ("{{ amount | count }}", "only a list"),
        ("{{ trips | total('miles') }}", "an entry has no `miles`"),
        ("a {{ nothing }}", "gives nothing"),
        ("{{ date | days_later }}", "`days_later` is written `days_later(days)`"),
        ("{{ date | days_later('x') }}", "'x' is not a whole number"),
        ("{{ date | days_later(9" + "9" * 20 + ") }}", "the day is out of reach"),
        ("{{ date | months_later(-99999) }}", "the day is out of reach"),
        ("{{ text | upper(1) }}", "`upper` takes nothing"),
        ("{{ date < 3 }}", "`<` is for two numbers, two dates or two texts"),
        ("{{ -text }}", "cannot be used like this"),
        ("{{ 1 // 0 }}", "there is no such number"),
        ("{{ 1 + }}", "unexpected end"),
        ("{{ 'x' if nothing }}", "no `else` says what then"),
        ("{{ text | uper }}", "there is no filter `uper`; `upper` is meant?"),
        ("{{ text | map('upper') }}", "there is no filter `map`; there are business_day, "),
        ("{{ 1 is foo }}", "there is no test `foo`"),
    ],
)
def test_filters_say_what_is_wrong(text: str, why: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        evaluate(text, NAMES)
    assert why in str(raised.value)


@pytest.mark.parametrize(
    "day",
    [
        *(date(1954, 4, 18), date(1981, 4, 19), date(2008, 3, 23), date(2019, 4, 21), date(2024, 3, 31)),
        *(date(2025, 4, 20), date(2026, 4, 5), date(2027, 3, 28), date(2038, 4, 25), date(2049, 4, 18)),
    ],
)
def test_easter(day: date) -> None:
    assert easter(day.year) == day


@pytest.mark.parametrize(
    "holiday",
    [
        "2026-01-01 2026-04-06 2026-05-01 2026-05-08 2026-05-14 2026-05-25 2026-07-14 2026-11-11 2026-12-25",
    ],
)
def test_french_holidays(holiday: str) -> None:
    for day in map(date.fromisoformat, holiday.split()):
        assert not is_business_day(day, "FR")
        assert day.weekday() < 5


MARKS = st.sampled_from((".", ",", "'", " ", "\N{NO-BREAK SPACE}"))


@settings(max_examples=200, deadline=None)
@given(st.integers(-(10**9), 10**9), st.sampled_from((".", ",")), MARKS, st.sampled_from(("", "5", "50")))
def test_grouped_numbers_are_read_with_their_marks_named(
    whole: int, point: str, mark: str, decimals: str
) -> None:
    if mark == point:
        return
    text = f"{whole:,}".replace(",", mark) + (point + decimals if decimals else "")
    found = evaluate("{{ text | number(point, mark) }}", {"text": text, "point": point, "mark": mark})
    sign = "-" if whole < 0 else ""
    assert found == Decimal(f"{sign}{abs(whole)}.{decimals or 0}")


@settings(max_examples=300, deadline=None)
@given(st.text("0123456789.,' -€", min_size=1, max_size=12), st.sampled_from((".", ",")))
def test_what_is_read_as_a_number_is_written_back_as_the_same_text(text: str, point: str) -> None:
    try:
        found = evaluate("{{ text | number(point) }}", {"text": text, "point": point})
    except ExpressionError:
        return
    assert isinstance(found, int | Decimal)
    # Nothing but marks between groups of three digits, and zeros in front, may be missing.
    whole, _, decimals = text.strip(" ").lstrip("-").partition(point)
    groups = re.split("[.,' ]", whole)
    assert all(len(group) == 3 for group in groups[1:])
    sign = "-" if text.strip(" ").startswith("-") else ""
    assert found == Decimal(f"{sign}{''.join(groups)}.{decimals or 0}")


DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))
CALENDARS = st.sampled_from(("FR", "TARGET", "weekends"))


@settings(max_examples=100, deadline=None)
@given(DAYS, CALENDARS)
def test_easter_is_a_sunday_in_spring(day: date, calendar: str) -> None:
    found = easter(day.year)
    assert found.weekday() == 6
    assert date(day.year, 3, 22) <= found <= date(day.year, 4, 25)


@settings(max_examples=100, deadline=None)
@given(DAYS, CALENDARS)
def test_the_next_business_day_is_the_first_one(day: date, calendar: str) -> None:
    found = next_business_day(day, calendar)
    assert is_business_day(found, calendar)
    assert not any(is_business_day(day + timedelta(days=n), calendar) for n in range((found - day).days))


@settings(max_examples=100, deadline=None)
@given(DAYS, st.integers(1, 30), CALENDARS)
def test_business_days_are_counted_one_by_one(day: date, count: int, calendar: str) -> None:
    found = business_days_later(day, count, calendar)
    between = (day + timedelta(days=n) for n in range(1, (found - day).days + 1))
    assert sum(is_business_day(one, calendar) for one in between) == count
    if is_business_day(day, calendar):
        assert business_days_later(found, -count, calendar) == day


@settings(max_examples=60, deadline=None)
@given(st.decimals(-(10**6), 10**6, places=2), st.integers(1, 120))
def test_instalments_add_up(total: Decimal, count: int) -> None:
    parts = [
        evaluate("{{ total | instalment(number, of) }}", {"total": total, "number": number, "of": count})
        for number in range(1, count + 1)
    ]
    assert sum(parts) == total  # type: ignore[arg-type]
    assert max(parts) - min(parts) <= Decimal("0.01")  # type: ignore[type-var,operator]


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("\N{MINUS SIGN}12,50", "write -12,50"),
        ("+12,50", "write 12,50"),
        ("12,50 €", "name the sign with `currency`, or leave it out"),
        ("EUR 12,50", "name the sign with `currency`, or leave it out"),
        ("(12,50)", "write digits, as in 1234,50"),
        ("1e3", "write digits, as in 1234,50"),
        ("12.50", "write 12,50, or name `.` as the decimal separator"),
        ("12,50-", "name the minus behind numbers with `trailing_minus`, or write it in front"),
    ],
)
def test_what_to_write_instead(text: str, fix: str) -> None:
    with pytest.raises(NotationError) as error:
        parse_number(text, NumberNotation(","))
    assert error.value.fix == fix
