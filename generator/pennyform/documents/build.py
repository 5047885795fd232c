"""A desired invoice and its seller → the document that the customer gets, or findings that say why not."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from pennyform.documents.model import (
    Allowance,
    Delivery,
    Document,
    Line,
    Note,
    Party,
    Preceding,
    Section,
    Tax,
    TaxTotal,
)
from pennyform.documents.parties import buyer_party, scope, seller_party
from pennyform.documents.places import Places
from pennyform.documents.tables import table, tax_of, unit_code
from pennyform.findings import Finding, Severity
from pennyform.invoices import Line as AmountLine
from pennyform.invoices import Repository, ResolvedInvoice, Totals, UnknownProductError, totals
from pennyform.invoices.model import CustomerBody, Id, InvoiceBody, InvoiceLine, ProductBody, Seller
from pennyform.invoices.money.scalars import minor_units
from pennyform.invoices.money.totals import fill_from_product, net_amounts
from pennyform.invoices.money.vat_codes import rates
from pennyform.typesetting import labels, language_of

# What BR-FR-01 and -02 allow for a number.
_NUMBER = re.compile(r"[A-Za-z0-9+_/-]{1,35}")
_STAND_IN = "PREVIEW"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one invoice: its document, None when there can be none, and the findings."""

    document: Document | None
    findings: tuple[Finding, ...]
    places: Places


@dataclass(frozen=True, slots=True)
class OtherInvoices:
    """What other invoices of the repository say: which are deposits, and the date of each."""

    deposits: Collection[str]
    dates: Mapping[str, InvoiceBody]

    @classmethod
    def of(cls, repository: Repository) -> OtherInvoices:
        """Those of ``repository``."""
        deposits = {str(d.deposit.value) for invoice in repository.invoices for d in invoice.deductions}
        bodies = {
            invoice.external_reference: invoice.body
            for invoice in repository.invoices
            if isinstance(invoice.body, InvoiceBody)
        }
        return cls(deposits, bodies)


def build(
    resolved: ResolvedInvoice,
    repository: Repository,
    other_invoices: OtherInvoices,
    language: str | None = None,
) -> Result:
    """The document of one invoice.

    Args:
        resolved: the invoice, with the places of its definition.
        repository: the settings with the seller, customers and products.
        other_invoices: what the other invoices say.
        language: of the document, in ISO 639-1; the invoice's or the customer's when left out.
    """
    return _Builder(resolved, repository, other_invoices, language).build()


