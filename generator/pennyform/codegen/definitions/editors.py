"""What editors show beyond the words of a schema: formatted text, and what each VAT code means."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pennyform.codegen import vat_rates
from pennyform.spec import Contract
from pennyform.spec.document.json_types import Json


def vat_code_meanings(contract: Contract) -> dict[str, str]:
    """What each VAT code of the contract means, in a few words: ``20 %, FR, until 2025-12-31``."""
    emitted = vat_rates.emit(contract).get(vat_rates.PATH)
    meanings = {}
    for rate in json.loads(emitted)["rates"] if emitted else []:
        percent = f"{rate['percent']} %" if rate["tax_on_document"] else "no tax on the document"
        until = f"until {rate['valid_until']}" if rate["valid_until"] else ""
        words = (percent, rate["country"], until, rate["note"])
        meanings[rate["vat_rate"]] = ", ".join(text for text in words if text)
    return meanings


def annotate_for_editors(schema: Json, meanings: Mapping[str, str]) -> Json:
    """``schema`` with the annotations that editors read besides ``title`` and ``description``.

    Args:
        schema: a definition schema.
        meanings: the meaning of each VAT code.
    """
    if isinstance(schema, list):
        return [annotate_for_editors(member, meanings) for member in schema]
    if not isinstance(schema, dict):
        return schema
    annotated = {name: annotate_for_editors(member, meanings) for name, member in schema.items()}
    description = annotated.get("description")
    if isinstance(description, str) and "`" in description:
        annotated["markdownDescription"] = description
    codes = annotated.get("enum")
    if isinstance(codes, list) and codes and all(code in meanings for code in codes if code is not None):
        annotated["markdownEnumDescriptions"] = [meanings.get(code, "") for code in codes]
    return annotated
