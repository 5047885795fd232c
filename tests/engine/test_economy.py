"""What a run costs, counted: requests, and how much of the rate is used. Time is virtual; nothing waits."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
from pennyform.engine.account.client import AccountClient
from pennyform.engine.applying.report import ApplyReport
from pennyform.engine.journal.store import FolderJournal
from pennyform.engine.limits import WORKERS, Patience
from pennyform.engine.planning.planner import make_plan
from pennyform.engine.runtime import Runtime
from pennyform.engine.session import (
    CompanyState,
    Session,
    open_session,
    refresh_read_only,
)
from pennyform.invoices import Repository, load
from pennyform.sandbox import TOKEN, Sandbox
from pennylane_company import Client

from .virtual_time import VirtualPool, VirtualTime
from .world import CUSTOMER, books_of, invoice, line, only, state_in

REQUESTS, SECONDS = 25, 5.0


class Wire(httpx.BaseTransport):
    """Answers take their time; some are refusals instead, and each is counted."""

    def __init__(self, inner: httpx.BaseTransport, time: VirtualTime, latency: float) -> None:
        self._inner, self._time, self.latency = inner, time, latency
        self._random = random.Random(1)
        self.share_of_faults = 0.0
        self.sent: list[tuple[float, str]] = []
        self.answers: Counter[int] = Counter()
        self.injected = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append((self._time.seconds, f"{request.method} {request.url.path}"))
        answer = self.answer(request)
        answer.headers["date"] = format_datetime(self._time.now(), usegmt=True)
        self._time.sleep(self.latency * self._random.uniform(0.5, 1.5))
        return answer

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What the server says, or a proxy before or behind it."""
        if self._random.random() >= self.share_of_faults:
            answer = self._inner.handle_request(request)
            self.answers[answer.status_code] += 1
            return answer
        self.injected += 1
        match self._random.choice(("refused", "lost", "carried out")):
            case "refused":
                return httpx.Response(429, headers={"retry-after": "1"}, text="Too many requests")
            case "carried out":
                self._inner.handle_request(request)
        return httpx.Response(503, text="try later")


@dataclass
class Campaign:
    """One company, its rate enforced, and an apply of many invoices."""

    root: Path
    time: VirtualTime = field(default_factory=VirtualTime)
    latency: float = 0.3
    workers: int = WORKERS

    def __post_init__(self) -> None:
        self.sandbox = Sandbox(clock=self.time.now)
        self.wire = Wire(self.sandbox.transport(), self.time, self.latency)
        self.write("pennyform.yaml", "version: 1\nenvironment: sandbox\nrounding: line\n")
        self.write("customers/acme.yaml", CUSTOMER)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def repository(self) -> Repository:
        repository, findings = load([self.root])
        assert findings == []
        return repository

    def remote(self) -> AccountClient:
        return AccountClient(Client(TOKEN, transport=self.wire, clock=self.time))

    @contextmanager
    def session(self) -> Iterator[Session]:
        runtime = replace(
            Runtime.system(),
            clock=self.time,
            executor=lambda workers: VirtualPool(workers, self.time),
            workers=self.workers,
        )
        remote = self.remote()
        state = state_of(self.root, remote, runtime)
        with open_session(self.repository(), remote, state, runtime, interrupted=lambda: False) as session:
            session.resolve_past_outcomes()
            yield session

    def apply(self) -> ApplyReport:
        with self.session() as session:
            return session.apply(session.plan(), lambda done, total: None)


def state_of(root: Path, remote: AccountClient, runtime: Runtime) -> CompanyState:
    company = remote.company()
    return CompanyState(company, FolderJournal(state_in(root), f"sandbox-{company.id}", runtime))


@pytest.fixture
def campaign(tmp_path: Path) -> Iterator[Campaign]:
    made = Campaign(tmp_path)
    yield made
    made.sandbox.close()


def utilization(wire: Wire) -> float:
    """The share of the allowed requests that was used while there was work."""
    first, last = wire.sent[0][0], wire.sent[-1][0]
    return len(wire.sent) / (REQUESTS + (last - first) * REQUESTS / SECONDS)


