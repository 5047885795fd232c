"""The sentences for values that are not what a field takes: what is wrong, why, and what to write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from pennyform.findings import Finding
from pennyform.invoices.money import vat_codes
from pennyform.invoices.money.amounts import canonical
from pennyform.invoices.schema.schema import Schema
from pennyform.invoices.yaml.document import Document, Path, describe_path

_MOST_LISTED = 10
_SIXTH_DECIMAL = Decimal("0.000001")
_TYPES = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "a mapping of fields",
    "array": "a list",
    "null": "nothing",
}


def shorten(value: object) -> str:
    """``value`` as one short line."""
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "…"


def object_name(path: Path) -> str:
    """The object at ``path`` as the subject of a sentence."""
    if not path:
        return "the definition"
    if len(path) == 2 and path[0] == "invoice_lines":
        return f"line {int(path[1]) + 1}"
    return f"`{describe_path(path)}`"


def field_name(path: Path) -> str:
    """The field at ``path``, short where its name says enough."""
    names = [step for step in path if isinstance(step, str)]
    return f"`{names[-1]}`" if names else "the definition"


def type_finding(document: Document, path: Path, schema: Schema, value: Any) -> Finding:
    """The value at ``path`` is of another type than ``schema`` wants."""
    if path[-1:] == ("vat_rate",) and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return vat_rate_finding(document, path, value)
    wanted = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    if schema.get("format") == "decimal" and "string" in wanted and is_number:
        return document.finding(
            "amount-unquoted",
            f"{field_name(path)} must be quoted: an amount is text",
            path,
            detail="Unquoted, most programs read it as a binary float, which cannot hold most cents exactly.",
            fix=_quoted(Decimal(value)),
        )
    return document.finding(
        "wrong-type",
        f"{field_name(path)} must be {' or '.join(_TYPES[type_] for type_ in wanted)}, not {_kind(value)}",
        path,
        fix=_retyped(wanted, value),
    )


def _kind(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return f"the number {shorten(value)}"
    if isinstance(value, dict):
        return "a mapping of fields"
    return "a list" if isinstance(value, list) else "text"


def _retyped(wanted: Sequence[str], value: Any) -> str:
    if value is None:
        return "give it a value, or delete the key"
    if "string" in wanted and isinstance(value, bool | int | Decimal):
        return f'quote it: "{str(value).lower() if isinstance(value, bool) else shorten(value)}"'
    if isinstance(value, str):
        if "boolean" in wanted:
            return "write true or false, without quotes"
        number = value.strip().replace(",", ".")
        if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", number) and {"number", "integer"} & set(wanted):
            return f"write {number} without quotes"
    if "array" in wanted:
        return "begin each entry with `- `"
    return "write `name: value` for each field" if "object" in wanted else ""


def enum_finding(document: Document, path: Path, allowed: Sequence[Any], value: Any) -> Finding:
    """The value at ``path`` is none of ``allowed``."""
    if path[-1:] == ("vat_rate",):
        return vat_rate_finding(document, path, value)
    nearest = _nearest(str(value), [str(one) for one in allowed if one is not None])
    listed = ", ".join(f"`{one}`" for one in allowed) if len(allowed) <= _MOST_LISTED else ""
    return document.finding(
        "unknown-value",
        f"{field_name(path)} cannot be `{shorten(value)}`",
        path,
        detail=f"Allowed: {listed}." if listed else "",
        fix=f"write `{nearest}`" if nearest else "write one of them" if listed else "",
    )


def _nearest(value: str, allowed: Sequence[str]) -> str:
    from difflib import get_close_matches

    by_lower = {one.lower(): one for one in allowed}
    close = get_close_matches(value.lower(), by_lower, n=1, cutoff=0.7)
    begun = [one for one in by_lower if len(value) > 2 and one.startswith(value.lower())]
    return by_lower[(close or begun)[0]] if close or len(begun) == 1 else ""


def vat_rate_finding(document: Document, path: Path, value: Any) -> Finding:
    """The value at ``path`` is no VAT code that an invoice can have."""
    text = shorten(value)
    if text == "any":
        detail, fix = "`any` is for ledger accounts only.", "name one rate, such as `FR_200`"
    elif text == "mixed":
        detail, fix = (
            "The API answers `mixed` when lines differ; it cannot be asked for.",
            "name one rate for each line",
        )
    else:
        meant = vat_codes.meant(text)
        detail = ""
        fix = (
            f"{_percent(meant)} is `{meant.code}`"
            if meant
            else "name a code such as `FR_200` (20 %) or `exempt`"
        )
    return document.finding("unknown-vat-rate", f"`{text}` is no VAT code", path, detail=detail, fix=fix)


def _percent(rate: vat_codes.Rate) -> str:
    return f"{rate.percent.normalize():f} %" if rate.percent else "no tax"


def pattern_finding(document: Document, path: Path, schema: Schema, value: str) -> Finding:
    """The text at ``path`` does not have the form that ``schema`` wants."""
    if schema.get("format") != "decimal":
        message = schema.get("patternErrorMessage", "")
        return document.finding(
            "wrong-form", f"{field_name(path)} cannot be `{shorten(value)}`", path, detail=message
        )
    return document.finding(
        "amount-form",
        f"`{shorten(value)}` is no amount" if value else "empty text is no amount",
        path,
        detail=_why_no_amount(value),
        fix=_amount_meant(value),
    )


def _why_no_amount(value: str) -> str:
    if re.fullmatch(r"-?[0-9]+\.[0-9]{7,}", value):
        return "An amount has at most 6 decimals. In a template `| round(2)` rounds it."
    if re.fullmatch(r"-?[0-9]{13,}(\.[0-9]*)?", value):
        return "An amount has at most 12 digits before the dot."
    return (
        "An amount has digits, a dot and at most 6 decimals: no comma, no spaces, no currency, no exponent."
    )


def _amount_meant(value: str) -> str:
    digits = re.sub(r"[\s'€$£\u00a0\u202f]|EUR", "", value)
    if re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+\.[0-9]{1,6}", digits):
        digits = digits.replace(",", "")
    digits = digits.replace(",", ".")
    return _quoted(Decimal(digits)) if re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,28})?", digits) else ""


def _quoted(value: Decimal) -> str:
    """How to write ``value`` as an amount; nothing when it is too large to be one."""
    if abs(value) >= 10**12:
        return ""
    return f'write "{canonical(value.quantize(_SIXTH_DECIMAL, ROUND_HALF_UP, Context(prec=40)))}"'


def bound_finding(document: Document, path: Path, keyword: str, bound: Any) -> Finding:
    """The value at ``path`` is beyond a limit of the schema, or not the constant it must be."""
    texts = {
        "const": ("unknown-value", f"must be `{bound}`"),
        "minLength": (
            "too-short",
            "must not be empty" if bound == 1 else f"must have at least {bound} characters",
        ),
        "maxLength": ("too-long", f"has at most {bound:,} characters" if isinstance(bound, int) else ""),
        "minimum": ("out-of-range", f"must be at least {bound}"),
        "maximum": ("out-of-range", f"must be at most {bound}"),
        "minItems": ("too-short", f"must have at least {bound} {'entry' if bound == 1 else 'entries'}"),
        "maxItems": ("too-long", f"has at most {bound} entries"),
    }
    fixes = {
        "const": f"write `{bound}`",
        "minimum": f"write {bound} or more",
        "maximum": f"write {bound} or less",
    }
    rule, text = texts.get(keyword, ("not-allowed", "is not allowed here"))
    return document.finding(rule, f"{field_name(path)} {text}", path, fix=fixes.get(keyword, ""))
