"""An issued invoice as EN 16931 has it: what goes into the XML of its Factur-X file.

The sandbox's own reading of the standard, from its own records and with its own arithmetic: the tool writes
the same terms with other code, so that an error in one is not hidden by the same error in the other. Amounts
of a credit note are positive, as those of an invoice: its type says which way the money goes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from msgspec import UNSET

from pennyform.sandbox.auth import Company
from pennyform.sandbox.model.documents import BilledTo, CustomerInvoice, InvoiceLine, Quote
from pennyform.sandbox.model.parties import Address, Customer
from pennyform.sandbox.money import rates
from pennyform.sandbox.money.arithmetic import Amounts, line_before_tax, round_half_up
from pennyform.sandbox.money.totals import priced_line, totals_of
from pennyform.sandbox.rules import Rules
from pennyform.sandbox.storage.records import Records, Selection

# Nobody's address: a company of the sandbox has a name and a registration number, and an invoice needs more.
_SELLER_ADDRESS = Address("1 rue du Bac à Sable", "75001", "Paris", "FR")
IBAN = "FR7630006000011234567890189"
NOTES = (
    ("PMT", "Indemnité forfaitaire pour frais de recouvrement : 40 EUR."),
    ("PMD", "Pénalités de retard : trois fois le taux d'intérêt légal."),
    ("AAB", "Pas d'escompte pour paiement anticipé."),
)
# Codes of UN/ECE recommendation 20; what is not here is counted.
_UNITS = {
    **dict.fromkeys(("hour", "hours", "heure"), "HUR"),
    **dict.fromkeys(("day", "jour"), "DAY"),
    **dict.fromkeys(("month", "mois"), "MON"),
    "kg": "KGM",
}
_COUNTED = "C62"
# Categories of UNTDID 5305 that charge nothing: VATEX code, and the reason in words.
_REASONS = {
    "AE": ("VATEX-EU-AE", "Autoliquidation"),
    "K": ("VATEX-EU-IC", "Livraison intracommunautaire"),
    "G": ("VATEX-EU-G", "Exportation hors de l'Union européenne"),
    "O": ("VATEX-EU-O", "TVA non applicable"),
}
_SIREN = re.compile(r"\d{9}")


@dataclass(frozen=True, slots=True)
class Party:
    """Seller or buyer; what is not known is empty. ``endpoint`` has a scheme before its colon."""

    name: str
    address: Address
    siren: str = ""
    vat_number: str = ""
    endpoint: str = ""


@dataclass(frozen=True, slots=True)
class Vat:
    """The VAT of a line: a category of UNTDID 5305, its percentage, and why none is charged."""

    category: str
    percent: Decimal
    reason_code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line; ``off`` is what its own discount takes off, ``percent_off`` its percentage if it is one."""

    label: str
    description: str
    quantity: Decimal
    unit: str
    price: Decimal
    before_tax: Decimal
    vat: Vat
    off: Decimal = Decimal(0)
    percent_off: Decimal | None = None
    start: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the discount on the document takes off the lines of one kind of VAT."""

    vat: Vat
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Issued:
    """An invoice or a credit note. Dates are ISO 8601; ``euros`` is the VAT in euros, as currencies need it.

    ``credited`` are number and date of the invoice that a credit note is about.
    """

    number: str
    type_code: str
    frame: str
    date: str
    deadline: str
    currency: str
    seller: Party
    buyer: Party
    notes: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    allowances: tuple[Allowance, ...]
    taxes: dict[Vat, Amounts]
    euros: Decimal
    credited: tuple[str, str] | None = None
    # A total that does not follow from the rest; for documents that are to be wrong.
    wrong_total: Decimal | None = None

    @property
    def before_tax(self) -> Decimal:
        """The sum of what is taxed."""
        return sum((amounts.before_tax for amounts in self.taxes.values()), Decimal(0))

    @property
    def tax(self) -> Decimal:
        """The sum of the taxes."""
        return sum((amounts.tax for amounts in self.taxes.values()), Decimal(0))

    @property
    def with_tax(self) -> Decimal:
        """What is to be paid."""
        return self.before_tax + self.tax if self.wrong_total is None else self.wrong_total

    def with_line(self, index: int, line: Line | None) -> Issued:
        """The same with another line in the place of one, or with none; the sums follow."""
        old = self.lines[index]
        decimals = rates.minor_unit_decimals(self.currency)
        taxes = dict(self.taxes)
        for part, sign in ((old, -1), (line, 1)):
            if part is not None:
                change = sign * part.before_tax
                tax = round_half_up(change * part.vat.percent / 100, decimals)
                amounts = taxes.get(part.vat, Amounts(Decimal(0), Decimal(0)))
                taxes[part.vat] = Amounts(amounts.before_tax + change, amounts.tax + tax)
        lines = (*self.lines[:index], *([line] if line else []), *self.lines[index + 1 :])
        used = {part.vat for part in lines}
        return replace(self, lines=lines, taxes={vat: taxes[vat] for vat in taxes if vat in used})


def issued_invoice(
    records: Records, company: Company, identifier: int, invoice: CustomerInvoice, rules: Rules
) -> Issued:
    """What the document of an issued invoice says.

    Args:
        records: of the company.
        company: who issued it.
        identifier: the id of the invoice.
        invoice: the invoice.
        rules: by which its amounts were computed.
    """
    sign = -1 if invoice.credit_note else 1
    selection = Selection(order="json_extract(body, '$.rank'), id")
    bodies = [record.body for record in records.select(InvoiceLine, selection, parent=identifier)]
    totals = totals_of(invoice, bodies, rules)
    buyer = buyer_of(records, invoice)
    vats = {body.vat_rate: vat_of(body, invoice, rules) for body in bodies}
    taxes: dict[Vat, Amounts] = {}
    for code, amounts in totals.codes.items():
        vat, so_far = vats[code], taxes.get(vats[code], Amounts(Decimal(0), Decimal(0)))
        taxes[vat] = Amounts(so_far.before_tax + sign * amounts.before_tax, so_far.tax + sign * amounts.tax)
    lines = tuple(_line(body, vats[body.vat_rate], sign, invoice.currency, rules) for body in bodies)
    credited = records.get(CustomerInvoice, invoice.credited_invoice_id or 0)
    return Issued(
        number=invoice.invoice_number,
        type_code="381" if invoice.credit_note else "380",
        frame=_frame(bodies),
        date=invoice.date,
        deadline=invoice.deadline,
        currency=invoice.currency,
        seller=seller_of(company),
        buyer=buyer,
        notes=(*NOTES, ("BAR", "B2B")) if buyer.endpoint.startswith("0225:") else (),
        lines=lines,
        allowances=tuple(_allowances(lines, taxes)),
        taxes=taxes,
        euros=sign * Decimal(invoice.tax),
        credited=(credited.body.invoice_number, credited.body.date) if credited else None,
    )


def _frame(lines: Sequence[InvoiceLine]) -> str:
    """What is sold: goods, services or both, and that it is an ordinary invoice."""
    kinds = {line.substance == "goods" for line in lines}
    return "M1" if len(kinds) > 1 else "B1" if True in kinds else "S1"


def seller_of(company: Company) -> Party:
    """A company as its documents name it."""
    siren = company.reg_no[-9:]
    if not _SIREN.fullmatch(siren):
        return Party(company.name, _SELLER_ADDRESS)
    # The key of a French VAT number follows from the SIREN.
    key = (12 + 3 * (int(siren) % 97)) % 97
    return Party(company.name, _SELLER_ADDRESS, siren, f"FR{key:02}{siren}", f"0225:{siren}")


def buyer_of(records: Records, document: CustomerInvoice | Quote) -> Party:
    """Whom it was issued to, under the address of that day; a quote follows the customer."""
    customer = records.get(Customer, document.customer_id)
    billed_to = document.billed_to if isinstance(document, CustomerInvoice) else UNSET
    if billed_to is UNSET:
        billed_to = BilledTo.from_customer(customer.body) if customer else BilledTo("", Address())
    number = re.sub(r"\s", "", billed_to.reg_no)
    vat_number = re.sub(r"\s", "", billed_to.vat_number)
    siren = number[:9] if re.fullmatch(r"\d{9}(\d{5})?", number) else ""
    if not siren and re.fullmatch(r"FR\w\w\d{9}", vat_number):
        siren = vat_number[-9:]
    emails = customer.body.emails if customer else []
    endpoint = f"0225:{siren}" if siren else f"EM:{emails[0]}" if emails else ""
    return Party(billed_to.name, billed_to.billing_address, siren, vat_number, endpoint)


def vat_of(line: InvoiceLine, document: CustomerInvoice | Quote, rules: Rules) -> Vat:
    """The VAT of a line."""
    code, is_goods = line.vat_rate, line.substance == "goods"
    percent = rates.percent_of_code(code, reverse_charge=rules.reverse_charge_taxed) or Decimal(0)
    if percent:
        return Vat("S", percent)
    if "extracom" in code:
        category = "G" if is_goods else "O"
    elif "intracom" in code:
        category = "AE" if line.substance == "services" else "K"
    elif "crossborder" in code:
        category = "K" if is_goods else "AE"
    elif "construction" in code or "_isp_" in code:
        category = "AE"
    elif code == "exempt":
        return Vat("E", percent, "", document.special_mention or "Exonération de TVA")
    else:
        return Vat("Z", percent)
    return Vat(category, percent, *_REASONS[category])


def _line(body: InvoiceLine, vat: Vat, sign: int, currency: str, rules: Rules) -> Line:
    quantity, price = sign * Decimal(body.quantity), Decimal(body.raw_currency_unit_price)
    # A price is never below zero (BR-27): what is given back has a negative quantity.
    if price < 0:
        quantity, price = -quantity, -price
    decimals = rates.minor_unit_decimals(currency)
    priced = priced_line(body, rules)
    # Whatever the answers show: what the line comes to before the discount on the document.
    before_tax = sign * line_before_tax(priced, decimals)
    gross, discount = round_half_up(quantity * price, decimals), priced.discount
    dates = body.imputation_dates or {}
    return Line(
        label=body.label,
        description=body.description,
        quantity=quantity,
        unit=_UNITS.get(body.unit.strip().lower(), _COUNTED),
        price=price,
        before_tax=before_tax,
        vat=vat,
        off=gross - before_tax,
        percent_off=discount.value if discount.type == "relative" and discount.value else None,
        start=dates.get("start_date", ""),
        end=dates.get("end_date", ""),
    )


def _allowances(lines: Sequence[Line], taxes: dict[Vat, Amounts]) -> list[Allowance]:
    """What the discount on the document leaves of the lines of each kind of VAT, less than they come to."""
    allowances = []
    for vat, amounts in taxes.items():
        gross = sum((line.before_tax for line in lines if line.vat == vat), Decimal(0))
        if gross != amounts.before_tax:
            allowances.append(Allowance(vat, gross - amounts.before_tax))
    return allowances
