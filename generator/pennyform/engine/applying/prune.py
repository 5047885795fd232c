"""Drafts that left the repository: found by the prefix of their references, deleted only when asked to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pennyform.engine.account.errors import OutcomeError, UnknownOutcomeError
from pennyform.engine.account.records import RemoteInvoice
from pennyform.engine.applying.context import ApplyContext
from pennyform.engine.applying.report import Result
from pennyform.engine.journal.journal import JournalError
from pennyform.engine.journal.records import Subject
from pennyform.engine.planning.actions import DraftDeletion, Step, remote_content
from pennyform.engine.planning.resolve import PlanRejectedError
from pennyform.findings import Finding, Severity
from pennyform.invoices.model import Repository
from pennyform.results.apply import Status


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


_NO_PREFIX = Finding(
    "prune-without-prefix",
    Severity.ERROR,
    "--prune needs a reference_prefix",
    file="pennyform.yaml",
    detail="Drafts of this folder are told from those of others by how their references begin.",
    fix="give the folder a reference_prefix in pennyform.yaml",
)


def delete_orphan(orphan: DraftDeletion, context: ApplyContext) -> Result:
    """Delete a draft, if it still is what was planned."""
    account, sender = context.account, context.sender
    remaining, id_ = (str(Step.PRUNE),), orphan.remote.id
    if sender.must_stop():
        return Result(orphan, Status.NOT_STARTED, id=id_, remaining_steps=remaining, detail=sender.stopped)
    failed = Result(orphan, Status.FAILED, id=id_, remaining_steps=remaining)
    try:
        current = account.invoices_by_id([id_]).get(id_)
        # Somebody else deleted it: there is nothing left to do.
        if current is None:
            return Result(orphan, Status.DONE, id=id_)
        # Somebody may have made the draft theirs since the plan was shown.
        if remote_content(current) != remote_content(orphan.remote):
            return replace(failed, detail="it was changed meanwhile")
        subject = Subject("invoice", orphan.external_reference)
        sender.send(subject, Step.PRUNE, lambda: account.delete_draft(id_), id_)
    except UnknownOutcomeError as problem:
        return replace(failed, status=Status.UNKNOWN, detail=str(problem))
    except (OutcomeError, JournalError) as problem:
        return replace(failed, detail=str(problem))
    return Result(orphan, Status.DONE, id=id_)
