"""What an electronic invoice says: Factur-X inside a PDF, or the XML of either syntax of EN 16931 alone."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

_LARGEST = 10 * 1024 * 1024  # bytes of XML
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?")
# Type codes of documents that take something back; their amounts are positive in the file.
_CREDIT_NOTES = frozenset({"381", "396", "261", "CreditNote"})


class UnreadableError(Exception):
    """It is no electronic invoice; the text says why."""


class Line(NamedTuple):
    """One line. ``id`` is the file's own name for it; ``percent`` the rate of its VAT."""

    id: str
    label: str
    quantity: Decimal
    price: Decimal
    before_tax: Decimal
    percent: Decimal


class EInvoice(NamedTuple):
    """An electronic invoice; what a credit note takes back is negative. Dates are ISO 8601."""

    number: str
    date: str
    deadline: str
    currency: str
    before_tax: Decimal
    tax: Decimal
    amount: Decimal
    lines: tuple[Line, ...]


class _Syntax(NamedTuple):
    """Where a syntax has what: paths of local names, for the whole and within a line."""

    lines: str
    whole: Mapping[str, str]
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
_UBL_WHOLE = {
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
    "Invoice": _Syntax("InvoiceLine", _UBL_WHOLE, _UBL_LINE),
    "CreditNote": _Syntax("CreditNoteLine", _UBL_WHOLE, {**_UBL_LINE, "quantity": "CreditedQuantity"}),
}


def read(content: bytes) -> EInvoice:
    """What the bytes of a PDF or of an XML file say.

    Raises:
        UnreadableError: they are no electronic invoice, or one without what every invoice has.
    """
    root = _parsed(_embedded(content) if content.startswith(b"%PDF-") else content)
    name = root.tag.rpartition("}")[2]
    if name not in _SYNTAXES:
        raise UnreadableError(f"its XML is {name[:40]}, not an invoice")
    return _invoice(root, name, _SYNTAXES[name])


def _invoice(root: Element, name: str, syntax: _Syntax) -> EInvoice:
    paths = syntax.whole
    sign = -1 if {name, _text(root, paths["type"])} & _CREDIT_NOTES else 1
    lines = tuple(_line(one, syntax.line, sign) for one in root.iterfind(_steps(syntax.lines)))
    if not lines:
        raise UnreadableError("it has no lines")
    due = _text(root, paths["deadline"])
    return EInvoice(
        number=_needed(root, paths["number"]),
        date=_day(_needed(root, paths["date"]), paths["date"]),
        deadline=_day(due, paths["deadline"]) if due else "",
        currency=_needed(root, paths["currency"]),
        before_tax=sign * _number(root, paths["before_tax"]),
        tax=sign * _number(root, paths["tax"]),
        amount=sign * _number(root, paths["amount"]),
        lines=lines,
    )


def _line(element: Element, paths: Mapping[str, str], sign: int) -> Line:
    # What is outside the scope of VAT has no rate.
    percent = _number(element, paths["percent"]) if _text(element, paths["percent"]) else Decimal(0)
    return Line(
        id=_needed(element, paths["id"]),
        label=_needed(element, paths["label"]),
        quantity=sign * _number(element, paths["quantity"]),
        price=_number(element, paths["price"]),
        before_tax=sign * _number(element, paths["before_tax"]),
        percent=percent,
    )


# --- values -----------------------------------------------------------------------------------------------


def _steps(path: str) -> str:
    """A path of local names as one that fits any namespace."""
    return "/".join(f"{{*}}{step}" for step in path.split("/"))


def _text(parent: Element, path: str) -> str:
    return (parent.findtext(_steps(path)) or "").strip()


def _needed(parent: Element, path: str) -> str:
    found = _text(parent, path)
    if not found:
        raise UnreadableError(f"{path} is missing")
    return found


def _number(parent: Element, path: str) -> Decimal:
    found = _needed(parent, path)
    if not _NUMBER.fullmatch(found):
        raise UnreadableError(f"{path} is no number")
    return Decimal(found)


def _day(written: str, path: str) -> str:
    """``2025-10-01`` and ``20251001`` alike."""
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError as problem:
        raise UnreadableError(f"{path} is no date") from problem


# --- files ------------------------------------------------------------------------------------------------


def _parsed(content: bytes) -> Element:
    if len(content) > _LARGEST:
        raise UnreadableError("its XML is larger than 10 MB")
    try:
        text = content.decode("utf-8-sig")
        # Without these two nothing can be expanded, and nothing fetched.
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise UnreadableError("its XML has a document type")
        return ElementTree.fromstring(text)  # noqa: S314
    except (UnicodeDecodeError, ElementTree.ParseError) as problem:
        raise UnreadableError("it is neither a PDF nor XML in UTF-8") from problem


def _embedded(pdf: bytes) -> bytes:
    """The XML that a PDF carries as a stream, compressed or not."""
    for stream in _streams(pdf):
        if b"CrossIndustryInvoice" in stream:
            return stream.strip()
    raise UnreadableError("the PDF carries no electronic invoice")


def _streams(pdf: bytes) -> Iterator[bytes]:
    for found in _STREAM.finditer(pdf):
        yield found[1]
        try:
            yield zlib.decompressobj().decompress(found[1], _LARGEST)
        except zlib.error:
            continue
