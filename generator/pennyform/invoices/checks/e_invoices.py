"""Imports of electronic invoices: the file tells the API everything, so a definition must say what it says.

The request carries the file, the customer, and for lines a product and a ledger account. All else that a
definition states is what the file states, or the two are at odds, and nothing is sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from pathlib import Path as FilePath

from pennyform.extras import E_INVOICE_READERS, missing_extra
from pennyform.findings import Finding, Severity
from pennyform.invoices.model import UNSET, DesiredInvoice, ImportedInvoiceBody, set_fields
from pennyform.invoices.money.scalars import minor_units
from pennyform.invoices.money.vat_codes import Rate, rates
from pennyform.invoices.sources import factur_x
from pennyform.invoices.sources.attachments import LARGEST
from pennyform.invoices.sources.e_invoice_errors import AmbiguousError, UnreadableError
from pennyform.invoices.sources.factur_x import EInvoice, Line
from pennyform.invoices.yaml.document import Document, Path
from pennyform.safe_files import read_inside

_OPERATION = "createCustomerInvoiceEInvoiceImport"
# What is stated in the file too, what its import takes, and what can be set afterwards.
_HEADER = (
    *("external_reference", "customer_id", "invoice_number", "date", "deadline", "currency"),
    *("currency_amount_before_tax", "currency_tax", "currency_amount"),
    *("transaction_reference", "invoice_lines"),
)
_LINE = (
    *("product_id", "label", "quantity", "unit", "raw_currency_unit_price", "vat_rate"),
    *("currency_amount", "currency_tax", "ledger_account_id", "imputation_dates"),
)

_MOST_REASONS = 20
_PRICE_UNIT = Decimal("0.000001")
# Enough for the longest numbers that are read, multiplied.
_EXACT = Context(prec=120)
# Currencies with minor units in ISO 4217 that nobody pays in any more: tax is rounded to whole units.
_WHOLE_UNITS = frozenset({"HUF"})
# By category of EN 16931 (BT-151, of UNTDID 5305): the kinds of VAT code that fit (see `_kind`), its meaning.
_CATEGORIES = {
    "S": ("charged", "standard rate"),
    "L": ("charged", "tax of the Canary Islands"),
    "M": ("charged", "tax of Ceuta and Melilla"),
    "B": ("charged", "split payment"),
    "AA": ("charged", "lower rate"),  # in UBL before EN 16931
    "AE": ("crossborder", "reverse charge"),
    "K": ("crossborder", "supply within the EU"),
    "G": ("extracom", "export"),
    "E": ("exempt", "exempt"),
    "Z": ("exempt", "zero rate"),
    "O": ("exempt extracom", "outside the scope of VAT"),
}


@dataclass(frozen=True, slots=True)
class _Pair:
    """One value as the definition states it, and as it is in the file."""

    path: Path
    in_definition: str | Decimal | None
    in_file: str | Decimal


def as_e_invoice(
    invoice: DesiredInvoice, document: Document, root: FilePath
) -> tuple[DesiredInvoice, list[Finding]]:
    """The imported ``invoice`` as an import of an electronic one, and where file and definition are at odds.

    Args:
        invoice: an import whose definition says that its file is an electronic invoice.
        document: that definition.
        root: the folder of the invoice repository.
    """
    body = invoice.body
    if invoice.file is None or not isinstance(body, ImportedInvoiceBody):
        raise TypeError("an e-invoice is imported from a file")
    if missing := missing_extra("einvoice", "an e-invoice", E_INVOICE_READERS):
        summary, fix = missing
        return invoice, [document.finding("missing-extra", summary, ("e_invoice",), fix=fix)]
    try:
        e_invoice = factur_x.read(read_inside(root, root / invoice.file.path, LARGEST))
    except AmbiguousError as error:
        return invoice, [document.finding("e-invoice-ambiguous", f"{error}", ("file",))]
    except UnreadableError as error:
        return invoice, _unreadable(error.reasons, document)
    except OSError as error:
        return invoice, _unreadable([f"it cannot be read: {error.strerror}"], document)
    line_ids = tuple(line.id for line in e_invoice.lines)
    differing = [pair for pair in _pairs(body, e_invoice) if pair.in_definition != pair.in_file]
    findings = [*_fields_not_taken(body, document), *(_difference(pair, document) for pair in differing)]
    if len(body.invoice_lines) == len(e_invoice.lines):
        findings += _line_findings(body, e_invoice, document)
    # Sums of what is not what the file says would tell nothing new.
    if not differing:
        findings += _sums(body, e_invoice, document)
    return invoice._replace(operation=_OPERATION, e_invoice_lines=line_ids), findings


def _unreadable(reasons: Sequence[str], document: Document) -> list[Finding]:
    more = len(reasons) - _MOST_REASONS
    reasons = [*reasons[:_MOST_REASONS], *([f"{more} more like these"] if more > 0 else [])]
    return [
        document.finding(
            "e-invoice-file",
            f"`file` is no electronic invoice: {reason}",
            ("file",),
            detail="It is a Factur-X PDF, or XML in one of the two syntaxes of EN 16931 (CII, UBL).",
            fix="delete `e_invoice` to import it as the picture of an invoice",
        )
        for reason in reasons
    ]


def _fields_not_taken(body: ImportedInvoiceBody, document: Document) -> Iterator[Finding]:
    paths: list[Path] = [(name,) for name, _ in set_fields(body) if name not in _HEADER]
    for index, line in enumerate(body.invoice_lines):
        paths += [("invoice_lines", index, name) for name, _ in set_fields(line) if name not in _LINE]
    for path in paths:
        yield document.finding(
            "e-invoice-field",
            f"the import of an e-invoice does not take `{path[-1]}`",
            path,
            key=True,
        )


def _pairs(body: ImportedInvoiceBody, e_invoice: EInvoice) -> Iterator[_Pair]:
    yield _Pair(("invoice_number",), body.invoice_number or None, e_invoice.number)
    yield _Pair(("date",), body.date.isoformat(), e_invoice.date)
    if e_invoice.deadline:
        yield _Pair(("deadline",), body.deadline.isoformat(), e_invoice.deadline)
    yield _Pair(("currency",), body.currency or "EUR", e_invoice.currency)
    yield _Pair(("currency_amount_before_tax",), body.currency_amount_before_tax, e_invoice.before_tax)
    yield _Pair(("currency_tax",), body.currency_tax, e_invoice.tax)
    yield _Pair(("currency_amount",), body.currency_amount, e_invoice.amount)
    counts = [
        f"{len(lines)} line{'' if len(lines) == 1 else 's'}"
        for lines in (body.invoice_lines, e_invoice.lines)
    ]
    if counts[0] != counts[1]:
        yield _Pair(("invoice_lines",), *counts)
        return
    for index, (line, filed) in enumerate(zip(body.invoice_lines, e_invoice.lines, strict=True)):
        path: Path = ("invoice_lines", index)
        label = " ".join((line.label or "").split())
        yield _Pair((*path, "label"), label or None, " ".join(filed.label.split()))
        yield _Pair((*path, "quantity"), line.quantity, filed.quantity)
        price = _unit_price(filed)
        yield _Pair((*path, "raw_currency_unit_price"), line.raw_currency_unit_price, price)
        # The API's amount of an imported line includes tax, the file's does not.
        yield _Pair((*path, "currency_amount"), line.currency_amount - line.currency_tax, filed.before_tax)
        # Which code stands for a rate is Pennylane's to say.
        yield _Pair((*path, "vat_rate"), rates()[line.vat_rate].charged, filed.percent)


def _unit_price(line: Line) -> Decimal:
    """The price of one unit, with the six decimals that the API takes."""
    with localcontext(_EXACT):
        price = line.price / line.base_quantity
        rounded = price.quantize(_PRICE_UNIT, ROUND_HALF_UP)
        # As the file writes it, where that is the price of one unit.
        return line.price if rounded == line.price else rounded.normalize() + 0


def _line_findings(body: ImportedInvoiceBody, e_invoice: EInvoice, document: Document) -> Iterator[Finding]:
    """Each line's VAT category, amount and name."""
    unit = _minor_unit(e_invoice.currency)
    names = Counter(line.id for line in e_invoice.lines)
    for index, (line, filed) in enumerate(zip(body.invoice_lines, e_invoice.lines, strict=True)):
        path: Path = ("invoice_lines", index)
        yield from _category(rates()[line.vat_rate], filed, document, (*path, "vat_rate"))
        with localcontext(_EXACT):
            computed = filed.quantity * filed.price / filed.base_quantity + filed.charges
            if abs(filed.before_tax - computed) > unit:
                computed = computed.quantize(unit, ROUND_HALF_UP)
                yield document.finding(
                    "import-line-amount",
                    f"line {index + 1} comes to {filed.before_tax:f} before tax in the file, its quantity, "
                    f"price, charges and allowances to {computed:f}",
                    (*path, "currency_amount"),
                    # EN 16931 does not ask for it, and nobody can correct what was issued elsewhere.
                    severity=Severity.NOTE,
                    fix="leave it, if the document says so",
                )
        booking = [name for name in ("product_id", "ledger_account_id") if getattr(line, name) is not UNSET]
        if booking and names[filed.id] > 1:
            field = booking[0].removesuffix("_id")
            yield document.finding(
                "e-invoice-field",
                f"`{field}` cannot be sent: {names[filed.id]} lines of the file are called `{filed.id[:40]}`",
                (*path, field),
                key=True,
            )


