"""What the parts of one apply share: the account, and the way to write to it through the journal.

Each write is journalled ahead: the intent is made durable, the request sent, the outcome noted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf, isinf
from pathlib import Path
from threading import RLock
from typing import TypeVar

from msgspec import UNSET

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.errors import (
    ForeignAnswerError,
    NotAllowedError,
    NotSentError,
    OutcomeError,
    RateExhaustedError,
    RefusedError,
    UnknownOutcomeError,
    UnreadableError,
)
from pennyform.engine.account.records import Company
from pennyform.engine.applying.finalization import BuyerCheck
from pennyform.engine.issued import CheckDocument
from pennyform.engine.journal.journal import Journal, JournalError
from pennyform.engine.journal.records import (
    Acknowledged,
    Intent,
    Record,
    Refused,
    Subject,
    Unknown,
    as_text,
)
from pennyform.engine.limits import COMPANY_SECONDS, COMPANY_WRITES, UNKNOWN_IN_A_ROW
from pennyform.engine.planning.actions import IRREVERSIBLE
from pennyform.engine.recovery import UnknownOutcomeResolver
from pennyform.engine.runtime import Clock, Runtime
from pennyform.invoices.model import Attachment, Key

T = TypeVar("T")

# Called after each write with the number of writes done and the number there are in all.
Progress = Callable[[int, int], None]


@dataclass(eq=False, slots=True)
class CompanyCheck:
    """Asks again whose account the token opens, before what cannot be taken back is written.

    No other answer names the company. An answer holds for ``COMPANY_WRITES`` such writes and
    ``COMPANY_SECONDS``, unless something is amiss: an invoice that is not there any more, or is another one.
    ``company`` is the one that the plan is for.
    """

    account: AccountClient
    company: Company
    clock: Clock
    _at: float = -inf
    _writes: int = 0

    def doubt(self) -> None:
        """Let the next write ask."""
        self._at = -inf

    def check(self) -> None:
        """Ask, unless an answer still holds. While a thread asks, an earlier answer holds for the others.

        Raises:
            NotSentError: it is another company.
            OutcomeError: it cannot be read.
        """
        now, self._writes = self.clock.monotonic(), self._writes + 1
        if now - self._at <= COMPANY_SECONDS and self._writes <= COMPANY_WRITES:
            return
        if not isinf(self._at):
            self._at, self._writes = now, 1
        try:
            self._ask()
        except OutcomeError:
            self.doubt()
            raise
        self._at, self._writes = now, 1

    def _ask(self) -> None:
        try:
            now = self.account.company()
        except (NotAllowedError, NotSentError, RateExhaustedError):
            raise
        except OutcomeError as problem:
            raise UnreadableError(f"it cannot be read whose account this is: {problem}") from problem
        if (now.id, now.reg_no) != (self.company.id, self.company.reg_no):
            planned = f"{self.company.name} ({self.company.id})"
            raise NotSentError(
                f"the plan is for the company {planned}, and the account is that of {now.name} ({now.id}) now"
            )


@dataclass(eq=False, slots=True)
class JournalledSender:
    """Sends writes, of several threads at once, and knows when no more may be sent.

    ``company`` is asked before what cannot be taken back, ``interrupted`` and ``overdue`` before each write:
    whether a person wants it to stop, and whether the run has taken too long. ``total`` is how many writes
    there are. ``stopped`` says why nothing more is sent; ``try_later`` that the reason will pass.
    """

    journal: Journal
    company: CompanyCheck
    interrupted: Callable[[], bool]
    overdue: Callable[[], bool]
    progress: Progress
    total: int
    done: int = 0
    stopped: str = ""
    try_later: bool = False
    _unknown_in_a_row: int = 0
    # The journal is one chain of records, whichever thread writes them. Reentrant: `note` is also called
    # while it is held.
    _lock: RLock = field(default_factory=RLock)

    def must_stop(self) -> bool:
        """Whether nothing more may be sent."""
        if self.interrupted():
            self.stop("interrupted")
        elif self.overdue():
            self.try_later = self.try_later or not self.stopped
            self.stop("the run's time limit is reached")
        return bool(self.stopped)

    def stop(self, why: str) -> None:
        """Let nothing more be sent; the first reason counts."""
        self.stopped = self.stopped or why

    def send(
        self, subject: Subject, step: str, request: Callable[[], T], id_: int | None = None, card: str = ""
    ) -> T:
        """Send one write.

        Args:
            subject: what it is about.
            step: what it does, for the journal.
            request: sends it.
            id_: the id it is about, when there is one already.
            card: a digest of the customer's card that it makes final.

        Raises:
            OutcomeError: it did not succeed.
            JournalError: the intent could not be written, and nothing was sent.
        """
        kind, reference = subject
        if step.partition(" ")[0] in IRREVERSIBLE:
            self._check_company()
        try:
            with self._lock:
                self.journal.write(
                    Intent(kind=kind, reference=reference, step=step, id=id_, card=card or UNSET)
                )
        except JournalError as problem:
            self.stop(str(problem))
            raise
        try:
            answer = request()
        except OutcomeError as problem:
            with self._lock:
                unknown = isinstance(problem, UnknownOutcomeError)
                record = Unknown if unknown else Refused
                self.note(record(kind=kind, reference=reference, step=step, why=as_text(problem)))
                self._unknown_in_a_row = self._unknown_in_a_row + 1 if unknown else 0
                if self._unknown_in_a_row >= UNKNOWN_IN_A_ROW:
                    self.stop(f"{UNKNOWN_IN_A_ROW} answers in a row were lost; the last: {problem}")
                self._stop_if_general(problem)
            if isinstance(problem, ForeignAnswerError) or getattr(problem, "status", None) == 404:
                self.company.doubt()
            raise
        # What creates something answers with its id; that of an uploaded file is not the invoice's.
        if isinstance(answer, int) and step != "upload_file":
            id_ = answer
        with self._lock:
            self._unknown_in_a_row = 0
            self.note(Acknowledged(kind=kind, reference=reference, step=step, id=id_))
            self.done += 1
            self.progress(self.done, self.total)
        return answer

    def _check_company(self) -> None:
        try:
            self.company.check()
        except OutcomeError as problem:
            with self._lock:
                self._stop_if_general(problem)
            raise

    def _stop_if_general(self, problem: OutcomeError) -> None:
        """Let nothing more be sent after what would happen to every other request too."""
        if isinstance(problem, NotAllowedError | NotSentError | RateExhaustedError):
            self.try_later = isinstance(problem, RateExhaustedError)
            self.stop(str(problem))

    def note(self, record: Record) -> None:
        """Write down what happened; if that fails, it still happened, but nothing more is sent."""
        try:
            with self._lock:
                self.journal.write(record)
        except JournalError as problem:
            self.stop(str(problem))


@dataclass(frozen=True, slots=True)
class ApplyContext:
    """The account, the ways to write to it and to look up what became of a write, and the machine.

    ``check_document`` looks at the document of an invoice before it is mailed or given to the platform; None
    where nobody asks for that.

    ``root`` is the folder that attached files lie in; ``buyers`` looks at customers' cards before invoices
    become final. ``ids`` are those of customers, products and invoices that this apply has created or seen,
    ``numbers`` the legal numbers of the invoices that it made final, by reference. They grow while it runs.
    ``not_ready`` tells, by kind and reference or id, why a customer or product is not what is declared: no
    invoice that names it is written.
    """

    account: AccountClient
    sender: JournalledSender
    resolver: UnknownOutcomeResolver
    runtime: Runtime
    root: Path
    buyers: BuyerCheck
    check_document: CheckDocument | None = None
    ids: dict[Subject, int] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    not_ready: dict[tuple[str, str | int], str] = field(default_factory=dict)

    def identify(self, key: Key) -> int | None:
        """The id that a natural key stands for; None when it has none yet."""
        return self.ids.get(Subject(key.kind, str(key.value)))

    def read_attachment(self, file: Attachment) -> bytes:
        """The bytes of ``file``, if they are still those that were planned.

        Raises:
            RefusedError: the file is gone or was changed.
        """
        try:
            data = self.runtime.storage.read_inside(self.root, self.root / file.path)
        except OSError as problem:
            raise RefusedError(f"{file.path} cannot be read: {problem}", status=0) from problem
        if data is None or hashlib.sha256(data).hexdigest() != file.sha256:
            raise RefusedError(f"{file.path} was changed since it was planned", status=0)
        return data
