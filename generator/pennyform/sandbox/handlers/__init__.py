"""One handler for each operation of the contract.

A handler is a function from a ``RequestContext`` to the body of the answer. It may raise an
:class:`~pennyform.sandbox.api_errors.ApiError`; its writes are one transaction either way.
"""

from __future__ import annotations

from collections.abc import Mapping

from pennyform.sandbox.contract.contract import Contract
from pennyform.sandbox.generic import CrudHandlers

# Importing a module registers its handlers.
from pennyform.sandbox.handlers.company import changelogs, empty_lists, files, me, webhooks  # noqa: F401
from pennyform.sandbox.handlers.ledger import (  # noqa: F401
    banking,
    categories,
    exports,
    ledger_accounts,
    ledger_entries,
    ledger_entry_lines,
    transactions,
    trial_balance,
)
from pennyform.sandbox.handlers.purchases import (  # noqa: F401
    purchase_requests,
    supplier_invoices,
    supplier_payments,
    suppliers,
)
from pennyform.sandbox.handlers.registry import HANDLERS
from pennyform.sandbox.handlers.sales import (  # noqa: F401
    customer_invoices,
    customer_payments,
    customers,
    e_invoices,
    imports,
    mandates,
    products,
    quotes,
    sending,
    subscriptions,
)
from pennyform.sandbox.request_context import Handler

__all__ = ["HANDLERS", "handlers_for"]


def handlers_for(contract: Contract) -> Mapping[str, Handler]:
    """The handler of each operation by its id: the registered one, or else one derived from its schemas."""
    crud = CrudHandlers(contract.operations.values())
    return {
        name: HANDLERS.get(name) or crud.handler_for(operation)
        for name, operation in contract.operations.items()
    }
