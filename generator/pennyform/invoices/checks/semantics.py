"""What a schema cannot say about one definition: days that exist, ranks in order, discounts within bounds.

Each check takes a document whose fields may still be of any type (the schema's findings and these are
reported together), and passes over what it cannot make sense of.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pennyform.findings import Finding
from pennyform.invoices.checks.options import check_options
from pennyform.invoices.money import dates
from pennyform.invoices.money.amounts import parse_amount
from pennyform.invoices.schema.schema import Schema, leaves
from pennyform.invoices.yaml.document import Document, Path

_LARGEST_QUANTITY = Decimal(10) ** 12
_QUANTITY_DECIMALS = 6
_HUNDRED = Decimal(100)


def check_invoice(document: Document, schema: Schema) -> list[Finding]:
    """Everything in an invoice definition that is well-formed but cannot be meant."""
    if not isinstance(document.value, dict):
        return []
    return [
        *check_any(document, schema),
        *_deadline(document),
        *_section_ranks(document),
        *_lines(document),
        *_discount_bounds(document, ("discount",), None),
        *check_options(document, schema),
    ]


def check_any(document: Document, schema: Schema) -> list[Finding]:
    """What holds for every kind of definition: real days, references without stray spaces."""
    findings = [*_reference(document)]
    for path, leaf, value in leaves(schema, document.value):
        if _is_date(leaf, value) and dates.parse(value) is None:
            why, fix = dates.why_not(value)
            findings.append(
                document.finding("no-such-date", f"`{value[:40]}` is not a date", path, detail=why, fix=fix)
            )
    return findings


def _is_date(leaf: Schema, value: Any) -> bool:
    """Whether a day is meant: an expression, where one may stand, is none."""
    first = leaf["anyOf"][0] if "anyOf" in leaf else leaf
    return first.get("format") == "date" and isinstance(value, str) and "{{" not in value


def _reference(document: Document) -> Iterator[Finding]:
    reference = document.value.get("external_reference") if isinstance(document.value, dict) else None
    if not isinstance(reference, str):
        return
    outside, inside = reference != reference.strip(), any(one.isspace() and one != " " for one in reference)
    if outside or inside:
        how = "begins or ends with a space" if outside else "holds a space that is none, or a line break"
        yield document.finding(
            "reference-spaces",
            f"`external_reference` {how}",
            ("external_reference",),
            detail="Two references that look alike would be two invoices.",
            fix=f'write "{" ".join(reference.split())}"',
        )


def _deadline(document: Document) -> Iterator[Finding]:
    day, deadline = (document.value.get(name) for name in ("date", "deadline"))
    if not isinstance(day, str) or not isinstance(deadline, str):
        return
    first, last = dates.parse(day), dates.parse(deadline)
    if first and last and last < first:
        yield document.finding(
            "deadline-before-date",
            f"the deadline {deadline} is before the invoice date {day}",
            ("deadline",),
            fix=f"write {day} or a later day",
        )


def _section_ranks(document: Document) -> Iterator[Finding]:
    sections = _mappings(document.value.get("invoice_line_sections"))
    ranks: list[Any] = [section.get("rank") for _, section in sections]
    if not all(map(_is_whole, ranks)) or sorted(ranks) == list(range(1, len(ranks) + 1)):
        return
    for expected, (index, section) in enumerate(sections, start=1):
        if section["rank"] != expected:
            yield document.finding(
                "section-rank",
                f"section {expected} has rank {section['rank']}",
                ("invoice_line_sections", index, "rank"),
                detail="Ranks count 1, 2, 3 …, each once.",
                fix=f"write {expected}",
            )


def _lines(document: Document) -> Iterator[Finding]:
    sections = _mappings(document.value.get("invoice_line_sections"))
    ranks = {section["rank"] for _, section in sections if _is_whole(section.get("rank"))}
    for index, line in _mappings(document.value.get("invoice_lines")):
        path = ("invoice_lines", index)
        yield from _section(document, (*path, "section_rank"), line.get("section_rank"), ranks)
        yield from _quantity(document, (*path, "quantity"), line.get("quantity"))
        yield from _credited(document, (*path, "quantity"), line.get("quantity"))
        yield from _discount_bounds(document, (*path, "discount"), _gross(line))


def _section(document: Document, path: Path, rank: Any, known: set[Any]) -> Iterator[Finding]:
    if _is_whole(rank) and rank not in known:
        ranks = ", ".join(str(one) for one in sorted(known))
        yield document.finding(
            "unknown-section",
            f"there is no section of rank {rank}",
            path,
            detail=f"The sections have the ranks {ranks}." if known else "The invoice has no sections.",
            fix="" if known else "add `invoice_line_sections`, or delete `section_rank`",
        )


def _quantity(document: Document, path: Path, quantity: Any) -> Iterator[Finding]:
    if not _is_number(quantity):
        return
    value = Decimal(quantity)
    exponent = value.normalize().as_tuple().exponent
    if abs(value) >= _LARGEST_QUANTITY or (isinstance(exponent, int) and exponent < -_QUANTITY_DECIMALS):
        yield document.finding(
            "out-of-range",
            "`quantity` has at most 12 digits before the dot and 6 after it",
            path,
        )


def _credited(document: Document, path: Path, quantity: Any) -> Iterator[Finding]:
    """A credit note takes back what an invoice gave: its quantities are negative."""
    if "credit_note_of" in document.value and _is_number(quantity) and quantity >= 0:
        yield document.finding(
            "credit-note",
            f"a credit note has negative quantities, not {Decimal(quantity):f}",
            path,
            fix=f"write {-Decimal(quantity):f}"
            if quantity
            else "write the quantity that is taken back, negative",
        )


def _gross(line: dict[str, Any]) -> Decimal | None:
    """Quantity times price where the line itself says both."""
    quantity: Any = line.get("quantity")
    price = parse_amount(line.get("raw_currency_unit_price"))
    return Decimal(quantity) * price if _is_number(quantity) and price is not None else None


def _discount_bounds(document: Document, path: Path, gross: Decimal | None) -> Iterator[Finding]:
    """A discount of more than everything, or of less than nothing, is a mistake."""
    discount: Any = document.value
    for step in path:
        discount = discount.get(step) if isinstance(discount, dict) else discount[step]
    value = parse_amount(discount.get("value")) if isinstance(discount, dict) else None
    if value is None:
        return
    problem = ""
    if discount.get("type") == "relative" and not 0 <= value <= _HUNDRED:
        problem = "a relative discount is between 0 and 100 percent"
    elif discount.get("type") == "absolute" and gross is not None and not _within(value, gross):
        problem = f"the discount is more than the line, which comes to {gross:f}"
    if problem:
        off = gross if discount["type"] == "absolute" else None
        yield document.finding("discount-bounds", problem, (*path, "value"), fix=discount_fix(value, off))


def discount_fix(value: Decimal, off: Decimal | None) -> str:
    """What to write instead of a discount of ``value``; ``off`` is what it is taken off, if that is known."""
    if off is None:
        return "write 0 to 100"
    if not off:
        return "delete the discount: there is nothing to take it off"
    if off < 0 < value:
        return "write a negative amount, as the line is negative"
    return f"write {min(off, Decimal(0)):f} to {max(off, Decimal(0)):f}"


def _within(value: Decimal, gross: Decimal) -> bool:
    return min(gross, Decimal(0)) <= value <= max(gross, Decimal(0))


def _mappings(value: Any) -> list[tuple[int, dict[str, Any]]]:
    items = value if isinstance(value, list) else []
    return [(index, item) for index, item in enumerate(items) if isinstance(item, dict)]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
