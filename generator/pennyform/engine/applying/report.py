"""What became of a plan: one result per change, and what they add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pennyform import __version__
from pennyform.engine.account.state import Company
from pennyform.engine.planning.actions import InvoiceChange, Orphan, PrerequisiteChange, differences_json
from pennyform.engine.planning.diff import Difference
from pennyform.engine.planning.plan import FORMAT_VERSION, money
from pennyform.invoices.desired.json_bodies import to_json


class Status(StrEnum):
    """How a change ended.

    ``partial`` is stopped between two steps, with the first of them verified; ``waiting`` is done but for
    what needs a PDF that is still being made.
    """

    DONE = "done"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    DIFFERS = "differs"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"
    PARTIAL = "partial"
    NOT_STARTED = "not_started"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Result:
    """The end of one change.

    ``left`` are the steps that were not taken; ``detail`` says in a sentence why, with what to do about it;
    ``differences`` are those of the last reading.
    """

    change: InvoiceChange | PrerequisiteChange | Orphan
    status: Status
    id: int | None = None
    invoice_number: str = ""
    draft: bool | None = None
    left: tuple[str, ...] = ()
    detail: str = ""
    differences: tuple[Difference, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The result as data."""
        return {
            "kind": self.change.kind,
            "external_reference": self.change.external_reference,
            "action": str(self.change.action),
            "status": str(self.status),
            "id": self.id,
            "invoice_number": self.invoice_number,
            "draft": self.draft,
            "left": list(self.left),
            "detail": self.detail,
            "differences": self._differences(),
        }

    def _differences(self) -> list[Any]:
        if isinstance(self.change, Orphan):
            return []
        return differences_json(self.differences, to_json(self.change.desired.body))


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

    def to_json(self) -> dict[str, Any]:
        """The report as data, from which its renderings are made."""
        return {
            "format_version": FORMAT_VERSION,
            "pennyform": __version__,
            "environment": self.environment,
            "company": {"id": self.company.id, "name": self.company.name},
            "results": [result.to_json() for result in self.results],
            "summary": dict(sorted(Counter(str(result.status) for result in self.results).items())),
            "money": money(_invoices(self.results)),
            "stopped": self.stopped,
            "interrupted": self.interrupted,
        }


def _invoices(results: Sequence[Result]) -> list[InvoiceChange]:
    """The invoices that were changed and verified."""
    done = [result.change for result in results if result.status is Status.DONE]
    return [change for change in done if isinstance(change, InvoiceChange)]
