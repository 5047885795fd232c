"""The order in which invoices become final, and so get their numbers.

Legal numbers are continuous and follow the dates. What needs another invoice comes after it; among invoices
that are free to come next the one with the oldest date does, and of one day the one whose reference comes
first in natural order: ``INV-2`` before ``INV-10``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from heapq import heapify, heappop, heappush

from pennyform.engine.planning.resolve import number_keys
from pennyform.invoices.model import DesiredInvoice

_DIGITS = re.compile("([0-9]+)")


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
