"""The limits that a repository sets itself, as far as they can be told without the account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pennyform.findings import Finding
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.model import UNSET, Policies, lines_of
from pennyform.invoices.money.totals import Product, UnknownProductError, fill_from_product, totals
from pennyform.invoices.yaml.document import Path

_WHERE = "pennyform.yaml says so for this repository."


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
    if policies.never_finalize:
        yield from _final(resolved)
    if policies.vat_rates is not None:
        yield from _codes(resolved, policies.vat_rates, product)
    if policies.max_amount:
        yield from _amount(resolved, policies, product, rounding)


def _final(resolved: ResolvedInvoice) -> Iterator[Finding]:
    invoice = resolved.invoice
    path: Path = ("file",) if invoice.file else ("options", "finalize")
    if invoice.options.finalize or invoice.file:
        yield resolved.document.finding(
            "policy-never-finalize", "no invoice may become final here", path, detail=_WHERE
        )


def _codes(resolved: ResolvedInvoice, allowed: Sequence[str], product: Product) -> Iterator[Finding]:
    for index, line in enumerate(lines_of(resolved.invoice.body)):
        code = fill_from_product(line, product).vat_rate
        if code is not UNSET and code not in allowed:
            field = "product" if line.vat_rate is UNSET else "vat_rate"
            yield resolved.document.finding(
                "policy-vat-rate",
                f"`{code}` is not allowed here",
                ("invoice_lines", index, field),
                detail=f"{_WHERE} Allowed: {', '.join(f'`{one}`' for one in allowed)}.",
            )


def _amount(
    resolved: ResolvedInvoice, policies: Policies, product: Product, rounding: str
) -> Iterator[Finding]:
    try:
        found = totals(resolved.invoice.body, rounding=rounding, product=product)
    except UnknownProductError:
        return  # the engine asks again when it knows the product
    limit = policies.max_amount.get(found.currency)
    summary = f"no largest amount is stated for {found.currency}"
    if limit is not None:
        summary = f"the invoice comes to {found.amount:f} {found.currency}, at most {limit:f} is allowed"
    if limit is None or abs(found.amount) > limit:
        yield resolved.document.finding("policy-max-amount", summary, ("external_reference",), detail=_WHERE)
