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
    e_invoices,
    exports,
    files,
    imports,
    invoice_lines,
    ledger_accounts,
    ledger_entries,
    ledger_entry_lines,
    lists,
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
from pennyform.sandbox.call import Behaviour
from pennyform.sandbox.contract import Contract
from pennyform.sandbox.resources import Resources

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
    lists,
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

RULED: Mapping[str, Behaviour] = {
    operation: behaviour for room in _ROOMS for operation, behaviour in room.OPERATIONS.items()
}


def behaviours_of(contract: Contract) -> Mapping[str, Behaviour]:
    """What every operation of a contract does: by rules of its own, or by its schemas alone."""
    resources = Resources(contract.operations.values())
    return {
        name: RULED.get(name) or resources.behaviour(operation)
        for name, operation in contract.operations.items()
    }
