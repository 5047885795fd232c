"""The VAT codes that the contract knows, and which one an author probably meant.

The table is emitted from the contract (``vat_rates.json``): percentage, whether the tax stands on the
document, country, and whether somebody reviewed the code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from pennyform import data
from pennyform.findings import failure


class Rate(NamedTuple):
    """One VAT code.

    ``percent`` is the tax rate, ``on_document`` whether it is charged there, ``reverse_charge`` whether the
    customer owes it instead. ``valid_from`` and ``valid_until`` are the first and the last day the rate was
    in force (ISO 8601), "" when that is not known. While ``reviewed`` is false, ``note`` is assumed.
    """

    code: str
    percent: Decimal
    country: str
    on_document: bool
    reverse_charge: bool
    writable: bool
    reviewed: bool
    valid_from: str
    valid_until: str
    note: str

    @property
    def charged(self) -> Decimal:
        """The percentage that the invoice itself charges: zero under reverse charge."""
        return self.percent if self.on_document else Decimal(0)


@cache
def rates() -> Mapping[str, Rate]:
    """Every VAT code of the contract, in its order.

    Raises:
        Failure: the table has not been emitted.
    """
    path = data.schemas() / "vat_rates.json"
    try:
        rows = json.loads(path.read_bytes())["rates"]
    except OSError as error:
        raise failure("schemas-missing", f"{path.name} cannot be read: {error.strerror}") from error
    return {row["vat_rate"]: _rate(row) for row in rows}


def _rate(row: Mapping[str, object]) -> Rate:
    return Rate(
        code=str(row["vat_rate"]),
        percent=Decimal(str(row["percent"] or "0")),
        country=str(row["country"] or ""),
        on_document=bool(row["tax_on_document"]),
        reverse_charge=bool(row["reverse_charge"]),
        writable=bool(row["writable"]),
        reviewed=bool(row["reviewed"]),
        valid_from=str(row.get("valid_from") or ""),
        valid_until=str(row.get("valid_until") or ""),
        note=str(row["note"]),
    )


def meant(code: str) -> Rate | None:
    """The code that the unknown text ``code`` most likely stands for.

    ``FR_055`` is 5.5 %, hence ``FR_55``; ``FR_20``, ``20`` and ``20 %`` are 20 %, hence ``FR_200``; ``FR_0``
    is no tax, hence ``exempt``.
    """
    country, digits = _parts(code)
    for percent in _percentages(digits):
        if percent == 0:
            return rates().get("exempt")
        for rate in rates().values():
            if rate.country == country and rate.percent == percent and _plain(rate.code):
                return rate
    return _nearest(code)


def _parts(code: str) -> tuple[str, str]:
    found = re.fullmatch(r"(?:([A-Za-z]{2})[_ -]?)?([0-9]+(?:[_.,][0-9]+)?) ?%?", code.strip())
    if not found:
        return "", ""
    return (found.group(1) or "FR").upper(), found.group(2)


def _percentages(digits: str) -> list[Decimal]:
    """What ``digits`` may mean in percent, the likeliest first."""
    if not digits or len(digits) > 8:
        return []
    if not digits.isdigit():
        return [Decimal(re.sub("[_,]", ".", digits))]
    return [Decimal(digits) / 10, Decimal(digits)]


def _plain(code: str) -> bool:
    return bool(re.fullmatch(r"[A-Z]{2}_[0-9_]+", code))


def _nearest(code: str) -> Rate | None:
    from difflib import get_close_matches

    by_upper = {known.upper(): rate for known, rate in rates().items() if rate.writable}
    found = get_close_matches(code.upper(), by_upper, n=1, cutoff=0.75)
    return by_upper[found[0]] if found else None
