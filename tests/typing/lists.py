"""What type checkers accept, and what they must refuse, in filters and sorts."""

from __future__ import annotations

from pennylane_company import Client
from pennylane_company.filters import CustomerInvoiceFilter

client = Client("token")
invoices = client.customer_invoices

invoices.list(filter=[{"field": "external_reference", "operator": "eq", "value": "A-1"}], sort="-date")
invoices.list(filter=[{"field": "id", "operator": "in", "value": [1, 2]}], limit=50)
by_date: CustomerInvoiceFilter = {"field": "date", "operator": "gteq", "value": "2026-01-01"}
invoices.list(filter=[by_date], cursor="abc", include="invoice_lines")
invoices.list_page()  # E: attr-defined
client.customers.list(filter=[{"field": "name", "operator": "start_with", "value": "A"}])

invoices.list(filter=[{"field": "external_reference", "operator": "in", "value": ["A"]}])  # E: misc list-item
invoices.list(filter=[{"field": "amount", "operator": "eq", "value": 1}])  # E: misc list-item
invoices.list(filter=[{"field": "id", "operator": "start_with", "value": 1}])  # E: misc list-item
invoices.list(filters=[by_date])  # E: call-arg
invoices.list(sort="amount")  # E: arg-type
invoices.list(include="payments")  # E: arg-type
invoices.list(100)  # E: call-arg
