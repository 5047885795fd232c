"""A document as UBL 2.1 (ISO/IEC 19845), by the binding of CEN/TS 16931-3-2."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pennyform.documents.model import Document, Line, Party, Tax
from pennyform.documents.xml import Writer

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_SIRET = "0009"  # of ISO 6523
PROFILE = "urn:cen.eu:en16931:2017"


def write(document: Document) -> bytes:
    """The UBL invoice or credit note, the same bytes for the same document."""
    return _Writer(document).write()


class _Writer:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.is_note = document.is_credit_note
        kind = "CreditNote" if self.is_note else "Invoice"
        self.xml = Writer(
            kind,
            {
                None: f"{_UBL}{kind}-2",
                "cac": f"{_UBL}CommonAggregateComponents-2",
                "cbc": f"{_UBL}CommonBasicComponents-2",
            },
        )

    def write(self) -> bytes:
        document, root, add = self.document, self.xml.root, self.xml.add
        add(root, "cbc:CustomizationID", PROFILE)
        add(root, "cbc:ProfileID", document.frame)
        add(root, "cbc:ID", document.number)
        add(root, "cbc:IssueDate", document.date)
        # A credit note of UBL 2.1 has its day of payment among the means of payment.
        if not self.is_note:
            add(root, "cbc:DueDate", document.due)
        add(root, f"cbc:{'CreditNote' if self.is_note else 'Invoice'}TypeCode", document.type_code)
        for note in document.notes:
            # A note with its subject, as the binding of CEN/TS 16931-3-2 puts both into one element.
            add(root, "cbc:Note", f"#{note.subject}#{note.text}" if note.subject else note.text)
        add(root, "cbc:DocumentCurrencyCode", document.currency)
        if self.document.needs_euros:
            add(root, "cbc:TaxCurrencyCode", "EUR")
        add(root, "cbc:BuyerReference", document.buyer.number)
        if document.preceding:
            reference = self.xml.group(
                self.xml.group(root, "cac:BillingReference"), "cac:InvoiceDocumentReference"
            )
            add(reference, "cbc:ID", document.preceding.number)
            add(reference, "cbc:IssueDate", document.preceding.date)
        self._party("cac:AccountingSupplierParty", document.seller)
        self._party("cac:AccountingCustomerParty", document.buyer)
        self._delivery()
        self._payment()
        self._allowances()
        self._totals()
        for line in document.lines:
            self._line(line)
        return self.xml.bytes()

    def _money(self, parent: Element, name: str, amount: Decimal | None, currency: str = "") -> None:
        self.xml.add(parent, name, amount, currencyID=currency or self.document.currency)

    def _party(self, name: str, party: Party) -> None:
        group, add = self.xml.group, self.xml.add
        root = group(group(self.xml.root, name), "cac:Party")
        add(root, "cbc:EndpointID", party.endpoint, schemeID=party.endpoint_scheme)
        add(group(root, "cac:PartyIdentification"), "cbc:ID", party.siret, schemeID=_SIRET)
        address = group(root, "cac:PostalAddress")
        add(address, "cbc:StreetName", party.address)
        add(address, "cbc:CityName", party.city)
        add(address, "cbc:PostalZone", party.postal_code)
        add(group(address, "cac:Country"), "cbc:IdentificationCode", party.country)
        if party.vat_number and self.document.has_vat_numbers:
            self._tax_number(root, party.vat_number, "VAT")
        elif name == "cac:AccountingSupplierParty" and party.legal_id:
            # Who has no VAT number is known to the tax office by the SIREN (BT-32).
            self._tax_number(root, party.legal_id, "LOC")
        entity = group(root, "cac:PartyLegalEntity")
        add(entity, "cbc:RegistrationName", party.name)
        add(entity, "cbc:CompanyID", party.legal_id, schemeID=party.legal_scheme)
        add(entity, "cbc:CompanyLegalForm", party.legal_text)
        contact = group(root, "cac:Contact")
        add(contact, "cbc:Name", party.contact)
        add(contact, "cbc:Telephone", party.phone)
        add(contact, "cbc:ElectronicMail", party.email)

    def _tax_number(self, parent: Element, number: str, scheme: str) -> None:
        group, add = self.xml.group, self.xml.add
        tax = group(parent, "cac:PartyTaxScheme")
        add(tax, "cbc:CompanyID", number)
        add(group(tax, "cac:TaxScheme"), "cbc:ID", scheme)

    def _delivery(self) -> None:
        group, add, delivery = self.xml.group, self.xml.add, self.document.delivery
        if not delivery:
            return
        root = group(self.xml.root, "cac:Delivery")
        add(root, "cbc:ActualDeliveryDate", delivery.date)
        address = group(group(root, "cac:DeliveryLocation"), "cac:Address")
        add(address, "cbc:StreetName", delivery.address)
        add(address, "cbc:CityName", delivery.city)
        add(address, "cbc:PostalZone", delivery.postal_code)
        add(group(address, "cac:Country"), "cbc:IdentificationCode", delivery.country)

    def _payment(self) -> None:
        group, add, document = self.xml.group, self.xml.add, self.document
        if not document.iban and not self.is_note:
            return
        root = group(self.xml.root, "cac:PaymentMeans")
        # 1 is "not defined" of UNCL 4461: without an account there is no transfer.
        add(root, "cbc:PaymentMeansCode", document.payment_means if document.iban else "1")
        if self.is_note:
            add(root, "cbc:PaymentDueDate", document.due)
        account = group(root, "cac:PayeeFinancialAccount")
        add(account, "cbc:ID", document.iban)
        if document.iban:
            add(group(account, "cac:FinancialInstitutionBranch"), "cbc:ID", document.bic)

    def _allowances(self) -> None:
        group, add = self.xml.group, self.xml.add
        for allowance in self.document.allowances:
            root = group(self.xml.root, "cac:AllowanceCharge")
            add(root, "cbc:ChargeIndicator", "false")
            add(root, "cbc:AllowanceChargeReasonCode", "95")
            add(root, "cbc:AllowanceChargeReason", "Discount")
            add(root, "cbc:MultiplierFactorNumeric", allowance.percent)
            self._money(root, "cbc:Amount", allowance.amount)
            if allowance.percent is not None:
                self._money(root, "cbc:BaseAmount", allowance.base)
            self._category(root, "cac:TaxCategory", allowance.tax)

    def _category(self, parent: Element, name: str, tax: Tax, *, reasons: bool = False) -> None:
        group, add = self.xml.group, self.xml.add
        root = group(parent, name)
        add(root, "cbc:ID", tax.category)
        if tax.category != "O":
            add(root, "cbc:Percent", tax.percent)
        if reasons:
            add(root, "cbc:TaxExemptionReasonCode", tax.reason_code)
            add(root, "cbc:TaxExemptionReason", tax.reason)
        add(group(root, "cac:TaxScheme"), "cbc:ID", "VAT")

    def _totals(self) -> None:
        document, group = self.document, self.xml.group
        root = group(self.xml.root, "cac:TaxTotal")
        self._money(root, "cbc:TaxAmount", document.tax)
        for total in document.taxes:
            part = group(root, "cac:TaxSubtotal")
            self._money(part, "cbc:TaxableAmount", total.base)
            self._money(part, "cbc:TaxAmount", total.amount)
            self._category(part, "cac:TaxCategory", total.tax, reasons=True)
        if self.document.needs_euros:
            self._money(group(self.xml.root, "cac:TaxTotal"), "cbc:TaxAmount", Decimal("0.00"), "EUR")
        totals = group(self.xml.root, "cac:LegalMonetaryTotal")
        self._money(totals, "cbc:LineExtensionAmount", document.lines_total)
        self._money(totals, "cbc:TaxExclusiveAmount", document.before_tax)
        self._money(totals, "cbc:TaxInclusiveAmount", document.amount)
        if document.allowances:
            self._money(totals, "cbc:AllowanceTotalAmount", document.allowance_total)
        self._money(totals, "cbc:PayableAmount", document.amount)

    def _line(self, line: Line) -> None:
        group, add = self.xml.group, self.xml.add
        root = group(self.xml.root, f"cac:{'CreditNote' if self.is_note else 'Invoice'}Line")
        add(root, "cbc:ID", line.id)
        name = "CreditedQuantity" if self.is_note else "InvoicedQuantity"
        add(root, f"cbc:{name}", line.quantity, unitCode=line.unit_code)
        self._money(root, "cbc:LineExtensionAmount", line.net)
        if line.start or line.end:
            period = group(root, "cac:InvoicePeriod")
            add(period, "cbc:StartDate", line.start)
            add(period, "cbc:EndDate", line.end)
        if line.allowance:
            allowance = group(root, "cac:AllowanceCharge")
            add(allowance, "cbc:ChargeIndicator", "false")
            add(allowance, "cbc:AllowanceChargeReasonCode", "95")
            add(allowance, "cbc:AllowanceChargeReason", "Discount")
            add(allowance, "cbc:MultiplierFactorNumeric", line.allowance_percent)
            self._money(allowance, "cbc:Amount", line.allowance)
            if line.allowance_percent is not None:
                self._money(allowance, "cbc:BaseAmount", line.net + line.allowance)
        item = group(root, "cac:Item")
        add(item, "cbc:Description", line.description)
        add(item, "cbc:Name", line.name)
        self._category(item, "cac:ClassifiedTaxCategory", line.tax)
        self._money(group(root, "cac:Price"), "cbc:PriceAmount", line.price)
