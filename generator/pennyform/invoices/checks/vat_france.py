"""VAT as France has it: overseas departments, rates that e-invoices take, and what reverse charge asks for.

All are warnings: where a service is taxed depends on more than the customer's address.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.checks.vat import SAME_COUNTRY, TEXTS, UNION
from pennyform.invoices.model import DesiredCustomer, ImportedInvoiceBody, lines_of
from pennyform.invoices.money.totals import Product, fill_from_product
from pennyform.invoices.money.vat_codes import Rate, rates
from pennyform.invoices.yaml.document import Path

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


def check_french_vat(
    resolved: ResolvedInvoice, product: Product, customer: DesiredCustomer | None
) -> Iterator[Finding]:
    """Warnings about the VAT codes of an invoice, as French law and French platforms see them.

    Args:
        resolved: the invoice.
        product: gives the fields of a declared product.
        customer: the invoice's customer, when it is declared here.
    """
    is_mentioned = any(getattr(resolved.invoice.body, name, None) for name in TEXTS)
    reversed_: tuple[Path, Rate] | None = None
    for index, line in enumerate(lines_of(resolved.invoice.body)):
        filled = fill_from_product(line, product)
        rate = rates().get(filled.vat_rate or "")
        if rate is None:
            continue
        path: Path = ("invoice_lines", index, "vat_rate" if line.vat_rate else "product")
        yield from _check_e_invoice_rate(resolved, path, rate)
        if customer:
            yield from _check_overseas(resolved, path, rate, customer)
        if rate.reverse_charge and rate.country in ("", "FR"):
            reversed_ = reversed_ or (path, rate)
            is_mentioned = is_mentioned or bool(filled.description)
    if reversed_:
        path, rate = reversed_
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
            yield _warning(resolved, "vat-buyer-number", summary, path, detail)


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
    yield _warning(resolved, "vat-rate-overseas", f"`{rate.code}` {problem}", path, detail)


def _is_buyer_in_union(customer: DesiredCustomer) -> bool:
    """Whether the customer is a company that has a VAT number of a member state, if it has one."""
    address = customer.body.billing_address
    country = (address.country_alpha2 or "") if address else ""
    return customer.customer_type == "company" and SAME_COUNTRY.get(country, country) in UNION


def _warning(resolved: ResolvedInvoice, rule: str, summary: str, path: Path, detail: str = "") -> Finding:
    return resolved.document.finding(rule, summary, path, severity=Severity.WARNING, detail=detail)
