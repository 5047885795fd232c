"""Invoices of ours that no definition asks for any more: definitions that vanished, rows that were deleted.

Ours is what carries the repository's prefix; without a prefix, what the journal knows. Repositories of one
company share its journal, so that with a prefix it only tells of older ones. No filter of the API takes the
beginning of a reference, so that the newest are found by reading the list of invoices.
"""

from __future__ import annotations

from collections.abc import Iterable

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.records import RemoteInvoice, RemoteState
from pennyform.engine.limits import ORPHAN_PAGES
from pennyform.engine.planning.actions import DraftDeletion
from pennyform.engine.planning.resolve import PlanRejectedError
from pennyform.findings import Finding, Severity
from pennyform.invoices.model import Repository
from pennyform.invoices.money.scalars import canonical
from pennyform.results.orphans import OrphanedInvoice, OrphanReport

_NO_PREFIX = Finding(
    "prune-without-prefix",
    Severity.ERROR,
    "--prune needs a reference_prefix",
    file="pennyform.yaml",
    detail="Drafts of this folder are told from those of others by how their references begin.",
    fix="give the folder a reference_prefix in pennyform.yaml",
)


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


def find_deletions(repository: Repository, drafts: Iterable[RemoteInvoice]) -> tuple[DraftDeletion, ...]:
    """The drafts that carry the repository's prefix and that none of its definitions asks for, by reference.

    Args:
        repository: all definitions there are; a part of them would make orphans of the others.
        drafts: all drafts of the account.

    Raises:
        PlanRejectedError: the repository has no prefix, so that nobody can say whose a draft is.
    """
    prefix = repository.settings.reference_prefix
    if not prefix:
        raise PlanRejectedError([_NO_PREFIX])
    defined = {invoice.external_reference for invoice in repository.invoices}
    orphans = [
        draft
        for draft in drafts
        if draft.draft
        and draft.external_reference.startswith(prefix)
        and draft.external_reference not in defined
    ]
    return tuple(map(DraftDeletion, sorted(orphans, key=lambda draft: draft.external_reference)))
