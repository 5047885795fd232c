"""The VAT codes that invoices, products and ledger accounts may carry, and what each puts on a document.

The percentage of a plain code is in its name; other codes have an entry in
``templates/schemas/vat_rates.yaml``, where an assumption is called one. A code that is new in the contract is
derived from its name and called an assumption as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pennyform import data
from pennyform.findings import Failure, Finding, Severity, tidy
from pennyform.spec import Contract, canonical_json
from pennyform.spec.document.json_types import JsonObject
from pennyform.spec.document.strict_yaml import load_yaml
from pennyform.vat_rules import rate_of_code

PATH = "schemas/vat_rates.json"


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
    codes = _codes(contract, table)
    rates = [rate_of_code(code, table) for code in codes]
    unknown = [code for code, rate in zip(codes, rates, strict=True) if rate is None]
    if unknown:
        findings = [
            Finding(
                "unknown-vat-code",
                Severity.ERROR if warnings is None else Severity.WARNING,
                f"no rule says what the VAT code {code!r} puts on a document",
                file=str(path),
                detail="An invoice with this code would be totalled by a guess: definitions cannot have it.",
                fix="Add an entry under 'codes', with 'reviewed: false' as long as it is an assumption."
                if warnings is None
                else "Upgrade pennyform, or ask for a rule for this code.",
            )
            for code in unknown
        ]
        if warnings is None:
            raise Failure(tidy(findings))
        warnings += findings
        rates = [rate for rate in rates if rate is not None]
    return {PATH: canonical_json({"format_version": 1, "rates": rates})} if rates else {}


def codes_without_rule(contract: Contract, rates: Mapping[str, bytes]) -> frozenset[str]:
    """The codes of ``contract`` that ``rates`` leaves out: what they charge cannot be told."""
    known = {row["vat_rate"] for row in json.loads(rates[PATH])["rates"]} if PATH in rates else set()
    table = load_yaml((data.templates() / "schemas" / "vat_rates.yaml").read_text(encoding="utf-8"))
    return frozenset(_codes(contract, table)) - known if known else frozenset()


def _codes(contract: Contract, table: JsonObject) -> list[str]:
    """The VAT codes of invoices, then those that only ledger accounts know."""
    components = [table["component"][use] for use in ("invoices", "ledger_accounts")]
    enums = [contract.schemas.get(component, {}).get("enum", []) for component in components]
    return list(dict.fromkeys(code for enum in enums for code in enum))
