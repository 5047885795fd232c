"""How many decimals the amounts of a currency have: ISO 4217's minor units."""

from __future__ import annotations

# Where it is not two. Source: ISO 4217, list one.
_EXCEPTIONS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF",
}

_DECIMALS = {code: decimals for decimals, codes in _EXCEPTIONS.items() for code in codes.split()}


def minor_units(currency: str) -> int:
    """The decimals of an amount in ``currency``: 2 for EUR, 0 for JPY, 3 for KWD."""
    return _DECIMALS.get(currency, 2)
