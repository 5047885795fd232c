"""RateLimiter: never too many, shared per token, in order, and always bounded."""

from __future__ import annotations

import asyncio
import heapq
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pennylane_company import AsyncClient, BearerToken, Client, RateLimit, errors
from pennylane_company._limits import RateLimiter, shared_limiter

from tests.client.conftest import FakeClock

Connect = Callable[..., Client]
LIMIT = RateLimit(requests=25, period=5.0, margin=0.0)


def ok(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"id": 1})


def most_in_a_window(times: list[float], period: float = 5.0) -> int:
    return max(sum(start <= each < start + period for each in times) for start in times)


@given(pauses=st.lists(st.floats(0, 3), min_size=60, max_size=90))
@settings(max_examples=40, deadline=None)
def test_never_more_than_25_in_5_seconds(pauses: list[float]) -> None:
    clock, sent = FakeClock(), list[float]()
    limiter = RateLimiter(LIMIT, clock)  # type: ignore[arg-type]
    for pause in pauses:
        clock.now += pause if pause > 2.5 else 0
        for wait in limiter.take("x"):
            clock.sleep(wait)
        sent.append(clock.now)
    assert most_in_a_window(sent) <= 25


@given(closings=st.lists(st.tuples(st.integers(0, 200), st.floats(0.1, 3)), max_size=6))
@settings(max_examples=40, deadline=None)
def test_nor_when_the_service_closes_the_queue_on_those_who_wait(closings: list[tuple[int, float]]) -> None:
    """Eight callers wait at once; those whose turn falls into a pause get another one."""
    clock, sent = FakeClock(), list[float]()
    limiter = RateLimiter(LIMIT, clock)  # type: ignore[arg-type]
    waiting = [(0.0, number, limiter.take("x")) for number in range(8)]
    for step in range(300):
        clock.now, number, caller = heapq.heappop(waiting)
        for _, seconds in (closing for closing in closings if closing[0] == step):
            limiter.pause(seconds)
        wait = next(caller, None)
        if wait is None:
            sent.append(clock.now)
            caller = limiter.take("x")
        heapq.heappush(waiting, (clock.now + (wait or 0.0), number, caller))
    assert most_in_a_window(sent) <= 25
    closed = sum(seconds for _, seconds in closings)
    assert sent[-1] - sent[0] <= 5.0 * (len(sent) // 25 + 1) + closed


def test_an_allowance_that_we_used_up_ourselves_is_no_reason_to_wait_longer(
    connect: Connect, clock: FakeClock
) -> None:
    sent: list[float] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(clock.now)
        left = 25 - sum(when > clock.now - 5.0 for when in sent)
        headers = {"ratelimit-remaining": str(left), "ratelimit-reset": str(clock.time() + 4.9)}
        return httpx.Response(200, json={"id": 1}, headers=headers)

    client = connect(handler, rate_limit=LIMIT)
    for _ in range(60):
        client.me.get()
    assert sent[-1] - sent[0] == 10.0


def test_a_burst_is_spread_and_no_slower_than_needed(connect: Connect, clock: FakeClock) -> None:
    sent: list[float] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(clock.now)
        return ok(request)

    client = connect(handler, rate_limit=LIMIT)
    for _ in range(60):
        client.me.get()
    assert most_in_a_window(sent) == 25
    assert sent[-1] - sent[0] == 10.0


def test_clients_of_one_token_share_their_turns(clock: FakeClock) -> None:
    def client(token: str | BearerToken, clock: FakeClock) -> Client:
        return Client(token, transport=httpx.MockTransport(ok), rate_limit=LIMIT, clock=clock)  # type: ignore[arg-type]

    # However it is given: an object that puts the token on requests means the same account.
    first, second = client("shared", clock), client(BearerToken("shared"), clock)
    other = client("not-shared", clock)
    for _ in range(13):
        first.me.get()
        second.me.get()
    assert clock.slept == [5.0]
    other.me.get()
    assert clock.slept == [5.0]


def test_a_queue_is_forgotten_only_when_it_is_idle(clock: FakeClock) -> None:
    kept = shared_limiter("kept", LIMIT, clock)  # type: ignore[arg-type]
    for _ in kept.take("x"):
        pass
    shared_limiter("another", LIMIT, clock)  # type: ignore[arg-type]
    assert shared_limiter("kept", LIMIT, clock) is kept  # type: ignore[arg-type]
    clock.now += 5.1
    shared_limiter("another", LIMIT, clock)  # type: ignore[arg-type]
    assert shared_limiter("kept", LIMIT, clock) is not kept  # type: ignore[arg-type]


def test_tasks_take_turns_in_order_and_none_starves(clock: FakeClock) -> None:
    served: list[str] = []

    async def one(client: AsyncClient, name: str) -> None:
        for number in range(20):
            await client.customer_invoices.get(number)
            served.append(name)

    async def run() -> None:
        transport = httpx.MockTransport(ok)
        async with AsyncClient("fair", transport=transport, rate_limit=LIMIT, clock=clock) as client:  # type: ignore[arg-type]
            await asyncio.gather(*(one(client, name) for name in "abc"))

    asyncio.run(run())
    assert sorted(served) == sorted("abc" * 20)


def test_threads_share_their_turns_too() -> None:
    limit = RateLimit(requests=5, period=0.2, margin=0.0)
    sent, lock = list[float](), threading.Lock()
    client = Client("threads", transport=httpx.MockTransport(ok), rate_limit=limit)

    def work() -> None:
        for _ in range(4):
            client.me.get()
            with lock:
                sent.append(client._core._clock.monotonic())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sent) == 16
    assert max(sent) - min(sent) >= 0.55


