"""Two machines, one company: another checkout with a journal of its own applies in the middle of an apply."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from pennyform.engine.account.errors import OutcomeError
from pennyform.engine.applying.report import ApplyReport
from pennyform.engine.runtime import Disk
from pennyform.results.apply import Status

from tests.engine.world import Fault, Office, Wire, lost_before

from . import scene

# What an apply may have to say that met another one: a mail shows nowhere, and a draft may be gone.
_ACCEPTABLE = re.compile(
    "--not-mailed|replaced meanwhile; the next apply looks again"
    "|that changed since the plan was made; plan again"
)
_TWICE = "2 appendices"


@dataclass
class Barging(httpx.BaseTransport):
    """Lets the rival do all its work before, or after, one request is carried out."""

    inner: httpx.BaseTransport
    rival: Office
    at: int
    before: bool
    count: int = 0
    report: ApplyReport | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.count += 1
        if self.count != self.at:
            return self.inner.handle_request(request)
        if self.before:
            self.report = self.rival.apply()
        answer = self.inner.handle_request(request)
        answer.read()
        if not self.before:
            self.report = self.rival.apply()
        return answer


@dataclass
class Rivalry:
    """The scene, checked out twice."""

    folder: Path
    statuses: Counter[str] = field(default_factory=Counter)
    twice: int = 0

    def __post_init__(self) -> None:
        self.one = scene.build(self.folder / "one")
        self.books = self.one.sandbox.copy()
        self.other = _checkout(self.one, self.folder / "other")

    def meet(self, at: int, *, before: bool) -> bool:
        """Let the other apply around the one's request of that number, and look at the books.

        Returns:
            Whether there was such a request.
        """
        self._begin()
        barging = Barging(self.one.sandbox.transport(), self.other, at, before)
        self.one.wire = Wire(barging)
        # Another machine is a fault as well: the plan does not foresee its requests.
        self.one.wire.faults = [Fault("NONE", "", lost_before)]
        reports = []
        try:
            reports.append(self.one.apply())
        except OutcomeError:
            # What was being looked at while planning is gone; nothing was changed, and one may try again.
            self.statuses["not planned"] += 1
        if barging.report is None:
            return False
        reports.append(barging.report)
        for done in reports:
            self.statuses.update(str(result.status) for result in done.results)
        wrong = self._wrong(reports)
        assert not wrong, (at, before, wrong)
        return True

    def _begin(self) -> None:
        self.one.sandbox.restore(self.books)
        for office in (self.one, self.other):
            shutil.rmtree(office.root / ".pennyform" / "journal", ignore_errors=True)
            office.storage = Disk()
            office.wire = Wire(self.one.sandbox.transport())
        self.one.wire.carried_out.clear()

    def _wrong(self, reports: list[ApplyReport]) -> list[str]:
        mails = self._mails()
        wrong = [] if mails <= 1 else [f"{mails} mails"]
        wrong += [
            f"{result.change.external_reference}: {result.status}: {result.detail}"
            for report in reports
            for result in report.results
            if result.status not in {Status.DONE, Status.UNCHANGED} and not _ACCEPTABLE.search(result.detail)
        ]
        for office in (self.one, self.other):
            office.wire = Wire(self.one.sandbox.transport())
            told = {"mailed" if mails else "not_mailed": ["INV-1"]}
            again = office.apply(told)
            mails += office.wire.done("send_by_email")
            wrong += [
                f"again {result.change.external_reference}: {result.status}: {result.detail}"
                for result in again.results
                if result.status not in {Status.DONE, Status.UNCHANGED}
            ]
        complaints = scene.complaints(self.one.sandbox)
        # A file that both add between one's look and its request is there twice: the API has no way to tell.
        self.twice += complaints == [_TWICE]
        wrong += [complaint for complaint in complaints if complaint != _TWICE]
        return wrong if mails == 1 else [*wrong, f"{mails} mails in the end"]

    def _mails(self) -> int:
        return sum(office.wire.done("send_by_email") for office in (self.one, self.other))


def _checkout(office: Office, root: Path) -> Office:
    """The same definitions elsewhere, with a journal of their own and the same account."""
    shutil.copytree(office.root, root, ignore=shutil.ignore_patterns(".pennyform"))
    other = Office(root, rules=office.rules, clock=office.clock)
    other.close()
    other.sandbox = office.sandbox
    return other
