"""VAT codes that an invoice can have but probably should not, also as France has it.

All are warnings: the law has exceptions, and where a service is taxed depends on more than an address.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.model import UNSET, DesiredCustomer, ImportedInvoiceBody, LineBody, lines_of
from pennyform.invoices.money.totals import Product, fill_from_product
from pennyform.invoices.money.vat_codes import Rate, rates
from pennyform.invoices.yaml.document import Path

_HOME = "FR"
# The VAT area of the European Union (Directive 2006/112/EC, art. 5 and 7): Monaco counts as France. Greece is
# also written EL, the prefix of its VAT numbers.
UNION = (
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
    *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
)
SAME_COUNTRY = {"MC": "FR", "EL": "GR"}
# The fields of an invoice that are printed on it, where the rule of an exemption may be named.
TEXTS = ("special_mention", "pdf_invoice_free_text", "pdf_description")
# CGI art. 294 to 296: no VAT in Guyane and Mayotte, rates of their own in the other three departments.
_OVERSEAS = {
    "GP": ("Guadeloupe", True),
    "MQ": ("Martinique", True),
    "RE": ("La Réunion", True),
    "GF": ("Guyane", False),
    "YT": ("Mayotte", False),
}
_OVERSEAS_RATES = frozenset(map(Decimal, ("8.5", "2.1", "1.75", "1.05")))
_BY_POSTAL_CODE = {"971": "GP", "972": "MQ", "973": "GF", "974": "RE", "976": "YT"}
# BR-FR-16 of the French rules for e-invoices: the only rates. Pennylane's list of codes has more, which are
# valid for its API.
_E_INVOICE_RATES = frozenset(
    map(Decimal, "0 0.9 1.05 1.75 2.1 5.5 7 8.5 9.2 9.6 10 13 19.6 20 20.6".split())  # noqa: SIM905 - one line
)


class _TaxedLine(NamedTuple):
    """One line with a known code, filled from its product, and where that code is written."""

    path: Path
    rate: Rate
    line: LineBody


def check_vat(
    resolved: ResolvedInvoice, product: Product, customer: DesiredCustomer | None
) -> Iterator[Finding]:
    """Warnings about the VAT codes of an invoice, and about what French law and platforms make of them.

    Args:
        resolved: the invoice.
        product: gives the fields of a declared product.
        customer: the invoice's customer, when it is declared here.
    """
    lines = []
    for index, line in enumerate(lines_of(resolved.invoice.body)):
        filled = fill_from_product(line, product)
        rate = rates().get(filled.vat_rate or "")
        if rate:
            field = "vat_rate" if line.vat_rate else "product"
            lines.append(_TaxedLine(("invoice_lines", index, field), rate, filled))
    for taxed in lines:
        yield from check_rate(resolved, taxed)
        if customer:
            yield from check_country(resolved, taxed, customer)
    yield from check_exemption(resolved, lines)
    yield from check_mixed(resolved, lines)
    yield from check_french_vat(resolved, lines, customer)


def check_rate(resolved: ResolvedInvoice, taxed: _TaxedLine) -> Iterator[Finding]:
    """A rate that was not in force on the invoice's date, or whose effect nobody has looked up."""
    day, rate = resolved.invoice.body.date, taxed.rate
    period = ""
    if rate.valid_until and day > rate.valid_until:
        period = f"ended on {rate.valid_until}"
    elif rate.valid_from and day < rate.valid_from:
        period = f"began on {rate.valid_from}"
    if period:
        summary = f"`{rate.code}` {period}, the invoice is of {day}"
        fix = "name the rate in force on the invoice's date"
        yield _warning(resolved, "vat-rate-outdated", summary, taxed.path, fix=fix)
    if not rate.reviewed:
        summary = f"what `{rate.code}` charges on the document is an assumption"
        fix = "compare the tax of the draft with what you expect"
        yield _warning(resolved, "vat-rate-assumed", summary, taxed.path, detail=rate.note, fix=fix)


def check_country(
    resolved: ResolvedInvoice, taxed: _TaxedLine, customer: DesiredCustomer
) -> Iterator[Finding]:
    """A code that does not go with where the customer is."""
    address = customer.body.billing_address
    country = address.country_alpha2 if address else UNSET
    if not country:
        return
    is_business = customer.customer_type == "company"
    problem = _mismatch(taxed.rate, SAME_COUNTRY.get(country, country), is_business=is_business)
    if problem:
        summary = f"`{taxed.rate.code}` {problem}"
        detail = f"The customer {customer.external_reference} is in {country}."
        yield _warning(resolved, "vat-rate-country", summary, taxed.path, detail=detail)


def _mismatch(rate: Rate, country: str, *, is_business: bool) -> str:
    """What ``rate`` does that does not fit a customer in ``country``; "" when nothing speaks against it.

    The seller is taken to be in France, unless it charges the tax of the customer's own country.
    """
    abroad_in_union = country != _HOME and country in UNION
    if rate.code == "extracom":
        return "is for customers outside the European Union" if country in UNION else ""
    if rate.reverse_charge:
        if not is_business:
            return "leaves the tax to the customer, who is no business"
        return "is for customers in another country" if country == _HOME and not rate.country else ""
    charged_in = SAME_COUNTRY.get(rate.country, rate.country) if rate.on_document else ""
    if charged_in not in ("", _HOME, country):
        return f"is a rate of {charged_in}, which is neither France nor the customer's country"
    if charged_in == _HOME and abroad_in_union and is_business:
        return "charges French tax to a business in another member state, which mostly owes the tax itself"
    return ""


