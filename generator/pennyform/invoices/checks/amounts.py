"""What an invoice comes to, against what its author expects, what the repository allows, and its discount."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.checks.semantics import discount_fix, is_part_of
from pennyform.invoices.model import UNSET, Key, Policies, lines_of
from pennyform.invoices.money.totals import Product, UnknownProductError, fill_from_product, totals
from pennyform.invoices.yaml.document import Path

_DETAIL = "pennyform.yaml says so for this repository."


def check_absolute_discount(resolved: ResolvedInvoice, product: Product) -> Iterator[Finding]:
    """An absolute discount on the invoice that takes off more than there is."""
    body = resolved.invoice.body
    if not body.discount or body.discount.type != "absolute" or resolved.invoice.file:
        return
    try:
        # Before tax, both rounding models come to the same.
        before_tax = totals(body._replace(discount=UNSET), rounding="line", product=product).before_tax
    except UnknownProductError:
        return  # its price is only known to the account
    value = body.discount.value or Decimal(0)
    if not is_part_of(value, before_tax):
        yield resolved.document.finding(
            "discount-bounds",
            f"the discount takes off more than the lines, which come to {before_tax:f}",
            ("discount", "value"),
            fix=discount_fix(value, before_tax),
        )


def check_policies(
    resolved: ResolvedInvoice, policies: Policies, product: Product, rounding: str
) -> Iterator[Finding]:
    """What one invoice asks for beyond ``policies``.

    Args:
        resolved: the invoice.
        policies: of the environment that is meant.
        product: gives the fields of a declared product.
        rounding: the rounding model of the repository.
    """
    invoice, document = resolved.invoice, resolved.document
    if policies.never_finalize and (invoice.options.finalize or invoice.file):
        path: Path = ("file",) if invoice.file else ("options", "finalize")
        summary = "no invoice may become final here"
        yield document.finding("policy-never-finalize", summary, path, detail=_DETAIL)
    for index, line in enumerate(lines_of(invoice.body) if policies.vat_rates is not None else ()):
        code = fill_from_product(line, product).vat_rate
        if code is not UNSET and code not in (policies.vat_rates or ()):
            field = "product" if line.vat_rate is UNSET else "vat_rate"
            yield document.finding(
                "policy-vat-rate",
                f"`{code}` is not allowed here",
                ("invoice_lines", index, field),
                detail=f"{_DETAIL} Allowed: {', '.join(f'`{rate}`' for rate in policies.vat_rates or ())}.",
            )
    if policies.max_amount:
        yield from check_amount(resolved, policies, product, rounding)


def check_amount(
    resolved: ResolvedInvoice, policies: Policies, product: Product, rounding: str
) -> Iterator[Finding]:
    """An invoice of more than the largest amount allowed in its currency.

    What follows only when the account is read is left to the plan: deposits to take off, prices of products.
    """
    if any(not deduction.lines for deduction in resolved.invoice.deductions):
        return
    try:
        computed = totals(resolved.invoice.body, rounding=rounding, product=product)
    except UnknownProductError:
        return  # the engine checks it when it knows the product
    limit = policies.max_amount.get(computed.currency)
    amount = f"{computed.amount:f} {computed.currency}"
    if limit is None:
        summary = f"no largest amount is stated for {computed.currency}"
    elif abs(computed.amount) > limit:
        summary = f"the invoice comes to {amount}, at most {limit:f} is allowed"
    else:
        return
    yield resolved.document.finding("policy-max-amount", summary, ("external_reference",), detail=_DETAIL)


class UnknownDepositError(LookupError):
    """What a deposit came to is known only to the account."""

    def __init__(self, deposit: Key) -> None:
        super().__init__(f"the deposit {deposit.value} is not defined")


# Pennylane's two rounding models: tax per line, or tax per VAT code (docs/money.md).
_OTHER = {"line": "document", "document": "line"}


def check_expectations(resolved: ResolvedInvoice, product: Product, rounding: str) -> Iterator[Finding]:
    """Each amount under ``expect`` that is not what the invoice comes to.

    Args:
        resolved: the invoice.
        product: gives the fields of a declared product.
        rounding: the rounding model of the repository.
    """
    expected = resolved.invoice.expect
    if not expected:
        return
    other_rounding = _OTHER[rounding]
    open_deposit = next((of.deposit for of in resolved.invoice.deductions if not of.lines), None)
    try:
        if open_deposit:
            raise UnknownDepositError(open_deposit)
        computed = totals(resolved.invoice.body, rounding=rounding, product=product)
        other = totals(resolved.invoice.body, rounding=other_rounding, product=product)
    except (UnknownProductError, UnknownDepositError) as error:
        yield resolved.document.finding(
            "expectation-open",
            f"the expected totals cannot be checked here: {error}",
            ("expect",),
            key=True,
            severity=Severity.NOTE,
            detail="They are checked when planning, when the account has been asked.",
            fix="leave it to the plan" if open_deposit else "",
        )
        return
    taxes = ", ".join(f"{part.vat_rate} {part.tax:f} on {part.base:f}" for part in computed.vat)
    # What it comes to, and what it would come to under the other rounding model.
    amounts = {
        "currency_amount_before_tax": (computed.before_tax, other.before_tax),
        "currency_tax": (computed.tax, other.tax),
        "currency_amount": (computed.amount, other.amount),
    }
    for name, amount in expected.items():
        computed_amount, other_amount = amounts[name]
        if amount == computed_amount:
            continue
        fix = f"with `rounding: {other_rounding}` in pennyform.yaml it would be that amount"
        yield resolved.document.finding(
            "unexpected-total",
            f"`{name}` comes to {computed_amount:f}, not to {amount:f}",
            ("expect", name),
            detail=f"{computed.before_tax:f} before tax and {computed.tax:f} of tax: {taxes}.",
            fix=fix if amount == other_amount else "",
        )
