"""The XML of an issued invoice: UN/CEFACT Cross Industry Invoice D16B, in the profile EN 16931.

What stands inside a Factur-X file as ``factur-x.xml``. The elements come in the order of the schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from xml.etree import ElementTree as Tree
from xml.etree.ElementTree import Element

from pennyform.sandbox.documents.issued_invoice import IBAN, Issued, Line, Party, Vat
from pennyform.sandbox.money.arithmetic import Amounts

FILE_NAME = "factur-x.xml"
_PROFILE = "urn:cen.eu:en16931:2017"
_SPACES = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
    "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
}
# Named parts: a text, a text with its attributes, or a branch. What holds nothing is left out.
_Branch = list[tuple[str, object]]


def cross_industry_invoice(invoice: Issued) -> bytes:
    """The XML of ``invoice``, the same bytes for the same invoice."""
    root = Element("rsm:CrossIndustryInvoice", {f"xmlns:{name}": uri for name, uri in _SPACES.items()})
    _add(root, list(_parts(invoice)))
    return bytes(Tree.tostring(root, encoding="UTF-8", xml_declaration=True))


def _add(parent: Element, parts: _Branch) -> None:
    for name, content in parts:
        if content in (None, "", []):
            continue
        child = Tree.SubElement(parent, name)
        if isinstance(content, list):
            _add(child, content)
            # The delivery is demanded even where there is nothing to say about it.
            if not len(child) and name != "ram:ApplicableHeaderTradeDelivery":
                parent.remove(child)
        elif isinstance(content, tuple):
            child.text, attributes = content
            child.attrib.update(attributes)
            if not child.text:
                parent.remove(child)
        else:
            child.text = str(content)


def _parts(invoice: Issued) -> Iterator[tuple[str, object]]:
    yield (
        "rsm:ExchangedDocumentContext",
        [
            ("ram:BusinessProcessSpecifiedDocumentContextParameter", [("ram:ID", invoice.frame)]),
            ("ram:GuidelineSpecifiedDocumentContextParameter", [("ram:ID", _PROFILE)]),
        ],
    )
    yield (
        "rsm:ExchangedDocument",
        [
            ("ram:ID", invoice.number),
            ("ram:TypeCode", invoice.type_code),
            ("ram:IssueDateTime", _day(invoice.date)),
            *(
                ("ram:IncludedNote", [("ram:Content", text), ("ram:SubjectCode", subject)])
                for subject, text in invoice.notes
            ),
        ],
    )
    outside_vat = any(line.vat.category == "O" for line in invoice.lines)
    yield (
        "rsm:SupplyChainTradeTransaction",
        [
            *(
                ("ram:IncludedSupplyChainTradeLineItem", _line(number, line))
                for number, line in enumerate(invoice.lines, 1)
            ),
            (
                "ram:ApplicableHeaderTradeAgreement",
                [
                    ("ram:SellerTradeParty", _party(invoice.seller, outside_vat=outside_vat, is_seller=True)),
                    ("ram:BuyerTradeParty", _party(invoice.buyer, outside_vat=outside_vat)),
                ],
            ),
            ("ram:ApplicableHeaderTradeDelivery", _delivery(invoice) or [("", None)]),
            ("ram:ApplicableHeaderTradeSettlement", list(_settlement(invoice))),
        ],
    )


def _day(day: str, kind: str = "udt") -> _Branch | None:
    return [(f"{kind}:DateTimeString", (day.replace("-", ""), {"format": "102"}))] if day else None


def _money(amount: Decimal) -> str:
    return f"{amount + 0:f}"


def _number(number: Decimal) -> str:
    text = f"{number + 0:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _party(party: Party, *, outside_vat: bool, is_seller: bool = False) -> _Branch:
    scheme, _, endpoint = party.endpoint.partition(":")
    address = party.address
    # What is outside the scope of VAT names no VAT numbers (BR-O-02).
    number = ("", {}) if outside_vat else (party.vat_number, {"schemeID": "VA"})
    if is_seller and not number[0]:
        number = (party.siren, {"schemeID": "FC"})
    return [
        ("ram:Name", party.name),
        ("ram:SpecifiedLegalOrganization", [("ram:ID", (party.siren, {"schemeID": "0002"}))]),
        (
            "ram:PostalTradeAddress",
            [
                ("ram:PostcodeCode", address.postal_code),
                ("ram:LineOne", address.address),
                ("ram:CityName", address.city),
                ("ram:CountryID", address.country_alpha2),
            ],
        ),
        ("ram:URIUniversalCommunication", [("ram:URIID", (endpoint, {"schemeID": scheme}))]),
        ("ram:SpecifiedTaxRegistration", [("ram:ID", number)]),
    ]


def _delivery(invoice: Issued) -> _Branch:
    """When and where goods were delivered, as a supply within the European Union has to say."""
    if not any(line.vat.category == "K" for line in invoice.lines):
        return []
    country = invoice.buyer.address.country_alpha2
    return [
        ("ram:ShipToTradeParty", [("ram:PostalTradeAddress", [("ram:CountryID", country)])]),
        ("ram:ActualDeliverySupplyChainEvent", [("ram:OccurrenceDateTime", _day(invoice.date))]),
    ]


def _settlement(invoice: Issued) -> Iterator[tuple[str, object]]:
    in_euros = invoice.currency == "EUR"
    yield "ram:TaxCurrencyCode", None if in_euros else "EUR"
    yield "ram:InvoiceCurrencyCode", invoice.currency
    account = [("ram:IBANID", IBAN)]
    yield (
        "ram:SpecifiedTradeSettlementPaymentMeans",
        [("ram:TypeCode", "30"), ("ram:PayeePartyCreditorFinancialAccount", account)],
    )
    for vat, amounts in invoice.taxes.items():
        yield "ram:ApplicableTradeTax", _total(vat, amounts)
    for allowance in invoice.allowances:
        yield (
            "ram:SpecifiedTradeAllowanceCharge",
            [*_allowance(allowance.amount), ("ram:CategoryTradeTax", _category(allowance.vat))],
        )
    yield "ram:SpecifiedTradePaymentTerms", [("ram:DueDateDateTime", _day(invoice.deadline))]
    lines = sum((line.before_tax for line in invoice.lines), Decimal(0))
    taken_off = sum((allowance.amount for allowance in invoice.allowances), Decimal(0))
    euros = None if in_euros else (_money(invoice.euros), {"currencyID": "EUR"})
    yield (
        "ram:SpecifiedTradeSettlementHeaderMonetarySummation",
        [
            ("ram:LineTotalAmount", _money(lines)),
            ("ram:AllowanceTotalAmount", _money(taken_off) if invoice.allowances else None),
            ("ram:TaxBasisTotalAmount", _money(invoice.before_tax)),
            ("ram:TaxTotalAmount", (_money(invoice.tax), {"currencyID": invoice.currency})),
            ("ram:TaxTotalAmount", euros),
            ("ram:GrandTotalAmount", _money(invoice.with_tax)),
            ("ram:DuePayableAmount", _money(invoice.with_tax)),
        ],
    )
    if invoice.credited:
        number, day = invoice.credited
        yield (
            "ram:InvoiceReferencedDocument",
            [("ram:IssuerAssignedID", number), ("ram:FormattedIssueDateTime", _day(day, "qdt"))],
        )


def _total(vat: Vat, amounts: Amounts) -> _Branch:
    return [
        ("ram:CalculatedAmount", _money(amounts.tax)),
        ("ram:TypeCode", "VAT"),
        ("ram:ExemptionReason", vat.reason),
        ("ram:BasisAmount", _money(amounts.before_tax)),
        ("ram:CategoryCode", vat.category),
        ("ram:ExemptionReasonCode", vat.reason_code),
        ("ram:RateApplicablePercent", None if vat.category == "O" else _number(vat.percent)),
    ]


def _category(vat: Vat) -> _Branch:
    return [
        ("ram:TypeCode", "VAT"),
        ("ram:CategoryCode", vat.category),
        ("ram:RateApplicablePercent", None if vat.category == "O" else _number(vat.percent)),
    ]


def _allowance(amount: Decimal, percent: Decimal | None = None, base: Decimal = Decimal(0)) -> _Branch:
    return [
        ("ram:ChargeIndicator", [("udt:Indicator", "false")]),
        ("ram:CalculationPercent", None if percent is None else _number(percent)),
        ("ram:BasisAmount", None if percent is None else _money(base)),
        ("ram:ActualAmount", _money(amount)),
        ("ram:ReasonCode", "95"),
        ("ram:Reason", "Remise"),
    ]


def _line(number: int, line: Line) -> _Branch:
    allowance = _allowance(line.off, line.percent_off, line.before_tax + line.off) if line.off else None
    period: _Branch = [("ram:StartDateTime", _day(line.start)), ("ram:EndDateTime", _day(line.end))]
    sums = [("ram:LineTotalAmount", _money(line.before_tax))]
    return [
        ("ram:AssociatedDocumentLineDocument", [("ram:LineID", str(number))]),
        ("ram:SpecifiedTradeProduct", [("ram:Name", line.label), ("ram:Description", line.description)]),
        (
            "ram:SpecifiedLineTradeAgreement",
            [("ram:NetPriceProductTradePrice", [("ram:ChargeAmount", _number(line.price))])],
        ),
        (
            "ram:SpecifiedLineTradeDelivery",
            [("ram:BilledQuantity", (_number(line.quantity), {"unitCode": line.unit}))],
        ),
        (
            "ram:SpecifiedLineTradeSettlement",
            [
                ("ram:ApplicableTradeTax", _category(line.vat)),
                ("ram:BillingSpecifiedPeriod", period),
                ("ram:SpecifiedTradeAllowanceCharge", allowance),
                ("ram:SpecifiedTradeSettlementLineMonetarySummation", sums),
            ],
        ),
    ]
