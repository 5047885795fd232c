"""Text of people and spreadsheets → numbers and dates, only if it matches the named format exactly.

What a comma or a dot means is never guessed: the notation is named, and text that does not follow it to the
letter is refused. A number that is read a thousand times too large would be issued on an invoice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pennyform.findings import Finding, Severity
from pennyform.invoices.expressions.l10n import SYMBOLS
from pennyform.invoices.model import Place
from pennyform.invoices.yaml.document import Mark

POINTS = (".", ",")
_SPACES = " \u00a0\u202f"
_THOUSANDS = (*POINTS, "'", "\u2019", *_SPACES)
_SPACE = f"[{_SPACES}]?"
_DIGITS = rf"[0-9](?:[0-9{''.join(_THOUSANDS)}]*[0-9])?"
_PLAIN = re.compile(r"[0-9]{1,20}")
_DECIMALS = re.compile(r"[0-9]{1,12}")
# One kind of mark, each before exactly three digits, and no zero in front of the first.
_GROUPED = re.compile(rf"[1-9][0-9]{{0,2}}([{''.join(_THOUSANDS)}])[0-9]{{3}}(?:\1[0-9]{{3}})*")
_MOST_DIGITS = 20
_SIGN = re.compile(r"[^\s0-9.,'\u2019-]{1,5}")
_DATE_PARTS = {"yyyy": "[0-9]{4}", "mm": "[0-9]{2}", "dd": "[0-9]{2}"}
_SHORT_PARTS = _DATE_PARTS | {"mm": "[0-9]{1,2}", "dd": "[0-9]{1,2}"}
ISO_FORM = "yyyy-mm-dd"


class NotationError(ValueError):
    """``text`` does not match the named format; ``fix`` says what to write or to name instead."""

    def __init__(self, text: str, problem: str, fix: str = "") -> None:
        super().__init__(f"{text[:40]!r} {problem}")
        self.text = text
        self.problem = problem
        self.fix = fix


@dataclass(frozen=True, slots=True)
class NumberNotation:
    """How numbers are written.

    ``point`` stands before the decimals. ``thousands`` is the mark between groups of three digits; when it
    is not named ("") a space or an apostrophe may stand there, or the other one of ``.`` and ``,`` where that
    can mean nothing else. ``currency`` (``€``, or ``EUR`` for the code and its sign, or ``%``) may stand
    before or after the number, and with ``trailing_minus`` the minus behind it.

    Raises:
        ValueError: there is no such notation.
    """

    point: str = "."
    thousands: str = ""
    currency: str = ""
    trailing_minus: bool = False

    def __post_init__(self) -> None:
        if self.point not in POINTS:
            raise ValueError("what stands before the decimals is '.' or ','")
        if self.thousands and (self.thousands not in _THOUSANDS or self.thousands == self.point):
            raise ValueError(
                "between thousands stands a space, an apostrophe, or the other one of '.' and ','"
            )
        if self.currency and not _SIGN.fullmatch(self.currency):
            raise ValueError("a currency is named by its code or its sign, such as 'EUR' or '€'")


PLAIN = NumberNotation()


def parse_number(text: str, notation: NumberNotation = PLAIN) -> int | Decimal:
    """The number that ``text`` is in ``notation``; spaces around it do not count.

    Raises:
        NotationError: it does not match the notation exactly.
    """
    number = _read_number(text, notation)
    if number is None:
        raise NotationError(text, "is no number in the notation that is named", _suggest(text, notation))
    return number


def _read_number(text: str, notation: NumberNotation) -> int | Decimal | None:
    signs = [re.escape(sign) for sign in (notation.currency, SYMBOLS.get(notation.currency, "")) if sign]
    sign = f"(?:{'|'.join(signs)})" if signs else "(?!)"
    trailing = "-" if notation.trailing_minus else "(?!)"
    match = re.fullmatch(
        rf"(-)?({sign}{_SPACE})?(-)?({_DIGITS})({trailing})?({_SPACE}{sign})?({trailing})?", text.strip(" ")
    )
    if match is None:
        return None
    minuses = [group for group in (match[1], match[3], match[5], match[7]) if group]
    if len(minuses) > 1 or (match[2] and match[6]):
        return None
    integer, point, decimals = match[4].partition(notation.point)
    if point and not _DECIMALS.fullmatch(decimals):
        return None
    if not _PLAIN.fullmatch(integer):
        grouped = _GROUPED.fullmatch(integer)
        if grouped is None or not _is_thousands_mark(grouped, notation, has_decimals=bool(point)):
            return None
        integer = integer.replace(grouped[1], "")
    if len(integer) > _MOST_DIGITS:
        return None
    number = Decimal(f"{integer}.{decimals}") if point else int(integer)
    return -number if minuses else number


def _is_thousands_mark(grouped: re.Match[str], notation: NumberNotation, *, has_decimals: bool) -> bool:
    """Whether the mark in ``grouped`` can only stand between thousands."""
    mark = grouped[1]
    if notation.thousands:
        return mark == notation.thousands or (notation.thousands == " " and mark in _SPACES)
    # `1.234` beside a comma that is named for decimals is 1234 to one program and 1.234 to another: only
    # decimals behind it, or a second mark, rule the other reading out.
    return mark not in POINTS or has_decimals or grouped[0].count(mark) > 1


_OF_DIGITS = r"[0-9.,'\u2019\s-]"
_NO_DIGITS = r"[^0-9.,'\u2019\s-]"
# Signs that no notation names, and what to write.
_SIGNS_IN_FRONT = {"+": "", "\N{MINUS SIGN}": "-", "\N{EN DASH}": "-"}


def _suggest(text: str, notation: NumberNotation) -> str:
    """What would make ``text`` readable: a mark that is not named, or other digits in its place."""
    point, thousands = notation.point, notation.thousands
    other = POINTS[point == "."]
    if (
        _read_number(text, NumberNotation(point, thousands, notation.currency, trailing_minus=True))
        is not None
    ):
        return "name the minus behind numbers with `trailing_minus`, or write it in front"
    if not thousands and _read_number(text, NumberNotation(point, other, notation.currency)) is not None:
        return f"name the mark between thousands, `thousands` `{other}`, or leave it out"
    digits, sign = (re.sub(pattern, "", text).strip(_SPACES) for pattern in (_NO_DIGITS, _OF_DIGITS))
    is_number = _read_number(digits, NumberNotation(point, thousands)) is not None
    if is_number and sign in _SIGNS_IN_FRONT:
        return f"write {_SIGNS_IN_FRONT[sign]}{digits}"
    is_at_an_end = text.strip(_SPACES).startswith(sign) or text.strip(_SPACES).endswith(sign)
    if is_number and is_at_an_end and _SIGN.fullmatch(sign):
        return "name the sign with `currency`, or leave it out"
    swapped = _read_number(text, NumberNotation(other))
    if swapped is not None:
        digits = f"{Decimal(swapped):f}".replace(".", point)
        return f"write {digits}, or name `{other}` as the decimal separator"
    return f"write digits, as in 1234{point}50"


def parse_date(text: str, form: str = ISO_FORM) -> date:
    """The day that ``text`` is, written as ``form`` says: ``dd/mm/yyyy``. Spaces around it do not count.

    Day and month may have one digit where other than digits stands on both sides of them, and never in
    ``yyyy-mm-dd``.

    Raises:
        NotationError: it is no day written so.
        ValueError: ``form`` does not say where year, month and day stand.
    """
    if any(form.count(part) != 1 for part in _DATE_PARTS):
        raise ValueError("the form of a date has `yyyy`, `mm` and `dd` once each")
    parts = re.split("(yyyy|mm|dd)", form)
    if any(re.search("[0-9]", part) for part in parts):
        raise ValueError("the form of a date has no digits")
    is_separated = all(parts[2:-1:2]) and form != ISO_FORM
    widths = _SHORT_PARTS if is_separated else _DATE_PARTS
    pattern = "".join(f"(?P<{part}>{widths[part]})" if part in widths else re.escape(part) for part in parts)
    match = re.fullmatch(pattern, text.strip(" "))
    if match is None:
        raise NotationError(text, f"is no date written as {form[:20]}", f"write it as {form[:20]}")
    try:
        return date(*(int(match[part]) for part in _DATE_PARTS))
    except ValueError as error:
        raise NotationError(text, "is no date: there is no such day", "write a day that exists") from error


def notation_finding(error: NotationError, cell: Mark, reader: Place, how: str) -> Finding:
    """The finding that a text is not in the notation named, at the text.

    Args:
        error: says which text, and why.
        cell: where the text is written.
        reader: the place of what reads it.
        how: what reads it, as it is written there.
    """
    return Finding(
        "text-notation",
        Severity.ERROR,
        f"`{error.text[:40]}` {error.problem}",
        file=cell.file,
        line=cell.line,
        column=cell.column,
        detail=f"It is read by `{how[:60]}` at {reader}.",
        fix=error.fix,
    )
