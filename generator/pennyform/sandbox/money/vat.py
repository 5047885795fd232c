"""The tax that a VAT code puts on the document: the sandbox's own reading of the names.

The contract lists codes without their rates. Their names follow a habit: ``CC_NNN`` is NNN tenths of a
percent, ``CC_A_BBB`` is A.BBB percent. Codes whose tax the buyer accounts for (reverse charge), exports and
exemptions put none on the document.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache

# FR_200, FR_55_electronic, DE_190_BU9: tenths of a percent.
_TENTHS = re.compile(r"[A-Z]{2}_(\d+)(_electronic)?(_BU\d+)?")
# FR_1_05: 1.05 percent.
_DECIMALS = re.compile(r"[A-Z]{2}_(\d+)_(\d+)")
_UNTAXED = re.compile(r"exempt|extracom|crossborder|intracom|construction")
_NAMED = re.compile(r"_(\d+)(?:_|$)")
# For other uses: `mixed` is a document with several rates, `any` a ledger account open to all.
_NOT_WRITABLE = frozenset({"mixed", "any"})


@cache
def percent(code: str, *, reverse_charge: bool = False) -> Decimal | None:
    """The percentage on the document.

    Args:
        code: of the contract.
        reverse_charge: whether the rate in the name of a code stands on the document though the buyer is
            to account for it.

    Returns:
        For example ``Decimal("5.5")`` for ``FR_55``; zero for reverse charge, export and exemption; None
        for a code that a line or product may not carry.
    """
    if code in _NOT_WRITABLE:
        return None
    if _UNTAXED.search(code):
        named = _NAMED.search(code) if reverse_charge else None
        return Decimal(named[1]).scaleb(-1) if named else Decimal(0)
    if decimals := _DECIMALS.fullmatch(code):
        return Decimal(".".join(decimals.groups()))
    if tenths := _TENTHS.fullmatch(code):
        return Decimal(tenths[1]).scaleb(-1)
    return None
