"""Rates: what one unit of a currency is worth in euros, and the tax that a VAT code puts on the document.

Minor units are ISO 4217's. Exchange rates are fixed, so that a run can be repeated: the real service takes
the day's rate, and no client should count on one.

The contract lists VAT codes without their rates. Their names follow a habit: ``CC_NNN`` is NNN tenths of a
percent, ``CC_A_BBB`` is A.BBB percent. Codes whose tax the buyer accounts for (reverse charge), exports and
exemptions put none on the document.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache

# What an invoice may be written in. The contract lists them for creation only.
CURRENCIES = frozenset(
    """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BYR
    BZD CAD CDF CHE CHF CLF CLP CNY COP CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP
    GEL GGP GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS IMP INR IQD IRR ISK JEP JMD JOD JPY KES
    KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LTL LVL LYD MAD MDL MGA MKD MMK MNT MOP MRO MRU
    MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF
    SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD STD SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH
    UGX USD UYU UZS VEF VND VUV WST XAF XCD XDR XOF XPF YER ZAR ZMK ZMW ZWL
    """.split()  # noqa: SIM905
)
_NO_DECIMALS = frozenset(
    "BIF BYR CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split()  # noqa: SIM905
)
_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_FOUR_DECIMALS = frozenset({"CLF"})
_EUROS = {"EUR": "1.0", "USD": "0.9", "GBP": "1.16", "CHF": "1.05", "CAD": "0.66", "JPY": "0.0062"}
# FR_200, FR_55_electronic, DE_190_BU9: tenths of a percent.
_TENTHS_CODE = re.compile(r"[A-Z]{2}_(\d+)(_electronic)?(_BU\d+)?")
# FR_1_05: 1.05 percent.
_DECIMAL_CODE = re.compile(r"[A-Z]{2}_(\d+)_(\d+)")
_UNTAXED_CODE = re.compile(r"exempt|extracom|crossborder|intracom|construction|_isp_")
_RATE_IN_CODE = re.compile(r"_(\d+)(?:_|$)")
# For other uses: `mixed` is a document with several rates, `any` a ledger account open to all.
_NOT_WRITABLE = frozenset({"mixed", "any"})


def minor_unit_decimals(currency: str) -> int:
    """Decimals of an amount in this currency: 2 for EUR, 0 for JPY, 3 for KWD."""
    if currency in _NO_DECIMALS:
        return 0
    if currency in _THREE_DECIMALS:
        return 3
    return 4 if currency in _FOUR_DECIMALS else 2


def exchange_rate(currency: str) -> Decimal:
    """Euros for one unit; 1 for a currency without a rate of its own here."""
    return Decimal(_EUROS.get(currency, "1.0"))


@cache
def percent_of_code(code: str, *, reverse_charge: bool = False) -> Decimal | None:
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
    if _UNTAXED_CODE.search(code):
        named = _RATE_IN_CODE.search(code) if reverse_charge else None
        return Decimal(named[1]).scaleb(-1) if named else Decimal(0)
    if decimals := _DECIMAL_CODE.fullmatch(code):
        return Decimal(".".join(decimals.groups()))
    if tenths := _TENTHS_CODE.fullmatch(code):
        return Decimal(tenths[1]).scaleb(-1)
    return None
