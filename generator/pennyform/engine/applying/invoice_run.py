"""One invoice on its way through the steps of its change: where it is, and what it became."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from pennyform.engine.account.state import RemoteInvoice
from pennyform.engine.applying.report import Result
from pennyform.engine.journal.records import Subject
from pennyform.engine.planning.actions import FINAL, InvoiceChange, Step, Task
from pennyform.engine.planning.diff import Difference, diff_invoice
from pennyform.engine.planning.patch import finalized_update_body
from pennyform.engine.planning.post_finalize_tasks import mail_doubt
from pennyform.engine.planning.resolve import Resolved
from pennyform.results.apply import Status

_STILL_DRAFT = Difference("/draft", want=False, have=True)


@dataclass(eq=False, slots=True)
class InvoiceRun:
    """The state of one invoice during an apply.

    ``resolved`` is what it must equal, with all ids known. ``uncertain`` tells that the last write may or may
    not have been done, ``doubted_at`` since when (monotonic seconds), ``repeats`` how often it was sent
    again. ``file_id`` is the uploaded file that an import is about to use. ``shared`` tells that another
    machine is at work on the same invoice. ``ended`` is set once: then no further step is taken.
    """

    change: InvoiceChange
    resolved: Resolved
    id: int | None
    there: RemoteInvoice | None
    position: int = 0
    attempts: int = 0
    uncertain: str = ""
    doubted_at: float = 0.0
    repeats: int = 0
    taken: bool = False
    file_id: int | None = None
    tasks: deque[Task] = field(default_factory=deque)
    doubts: tuple[str, ...] = ()
    shared: bool = False
    ended: Status | None = None
    detail: str = ""
    differences: tuple[Difference, ...] = ()

    @property
    def subject(self) -> Subject:
        """What its records in the journal are about."""
        return Subject("invoice", self.change.external_reference)

    @property
    def left(self) -> tuple[Step, ...]:
        """The steps not taken yet."""
        return self.change.steps[self.position :]

    @property
    def next(self) -> Step | None:
        """The step to take now; None when there is none, or none may be taken any more."""
        return self.left[0] if self.left and self.ended is None else None

    @property
    def task(self) -> Task | None:
        """The task to take now; None while steps are left, and when nothing is to be done any more."""
        return self.tasks[0] if self.tasks and not self.left and self.ended is None else None

    @property
    def is_final(self) -> bool:
        """Whether by now it should not be a draft."""
        before = self.change.steps[: self.position]
        was = self.change.there is not None and not self.change.there.draft
        return was or not FINAL.isdisjoint(before)

    def advance(self) -> None:
        """The step at hand is taken."""
        self.position += 1

    def end(self, status: Status, detail: str = "") -> None:
        """No further step is taken."""
        self.ended, self.detail = status, detail

    def doubt(self, why: str, *, taken: bool, at: float) -> None:
        """The write at hand may have been done. A reading decides, unless the invoice has no id yet.

        Args:
            why: what was heard instead of an answer.
            taken: the API refused it because the reference exists.
            at: when, in monotonic seconds.
        """
        self.uncertain, self.taken, self.doubted_at = why, taken, at
        if self.next in {Step.CREATE, Step.IMPORT}:
            return
        if taken:
            self.end(Status.FAILED, why)
        elif self.next in {Step.SET_ASIDE, Step.DELETE}:
            self.end(Status.UNKNOWN, why)
        else:
            self.advance()

    def settle(self, id_: int | None, *, unknown: bool) -> None:
        """Go on from what look-ups showed of a doubtful creation; proven absent, it may be sent again."""
        if id_ is not None:
            self.id = id_
            if self.taken:
                self.share(final=self.next is Step.IMPORT)
            self.advance()
        elif self.taken:
            self.end(Status.FAILED, f"{self.uncertain}; yet no invoice is shown under its reference")
        elif unknown:
            self.end(Status.UNKNOWN, self.uncertain)
        self.uncertain = ""

    def share(self, *, final: bool) -> None:
        """Somebody else is at work on it too: from now on, each task may have been done meanwhile.

        Args:
            final: they made it final, so that they may have mailed it as well, and it is not mailed twice.
        """
        self.shared = True
        if final and any(task.step is Step.MAIL for task in self.tasks):
            self.tasks = deque(task for task in self.tasks if task.step is not Step.MAIL)
            self.doubts = (*self.doubts, mail_doubt(self.change.external_reference))

    def may_repeat(self, attempts: int) -> bool:
        """Whether the write in doubt was a finalization that is now seen not to have been carried out.

        Only that one may be sent again: a second one does nothing but be refused.
        """
        lost = self.position > 0 and self.change.steps[self.position - 1] is Step.FINALIZE
        return lost and self.differences == (_STILL_DRAFT,) and self.repeats + 1 < attempts

    def step_back(self) -> None:
        """Take the step before the reading again."""
        self.position -= 1
        self.repeats += 1

    @property
    def known_id(self) -> int:
        """The id, at a step that cannot be reached without one."""
        if self.id is None:
            raise ValueError(f"{self.change.external_reference} has no id yet")
        return self.id

    @property
    def replaced_id(self) -> int:
        """The id of the draft that this one replaces."""
        if self.change.there is None:
            raise ValueError(f"{self.change.external_reference} replaces nothing")
        return self.change.there.id

    def completion(self) -> dict[str, Any] | None:
        """The body that sets what a draft could not carry, on the invoice as it was last read."""
        return finalized_update_body(self.resolved, self.there) if self.there else None

    def accepts(self, there: RemoteInvoice) -> bool:
        """Whether ``there`` is what it should be at this point, to the cent; keeps what differs if not."""
        self.there = there
        comparison = diff_invoice(self.resolved, there)
        self.differences = comparison.all
        unnamed = bool(self.change.desired.e_invoice_lines) and Step.COMPLETE in self.left
        if there.external_reference != self.change.external_reference and not unnamed:
            return False
        if there.draft and self.is_final:
            self.differences = (*self.differences, _STILL_DRAFT)
            return False
        if Step.COMPLETE in self.left and not there.draft:
            return finalized_update_body(self.resolved, there) is not None
        return comparison.equal

    def result(self, stopped: str) -> Result:
        """What to report; ``stopped`` is why the run ended early, if it did."""
        left = [str(step) for step in self.left if step is not Step.READ_BACK]
        left += [task.key for task in self.tasks]
        begun = self.position or len(self.tasks) < len(self.change.tasks)
        unfinished = Status.PARTIAL if begun else Status.NOT_STARTED
        finished = Status.UNKNOWN if self.doubts else Status.DONE
        return Result(
            self.change,
            self.ended or (unfinished if left else finished),
            id=self.id,
            invoice_number=self.there.invoice_number if self.there else "",
            draft=self.there.draft if self.there else None,
            left=tuple(left),
            detail=self.detail or (stopped if left else "; ".join(self.doubts)),
            differences=self.differences if self.ended in {Status.DIFFERS, Status.UNKNOWN} else (),
        )
