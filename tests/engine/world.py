"""A world for the engine: definitions on disk, a transport that can fail, a clock that jumps.

The oracle reads the sandbox's books by itself, so that what is believed to have happened is never asked.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.records import RemoteState
from pennyform.engine.applying.report import ApplyReport, Result
from pennyform.engine.journal.reading import read
from pennyform.engine.journal.records import Record
from pennyform.engine.journal.store import FolderJournal
from pennyform.engine.limits import Patience
from pennyform.engine.planning.plan import Plan
from pennyform.engine.planning.planner import plan
from pennyform.engine.runtime import Disk, Runtime, Storage
from pennyform.engine.session import CompanyState, open_session, refresh_read_only
from pennyform.engine.state_folder import StateFolder
from pennyform.engine.verify import Verification, verify
from pennyform.findings import errors
from pennyform.invoices import Repository, load
from pennyform.results.apply import Status
from pennyform.sandbox import TOKEN, Rules, Sandbox
from pennylane_company import Client, Clock, Retries

API = "https://app.pennylane.com/api/external/v2"
SECRET = "a key that only the tests have, and long enough"
KEY = StateFolder(Path(), SECRET).key()
PATIENCE = Patience(settle=(1.0, 5.0, 30.0), lag=(1.0, 2.0))

CUSTOMER = """\
external_reference: ACME
customer_type: company
name: ACME SAS
billing_address:
  address: 1 rue de la Paix
  postal_code: "75002"
  city: Paris
  country_alpha2: FR
"""
PRODUCT = """\
external_reference: DAY
label: Consulting day
price_before_tax: "650.00"
vat_rate: FR_200
unit: day
"""


def invoice(
    reference: str,
    *,
    finalize: bool = False,
    lines: str = "",
    more: str = "",
    options: str = "",
    date: str = "2025-10-01",
) -> str:
    """The YAML of a definition with one line of 2 x 100.00, unless ``lines`` says otherwise."""
    return (
        f"external_reference: {reference}\n"
        "customer: ACME\n"
        f"date: {date}\n"
        "deadline: 2025-10-31\n"
        f"{more}"
        "invoice_lines:\n"
        f"{lines or line()}"
        f"options:\n  finalize: {str(finalize).lower()}\n{options}"
    )


def line(
    label: str = "Consulting", quantity: str = "2", price: str = "100.00", vat: str = "FR_200", more: str = ""
) -> str:
    """One line of a definition."""
    return (
        f"  - label: {label}\n    quantity: {quantity}\n    unit: hour\n"
        f'    raw_currency_unit_price: "{price}"\n    vat_rate: {vat}\n{more}'
    )


class FakeClock(Clock):
    """Both the engine's and the client's clock: sleeping takes no time and is written down."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime(2025, 10, 1, 9, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def time(self) -> float:
        return self.now().timestamp()

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


Handler = Callable[[httpx.Request], httpx.Response]
Trick = Callable[[httpx.Request, Handler], httpx.Response]


@dataclass
class Fault:
    """Plays ``trick`` on the requests that match, ``times`` times from the ``skip``-th on."""

    method: str
    path: str
    trick: Trick
    times: int = 1
    skip: int = 0

    def applies(self, request: httpx.Request) -> bool:
        if request.method not in self.method.split("|") or not re.search(self.path + r"$", request.url.path):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return self.times >= 0


