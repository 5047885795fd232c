"""A document as CII D16B (UN/CEFACT), by the binding of CEN/TS 16931-3-3: what Factur-X carries."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

from pennyform.documents.model import Document, Line, Party, Tax
from pennyform.documents.ubl import PROFILE
from pennyform.documents.xml import Writer

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_CII = "urn:un:unece:uncefact:data:"
_SIRET = "0009"  # of ISO 6523
_DAY = "102"  # of UNTDID 2379: YYYYMMDD


def write(document: Document) -> bytes:
    """The CII invoice or credit note, the same bytes for the same document."""
    return _Writer(document).write()


class _Writer:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.xml = Writer(
            "rsm:CrossIndustryInvoice",
            {
                "rsm": f"{_CII}standard:CrossIndustryInvoice:100",
                "ram": f"{_CII}standard:ReusableAggregateBusinessInformationEntity:100",
                "udt": f"{_CII}standard:UnqualifiedDataType:100",
                "qdt": f"{_CII}standard:QualifiedDataType:100",
            },
        )

    def write(self) -> bytes:
        document, group, add = self.document, self.xml.group, self.xml.add
        context = group(self.xml.root, "rsm:ExchangedDocumentContext")
        add(group(context, "ram:BusinessProcessSpecifiedDocumentContextParameter"), "ram:ID", document.frame)
        add(group(context, "ram:GuidelineSpecifiedDocumentContextParameter"), "ram:ID", PROFILE)
        header = group(self.xml.root, "rsm:ExchangedDocument")
        add(header, "ram:ID", document.number)
        add(header, "ram:TypeCode", document.type_code)
        self._day(header, "ram:IssueDateTime", document.date)
        for note in document.notes:
            included = group(header, "ram:IncludedNote")
            add(included, "ram:Content", note.text)
            add(included, "ram:SubjectCode", note.subject)
        transaction = group(self.xml.root, "rsm:SupplyChainTradeTransaction")
        for line in document.lines:
            self._line(transaction, line)
        agreement = group(transaction, "ram:ApplicableHeaderTradeAgreement")
        add(agreement, "ram:BuyerReference", document.buyer.number)
        self._party(agreement, "ram:SellerTradeParty", document.seller)
        self._party(agreement, "ram:BuyerTradeParty", document.buyer)
        self._delivery(transaction)
        self._settlement(transaction)
        return self.xml.bytes()

    def _day(self, parent: Element, name: str, day: dt.date | None, kind: str = "udt") -> None:
        if day:
            self.xml.add(self.xml.group(parent, name), f"{kind}:DateTimeString", f"{day:%Y%m%d}", format=_DAY)

    def _party(self, parent: Element, name: str, party: Party) -> None:
        group, add = self.xml.group, self.xml.add
        root = group(parent, name)
        add(root, "ram:GlobalID", party.siret, schemeID=_SIRET)
        add(root, "ram:Name", party.name)
        add(root, "ram:Description", party.legal_text)
        legal = group(root, "ram:SpecifiedLegalOrganization")
        add(legal, "ram:ID", party.legal_id, schemeID=party.legal_scheme)
        contact = group(root, "ram:DefinedTradeContact")
        add(contact, "ram:PersonName", party.contact)
        add(group(contact, "ram:TelephoneUniversalCommunication"), "ram:CompleteNumber", party.phone)
        add(group(contact, "ram:EmailURIUniversalCommunication"), "ram:URIID", party.email)
        address = group(root, "ram:PostalTradeAddress")
        add(address, "ram:PostcodeCode", party.postal_code)
        add(address, "ram:LineOne", party.address)
        add(address, "ram:CityName", party.city)
        add(address, "ram:CountryID", party.country)
        endpoint = group(root, "ram:URIUniversalCommunication")
        add(endpoint, "ram:URIID", party.endpoint, schemeID=party.endpoint_scheme)
        tax = group(root, "ram:SpecifiedTaxRegistration")
        if party.vat_number and self.document.has_vat_numbers:
            add(tax, "ram:ID", party.vat_number, schemeID="VA")
        elif name == "ram:SellerTradeParty":
            # Who has no VAT number is known to the tax office by the SIREN (BT-32).
            add(tax, "ram:ID", party.legal_id, schemeID="FC")

    def _delivery(self, transaction: Element) -> None:
        group, add, delivery = self.xml.group, self.xml.add, self.document.delivery
        root = group(transaction, "ram:ApplicableHeaderTradeDelivery")
        if not delivery:
            # The schema wants the element, and it is left out where it is empty.
            root.text = "\n    "
            return
        address = group(group(root, "ram:ShipToTradeParty"), "ram:PostalTradeAddress")
        add(address, "ram:PostcodeCode", delivery.postal_code)
        add(address, "ram:LineOne", delivery.address)
        add(address, "ram:CityName", delivery.city)
        add(address, "ram:CountryID", delivery.country)
        event = group(root, "ram:ActualDeliverySupplyChainEvent")
        self._day(event, "ram:OccurrenceDateTime", delivery.date)

    def _settlement(self, transaction: Element) -> None:
        document, group, add = self.document, self.xml.group, self.xml.add
        root = group(transaction, "ram:ApplicableHeaderTradeSettlement")
        if document.needs_euros:
            add(root, "ram:TaxCurrencyCode", "EUR")
        add(root, "ram:InvoiceCurrencyCode", document.currency)
        if document.iban:
            means = group(root, "ram:SpecifiedTradeSettlementPaymentMeans")
            add(means, "ram:TypeCode", document.payment_means)
            add(group(means, "ram:PayeePartyCreditorFinancialAccount"), "ram:IBANID", document.iban)
            bank = group(means, "ram:PayeeSpecifiedCreditorFinancialInstitution")
            add(bank, "ram:BICID", document.bic)
        for total in document.taxes:
            part = group(root, "ram:ApplicableTradeTax")
            add(part, "ram:CalculatedAmount", total.amount)
            add(part, "ram:TypeCode", "VAT")
            add(part, "ram:ExemptionReason", total.tax.reason)
            add(part, "ram:BasisAmount", total.base)
            add(part, "ram:CategoryCode", total.tax.category)
            add(part, "ram:ExemptionReasonCode", total.tax.reason_code)
            if total.tax.category != "O":
                add(part, "ram:RateApplicablePercent", total.tax.percent)
        for allowance in document.allowances:
            part = group(root, "ram:SpecifiedTradeAllowanceCharge")
            self._allowance(part, allowance.percent, allowance.base, allowance.amount)
            self._category(part, "ram:CategoryTradeTax", allowance.tax)
        self._day(group(root, "ram:SpecifiedTradePaymentTerms"), "ram:DueDateDateTime", document.due)
        self._sums(group(root, "ram:SpecifiedTradeSettlementHeaderMonetarySummation"))
        if document.preceding:
            reference = group(root, "ram:InvoiceReferencedDocument")
            add(reference, "ram:IssuerAssignedID", document.preceding.number)
            self._day(reference, "ram:FormattedIssueDateTime", document.preceding.date, "qdt")

    def _sums(self, sums: Element) -> None:
        document, add = self.document, self.xml.add
        add(sums, "ram:LineTotalAmount", document.lines_total)
        if document.allowances:
            add(sums, "ram:AllowanceTotalAmount", document.allowance_total)
        add(sums, "ram:TaxBasisTotalAmount", document.before_tax)
        add(sums, "ram:TaxTotalAmount", document.tax, currencyID=document.currency)
        if document.needs_euros:
            add(sums, "ram:TaxTotalAmount", Decimal("0.00"), currencyID="EUR")
        add(sums, "ram:GrandTotalAmount", document.amount)
        add(sums, "ram:DuePayableAmount", document.amount)

    def _allowance(self, root: Element, percent: Decimal | None, base: Decimal, amount: Decimal) -> None:
        group, add = self.xml.group, self.xml.add
        add(group(root, "ram:ChargeIndicator"), "udt:Indicator", "false")
        if percent is not None:
            add(root, "ram:CalculationPercent", percent)
            add(root, "ram:BasisAmount", base)
        add(root, "ram:ActualAmount", amount)
        add(root, "ram:ReasonCode", "95")
        add(root, "ram:Reason", "Discount")

    def _category(self, parent: Element, name: str, tax: Tax) -> None:
        root, add = self.xml.group(parent, name), self.xml.add
        add(root, "ram:TypeCode", "VAT")
        add(root, "ram:CategoryCode", tax.category)
        if tax.category != "O":
            add(root, "ram:RateApplicablePercent", tax.percent)

    def _line(self, transaction: Element, line: Line) -> None:
        group, add = self.xml.group, self.xml.add
        root = group(transaction, "ram:IncludedSupplyChainTradeLineItem")
        add(group(root, "ram:AssociatedDocumentLineDocument"), "ram:LineID", line.id)
        product = group(root, "ram:SpecifiedTradeProduct")
        add(product, "ram:Name", line.name)
        add(product, "ram:Description", line.description)
        price = group(group(root, "ram:SpecifiedLineTradeAgreement"), "ram:NetPriceProductTradePrice")
        add(price, "ram:ChargeAmount", line.price)
        delivery = group(root, "ram:SpecifiedLineTradeDelivery")
        add(delivery, "ram:BilledQuantity", line.quantity, unitCode=line.unit_code)
        settlement = group(root, "ram:SpecifiedLineTradeSettlement")
        self._category(settlement, "ram:ApplicableTradeTax", line.tax)
        period = group(settlement, "ram:BillingSpecifiedPeriod")
        self._day(period, "ram:StartDateTime", line.start)
        self._day(period, "ram:EndDateTime", line.end)
        if line.allowance:
            allowance = group(settlement, "ram:SpecifiedTradeAllowanceCharge")
            self._allowance(allowance, line.allowance_percent, line.net + line.allowance, line.allowance)
        sums = group(settlement, "ram:SpecifiedTradeSettlementLineMonetarySummation")
        add(sums, "ram:LineTotalAmount", line.net)
