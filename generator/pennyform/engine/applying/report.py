"""What became of a plan: one result per change, and what they add up to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pennyform import __version__
from pennyform.engine.account.records import Company
from pennyform.engine.planning.actions import (
    DraftDeletion,
    InvoiceChange,
    PrerequisiteChange,
    difference_records,
)
from pennyform.engine.planning.diff import Difference
from pennyform.engine.planning.plan import money
from pennyform.invoices.desired.json_bodies import to_json
from pennyform.results.apply import AppliedChange, ApplyDocument, Status
from pennyform.results.values import FORMAT_VERSION, CompanyIdentity


@dataclass(frozen=True, slots=True)
class Result:
    """The end of one change.

    ``left`` are the steps that were not taken; ``detail`` says in a sentence why, with what to do about it;
    ``differences`` are those of the last reading.
    """

    change: InvoiceChange | PrerequisiteChange | DraftDeletion
    status: Status
    id: int | None = None
    invoice_number: str = ""
    draft: bool | None = None
    remaining_steps: tuple[str, ...] = ()
    detail: str = ""
    differences: tuple[Difference, ...] = ()

    def record(self) -> AppliedChange:
        """The result as it is reported."""
        change = self.change
        return AppliedChange(
            kind=change.kind,
            external_reference=change.external_reference,
            action=change.action,
            status=self.status,
            id=self.id,
            invoice_number=self.invoice_number,
            draft=self.draft,
            remaining_steps=self.remaining_steps,
            detail=self.detail,
            differences=()
            if isinstance(change, DraftDeletion)
            else difference_records(self.differences, to_json(change.desired.body)),
        )


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """Everything one apply did and did not do. ``stopped`` says why it ended early, if it did."""

    environment: str
    company: Company
    results: tuple[Result, ...]
    stopped: str = ""
    interrupted: bool = False
    try_later: bool = False

    def any(self, *statuses: Status) -> bool:
        """Whether any change ended in one of ``statuses``."""
        return any(result.status in statuses for result in self.results)

    def document(self) -> ApplyDocument:
        """The report as it is printed. Its money is that of invoices that were changed and verified."""
        changed = [result.change for result in self.results if result.status is Status.DONE]
        return ApplyDocument(
            format_version=FORMAT_VERSION,
            pennyform=__version__,
            environment=self.environment,
            company=CompanyIdentity(self.company.id, self.company.name),
            results=tuple(result.record() for result in self.results),
            summary=dict(sorted(Counter(str(result.status) for result in self.results).items())),
            money=money(change for change in changed if isinstance(change, InvoiceChange)),
            stopped=self.stopped,
            interrupted=self.interrupted,
        )