class Wire(httpx.BaseTransport):
    """The sandbox's transport, with faults; keeps every request that was sent."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self.carried_out: list[str] = []
        self.refused = 0
        self.faults: list[Fault] = []
        self.sent: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        for fault in self.faults:
            if fault.applies(request):
                return fault.trick(request, self._handle)
        return self._handle(request)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        """What the server does, whoever hears of it."""
        answer = self._inner.handle_request(request)
        if answer.is_success:
            self.carried_out.append(f"{request.method} {request.url.path}")
        else:
            self.refused += 1
        return answer

    def done(self, path: str) -> int:
        """How often the server carried out a write to ``path``, by its end."""
        return sum(entry.endswith(path) and entry[:3] != "GET" for entry in self.carried_out)

    def deliver(self, request: httpx.Request) -> httpx.Response:
        """Hand a request over late, as a network may."""
        return self._handle(request)

    def count(self, method: str, path: str = "") -> int:
        return sum(
            request.method == method and bool(re.search(path + r"$", request.url.path))
            for request in self.sent
        )


def lost_before(request: httpx.Request, handle: Handler) -> httpx.Response:
    """The request is lost on its way."""
    raise httpx.ReadTimeout("no answer", request=request)


def lost_after(request: httpx.Request, handle: Handler) -> httpx.Response:
    """The request is carried out, its answer is lost."""
    handle(request)
    raise httpx.ReadTimeout("no answer", request=request)


def never_opened(request: httpx.Request, handle: Handler) -> httpx.Response:
    """No connection is made."""
    raise httpx.ConnectError("refused", request=request)


def broken_after(request: httpx.Request, handle: Handler) -> httpx.Response:
    """The request is carried out; a proxy answers 200 with HTML."""
    handle(request)
    return httpx.Response(200, headers={"content-type": "text/html"}, text="<html>hello</html>")


def unavailable_before(request: httpx.Request, handle: Handler) -> httpx.Response:
    """503, nothing done."""
    return httpx.Response(503, text="try later")


def unavailable_after(request: httpx.Request, handle: Handler) -> httpx.Response:
    """503, and yet it was carried out."""
    handle(request)
    return httpx.Response(503, text="try later")


# Answers after which it is unknown whether a request was carried out.
AMBIGUOUS = [lost_before, lost_after, broken_after, unavailable_before, unavailable_after]


def answering(status: int, body: Any) -> Trick:
    """Nothing is done; ``body`` is the answer."""
    return lambda request, handle: httpx.Response(status, json=body)


def changing(change: Callable[[Any], None]) -> Trick:
    """The answer's body is changed in place."""

    def trick(request: httpx.Request, handle: Handler) -> httpx.Response:
        answer = handle(request)
        body = json.loads(answer.read())
        change(body)
        return httpx.Response(answer.status_code, json=body)

    return trick


@dataclass
class Office:
    """One company's repository and account."""

    root: Path
    rules: Rules = field(default_factory=Rules)
    clock: FakeClock = field(default_factory=FakeClock)
    storage: Storage = field(default_factory=Disk)
    stop_after: int | None = None
    token: str = TOKEN
    workers: int = 1
    # What a test asks for beyond what it writes down as YAML.
    adjust: Callable[[Repository], Repository] = lambda repository: repository
    # Where definitions are loaded from: what places in the output are relative to.
    at: Path | None = None

    def __post_init__(self) -> None:
        self.root.mkdir(exist_ok=True)
        (self.root / ".pennyform").mkdir(exist_ok=True)
        # Commands that a test runs share the journal; what it was before comes back after the test.
        os.environ.update(state_variables(self.root))
        self.write("pennyform.yaml", "version: 1\nenvironment: sandbox\nrounding: line\n")
        self.write("customers/acme.yaml", CUSTOMER)
        self._open()

    def _open(self) -> None:
        database = self.root / ".pennyform" / "sandbox.db"
        self.sandbox = Sandbox(database, clock=self.clock.now, rate_limit=False, rules=self.rules)
        self.wire = Wire(self.sandbox.transport())

    def reopen(self, rules: Rules) -> None:
        """The same books, kept by other rules."""
        self.close()
        self.rules = rules
        self._open()

    def close(self) -> None:
        self.sandbox.close()

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def define(self, reference: str, **more: Any) -> None:
        self.write(f"invoices/{reference}.yaml", invoice(reference, **more))

    # --- the engine ---------------------------------------------------------------------------------

    def repository(self) -> Repository:
        repository, findings = load([self.at or self.root])
        assert errors(findings) == []
        return self.adjust(repository)

    def remote(self) -> AccountClient:
        return AccountClient(
            Client(
                self.token,
                transport=self.wire,
                rate_limit=None,
                retries=Retries(attempts=3),
                clock=self.clock,
            )
        )

    def state(self) -> CompanyState:
        company = self.remote().company()
        name = f"{self.service}-{company.id}"
        return CompanyState(company, FolderJournal(state_in(self.root), name, self.machine()))

    @property
    def service(self) -> str:
        """What the account is called in the name of its journal."""
        return f"books-{self.sandbox.books_id()}"

    def machine(self) -> Runtime:
        return replace(
            Runtime.system(),
            clock=self.clock,
            storage=self.storage,
            patience=PATIENCE,
            workers=self.workers,
        )

    def looked_up(self) -> RemoteState:
        """What a plan looks up."""
        return refresh_read_only(self.repository(), self.remote(), self.state()).remote

    def plan(self) -> Plan:
        return plan(self.repository(), self.looked_up())

    def apply(
        self, told: Mapping[str, Sequence[str]] | None = None, *, prune: bool = False, **options: Any
    ) -> ApplyReport:
        with open_session(
            self.repository(),
            self.remote(),
            self.state(),
            self.machine(),
            interrupted=self._interrupted,
            **options,
        ) as session:
            session.confirm_mails(**(told or {}))
            session.resolve_past_outcomes()
            made = session.plan(prune=prune)
            before, refused = len(self.wire.sent), self.wire.refused
            report = session.apply(made, lambda done, total: None)
            if _went_well(report) and not self.wire.faults and self.wire.refused == refused:
                assert len(self.wire.sent) - before == made.document().requests
            return report

    def verify(self) -> Verification:
        looked = refresh_read_only(self.repository(), self.remote(), self.state())
        return verify(self.repository(), looked.remote)

    def _interrupted(self) -> bool:
        writes = sum(request.method != "GET" for request in self.wire.sent)
        return self.stop_after is not None and writes >= self.stop_after

    # --- the oracle ---------------------------------------------------------------------------------

    def books(self) -> dict[str, list[dict[str, Any]]]:
        """All invoices that the sandbox has, by reference, read past the client and the engine."""
        return books_of(self.sandbox)

    @property
    def journal(self) -> Path:
        return next((self.root / ".pennyform" / "journal").glob("*.jsonl"))


