"""Which look-ups a plan needs, and as few of them as will do.

Customers, products and accounts are looked up by the hundred. Few invoices are looked up one by one; many are
looked for in pages of the invoices of their dates, lines included. An invoice that seems to differ is read
again exactly, line by line in the order of the document, before a difference is reported.

Of a whole repository, invoices that no definition asks for any more are looked for too: those that carry its
prefix, and without a prefix, those that the journal knows. Repositories of one company share its journal, so
that with a prefix it only tells of older ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from typing import TypeAlias, TypeVar

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.records import (
    Company,
    CustomerSearch,
    RemoteCategory,
    RemoteCustomer,
    RemoteInvoice,
    RemoteProduct,
    RemoteState,
)
from pennyform.engine.journal.records import Subject
from pennyform.engine.journal.replayed_state import ReplayedState
from pennyform.engine.limits import EXACT_LOOKUPS, ORPHAN_PAGES
from pennyform.engine.planning.credits.lines import with_line_order
from pennyform.engine.planning.dependencies import IMPORTED, keys_of, named, names_others
from pennyform.engine.planning.deposits.completion import complete
from pennyform.engine.planning.deposits.lookups import with_deposits
from pennyform.engine.planning.diff import diff_invoice
from pennyform.engine.planning.numbering import booked_numbers
from pennyform.engine.planning.post_finalize_tasks import needed
from pennyform.engine.planning.prerequisites.customers import search_customers
from pennyform.engine.planning.prerequisites.declared import customer_accounts, looked_up
from pennyform.engine.planning.resolve import known_vat_codes, resolver
from pennyform.invoices.model import DesiredInvoice, Key, Repository
from pennyform.invoices.money.scalars import canonical
from pennyform.results.orphans import OrphanedInvoice, OrphanReport

InvoicesByReference: TypeAlias = dict[str, list[RemoteInvoice]]
R = TypeVar("R", RemoteCustomer, RemoteProduct)


def refresh(
    repository: Repository,
    account: AccountClient,
    *,
    replayed: ReplayedState = ReplayedState(),  # noqa: B008 - frozen
    company: Company | None = None,
) -> RemoteState:
    """Look up everything that the definitions name.

    Args:
        repository: the definitions.
        account: the account.
        replayed: what the journal remembers; an id in it finds an invoice that a look-up by reference misses.
        company: whose account it is, when that is known already.

    Raises:
        OutcomeError: the account could not be read.
        UnresolvedError: a definition names something that neither repository nor account has.
    """
    state = _prerequisites(repository, account, company or account.company(), replayed)
    invoices, numbered, renamed = _find_invoices(repository.invoices, account, replayed)
    newest_final = _newest_final(repository.invoices, invoices, account)
    state = replace(state, invoices=invoices, numbered=numbered, renamed=renamed, newest_final=newest_final)
    if any(invoice.deductions for invoice in repository.invoices):
        state = with_deposits(repository, state, account)
    if any(map(names_others, repository.invoices)):
        state = with_line_order(repository, state, account)
        with known_vat_codes("an invoice that definitions name"):
            repository = complete(repository, state)
    return replace(state, invoices=_read_exactly(repository, state, account))


def _by_number(rows: Iterable[RemoteInvoice]) -> dict[str, list[RemoteInvoice]]:
    by_number: dict[str, list[RemoteInvoice]] = {}
    for row in rows:
        by_number.setdefault(row.invoice_number, []).append(row)
    return by_number


def _prerequisites(
    repository: Repository, account: AccountClient, company: Company, replayed: ReplayedState
) -> RemoteState:
    keys = keys_of(repository)

    def values(kind: str, field: str) -> list[str]:
        return sorted({str(key.value) for key in keys if (key.kind, key.field) == (kind, field)})

    customers, products = looked_up(repository, "customer"), looked_up(repository, "product")
    known_customers = _with_missed(
        account.customers(customers), "customer", customers, replayed, account.customers_by_id
    )
    accounts = customer_accounts(repository, known_customers)
    new = (named(repository, "customer") & repository.customers.keys()) - known_customers.keys()
    created = [repository.customers[reference].body for reference in sorted(new)]
    ids, labels = _ids([*keys, *accounts], account)
    defined = {invoice.external_reference for invoice in repository.invoices}
    return RemoteState(
        company=company,
        replayed=replayed,
        customers=known_customers,
        customers_by_id=account.customers_by_id(
            int(key.value) for key in keys if (key.kind, key.field) == ("customer", "id")
        ),
        search=search_customers(created, account) if created else CustomerSearch(),
        products=_with_missed(
            account.products(products), "product", products, replayed, account.products_by_id
        ),
        products_by_id=account.products_by_id(int(value) for value in values("product", "id")),
        ids=ids,
        labels=labels,
        credited={
            reference: account.invoices_with(reference)
            for key in keys
            if key.kind == "customer_invoice"
            and key.field == "external_reference"
            and (reference := str(key.value)) not in defined
        },
        deposits_by_number=_by_number(
            account.invoices_with_numbers(values("customer_invoice", "invoice_number"))
        ),
        credited_by_id=account.invoices_by_id(int(value) for value in values("customer_invoice", "id")),
    )


def _with_missed(
    matches: dict[str, R],
    kind: str,
    references: Sequence[str],
    replayed: ReplayedState,
    by_id: Callable[[list[int]], dict[int, R]],
) -> dict[str, R]:
    """Customers or products by reference; one that a look-up misses is sought by the id it was seen under."""
    missed = [Subject(kind, reference) for reference in references if reference not in matches]
    ids = [replayed.ids[subject] for subject in missed if subject in replayed.ids]
    return matches | {row.body.external_reference or "": row for row in by_id(ids).values()}


def _ids(keys: Sequence[Key], account: AccountClient) -> tuple[dict[Key, Sequence[int]], dict[int, str]]:
    """What else the definitions name, besides invoices: ledger accounts, templates, and what options name.

    Returns:
        The ids of all that answers to each key; and what tells records of one name apart, by id.
    """
    by_number = account.ledger_accounts(
        str(key.value) for key in keys if (key.kind, key.field) == ("ledger_account", "number")
    )
    has_templates = any((key.kind, key.field) == ("customer_invoice_template", "name") for key in keys)
    by_name = account.templates() if has_templates else {}
    matches, labels = _categories(keys, account)
    for key in keys:
        value, qualifiers = str(key.value), dict(key.qualifiers)
        match key.kind, key.field:
            case "ledger_account", "number":
                matches[key] = by_number.get(value, ())
            case "customer_invoice_template", "name":
                matches[key] = by_name.get(value, ())
            case "transaction", "date":
                # Several transactions of a day may have one label: label and amount are compared here.
                amount = qualifiers.get("currency_amount")
                rows = [
                    row
                    for row in account.transactions(value)
                    if (amount is None or Decimal(amount) == row.currency_amount)
                    and ("label" not in qualifiers or qualifiers["label"] == row.label)
                ]
                matches[key] = [row.id for row in rows]
                labels |= {row.id: f"{row.label or '-'}, {canonical(row.currency_amount)}" for row in rows}
    return matches, labels


def _categories(
    keys: Sequence[Key], account: AccountClient
) -> tuple[dict[Key, Sequence[int]], dict[int, str]]:
    named = [key for key in keys if key.kind == "category" and key.field != "id"]
    groups = account.category_groups() if any(key.qualifiers for key in named) else {}
    answers: dict[Key, list[RemoteCategory]] = {}
    for field in sorted({key.field for key in named}):
        of_field = [key for key in named if key.field == field]
        rows = account.categories(field, (str(key.value) for key in of_field))
        for key in of_field:
            group = dict(key.qualifiers).get("group")
            answers[key] = [
                row
                for row in rows
                if getattr(row, field) == key.value and group in (None, groups.get(row.group_id or 0))
            ]
    ambiguous = [row for rows in answers.values() if len(rows) > 1 for row in rows]
    if ambiguous and not groups:
        groups = account.category_groups()
    labels = {row.id: f"{row.label}, group {groups.get(row.group_id or 0, '-')}" for row in ambiguous}
    return {key: [row.id for row in rows] for key, rows in answers.items()}, labels


def _find_invoices(
    invoices: Sequence[DesiredInvoice], account: AccountClient, replayed: ReplayedState
) -> tuple[InvoicesByReference, dict[str, list[RemoteInvoice]], dict[str, RemoteInvoice]]:
    """The invoices by their references; by legal number, those that have that of an import; the renamed.

    Renamed are final invoices that the journal knows under a reference that they do not carry any more.
    """
    missing = {invoice.external_reference: invoice for invoice in invoices}
    references = {reference: reference for reference in missing}
    by_number = {
        invoice.e_invoice_number: invoice.external_reference
        for invoice in invoices
        if invoice.e_invoice_number
    }
    matches: InvoicesByReference = {}
    remembered: dict[str, RemoteInvoice] = {}

    def keep(rows: Iterable[RemoteInvoice]) -> None:
        for row in rows:
            reference = references.get(row.external_reference) or _imported_as(row, by_number, replayed)
            if reference and row.id not in {known.id for known in matches.get(reference, ())}:
                matches.setdefault(reference, []).append(row)
                missing.pop(reference, None)

    if len(missing) > EXACT_LOOKUPS:
        # No filter takes many references at once, so that many invoices are found in fewer requests by their
        # dates: in at most as many pages as there are invoices.
        dates = sorted(invoice.body.date.isoformat() for invoice in missing.values())
        for page in islice(account.invoices_dated(dates[0], dates[-1]), len(missing)):
            keep(page)
        remembered = _remembered(missing, account, replayed)
        keep(remembered.values())
    if len(missing) <= EXACT_LOOKUPS:
        for reference in sorted(missing):
            keep(account.invoices_with(reference))
        remembered = _remembered(missing, account, replayed)
        keep(remembered.values())
    # Whatever the date, and whoever booked it: a number is booked once.
    imports = [invoice for invoice in missing.values() if invoice.legal_number]
    numbered = booked_numbers.look_up(imports, account) if imports else {}
    keep(row for rows in numbered.values() for row in rows)
    renamed = {
        reference: row
        for reference, row in remembered.items()
        if reference in missing and not row.draft and row.external_reference not in references
    }
    return matches, numbered, renamed


def _imported_as(row: RemoteInvoice, by_number: Mapping[str, str], replayed: ReplayedState) -> str:
    """The reference of the definition that imported ``row`` and did not name it yet; empty when none did.

    An electronic invoice is imported without a reference. A number alone makes no invoice ours: somebody else
    may have booked it.
    """
    reference = by_number.get(row.invoice_number, "")
    return reference if reference and booked_numbers.is_our_import(row, reference, replayed) else ""


def _newest_final(
    invoices: Iterable[DesiredInvoice], matches: InvoicesByReference, account: AccountClient
) -> RemoteInvoice | None:
    """The final invoice with the latest date, if one of ``invoices`` would get its number after it.

    Imports that are known as such are left out: they have the numbers of whoever issued them.
    """
    imported, dates = set[str](), []
    for invoice in invoices:
        rows = matches.get(invoice.external_reference, ())
        if invoice.kind == IMPORTED:
            imported.add(invoice.external_reference)
        elif invoice.options.finalize and all(row.draft for row in rows):
            dates.append(invoice.body.date)
    final = account.final_after(min(dates).isoformat()) if dates else []
    return next((row for row in final if row.external_reference not in imported), None)


def _remembered(
    references: Iterable[str], account: AccountClient, replayed: ReplayedState
) -> dict[str, RemoteInvoice]:
    """Invoices that the journal has seen under an id, whatever reference they carry by now."""
    subjects = [Subject("invoice", reference) for reference in references]
    ids = {subject.reference: replayed.ids[subject] for subject in subjects if subject in replayed.ids}
    rows = account.invoices_by_id(ids.values())
    return {reference: rows[id_] for reference, id_ in ids.items() if id_ in rows}


def _read_exactly(repository: Repository, state: RemoteState, account: AccountClient) -> InvoicesByReference:
    """Read sections where they matter, and exactly every invoice that seems to differ."""
    resolve = resolver(repository, state).resolve
    matches: InvoicesByReference = {reference: list(rows) for reference, rows in state.invoices.items()}
    for invoice in repository.invoices:
        rows = matches.get(invoice.external_reference, [])
        if len(rows) != 1:
            continue
        remote = rows[0]
        if needs_sections(invoice, remote):
            remote = account.with_sections(remote)
        if not remote.exact and not diff_invoice(resolve(invoice, remote), remote).equal:
            remote = account.exactly(remote)
            comparison = diff_invoice(resolve(invoice, remote), remote)
            if comparison.amounts and not comparison.content:
                # Only amounts differ: perhaps the lines were changed after the header had been read.
                again = account.invoices_by_id([remote.id]).get(remote.id)
                if again:
                    remote = replace(again, lines=remote.lines, exact=True, sections=remote.sections)
        if invoice.has_tasks:
            remote = account.with_lists(remote, needed(invoice, draft=remote.draft))
        rows[0] = remote
    return matches


def needs_sections(invoice: DesiredInvoice, remote: RemoteInvoice) -> bool:
    """Whether sections play a part on either side; only an exact reading shows them."""
    in_sections = any(line.section_rank is not None for line in remote.lines)
    return in_sections or bool(getattr(invoice.body, "invoice_line_sections", ()))


def find_orphans(
    repository: Repository, state: RemoteState, account: AccountClient, deleted: Iterable[int] = ()
) -> OrphanReport:
    """Look for invoices of the repository that none of its definitions asks for.

    Args:
        repository: all definitions there are; a part of them would make orphans of the others.
        state: what was looked up for them, and what the journal remembers.
        account: the account.
        deleted: ids that the plan deletes, and that are told as its changes.

    Raises:
        OutcomeError: the account could not be read.
    """
    prefix = repository.settings.reference_prefix
    defined = {invoice.external_reference for invoice in repository.invoices}
    listed_ids = {row.id for rows in state.invoices.values() for row in rows}
    # What a credit note names has a definition that answers for it.
    listed_ids |= {row.id for rows in state.credited.values() for row in rows} | {*state.credited_by_id}
    # A draft that another one replaced has a warning of its own.
    listed_ids |= {*deleted, *state.replayed.aside.values()}
    remembered = {
        id_
        for (kind, reference), id_ in state.replayed.ids.items()
        if kind == "invoice"
        and reference.startswith(prefix)
        and reference not in defined
        and id_ not in listed_ids
    }
    rows = dict(account.headers_by_id(remembered))
    is_complete = True
    if prefix:
        # No filter of the API takes the beginning of a reference: the list is read, newest first.
        newest, is_complete = account.newest_headers(ORPHAN_PAGES)
        rows |= {row.id: row for row in newest if row.external_reference.startswith(prefix)}
    orphans = [
        _record(row, prefix, is_remembered=row.id in remembered)
        for row in rows.values()
        if row.id not in listed_ids and row.external_reference not in defined
    ]
    ordered = sorted(orphans, key=lambda orphan: (orphan.external_reference, orphan.id))
    return OrphanReport("all" if is_complete else "newest", tuple(ordered))


def _record(row: RemoteInvoice, prefix: str, *, is_remembered: bool) -> OrphanedInvoice:
    amount = row.currency_amount
    return OrphanedInvoice(
        external_reference=row.external_reference,
        id=row.id,
        invoice_number=row.invoice_number,
        draft=row.draft,
        prunable=row.draft and bool(prefix) and row.external_reference.startswith(prefix),
        known_by="journal" if is_remembered else "prefix",
        date=row.date.isoformat() if row.date else None,
        currency=row.currency or "",
        currency_amount="" if amount is None else canonical(amount),
    )
