"""Which look-ups a plan needs, and as few of them as will do.

Customers, products and accounts are looked up by the hundred. Few invoices are looked up one by one; many are
looked for in pages of the invoices of their dates, lines included. An invoice that seems to differ is read
again exactly, line by line in the order of the document, before anybody is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.state import Company, RemoteInvoice, RemoteState, Row
from pennyform.engine.journal.records import Subject
from pennyform.engine.journal.replayed_state import ReplayedState
from pennyform.engine.limits import EXACT_LOOKUPS
from pennyform.engine.planning.diff import Comparison, diff_invoice
from pennyform.engine.planning.natural_keys import keys_of, resolver
from pennyform.engine.planning.post_finalize_tasks import needed
from pennyform.engine.recovery.unknown_outcomes import e_invoice_numbers
from pennyform.invoices.model import DesiredInvoice, Key, Repository

Found = dict[str, list[RemoteInvoice]]


def refresh(
    repository: Repository,
    remote: AccountClient,
    *,
    memory: ReplayedState = ReplayedState(),  # noqa: B008 - frozen
    company: Company | None = None,
) -> RemoteState:
    """Look up everything that the definitions name.

    Args:
        repository: the definitions.
        remote: the account.
        memory: what the journal remembers; an id in it finds an invoice that a look-up by reference misses.
        company: whose account it is, when that is known already.

    Raises:
        OutcomeError: the account could not be read.
        UnresolvedError: a definition names something that neither repository nor account has.
    """
    observation = _masters(repository, remote, company or remote.company(), memory)
    found = _find(repository.invoices, remote, memory)
    observation = replace(observation, invoices=found)
    return replace(observation, invoices=_settle_doubts(repository, observation, remote))


def _masters(
    repository: Repository, remote: AccountClient, company: Company, memory: ReplayedState
) -> RemoteState:
    keys = keys_of(repository.invoices)

    def named(kind: str, field: str) -> list[str]:
        return sorted({str(key.value) for key in keys if (key.kind, key.field) == (kind, field)})

    templates = named("customer_invoice_template", "name")
    return RemoteState(
        company=company,
        memory=memory,
        customers=_all_of("customer", named, memory, remote.customers, remote.customers_by_id),
        products=_all_of("product", named, memory, remote.products, remote.products_by_id),
        products_by_id=remote.products_by_id(int(value) for value in named("product", "id")),
        ledger_accounts=remote.ledger_accounts(named("ledger_account", "number")),
        templates=remote.templates() if templates else {},
        others=_others(repository, keys, remote),
    )


def _all_of(
    kind: str,
    named: Callable[[str, str], list[str]],
    memory: ReplayedState,
    look_up: Callable[[list[str]], dict[str, Row]],
    by_id: Callable[[list[int]], dict[int, Row]],
) -> dict[str, Row]:
    """Customers or products by reference; one that a look-up misses is sought by the id it was seen under."""
    references = named(kind, "external_reference")
    found = look_up(references)
    missed = [Subject(kind, reference) for reference in references if reference not in found]
    ids = [memory.ids[subject] for subject in missed if subject in memory.ids]
    return found | {str(row.get("external_reference")): row for row in by_id(ids).values()}


def _others(repository: Repository, keys: Sequence[Key], remote: AccountClient) -> dict[Key, Sequence[Row]]:
    """What options name: categories, bank transactions, and credited invoices that have no definition."""
    own = {invoice.external_reference for invoice in repository.invoices}
    found: dict[Key, Sequence[Row]] = _categories(keys, remote)
    for key in keys:
        if key.kind == "transaction" and key.field == "date":
            rows = remote.transactions(str(key.value))
            found[key] = [row for row in rows if _qualifies(row, dict(key.qualifiers))]
        elif key.kind == "customer_invoice" and key.field != "id" and key.value not in own:
            found[key] = [invoice.header for invoice in remote.invoices_with(str(key.value))]
    return found


def _categories(keys: Sequence[Key], remote: AccountClient) -> dict[Key, Sequence[Row]]:
    named = [key for key in keys if key.kind == "category" and key.field != "id"]
    groups = remote.category_groups() if any(key.qualifiers for key in named) else {}
    found: dict[Key, Sequence[Row]] = {}
    for field in sorted({key.field for key in named}):
        wanted = [key for key in named if key.field == field]
        rows = remote.categories(field, (str(key.value) for key in wanted))
        for key in wanted:
            group = dict(key.qualifiers).get("group")
            found[key] = [
                row
                for row in rows
                if row[field] == key.value and group in (None, groups.get(row["category_group"]["id"]))
            ]
    return found


def _qualifies(row: Row, qualifiers: Mapping[str, str]) -> bool:
    amount = qualifiers.get("currency_amount")
    if amount is not None and Decimal(amount) != Decimal(str(row["currency_amount"])):
        return False
    return "label" not in qualifiers or qualifiers["label"] == row["label"]


def _find(invoices: Sequence[DesiredInvoice], remote: AccountClient, memory: ReplayedState) -> Found:
    missing = {invoice.external_reference: invoice for invoice in invoices}
    by_number = {number: reference for reference, number in e_invoice_numbers(invoices).items()}
    wanted = set(missing)
    found: Found = {}

    def keep(rows: Iterable[RemoteInvoice]) -> None:
        for row in rows:
            reference = row.external_reference
            if reference not in wanted:
                # An electronic invoice is imported without a reference: until it has one, its number tells.
                reference = by_number.get(row.invoice_number, "")
            if reference and row.id not in {one.id for one in found.get(reference, ())}:
                found.setdefault(reference, []).append(row)
                missing.pop(reference, None)

    if len(missing) > EXACT_LOOKUPS:
        _scan(list(missing.values()), remote, keep)
        keep(_remembered(missing, remote, memory))
    if len(missing) <= EXACT_LOOKUPS:
        for reference in sorted(missing):
            keep(remote.invoices_with(reference))
        for number, reference in sorted(by_number.items()):
            if reference in missing:
                keep(remote.invoices_numbered(number))
        keep(_remembered(missing, remote, memory))
    return found


def _scan(
    wanted: Sequence[DesiredInvoice], remote: AccountClient, keep: Callable[[Iterable[RemoteInvoice]], None]
) -> None:
    """Page through the invoices of the dates in question, for at most as many pages as there are invoices."""
    dates = sorted(invoice.body.date.isoformat() for invoice in wanted)
    for number, page in enumerate(remote.invoices_dated(dates[0], dates[-1]), start=1):
        keep(page)
        if number >= len(wanted):
            return


def _remembered(
    missing: Mapping[str, DesiredInvoice], remote: AccountClient, memory: ReplayedState
) -> list[RemoteInvoice]:
    subjects = {reference: Subject("invoice", reference) for reference in missing}
    ids = [memory.ids[subject] for subject in subjects.values() if subject in memory.ids]
    return list(remote.invoices_by_id(ids).values())


def _settle_doubts(repository: Repository, observation: RemoteState, remote: AccountClient) -> Found:
    """Read sections where they matter, and exactly every invoice that seems to differ."""
    resolve = resolver(repository, observation).resolve
    settled: Found = {reference: list(rows) for reference, rows in observation.invoices.items()}
    for invoice in repository.invoices:
        rows = settled.get(invoice.external_reference, [])
        if len(rows) != 1:
            continue
        there = rows[0]
        if needs_sections(invoice, there):
            there = remote.with_sections(there)
        if not there.exact and not diff_invoice(resolve(invoice, there), there).equal:
            there = remote.exactly(there)
            if _is_torn(diff_invoice(resolve(invoice, there), there)):
                there = replace(there, header=_header(there, remote))
        rows[0] = remote.with_extras(there, needed(invoice, draft=there.draft))
    return settled


def _is_torn(comparison: Comparison) -> bool:
    """Whether only amounts differ: perhaps somebody changed the lines after the header had been read."""
    return bool(comparison.amounts) and not comparison.content


def _header(invoice: RemoteInvoice, remote: AccountClient) -> Row:
    again = remote.invoices_by_id([invoice.id]).get(invoice.id)
    return again.header if again else invoice.header


def needs_sections(invoice: DesiredInvoice, there: RemoteInvoice) -> bool:
    """Whether sections play a part on either side; only an exact reading shows them."""
    in_sections = any(line.get("section_rank") is not None for line in there.lines)
    return bool(getattr(invoice.body, "invoice_line_sections", ())) or in_sections
