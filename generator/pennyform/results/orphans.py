"""Invoices of a repository that none of its definitions asks for any more, as results tell them."""

from __future__ import annotations

from typing import Literal

from pennyform.results.values import Record


class OrphanedInvoice(Record, frozen=True):
    """An invoice of ours that no definition asks for any more.

    ``known_by`` is ``journal`` when a run from here created, found or wrote it, and ``prefix`` when only its
    reference tells. ``prunable`` is whether ``--prune`` would delete it: a draft with the repository's
    prefix. A final one stays; only a credit note undoes it. The amount includes tax, as decimal text.
    """

    external_reference: str
    id: int
    invoice_number: str
    draft: bool
    prunable: bool
    known_by: Literal["journal", "prefix"]
    date: str | None
    currency: str
    currency_amount: str


class OrphanReport(Record, frozen=True):
    """The orphans, by reference, without those that the plan deletes.

    ``searched`` says where they were looked for: in all invoices, in those of the journal and the newest of
    the account (there are too many to read), or nowhere, since the run is about a part of the repository.
    """

    searched: Literal["all", "newest", "nothing"] = "nothing"
    invoices: tuple[OrphanedInvoice, ...] = ()


NOT_SEARCHED = OrphanReport()
