"""What the account holds, as far as a run needs to know it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pennyform.engine.account.packed import Packed
from pennyform.engine.journal.replayed_state import ReplayedState
from pennyform.invoices.model import Key

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Company:
    """Whose account it is. ``scopes`` are those of the token; ``reg_no`` of a sandbox begins ``sandbox-``."""

    id: int
    name: str
    reg_no: str
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RemoteInvoice:
    """An invoice as the API shows it. Most are looked at once or twice and left alone: they are kept packed.

    ``header`` is the answer itself, ready for JSON. ``lines`` are in the order of the document when
    ``exact``, else in the order in which they were created. ``sections`` is None when they were not read.
    ``extras`` are those of its other lists that were read, by the name of their resource.
    """

    header: Packed[Row] = Packed()  # noqa: RUF009 - a descriptor, no default
    lines: Packed[tuple[Row, ...]] = Packed()  # noqa: RUF009
    sections: tuple[Row, ...] | None = None
    exact: bool = False
    extras: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)

    @property
    def id(self) -> int:
        """The API's id."""
        return int(self.header["id"])

    @property
    def external_reference(self) -> str:
        """The reference it carries; empty when it has none."""
        return str(self.header.get("external_reference") or "")

    @property
    def draft(self) -> bool:
        """Whether it is still a draft. ``status`` is no help: the draft of a credit note has another one."""
        return bool(self.header["draft"])

    @property
    def invoice_number(self) -> str:
        """The legal number; empty for a draft."""
        return str(self.header.get("invoice_number") or "")


@dataclass(frozen=True, slots=True)
class RemoteState:
    """Everything that was looked up for one plan.

    ``customers`` and ``products`` are by ``external_reference``, ``products_by_id`` by id,
    ``ledger_accounts`` by number, ``templates`` by name; ``others`` are the rows that answer to each other
    key. ``invoices`` holds *all* rows that carry a reference: more than one is a duplicate. ``unsettled`` are
    references of which an earlier apply does not know what became; ``memory`` is what the journal remembers;
    ``finalizing`` are the references whose definitions ask for finalizing; ``numbered`` are all references
    that have, or are to have, a legal number, when electronic invoices are among the definitions.
    """

    company: Company
    customers: Mapping[str, Row] = field(default_factory=dict)
    products: Mapping[str, Row] = field(default_factory=dict)
    products_by_id: Mapping[int, Row] = field(default_factory=dict)
    ledger_accounts: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    templates: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    invoices: Mapping[str, Sequence[RemoteInvoice]] = field(default_factory=dict)
    others: Mapping[Key, Sequence[Row]] = field(default_factory=dict)
    unsettled: frozenset[str] = frozenset()
    finalizing: frozenset[str] = frozenset()
    numbered: Mapping[str, Collection[str]] = field(default_factory=dict)
    memory: ReplayedState = field(default_factory=ReplayedState)

    def identify(self, key: Key) -> int | None:
        """The id that ``key`` stands for; None when nothing, or more than one thing, answers to it."""
        if key.field == "id":
            return int(key.value)
        rows = self.rows(key)
        return int(rows[0]["id"]) if len(rows) == 1 else None

    def rows(self, key: Key) -> Sequence[Row]:
        """All that answers to ``key``."""
        value = str(key.value)
        match key.kind:
            case "customer":
                return _one(self.customers.get(value))
            case "product":
                return _one(self.products.get(value))
            case "ledger_account":
                return self.ledger_accounts.get(value, ())
            case "customer_invoice_template":
                return self.templates.get(value, ())
        return self._others(key)

    def _others(self, key: Key) -> Sequence[Row]:
        if key.kind == "customer_invoice" and str(key.value) in self.invoices:
            return [invoice.header for invoice in self.invoices[str(key.value)]]
        return self.others.get(key, ())

    def customer(self, key: Key | int) -> Row | None:
        """The customer that ``key`` stands for, if the account has it and it was looked up."""
        if not isinstance(key, Key) or key.field != "external_reference":
            return None
        return self.customers.get(str(key.value))

    def product(self, key: Key | int) -> Row | None:
        """The product that ``key`` or an id stands for, if the account has it."""
        if isinstance(key, Key) and key.field != "id":
            return self.products.get(str(key.value))
        return self.products_by_id.get(int(key.value if isinstance(key, Key) else key))


def _one(row: Row | None) -> Sequence[Row]:
    return () if row is None else (row,)
