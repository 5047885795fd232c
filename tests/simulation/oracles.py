"""What must hold, judged by the server's books and the wire alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any

from .machine import Machine, Process
from .service import FOREIGN, TOKEN, Kept, crowded
from .workload import PREFIX, Wanted, Workload

Books = Mapping[str, list[Kept]]


def after_any_run(process: Process, exit_: int | None) -> Iterator[str]:
    """Whatever happened: a defined end, no defect, no secret, and the rate kept."""
    said = process.output.getvalue() + process.errors.getvalue()
    if exit_ not in {0, 1, 2, 3, 4, 5, 75, 130} and not (exit_ is None and process.dead):
        yield f"it ended with {exit_}"
    if "error internal" in said or "Traceback" in said:
        yield f"a defect showed: {said[-600:]}"
    if TOKEN in said:
        yield "the token was printed"
    if TOKEN in process.logged:
        yield "the token was logged"
    if crowded(process.arrivals):
        yield "more than 25 requests arrived within 5 seconds"
    yield from _secrets(process.machine)


def buyers_right(misissued: Collection[str], said: str, exit_: int | None) -> Iterator[str]:
    """Every invoice is issued to the declared card; one that is not is reported by the run that did it."""
    if misissued and exit_ == 0:
        yield f"{', '.join(misissued)} issued to another card, and apply exits 0"
    if misissued and exit_ not in {0, None} and "the card of its customer changed" not in said:
        yield f"{', '.join(misissued)} issued to another card, and nothing says so"


def _secrets(machine: Machine) -> Iterator[str]:
    for path in sorted(machine.root.rglob("*")):
        if path.is_file() and TOKEN.encode() in path.read_bytes():
            yield f"the token is in {path.name}"


def once_each(books: Books, references: Collection[str], *, mails: bool, files: bool) -> Iterator[str]:
    """At most one invoice per reference, and, where ``mails`` and ``files`` count, none of them twice."""
    for reference in references:
        rows = books.get(reference, [])
        if len(rows) > 1:
            yield f"{len(rows)} invoices carry {reference}"
        for row in rows:
            if files and len(set(row.appendices)) < len(row.appendices):
                yield f"{reference} has a file twice: {', '.join(row.appendices)}"
            if mails and row.mails > 1:
                yield f"{reference} was mailed {row.mails} times"


def final_as_planned(books: Books, workload: Workload, untouched: Collection[str]) -> Iterator[str]:
    """What became final equals what was asked for, to the cent."""
    for reference in untouched:
        wanted = workload.by_reference[reference]
        for row in books.get(reference, []):
            if not row.draft and (wrong := list(content_differences(wanted, row))):
                yield f"{reference} is final although {'; '.join(wrong)}"
            if not row.draft and not wanted.final:
                yield f"{reference} is final although nobody asked for that"


def as_declared(records: Mapping[str, Mapping[str, Any]], workload: Workload) -> Iterator[str]:
    """What exit 0 claims of customers and products: those that are there are what their declarations say."""
    for reference in ("ACME", "JO"):
        street = records.get(reference, {}).get("billing_address", {}).get("address", workload.street)
        if street != workload.street:
            yield f"the customer {reference} lives in {street!r}, not in {workload.street!r}"
    price = Decimal(records.get("LICENCE", {}).get("price_before_tax", workload.price))
    if price != Decimal(workload.price):
        yield f"the product LICENCE costs {price}, not {workload.price}"


def credited_within_bounds(books: Books, workload: Workload) -> Iterator[str]:
    """No invoice is credited beyond what it comes to, by final credit notes that are linked or are to be."""
    taken = Counter[int]()
    ids = {row.id: row for rows in books.values() for row in rows}
    for reference, rows in books.items():
        wanted = workload.by_reference.get(reference)
        credited = [row.id for row in books.get(wanted.corrects, [])] if wanted and wanted.corrects else []
        for row in rows:
            for id_ in [row.body["credited_invoice_id"] or 0] if not credited else credited[:1]:
                taken[id_] += 0 if row.draft else int(-sum(row.amounts) * 100)
    for id_, cents in taken.items():
        if id_ in ids and cents > sum(ids[id_].amounts) * 100:
            yield f"{ids[id_].reference} is credited beyond what it comes to"


def deposits_taken_once(books: Books, workload: Workload, untouched: Collection[str]) -> Iterator[str]:
    """Each deposit is final before a balance invoice takes it off, once, and with its number."""
    for reference, rows in books.items():
        for row in rows:
            if any("number of" in str(line["label"]) for line in row.lines):
                yield f"{reference} holds a placeholder"
    for reference in untouched:
        wanted = workload.by_reference[reference]
        for row in books.get(reference, []) if wanted.deducts else ():
            yield from (f"{reference}: {what}" for what in _deduction_differences(wanted, row, books))


def _deduction_differences(wanted: Wanted, row: Kept, books: Books) -> Iterator[str]:
    numbers = []
    for deposit in wanted.deducts:
        final = [kept for kept in books.get(deposit.reference, []) if not kept.draft]
        if not final:
            yield f"it is there, and its deposit {deposit.reference} is not final"
            return
        numbers.append(final[0].body["invoice_number"])
    taken: Counter[str] = Counter()
    for line in row.lines[len(wanted.lines) :]:
        taken[line["vat_rate"]] += int(Decimal(line["currency_amount"]) * 100)
        if not any(number in line["label"] for number in numbers):
            yield f"a line is called {line['label']!r}, without the number of the deposit"
    deposits: Counter[str] = Counter()
    for deposit in wanted.deducts:
        for line in deposit.lines:
            deposits[line.vat_rate] += int(sum(line.amounts) * 100)
    if {code: -cents for code, cents in taken.items() if cents} != {c: n for c, n in deposits.items() if n}:
        yield f"it takes off {dict(taken)} cents, and its deposits came to {dict(deposits)}"


def numbers_in_order(
    books: Books, workload: Workload, untouched: Collection[str], finalized: Collection[int]
) -> Iterator[str]:
    """The numbers that one run gave follow the dates, then the references; each follows those that it needs.

    Args:
        books: what is there.
        workload: what was asked for.
        untouched: the references that nobody else worked on.
        finalized: the ids of the invoices that the run made final.
    """
    rows = [row for name in untouched for row in books.get(name, []) if row.id in finalized]
    names = {row.reference for row in rows}

    def place(reference: str) -> tuple[Any, ...]:
        wanted = workload.by_reference[reference]
        own = (wanted.date, _parts(reference), reference)
        # One that is older than an invoice that it depends on comes right after that.
        needed = {wanted.corrects, *(deposit.reference for deposit in wanted.deducts)} & names
        return max([own, *((*place(name), own) for name in needed)])

    rows.sort(key=lambda row: _parts(row.body["invoice_number"]))
    for before, after in pairwise(rows):
        if place(after.reference) < place(before.reference):
            numbers = f"{before.body['invoice_number']}, {after.body['invoice_number']}"
            yield f"{before.reference} and {after.reference} have the numbers {numbers}"


def _parts(text: str) -> list[Any]:
    """Text and numbers by turns."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", text)]


