"""Everything of an account that was looked up for one plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pennyform.engine.account.records import Company, RemoteCustomer, RemoteInvoice, RemoteProduct
from pennyform.engine.journal.replayed_state import ReplayedState
from pennyform.invoices.model import Id, Key


@dataclass(frozen=True, slots=True)
class RemoteState:
    """Everything that was looked up for one plan.

    ``customers`` and ``products`` are by ``external_reference``, ``products_by_id`` by id. ``ids`` are the
    ids of everything that answers to each other key: ledger accounts, templates, categories, transactions.
    ``credited`` are the invoices that credit notes name and that have no definition, by reference.
    ``invoices`` holds *all* rows that carry a reference: more than one is a duplicate. ``unsettled`` are
    references of which an earlier apply does not know what became; ``memory`` is what the journal remembers.
    """

    company: Company
    customers: Mapping[str, RemoteCustomer] = field(default_factory=dict)
    products: Mapping[str, RemoteProduct] = field(default_factory=dict)
    products_by_id: Mapping[int, RemoteProduct] = field(default_factory=dict)
    ids: Mapping[Key, Sequence[int]] = field(default_factory=dict)
    credited: Mapping[str, Sequence[RemoteInvoice]] = field(default_factory=dict)
    invoices: Mapping[str, Sequence[RemoteInvoice]] = field(default_factory=dict)
    unsettled: frozenset[str] = frozenset()
    memory: ReplayedState = field(default_factory=ReplayedState)

    def identify(self, key: Key) -> int | None:
        """The id that ``key`` stands for; None when nothing, or more than one thing, answers to it."""
        if key.field == "id":
            return int(key.value)
        ids = self.ids_of(key)
        return ids[0] if len(ids) == 1 else None

    def ids_of(self, key: Key) -> Sequence[int]:
        """The ids of all that answers to ``key``."""
        reference = str(key.value)
        match key.kind:
            case "customer":
                return (self.customers[reference].id,) if reference in self.customers else ()
            case "product":
                return (self.products[reference].id,) if reference in self.products else ()
            case "customer_invoice":
                return [invoice.id for invoice in self.invoices_of(key)]
        return self.ids.get(key, ())

    def invoices_of(self, key: Key) -> Sequence[RemoteInvoice]:
        """The invoices that carry the reference ``key``, those of definitions before others."""
        reference = str(key.value)
        return self.invoices.get(reference) or self.credited.get(reference, ())

    def customer(self, key: Id) -> RemoteCustomer | None:
        """The customer that ``key`` stands for, if the account has it and it was looked up."""
        if not isinstance(key, Key) or key.field != "external_reference":
            return None
        return self.customers.get(str(key.value))

    def product(self, key: Id) -> RemoteProduct | None:
        """The product that ``key`` or an id stands for, if the account has it."""
        if isinstance(key, Key) and key.field != "id":
            return self.products.get(str(key.value))
        return self.products_by_id.get(int(key.value if isinstance(key, Key) else key))
