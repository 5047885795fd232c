"""The reviewed tables of ``templates/documents``: VAT, units, types of documents, labels, violations."""

from __future__ import annotations

import re
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from pennyform import data
from pennyform.documents.model import Tax
from pennyform.invoices.money.vat_codes import Rate

LANGUAGES = ("fr", "en", "de", "es", "it", "nl")
_ZERO = Decimal(0)


@cache
def table(name: str) -> dict[str, Any]:
    """The table ``templates/documents/<name>.yaml``."""
    import yaml

    content: dict[str, Any] = yaml.load(
        (data.templates() / "documents" / f"{name}.yaml").read_text(encoding="utf-8"),
        Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader),  # noqa: S506 - either of them is safe
    )
    return content


@cache
def _units() -> dict[str, str]:
    return {name.casefold(): code for code, names in table("units")["codes"].items() for name in names}


def unit_code(unit: str) -> str | None:
    """The code of UN/ECE recommendation 20 for ``unit``; None when the table does not have it."""
    return _units().get(" ".join(unit.split()).casefold().rstrip(".")) if unit.strip() else "C62"


def tax_of(rate: Rate, substance: str, mention: str, language: str, *, is_franchise: bool) -> Tax | None:
    """The VAT category of a line; None when the code, or the article behind it, has no mapping.

    Args:
        rate: the VAT code.
        substance: ``goods``, ``services`` or "".
        mention: the article that exempts the line, as the invoice says it.
        language: of the text of the reason.
        is_franchise: whether the seller charges no VAT at all (article 293 B).
    """
    vat = table("vat")
    for entry in vat["categories"]:
        if fnmatchcase(rate.code, entry["match"]) and entry.get("substance") in (None, substance):
            if entry["code"] == "by-article":
                return _by_article(vat, mention, language, is_franchise=is_franchise)
            return Tax(entry["category"], rate.charged, entry["code"], entry["text"][language])
    if not rate.on_document:
        return None
    return Tax("S" if rate.charged else "Z", rate.charged)


def _by_article(vat: dict[str, Any], mention: str, language: str, *, is_franchise: bool) -> Tax | None:
    # Numbers that stand apart stay apart, or `261 4 1` and `2614 1` would be one article.
    numbers = re.sub(r"(?<=\d)[\s.°,;()]+(?=\d)", "-", mention.casefold())
    compact = re.sub(r"[\s.°,;()]|nº|n°", "", numbers)
    zero = vat["franchise"]
    for entry in vat["articles"]:
        if re.search(rf"art(?:icle)?s?(?:{entry['pattern']})(?!\d)", compact):
            return Tax("E", _ZERO, entry["code"], mention)
    if is_franchise:
        return Tax(zero["category"], _ZERO, zero["code"], zero["text"][language])
    # The standard takes a text in place of a code; no text at all is a finding.
    return Tax("E", _ZERO, "", mention) if mention.strip() else None