def all_done(
    books: Books, workload: Workload, untouched: Collection[str], *, pruned: bool, mails: bool, files: bool
) -> Iterator[str]:
    """What exit 0 claims: exactly one of each, equal in everything, and nothing left over.

    Args:
        books: what is there.
        workload: what was asked for.
        untouched: the references that nobody else worked on.
        pruned: drafts that left the folder must be gone.
        mails: whether mails are counted.
        files: whether files are.
    """
    for reference in untouched:
        wanted, rows = workload.by_reference[reference], books.get(reference, [])
        if len(rows) != 1:
            yield f"{len(rows)} invoices carry {reference}"
            continue
        yield from (f"{reference}: {what}" for what in content_differences(wanted, rows[0]))
        yield from (f"{reference}: {what}" for what in _option_differences(wanted, rows[0], books))
        if mails and rows[0].mails != int(wanted.mail):
            yield f"{reference} was mailed {rows[0].mails} times"
        if files and sorted(wanted.appendices) != sorted(rows[0].appendices):
            yield f"{reference} has the files {', '.join(rows[0].appendices)}"
    left = sorted(set(books) - set(workload.by_reference))
    drafts = [name for name in left if name.startswith(PREFIX) and books[name][0].draft]
    yield from (f"{name} is left over" for name in drafts if pruned or "~" in name)
    if FOREIGN not in books:
        yield "the draft of somebody else is gone"
    yield from _vat(books, workload, untouched)


def _vat(books: Books, workload: Workload, untouched: Collection[str]) -> Iterator[str]:
    planned, there = Counter[str](), Counter[str]()
    for reference in untouched:
        planned.update(_text(workload.by_reference[reference].vat))
        for row in books.get(reference, []):
            there.update(_text(row.vat))
    if planned != there:
        yield f"VAT by code: planned {dict(planned)}, in the books {dict(there)}"


def _text(sums: Mapping[str, Decimal]) -> dict[str, Any]:
    return {code: amount for code, amount in sums.items() if amount}


def content_differences(wanted: Wanted, row: Kept) -> Iterator[str]:
    """Where lines and amounts of an invoice in the books are not those asked for."""
    if row.amounts != wanted.amounts:
        yield f"its amounts are {row.amounts}, not {wanted.amounts}"
    if len(row.lines) != len(wanted.lines) and not wanted.deducts:
        yield f"it has {len(row.lines)} lines, not {len(wanted.lines)}"
        return
    # What takes off deposits comes behind, and is looked at by the amounts of these.
    for number, (line, kept) in enumerate(zip(wanted.lines, row.lines, strict=False), start=1):
        want = (line.label, line.quantity, Decimal(line.price), line.vat_rate, *line.amounts)
        have = (
            kept["label"],
            Decimal(kept["quantity"]),
            Decimal(kept["raw_currency_unit_price"]),
            kept["vat_rate"],
            Decimal(kept["currency_amount_before_tax"]),
            Decimal(kept["currency_tax"]),
        )
        if want != have:
            yield f"line {number} is {have}, not {want}"
    if wanted.label and row.body["label"] != wanted.label:
        yield f"its label is {row.body['label']!r}"


def _option_differences(wanted: Wanted, row: Kept, books: Books) -> Iterator[str]:
    body = row.body
    credited = books.get(wanted.corrects, [])
    checks = {
        "whether it is a draft": (not wanted.final, row.draft),
        "its categories": (bool(wanted.category), bool(body["category_ids"])),
        "whether it is paid": (wanted.paid, body["marked_as_paid"]),
        "whether it was submitted": (wanted.submit, body["submitted_at"] is not None),
        "its imputation dates": (wanted.dated, row.lines[0]["imputation_dates"] is not None),
        "what it corrects": (credited[0].id if credited else None, body["credited_invoice_id"]),
    }
    yield from (f"{what}: {have} instead of {want}" for what, (want, have) in checks.items() if want != have)