class _Builder:
    """Puts one document together and keeps all that is missing, so that it is reported at once."""

    def __init__(
        self,
        resolved: ResolvedInvoice,
        repository: Repository,
        other_invoices: OtherInvoices,
        language: str | None,
    ) -> None:
        self.invoice, self.repository, self.other_invoices = resolved.invoice, repository, other_invoices
        self.places = Places(resolved, repository)
        self.language = language
        self.sign = -1 if self.invoice.kind == "credit_note" else 1
        self.findings: list[Finding] = []

    def build(self) -> Result:
        body, seller = self.invoice.body, self.repository.settings.seller
        if not isinstance(body, InvoiceBody):
            reason = "it is imported, and its document is the file"
            return self._not_checked(
                reason, "invoice.file", f"look at {self.invoice.file.path}" if self.invoice.file else ""
            )
        if seller is None:
            self._add("seller-missing", "the settings do not say who issues the invoices", "seller.")
        customer = self.repository.customer(body.customer_id)
        if customer is None:
            return self._not_checked("the customer is only known to the account", "invoice.customer")
        if any(not deduction.lines for deduction in self.invoice.deductions):
            return self._not_checked(
                "a deposit that it takes off is only known to the account", "invoice.deduct"
            )
        if not body.invoice_lines:
            return self._not_checked("its lines are only known to the account", "invoice.")
        try:
            amounts = totals(
                body, rounding=self.repository.settings.rounding, product=self.repository.product
            )
        except UnknownProductError as error:
            return self._not_checked(f"{error}", "invoice.invoice_lines")
        document = self._document(body, customer, seller, amounts) if seller else None
        return Result(document, tuple(self.findings), self.places)

    def _not_checked(self, reason: str, at: str, fix: str = "") -> Result:
        self._add(
            "e-invoice-unchecked", f"no document can be made of it: {reason}", at, Severity.WARNING, fix
        )
        return Result(None, tuple(self.findings), self.places)

    def _add(
        self, rule: str, summary: str, at: str, severity: Severity = Severity.ERROR, fix: str = ""
    ) -> None:
        self.findings.append(self.places.finding(rule, summary, at, severity=severity, fix=fix))

    def _document(
        self, body: InvoiceBody, customer: CustomerBody, seller: Seller, amounts: Totals
    ) -> Document | None:
        self.language = language_of(self.language or body.language or customer.billing_language or None)
        buyer = buyer_party(customer)
        lines = tuple(self._lines(body, seller, amounts))
        if len(lines) < len(amounts.lines):
            return None
        kind = self._kind()
        reference = body.external_reference
        return Document(
            kind=kind,
            number=reference if _NUMBER.fullmatch(reference) else _STAND_IN,
            reference=reference,
            type_code=table("types")["types"][kind]["code"],
            frame=self._substances(body) + table("types")["types"][kind]["frame"],
            scope=scope(buyer),
            date=body.date,
            due=body.deadline,
            currency=amounts.currency,
            language=self.language,
            seller=seller_party(seller, self.language),
            buyer=buyer,
            notes=tuple(self._notes(body, seller, buyer)),
            lines=lines,
            allowances=tuple(self._allowances(body, amounts, lines)),
            taxes=tuple(self._taxes(amounts, lines)),
            sections=tuple(
                Section(section.rank, section.title or "", section.description or "")
                for section in body.invoice_line_sections or ()
            ),
            lines_total=sum((line.net for line in lines), Decimal(0)),
            before_tax=self.sign * amounts.before_tax + 0,
            tax=self.sign * amounts.tax + 0,
            amount=self.sign * amounts.amount + 0,
            payment_means=table("types")["payment_means"],
            iban=seller.iban,
            bic=seller.bic,
            delivery=self._delivery(body, customer, lines),
            preceding=self._preceding(body),
            subject=str(body.pdf_invoice_subject or ""),
            description=str(body.pdf_description or ""),
            free_text=str(body.pdf_invoice_free_text or ""),
            mention=str(body.special_mention or ""),
            unclaimed=tuple(self._unclaimed(amounts, lines)),
        )

    def _kind(self) -> str:
        if self.invoice.kind == "credit_note":
            return "credit_note"
        if self.invoice.deductions:
            return "balance"
        return "deposit" if self.invoice.external_reference in self.other_invoices.deposits else "invoice"

    def _product(self, line: InvoiceLine) -> ProductBody | None:
        return self.repository.product(line.product_id) if line.product_id else None

    def _substance(self, line: InvoiceLine) -> str:
        product = self._product(line)
        return line.substance or (product.substance if product else "") or ""

    def _substances(self, body: InvoiceBody) -> str:
        """The first letter of the frame of invoicing: goods, services, or both."""
        kinds = {self._substance(line) == "goods" for line in body.invoice_lines}
        return "M" if len(kinds) > 1 else "B" if kinds == {True} else "S"

    def _lines(self, body: InvoiceBody, seller: Seller, amounts: Totals) -> Iterator[Line]:
        for index, (line, amount) in enumerate(zip(body.invoice_lines, amounts.lines, strict=True)):
            code = seller.units.get(amount.unit.casefold()) or unit_code(amount.unit)
            if code is None:
                self._add(
                    "unit-unmapped",
                    f"no unit of UN/ECE recommendation 20 is known for `{amount.unit[:40]}`",
                    f"line.{index}.unit",
                )
            tax = tax_of(
                rates()[amount.vat_rate],
                self._substance(line),
                str(body.special_mention or ""),
                self.language or "en",
                is_franchise=seller.vat_regime == "franchise",
            )
            if tax is None:
                summary = (
                    "the line is exempt, and `special_mention` does not say by which article"
                    if amount.vat_rate == "exempt"
                    else f"`{amount.vat_rate}` has no category on an electronic invoice"
                )
                self._add("vat-unmapped", summary, f"line.{index}.vat_rate")
            if code and tax:
                yield self._line(index, line, amount, code, tax)

    def _line(self, index: int, line: InvoiceLine, amount: AmountLine, code: str, tax: Tax) -> Line:
        filled = fill_from_product(line, self.repository.product)
        product = self._product(line)
        quantity, price = self.sign * amount.quantity, amount.raw_currency_unit_price
        if price < 0:
            quantity, price = -quantity, -price
        net = self.sign * amount.before_tax + 0
        allowance, percent = Decimal(0), None
        if line.discount and line.discount.value:
            gross = (quantity * price).quantize(amount.before_tax)
            allowance = gross - net
            percent = line.discount.value if line.discount.type == "relative" else None
        period = line.imputation_dates or None
        return Line(
            id=str(index + 1),
            name=str(amount.label),
            description=str(filled.description or (product and product.description) or ""),
            quantity=quantity + 0,
            unit=amount.unit,
            unit_code=code,
            price=price,
            net=net,
            tax=tax,
            allowance=allowance,
            allowance_percent=percent,
            start=(period.start_date or None) if period else None,
            end=(period.end_date or None) if period else None,
            section=line.section_rank or None,
            source=index,
        )

    def _allowances(self, body: InvoiceBody, amounts: Totals, lines: tuple[Line, ...]) -> Iterator[Allowance]:
        """The discount on the invoice, as it is spread over the VAT codes."""
        if not body.discount or not body.discount.value:
            return
        unit = Decimal(1).scaleb(-minor_units(amounts.currency))
        taken: dict[Tax, Decimal] = {}
        base: dict[Tax, Decimal] = {}
        for line, net in zip(lines, net_amounts(amounts.lines, body.discount, unit), strict=True):
            taken[line.tax] = taken.get(line.tax, Decimal(0)) + line.net - self.sign * net
            base[line.tax] = base.get(line.tax, Decimal(0)) + line.net
        percent = body.discount.value if body.discount.type == "relative" else None
        for tax, amount in taken.items():
            yield Allowance(amount, base[tax], percent, tax)

    def _taxes(self, amounts: Totals, lines: tuple[Line, ...]) -> Iterator[TaxTotal]:
        # Codes that stand for the same VAT are one on the document.
        by_code = {amount.vat_rate: line.tax for amount, line in zip(amounts.lines, lines, strict=True)}
        by_kind: dict[Tax, tuple[Decimal, Decimal]] = {}
        for vat in amounts.vat:
            base, tax = by_kind.get(by_code[vat.vat_rate], (Decimal(0), Decimal(0)))
            by_kind[by_code[vat.vat_rate]] = base + self.sign * vat.base, tax + self.sign * vat.tax
        for kind, (base, tax) in by_kind.items():
            yield TaxTotal(kind, base + 0, tax + 0)

    def _notes(self, body: InvoiceBody, seller: Seller, buyer: Party) -> Iterator[Note]:
        words = labels(self.language or "en")
        if buyer.is_company:
            defaults = {
                "recovery": words["recovery"],
                "late_payment": words["late_payment"],
                "discount": words["discount_note"],
            }
            for name, subject in table("types")["notes"].items():
                yield Note(subject, seller.mentions.get(name, defaults[name]))
        yield Note("BAR", scope(buyer))
        if body.special_mention:
            yield Note("", str(body.special_mention))
        for note in seller.notes:
            yield Note("", note)

    def _delivery(
        self, body: InvoiceBody, customer: CustomerBody, lines: tuple[Line, ...]
    ) -> Delivery | None:
        """Where goods go: a supply within the European Union has to say it (BR-IC-11, -12)."""
        if not any(line.tax.category == "K" for line in lines) and not customer.delivery_address:
            return None
        address = customer.delivery_address or customer.billing_address
        if not address:
            return None
        return Delivery(
            body.date,
            address.address or "",
            address.postal_code or "",
            address.city or "",
            address.country_alpha2 or "",
        )

    def _preceding(self, body: InvoiceBody) -> Preceding | None:
        """The credited invoice; its legal number stands as its reference until it is known."""
        credited: Id | None = self.invoice.credit_note_of
        if credited is None:
            return None
        value = str(getattr(credited, "value", credited))
        known = self.other_invoices.dates.get(value)
        number = value if _NUMBER.fullmatch(value) else _STAND_IN
        # Where only the account knows the date, that of the credit note stands in for it; it is said.
        return Preceding(number, known.date if known else body.date)

    def _unclaimed(self, amounts: Totals, lines: tuple[Line, ...]) -> Iterator[str]:
        """What only the account and the platform know: the names of labels."""
        yield from ("claim_number", "claim_layout")
        credited = self.invoice.credit_note_of
        if credited:
            yield "claim_credited_number"
        if credited and str(getattr(credited, "value", "")) not in self.other_invoices.dates:
            yield "claim_credited_date"
        if amounts.currency != "EUR" and amounts.tax:
            yield "claim_vat_in_euros"
        if any(line.tax.category == "K" for line in lines):
            yield "claim_delivery"