def _category(rate: Rate, line: Line, document: Document, path: Path) -> Iterator[Finding]:
    """A VAT code of another kind than the category in the file, at the same percentage."""
    fitting, meaning = _CATEGORIES.get(line.category, ("", "not in EN 16931"))
    if rate.charged == line.percent and _kind(rate) not in fitting.split():
        proposed = fitting.partition(" ")[0]
        yield document.finding(
            "e-invoice-file",
            f"`vat_rate` is {rate.code}, and category {line.category[:10]} ({meaning}) in the file",
            path,
            # What is assumed about a code may be wrong.
            severity=Severity.ERROR if rate.reviewed else Severity.WARNING,
            detail="What is imported is what the file says.",
            fix=f"write `{proposed}`" if proposed in rates() else "",
        )


def _kind(rate: Rate) -> str:
    """Charged on the invoice, or why not, by the name of the code that stands for it."""
    if rate.on_document and rate.percent:
        return "charged"
    if "extracom" in rate.code:
        return "extracom"
    return "crossborder" if rate.reverse_charge or "intracom" in rate.code else "exempt"


def _sums(body: ImportedInvoiceBody, e_invoice: EInvoice, document: Document) -> Iterator[Finding]:
    """Totals that are not what the lines, and the charges and allowances on the whole, come to."""
    unit = Decimal(1) if e_invoice.currency in _WHOLE_UNITS else _minor_unit(e_invoice.currency)
    charged = sum((charge.amount for charge in e_invoice.charges), Decimal(0))
    before_tax = sum((line.before_tax for line in e_invoice.lines), charged)
    charge_tax = sum((charge.amount * charge.percent / 100 for charge in e_invoice.charges), Decimal(0))
    tax = sum((line.currency_tax for line in body.invoice_lines), charge_tax.quantize(unit, ROUND_HALF_UP))
    source = "the lines, charges and allowances of the file" if e_invoice.charges else "the lines"
    tolerance = unit * (len(e_invoice.lines) + len(e_invoice.charges))
    for name, total, computed in (
        ("currency_amount_before_tax", e_invoice.before_tax, before_tax),
        ("currency_tax", e_invoice.tax, tax),
    ):
        if abs(total - computed) > tolerance:
            yield document.finding(
                "import-totals",
                f"`{name}` is {total:f}, {source} come to {computed:f}",
                (name,),
                fix="ask who issued it for a file that adds up",
            )


def _minor_unit(currency: str) -> Decimal:
    return Decimal(1).scaleb(-minor_units(currency))


def _difference(pair: _Pair, document: Document) -> Finding:
    in_definition, in_file = (
        f"{value:f}" if isinstance(value, Decimal) else "missing" if value is None else value
        for value in (pair.in_definition, pair.in_file)
    )
    return document.finding(
        "e-invoice-file",
        f"`{pair.path[-1]}` is {in_definition}, and {in_file} in the file",
        pair.path,
        detail="What is imported is what the file says.",
    )
