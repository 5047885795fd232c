"""VAT codes that an invoice can have but probably should not. All are warnings: the law has exceptions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.model import UNSET, DesiredCustomer, LineBody, lines_of
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


@dataclass(frozen=True, slots=True)
class _TaxedLine:
    """One line with a known code, filled from its product, and where that code is written."""

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
    """A sale without tax that does not say why; what reverse charge asks for is in ``vat_france``."""
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


def _warning(
    resolved: ResolvedInvoice, rule: str, summary: str, path: Path, *, detail: str = "", fix: str = ""
) -> Finding:
    return resolved.document.finding(rule, summary, path, severity=Severity.WARNING, detail=detail, fix=fix)