def planning(campaign: Campaign) -> int:
    """The requests of a plan with nothing to do."""
    campaign.time.sleep(120.0)
    before = len(campaign.wire.sent)
    remote = campaign.remote()
    state = state_of(campaign.root, remote, Runtime.system())
    looked = refresh_read_only(campaign.repository(), remote, state)
    assert not make_plan(campaign.repository(), looked.remote).pending
    return len(campaign.wire.sent) - before


def define(campaign: Campaign, count: int) -> None:
    """Invoices to be made final; every twentieth has as many lines as a list shows with it."""
    for number in range(count):
        lines = line() * (20 if number % 20 == 0 else 1)
        definition = invoice(f"INV-{number:04}", finalize=True, lines=lines)
        campaign.write(f"invoices/{number:04}.yaml", definition)


def test_the_rate_is_used_and_never_passed(campaign: Campaign) -> None:
    define(campaign, 300)
    report = campaign.apply()
    wire = campaign.wire
    assert report.document().summary == {"done": 301}
    # /me, customers, the dates asked for, later dates; whether the customer is there already; the customer;
    # 300 drafts, read 33 at a time; its card for every hundred that become final, and once more; whose
    # account it is, likewise for every hundred; 300 finalized, read by the 99.
    assert len(wire.sent) == 4 + 1 + 1 + 300 + 11 + 3 + 1 + 3 + 300 + 4
    assert wire.answers[429] == 0
    # One invoice becomes final after the other, and yet hardly a request of the rate is left unused.
    assert utilization(wire) > 0.9
    # One more where products are named.
    assert [planning(campaign) for _ in range(2)] == [5, 5]


def test_a_tenth_of_the_answers_refused_or_lost_costs_less_than_a_quarter_more(campaign: Campaign) -> None:
    define(campaign, 300)
    campaign.wire.share_of_faults = 0.1
    report = campaign.apply()
    wire, floor = campaign.wire, 600
    assert report.document().summary == {"done": 301}
    assert wire.injected > 0.08 * len(wire.sent)
    assert wire.answers[429] == 0
    assert len(wire.sent) < 1.25 * floor
    books = books_of(campaign.sandbox)
    assert len(books) == 300
    assert all(not only(rows)["draft"] for rows in books.values())


def test_customers_and_products_are_created_side_by_side(campaign: Campaign) -> None:
    for number in range(12):
        name = f"CUSTOMER-{number:02}"
        campaign.write(f"customers/{number}.yaml", CUSTOMER.replace("ACME", name))
        made = invoice(f"INV-{number:02}").replace("ACME", name)
        campaign.write(f"invoices/{number}.yaml", made)
    campaign.latency = campaign.wire.latency = 1.0
    campaign.apply()
    created = [when for when, what in campaign.wire.sent if what.endswith("company_customers")]
    assert len(created) == 12
    assert created[campaign.workers - 1] == created[0]


def test_doubtful_customers_are_looked_up_together(campaign: Campaign) -> None:
    for number in range(12):
        name = f"CUSTOMER-{number:02}"
        campaign.write(f"customers/{number}.yaml", CUSTOMER.replace("ACME", name))
        made = invoice(f"INV-{number:02}").replace("ACME", name)
        campaign.write(f"invoices/{number}.yaml", made)
    lost = 4
    answer = campaign.wire.answer

    def losing(request: httpx.Request) -> httpx.Response:
        nonlocal lost
        if request.url.path.endswith("company_customers") and lost:
            lost -= 1
            return httpx.Response(503, text="try later")
        return answer(request)

    campaign.wire.answer = losing  # type: ignore[method-assign]
    assert campaign.apply().document().summary == {"done": 24}
    lookups = sum(what.endswith("/customers") for _, what in campaign.wire.sent)
    # By reference, and whether they are there already.
    assert lookups == 2 + len(Patience().settle)


@pytest.mark.parametrize("count", [1, 24, 25, 26, 60])
def test_the_plan_tells_the_seconds_that_the_rate_limit_costs(campaign: Campaign, count: int) -> None:
    define(campaign, count)
    campaign.workers, campaign.wire.latency = 1, 0.0
    with campaign.session() as session:
        made = session.plan()
        campaign.time.sleep(60.0)
        already = len(campaign.wire.sent)
        session.apply(made, lambda done, total: None)
    sent = campaign.wire.sent[already:]
    make_plan = made.document()
    assert make_plan.requests == len(sent)
    assert make_plan.seconds == math.ceil(sent[-1][0] - sent[0][0])
