"""Electronic invoices as files: inside a PDF or alone, in either of the two syntaxes of EN 16931.

The tool reads the same syntaxes with code of its own: a referee that shared it would prove nothing.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree as Tree
from xml.etree.ElementTree import Element

# UNTDID 1001: credit note, factored credit note, self-billed credit note.
_CREDIT_NOTES = frozenset({"381", "396", "261"})
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?")
_CII_TRANSACTION = "SupplyChainTradeTransaction"
_CII_LINE = "IncludedSupplyChainTradeLineItem"
_CII_TERMS = "SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString"
_CII_ISSUED = "ExchangedDocument/IssueDateTime/DateTimeString"
# Where a party has its reg_no, address, postal_code, city and country_alpha2.
_CII_PARTY = (
    "SpecifiedLegalOrganization/ID",
    *(f"PostalTradeAddress/{name}" for name in ("LineOne", "PostcodeCode", "CityName", "CountryID")),
)
_UBL_PARTY = (
    *("PartyLegalEntity/CompanyID", "PostalAddress/StreetName", "PostalAddress/PostalZone"),
    *("PostalAddress/CityName", "PostalAddress/Country/IdentificationCode"),
)
_UBL_LINES = {
    "Invoice": ("InvoiceLine", "InvoicedQuantity"),
    "CreditNote": ("CreditNoteLine", "CreditedQuantity"),
}
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_LARGEST_XML = 10 * 1024 * 1024
_CII_ROOT = b"CrossIndustryInvoice"


@dataclass(frozen=True, slots=True)
class Party:
    """Seller or buyer. Text that was not given is empty."""

    name: str
    reg_no: str
    address: str
    postal_code: str
    city: str
    country_alpha2: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line (BG-25). Amounts are before tax; ``percent`` and ``category`` are those of its VAT."""

    identifier: str
    label: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    before_tax: Decimal
    category: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Document:
    """An invoice or a credit note, whose amounts are positive in both. Dates are ISO 8601."""

    number: str
    type_code: str
    date: str
    deadline: str
    currency: str
    seller: Party
    buyer: Party
    lines: tuple[Line, ...]
    before_tax: Decimal
    tax: Decimal
    with_tax: Decimal

    @property
    def sign(self) -> int:
        """Minus one for a credit note."""
        return -1 if self.type_code in _CREDIT_NOTES else 1


class UnreadableError(Exception):
    """The file is no electronic invoice; the message says why."""


# Paths are of local names (``Party/PartyName/Name``): senders choose the prefixes of namespaces.


def _element(parent: Element, path: str) -> Element | None:
    return parent.find("/".join(f"{{*}}{step}" for step in path.split("/")))


def _elements(parent: Element, path: str) -> list[Element]:
    return parent.findall("/".join(f"{{*}}{step}" for step in path.split("/")))


def _text(parent: Element, path: str) -> str:
    """The text at a path; empty when there is none."""
    target = _element(parent, path)
    return (target.text or "").strip() if target is not None else ""


def _part(parent: Element, path: str) -> Element:
    part = _element(parent, path)
    if part is None:
        raise UnreadableError(f"{path} is missing")
    return part


def _required(parent: Element, path: str) -> str:
    value = _text(parent, path)
    if not value:
        raise UnreadableError(f"{path} is missing")
    return value


def _amount(parent: Element, path: str) -> Decimal:
    value = _required(parent, path)
    if not _DECIMAL.fullmatch(value):
        raise UnreadableError(f"{path} is no number")
    return Decimal(value)


def _day(value: str, path: str) -> str:
    # CII writes ``YYYYMMDD`` and UBL ISO 8601: Python reads both.
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as problem:
        raise UnreadableError(f"{path} is no date") from problem


def _read_cii(root: Element) -> Document:
    """UN/CEFACT Cross Industry Invoice, the syntax inside Factur-X."""
    agreement = _part(root, f"{_CII_TRANSACTION}/ApplicableHeaderTradeAgreement")
    settlement = _part(root, f"{_CII_TRANSACTION}/ApplicableHeaderTradeSettlement")
    sums = _part(settlement, "SpecifiedTradeSettlementHeaderMonetarySummation")
    issued = _day(_required(root, _CII_ISSUED), _CII_ISSUED)
    due = _text(settlement, _CII_TERMS)
    return Document(
        number=_required(root, "ExchangedDocument/ID"),
        type_code=_text(root, "ExchangedDocument/TypeCode"),
        date=issued,
        deadline=_day(due, _CII_TERMS) if due else issued,
        currency=_required(settlement, "InvoiceCurrencyCode"),
        seller=_read_cii_party(_part(agreement, "SellerTradeParty")),
        buyer=_read_cii_party(_part(agreement, "BuyerTradeParty")),
        lines=tuple(map(_read_cii_line, _elements(root, f"{_CII_TRANSACTION}/{_CII_LINE}"))),
        before_tax=_amount(sums, "TaxBasisTotalAmount"),
        tax=_amount(sums, "TaxTotalAmount"),
        with_tax=_amount(sums, "GrandTotalAmount"),
    )


