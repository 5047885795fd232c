"""An invoice as its customer would see it, from a change of a plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pennyform.report.plan.charts import addressee
from pennyform.report.shared.formatting import format_value
from pennyform.report.shared.html import amount, day
from pennyform.results.plan import Action, PlannedChange, PlannedInvoice
from pennyform.results.values import (
    Discount,
    FieldDifference,
    InvoiceContent,
    InvoiceTotals,
    Json,
    JsonObject,
)
from pennyform.text import one_line

_ADDRESS = ("address", "postal_code city", "country_alpha2")


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """One line as it is printed.

    ``rate`` is a percentage, and ``code`` the VAT code that it belongs to. ``changed`` tells that the account
    has the line otherwise, or not at all.
    """

    label: str
    description: str
    period: str
    quantity: str
    unit: str
    price: str
    discount: str
    rate: str
    code: str
    amount: str
    changed: bool


@dataclass(frozen=True, slots=True)
class PreviewSection:
    """Lines under a section's title, or under none."""

    title: str
    description: str
    lines: tuple[PreviewLine, ...]


@dataclass(frozen=True, slots=True)
class InvoicePreview:
    """The page.

    ``card`` is what else is known of the customer, ``from_account`` tells that only the account knows it.
    ``texts`` are what stands before the lines, ``notes`` what stands behind the totals.
    """

    kind: str
    number: str
    draft: bool
    customer: str
    address: tuple[str, ...]
    date: str
    deadline: str
    subject: str
    texts: tuple[str, ...]
    notes: tuple[str, ...]
    discount: str
    sections: tuple[PreviewSection, ...]
    totals: InvoiceTotals
    card: tuple[str, ...]
    from_account: bool


def preview_invoice(change: PlannedChange) -> InvoicePreview | None:
    """The page that ``change`` makes; None where no invoice comes of it, or it stays as it is."""
    if not isinstance(change, PlannedInvoice) or change.action in {Action.CONFLICT, Action.UNSETTLED}:
        return None
    body, totals = change.after, change.totals
    if body is None or totals is None:
        return None
    card = change.customer or None
    address: JsonObject = (card.billing_address if card else None) or {}
    address_lines = [
        " ".join(_text(address.get(name)) for name in names.split()).strip() for names in _ADDRESS
    ]
    # A credit note has a negative amount, or is to be linked to what it takes back when it comes to nothing.
    is_credit_note = totals.currency_amount.startswith("-") or "link_credit_note" in change.steps
    subject = body.get("pdf_invoice_subject")
    card_values: tuple[tuple[str, str | None], ...] = ()
    if card:
        emails = ", ".join(card.emails)
        card_values = (("registration", card.reg_no), ("VAT", card.vat_number), ("mail to", emails))
    return InvoicePreview(
        kind="Credit note" if is_credit_note else "Invoice",
        number=one_line(change.invoice_number or body.get("invoice_number") or ""),
        draft=not change.irreversible and (change.before is None or change.before["draft"]),
        customer=addressee(change),
        address=tuple(filter(None, address_lines)),
        date=day(body["date"]),
        deadline=day(body["deadline"]),
        subject=format_value(subject) if subject else "",
        texts=_paragraphs(body.get("pdf_invoice_free_text")),
        notes=_paragraphs(body.get("special_mention"), body.get("pdf_description")),
        discount=_discount(body.get("discount"), totals.currency),
        sections=tuple(_sections(body, totals, change.differences)),
        totals=totals,
        # What stands on an invoice of its customer besides name and address, and where mail goes.
        card=tuple(one_line(f"{name} {value}") for name, value in card_values if value),
        from_account=card is not None and not card.is_declared,
    )


def _paragraphs(*texts: str | None) -> tuple[str, ...]:
    """Free text by paragraphs; its line breaks are its author's."""
    lines = (line for text in texts for line in (text or "").splitlines())
    return tuple(one_line(line) for line in lines if line.strip())


def _discount(discount: Discount | None, currency: str) -> str:
    text = format_value(discount)
    if not discount or text == "none":
        return ""
    return text if discount["type"] == "relative" else f"{amount(text)} {currency}"


def _sections(
    body: InvoiceContent, totals: InvoiceTotals, differences: tuple[FieldDifference, ...]
) -> Iterator[PreviewSection]:
    """Lines without a section come first, then each section by its rank."""
    lines = list(_lines(body, totals, differences))
    ranks = [line.get("section_rank") for line in body["invoice_lines"]]
    sections = {section["rank"]: section for section in body.get("invoice_line_sections") or ()}
    for rank in (None, *sorted(sections)):
        members = tuple(line for line, its_rank in zip(lines, ranks, strict=True) if its_rank == rank)
        section = sections.get(rank, {}) if rank is not None else {}
        if members:
            yield PreviewSection(_text(section.get("title")), _text(section.get("description")), members)


def _lines(
    body: InvoiceContent, totals: InvoiceTotals, differences: tuple[FieldDifference, ...]
) -> Iterator[PreviewLine]:
    percents = {row.vat_rate: row.percent for row in totals.vat}
    pointers = (difference.pointer.split("/") for difference in differences)
    changed = {int(parts[2]) for parts in pointers if len(parts) > 2 and parts[1] == "invoice_lines"}
    pairs = zip(body["invoice_lines"], totals.lines, strict=True)
    for index, (content, line) in enumerate(pairs):
        code, period = line.vat_rate, ""
        match content.get("imputation_dates"):
            case {"start_date": start, "end_date": end}:
                period = f"{day(str(start))} to {day(str(end))}"
        yield PreviewLine(
            label=_text(line.label),
            description=_text(content.get("description")),
            period=period,
            quantity=amount(line.quantity),
            unit=_text(line.unit),
            price=amount(line.raw_currency_unit_price),
            discount=_discount(content.get("discount"), totals.currency),
            rate=f"{percents[code]} %" if code in percents else "",
            code=code,
            amount=amount(line.currency_amount_before_tax),
            changed=index in changed,
        )


def _text(value: Json) -> str:
    return one_line(str(value)) if value else ""
