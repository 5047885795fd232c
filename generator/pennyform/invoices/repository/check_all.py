"""Everything that is checked about an invoice once it is resolved: what it leans on, and its amounts."""

from __future__ import annotations

from collections.abc import Iterator

from pennyform.findings import Finding
from pennyform.invoices.checks.references import Resolved, check_amounts, check_references
from pennyform.invoices.checks.vat import check_vat_rates
from pennyform.invoices.model import DesiredCustomer, Key, Policies
from pennyform.invoices.repository.context import Surroundings

_NO_POLICIES = Policies()


def check_resolved(resolved: Resolved, around: Surroundings) -> Iterator[Finding]:
    """Everything that is wrong, or probably not meant, about one invoice.

    Args:
        resolved: the invoice.
        around: the settings, and the customers and products declared beside it.
    """
    settings, product = around.settings, around.repository().product
    yield from check_references(resolved, product, around.declared)
    yield from check_amounts(resolved, product)
    yield from check_vat_rates(resolved, product, _customer(resolved, around))
    # What few invoices need is only imported for them: starting is most of the time that one file takes.
    if resolved.invoice.file:
        from pennyform.invoices.checks.imports import check_import

        yield from check_import(resolved)
    if resolved.invoice.expect:
        from pennyform.invoices.checks.expected_totals import check_expectations

        yield from check_expectations(resolved, product, settings.rounding)
    if settings.policies != _NO_POLICIES:
        from pennyform.invoices.checks.policies import check_policies

        yield from check_policies(resolved, settings.policies, product, settings.rounding)


def _customer(resolved: Resolved, around: Surroundings) -> DesiredCustomer | None:
    key = resolved.invoice.body.customer_id
    if not isinstance(key, Key) or key.field != "external_reference":
        return None
    return around.customers.get(str(key.value))
