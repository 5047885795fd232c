"""What each operation does, by operation id.

A behaviour is a function from a ``request_context.Call`` to the body of the answer. It may
raise a :class:`~pennyform.sandbox.api_errors.ApiError`; its writes are one transaction either way.
"""

from __future__ import annotations

from collections.abc import Mapping

from pennyform.sandbox.contract.contract import Contract
from pennyform.sandbox.generic import Resources
from pennyform.sandbox.handlers.company import changelogs, empty_lists, files, me, webhooks
from pennyform.sandbox.handlers.ledger import (
    banking,
    categories,
    exports,
    ledger_accounts,
    ledger_entries,
    ledger_entry_lines,
    transactions,
    trial_balance,
)
from pennyform.sandbox.handlers.purchases import (
    purchase_requests,
    supplier_invoices,
    supplier_payments,
    suppliers,
)
from pennyform.sandbox.handlers.sales import (
    customer_invoices,
    customers,
    e_invoices,
    imports,
    invoice_lines,
    mandates,
    products,
    quotes,
    sending,
    settlement,
    subscriptions,
)
from pennyform.sandbox.request_context import Handler

_ROOMS = (
    banking,
    categories,
    changelogs,
    customer_invoices,
    customers,
    e_invoices,
    exports,
    files,
    imports,
    invoice_lines,
    ledger_accounts,
    ledger_entries,
    ledger_entry_lines,
    empty_lists,
    mandates,
    me,
    products,
    purchase_requests,
    quotes,
    sending,
    settlement,
    subscriptions,
    supplier_invoices,
    supplier_payments,
    suppliers,
    transactions,
    trial_balance,
    webhooks,
)

RULED: Mapping[str, Handler] = {
    operation: behaviour for room in _ROOMS for operation, behaviour in room.OPERATIONS.items()
}


def handlers_for(contract: Contract) -> Mapping[str, Handler]:
    """What every operation of a contract does: by rules of its own, or by its schemas alone."""
    resources = Resources(contract.operations.values())
    return {
        name: RULED.get(name) or resources.behaviour(operation)
        for name, operation in contract.operations.items()
    }
