"""What a schema cannot say about one definition: days that exist, ranks in order, discounts within bounds.

Each check takes a document whose fields may still be of any type (the schema's findings and these are
reported together), and passes over what it cannot make sense of.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from pennyform.findings import Finding
from pennyform.invoices.checks.options import check_options
from pennyform.invoices.money import dates
from pennyform.invoices.money.amounts import parse_amount
from pennyform.invoices.schema.schema import Schema, leaves
from pennyform.invoices.yaml.document import Document, Path, YamlValue, mappings

# The bounds of an amount: totals are computed exactly within them.
_LARGEST_QUANTITY = Decimal(10) ** 12
_QUANTITY_DECIMALS = 6
_HUNDRED = Decimal(100)


def check_invoice(document: Document, schema: Schema) -> list[Finding]:
    """Everything in an invoice definition that is well-formed but cannot be meant."""
    if not isinstance(document.value, dict):
        return []
    return [
        *check_any(document, schema),
        *check_deadline(document),
        *check_sections(document),
        *check_lines(document),
        *check_discount(document, ("discount",), document.value.get("discount"), None),
        *check_options(document, schema),
    ]


def check_any(document: Document, schema: Schema) -> list[Finding]:
    """What holds for every kind of definition: real days, references without stray spaces."""
    findings = [*check_reference(document)]
    for path, leaf, value in leaves(schema, document.value):
        variant = leaf["anyOf"][0] if "anyOf" in leaf else leaf
        # An expression is allowed where a date is, and is checked as one once it has been evaluated.
        is_date = variant.get("format") == "date" and isinstance(value, str) and "{{" not in value
        if is_date and dates.parse(value) is None:
            why, fix = dates.explain_invalid(value)
            summary = f"`{value[:40]}` is not a date"
            findings.append(document.finding("no-such-date", summary, path, detail=why, fix=fix))
    return findings


def check_reference(document: Document) -> Iterator[Finding]:
    """A reference with spaces that nobody sees."""
    reference = document.value.get("external_reference") if isinstance(document.value, dict) else None
    if not isinstance(reference, str):
        return
    outside = reference != reference.strip()
    if outside or any(character.isspace() and character != " " for character in reference):
        problem = "begins or ends with a space" if outside else "holds a space that is none, or a line break"
        yield document.finding(
            "reference-spaces",
            f"`external_reference` {problem}",
            ("external_reference",),
            fix=f'write "{" ".join(reference.split())}"',
        )


def check_deadline(document: Document) -> Iterator[Finding]:
    """A deadline before the date of the invoice."""
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


def check_sections(document: Document) -> Iterator[Finding]:
    """Ranks of sections that do not count 1, 2, 3."""
    sections = mappings(document.value.get("invoice_line_sections"))
    ranks: list[YamlValue] = [section.get("rank") for _, section in sections]
    if not all(map(_is_integer, ranks)) or sorted(ranks) == list(range(1, len(ranks) + 1)):
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


def check_lines(document: Document) -> Iterator[Finding]:
    """Sections, quantities and discounts of the lines."""
    sections = mappings(document.value.get("invoice_line_sections"))
    ranks = {section["rank"] for _, section in sections if _is_integer(section.get("rank"))}
    for index, line in mappings(document.value.get("invoice_lines")):
        path = ("invoice_lines", index)
        rank = line.get("section_rank")
        if _is_integer(rank) and rank not in ranks:
            listed = ", ".join(map(str, sorted(ranks)))
            yield document.finding(
                "unknown-section",
                f"there is no section of rank {rank}",
                (*path, "section_rank"),
                detail=f"The sections have the ranks {listed}." if ranks else "The invoice has no sections.",
                fix="" if ranks else "add `invoice_line_sections`, or delete `section_rank`",
            )
        gross = None
        if _is_number(line.get("quantity")):
            quantity = Decimal(line["quantity"])
            yield from check_quantity(document, (*path, "quantity"), quantity)
            price = parse_amount(line.get("raw_currency_unit_price"))
            gross = quantity * price if price is not None else None
        yield from check_discount(document, (*path, "discount"), line.get("discount"), gross)


def check_quantity(document: Document, path: Path, quantity: Decimal) -> Iterator[Finding]:
    """A quantity of too many digits, or of the wrong sign on a credit note."""
    exponent = quantity.normalize().as_tuple().exponent
    # Infinity and NaN, whose exponent is a letter, cannot be read from YAML.
    has_many_decimals = isinstance(exponent, int) and exponent < -_QUANTITY_DECIMALS
    if abs(quantity) >= _LARGEST_QUANTITY or has_many_decimals:
        summary = "`quantity` has at most 12 digits before the dot and 6 after it"
        yield document.finding("out-of-range", summary, path)
    # A credit note takes back what an invoice gave.
    if "credit_note_of" in document.value and quantity >= 0:
        yield document.finding(
            "credit-note",
            f"a credit note has negative quantities, not {quantity:f}",
            path,
            fix=f"write {-quantity:f}" if quantity else "write the quantity that is taken back, negative",
        )


def check_discount(
    document: Document, path: Path, discount: YamlValue, gross: Decimal | None
) -> Iterator[Finding]:
    """A discount of more than everything, or of less than nothing, is a mistake.

    ``gross`` is what the line comes to before it; None where that is not known here.
    """
    value = parse_amount(discount.get("value")) if isinstance(discount, dict) else None
    if value is None:
        return
    if discount.get("type") == "relative" and not 0 <= value <= _HUNDRED:
        problem, fix = "a relative discount is between 0 and 100 percent", "write 0 to 100"
    elif discount.get("type") == "absolute" and gross is not None and not is_part_of(value, gross):
        problem = f"the discount is more than the line, which comes to {gross:f}"
        fix = discount_fix(value, gross)
    else:
        return
    yield document.finding("discount-bounds", problem, (*path, "value"), fix=fix)


def is_part_of(discount: Decimal, gross: Decimal) -> bool:
    """Whether an absolute discount takes off at most everything, and nothing of the other sign."""
    return min(gross, Decimal(0)) <= discount <= max(gross, Decimal(0))


def discount_fix(value: Decimal, gross: Decimal) -> str:
    """What to write instead of an absolute discount of ``value`` on an amount of ``gross``."""
    if not gross:
        return "delete the discount: there is nothing to take it off"
    if gross < 0 < value:
        return "write a negative amount, as the line is negative"
    return f"write {min(gross, Decimal(0)):f} to {max(gross, Decimal(0)):f}"


def _is_integer(value: YamlValue) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: YamlValue) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
