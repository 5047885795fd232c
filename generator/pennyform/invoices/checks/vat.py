"""VAT codes that an invoice can have but probably should not. All are warnings: the law has exceptions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.model import UNSET, DesiredCustomer, LineBody, lines_of
from pennyform.invoices.money.totals import Product, fill_from_product
from pennyform.invoices.money.vat_codes import Rate, rates
from pennyform.invoices.yaml.document import Path

_HOME = "FR"
# The VAT area of the European Union. Monaco counts as France, and Greece is also written EL.
_UNION = (
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
    *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
)
_ONE_COUNTRY = {"MC": "FR", "EL": "GR"}
_TEXTS = ("special_mention", "pdf_invoice_free_text", "pdf_description")


class _Taxed(NamedTuple):
    """One line with a known code, and where that code is written."""

    path: Path
    rate: Rate
    line: LineBody


def check_vat_rates(
    resolved: ResolvedInvoice, product: Product, customer: DesiredCustomer | None
) -> Iterator[Finding]:
    """Warnings about the VAT codes of an invoice.

    Args:
        resolved: the invoice.
        product: gives the fields of a declared product.
        customer: the invoice's customer, when it is declared here.
    """
    lines = list(_taxed(resolved, product))
    for one in lines:
        yield from _doubts(resolved, one)
        yield from _countries(resolved, one, customer)
    yield from _mentions(resolved, lines)
    yield from _mix(resolved, lines)


def _taxed(resolved: ResolvedInvoice, product: Product) -> Iterator[_Taxed]:
    for index, line in enumerate(lines_of(resolved.invoice.body)):
        filled = fill_from_product(line, product)
        rate = rates().get(filled.vat_rate or "")
        if rate:
            field = "vat_rate" if line.vat_rate else "product"
            yield _Taxed(("invoice_lines", index, field), rate, filled)


def _doubts(resolved: ResolvedInvoice, one: _Taxed) -> Iterator[Finding]:
    """A rate that was not in force on the invoice's date, or whose effect nobody has looked up."""
    day, rate = resolved.invoice.body.date.isoformat(), one.rate
    if rate.valid_until and day > rate.valid_until:
        summary = f"`{rate.code}` ended on {rate.valid_until}, the invoice is of {day}"
        fix = "name the rate in force on the invoice's date"
        yield _warning(resolved, "vat-rate-outdated", summary, one.path, fix=fix)
    if rate.valid_from and day < rate.valid_from:
        summary = f"`{rate.code}` began on {rate.valid_from}, the invoice is of {day}"
        fix = "name the rate in force on the invoice's date"
        yield _warning(resolved, "vat-rate-outdated", summary, one.path, fix=fix)
    if not rate.reviewed:
        summary = f"what `{rate.code}` charges on the document is an assumption"
        fix = "compare the tax of the draft with what you expect"
        yield _warning(resolved, "vat-rate-assumed", summary, one.path, detail=rate.note, fix=fix)


def _countries(resolved: ResolvedInvoice, one: _Taxed, customer: DesiredCustomer | None) -> Iterator[Finding]:
    """A code that does not go with where the customer is."""
    address = customer.body.billing_address if customer else UNSET
    country = address.country_alpha2 if address else UNSET
    if customer and country:
        is_business = customer.customer_type == "company"
        problem = _mismatch(one.rate, _ONE_COUNTRY.get(country, country), is_business=is_business)
        if problem:
            detail = f"The customer {customer.external_reference} is in {country}."
            yield _warning(
                resolved, "vat-rate-country", f"`{one.rate.code}` {problem}", one.path, detail=detail
            )


def _mismatch(rate: Rate, country: str, *, is_business: bool) -> str:
    """What ``rate`` does that does not fit a customer in ``country``; "" when nothing speaks against it.

    The seller is taken to be in France, unless it charges the tax of the customer's own country.
    """
    abroad_in_union = country != _HOME and country in _UNION
    if rate.code == "extracom":
        return "is for customers outside the European Union" if country in _UNION else ""
    if rate.reverse_charge:
        if not is_business:
            return "leaves the tax to the customer, who is no business"
        return "is for customers in another country" if country == _HOME and not rate.country else ""
    charged_in = _ONE_COUNTRY.get(rate.country, rate.country) if rate.on_document else ""
    if charged_in not in ("", _HOME, country):
        return f"is a rate of {charged_in}, which is neither France nor the customer's country"
    if charged_in == _HOME and abroad_in_union and is_business:
        return "charges French tax to a business in another member state, which mostly owes the tax itself"
    return ""


def _mentions(resolved: ResolvedInvoice, lines: list[_Taxed]) -> Iterator[Finding]:
    """A sale without tax that does not say why; under reverse charge Pennylane's own text does."""
    if any(getattr(resolved.invoice.body, name, None) for name in _TEXTS):
        return
    for one in lines:
        silent = not one.rate.on_document and not one.rate.reverse_charge and not one.line.description
        if silent and resolved.invoice.kind != "imported_invoice":
            yield _warning(
                resolved,
                "vat-exempt-mention",
                f"`{one.rate.code}` charges no tax, and nothing on the invoice says why",
                one.path,
                detail="An invoice without tax names the rule that exempts it (CGI, ann. II, 242 nonies A).",
                fix='add `special_mention`, such as "TVA non applicable, art. 293 B du CGI"',
            )
            return


def _mix(resolved: ResolvedInvoice, lines: list[_Taxed]) -> Iterator[Finding]:
    """Lines that leave the tax to the customer beside lines that charge it."""
    charged = next((one for one in lines if one.rate.on_document and one.rate.percent), None)
    left = next((one for one in lines if one.rate.reverse_charge), None)
    if charged and left:
        later = max(charged, left, key=lambda one: str(one.path[1]).zfill(6))
        yield _warning(
            resolved,
            "vat-reverse-charge-mix",
            f"`{left.rate.code}` leaves the tax to the customer, `{charged.rate.code}` charges it",
            later.path,
            detail="A customer who owes the tax of an invoice is charged none on it.",
            fix="write two invoices",
        )


def _warning(
    resolved: ResolvedInvoice, rule: str, summary: str, path: Path, *, detail: str = "", fix: str = ""
) -> Finding:
    return resolved.document.finding(rule, summary, path, severity=Severity.WARNING, detail=detail, fix=fix)