def check_exemption(resolved: ResolvedInvoice, lines: Sequence[_TaxedLine]) -> Iterator[Finding]:
    """A sale without tax that does not say why; what France asks for is looked at apart."""
    has_text = any(getattr(resolved.invoice.body, name, None) for name in TEXTS)
    if has_text or resolved.invoice.kind == "imported_invoice":
        return
    for taxed in lines:
        if not taxed.rate.on_document and not taxed.rate.reverse_charge and not taxed.line.description:
            yield _warning(
                resolved,
                "vat-exempt-mention",
                f"`{taxed.rate.code}` charges no tax, and nothing on the invoice says why",
                taxed.path,
                detail="An invoice without tax names the rule that exempts it (CGI, ann. II, 242 nonies A).",
                fix='add `special_mention`, such as "TVA non applicable, art. 293 B du CGI"',
            )
            return


def check_mixed(resolved: ResolvedInvoice, lines: Sequence[_TaxedLine]) -> Iterator[Finding]:
    """Lines that leave the tax to the customer beside lines that charge it."""
    charged = next((taxed for taxed in lines if taxed.rate.on_document and taxed.rate.percent), None)
    reversed_ = next((taxed for taxed in lines if taxed.rate.reverse_charge), None)
    if charged and reversed_:
        yield _warning(
            resolved,
            "vat-reverse-charge-mix",
            f"`{reversed_.rate.code}` leaves the tax to the customer, `{charged.rate.code}` charges it",
            max(charged, reversed_, key=lines.index).path,
            detail="A customer who owes the tax of an invoice is charged none on it.",
            fix="write two invoices",
        )


def check_french_vat(
    resolved: ResolvedInvoice, lines: Sequence[_TaxedLine], customer: DesiredCustomer | None
) -> Iterator[Finding]:
    """The VAT codes of an invoice as French law and French platforms see them."""
    is_mentioned = any(getattr(resolved.invoice.body, name, None) for name in TEXTS)
    reversed_: _TaxedLine | None = None
    for taxed in lines:
        yield from _check_e_invoice_rate(resolved, taxed.path, taxed.rate)
        if customer:
            yield from _check_overseas(resolved, taxed.path, taxed.rate, customer)
        if taxed.rate.reverse_charge and taxed.rate.country in ("", "FR"):
            reversed_ = reversed_ or taxed
            is_mentioned = is_mentioned or bool(taxed.line.description)
    if reversed_:
        path, rate = reversed_.path, reversed_.rate
        # A document that was issued elsewhere says it or does not.
        if not is_mentioned and not resolved.invoice.file:
            summary = f"`{rate.code}` leaves the tax to the customer, and nothing on the invoice says so"
            yield _warning(resolved, "vat-reverse-charge-mention", summary, path)
        if customer and not customer.body.vat_number and _is_buyer_in_union(customer):
            summary = (
                f"`{rate.code}` leaves the tax to `{customer.external_reference}`, which has no VAT number"
            )
            detail = (
                f"The customer is declared at {customer.place}. The invoice shows the buyer's VAT number."
            )
            yield _warning(resolved, "vat-buyer-number", summary, path, detail=detail)


def _check_e_invoice_rate(resolved: ResolvedInvoice, path: Path, rate: Rate) -> Iterator[Finding]:
    """A rate that no French e-invoice may carry; of another country's, only where one is asked for."""
    invoice = resolved.invoice
    body = invoice.body
    is_converted = isinstance(body, ImportedInvoiceBody) and bool(body.convert_to_e_invoice)
    is_e_invoice = invoice.options.send_to_pa or is_converted
    if not is_e_invoice and (rate.country != "FR" or invoice.file):
        return
    if rate.charged not in _E_INVOICE_RATES or (rate.on_document and rate.country not in ("", "FR")):
        summary = f"`{rate.code}` is a rate that a French e-invoice may not carry"
        yield _warning(resolved, "vat-rate-e-invoice", summary, path)


def _check_overseas(
    resolved: ResolvedInvoice, path: Path, rate: Rate, customer: DesiredCustomer
) -> Iterator[Finding]:
    """A rate of the mainland in an overseas department, or the other way round."""
    address = customer.body.billing_address
    country = (address.country_alpha2 or "") if address else ""
    if country == "FR" and address:
        country = _BY_POSTAL_CODE.get((address.postal_code or "")[:3], "FR")
    if rate.country != "FR" or not rate.charged:
        return
    name, has_vat = _OVERSEAS.get(country, ("", True))
    if not has_vat:
        problem = f"charges VAT, and {name} has none"
    elif name and rate.charged not in _OVERSEAS_RATES:
        problem = f"is a rate of the mainland, and {name} has 8.5 and 2.1 %"
    elif country == "FR" and rate.charged == Decimal("8.5"):
        problem = "is a rate of Guadeloupe, Martinique and La Réunion, and the customer is elsewhere"
    else:
        return
    detail = f"The customer {customer.external_reference} is declared at {customer.place}."
    yield _warning(resolved, "vat-rate-overseas", f"`{rate.code}` {problem}", path, detail=detail)


def _is_buyer_in_union(customer: DesiredCustomer) -> bool:
    """Whether the customer is a company that has a VAT number of a member state, if it has one."""
    address = customer.body.billing_address
    country = (address.country_alpha2 or "") if address else ""
    return customer.customer_type == "company" and SAME_COUNTRY.get(country, country) in UNION


def _warning(
    resolved: ResolvedInvoice, rule: str, summary: str, path: Path, *, detail: str = "", fix: str = ""
) -> Finding:
    return resolved.document.finding(rule, summary, path, severity=Severity.WARNING, detail=detail, fix=fix)
