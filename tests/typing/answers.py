"""What type checkers know of answers."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal, assert_type

from pennylane_company import (
    AsyncClient,
    AsyncPage,
    AsyncPages,
    Client,
    Page,
    RawResponse,
    UnsetType,
    convert,
    models,
)

client = Client("token")

invoice = client.customer_invoices.get(1)
assert_type(invoice, models.CustomerInvoice)
assert_type(invoice.id, int)
assert_type(invoice.currency_amount, Decimal)
assert_type(invoice.date, dt.date | None)
assert_type(invoice.created_at, dt.datetime)
assert_type(invoice.status, models.CustomerInvoiceStatus)
assert_type(invoice.to_dict(), dict[str, Any])
assert_type(invoice.copy(status="paid"), models.CustomerInvoice)
assert_type(client.customer_invoices.finalize(invoice.id), models.CustomerInvoice)

page = client.customer_invoices.list(include="invoice_lines")
assert_type(page, Page[models.CustomerInvoice])
assert_type(page.items, Sequence[models.CustomerInvoice])
assert_type(page.next_cursor, str | None)
assert_type(page.next_page(), Page[models.CustomerInvoice] | None)
for each in page:
    assert_type(each, models.CustomerInvoice)
answer: models.CustomerInvoicePage = page.answer
if not isinstance(answer.included, UnsetType):
    assert_type(answer.next_cursor, str | None)

raw = client.customer_invoices.with_raw_response
assert_type(raw.get(1), RawResponse[models.CustomerInvoice])
assert_type(raw.get(id=1).request_id, str | None)
assert_type(raw.list(limit=5).parsed, Page[models.CustomerInvoice])
assert_type(raw.delete(1).parsed, None)
raw.get("1")  # E: arg-type
raw.list(sort="amount")  # E: arg-type

for customer in client.customers.list():
    if isinstance(customer, models.CompanyCustomerRecord):
        assert_type(customer.vat_number, str)
    elif isinstance(customer, models.IndividualCustomerRecord):
        assert_type(customer.first_name, str)
    else:
        # A kind of customer that the contract does not know yet.
        assert_type(customer, dict[str, Any])

# An enum of an answer: known values are offered, others may come; what is sent must be known.
export = client.exports.get_fec(1)
assert_type(export.status, Literal["pending", "ready", "error"] | str)
if export.status == "of a newer service":
    later: str = export.status
client.quotes.update_status(1, status=client.quotes.get(1).status)  # E: call-overload

draft = convert({"draft": True}, models.DraftCustomerInvoiceCreate)
assert_type(draft, models.DraftCustomerInvoiceCreate)

invoice.status = "paid"  # E: misc
missing = invoice.not_in_the_contract  # E: attr-defined
unknown = client.invoices  # E: attr-defined


async def main() -> None:
    async with AsyncClient("token") as tasks:
        assert_type(await tasks.customer_invoices.get(1), models.CustomerInvoice)
        assert_type(tasks.products.list(), AsyncPages[models.Product])
        products = await tasks.products.list()
        assert_type(products, AsyncPage[models.Product])
        assert_type(await products.next_page(), AsyncPage[models.Product] | None)
        response = await tasks.products.with_raw_response.list()
        assert_type(response, RawResponse[AsyncPage[models.Product]])
        async for product in products:
            assert_type(product.id, int)
        async for product in tasks.products.list():
            assert_type(product.price_before_tax, Decimal)


asyncio.run(main())
