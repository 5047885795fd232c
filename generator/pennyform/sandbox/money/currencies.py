"""Currencies: how many decimals an amount has, and what one unit is worth in euros.

Minor units are ISO 4217's. Exchange rates are fixed, so that a run can be repeated: the real service takes
the day's rate, and no client should count on one.
"""

from __future__ import annotations

from decimal import Decimal

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