def test_an_exhausted_rate_reported_by_the_service_is_waited_out(connect: Connect, clock: FakeClock) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        headers = {"ratelimit-remaining": "0", "ratelimit-reset": str(clock.time() + 2)}
        return httpx.Response(200, json={"id": 1}, headers=headers)

    client = connect(handler, rate_limit=LIMIT)
    client.me.get()
    client.me.get()
    assert clock.slept == [pytest.approx(2.0)]


@pytest.mark.parametrize("reset", ["soon", "nan", "99999999999999", "-1", ""])
def test_a_reset_that_makes_no_sense_costs_a_period_at_most(
    reset: str, connect: Connect, clock: FakeClock
) -> None:
    headers = {"ratelimit-remaining": "0", "ratelimit-reset": reset}
    client = connect(lambda request: httpx.Response(200, json={}, headers=headers), rate_limit=LIMIT)
    client.me.get()
    client.me.get()
    assert sum(clock.slept) <= LIMIT.period


def test_the_service_s_own_clock_counts(connect: Connect, clock: FakeClock) -> None:
    headers = {
        "ratelimit-remaining": "0",
        "ratelimit-reset": "1767225603",
        "date": "Thu, 01 Jan 2026 00:00:00 GMT",
    }
    client = connect(lambda request: httpx.Response(200, json={}, headers=headers), rate_limit=LIMIT)
    client.me.get()
    client.me.get()
    assert clock.slept == [pytest.approx(3.0)]


def test_a_refusal_holds_everybody_back(clock: FakeClock) -> None:
    answers = iter([httpx.Response(429, headers={"retry-after": "4"}), *[httpx.Response(200, json={})] * 9])
    client = Client(
        "held",
        transport=httpx.MockTransport(lambda request: next(answers)),
        rate_limit=LIMIT,
        clock=clock,  # type: ignore[arg-type]
    )
    limiter: Any = client._core._exchange.limiter
    client.me.get()
    assert clock.slept == [4.0]
    limiter.pause(2.0)
    client.me.get()
    assert clock.slept == [4.0, 2.0]


def test_a_pause_that_nobody_waits_for_is_kept_all_the_same(connect: Connect, clock: FakeClock) -> None:
    """Asked to stay away for an hour, a client gives the refusal back, and sends nothing else meanwhile."""
    sent: list[httpx.Request] = []

    def refusing(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(429, headers={"retry-after": "3600"})

    client = connect(refusing, rate_limit=LIMIT)
    with pytest.raises(errors.RateLimitedError):
        client.me.get()
    with pytest.raises(errors.NotSentError, match="no turn"):
        client.me.get()
    assert (len(sent), clock.slept) == (1, [])
    clock.now += 3600
    with pytest.raises(errors.RateLimitedError):
        client.me.get()


def test_a_wait_without_end_is_refused_before_anything_is_sent(connect: Connect, clock: FakeClock) -> None:
    limit = RateLimit(requests=1, period=10.0, margin=0.0, max_wait=15.0)
    client = connect(ok, rate_limit=limit)
    limiter: Any = client._core._exchange.limiter
    for _ in range(2):
        next(limiter.take("x"), None)
    with pytest.raises(errors.NotSentError, match="no turn within 15 s"):
        client.me.get()
    assert clock.slept == []
