"""What type checkers accept, and what they must refuse, in requests.

A comment with an E and error codes marks a line that must be refused.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import assert_type

from pennylane_company import Client, File, models, params
from pennylane_company.models import DraftCustomerInvoiceCreate as Draft

DAY = dt.date(2026, 1, 1)
ONE = Decimal(1)
client = Client("token")

line = models.DraftInvoiceLineWithoutProduct(
    label="Consulting",
    quantity=Decimal("2"),
    raw_currency_unit_price=Decimal("100.00"),
    unit="hour",
    vat_rate="FR_200",
)
product_line = models.DraftInvoiceLineWithProduct(product_id=1, quantity=Decimal("1.5"))
draft = models.DraftCustomerInvoiceCreate(
    date=DAY, deadline=DAY, customer_id=1, invoice_lines=[line, product_line], external_reference="A-1"
)
client.customer_invoices.create(draft)
client.customer_invoices.update(1, models.DraftCustomerInvoiceUpdate(label=None))
client.file_attachments.create(models.FileAttachmentCreate(file=File("a.pdf", b"")))

reference = models.TransactionReference(
    banking_provider="stripe", provider_field_name="payment_id", provider_field_value="p_1"
)
models.FinalizedCustomerInvoiceCreate(
    date=DAY, deadline=DAY, customer_id=1, invoice_lines=[], transaction_reference=reference
)
Draft(date=DAY, deadline=DAY, customer_id=1, invoice_lines=[], transaction_reference=reference)  # E: call-arg
models.DraftCustomerInvoiceCreate(
    date=DAY,
    deadline=DAY,
    customer_id=1,
    invoice_lines=[],
    draft=False,  # E: arg-type
)
models.DraftCustomerInvoiceCreate(date=DAY, deadline=DAY, customer_id=1)  # E: call-arg
models.DraftInvoiceLineWithProduct(label="no product", quantity=Decimal(1))  # E: call-arg
models.DraftInvoiceLineWithProduct(
    product_id=1,
    quantity=0.1,  # E: arg-type
)
models.DraftInvoiceLineWithProduct(
    product_id=1,
    quantity=Decimal(1),
    vat_rate="FR_055",  # E: arg-type
)
models.DraftInvoiceLineWithProduct(product_id=1, quantity=ONE, imputation_dates=None)  # E: call-arg
models.DraftCustomerInvoiceUpdate(
    date=None,  # E: arg-type
)
draft.label = "changed"  # E: misc
client.customer_invoices.create(line)  # E: call-overload
client.customer_invoices.create({"draft": True})  # E: call-overload

address: params.Address = {"address": "1", "postal_code": "75001", "city": "Paris", "country_alpha2": "FR"}
customer = client.company_customers.create(name="A", billing_address=address, external_reference="A-1")
assert_type(customer, models.CompanyCustomer)
client.company_customers.update(1, name="B", vat_number="FR1")
client.customer_invoices.create(
    draft=True,
    date=DAY,
    deadline=DAY,
    customer_id=1,
    invoice_lines=[line, {"product_id": 1, "quantity": ONE}],
    label=None,
)
client.customer_invoices.with_raw_response.update(1, label=None)
client.company_customers.create(name="A")  # E: call-overload
client.company_customers.create(nam="A", billing_address=address)  # E: call-overload
client.company_customers.create(name=1, billing_address=address)  # E: call-overload
client.company_customers.create(name="A", billing_address={"city": "Paris"})  # E: call-overload
client.customer_invoices.create(date=DAY, deadline=DAY, customer_id=1, invoice_lines=[])  # E: call-overload
product = models.ProductCreate(label="a", price_before_tax=ONE, vat_rate="FR_200")
client.products.create(product, label="b")  # E: call-overload
unknown = models.CustomerInvoicePostDraft  # E: attr-defined
