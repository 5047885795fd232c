"""The sentences for values that are not what a field takes: what is wrong, why, and what to write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

from pennyform.findings import Finding, closest_name
from pennyform.invoices.money import vat_codes
from pennyform.invoices.money.scalars import canonical
from pennyform.invoices.schema import Schema
from pennyform.invoices.yaml.document import Document, Path, YamlValue, describe_path

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


def type_finding(document: Document, path: Path, schema: Schema, value: YamlValue) -> Finding:
    """The value at ``path`` is of another type than ``schema`` asks for."""
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    # `vat_rate: 20` is meant as a rate, whatever its type.
    if path[-1:] == ("vat_rate",) and is_number:
        return vat_rate_finding(document, path, value)
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if schema.get("format") == "decimal" and "string" in types and is_number:
        return document.finding(
            "amount-unquoted",
            f"{field_name(path)} must be quoted: an amount is text",
            path,
            fix=_write_quoted(Decimal(value)),
        )
    return document.finding(
        "wrong-type",
        f"{field_name(path)} must be {' or '.join(_TYPES[type_] for type_ in types)}, not {_kind(value)}",
        path,
        fix=_type_fix(types, value, schema),
    )


def _kind(value: YamlValue) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return f"the number {shorten(value)}"
    if isinstance(value, dict):
        return "a mapping of fields"
    return "a list" if isinstance(value, list) else "text"


def _type_fix(types: Sequence[str], value: YamlValue, schema: Schema) -> str:
    if value is None:
        # `null` is what people write to clear a field, and deleting its key does not.
        may_be_blank = "string" in types and not {"enum", "format", "pattern", "minLength"} & schema.keys()
        empty = "[]" if "array" in types else '""' if may_be_blank else ""
        return f"give it a value, {f'write {empty} to clear it, ' if empty else ''}or delete the key"
    if "string" in types and isinstance(value, bool | int | Decimal):
        return f'quote it: "{str(value).lower() if isinstance(value, bool) else shorten(value)}"'
    if isinstance(value, str):
        if "boolean" in types:
            return "write true or false, without quotes"
        number = value.strip().replace(",", ".")
        if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", number) and {"number", "integer"} & set(types):
            return f"write {number} without quotes"
    if "array" in types:
        return "begin each entry with `- `"
    return _object_fix(schema) if "object" in types else ""


def _object_fix(schema: Schema) -> str:
    """Which fields to write: those that the object must have; others may exclude each other."""
    required = [f"`{field}: …`" for field in schema.get("required", ())]
    return f"write {' and '.join(required)} below it" if required else "write `name: value` for each field"


def enum_finding(document: Document, path: Path, allowed: Sequence[YamlValue], value: YamlValue) -> Finding:
    """The value at ``path`` is none of ``allowed``."""
    if path[-1:] == ("vat_rate",):
        return vat_rate_finding(document, path, value)
    by_lower = {str(name).lower(): str(name) for name in allowed if name is not None}
    text = str(value).lower()
    similar = closest_name(text, by_lower, cutoff=0.7)
    # The beginning of a name, when it is the beginning of no other one.
    begun = [name for name in by_lower if len(text) > 2 and name.startswith(text)]
    if not similar and len(begun) == 1:
        similar = begun[0]
    listed = ", ".join(f"`{name}`" for name in allowed) if len(allowed) <= _MOST_LISTED else ""
    return document.finding(
        "unknown-value",
        f"{field_name(path)} cannot be `{shorten(value)}`",
        path,
        detail=f"Allowed: {listed}." if listed else "",
        fix=f"write `{by_lower[similar]}`" if similar else "write one of them" if listed else "",
    )


def vat_rate_finding(document: Document, path: Path, value: YamlValue) -> Finding:
    """The value at ``path`` is no VAT code that an invoice can have."""
    text, detail = shorten(value), ""
    if text == "any":
        detail, fix = "`any` is for ledger accounts only.", "name one rate, such as `FR_200`"
    elif text == "mixed":
        detail = "The API answers `mixed` when lines differ; it cannot be asked for."
        fix = "name one rate for each line"
    elif rate := vat_codes.suggest_rate(text):
        percent = f"{rate.percent.normalize():f} %" if rate.percent else "no tax"
        fix = f"{percent} is `{rate.code}`"
    else:
        fix = "name a code such as `FR_200` (20 %) or `exempt`"
    return document.finding("unknown-vat-rate", f"`{text}` is no VAT code", path, detail=detail, fix=fix)


def pattern_finding(document: Document, path: Path, schema: Schema, value: str) -> Finding:
    """The text at ``path`` does not have the form that ``schema`` asks for."""
    # Messages for other patterns are emitted with the schema, where editors show them too.
    if schema.get("format") != "decimal":
        summary = f"{field_name(path)} cannot be `{shorten(value)}`"
        return document.finding("wrong-form", summary, path, detail=schema.get("patternErrorMessage", ""))
    if re.fullmatch(r"-?[0-9]+\.[0-9]{7,}", value):
        detail = "An amount has at most 6 decimals. In a template `| round(2)` rounds it."
    elif re.fullmatch(r"-?[0-9]{13,}(\.[0-9]*)?", value):
        detail = "An amount has at most 12 digits before the dot."
    else:
        detail = (
            "An amount has digits, a dot and at most 6 decimals: no comma, no spaces, no currency, "
            "no exponent."
        )
    # The amount that it looks like, however its thousands and decimals are set off.
    digits = re.sub(r"[\s'€$£\u00a0\u202f]|EUR", "", value)
    if re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+\.[0-9]{1,6}", digits):
        digits = digits.replace(",", "")
    digits = digits.replace(",", ".")
    # More digits than an amount can have are no slip of the pen.
    is_number = re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,28})?", digits)
    fix = _write_quoted(Decimal(digits)) if is_number else ""
    summary = f"`{shorten(value)}` is no amount" if value else "empty text is no amount"
    return document.finding("amount-form", summary, path, detail=detail, fix=fix)


def _write_quoted(value: Decimal) -> str:
    """How to write ``value`` as an amount; nothing when it is too large to be one."""
    if abs(value) >= 10**12:
        return ""
    rounded = value.quantize(_SIXTH_DECIMAL, ROUND_HALF_UP, Context(prec=40))
    if value and not rounded:
        return "price a larger unit, such as a thousand of them: rounded, it would be free"
    return f'write "{canonical(rounded)}"{", which is rounded" if rounded != value else ""}'


def bound_finding(document: Document, path: Path, keyword: str, bound: YamlValue) -> Finding:
    """The value at ``path`` is beyond a limit of the schema, or not the constant it must be."""
    rule, summary, fix = "not-allowed", "is not allowed here", ""
    match keyword:
        case "const":
            rule, summary, fix = "unknown-value", f"must be `{bound}`", f"write `{bound}`"
        case "minLength" if bound == 1:
            rule, summary = "too-short", "must not be empty"
        case "minLength":
            rule, summary = "too-short", f"must have at least {bound} characters"
        case "maxLength":
            rule, summary = "too-long", f"has at most {bound:,} characters"
        case "minimum":
            rule, summary, fix = "out-of-range", f"must be at least {bound}", f"write {bound} or more"
        case "maximum":
            rule, summary, fix = "out-of-range", f"must be at most {bound}", f"write {bound} or less"
        case "minItems":
            summary = f"must have at least {bound} {'entry' if bound == 1 else 'entries'}"
            rule = "too-short"
        case "maxItems":
            rule, summary = "too-long", f"has at most {bound} entries"
    return document.finding(rule, f"{field_name(path)} {summary}", path, fix=fix)
