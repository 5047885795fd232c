"""The VAT codes that invoices, products and ledger accounts may carry, and what each puts on a document.

The percentage of a plain code is in its name; other codes have an entry in
``templates/schemas/vat_rates.yaml``, where an assumption is called one. A code that is new in the contract is
derived from its name and called an assumption as well.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path

from pennyform import data
from pennyform.findings import Failure, Finding, Severity, tidy
from pennyform.spec import Contract, canonical_json
from pennyform.spec.document.json_types import JsonObject
from pennyform.spec.document.strict_yaml import load_yaml

PATH = "schemas/vat_rates.json"
# The vendor's codes: `CC_NNN` is NNN tenths of a percent, `CC_A_BBB` is A.BBB percent.
_TENTHS = re.compile(r"[A-Z]{2}_(\d{2,3})")
_DECIMALS = re.compile(r"[A-Z]{2}_(\d{1,2})_(\d{2,3})")
_DERIVABLE = re.compile(r"[A-Z]{2}_(?:.*_)?\d{2,3}(?:_.*)?")
_NEW = "assumed: a new code, the rate in its name is charged"
_NUMBER_INSIDE = re.compile(r"(?:^|_)(\d+)(?=_|$)")


def emit(
    contract: Contract, assumptions: Path | None = None, *, warnings: list[Finding] | None = None
) -> dict[str, bytes]:
    """The table of VAT codes, in the contract's order.

    Args:
        contract: the normalised contract.
        assumptions: the reviewed entries for codes that do not speak for themselves; the project's own
            when left out.
        warnings: gets one for each code that no rule speaks of, which is left out then; without it, such a
            code is an error.

    Returns:
        Bytes by path below ``generated/``; nothing for a contract without VAT codes.

    Raises:
        Failure: the contract has a code whose name says neither country nor rate. It needs a decision.
    """
    path = assumptions or data.templates() / "schemas" / "vat_rates.yaml"
    table = load_yaml(path.read_text(encoding="utf-8"))
    # Codes of invoices first, then those that only ledger accounts know.
    components = [table["component"][use] for use in ("invoices", "ledger_accounts")]
    enums = [contract.schemas.get(component, {}).get("enum", []) for component in components]
    codes = list(dict.fromkeys(code for enum in enums for code in enum))
    rates = [_rate(code, table) for code in codes]
    unknown = [code for code, rate in zip(codes, rates, strict=True) if rate is None]
    if unknown:
        findings = [
            Finding(
                "unknown-vat-code",
                Severity.ERROR if warnings is None else Severity.WARNING,
                f"no rule says what the VAT code {code!r} puts on a document",
                file=str(path),
                detail="An invoice with this code would be totalled by a guess.",
                fix="Add an entry under 'codes', with 'reviewed: false' as long as it is an assumption.",
            )
            for code in unknown
        ]
        if warnings is None:
            raise Failure(tidy(findings))
        warnings += findings
        rates = [rate for rate in rates if rate is not None]
    return {PATH: canonical_json({"format_version": 1, "rates": rates})} if rates else {}


def _rate(code: str, table: JsonObject) -> JsonObject | None:
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


def _entry(code: str, table: JsonObject) -> JsonObject | None:
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
    entry: JsonObject | None = next((row for row in table["codes"] if fnmatchcase(code, row["match"])), None)
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