def _read_cii_party(party: Element) -> Party:
    return Party(_required(party, "Name"), *(_text(party, path) for path in _CII_PARTY))


def _read_cii_line(item: Element) -> Line:
    quantity = _element(item, "SpecifiedLineTradeDelivery/BilledQuantity")
    tax = "SpecifiedLineTradeSettlement/ApplicableTradeTax"
    summation = "SpecifiedLineTradeSettlement/SpecifiedTradeSettlementLineMonetarySummation"
    return Line(
        identifier=_required(item, "AssociatedDocumentLineDocument/LineID"),
        label=_required(item, "SpecifiedTradeProduct/Name"),
        quantity=_amount(item, "SpecifiedLineTradeDelivery/BilledQuantity"),
        unit=quantity.get("unitCode", "") if quantity is not None else "",
        unit_price=_amount(item, "SpecifiedLineTradeAgreement/NetPriceProductTradePrice/ChargeAmount"),
        before_tax=_amount(item, f"{summation}/LineTotalAmount"),
        category=_required(item, f"{tax}/CategoryCode"),
        percent=_amount(item, f"{tax}/RateApplicablePercent"),
    )


def _read_ubl(root: Element) -> Document:
    """OASIS Universal Business Language 2.1: ``Invoice`` and ``CreditNote``."""
    name = root.tag.rpartition("}")[2]
    line, quantity = _UBL_LINES[name]
    issued = _day(_required(root, "IssueDate"), "IssueDate")
    due = _text(root, "DueDate")
    return Document(
        number=_required(root, "ID"),
        type_code="381" if name == "CreditNote" else _text(root, "InvoiceTypeCode"),
        date=issued,
        deadline=_day(due, "DueDate") if due else issued,
        currency=_required(root, "DocumentCurrencyCode"),
        seller=_read_ubl_party(root, "AccountingSupplierParty/Party"),
        buyer=_read_ubl_party(root, "AccountingCustomerParty/Party"),
        lines=tuple(_read_ubl_line(item, quantity) for item in _elements(root, line)),
        before_tax=_amount(root, "LegalMonetaryTotal/TaxExclusiveAmount"),
        tax=_amount(root, "TaxTotal/TaxAmount"),
        with_tax=_amount(root, "LegalMonetaryTotal/TaxInclusiveAmount"),
    )


def _read_ubl_party(root: Element, path: str) -> Party:
    party = _part(root, path)
    name = _text(party, "PartyName/Name") or _required(party, "PartyLegalEntity/RegistrationName")
    return Party(name, *(_text(party, path) for path in _UBL_PARTY))


def _read_ubl_line(line: Element, quantity: str) -> Line:
    counted = _element(line, quantity)
    return Line(
        identifier=_required(line, "ID"),
        label=_required(line, "Item/Name"),
        quantity=_amount(line, quantity),
        unit=counted.get("unitCode", "") if counted is not None else "",
        unit_price=_amount(line, "Price/PriceAmount"),
        before_tax=_amount(line, "LineExtensionAmount"),
        category=_required(line, "Item/ClassifiedTaxCategory/ID"),
        percent=_amount(line, "Item/ClassifiedTaxCategory/Percent"),
    )


_SYNTAXES = {"CrossIndustryInvoice": _read_cii, "Invoice": _read_ubl, "CreditNote": _read_ubl}


def is_pdf(content: bytes) -> bool:
    """Whether an e-invoice's XML is to be looked for inside a PDF."""
    return content.startswith(b"%PDF-")


def read_e_invoice(content: bytes) -> Document:
    """Read a Factur-X PDF, or a CII or UBL file.

    Raises:
        UnreadableError: when it is none of these, or lacks something that every invoice has.
    """
    xml = content
    if is_pdf(content):
        xml = next((stream.strip() for stream in _pdf_streams(content) if _CII_ROOT in stream), b"")
        if not xml:
            raise UnreadableError("The PDF carries no e-invoice")
    root = _parse_xml(xml)
    name = root.tag.rpartition("}")[2]
    if name not in _SYNTAXES:
        raise UnreadableError(f"{name} is no invoice")
    document = _SYNTAXES[name](root)
    if not document.lines:
        raise UnreadableError("It has no lines")
    return document


def _parse_xml(content: bytes) -> Tree.Element:
    try:
        text = content.decode("utf-8-sig")
        # Without these two nothing can be expanded (billion laughs), and nothing fetched (XXE).
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise UnreadableError("A document type is not allowed")
        return Tree.fromstring(text)  # noqa: S314
    except (UnicodeDecodeError, Tree.ParseError) as problem:
        raise UnreadableError("It is neither a PDF nor XML in UTF-8") from problem


def _pdf_streams(pdf: bytes) -> Iterator[bytes]:
    """Every stream of a PDF, as it stands and, where it is compressed, expanded up to a bound."""
    for match in _STREAM.finditer(pdf):
        yield match[1]
        try:
            yield zlib.decompressobj().decompress(match[1], _LARGEST_XML)
        except zlib.error:
            continue
