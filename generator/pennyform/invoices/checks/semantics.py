"""What a schema cannot say about one definition: days that exist, ranks in order, discounts within bounds.

And options in an order that the API can follow: what only a final invoice can do waits for it. Each check
takes a document whose fields may still be of any type (the schema's findings and these are reported
together), and passes over what it cannot make sense of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from pennyform.findings import Finding, Severity
from pennyform.invoices.money import scalars
from pennyform.invoices.money.scalars import parse_amount
from pennyform.invoices.schema import Schema
from pennyform.invoices.schema.patterns import Check, Pattern
from pennyform.invoices.schema.schema import per_schema
from pennyform.invoices.yaml.document import Document, Path, YamlMapping, YamlValue, mappings
from pennyform.text import fold

# The bounds of an amount: totals are computed exactly within them.
_LARGEST_QUANTITY = Decimal(10) ** 12
_QUANTITY_DECIMALS = 6
_HUNDRED = Decimal(100)

# A draft cannot be mailed, paid or categorised; these are requests of their own, sent after finalizing.
_AFTER_FINALIZING = ("send_by_email", "send_to_pa", "categories", "mark_as_paid", "matched_transactions")
_OPTIONS = "options"


def check_invoice(document: Document, schema: Schema, pattern: Pattern | None = None) -> list[Finding]:
    """Everything in an invoice definition that is well-formed but cannot be meant.

    Args:
        document: the definition.
        schema: of such a definition.
        pattern: that of many definitions of which this is one.
    """
    if not isinstance(document.value, dict):
        return []
    checks = _checks_of_invoice(schema)
    if pattern:
        return pattern.findings(checks, document.value, document, schema)
    return [finding for check in checks for finding in check.run(document, schema)]


def check_any(document: Document, schema: Schema, _: Pattern | None = None) -> list[Finding]:
    """What holds for every kind of definition: real days, references without stray spaces."""
    return [*check_reference(document, schema), *check_days(document, schema)]


@per_schema
def _checks_of_invoice(schema: Schema) -> Sequence[Check]:
    return (
        Check(check_reference, frozenset(("external_reference",))),
        Check(check_days, frozenset(_names_of_dates(schema))),
        Check(check_deadline, frozenset(("date", "deadline"))),
        Check(check_sections, frozenset(("rank",))),
        Check(
            check_lines,
            frozenset(("rank", "section_rank", "quantity", "raw_currency_unit_price", "discount")),
        ),
        Check(check_discount_of_invoice, frozenset(("discount",))),
        Check(check_options, frozenset((_OPTIONS, "kind"))),
    )


def check_days(document: Document, schema: Schema) -> Iterator[Finding]:
    """A day that does not exist."""
    for path, value in _dates(schema, document.value, ()):
        # An expression is allowed where a date is, and is checked as one once it has been evaluated.
        if "{{" not in value and scalars.parse(value) is None:
            why, fix = scalars.explain_invalid(value)
            summary = f"`{value[:40]}` is not a date"
            yield document.finding("no-such-date", summary, path, detail=why, fix=fix)


def _names_of_dates(schema: Schema) -> Iterator[str]:
    """The names of all fields, at any depth, that are dates or lists of them."""
    for name, field in _dated_fields(schema).items():
        items = field.get("items")
        if _is_date(field) or (items and _is_date(items)):
            yield name
        yield from _names_of_dates(field)
        if items:
            yield from _names_of_dates(items)


def _dates(schema: Schema, value: YamlValue, path: Path) -> Iterator[tuple[Path, str]]:
    """Every text in ``value`` that the schema wants to be a date, with its path."""
    if isinstance(value, dict):
        # A natural key has no date, whatever it is written as.
        if "x-pennyform-key" not in schema:
            for name, known in _dated_fields(schema).items():
                if name in value:
                    yield from _dates(known, value[name], (*path, name))
    elif isinstance(value, list):
        if _holds_dates(items := schema.get("items", {})):
            for index, item in enumerate(value):
                yield from _dates(items, item, (*path, index))
    elif isinstance(value, str) and _is_date(schema):
        yield path, value


@per_schema
def _dated_fields(schema: Schema) -> dict[str, Schema]:
    known = schema.get("properties", {})
    return {name: field for name, field in known.items() if isinstance(field, dict) and _holds_dates(field)}


def _holds_dates(schema: Schema) -> bool:
    # Nothing is kept of an empty one: it may be made for the purpose.
    inner = bool(schema) and (bool(_dated_fields(schema)) or _holds_dates_in_items(schema))
    return inner or _is_date(schema)


@per_schema
def _holds_dates_in_items(schema: Schema) -> bool:
    items = schema.get("items")
    return isinstance(items, dict) and _holds_dates(items)


def _is_date(schema: Schema) -> bool:
    variant = schema["anyOf"][0] if "anyOf" in schema else schema
    return bool(variant.get("format") == "date")


def check_reference(document: Document, _: Schema) -> Iterator[Finding]:
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


def check_deadline(document: Document, _: Schema) -> Iterator[Finding]:
    """A deadline before the date of the invoice."""
    day, deadline = (document.value.get(name) for name in ("date", "deadline"))
    if not isinstance(day, str) or not isinstance(deadline, str):
        return
    is_read = bool(document.value.get("e_invoice"))
    first, last = scalars.parse(day), scalars.parse(deadline)
    if first and last and last < first:
        yield document.finding(
            "deadline-before-date",
            f"the deadline {deadline} is before the invoice date {day}",
            ("deadline",),
            # Nobody can correct what an electronic invoice says.
            severity=Severity.WARNING if is_read else Severity.ERROR,
            fix="leave it, if the document says so" if is_read else f"write {day} or a later day",
        )


def check_sections(document: Document, _: Schema) -> Iterator[Finding]:
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


def check_lines(document: Document, _: Schema) -> Iterator[Finding]:
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
        number = line.get("quantity")
        if isinstance(number, int | Decimal) and not isinstance(number, bool):
            quantity = Decimal(number)
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


def check_discount_of_invoice(document: Document, _: Schema) -> Iterator[Finding]:
    """A relative discount on the whole invoice that is out of bounds."""
    return check_discount(document, ("discount",), document.value.get("discount"), None)


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
        rule, path = "option-contradiction", (_OPTIONS, "mark_as_paid")
        if "credit_note_of" in value:
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
    for name, of_entry in _fields_after_finalizing(schema).items():
        if name not in document.value:
            continue
        if of_entry is None:
            paths.append((name,))
        else:
            entries = mappings(document.value[name])
            paths += [
                (name, index, inner) for index, entry in entries for inner in entry if inner in of_entry
            ]
    for path in paths:
        yield document.finding(
            "needs-finalize",
            f"`{path[-1]}` is for a final invoice, this one stays a draft",
            path,
            key=True,
            detail="It is done right after finalizing, in the same run.",
        )


@per_schema
def _fields_after_finalizing(schema: Schema) -> dict[str, frozenset[str] | None]:
    """What only a final invoice may have: fields, and of lists the fields that their entries may not have."""
    mark = "x-pennyform-after-finalizing"
    fields: dict[str, frozenset[str] | None] = {}
    for name, field in schema["properties"].items():
        inner = field.get("items", {}).get("properties", {})
        of_entry = frozenset(name for name, known in inner.items() if known.get(mark))
        if field.get(mark) or of_entry:
            fields[name] = None if field.get(mark) else of_entry
    return fields


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
                identity = {
                    field: fold(value) if isinstance(value, str) else value
                    for field, value in entry.items()
                    if field != "weight"
                }
            if identity in earlier:
                yield document.finding(
                    "repeated-entry",
                    f"an earlier entry of `{name}` is the same",
                    (_OPTIONS, name, index),
                )
            earlier.append(identity)
