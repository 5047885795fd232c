"""UN/CEFACT Cross Industry Invoice, the syntax inside Factur-X."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from pennyform.sandbox.documents.e_invoices.document import Document, Line, Party
from pennyform.sandbox.documents.e_invoices.elements import (
    UnreadableError,
    amount,
    day,
    element,
    elements,
    required,
    text,
)

_TRANSACTION = "SupplyChainTradeTransaction"
_TERMS = "SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString"
_ISSUED = "ExchangedDocument/IssueDateTime/DateTimeString"


def read_cii(root: Element) -> Document:
    """Read a ``CrossIndustryInvoice``.

    Raises:
        UnreadableError: when something is missing that every invoice has.
    """
    agreement = _part(root, f"{_TRANSACTION}/ApplicableHeaderTradeAgreement")
    settlement = _part(root, f"{_TRANSACTION}/ApplicableHeaderTradeSettlement")
    sums = _part(settlement, "SpecifiedTradeSettlementHeaderMonetarySummation")
    issued = day(required(root, _ISSUED), _ISSUED)
    due = text(settlement, _TERMS)
    return Document(
        number=required(root, "ExchangedDocument/ID"),
        type_code=text(root, "ExchangedDocument/TypeCode"),
        date=issued,
        deadline=day(due, _TERMS) if due else issued,
        currency=required(settlement, "InvoiceCurrencyCode"),
        seller=_party(_part(agreement, "SellerTradeParty")),
        buyer=_party(_part(agreement, "BuyerTradeParty")),
        lines=tuple(map(_line, elements(root, f"{_TRANSACTION}/IncludedSupplyChainTradeLineItem"))),
        before_tax=amount(sums, "TaxBasisTotalAmount"),
        tax=amount(sums, "TaxTotalAmount"),
        with_tax=amount(sums, "GrandTotalAmount"),
    )


def _part(parent: Element, path: str) -> Element:
    part = element(parent, path)
    if part is None:
        raise UnreadableError(f"{path} is missing")
    return part


def _party(party: Element) -> Party:
    return Party(
        name=required(party, "Name"),
        reg_no=text(party, "SpecifiedLegalOrganization/ID"),
        address=text(party, "PostalTradeAddress/LineOne"),
        postal_code=text(party, "PostalTradeAddress/PostcodeCode"),
        city=text(party, "PostalTradeAddress/CityName"),
        country_alpha2=text(party, "PostalTradeAddress/CountryID"),
    )


def _line(item: Element) -> Line:
    quantity = element(item, "SpecifiedLineTradeDelivery/BilledQuantity")
    tax = "SpecifiedLineTradeSettlement/ApplicableTradeTax"
    summation = "SpecifiedLineTradeSettlement/SpecifiedTradeSettlementLineMonetarySummation"
    return Line(
        identifier=required(item, "AssociatedDocumentLineDocument/LineID"),
        label=required(item, "SpecifiedTradeProduct/Name"),
        quantity=amount(item, "SpecifiedLineTradeDelivery/BilledQuantity"),
        unit=quantity.get("unitCode", "") if quantity is not None else "",
        unit_price=amount(item, "SpecifiedLineTradeAgreement/NetPriceProductTradePrice/ChargeAmount"),
        before_tax=amount(item, f"{summation}/LineTotalAmount"),
        category=required(item, f"{tax}/CategoryCode"),
        percent=amount(item, f"{tax}/RateApplicablePercent"),
    )
