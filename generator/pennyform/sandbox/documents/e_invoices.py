"""Electronic invoices as files: inside a PDF or alone, in either of the two syntaxes of EN 16931.

The tool reads the same syntaxes with its own code and other libraries (lxml, pypdf), so that an error in one
is not hidden by the same error in the other. Here qpdf (pikepdf) opens the PDF,
and expat, from the standard library, reads the XML.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING
from xml.etree import ElementTree as Tree
from xml.etree.ElementTree import Element

from pennyform.extras import E_INVOICE_READERS, missing_extra
from pennyform.sandbox.api_errors import not_implemented

if TYPE_CHECKING:
    from pikepdf import Object

# UNTDID 1001, as far as EN 16931 takes it: related to goods or services, financial adjustments, self-billed,
# consolidated, by a forwarder or a factor, and corrections of these.
_CREDIT_NOTES = {81, 83, 261, 262, 296, 308, 381, 396, 420, 458, 502, 503, 532}
_INVOICES = {
    *(71, 80, 82, 84, 102, 130, 202, 203, 204, 211, 218, 219, 295, 325, 326, 331, 380, 456, 457),
    *range(382, 391),
    *(393, 394, 395, 471, 472, 473, 500, 501, 527, 553, 575, 623, 633, 751, 780, 817),
    *(870, 875, 876, 877, 935),
}
# xs:decimal, within bounds.
_DECIMAL = re.compile(r"[+-]?(?=\.?[0-9])0*([0-9]{0,15})(\.([0-9]{0,20}))?")
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
_LARGEST_XML = 10 * 1024 * 1024  # of all files of a PDF that are named like an invoice, together
_MOST_FILES = 1_000
# What Factur-X, ZUGFeRD and XRechnung call the file that is the invoice, in any case.
_EMBEDDED = {"factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml"}
_PRICE_UNIT = Decimal("0.000001")
# Lines that group others or inform, in the profile EXTENDED: they add up to nothing.
_CII_STATUS = "AssociatedDocumentLineDocument/LineStatusReasonCode"
_UNCOUNTED = {"GROUP", "INFORMATION"}


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
        return -1 if int(self.type_code) in _CREDIT_NOTES else 1


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


def _amount(parent: Element, path: str, default: str = "") -> Decimal:
    return _number(_text(parent, path) or default or _required(parent, path), path)


def _number(text: str, path: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise UnreadableError(f"{path} is no number")
    return Decimal(text)


def _total(parent: Element, path: str, currency: str, default: Decimal | None = None) -> Decimal:
    """The total in a currency, among those in others; one that names none is in the invoice's own."""
    totals: dict[str, Decimal] = {}
    for element in _elements(parent, path):
        total = _number((element.text or "").strip(), path)
        code = element.get("currencyID") or currency
        if totals.setdefault(code, total) != total:
            raise UnreadableError(f"{path} is there twice in {code}")
    in_currency = totals.get(currency, default)
    if in_currency is None:
        raise UnreadableError(f"{path} is missing in {currency}")
    return in_currency


def _type(code: str) -> str:
    if not re.fullmatch("[0-9]{2,3}", code) or int(code) not in _CREDIT_NOTES | _INVOICES:
        raise UnreadableError(f"{code[:10]} is no type of invoice")
    return code


def _unit_price(parent: Element, price: str, *base_quantities: str) -> Decimal:
    """A price is for one unit, unless it names how many it is for."""
    base = next((_amount(parent, path) for path in base_quantities if _text(parent, path)), Decimal(1))
    if base <= 0:
        raise UnreadableError("A base quantity is not positive")
    quotient = _amount(parent, price) / base
    rounded = quotient.quantize(_PRICE_UNIT, ROUND_HALF_UP)
    return quotient if rounded == quotient else rounded


def _day(value: str, path: str) -> str:
    # CII writes ``YYYYMMDD`` and UBL ISO 8601, which may end in a time zone: Python reads the rest of both.
    try:
        return date.fromisoformat(re.sub(r"(Z|[+-]\d\d:\d\d)$", "", value)).isoformat()
    except ValueError as problem:
        raise UnreadableError(f"{path} is no date") from problem


def _read_cii(root: Element) -> Document:
    """UN/CEFACT Cross Industry Invoice, the syntax inside Factur-X."""
    agreement = _part(root, f"{_CII_TRANSACTION}/ApplicableHeaderTradeAgreement")
    settlement = _part(root, f"{_CII_TRANSACTION}/ApplicableHeaderTradeSettlement")
    sums = _part(settlement, "SpecifiedTradeSettlementHeaderMonetarySummation")
    issued = _day(_required(root, _CII_ISSUED), _CII_ISSUED)
    # The last of several instalments is when all is due.
    due = max(
        (_day((e.text or "").strip(), _CII_TERMS) for e in _elements(settlement, _CII_TERMS)), default=""
    )
    currency = _required(settlement, "InvoiceCurrencyCode")
    before_tax = _total(sums, "TaxBasisTotalAmount", currency)
    with_tax = _total(sums, "GrandTotalAmount", currency)
    items = _elements(root, f"{_CII_TRANSACTION}/{_CII_LINE}")
    return Document(
        number=_required(root, "ExchangedDocument/ID"),
        type_code=_type(_text(root, "ExchangedDocument/TypeCode")),
        date=issued,
        deadline=due or issued,
        currency=currency,
        seller=_read_cii_party(_part(agreement, "SellerTradeParty")),
        buyer=_read_cii_party(_part(agreement, "BuyerTradeParty")),
        lines=tuple(_read_cii_line(item) for item in items if _text(item, _CII_STATUS) not in _UNCOUNTED),
        before_tax=before_tax,
        tax=_total(sums, "TaxTotalAmount", currency, with_tax - before_tax),
        with_tax=with_tax,
    )


