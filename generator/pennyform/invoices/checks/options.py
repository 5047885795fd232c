"""What options ask for, in an order that the API can follow: what only a final invoice can do waits for it.

Like ``checks.semantics``, the checks take fields of any type and pass over what makes no sense.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pennyform.findings import Finding, Severity
from pennyform.invoices.money.amounts import parse_amount
from pennyform.invoices.schema.schema import Schema
from pennyform.invoices.yaml.document import Document, Path

_WAITING = ("send_by_email", "send_to_pa", "categories", "mark_as_paid", "matched_transactions")
_OPTIONS = "options"


def check_options(document: Document, schema: Schema) -> Iterator[Finding]:
    """Wishes that come too early, contradict one another, or do not add up.

    Args:
        document: an invoice definition.
        schema: its schema, which says what a draft may not carry.
    """
    options = document.value.get(_OPTIONS)
    options = options if isinstance(options, dict) else {}
    imported = "file" in document.value or document.value.get("kind") == "imported_invoice"
    if imported:
        yield from _finalized_import(document, options)
    elif options.get("finalize", False) is False:
        yield from _too_early(document, options, schema)
    yield from _paid(document, options)
    yield from _weights(document, options.get("categories"))
    yield from _repeated(document, options)
    yield from _kind(document)


def _too_early(document: Document, options: dict[str, Any], schema: Schema) -> Iterator[Finding]:
    asked: list[Path] = [(_OPTIONS, name) for name in _WAITING if options.get(name)]
    for path in [*asked, *_later(document, schema)]:
        yield document.finding(
            "needs-finalize",
            f"`{path[-1]}` is for a final invoice, this one stays a draft",
            path,
            key=True,
            detail="It is done right after finalizing, in the same run.",
            fix="add `finalize: true` under `options`, or delete it",
        )


def _later(document: Document, schema: Schema) -> Iterator[Path]:
    """What a draft may not carry, in the header and on lines."""
    for name, known in schema["properties"].items():
        stated = document.value.get(name)
        if known.get("x-pennyform-after-finalizing") and name in document.value:
            yield (name,)
        fields = known.get("items", {}).get("properties", {})
        later = [field for field, one in fields.items() if one.get("x-pennyform-after-finalizing")]
        for index, entry in enumerate(stated if isinstance(stated, list) and later else ()):
            yield from ((name, index, field) for field in later if isinstance(entry, dict) and field in entry)


def _finalized_import(document: Document, options: dict[str, Any]) -> Iterator[Finding]:
    if "finalize" in options:
        yield document.finding(
            "option-contradiction",
            "an imported invoice is final from the start",
            (_OPTIONS, "finalize"),
            key=True,
            fix="delete it",
        )


def _paid(document: Document, options: dict[str, Any]) -> Iterator[Finding]:
    path = (_OPTIONS, "mark_as_paid")
    if options.get("mark_as_paid") is not True:
        return
    if "credit_note_of" in document.value:
        yield document.finding(
            "option-contradiction", "a credit note cannot be marked as paid", path, key=True, fix="delete it"
        )
    if options.get("matched_transactions"):
        yield document.finding(
            "option-contradiction",
            "the transactions that pay the invoice say already that it is paid",
            path,
            key=True,
            severity=Severity.WARNING,
            fix="keep one of `mark_as_paid` and `matched_transactions`",
        )


def _kind(document: Document) -> Iterator[Finding]:
    if document.value.get("kind") == "credit_note" and "credit_note_of" not in document.value:
        yield document.finding(
            "missing-field",
            "a credit note says which invoice it takes back",
            ("kind",),
            fix="add `credit_note_of: REFERENCE`",
        )


def _weights(document: Document, categories: Any) -> Iterator[Finding]:
    """Shares that do not add up to 1 in a group. An entry without a group may belong to any."""
    entries = categories if isinstance(categories, list) else []
    shares: dict[str, list[tuple[int, Decimal]]] = {}
    for index, entry in enumerate(entries):
        weight = parse_amount(_shortened(entry.get("weight"))) if isinstance(entry, dict) else None
        group = entry.get("group", "") if isinstance(entry, dict) else ""
        if weight is None or not isinstance(group, str):
            return
        shares.setdefault(group, []).append((index, weight))
    unsure = "" in shares
    for group, weights in shares.items():
        total = sum((weight for _, weight in weights), Decimal(0))
        if group and (total > 1 or (total != 1 and not unsure)):
            yield _unbalanced(document, weights[0][0], f"in the group `{group}`", f"{total:f}", "1")
    whole = sum((weight for weights in shares.values() for _, weight in weights), Decimal(0))
    if unsure and (whole != int(whole) or not whole):
        yield _unbalanced(document, shares[""][0][0], "of all groups", f"{whole:f}", "a whole number")


def _shortened(weight: Any) -> Any:
    """A share has a decimal more than an amount; dropping a zero at its end makes it one where possible."""
    return (
        weight.rstrip("0").removesuffix(".") or "0" if isinstance(weight, str) and "." in weight else weight
    )


def _unbalanced(document: Document, index: int, which: str, total: str, wanted: str) -> Finding:
    return document.finding(
        "category-weights",
        f"the shares {which} add up to {total}, not {wanted}",
        (_OPTIONS, "categories", index, "weight"),
        detail="Pennylane takes shares that divide the whole amount among the categories of a group.",
    )


def _repeated(document: Document, options: dict[str, Any]) -> Iterator[Finding]:
    """Entries that say the same twice."""
    for name in ("categories", "matched_transactions", "appendices"):
        entries = options.get(name)
        seen: list[Any] = []
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            what = {k: v for k, v in entry.items() if k != "weight"} if isinstance(entry, dict) else entry
            if what in seen:
                yield document.finding(
                    "repeated-entry",
                    f"an earlier entry of `{name}` is the same",
                    (_OPTIONS, name, index),
                    fix="delete one of the two",
                )
            seen.append(what)
