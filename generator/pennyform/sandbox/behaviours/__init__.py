"""What each operation does, by operation id.

A behaviour is a function from a :class:`~pennyform.sandbox.call.Call` to the body of the answer. It may
raise a :class:`~pennyform.sandbox.problems.Problem`; its writes are one transaction either way.
"""

from __future__ import annotations

from collections.abc import Mapping

from pennyform.sandbox.behaviours import (
    collections,
    customer_invoices,
    customers,
    invoice_lines,
    ledger_accounts,
    me,
    products,
)
from pennyform.sandbox.call import Behaviour

BEHAVIOURS: Mapping[str, Behaviour] = {
    **me.OPERATIONS,
    **customers.OPERATIONS,
    **products.OPERATIONS,
    **ledger_accounts.OPERATIONS,
    **customer_invoices.OPERATIONS,
    **invoice_lines.OPERATIONS,
    **collections.OPERATIONS,
}
