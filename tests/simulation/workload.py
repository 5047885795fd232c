"""What is asked for: invoices drawn from a seed, as definitions for the engine and as sums for the oracles.

The sums are computed here once more, by nobody's code but this: per line, half up, to the cent.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from pennyform import data
from pennyform.invoices import (
    Attachment,
    CategoryWeight,
    DesiredCustomer,
    DesiredInvoice,
    DesiredProduct,
    EmailOption,
    Key,
    Options,
    Place,
    Repository,
    Settings,
)
from pennyform.invoices.deductions.lines import deduction_lines, deposit_of, with_lines
from pennyform.invoices.desired.json_bodies import digest, from_json, to_json
from pennyform.invoices.model import (
    CustomerBody,
    Deduction,
    ImportedInvoiceBody,
    InvoiceBody,
    Policies,
    ProductBody,
)

RATES = {
    "FR_200": Decimal(20),
    "FR_100": Decimal(10),
    "FR_55": Decimal("5.5"),
    "FR_21": Decimal("2.1"),
    "exempt": Decimal(0),
}
PREFIX = "SIM-"
_CENT = Decimal("0.01")
_DATES = ("2026-02-27", "2026-03-01", "2026-03-01", "2026-03-02")
_PLACE = Place("invoices.yaml", 1, 1)
PRICE, STREET = "49.90", "1 rue de la Paix"
_PRODUCT = {"label": "Licence", "unit": "piece", "vat_rate": "FR_200"}
ADDRESS = {"address": STREET, "postal_code": "75002", "city": "Paris", "country_alpha2": "FR"}


@dataclass(frozen=True)
class Line:
    """One line. ``discount`` is a percentage; ``product`` takes label, price, unit and VAT from a product."""

    label: str
    quantity: Decimal
    price: str
    vat_rate: str
    discount: str = ""
    product: bool = False

    @property
    def amounts(self) -> tuple[Decimal, Decimal]:
        """Before tax, and tax."""
        before = self.quantity * Decimal(self.price)
        if self.discount:
            before -= before * Decimal(self.discount) / 100
        before = _cents(before)
        return before, _cents(before * RATES[self.vat_rate] / 100)

    def body(self) -> dict[str, Any]:
        """The line as a definition says it."""
        if self.product:
            key = Key("product", "external_reference", "LICENCE", _PLACE)
            stated: dict[str, Any] = {"product_id": key, "quantity": self.quantity}
        else:
            stated = {
                "label": self.label,
                "quantity": self.quantity,
                "unit": "hour",
                "raw_currency_unit_price": self.price,
                "vat_rate": self.vat_rate,
            }
        if self.discount:
            stated["discount"] = {"type": "relative", "value": self.discount}
        return stated


@dataclass(frozen=True)
class Wanted:
    """One invoice. ``file`` makes it an import; ``corrects`` a credit note of that reference.

    ``deducts`` are the deposits that it takes off; ``lines`` are the full price then.
    """

    reference: str
    lines: tuple[Line, ...]
    customer: str = "ACME"
    label: str = ""
    finalize: bool = False
    file: str = ""
    corrects: str = ""
    deducts: tuple[Wanted, ...] = ()
    dated: bool = False
    category: str = ""
    appendices: tuple[str, ...] = ()
    paid: bool = False
    submit: bool = False
    mail: bool = False

    @property
    def date(self) -> str:
        """Its date (ISO), of a few near each other, so that several invoices may share one."""
        return random.Random(self.reference).choice(_DATES)

    @property
    def final(self) -> bool:
        """Whether it should not be a draft in the end."""
        return self.finalize or bool(self.file)

    @property
    def amounts(self) -> tuple[Decimal, Decimal]:
        """Before tax, and tax."""
        pairs = [line.amounts for line in self.lines]
        pairs += [(-before, -tax) for before, tax in (deposit.amounts for deposit in self.deducts)]
        return sum((pair[0] for pair in pairs), Decimal(0)), sum((pair[1] for pair in pairs), Decimal(0))

    @property
    def vat(self) -> dict[str, Decimal]:
        """Tax by VAT code."""
        sums: dict[str, Decimal] = {}
        for line in self.lines:
            sums[line.vat_rate] = sums.get(line.vat_rate, Decimal(0)) + line.amounts[1]
        for deposit in self.deducts:
            for code, tax in deposit.vat.items():
                sums[code] = sums.get(code, Decimal(0)) - tax
        return sums


@dataclass(frozen=True)
class Workload:
    """All that one folder of definitions asks for; ``added`` counts how often its author worked on it.

    ``price`` is that of the declared product, ``street`` the address of the declared customers.
    """

    invoices: tuple[Wanted, ...]
    added: int = 0
    price: str = PRICE
    street: str = STREET

    @property
    def by_reference(self) -> dict[str, Wanted]:
        """The invoices by their references."""
        return {one.reference: one for one in self.invoices}

    @property
    def cards(self) -> Mapping[str, Mapping[str, Any]]:
        """What stands on an invoice to each of the declared customers."""
        address = {**ADDRESS, "address": self.street}
        names = {"ACME": "ACME SAS", "JO": "Jo Martin"}
        return {reference: {"name": name, "billing_address": address} for reference, name in names.items()}

    def repository(self, root: Path) -> Repository:
        """What reading the folder ``root`` would give."""
        invoices = tuple(definition(one) for one in self.invoices)
        database = root / ".pennyform" / "sandbox.db"
        content = repr((self.invoices, self.price, self.street)).encode()
        files = {"invoices.yaml": hashlib.sha256(content).hexdigest()}
        # Nothing of it lies in files, from which documents would be made and checked.
        policies = {"production": Policies(e_invoice="optional")}
        settings = Settings(root, "production", "line", database, PREFIX, policies, schemas=data.schemas())
        customers, products = declared_customers(self.street), declared_products(self.price)
        requested = {("customer", name) for name in customers} | {("product", name) for name in products}
        return Repository(root, settings, invoices, customers, products, files, frozenset(requested))


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


# --- definitions ------------------------------------------------------------------------------------------


def content_of(name: str) -> bytes:
    """The bytes of an attached file: a PDF as small as they come, another one for each name."""
    return b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n" + name.encode()


def definition(wanted: Wanted) -> DesiredInvoice:
    """``wanted`` as the invoice wing would hand it over."""
    body: dict[str, Any] = {
        "external_reference": wanted.reference,
        "customer_id": Key("customer", "external_reference", wanted.customer, _PLACE),
        "date": wanted.date,
        "deadline": "2026-03-31",
        "invoice_lines": [line.body() for line in wanted.lines],
    }
    if wanted.dated:
        body["invoice_lines"][0]["imputation_dates"] = _YEAR
    if wanted.label:
        body["label"] = wanted.label
    if wanted.file:
        body = _stated(body, wanted)
    made = DesiredInvoice(
        external_reference=wanted.reference,
        operation="importCustomerInvoices" if wanted.file else "postCustomerInvoices",
        body=from_json(ImportedInvoiceBody, body) if wanted.file else from_json(InvoiceBody, body),
        options=_options(wanted),
        place=_PLACE,
        digest="",
        kind=_kind(wanted),
        file=_attachment(wanted.file) if wanted.file else None,
        credit_note_of=_key("customer_invoice", wanted.corrects) if wanted.corrects else None,
    )
    made = _with_deductions(made, wanted) if wanted.deducts else made
    return made._replace(digest=digest(made))


def _with_deductions(made: DesiredInvoice, wanted: Wanted) -> DesiredInvoice:
    """``made`` with the lines that the repository makes of its deposits, whose numbers are not known yet."""
    repository = Repository(Path(), Settings(Path(), "production", "line", Path()), (), {}, {}, {})
    deductions = tuple(Deduction(_key("customer_invoice", deposit.reference)) for deposit in wanted.deducts)
    deposits = [deposit_of(definition(deposit), (), repository.product, "line") for deposit in wanted.deducts]
    pairs = zip(deductions, deposits, strict=True)
    lines = [deduction_lines(*pair, language="fr_FR", rounding="line") for pair in pairs]
    return with_lines(made._replace(deductions=deductions), lines)


_YEAR = {"start_date": "2026-01-01", "end_date": "2026-12-31"}


def _kind(wanted: Wanted) -> str:
    if wanted.file:
        return "imported_invoice"
    return "credit_note" if wanted.corrects else "invoice"


def _options(wanted: Wanted) -> Options:
    weights = (CategoryWeight(Key("category", "label", wanted.category, _PLACE), "1.00"),)
    return Options(
        finalize=wanted.finalize,
        send_by_email=EmailOption() if wanted.mail else None,
        send_to_pa=wanted.submit,
        categories=weights if wanted.category else None,
        mark_as_paid=wanted.paid,
        appendices=tuple(map(_attachment, wanted.appendices)),
    )


def _stated(body: Mapping[str, Any], wanted: Wanted) -> dict[str, Any]:
    """An import states its amounts, and those of its lines."""
    before, tax = wanted.amounts
    lines = [
        {**stated, "currency_amount": f"{sum(line.amounts):f}", "currency_tax": f"{line.amounts[1]:f}"}
        for stated, line in zip(body["invoice_lines"], wanted.lines, strict=True)
    ]
    amounts = {"currency_amount_before_tax": before, "currency_tax": tax, "currency_amount": before + tax}
    stated = {name: f"{amount:f}" for name, amount in amounts.items()}
    return {**body, "invoice_number": f"OLD/{wanted.reference}", **stated, "invoice_lines": lines}


def _key(kind: str, reference: str) -> Key:
    return Key(kind, "external_reference", reference, _PLACE)


def _attachment(name: str) -> Attachment:
    content = content_of(name)
    return Attachment(name, hashlib.sha256(content).hexdigest(), len(content), "application/pdf")


def declared_customers(street: str) -> dict[str, DesiredCustomer]:
    """A company and a person who live in ``street``, by reference."""
    names = {
        "ACME": ("company", {"name": "ACME SAS", "emails": ["billing@acme.example"]}),
        "JO": ("individual", {"first_name": "Jo", "last_name": "Martin", "emails": ["jo@example.org"]}),
    }
    address = {**ADDRESS, "address": street}
    return {
        reference: DesiredCustomer(
            reference,
            kind,
            f"post{kind.title()}Customer",
            from_json(CustomerBody, {"external_reference": reference, **fields, "billing_address": address}),
            _PLACE,
        )
        for reference, (kind, fields) in names.items()
    }


def declared_products(price: str) -> dict[str, DesiredProduct]:
    """The product at ``price``, by reference."""
    fields = {"external_reference": "LICENCE", **_PRODUCT, "price_before_tax": price}
    return {"LICENCE": DesiredProduct("LICENCE", "postProducts", from_json(ProductBody, fields), _PLACE)}


def masters(price: str, street: str) -> list[tuple[str, Mapping[str, Any]]]:
    """What creates each of them, for an account that has them already: a path and a body."""
    customers, products = declared_customers(street), declared_products(price)
    return [
        ("/company_customers", to_json(customers["ACME"].body)),
        ("/individual_customers", to_json(customers["JO"].body)),
        ("/products", to_json(products["LICENCE"].body)),
    ]


# --- drawn from a seed ------------------------------------------------------------------------------------


def drawn(rng: random.Random) -> Workload:
    """A folder of a few invoices; now and then of more than are looked up one by one."""
    count = rng.choice((1, 1, 1, 1, 2, 2, 3)) if rng.random() < 0.985 else rng.randint(26, 30)
    invoices = [_invoice(rng, number, plain=count > 4) for number in range(1, count + 1)]
    first = invoices[0]
    if count < 4 and first.finalize and not first.file and rng.random() < 0.2:
        # It takes back what was charged, whatever the product costs by then.
        lines = tuple(replace(line, quantity=-line.quantity, product=False) for line in first.lines)
        reference = f"{PREFIX}{rng.choice('AZ')}-CREDIT"
        # What is paid cannot be credited any more.
        invoices[0] = replace(first, paid=False)
        invoices.append(Wanted(reference, lines, first.customer, finalize=True, corrects=first.reference))
    elif count < 4 and first.finalize and not first.file and sum(first.amounts) and rng.random() < 0.3:
        # A deposit comes to what it came to, whatever the product costs by then.
        lines = tuple(replace(line, product=False) for line in first.lines)
        invoices[0] = replace(first, lines=lines)
        invoices.append(_balance(rng, invoices[0]))
    return Workload(tuple(invoices))


def _balance(rng: random.Random, deposit: Wanted) -> Wanted:
    """What is left to pay of three times a deposit; its reference comes before or after that."""
    lines = tuple(replace(line, quantity=3 * line.quantity) for line in deposit.lines)
    reference = f"{PREFIX}{rng.choice('0Z')}-BALANCE"
    return Wanted(reference, lines, deposit.customer, finalize=True, deducts=(deposit,))


def _invoice(rng: random.Random, number: int, *, plain: bool) -> Wanted:
    # Neither as long as each other, nor in the order of the alphabet.
    reference = f"{PREFIX}{number + 8}"
    if plain:
        return Wanted(reference, (_line(rng, 1),), finalize=rng.random() < 0.5)
    lines = tuple(_line(rng, place) for place in range(1, _length(rng) + 1))
    customer = "JO" if rng.random() < 0.2 else "ACME"
    if rng.random() < 0.12:
        lines = tuple(replace(line, product=False, discount="") for line in lines)
        return Wanted(reference, lines, customer, file=f"{reference}.pdf")
    wanted = Wanted(reference, lines, customer, label=rng.choice(("", "", "Support")))
    return _optional(rng, replace(wanted, finalize=rng.random() < 0.65))


def _length(rng: random.Random) -> int:
    return rng.randint(4, 25) if rng.random() < 0.08 else rng.randint(1, 3)


def _line(rng: random.Random, place: int) -> Line:
    if rng.random() < 0.15:
        return Line("Licence", Decimal(rng.randint(1, 9)), PRICE, "FR_200", product=True)
    quantity = Decimal(rng.choice(("1", "2", "3.5", "0.25", "12", "7.333")))
    price = f"{rng.randint(1, 99_999) / 100:.2f}" if rng.random() < 0.8 else "0.333333"
    vat_rate = rng.choice(sorted(RATES))
    return Line(f"Work {place}", quantity, price, vat_rate, "12.50" if rng.random() < 0.15 else "")


def _optional(rng: random.Random, wanted: Wanted) -> Wanted:
    if rng.random() < 0.1:
        wanted = replace(wanted, appendices=("terms.pdf",))
    if not wanted.finalize:
        return wanted
    return replace(
        wanted,
        dated=rng.random() < 0.15,
        category="North" if rng.random() < 0.15 else "",
        paid=rng.random() < 0.1,
        submit=rng.random() < 0.1,
        mail=rng.random() < 0.2,
    )


def redeclared(rng: random.Random, before: Workload, final: Collection[str]) -> Workload:
    """The folder with another price or address, now and then; lines of invoices in ``final`` keep theirs."""
    price = rng.choice((PRICE, "52.00", "45.125", "0.99")) if rng.random() < 0.6 else before.price
    street = rng.choice((STREET, "5 avenue Foch", "2 quai de Seine")) if rng.random() < 0.6 else before.street
    invoices = tuple(
        one
        if one.reference in final
        else replace(
            one,
            lines=tuple(replace(line, price=price) if line.product else line for line in one.lines),
        )
        for one in before.invoices
    )
    return replace(before, invoices=invoices, price=price, street=street)


def edited(rng: random.Random, before: Workload, *, always: bool = False) -> Workload:
    """The folder after its author worked on it: drafts changed, finalized, dropped, one more.

    Args:
        rng: decides.
        before: the folder.
        always: whether something must have changed.
    """
    after = [_edited(rng, one) for one in before.invoices]
    drafts = [one for one in after if not one.final]
    if drafts and len(after) > 1 and rng.random() < 0.2:
        after.remove(rng.choice(drafts))
    if rng.random() < 0.3 or always:
        after.append(_invoice(rng, 900 + before.added, plain=False))
    return replace(before, invoices=tuple(after), added=before.added + 1)


def _edited(rng: random.Random, one: Wanted) -> Wanted:
    if one.final or rng.random() < 0.3:
        return one
    lines: Sequence[Line] = one.lines
    match rng.choice(("price", "more", "less", "label", "none")):
        case "price":
            changed = replace(lines[0], label="Work changed", price="77.77", product=False)
            lines = (changed, *lines[1:])
        case "more":
            lines = (*lines, _line(rng, 99))
        case "less" if len(lines) > 1:
            lines = lines[:-1]
        case "label":
            one = replace(one, label="Changed")
    return replace(one, lines=tuple(lines), finalize=rng.random() < 0.5)
