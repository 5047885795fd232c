"""Reading back what is there and saying where it differs from what was asked for. Pure; sends nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pennyform import __version__
from pennyform.engine.account.records import Company, RemoteInvoice
from pennyform.engine.account.state import RemoteState
from pennyform.engine.planning.actions import difference_records, place_record
from pennyform.engine.planning.diff import Comparison, Difference, diff_invoice
from pennyform.engine.planning.natural_keys import resolver
from pennyform.engine.planning.planner import Resolve
from pennyform.engine.planning.post_finalize_tasks import difference, tasks_of
from pennyform.engine.planning.resolve import Resolved, becomes_final
from pennyform.invoices.desired.json_bodies import to_json
from pennyform.invoices.model import DesiredInvoice, Repository
from pennyform.results.values import FORMAT_VERSION, CompanyIdentity
from pennyform.results.verification import InvoiceVerdict, VerificationDocument, VerificationStatus


@dataclass(frozen=True, slots=True)
class VerifiedInvoice:
    """One definition and what the account has for it; ``there`` are all invoices under its reference.

    ``lacking`` is where it falls short of its options; mail, which no answer shows, is not in it.
    """

    desired: DesiredInvoice
    resolved: Resolved
    there: Sequence[RemoteInvoice]
    comparison: Comparison | None = None
    lacking: tuple[Difference, ...] = ()

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Everything that can be seen to differ, the wish to be final included."""
        if self.comparison is None:
            return ()
        found = (*self.comparison.all, *self.lacking)
        if becomes_final(self.desired) and self.there[0].draft:
            return (*found, Difference("/draft", want=False, have=True))
        return found

    @property
    def standing(self) -> VerificationStatus:
        """The verdict."""
        if not self.there:
            return VerificationStatus.MISSING
        if len(self.there) > 1:
            return VerificationStatus.DUPLICATE
        return VerificationStatus.DIFFERS if self.differences else VerificationStatus.EQUAL

    def record(self) -> InvoiceVerdict:
        """The verdict as it is reported."""
        remote = self.there[0] if len(self.there) == 1 else None
        return InvoiceVerdict(
            external_reference=self.desired.external_reference,
            status=self.standing,
            ids=tuple(invoice.id for invoice in self.there),
            invoice_number=remote.invoice_number if remote else "",
            draft=remote.draft if remote else None,
            differences=difference_records(self.differences, to_json(self.desired.body)),
            unverifiable=self.comparison.unverifiable if self.comparison else (),
            totals=self.resolved.totals.record(),
            place=place_record(self.desired.place),
        )


@dataclass(frozen=True, slots=True)
class Verification:
    """Every definition's verdict, by reference."""

    environment: str
    company: Company
    invoices: tuple[VerifiedInvoice, ...]

    @property
    def drift(self) -> bool:
        """Whether anything is not as it was asked for."""
        return any(invoice.standing is not VerificationStatus.EQUAL for invoice in self.invoices)

    def document(self) -> VerificationDocument:
        """The verdicts as they are reported."""
        return VerificationDocument(
            format_version=FORMAT_VERSION,
            pennyform=__version__,
            environment=self.environment,
            company=CompanyIdentity(self.company.id, self.company.name),
            invoices=tuple(invoice.record() for invoice in self.invoices),
            summary=dict(sorted(Counter(str(invoice.standing) for invoice in self.invoices).items())),
        )


def verify(repository: Repository, observation: RemoteState) -> Verification:
    """Compare every definition with what was looked up for it.

    Raises:
        UnresolvedError: a definition names something that neither repository nor account has.
    """
    wanted = sorted(repository.invoices, key=lambda invoice: invoice.external_reference)
    resolve = resolver(repository, observation).resolve
    invoices = tuple(_verified(invoice, observation, resolve) for invoice in wanted)
    return Verification(repository.settings.environment, observation.company, invoices)


def _verified(invoice: DesiredInvoice, observation: RemoteState, resolve: Resolve) -> VerifiedInvoice:
    there = observation.invoices.get(invoice.external_reference, ())
    if len(there) != 1:
        return VerifiedInvoice(invoice, resolve(invoice, None), there)
    resolved = resolve(invoice, there[0])
    return VerifiedInvoice(
        invoice, resolved, there, diff_invoice(resolved, there[0]), _lacking(invoice, there[0], observation)
    )


def _lacking(
    invoice: DesiredInvoice, there: RemoteInvoice, observation: RemoteState
) -> tuple[Difference, ...]:
    if there.draft:
        return ()
    tasks = tasks_of(invoice, observation.identify)
    return tuple(one for one in (difference(task, there) for task in tasks) if one)