def state_in(root: Path) -> StateFolder:
    """The state of an office lies in its own folder: the key does not."""
    return StateFolder(root / ".pennyform", SECRET)


def state_variables(root: Path) -> dict[str, str]:
    """The same for commands."""
    return {"PENNYFORM_STATE": str(root / ".pennyform"), "PENNYFORM_STATE_KEY": SECRET}


def key_of(journal: Path) -> bytes:
    """What the journal of an office is signed with."""
    return StateFolder(Path(), SECRET).journal_key(journal.stem)


def records_of(journal: bytes | Path, key: bytes = KEY) -> list[Record]:
    """The records of an office's journal, or of bytes that ``key`` signed; a damaged one is refused."""
    if isinstance(journal, Path):
        return records_of(journal.read_bytes(), key_of(journal))
    records: list[Record] = []
    read(journal, records.append, key, name="journal")
    return records


def books_of(sandbox: Sandbox) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in read_all(sandbox, "/customer_invoices"):
        found.setdefault(row["external_reference"], []).append(row)
    return found


def read_all(sandbox: Sandbox, path: str) -> Iterator[dict[str, Any]]:
    with raw(sandbox) as caller:
        cursor: str | None = None
        while True:
            parameters: dict[str, Any] = {"limit": 100, "sort": "id"} | ({"cursor": cursor} if cursor else {})
            page = caller.get(API + path, params=parameters).raise_for_status().json()
            yield from page["items"]
            cursor = page["next_cursor"]
            if not page["has_more"]:
                return


def raw(sandbox: Sandbox) -> httpx.Client:
    """Plain httpx on the sandbox, for what a person would do there by hand."""
    return httpx.Client(transport=sandbox.transport(), headers={"authorization": f"Bearer {TOKEN}"})


def _went_well(report: ApplyReport) -> bool:
    return all(result.status in {Status.DONE, Status.UNCHANGED} for result in report.results)


def by_reference(report: ApplyReport) -> dict[str, Result]:
    return {result.change.external_reference: result for result in report.results}


def actions(made: Plan) -> dict[str, str]:
    return {change.external_reference: str(change.action) for change in made.invoices}


def statuses(report: ApplyReport) -> dict[str, str]:
    return {reference: str(result.status) for reference, result in by_reference(report).items()}


def only(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    assert len(rows) == 1
    return rows[0]
