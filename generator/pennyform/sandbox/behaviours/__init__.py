"""What each operation does, by operation id.

A behaviour is a function from a :class:`~pennyform.sandbox.call.Call` to the body of the answer. It may
raise a :class:`~pennyform.sandbox.problems.Problem`; its writes are one transaction either way.
"""

from __future__ import annotations

from collections.abc import Mapping

from pennyform.sandbox.behaviours import (
    banking,
    categories,
    changelogs,
    customer_invoices,
    customers,
    files,
    imports,
    invoice_lines,
    ledger_accounts,
    lists,
    me,
    products,
    sending,
    settlement,
    transactions,
)
from pennyform.sandbox.call import Behaviour

_ROOMS = (
    banking,
    categories,
    changelogs,
    customer_invoices,
    customers,
    files,
    imports,
    invoice_lines,
    ledger_accounts,
    lists,
    me,
    products,
    sending,
    settlement,
    transactions,
)

BEHAVIOURS: Mapping[str, Behaviour] = {
    operation: behaviour for room in _ROOMS for operation, behaviour in room.OPERATIONS.items()
}
