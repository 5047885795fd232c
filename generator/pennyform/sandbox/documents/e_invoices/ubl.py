"""OASIS Universal Business Language 2.1: ``Invoice`` and ``CreditNote``."""

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

_LINES = {
    "Invoice": ("InvoiceLine", "InvoicedQuantity"),
    "CreditNote": ("CreditNoteLine", "CreditedQuantity"),
}


def read_ubl(root: Element) -> Document:
    """Read an ``Invoice`` or a ``CreditNote``.

    Raises:
        UnreadableError: when something is missing that every invoice has.
    """
    name = root.tag.rpartition("}")[2]
    line, quantity = _LINES[name]
    issued = day(required(root, "IssueDate"), "IssueDate")
    due = text(root, "DueDate")
    return Document(
        number=required(root, "ID"),
        type_code="381" if name == "CreditNote" else text(root, "InvoiceTypeCode"),
        date=issued,
        deadline=day(due, "DueDate") if due else issued,
        currency=required(root, "DocumentCurrencyCode"),
        seller=_party(root, "AccountingSupplierParty/Party"),
        buyer=_party(root, "AccountingCustomerParty/Party"),
        lines=tuple(_line(item, quantity) for item in elements(root, line)),
        before_tax=amount(root, "LegalMonetaryTotal/TaxExclusiveAmount"),
        tax=amount(root, "TaxTotal/TaxAmount"),
        with_tax=amount(root, "LegalMonetaryTotal/TaxInclusiveAmount"),
    )


def _party(root: Element, path: str) -> Party:
    party = element(root, path)
    if party is None:
        raise UnreadableError(f"{path} is missing")
    return Party(
        name=text(party, "PartyName/Name") or required(party, "PartyLegalEntity/RegistrationName"),
        reg_no=text(party, "PartyLegalEntity/CompanyID"),
        address=text(party, "PostalAddress/StreetName"),
        postal_code=text(party, "PostalAddress/PostalZone"),
        city=text(party, "PostalAddress/CityName"),
        country_alpha2=text(party, "PostalAddress/Country/IdentificationCode"),
    )


def _line(line: Element, quantity: str) -> Line:
    counted = element(line, quantity)
    return Line(
        identifier=required(line, "ID"),
        label=required(line, "Item/Name"),
        quantity=amount(line, quantity),
        unit=counted.get("unitCode", "") if counted is not None else "",
        unit_price=amount(line, "Price/PriceAmount"),
        before_tax=amount(line, "LineExtensionAmount"),
        category=required(line, "Item/ClassifiedTaxCategory/ID"),
        percent=amount(line, "Item/ClassifiedTaxCategory/Percent"),
    )
