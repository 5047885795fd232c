"""The limits that a repository sets itself, as far as they can be told without the account."""

from __future__ import annotations

from collections.abc import Iterator

from pennyform.findings import Finding
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.model import UNSET, Policies, lines_of
from pennyform.invoices.money.totals import Product, UnknownProductError, fill_from_product, totals
from pennyform.invoices.yaml.document import Path

_DETAIL = "pennyform.yaml says so for this repository."


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
    """An invoice of more than the largest amount allowed in its currency."""
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
