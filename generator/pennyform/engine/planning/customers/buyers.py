"""The buyer of an invoice: what of a customer's card stands on it, compared, summed up and shown.

A draft that becomes final takes the customer's card as it is at that moment, whatever it was when the draft
was made. So the card is part of what is planned, checked and remembered.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from pennyform.engine.account.records import RemoteInvoice, RemoteState
from pennyform.engine.limits import CARD_INVOICES, PAGE
from pennyform.engine.planning.actions import InvoiceChange, Step
from pennyform.engine.planning.declared.comparison import compare
from pennyform.engine.planning.diff import Difference
from pennyform.engine.planning.resolve import as_declared
from pennyform.invoices.desired.json_bodies import to_json
from pennyform.invoices.model import (
    UNSET,
    CustomerBody,
    DesiredInvoice,
    Id,
    ImportedInvoiceBody,
    Repository,
)

# What stands on an invoice of its buyer, or says who that is.
CARD = (
    "name",
    "first_name",
    "last_name",
    "recipient",
    "billing_address",
    "delivery_address",
    "reg_no",
    "vat_number",
)


_CHANGED_SINCE = (
    "the card of its customer changed since it was issued; the invoice keeps the one that it was issued to"
)


def card_of(body: CustomerBody, more: Iterable[str] = ()) -> CustomerBody:
    """``body`` with nothing but what stands on an invoice, and the fields ``more``."""
    names = (*CARD, *more)
    return CustomerBody(**{name: getattr(body, name) for name in names if getattr(body, name) is not UNSET})


def is_checked(change: InvoiceChange) -> bool:
    """Whether the customer's card is read before the invoice becomes final: it is issued to that card.

    An import was issued elsewhere; only where Pennylane makes an e-invoice of it, the card is part of that.
    """
    if change.resolved.customer is None:
        return False
    body = change.resolved.body
    is_converted = isinstance(body, ImportedInvoiceBody) and bool(body.convert_to_e_invoice)
    return Step.FINALIZE in change.steps or (is_converted and Step.IMPORT in change.steps)


def card_requests(changes: Iterable[InvoiceChange]) -> int:
    """How many requests read the cards of customers, before invoices become final and after the last one."""
    customers: list[Id] = [change.resolved.body.customer_id for change in changes if is_checked(change)]
    read: dict[Id, int] = {}
    count = 0
    for number, customer in enumerate(customers):
        if customer not in read or number - read[customer] >= CARD_INVOICES:
            batch = list(dict.fromkeys(customers[number:]))[:PAGE]
            read.update(dict.fromkeys(batch, number))
            count += 1
    return count + ceil(len(set(customers)) / PAGE)


def buyer_differences(change: InvoiceChange, now: CustomerBody) -> tuple[Difference, ...]:
    """Where the card ``now`` is not the one that an invoice is planned for; pointers begin ``/customer``.

    E-mail addresses count where the invoice is to be mailed to them.
    """
    expected = change.resolved.customer
    if expected is None:
        return ()
    is_mailed = any(task.step is Step.MAIL and not task.recipients for task in change.tasks)
    card = card_of(expected, ("emails",) if is_mailed else ())
    return _of_customer(compare(card, now).differences)


def _of_customer(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    return tuple(Difference(f"/customer{row.pointer}", row.want, row.have) for row in differences)


@dataclass(frozen=True, slots=True)
class BuyerVerdict:
    """How the buyer of an invoice stands against its declaration; ``note`` says what else is known of it."""

    differences: tuple[Difference, ...] = ()
    note: str = ""


def verify_buyer(
    invoice: DesiredInvoice, remote: RemoteInvoice, repository: Repository, state: RemoteState
) -> BuyerVerdict:
    """Compare the buyer of an invoice with its declaration.

    No answer of the API shows the card that a final invoice was issued to. The journal remembers it for those
    that this repository made final: such an invoice is not wrong when the card changes later.
    """
    customer = state.customer(invoice.body.customer_id)
    if customer is None:
        return BuyerVerdict()
    card = customer.body
    # Also one that is named by its id.
    desired = repository.customers.get(card.external_reference or "")
    declared = desired.body if desired else None
    differences = compare(card_of(declared), card).differences if declared else ()
    issued = "" if remote.draft else state.memory.cards.get(invoice.external_reference, "")
    if not issued:
        return BuyerVerdict(_of_customer(differences))
    is_declared = declared is None or issued == card_digest(as_declared(card, declared))
    note = "" if issued == card_digest(card) else _CHANGED_SINCE
    return BuyerVerdict(() if is_declared else _of_customer(differences), note)


def card_digest(body: CustomerBody) -> str:
    """A digest of what stands on an invoice: the same for two cards that nobody can tell apart there."""
    text = json.dumps(_filled(to_json(card_of(body))), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _filled(value: object) -> object:
    """JSON without what is empty: null, an empty text, and a field that is left out are the same."""
    if isinstance(value, dict):
        members = {name: _filled(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member not in (None, "", {}, [])}
    return value
