"""What a VAT code puts on a document: by its name, and by our table of codes whose name does not say it.

The rules depend on no contract: a code that a newer one brings means what its name says, and is called an
assumption.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

# The vendor's codes: `CC_NNN` is NNN tenths of a percent, `CC_A_BBB` is A.BBB percent.
_TENTHS = re.compile(r"[A-Z]{2}_(\d{2,3})")
_DECIMALS = re.compile(r"[A-Z]{2}_(\d{1,2})_(\d{2,3})")
_DERIVABLE = re.compile(r"[A-Z]{2}_(?:.*_)?\d{2,3}(?:_.*)?")
_NEW = "assumed: a new code, the rate in its name is charged"
_NUMBER_INSIDE = re.compile(r"(?:^|_)(\d+)(?=_|$)")


def rate_of_code(code: str, table: Mapping[str, Any]) -> dict[str, Any] | None:
    """What ``code`` means, as a row of ``vat_rates.json``; None for a code that no rule speaks of.

    Args:
        code: of any contract.
        table: ``templates/schemas/vat_rates.yaml``, parsed.
    """
    entry = _entry(code, table)
    if entry is None:
        return None
    began, ended = table["began"].get(code), table["ended"].get(code)
    percent = entry.get("percent")
    if percent == "from_name":
        # The tenths of a percent that stand somewhere in the name; none is no tax.
        match = _NUMBER_INSIDE.search(code)
        percent = _percent_text(Decimal(match[1]) / 10) if match else "0"
    return {
        "vat_rate": code,
        "percent": percent,
        "country": entry.get("country"),
        "tax_on_document": bool(entry.get("tax_on_document")),
        "reverse_charge": bool(entry.get("reverse_charge")),
        "writable": bool(entry.get("writable", True)),
        "reviewed": bool(entry.get("reviewed")),
        "valid_from": began.isoformat() if began else None,
        "valid_until": ended.isoformat() if ended else None,
        "note": entry.get("note", ""),
    }


def _entry(code: str, table: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the name of a plain code says, else the first entry that matches, else the rule for new codes."""
    percent = _percent_of_name(code)
    if percent is not None:
        reviewed = code[3:] in table["reviewed"].get(code[:2], ())
        note = "" if reviewed else _NEW
        return {
            "country": code[:2],
            "percent": percent,
            "tax_on_document": True,
            "reviewed": reviewed,
            "note": note,
        }
    entry: dict[str, Any] | None = next(
        (row for row in table["codes"] if fnmatchcase(code, row["match"])), None
    )
    if entry is None and _DERIVABLE.fullmatch(code):
        return {"country": code[:2], "percent": "from_name", "tax_on_document": True, "note": _NEW}
    return entry


def _percent_of_name(code: str) -> str | None:
    """``FR_200`` → 20, ``FR_55`` → 5.5, ``FR_09`` → 0.9, ``FR_15_385`` → 15.385; None for other names."""
    if match := _TENTHS.fullmatch(code):
        return _percent_text(Decimal(match[1]) / 10)
    if match := _DECIMALS.fullmatch(code):
        return _percent_text(Decimal(f"{match[1]}.{match[2]}"))
    return None


def _percent_text(percent: Decimal) -> str:
    return f"{percent.normalize():f}"
