"""What type checkers know of the Firm API's client."""

from __future__ import annotations

from typing import assert_type

from pennylane_firm import AsyncClient, AsyncPages, Client, Page, models
from pennylane_firm.filters import CategoryFilter

firm = Client("token")

assert_type(firm.companies.list(), Page[models.Company])
invoice = firm.customer_invoices.get(1, 2)
assert_type(invoice, models.CustomerInvoice)
by_label: CategoryFilter = {"field": "label", "operator": "eq", "value": "Sales"}
assert_type(firm.categories.list(1, filter=[by_label]), Page[models.Category])

firm.customer_invoices.get(2)  # E: call-arg
firm.customer_invoices.list(1, sort="amount")  # E: arg-type
firm.customer_invoices.create(1)  # E: attr-defined


async def main() -> None:
    async with AsyncClient("token") as tasks:
        assert_type(tasks.companies.list(), AsyncPages[models.Company])
        assert_type(await tasks.customer_invoices.get(1, 2), models.CustomerInvoice)
