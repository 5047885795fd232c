"""What ``apply`` reports."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from pennyform.results.plan import Action
from pennyform.results.values import CompanyIdentity, CurrencyTotals, FieldDifference, Record


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


class AppliedChange(Record, frozen=True):
    """The end of one change.

    ``remaining_steps`` (``left`` in JSON) are the steps that were not taken; ``detail`` says in a sentence
    why, with what to do about it; ``differences`` are those of the last reading. ``draft`` is null where no
    invoice was read.

    ``became_final`` says that this apply made the invoice final, whatever became of the rest. ``currency``
    and ``currency_amount``, tax included, are there for every final invoice, and ``invoice_number`` unless
    it could not be read.
    """

    kind: Literal["invoice", "customer", "product"]
    external_reference: str
    action: Action
    status: Status
    id: int | None
    invoice_number: str
    draft: bool | None
    became_final: bool
    currency: str
    currency_amount: str | None
    remaining_steps: tuple[str, ...] = msgspec.field(name="left")
    detail: str
    differences: tuple[FieldDifference, ...]


class FinalTotal(Record, frozen=True):
    """How many invoices became final in one currency, and what they come to, tax included."""

    currency: str
    invoices: int
    currency_amount: str


class ApplyDocument(Record, frozen=True):
    """Everything one apply did and did not do.

    ``summary`` counts the results by status; ``money`` is what was done and verified; ``final`` is what
    became final, done or not; ``stopped`` says why it ended early, if it did.
    """

    format_version: Literal[1]
    pennyform: str
    environment: str
    company: CompanyIdentity
    results: tuple[AppliedChange, ...]
    summary: dict[str, int]
    money: tuple[CurrencyTotals, ...]
    final: tuple[FinalTotal, ...]
    stopped: str
    interrupted: bool
