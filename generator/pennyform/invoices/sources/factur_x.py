"""Reading electronic invoices: Factur-X inside a PDF, or the XML of either syntax of EN 16931 (CII, UBL)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

_LARGEST = 10 * 1024 * 1024  # bytes of XML
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?")
# Type codes of documents that take something back; their amounts are positive in the file.
_CREDIT_NOTES = frozenset({"381", "396", "261", "CreditNote"})


class UnreadableError(Exception):
    """It is no electronic invoice; the text says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line. ``id`` is the file's own name for it; ``percent`` the rate of its VAT."""

    id: str
    label: str
    quantity: Decimal
    price: Decimal
    before_tax: Decimal
    percent: Decimal


@dataclass(frozen=True, slots=True)
class EInvoice:
    """An electronic invoice; what a credit note takes back is negative. Dates are ISO 8601."""

    number: str
    date: str
    deadline: str
    currency: str
    before_tax: Decimal
    tax: Decimal
    amount: Decimal
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class _Syntax:
    """Where a syntax has what: paths of local names, for the header and within a line."""

    lines: str
    header: Mapping[str, str]
    line: Mapping[str, str]


_TRADE = "SupplyChainTradeTransaction"
_SETTLEMENT = f"{_TRADE}/ApplicableHeaderTradeSettlement"
_SUMS = f"{_SETTLEMENT}/SpecifiedTradeSettlementHeaderMonetarySummation"
_LINE_SETTLEMENT = "SpecifiedLineTradeSettlement"

_CII = _Syntax(
    f"{_TRADE}/IncludedSupplyChainTradeLineItem",
    {
        "number": "ExchangedDocument/ID",
        "type": "ExchangedDocument/TypeCode",
        "date": "ExchangedDocument/IssueDateTime/DateTimeString",
        "deadline": f"{_SETTLEMENT}/SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString",
        "currency": f"{_SETTLEMENT}/InvoiceCurrencyCode",
        "before_tax": f"{_SUMS}/TaxBasisTotalAmount",
        "tax": f"{_SUMS}/TaxTotalAmount",
        "amount": f"{_SUMS}/GrandTotalAmount",
    },
    {
        "id": "AssociatedDocumentLineDocument/LineID",
        "label": "SpecifiedTradeProduct/Name",
        "quantity": "SpecifiedLineTradeDelivery/BilledQuantity",
        "price": "SpecifiedLineTradeAgreement/NetPriceProductTradePrice/ChargeAmount",
        "before_tax": f"{_LINE_SETTLEMENT}/SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount",
        "percent": f"{_LINE_SETTLEMENT}/ApplicableTradeTax/RateApplicablePercent",
    },
)
_UBL_HEADER = {
    "number": "ID",
    "type": "InvoiceTypeCode",
    "date": "IssueDate",
    "deadline": "DueDate",
    "currency": "DocumentCurrencyCode",
    "before_tax": "LegalMonetaryTotal/TaxExclusiveAmount",
    "tax": "TaxTotal/TaxAmount",
    "amount": "LegalMonetaryTotal/TaxInclusiveAmount",
}
_UBL_LINE = {
    "id": "ID",
    "label": "Item/Name",
    "quantity": "InvoicedQuantity",
    "price": "Price/PriceAmount",
    "before_tax": "LineExtensionAmount",
    "percent": "Item/ClassifiedTaxCategory/Percent",
}
_SYNTAXES = {
    "CrossIndustryInvoice": _CII,
    "Invoice": _Syntax("InvoiceLine", _UBL_HEADER, _UBL_LINE),
    "CreditNote": _Syntax("CreditNoteLine", _UBL_HEADER, {**_UBL_LINE, "quantity": "CreditedQuantity"}),
}


def read(content: bytes) -> EInvoice:
    """What the bytes of a PDF or of an XML file say.

    Raises:
        UnreadableError: they are no electronic invoice, or one without what every invoice has.
    """
    root = _parse(_embedded_xml(content) if content.startswith(b"%PDF-") else content)
    name = root.tag.rpartition("}")[2]
    if name not in _SYNTAXES:
        raise UnreadableError(f"its XML is {name[:40]}, not an invoice")
    syntax = _SYNTAXES[name]
    header = _Fields(root, syntax.header)
    sign = -1 if {name, header.text("type")} & _CREDIT_NOTES else 1
    elements = root.iterfind(_any_namespace(syntax.lines))
    lines = tuple(_line(_Fields(element, syntax.line), sign) for element in elements)
    if not lines:
        raise UnreadableError("it has no lines")
    return EInvoice(
        number=header.required("number"),
        date=header.day("date"),
        deadline=header.day("deadline") if header.text("deadline") else "",
        currency=header.required("currency"),
        before_tax=sign * header.number("before_tax"),
        tax=sign * header.number("tax"),
        amount=sign * header.number("amount"),
        lines=lines,
    )


def _line(fields: _Fields, sign: int) -> Line:
    # What is outside the scope of VAT has no rate.
    percent = fields.number("percent") if fields.text("percent") else Decimal(0)
    return Line(
        id=fields.required("id"),
        label=fields.required("label"),
        quantity=sign * fields.number("quantity"),
        price=fields.number("price"),
        before_tax=sign * fields.number("before_tax"),
        percent=percent,
    )


class _Fields:
    """The values below one element, by our own names for them."""

    def __init__(self, element: Element, paths: Mapping[str, str]) -> None:
        self._element = element
        self._paths = paths

    def text(self, name: str) -> str:
        return (self._element.findtext(_any_namespace(self._paths[name])) or "").strip()

    def required(self, name: str) -> str:
        text = self.text(name)
        if not text:
            raise UnreadableError(f"{self._paths[name]} is missing")
        return text

    def number(self, name: str) -> Decimal:
        text = self.required(name)
        if not _NUMBER.fullmatch(text):
            raise UnreadableError(f"{self._paths[name]} is no number")
        return Decimal(text)

    def day(self, name: str) -> str:
        """In ISO 8601; CII writes ``20251001``, UBL ``2025-10-01``."""
        try:
            return date.fromisoformat(self.required(name)).isoformat()
        except ValueError as error:
            raise UnreadableError(f"{self._paths[name]} is no date") from error


def _any_namespace(path: str) -> str:
    """A path of local names as one that fits any namespace."""
    return "/".join(f"{{*}}{step}" for step in path.split("/"))


def _parse(content: bytes) -> Element:
    if len(content) > _LARGEST:
        raise UnreadableError("its XML is larger than 10 MB")
    try:
        text = content.decode("utf-8-sig")
        # Without these two nothing can be expanded, and nothing fetched.
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise UnreadableError("its XML has a document type")
        return ElementTree.fromstring(text)  # noqa: S314
    except (UnicodeDecodeError, ElementTree.ParseError) as error:
        raise UnreadableError("it is neither a PDF nor XML in UTF-8") from error


def _embedded_xml(pdf: bytes) -> bytes:
    """The XML that a PDF carries as a stream, compressed or not."""
    for match in _STREAM.finditer(pdf):
        stream = match[1]
        if b"CrossIndustryInvoice" not in stream:
            try:
                # Bounded: a few bytes can unpack to gigabytes.
                stream = zlib.decompressobj().decompress(stream, _LARGEST)
            except zlib.error:
                continue
        if b"CrossIndustryInvoice" in stream:
            return stream.strip()
    raise UnreadableError("the PDF carries no electronic invoice")
