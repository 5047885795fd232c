"""One handler for each operation of the contract.

A handler is a function from a ``RequestContext`` to the body of the answer. It may raise an
:class:`~pennyform.sandbox.api_errors.ApiError`; its writes are one transaction either way.
"""

from __future__ import annotations

from collections.abc import Mapping

from pennyform.sandbox.contract.contract import Contract
from pennyform.sandbox.generic import CrudHandlers

# Importing a module registers its handlers.
from pennyform.sandbox.handlers import (  # noqa: F401
    banking,
    categories,
    company,
    customer_invoices,
    customers,
    invoice_imports,
    ledger_accounts,
    ledger_entries,
    payments,
    products,
    quotes,
    subscriptions,
    suppliers,
)
from pennyform.sandbox.handlers.registry import HANDLERS
from pennyform.sandbox.request_context import Handler

__all__ = ["HANDLERS", "handlers_for"]


def handlers_for(contract: Contract) -> Mapping[str, Handler]:
    """The handler of each operation by its id: the registered one, or else one derived from its schemas."""
    crud = CrudHandlers(contract.operations.values())
    return {
        name: HANDLERS.get(name) or crud.handler_for(operation)
        for name, operation in contract.operations.items()
    }