def _read_cii_party(party: Element) -> Party:
    return Party(_required(party, "Name"), *(_text(party, path) for path in _CII_PARTY))


def _read_cii_line(item: Element) -> Line:
    quantity = _element(item, "SpecifiedLineTradeDelivery/BilledQuantity")
    tax = "SpecifiedLineTradeSettlement/ApplicableTradeTax"
    net, gross = (f"SpecifiedLineTradeAgreement/{kind}PriceProductTradePrice" for kind in ("Net", "Gross"))
    summation = "SpecifiedLineTradeSettlement/SpecifiedTradeSettlementLineMonetarySummation"
    return Line(
        identifier=_required(item, "AssociatedDocumentLineDocument/LineID"),
        label=_required(item, "SpecifiedTradeProduct/Name"),
        quantity=_amount(item, "SpecifiedLineTradeDelivery/BilledQuantity"),
        unit=quantity.get("unitCode", "") if quantity is not None else "",
        unit_price=_unit_price(item, f"{net}/ChargeAmount", f"{net}/BasisQuantity", f"{gross}/BasisQuantity"),
        before_tax=_amount(item, f"{summation}/LineTotalAmount"),
        category=_required(item, f"{tax}/CategoryCode"),
        percent=_amount(item, f"{tax}/RateApplicablePercent", "0"),
    )


def _read_ubl(root: Element) -> Document:
    """OASIS Universal Business Language 2.1: ``Invoice`` and ``CreditNote``."""
    name = root.tag.rpartition("}")[2]
    line, quantity = _UBL_LINES[name]
    issued = _day(_required(root, "IssueDate"), "IssueDate")
    # A credit note of UBL has its due date with the means of payment.
    due = _text(root, "DueDate") or _text(root, "PaymentMeans/PaymentDueDate")
    currency = _required(root, "DocumentCurrencyCode")
    before_tax = _total(root, "LegalMonetaryTotal/TaxExclusiveAmount", currency)
    with_tax = _total(root, "LegalMonetaryTotal/TaxInclusiveAmount", currency)
    code = _text(root, f"{name}TypeCode") or ("381" if name == "CreditNote" else "")
    return Document(
        number=_required(root, "ID"),
        type_code=_type(code),
        date=issued,
        deadline=_day(due, "DueDate") if due else issued,
        currency=currency,
        seller=_read_ubl_party(root, "AccountingSupplierParty/Party"),
        buyer=_read_ubl_party(root, "AccountingCustomerParty/Party"),
        lines=tuple(_read_ubl_line(item, quantity) for item in _elements(root, line)),
        before_tax=before_tax,
        tax=_total(root, "TaxTotal/TaxAmount", currency, with_tax - before_tax),
        with_tax=with_tax,
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
        unit_price=_unit_price(line, "Price/PriceAmount", "Price/BaseQuantity"),
        before_tax=_amount(line, "LineExtensionAmount"),
        category=_required(line, "Item/ClassifiedTaxCategory/ID"),
        percent=_amount(line, "Item/ClassifiedTaxCategory/Percent", "0"),
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
    roots = [_parse_xml(xml) for xml in (_embedded_files(content) if is_pdf(content) else [content])]
    # A hybrid file has ZUGFeRD 1.0 too, for readers from before EN 16931.
    current = [root for root in roots if root.tag.rpartition("}")[2] in _SYNTAXES] or roots
    if len(current) != 1:
        raise UnreadableError(f"The PDF carries {'several e-invoices' if current else 'no e-invoice'}")
    root = current[0]
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


def _embedded_files(content: bytes) -> list[bytes]:
    """The files embedded in a PDF under the name of an invoice, each content once."""
    if missing := missing_extra("einvoice", "an e-invoice in a PDF", E_INVOICE_READERS):
        raise not_implemented(": ".join(missing))

    from pikepdf import Array, Name, Pdf  # slow to load, and few requests carry a PDF

    try:
        # Without its repair of damaged files, which looks for every object again from the beginning.
        with Pdf.open(io.BytesIO(content), attempt_recovery=False) as pdf:
            attached = [file.obj for file in pdf.attachments.values()]
            associated = pdf.Root.get(Name.AF)
            more = list(associated)[:_MOST_FILES] if isinstance(associated, Array) else []
            return list(dict.fromkeys(_unpack([*attached, *more])))
    except UnreadableError:
        raise
    except Exception as problem:  # what a broken PDF makes pikepdf raise is of no one family
        raise UnreadableError("It is no PDF that can be read") from problem


def _unpack(specifications: Sequence[Object]) -> Iterator[bytes]:
    from pikepdf import Array, Name

    unpacked: set[tuple[int, int]] = set()
    most = _LARGEST_XML
    for specification in specifications:
        name = str(specification.get(Name.UF) or specification.get(Name.F) or "")
        if re.split(r"[/\\]", name)[-1].strip().lower() not in _EMBEDDED or Name.EF not in specification:
            continue
        stream = specification.EF.get(Name.UF) or specification.EF.F
        # A file is mostly named twice, and can be named without end.
        if stream.objgen in unpacked:
            continue
        unpacked.add(stream.objgen)
        compressed = stream.read_raw_bytes()
        named = stream.get(Name.Filter, Array())
        filters = list(named) if isinstance(named, Array) else [named]
        if filters not in ([], [Name.FlateDecode]):
            raise UnreadableError("The embedded file is compressed in an unusual way")
        # Bounded: a few bytes can unpack to gigabytes.
        content = zlib.decompressobj().decompress(compressed, most + 1) if filters else compressed
        most -= len(content)
        if most < 0:
            raise UnreadableError("The embedded files are larger than 10 MB")
        yield content
