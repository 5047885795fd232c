"""What editors show beyond the words of a schema: formatted text, and what each VAT code means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pennyform.codegen import vat_rates
from pennyform.codegen.definitions.fields import Schema
from pennyform.spec import Contract


def meanings(contract: Contract) -> dict[str, str]:
    """What each VAT code of the contract means, in a few words."""
    emitted = vat_rates.emit(contract).get(vat_rates.PATH)
    rates = json.loads(emitted)["rates"] if emitted else []
    return {rate["vat_rate"]: _meaning(rate) for rate in rates}


def _meaning(rate: Mapping[str, Any]) -> str:
    percent = f"{rate['percent']} %" if rate["tax_on_document"] else "no tax on the document"
    until = f"until {rate['valid_until']}" if rate["valid_until"] else ""
    return ", ".join(text for text in (percent, rate["country"], until, rate["note"]) if text)


def for_editors(schema: Schema, vat_codes: Mapping[str, str]) -> Schema:
    """``schema`` with the annotations that editors read besides ``title`` and ``description``.

    Args:
        schema: a definition schema.
        vat_codes: the meaning of each VAT code.
    """
    shown: Schema = _annotated(schema, vat_codes)
    return shown


def _annotated(value: Any, vat_codes: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_annotated(one, vat_codes) for one in value]
    if not isinstance(value, dict):
        return value
    annotated = {name: _annotated(member, vat_codes) for name, member in value.items()}
    description = annotated.get("description")
    if isinstance(description, str) and "`" in description:
        annotated["markdownDescription"] = description
    codes = annotated.get("enum")
    if isinstance(codes, list) and codes and all(code in vat_codes for code in codes if code is not None):
        annotated["markdownEnumDescriptions"] = [vat_codes.get(code, "") for code in codes]
    return annotated
