"""Options in an order that the API can follow: what only a final invoice can do waits for it.

Like ``checks.semantics``, the checks take fields of any type and pass over what makes no sense.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from pennyform.findings import Finding, Severity
from pennyform.invoices.money.amounts import parse_amount
from pennyform.invoices.schema.schema import Schema
from pennyform.invoices.yaml.document import Document, Path, YamlMapping, YamlValue, mappings

# A draft cannot be mailed, paid or categorised; these are requests of their own, sent after finalizing.
_AFTER_FINALIZING = ("send_by_email", "send_to_pa", "categories", "mark_as_paid", "matched_transactions")
_OPTIONS = "options"


def check_options(document: Document, schema: Schema) -> Iterator[Finding]:
    """Options that come too early, contradict one another, or do not add up.

    Args:
        document: an invoice definition.
        schema: its schema, which says what a draft may not carry.
    """
    value = document.value
    options = value.get(_OPTIONS) if isinstance(value.get(_OPTIONS), dict) else {}
    is_imported = "file" in value or value.get("kind") == "imported_invoice"
    if is_imported and "finalize" in options:
        summary = "an imported invoice is final from the start"
        path = (_OPTIONS, "finalize")
        yield document.finding("option-contradiction", summary, path, key=True, fix="delete it")
    if not is_imported and options.get("finalize", False) is False:
        yield from _too_early(document, options, schema)
    if options.get("mark_as_paid") is True:
        yield from check_paid(document, options)
    yield from check_weights(document, options.get("categories"))
    yield from _repeated_entries(document, options)
    if value.get("kind") == "credit_note" and "credit_note_of" not in value:
        yield document.finding(
            "missing-field",
            "a credit note says which invoice it takes back",
            ("kind",),
            fix="add `credit_note_of: REFERENCE`",
        )


def _too_early(document: Document, options: YamlMapping, schema: Schema) -> Iterator[Finding]:
    """What a draft cannot do or carry: in the options, in the header, and on lines."""
    paths: list[Path] = [(_OPTIONS, name) for name in _AFTER_FINALIZING if options.get(name)]
    for name, field in schema["properties"].items():
        if name not in document.value:
            continue
        if field.get("x-pennyform-after-finalizing"):
            paths.append((name,))
        later = [
            inner
            for inner, of_entry in field.get("items", {}).get("properties", {}).items()
            if of_entry.get("x-pennyform-after-finalizing")
        ]
        if later:
            paths += [
                (name, index, inner)
                for index, entry in mappings(document.value[name])
                for inner in later
                if inner in entry
            ]
    for path in paths:
        yield document.finding(
            "needs-finalize",
            f"`{path[-1]}` is for a final invoice, this one stays a draft",
            path,
            key=True,
            detail="It is done right after finalizing, in the same run.",
        )


def check_paid(document: Document, options: YamlMapping) -> Iterator[Finding]:
    """Being marked as paid, where that makes no sense or is said twice."""
    rule, path = "option-contradiction", (_OPTIONS, "mark_as_paid")
    if "credit_note_of" in document.value:
        summary = "a credit note cannot be marked as paid"
        yield document.finding(rule, summary, path, key=True, fix="delete it")
    if options.get("matched_transactions"):
        yield document.finding(
            rule,
            "the transactions that pay the invoice say already that it is paid",
            path,
            key=True,
            severity=Severity.WARNING,
            fix="keep one of `mark_as_paid` and `matched_transactions`",
        )


def check_weights(document: Document, categories: YamlValue) -> Iterator[Finding]:
    """Shares that do not add up to 1 in a group. An entry without a group may belong to any."""
    shares: dict[str, list[tuple[int, Decimal]]] = {}
    for index, entry in enumerate(categories if isinstance(categories, list) else []):
        weight = entry.get("weight") if isinstance(entry, dict) else None
        if isinstance(weight, str) and "." in weight:
            # A share has a decimal more than an amount; without a zero at its end it mostly is one.
            weight = weight.rstrip("0").removesuffix(".") or "0"
        share = parse_amount(weight)
        group = entry.get("group", "") if isinstance(entry, dict) else ""
        if share is None or not isinstance(group, str):
            return
        shares.setdefault(group, []).append((index, share))
    ungrouped = shares.get("")
    for group, weights in shares.items():
        total = sum((weight for _, weight in weights), Decimal(0))
        if group and (total > 1 or (total != 1 and not ungrouped)):
            yield _unbalanced(document, weights[0][0], f"in the group `{group}`", total, "1")
    total = sum((weight for weights in shares.values() for _, weight in weights), Decimal(0))
    # How many groups there are is not known then: all shares add up to as many.
    if ungrouped and (total != int(total) or not total):
        yield _unbalanced(document, ungrouped[0][0], "of all groups", total, "a whole number")


def _unbalanced(document: Document, index: int, which: str, total: Decimal, expected: str) -> Finding:
    return document.finding(
        "category-weights",
        f"the shares {which} add up to {total:f}, not {expected}",
        (_OPTIONS, "categories", index, "weight"),
    )


def _repeated_entries(document: Document, options: YamlMapping) -> Iterator[Finding]:
    for name in ("categories", "matched_transactions", "appendices"):
        entries = options.get(name)
        earlier: list[YamlValue] = []
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            identity = entry
            if isinstance(entry, dict):
                identity = {field: value for field, value in entry.items() if field != "weight"}
            if identity in earlier:
                yield document.finding(
                    "repeated-entry",
                    f"an earlier entry of `{name}` is the same",
                    (_OPTIONS, name, index),
                )
            earlier.append(identity)
