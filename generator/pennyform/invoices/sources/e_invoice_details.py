"""What an electronic invoice says beyond what its import needs: VAT by rate (BG-23), and the buyer (BG-7)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from pennyform.invoices.sources.e_invoice_errors import UnreadableError
from pennyform.invoices.sources.e_invoice_syntax import CREDIT_NOTE_TYPES, SYNTAXES
from pennyform.invoices.sources.factur_x import Fields, any_namespace, parse

_VAT_NUMBER = re.compile(r"[A-Z]{2}.+")


@dataclass(frozen=True, slots=True)
class TaxAmount:
    """What is taxed at one category and rate, and the tax; negative on a credit note."""

    category: str
    percent: Decimal
    base: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who gets the invoice; what the file does not say is empty."""

    name: str
    legal_id: str
    vat_number: str


@dataclass(frozen=True, slots=True)
class Details:
    """VAT by rate, in the order of the file, and the buyer."""

    taxes: tuple[TaxAmount, ...]
    buyer: Buyer


def read_details(xml: bytes) -> Details:
    """What the XML of an invoice says of VAT and buyer; see :func:`.factur_x.invoice_xml`.

    Raises:
        UnreadableError: a part of it cannot be read.
    """
    root, problems = parse(xml), list[str]()
    syntax = SYNTAXES[root.tag]
    header = Fields(root, syntax.header, problems)
    sign = -1 if (header.text("type") or syntax.default_type) in CREDIT_NOTE_TYPES else 1
    taxes = []
    for element in root.iterfind(any_namespace(syntax.taxes)):
        fields = Fields(element, syntax.tax, problems)
        taxes.append(
            TaxAmount(
                fields.text("category"),
                # What is outside the scope of VAT has no rate.
                fields.number("percent", default=Decimal(0)),
                sign * fields.number("base"),
                sign * fields.number("tax"),
            )
        )
    parties = Fields(root, syntax.buyer, problems)
    vat_numbers = filter(_VAT_NUMBER.match, parties.texts("vat_number"))
    buyer = Buyer(parties.text("name"), parties.text("legal_id"), next(vat_numbers, ""))
    if problems:
        raise UnreadableError(*problems)
    return Details(tuple(taxes), buyer)
