"""The state of one invoice during an apply: which step it is at, what is uncertain, and how it ended."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal

from pennyform.engine.account.records import RemoteInvoice
from pennyform.engine.applying.report import Result
from pennyform.engine.journal.records import Subject
from pennyform.engine.planning.actions import FINAL, InvoiceChange, Step, Task
from pennyform.engine.planning.diff import Difference, diff_invoice
from pennyform.engine.planning.patch import finalized_update_body
from pennyform.engine.planning.post_finalize_tasks import mail_doubt
from pennyform.engine.planning.resolve import Resolved
from pennyform.results.apply import Status

CREATIONS = frozenset({Step.CREATE, Step.IMPORT})
# The ends that the differences of the last reading explain.
_TELLING = frozenset({Status.DIFFERS, Status.CONFLICT, Status.UNKNOWN})
# Whether a deleted draft keeps its reference is not documented.
_DELETED = "if its draft was deleted, define the invoice under another external_reference"
_BOOKED = "if it is booked already, delete the definition, else name the file that is meant"
_STILL_DRAFT = Difference("/draft", want=False, have=True)


@dataclass(eq=False, slots=True)
class InvoiceRun:
    """One invoice on its way through the steps and tasks of its change.

    Attributes:
        change: what is to be done.
        resolved: what the invoice must equal, with all ids known.
        id: the invoice's id, once it has one.
        remote: the invoice as it was last read.
        position: the number of steps taken.
        attempts: how often its creation, or its task at hand, was sent or looked up.
        uncertain: why the outcome of the last write is unknown; empty when it is known.
        uncertain_since: since when, in monotonic seconds.
        reference_taken: the creation was refused because its reference exists.
        repeats: how often a write was sent again.
        file_id: the uploaded file that an import is about to use.
        tasks: what is left to do besides the content.
        doubts: what is unknown about its tasks.
        answered_final: the request that made it final was answered so.
        shared: another machine is at work on the same invoice.
        card: a digest of the card that it becomes final with; empty until then.
        reading_failed: it ended before a write, because what that depends on could not be read.
        document_checked: its document was looked at, and is what was asked for.
        status: set once: then no further step is taken.
    """

    change: InvoiceChange
    resolved: Resolved
    id: int | None
    remote: RemoteInvoice | None
    tasks: deque[Task]
    doubts: tuple[str, ...]
    position: int = 0
    attempts: int = 0
    uncertain: str = ""
    uncertain_since: float = 0.0
    reference_taken: bool = False
    repeats: int = 0
    file_id: int | None = None
    answered_final: bool = False
    shared: bool = False
    card: str = ""
    reading_failed: bool = False
    document_checked: bool = False
    status: Status | None = None
    detail: str = ""
    differences: tuple[Difference, ...] = field(default=())

    @property
    def reference(self) -> str:
        """The invoice's ``external_reference``."""
        return self.change.desired.external_reference

    @property
    def subject(self) -> Subject:
        """What its records in the journal are about."""
        return Subject("invoice", self.reference)

    @property
    def remaining_steps(self) -> tuple[Step, ...]:
        """The steps not taken yet."""
        return self.change.steps[self.position :]

    @property
    def next_step(self) -> Step | None:
        """The step to take now; None when there is none, or none may be taken any more."""
        if self.status is not None or self.position >= len(self.change.steps):
            return None
        return self.change.steps[self.position]

    @property
    def past_number(self) -> bool:
        """Whether the request that finalizes it was sent."""
        return Step.FINALIZE in self.change.steps[: self.position]

    @property
    def has_number(self) -> bool:
        """Whether it certainly has the number that this run was to give it, if it was to give it one."""
        if self.status is Status.UNKNOWN and self.remaining_steps:
            return not self.change.is_finalized
        return self.past_number or not self.change.is_finalized

    @property
    def number_is_uncertain(self) -> bool:
        """Whether it was finalized with an unknown outcome."""
        before = self.change.steps[self.position - 1] if self.position else None
        return bool(self.uncertain) and before is Step.FINALIZE

    @property
    def number_is_settled(self) -> bool:
        """Whether it has its number, or will get none in this run."""
        if self.status is not None:
            return True
        return Step.FINALIZE not in self.remaining_steps and not self.number_is_uncertain

    @property
    def next_task(self) -> Task | None:
        """The task to do now; None while steps remain, and when nothing is to be done any more."""
        return self.tasks[0] if self.tasks and not self.remaining_steps and self.status is None else None

    @property
    def known_id(self) -> int:
        """The id, at a step that cannot be reached without one."""
        if self.id is None:
            raise ValueError(f"{self.reference} has no id yet")
        return self.id

    @property
    def replaced_id(self) -> int:
        """The id of the draft that this invoice replaces, at a step that only a replacement has."""
        if self.change.remote is None:
            raise ValueError(f"{self.reference} replaces nothing")
        return self.change.remote.id

    def advance(self) -> None:
        """Go on to the next step."""
        self.position += 1

    def end(self, status: Status, detail: str = "") -> None:
        """Take no further step."""
        self.status, self.detail = status, detail

    def mark_uncertain(self, why: str, *, reference_taken: bool, at: float) -> None:
        """The write at hand may have been carried out. A reading decides, unless the invoice has no id yet.

        Args:
            why: what came instead of an answer.
            reference_taken: the API refused it because the reference exists.
            at: when, in monotonic seconds.
        """
        self.uncertain, self.reference_taken, self.uncertain_since = why, reference_taken, at
        if self.next_step in CREATIONS:
            return
        if reference_taken:
            self.end(Status.FAILED, why)
        elif self.next_step in {Step.SET_ASIDE, Step.DELETE}:
            self.end(Status.UNKNOWN, why)
        else:
            self.advance()

    def resolve_creation(self, id_: int | None, *, unknown: bool) -> None:
        """Go on from what look-ups showed of an uncertain creation; proven absent, it may be sent again.

        Args:
            id_: the invoice that was found.
            unknown: the look-ups did not show whether there is one.
        """
        if id_ is not None:
            self.id = id_
            if self.reference_taken:
                self.mark_shared(final=self.next_step is Step.IMPORT)
            self.advance()
        elif self.reference_taken:
            why = f"{self.uncertain}; yet no invoice is shown under its reference"
            self.end(Status.FAILED, f"{why}: {_BOOKED if self.next_step is Step.IMPORT else _DELETED}")
        elif unknown:
            self.end(Status.UNKNOWN, self.uncertain)
        self.uncertain = ""

    def mark_shared(self, *, final: bool) -> None:
        """Another machine is at work on it too: from now on, each task may have been done meanwhile.

        Args:
            final: it made the invoice final, so it may have mailed it as well, and a mail is not sent twice.
        """
        self.shared = True
        if final and any(task.step is Step.MAIL for task in self.tasks):
            self.tasks = deque(task for task in self.tasks if task.step is not Step.MAIL)
            self.doubts = (*self.doubts, mail_doubt(self.reference))

    def may_repeat(self, attempts: int) -> bool:
        """Whether the uncertain write was a finalization that is now seen not to have been carried out.

        Only finalizing is idempotent: a second request is refused and does nothing else.
        """
        return (
            self.number_is_uncertain and self.differences == (_STILL_DRAFT,) and self.repeats + 1 < attempts
        )

    def repeat_step(self) -> None:
        """Take the step before the reading again."""
        self.position -= 1
        self.repeats += 1

    def accept(self, remote: RemoteInvoice) -> bool:
        """Whether ``remote`` is what it should be at this point, to the cent; keeps what differs if not."""
        self.remote = remote
        change, must_complete = self.change, Step.COMPLETE in self.remaining_steps
        comparison = diff_invoice(self.resolved, remote)
        self.differences = comparison.all
        # The import of an electronic invoice has no place for a reference: it is set by COMPLETE.
        may_lack_reference = bool(change.desired.e_invoice_lines) and must_complete
        if remote.external_reference != self.reference and not may_lack_reference:
            return False
        was_final = change.remote is not None and not change.remote.draft
        if remote.draft and (was_final or not FINAL.isdisjoint(change.steps[: self.position])):
            self.differences = (*self.differences, _STILL_DRAFT)
            return False
        if must_complete and not remote.draft:
            return finalized_update_body(self.resolved, remote) is not None
        return comparison.equal

    def _final_amount(self) -> Decimal | None:
        """What it comes to, tax included, if this apply made it final, whether that was read back or not."""
        if not self.change.irreversible:
            return None
        planned = self.resolved.totals.amount
        if self.remote is None or self.remote.draft:
            return planned if self.answered_final else None
        amount = self.remote.currency_amount
        # Of equal numbers, the one with the decimals of its currency.
        return planned if amount in {None, planned} else amount

    def result(self, stopped: str) -> Result:
        """What to report; ``stopped`` is why the run ended early, if it did."""
        remaining = [str(step) for step in self.remaining_steps if step is not Step.READ_BACK]
        remaining += [task.key for task in self.tasks]
        begun = self.position or len(self.tasks) < len(self.change.tasks)
        unfinished = Status.PARTIAL if begun else Status.NOT_STARTED
        finished = Status.UNKNOWN if self.doubts else Status.DONE
        return Result(
            self.change,
            self.status or (unfinished if remaining else finished),
            id=self.id,
            invoice_number=self.remote.invoice_number if self.remote else "",
            draft=self.remote.draft if self.remote else None,
            final_amount=self._final_amount(),
            remaining_steps=tuple(remaining),
            detail=self.detail or (stopped if remaining else "; ".join(self.doubts)),
            differences=self.differences if self.status in _TELLING else (),
            reading_failed=self.reading_failed,
        )
