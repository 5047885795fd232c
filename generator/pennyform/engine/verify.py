"""Verification: every definition against what the account has for it.

Pure, nothing is looked up or sent; only the documents of final invoices are, where they are asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from msgspec import UNSET

from pennyform import __version__
from pennyform.engine.account.records import Company, RemoteInvoice, RemoteState
from pennyform.engine.planning.actions import (
    PrerequisiteChange,
    difference_records,
    place_record,
)
from pennyform.engine.planning.dependencies import becomes_final, names_others
from pennyform.engine.planning.deposits.completion import complete
from pennyform.engine.planning.diff import Comparison, Difference, as_defined, diff_invoice
from pennyform.engine.planning.post_finalize_tasks import difference, platform_note, tasks_of
from pennyform.engine.planning.prerequisites.customers import BuyerVerdict, verify_buyer
from pennyform.engine.planning.prerequisites.declared import plan_prerequisites
from pennyform.engine.planning.resolve import OutdatedValue, Resolved, resolver
from pennyform.invoices.desired.json_bodies import to_json
from pennyform.invoices.model import DesiredInvoice, Repository
from pennyform.invoices.money.scalars import canonical
from pennyform.results.orphans import NOT_SEARCHED, OrphanReport
from pennyform.results.values import FORMAT_VERSION, CompanyIdentity
from pennyform.results.verification import (
    DeclaredVerdict,
    InvoiceVerdict,
    VerificationDocument,
    VerificationStatus,
)

if TYPE_CHECKING:
    from pennyform.engine.account.client import AccountClient
    from pennyform.engine.issued import CheckDocument, CheckedDocument
    from pennyform.engine.runtime import Runtime


@dataclass(frozen=True, slots=True)
class VerifiedInvoice:
    """One definition and what the account has for it; ``remotes`` are all invoices under its reference.

    ``lacking`` is where it falls short of its options; mail, which no answer shows, is not in it.
    ``buyer`` is how its customer's card stands, ``document`` what was issued, where it was looked at.
    """

    desired: DesiredInvoice
    resolved: Resolved
    remotes: Sequence[RemoteInvoice]
    comparison: Comparison | None = None
    lacking: tuple[Difference, ...] = ()
    buyer: BuyerVerdict = field(default_factory=BuyerVerdict)
    document: CheckedDocument | None = None

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Everything that can be seen to differ, the wish to be final included."""
        if self.comparison is None:
            return ()
        # An invoice that should be final and is a draft has no number yet: that is drift, not just a wish.
        of_document = self.document.differences if self.document else ()
        visible = (*self.comparison.all, *self.lacking, *self.buyer.differences, *of_document)
        if becomes_final(self.desired) and self.remotes[0].draft:
            return (*visible, Difference("/draft", want=False, have=True))
        return visible

    @property
    def status(self) -> VerificationStatus:
        """The verdict."""
        if not self.remotes:
            return VerificationStatus.MISSING
        if len(self.remotes) > 1:
            return VerificationStatus.DUPLICATE
        if self.differences:
            return VerificationStatus.DIFFERS
        return VerificationStatus.AS_ISSUED if self.resolved.outdated else VerificationStatus.EQUAL

    def record(self) -> InvoiceVerdict:
        """The verdict as it is reported."""
        remote, document = self.remotes[0] if len(self.remotes) == 1 else None, self.document
        amount = remote.currency_amount if remote else None
        return InvoiceVerdict(
            external_reference=self.desired.external_reference,
            status=self.status,
            ids=tuple(invoice.id for invoice in self.remotes),
            invoice_number=remote.invoice_number if remote else "",
            draft=remote.draft if remote else None,
            differences=difference_records(self.differences, to_json(self.desired.body)),
            unverifiable=self.comparison.unverifiable if self.comparison else (),
            totals=self.resolved.totals.record(),
            notes=(
                *filter(
                    None,
                    (self.buyer.note, platform_note(remote) if remote and remote.e_invoicing_status else ""),
                ),
                *(document.notes if document else ()),
            ),
            place=place_record(self.desired.place),
            outdated=difference_records(
                [_outdated_value(value) for value in self.resolved.outdated],
                {},
            ),
            account_amount="" if amount is None else canonical(amount),
            account_currency=(remote and remote.currency) or "",
            document=document.verdict if document else UNSET,
        )


