"""What invoices depend on: the customers, products and invoices that they name, and the order that follows.

Legal numbers are continuous and follow the dates. What needs another invoice comes after it; among invoices
that are free to come next the one with the oldest date does, and of one day the one whose reference comes
first in natural order: ``INV-2`` before ``INV-10``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from heapq import heapify, heappop, heappush
from typing import Literal

from pennyform.invoices.model import (
    Body,
    DesiredInvoice,
    Key,
    Repository,
    lines_of,
    pending_texts,
    set_fields,
)

# The kind of definitions that state what was issued elsewhere.
IMPORTED = "imported_invoice"
_DIGITS = re.compile("([0-9]+)")


def keys_in(body: Body) -> Iterator[Key]:
    """Every natural key in ``body``, in order of appearance."""
    for record in (body, *lines_of(body)):
        yield from (value for _, value in set_fields(record) if isinstance(value, Key))


def prerequisites_of(body: Body) -> Iterator[tuple[str, str | int]]:
    """The customer and the products that ``body`` names: each by its kind, and its reference or id."""
    customer = [("customer", body.customer_id)]
    for kind, key in (*customer, *(("product", line.product_id) for line in lines_of(body))):
        if isinstance(key, Key):
            yield kind, int(key.value) if key.field == "id" else str(key.value)
        elif key:
            yield kind, key


def becomes_final(invoice: DesiredInvoice) -> bool:
    """Whether an invoice should not be a draft: it asks for finalizing, or was issued elsewhere."""
    return invoice.options.finalize or invoice.kind == IMPORTED


def number_keys(invoice: DesiredInvoice) -> tuple[Key, ...]:
    """The invoices whose numbers the texts of ``invoice`` wait for, each once."""
    references = dict.fromkeys(name for text in pending_texts(invoice.body) for name in text.references)
    return tuple(Key("customer_invoice", "external_reference", name, invoice.place) for name in references)


def names_others(invoice: DesiredInvoice) -> bool:
    """Whether it takes back or takes off other invoices, or prints their numbers.

    Then, and only then, what the account says of those has a part in it.
    """
    is_credit_note = invoice.credit_note_of is not None or invoice.credit is not None
    return is_credit_note or bool(invoice.deductions or number_keys(invoice))


def keys_of(repository: Repository) -> list[Key]:
    """Every natural key that invoices, or the declared products of the run, refer to, each once."""
    products = {reference for kind, reference in in_step(repository) if kind == "product"}
    return list(dict.fromkeys(natural_keys(repository, named(repository, "product") | products)))


def in_step(repository: Repository) -> frozenset[tuple[str, str]]:
    """The kinds and references of what is made as it is declared, whether invoices name it or not."""
    return repository.requested if repository.settings.declared == "update" else frozenset()


def named(repository: Repository, kind: Literal["customer", "product"]) -> set[str]:
    """The references of the customers or products that invoices name, declared or not."""
    names = (name for invoice in repository.invoices for name in prerequisites_of(invoice.body))
    return {name for of_kind, name in names if of_kind == kind and isinstance(name, str)}


def natural_keys(repository: Repository, products: Collection[str]) -> Iterator[Key]:
    """All natural keys wherever they are written, those of invoices first, and those of ``products``."""
    for invoice in repository.invoices:
        yield from keys_in(invoice.body)
        if invoice.credit_note_of is not None:
            yield invoice.credit_note_of
        deposits = [deduction.deposit for deduction in invoice.deductions]
        yield from deposits
        # The usual label of a deduction names its deposit as well.
        known = {key.value for key in deposits if key.field == "external_reference"}
        yield from (key for key in number_keys(invoice) if key.value not in known)
        yield from (share.key for share in invoice.options.categories or ())
        yield from invoice.options.matched_transactions
    for reference, product in repository.products.items():
        if reference in products and isinstance(product.body.ledger_account_id, Key):
            yield product.body.ledger_account_id


# --- the order in which they become final ------------------------------------------------------------------


def natural_key(reference: str) -> tuple[object, ...]:
    """What references are sorted by: digits count as the number that they write, everything else as text."""
    parts = _DIGITS.split(reference)
    # Numbers compare by their length and then as text, however long they are; texts and numbers take turns.
    parts[1::2] = [digits.lstrip("0") for digits in parts[1::2]]
    key = [(len(part), part) if position % 2 else part for position, part in enumerate(parts)]
    return (tuple(key), reference)


def sort_key(invoice: DesiredInvoice) -> tuple[object, ...]:
    """What invoices are sorted by when nothing holds them back: the date, then the reference."""
    return (invoice.body.date, natural_key(invoice.external_reference))


def dependencies(invoice: DesiredInvoice) -> tuple[str, ...]:
    """The references of the invoices that must be final before a draft of ``invoice`` is written.

    This is the one place that says so. A reference that no definition has, or whose definition does not make
    anything final, holds nothing back.
    """
    credited = (invoice.credit_note_of,) if invoice.credit_note_of is not None else ()
    keys = (*credited, *(deduction.deposit for deduction in invoice.deductions), *number_keys(invoice))
    return tuple(dict.fromkeys(str(key.value) for key in keys if key.field == "external_reference"))


def in_order(invoices: Sequence[DesiredInvoice]) -> list[DesiredInvoice]:
    """``invoices`` in the order in which they become final; a circle of dependencies comes last."""
    positions = {invoice.external_reference: number for number, invoice in enumerate(invoices)}
    waiting: dict[int, set[int]] = {}
    dependents: dict[int, list[int]] = {}
    for number, invoice in enumerate(invoices):
        waiting[number] = {positions[name] for name in dependencies(invoice) if name in positions} - {number}
        for other in waiting[number]:
            dependents.setdefault(other, []).append(number)
    free = [(sort_key(invoices[number]), number) for number, needed in waiting.items() if not needed]
    heapify(free)
    ordered: list[int] = []
    while free:
        _, number = heappop(free)
        ordered.append(number)
        for dependent in dependents.get(number, ()):
            waiting[dependent].discard(number)
            if not waiting[dependent]:
                heappush(free, (sort_key(invoices[dependent]), dependent))
    circle = set(range(len(invoices))).difference(ordered)
    return [invoices[number] for number in (*ordered, *sorted(circle, key=lambda n: sort_key(invoices[n])))]
