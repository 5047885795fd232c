"""Faults in-process: what a client sees, and what the books hold afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pennyform.sandbox import TOKEN, Sandbox
from pennyform.sandbox.faults import (
    ClockJump,
    Dropped,
    Duplicate,
    Ending,
    Fault,
    Faults,
    FilterIgnored,
    Garbled,
    Html,
    Lag,
    Late,
    Latency,
    Meanwhile,
    NewerContract,
    RateLimited,
    Slow,
    Stale,
    TokenExpired,
    Truncated,
    Unavailable,
)

from .bodies import company, product
from .conftest import BASE_URL, Clock

TIMEOUT = httpx.Timeout(connect=3, read=10, write=4, pool=5)


@dataclass
class Desk:
    """A sandbox with faults, a client that waits by the fake clock, and an oracle past all faults."""

    sandbox: Sandbox
    clock: Clock
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        headers = {"authorization": f"Bearer {TOKEN}"}
        self.api = httpx.Client(
            transport=self.sandbox.transport(sleep=self.sleep),
            base_url=BASE_URL,
            headers=headers,
            timeout=TIMEOUT,
        )

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds=seconds)

    def schedule(self, *faults: Fault) -> None:
        for fault in faults:
            self.sandbox.faults.schedule(fault)

    def create(self, reference: str = "ACME") -> httpx.Response:
        return self.api.post("/company_customers", json=company(external_reference=reference))

    def listed(self) -> list[str]:
        return references(self.api.get("/customers").json())

    def kept(self) -> list[str]:
        """What the books hold, whatever goes wrong."""
        before, self.sandbox.faults = self.sandbox.faults, Faults()
        try:
            return self.listed()
        finally:
            self.sandbox.faults = before


def references(page: dict[str, Any]) -> list[str]:
    return [item["external_reference"] for item in page["items"]]


@pytest.fixture
def desk(sandbox: Sandbox, clock: Clock) -> Iterator[Desk]:
    desk = Desk(sandbox, clock)
    yield desk
    desk.api.close()


EXCEPTIONS = {
    Ending.CONNECT_ERROR: (httpx.ConnectError, []),
    Ending.CONNECT_TIMEOUT: (httpx.ConnectTimeout, [3]),
    Ending.POOL_TIMEOUT: (httpx.PoolTimeout, [5]),
    Ending.WRITE_ERROR: (httpx.WriteError, []),
    Ending.WRITE_TIMEOUT: (httpx.WriteTimeout, [4]),
    Ending.READ_ERROR: (httpx.ReadError, []),
    Ending.READ_TIMEOUT: (httpx.ReadTimeout, [10]),
    Ending.DISCONNECTED: (httpx.RemoteProtocolError, []),
}


@pytest.mark.parametrize("how", EXCEPTIONS)
def test_a_dropped_request_raises_what_httpx_raises_and_takes_as_long(desk: Desk, how: Ending) -> None:
    desk.schedule(Dropped(how=how, method="POST"))
    with pytest.raises(EXCEPTIONS[how][0]) as raised:
        desk.create()
    assert raised.value.request.method == "POST"
    assert desk.slept == EXCEPTIONS[how][1]
    assert desk.kept() == []


def test_every_ending_is_known_to_the_transport() -> None:
    assert set(EXCEPTIONS) | {Ending.COMPLETE} == set(Ending)


@pytest.mark.parametrize("fault", [Dropped, Unavailable, Html])
@pytest.mark.parametrize("after_commit", [False, True])
def test_before_or_after_the_commit(desk: Desk, fault: Callable[..., Fault], after_commit: bool) -> None:
    desk.schedule(fault(method="POST", after_commit=after_commit))
    try:
        assert desk.create().status_code in (200, 503)
    except httpx.RemoteProtocolError:
        assert fault is Dropped
    assert desk.kept() == (["ACME"] if after_commit else [])


def test_what_never_left_cannot_have_been_carried_out() -> None:
    with pytest.raises(ValueError, match="nothing can have been carried out"):
        Dropped(how=Ending.CONNECT_ERROR, after_commit=True)


def test_latency_within_and_beyond_the_patience_of_the_client(desk: Desk) -> None:
    desk.schedule(Latency(seconds=9.5, times=1), Latency(seconds=10.5, skip=1))
    assert desk.create("A").status_code == 201
    with pytest.raises(httpx.ReadTimeout):
        desk.create("B")
    assert desk.slept == [9.5, 10]
    assert desk.kept() == ["B", "A"]


@pytest.mark.parametrize(("after", "headers"), [(7, ["7"]), ("soon", ["soon"]), (None, [])])
def test_429_with_and_without_retry_after(desk: Desk, after: int | str | None, headers: list[str]) -> None:
    desk.schedule(RateLimited(retry_after=after, times=3))
    answers = [desk.create() for _ in range(4)]
    assert [answer.status_code for answer in answers] == [429, 429, 429, 201]
    assert answers[0].headers.get_list("retry-after") == headers
    assert answers[0].headers["content-type"] == "text/plain"


@pytest.mark.parametrize(
    ("how", "exception"),
    [
        (Ending.DISCONNECTED, httpx.RemoteProtocolError),
        (Ending.READ_ERROR, httpx.ReadError),
        (Ending.READ_TIMEOUT, httpx.ReadTimeout),
    ],
)
def test_a_truncated_answer_breaks_in_the_middle_of_its_body(
    desk: Desk, how: Any, exception: type[Exception]
) -> None:
    desk.schedule(Truncated(part=0.25, how=how))
    arrived: list[bytes] = []
    with (
        pytest.raises(exception),
        desk.api.stream("POST", "/company_customers", json=company()) as response,
    ):
        arrived.extend(response.iter_bytes())
    assert response.status_code == 201
    assert 4 * len(b"".join(arrived)) == pytest.approx(int(response.headers["content-length"]), abs=4)
    assert len(desk.kept()) == 1


def test_a_slow_body_arrives_in_pieces(desk: Desk) -> None:
    desk.schedule(Slow(seconds=5))
    assert desk.create().json()["external_reference"] == "ACME"
    assert desk.slept == [0.5] * 10


def test_a_body_that_is_too_slow_is_a_timeout(desk: Desk) -> None:
    desk.schedule(Slow(seconds=101))
    with pytest.raises(httpx.ReadTimeout):
        desk.create()


def test_garbled_and_html_answers_cannot_be_decoded(desk: Desk) -> None:
    desk.schedule(Garbled(times=1), Html(skip=1, after_commit=True))
    garbled, html = desk.create("A"), desk.create("B")
    assert (garbled.status_code, html.status_code) == (201, 200)
    assert html.headers["content-type"].startswith("text/html")
    for answer in (garbled, html):
        with pytest.raises(ValueError, match=r"."):
            answer.json()
    assert desk.kept() == ["B", "A"]


@pytest.mark.parametrize(("shown", "status"), [("first", 201), ("second", 422)])
def test_a_duplicate_is_delivered_twice(desk: Desk, shown: Any, status: int) -> None:
    desk.schedule(Duplicate(method="POST", answer=shown))
    assert desk.create().status_code == status
    assert desk.api.post("/products", json=product()).status_code == 201
    assert len(desk.api.get("/products").json()["items"]) == 2


def test_a_late_request_arrives_when_its_time_has_come(desk: Desk) -> None:
    desk.schedule(Late(seconds=30, method="POST"))
    with pytest.raises(httpx.ReadTimeout):
        desk.create()
    assert (desk.listed(), desk.sandbox.faults.late) == ([], 1)
    desk.clock.advance(seconds=19)
    assert desk.listed() == []
    desk.sandbox.faults.clear()
    desk.clock.advance(seconds=1)
    assert (desk.listed(), desk.sandbox.faults.late) == (["ACME"], 0)


def test_lists_lag_behind_and_single_records_do_not(desk: Desk) -> None:
    desk.schedule(Lag(seconds=2))
    seen = []
    for name in ("A", "B"):
        identifier = desk.create(name).json()["id"]
        assert desk.api.get(f"/customers/{identifier}").status_code == 200
        seen.append(desk.listed())
        desk.clock.advance(seconds=1)
    desk.clock.advance(seconds=0.5)
    seen.append(desk.listed())
    desk.clock.advance(seconds=1)
    seen.append(desk.listed())
    assert seen == [[], [], ["A"], ["B", "A"]]


def test_a_lag_shows_what_was_changed_as_it_was(desk: Desk) -> None:
    identifier = desk.create().json()["id"]
    desk.schedule(Lag(seconds=2, items=True))
    desk.api.put(f"/company_customers/{identifier}", json={"name": "Renamed"})
    names = []
    for _ in range(2):
        names += [desk.api.get(f"/customers/{identifier}").json()["name"]]
        names += [desk.api.get("/customers").json()["items"][0]["name"]]
        desk.clock.advance(seconds=2)
    assert names == ["ACME", "ACME", "Renamed", "Renamed"]


def test_a_stale_page_repeats_itself_until_the_fault_ends(desk: Desk) -> None:
    desk.schedule(Stale(skip=1, times=2))
    assert desk.listed() == []
    desk.create()
    assert [desk.listed() for _ in range(3)] == [[], [], ["ACME"]]
    assert references(desk.api.get("/customers", params={"limit": 9}).json()) == ["ACME"]


def test_an_ignored_filter_returns_strangers(desk: Desk) -> None:
    desk.create()
    query = {"filter": '[{"field":"external_reference","operator":"eq","value":"B"}]', "limit": "9"}
    desk.schedule(FilterIgnored(skip=1))
    pages = [desk.api.get("/customers", params=query).json() for _ in range(2)]
    assert [references(page) for page in pages] == [[], ["ACME"]]


def test_a_newer_contract_adds_what_nobody_expects(desk: Desk, draft: Callable[..., dict[str, Any]]) -> None:
    desk.api.post("/customer_invoices", json=draft())
    desk.schedule(NewerContract())
    page = desk.api.get("/customer_invoices", params={"include": "invoice_lines"}).json()
    assert page["items"][0]["status"] == "introduced_later"
    assert "introduced_later" in page["items"][0]["discount"]
    assert all(key.isdigit() for key in page["included"]["invoice_lines"])


def test_an_expired_token_and_a_jumping_clock(desk: Desk) -> None:
    desk.schedule(TokenExpired(times=1), ClockJump(seconds=86_400, skip=1, times=1))
    assert desk.create().status_code == 401
    assert desk.create().json()["created_at"].startswith("2025-10-02")
    assert desk.sandbox.clock.ahead == timedelta(days=1)


def test_something_else_may_happen_meanwhile(desk: Desk) -> None:
    desk.schedule(Meanwhile(method="GET", times=1, action=lambda request: desk.create("STRANGER")))
    assert desk.listed() == ["STRANGER"]


@pytest.mark.parametrize(
    ("pattern", "met"),
    [
        ("/customers", ["/customers"]),
        ("/customers/*", ["/customers/7"]),
        ("/customers/**", ["/customers/7", "/customers/7/contacts"]),
        ("/**", ["/customers", "/customers/7", "/customers/7/contacts"]),
        ("/customer.", []),
    ],
)
def test_a_path_is_a_pattern(desk: Desk, pattern: str, met: list[str]) -> None:
    desk.schedule(TokenExpired(path=pattern))
    paths = ["/customers", "/customers/7", "/customers/7/contacts"]
    assert [path for path in paths if desk.api.get(path).status_code == 401] == met


def test_it_can_be_meant_for_one_record(desk: Desk) -> None:
    desk.schedule(Unavailable(containing='"INV-2"'))
    assert [desk.create(name).status_code for name in ("INV-1", "INV-2", "INV-21")] == [201, 503, 201]


def test_several_wrap_each_other_in_the_order_of_scheduling(desk: Desk) -> None:
    desk.schedule(Latency(seconds=1), Duplicate(method="POST", answer="second"), Latency(seconds=2))
    assert desk.create().status_code == 422
    assert desk.slept == [3]


def statuses(seed: int, *faults: Fault) -> list[int]:
    sandbox = Sandbox(faults=Faults(seed, faults), rate_limit=False)
    with httpx.Client(transport=sandbox.transport(), base_url=BASE_URL) as api:
        found = [api.get(path).status_code for _ in range(40) for path in ("/me", "/customers")]
    sandbox.close()
    return found


def test_a_seed_is_a_schedule() -> None:
    rare = Unavailable(chance=0.3)
    runs = [statuses(seed, rare) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]
    assert 10 < runs[0].count(503) < 40


def test_a_draw_does_not_disturb_the_draws_of_other_faults() -> None:
    alone = statuses(1, Unavailable(path="/me", chance=0.5))
    beside = statuses(
        1, Unavailable(path="/me", chance=0.5), Unavailable(path="/customers", status=500, chance=0.5)
    )
    assert beside[::2] == alone[::2]


def test_what_was_switched_on_is_told_and_can_be_switched_off(desk: Desk) -> None:
    number = desk.sandbox.faults.schedule(Unavailable(skip=1, times=1))
    assert [desk.create(name).status_code for name in "ABC"] == [201, 503, 201]
    (found,) = desk.sandbox.faults.scheduled()
    assert (found.number, found.matched, found.applied) == (number, 3, 1)
    assert desk.sandbox.faults.remove(number)
    assert not desk.sandbox.faults.remove(number)


def test_an_async_client_meets_the_same_faults(sandbox: Sandbox) -> None:
    import asyncio

    waited = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async def run() -> None:
        transport = sandbox.async_transport(sleep=sleep)
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL, timeout=TIMEOUT) as api:
            with pytest.raises(httpx.ReadTimeout):
                await api.get("/me")
            with pytest.raises(httpx.RemoteProtocolError):
                await api.get("/me")
            assert (await api.get("/me")).status_code == 401

    for fault in (Latency(seconds=60, times=1), Truncated(skip=1, times=1), Slow(seconds=1, skip=2)):
        sandbox.faults.schedule(fault)
    asyncio.run(run())
    assert waited == [10] + [pytest.approx(0.1)] * 10