@dataclass(frozen=True, slots=True)
class Verification:
    """Every definition's verdict, by reference; ``declared`` are customers and products kept in step."""

    environment: str
    company: Company
    invoices: tuple[VerifiedInvoice, ...]
    declared: tuple[PrerequisiteChange, ...] = ()
    orphans: OrphanReport = NOT_SEARCHED

    @property
    def drift(self) -> bool:
        """Whether anything is not as it was asked for."""
        is_kept = all(invoice.status in _KEPT for invoice in self.invoices)
        return not is_kept or any(_status(change) is not VerificationStatus.EQUAL for change in self.declared)

    def document(self) -> VerificationDocument:
        """The verdicts as they are reported."""
        return VerificationDocument(
            format_version=FORMAT_VERSION,
            pennyform=__version__,
            environment=self.environment,
            company=CompanyIdentity(self.company.id, self.company.name),
            invoices=tuple(invoice.record() for invoice in self.invoices),
            declared=tuple(
                DeclaredVerdict(
                    kind=change.kind,
                    external_reference=change.external_reference,
                    status=_status(change),
                    id=change.id,
                    differences=difference_records(change.differences, to_json(change.desired.body)),
                    unverifiable=change.unverifiable,
                    place=place_record(change.desired.place),
                )
                for change in self.declared
            ),
            summary=dict(sorted(Counter(str(invoice.status) for invoice in self.invoices).items())),
            orphans=self.orphans,
        )


# Verdicts of invoices that need nobody's attention.
_KEPT = frozenset({VerificationStatus.EQUAL, VerificationStatus.AS_ISSUED})


def with_documents(
    verification: Verification, account: AccountClient, check: CheckDocument, runtime: Runtime
) -> Verification:
    """``verification``, and how the documents of the final invoices stand.

    Raises:
        OutcomeError: the account could not be read.
    """
    from pennyform.engine.issued import Issued, check_documents  # only where documents are looked at

    issued = {
        invoice.remotes[0].id: Issued(
            invoice.desired, invoice.resolved, invoice.remotes[0], is_card_known=not invoice.buyer.note
        )
        for invoice in verification.invoices
        if len(invoice.remotes) == 1 and not invoice.remotes[0].draft
    }
    documents = check_documents(list(issued.values()), account, check, runtime)
    invoices = (
        replace(invoice, document=documents.get(invoice.remotes[0].id)) if invoice.remotes else invoice
        for invoice in verification.invoices
    )
    return replace(verification, invoices=tuple(invoices))


def _status(change: PrerequisiteChange) -> VerificationStatus:
    if change.remote is None:
        return VerificationStatus.MISSING
    return VerificationStatus.DIFFERS if change.differences else VerificationStatus.EQUAL


def _outdated_value(value: OutdatedValue) -> Difference:
    name = value.pointer.rpartition("/")[2]
    return Difference(value.pointer, as_defined(name, value.today), as_defined(name, value.issued))


def verify(repository: Repository, state: RemoteState) -> Verification:
    """Compare every definition with what was looked up for it.

    Raises:
        UnresolvedError: a definition names something that neither repository nor account has.
    """
    if any(map(names_others, repository.invoices)):
        repository = complete(repository, state)
    resolve = resolver(repository, state).resolve
    invoices = []
    for invoice in sorted(repository.invoices, key=lambda invoice: invoice.external_reference):
        remotes = state.invoices.get(invoice.external_reference, ())
        if len(remotes) != 1:
            invoices.append(VerifiedInvoice(invoice, resolve(invoice, None), remotes))
            continue
        (remote,) = remotes
        resolved = resolve(invoice, remote)
        # What waits for finalizing is not missing from a draft.
        tasks = tasks_of(invoice, state.identify) if invoice.has_tasks and not remote.draft else ()
        lacking = (difference(task, remote) for task in tasks)
        invoices.append(
            VerifiedInvoice(
                invoice,
                resolved,
                remotes,
                diff_invoice(resolved, remote),
                tuple(shortfall for shortfall in lacking if shortfall),
                verify_buyer(invoice, remote, repository, state),
            )
        )
    is_in_step = repository.settings.declared == "update"
    declared = tuple(plan_prerequisites(repository, state)) if is_in_step else ()
    return Verification(repository.settings.environment, state.company, tuple(invoices), declared)
