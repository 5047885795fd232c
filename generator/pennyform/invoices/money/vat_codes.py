"""The VAT codes that the contract knows, and which one an author probably meant.

The table is emitted from the contract (``vat_rates.json``): percentage, whether the tax stands on the
document, country, and whether somebody reviewed the code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, NamedTuple

from pennyform import data
from pennyform.findings import failure

# What people write for a code: a country or none, a percentage, a percent sign or none.
_WRITTEN = re.compile(r"(?:([A-Za-z]{2})[_ -]?)?([0-9]+(?:[_.,][0-9]+)?) ?%?")
# Codes that are nothing but a country and a rate, unlike `FR_1_05_BASE` or `intracom_55`.
_PLAIN = re.compile(r"[A-Z]{2}_[0-9_]+")


# A named tuple: `validate` reads the codes in commit hooks (see pennyform.invoices.model.bodies).
class Rate(NamedTuple):
    """One VAT code.

    ``percent`` is the tax rate, ``on_document`` whether it is charged there, ``reverse_charge`` whether the
    customer owes it instead. ``valid_from`` and ``valid_until`` are the first and the last day the rate was
    in force, None when that is not known. While ``reviewed`` is false, ``note`` is assumed.
    """

    code: str
    percent: Decimal
    country: str
    on_document: bool
    reverse_charge: bool
    writable: bool
    reviewed: bool
    valid_from: date | None
    valid_until: date | None
    note: str

    @property
    def charged(self) -> Decimal:
        """The percentage that the invoice itself charges: zero under reverse charge."""
        return self.percent if self.on_document else Decimal(0)


class UnknownVatCodeError(KeyError):
    """No rule speaks of a VAT code; ``code`` is it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Rates(Mapping[str, Rate]):
    """Every VAT code of pennyform's own contract, in its order.

    A code that is not among them is one of a newer contract, or of none: its rate follows from its name, by
    the same rules as the others were made. Which codes a definition may use is for its schema to say.
    """

    def __init__(self, known: Mapping[str, Rate]) -> None:
        self._known = known

    def __getitem__(self, code: str) -> Rate:
        rate = self._known.get(code) or _derived(code)
        if rate is None:
            raise UnknownVatCodeError(code)
        return rate

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


@cache
def rates() -> Rates:
    """The VAT codes.

    Raises:
        Failure: the table has not been emitted.
    """
    path = data.schemas() / "vat_rates.json"
    try:
        rows = json.loads(path.read_bytes())["rates"]
    except OSError as error:
        raise failure("schemas-missing", f"{path.name} cannot be read: {error.strerror}") from error
    return Rates({row["vat_rate"]: _rate(row) for row in rows})


def _rate(row: Mapping[str, Any]) -> Rate:
    return Rate(
        code=row["vat_rate"],
        percent=Decimal(row["percent"] or "0"),
        country=row["country"] or "",
        on_document=row["tax_on_document"],
        reverse_charge=row["reverse_charge"],
        writable=row["writable"],
        reviewed=row["reviewed"],
        valid_from=_day(row.get("valid_from")),
        valid_until=_day(row.get("valid_until")),
        note=row["note"],
    )


@lru_cache(1024)
def _derived(code: str) -> Rate | None:
    """The rate of a code that is new to this pennyform; None when no rule speaks of it."""
    from pennyform.vat_rules import rate_of_code

    row = rate_of_code(code, _rules())
    return _rate(row) if row else None


@cache
def _rules() -> Mapping[str, Any]:
    import yaml

    path = data.templates() / "schemas" / "vat_rates.yaml"
    rules: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return rules


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def suggest_rate(code: str) -> Rate | None:
    """The code that the unknown text ``code`` most likely stands for.

    ``FR_055`` is 5.5 %, hence ``FR_55``; ``FR_20``, ``20`` and ``20 %`` are 20 %, hence ``FR_200``; ``FR_0``
    is no tax, hence ``exempt``.
    """
    match = _WRITTEN.fullmatch(code.strip())
    if match:
        country, digits = (match.group(1) or "FR").upper(), match.group(2)
        # The contract writes tenths of a percent, people do not: "55" is likelier 5.5 % than 55 %.
        number = Decimal(re.sub("[_,]", ".", digits))
        percents = [number / 10, number] if digits.isdigit() else [number]
        for percent in percents if len(digits) <= 8 else ():
            if percent == 0:
                return rates().get("exempt")
            for rate in rates().values():
                is_plain = _PLAIN.fullmatch(rate.code)
                if rate.country == country and rate.percent == percent and is_plain:
                    return rate
    from difflib import get_close_matches

    by_upper = {known.upper(): rate for known, rate in rates().items() if rate.writable}
    close = get_close_matches(code.upper(), by_upper, n=1, cutoff=0.75)
    return by_upper[close[0]] if close else None
