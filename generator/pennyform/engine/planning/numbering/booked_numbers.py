"""Invoices that the account has already under another name: imports by their numbers, renamed final invoices.

A number is booked once. The account can only be asked for numbers as they are written, so that it is asked
for the spellings that people take for the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.records import RemoteInvoice
from pennyform.engine.journal.records import Subject
from pennyform.engine.journal.replayed_state import ReplayedState
from pennyform.engine.planning.resolve import Resolved
from pennyform.invoices.model import DesiredInvoice
from pennyform.text import difference, fold

# The step of the journal that imports. That of an electronic invoice carries no reference.
_IMPORT = "import"
_LAST_DIGITS = re.compile(r"[0-9]+(?=[^0-9]*$)")
# Widths to which programs pad a running number with zeros.
_WIDTHS = (1, 2, 3, 4, 5, 6)


def is_our_import(row: RemoteInvoice, reference: str, replayed: ReplayedState) -> bool:
    """Whether the journal shows that ``row``, found by its number, is what ``reference`` asked to import.

    Either it was seen under this id, or the answer to the import was lost and nothing is known of it yet.
    """
    subject = Subject("invoice", reference)
    return replayed.ids.get(subject) == row.id or replayed.unsettled.get(subject) == _IMPORT


def issued_before(resolved: Resolved, renamed: RemoteInvoice) -> str:
    """Why an invoice is not issued: it was, and carries another reference now; empty when it was not.

    Args:
        resolved: the invoice.
        renamed: the final invoice that the journal knows under its reference. Another account may have given
            its id to another invoice: what the two come to tells.
    """
    body, amount = resolved.body, resolved.totals.amount
    if (body.date, body.customer_id, amount) != (renamed.date, renamed.customer_id, renamed.currency_amount):
        return ""
    reference = (
        f"the reference {renamed.external_reference}" if renamed.external_reference else "no reference"
    )
    return (
        f"it was issued as {renamed.invoice_number}, which has {reference} in Pennylane now: give it "
        f"{body.external_reference} again there, or change external_reference here"
    )


def look_up(invoices: Iterable[DesiredInvoice], account: AccountClient) -> dict[str, list[RemoteInvoice]]:
    """The invoices of the account that have the number of one of the imports, in whatever spelling.

    Returns:
        Them by the number as the definition writes it; numbers that nothing has are left out.

    Raises:
        OutcomeError: the account could not be read.
    """
    numbers = (invoice.legal_number for invoice in invoices)
    spellings = {number: spellings_of(number) for number in numbers if number}
    rows: dict[str, list[RemoteInvoice]] = {}
    for row in account.invoices_with_numbers({text for texts in spellings.values() for text in texts}):
        rows.setdefault(row.invoice_number, []).append(row)
    matches = {
        number: [row for text in texts for row in rows.get(text, ())] for number, texts in spellings.items()
    }
    return {number: booked for number, booked in matches.items() if booked}


def spellings_of(number: str) -> tuple[str, ...]:
    """The spellings under which a number may be booked that is written ``number`` here, sorted.

    Letters in capitals or not, what looks like a plain character as that character, and the last run of
    digits with other zeros in front.
    """
    plain = unicodedata.normalize("NFKC", number)
    plain = "".join("-" if unicodedata.category(letter) == "Pd" else letter for letter in plain).strip()
    folded = fold(number)
    digits = _LAST_DIGITS.search(plain)
    padded = set()
    if digits:
        number_ = digits[0].lstrip("0") or "0"
        start, end = plain[: digits.start()], plain[digits.end() :]
        padded = {f"{start}{number_.zfill(width)}{end}" for width in _WIDTHS}
    return tuple(sorted({number, plain, folded, folded.upper(), *padded} - {""}))


def obstacle(number: str, booked: Iterable[RemoteInvoice]) -> str:
    """Why an import with ``number`` would book it a second time; empty when it would not."""
    same = [row for row in booked if fold(row.invoice_number) == fold(number)]
    if not same:
        return ""
    first = same[0].invoice_number
    alike = "" if first == number else f" (it looks like {first}: {difference(number, first)})"
    return (
        f"its number, {number}{alike}, is booked already, as {_bookings(same)}, and no journal shows that "
        "this definition booked it: delete the definition (`pennyform adopt` writes one for what is booked), "
        "or correct `invoice_number`, if another one is on the document"
    )


def doubts(number: str, booked: Iterable[RemoteInvoice]) -> Iterator[str]:
    """What to look at before ``number`` is booked: numbers that differ from it in leading zeros only."""
    near = [row for row in booked if fold(row.invoice_number) != fold(number)]
    if near:
        yield (
            f"its number, {number}, differs only in leading zeros from {near[0].invoice_number}, "
            f"which is booked, as {_bookings(near)}: see that it is another document"
        )


def _bookings(rows: Iterable[RemoteInvoice]) -> str:
    return ", ".join(f"{row.external_reference or 'an invoice'} (id {row.id})" for row in rows)
