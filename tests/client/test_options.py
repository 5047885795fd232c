"""What can be chosen about a client, in threads and in tasks: connections, repetition, records."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import httpx
import pennylane_company
import pytest
from pennylane_company import AsyncClient, Client, RateLimit, errors
from pennylane_company._secrets import records

from tests.client.conftest import ORIGIN, FakeClock

SECRET = "s3cr3t-t0k3n"
Run = Callable[..., Any]


class Service:
    """Answers 503 so often, and then an object; keeps every request."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if len(self.requests) <= self.failures:
            return httpx.Response(503)
        body = {"id": 7, "label": "Ada Lovelace", "secret": SECRET, "ada@example.com": [1.5, 2]}
        return httpx.Response(200, json=body, headers={"x-request-id": "req-1"})


def in_threads(use: Callable[[Any], Any], client: Client) -> Any:
    return use(client)


def in_tasks(use: Callable[[Any], Any], client: AsyncClient) -> Any:
    async def run() -> Any:
        value = use(client)
        return await value if inspect.isawaitable(value) else value

    return asyncio.run(run())


@pytest.fixture(params=["threads", "tasks"])
def kind(request: pytest.FixtureRequest, clock: FakeClock) -> tuple[Any, Any, Run]:
    """The client to make, httpx's own, and how a call is carried out."""
    return {
        "threads": (Client, httpx.Client, in_threads),
        "tasks": (AsyncClient, httpx.AsyncClient, in_tasks),
    }[request.param]


def settings(service: Service, clock: FakeClock, **options: Any) -> dict[str, Any]:
    carrier = {} if "http_client" in options else {"transport": httpx.MockTransport(service)}
    return {"base_url": ORIGIN, "rate_limit": None, "clock": clock, **carrier, **options}


def read(client: Any) -> Any:
    return client.customer_invoices.get(7)


def test_a_client_of_ones_own_carries_requests_and_stays_open(kind: Any, clock: FakeClock) -> None:
    client_class, http_class, run = kind
    service, seen = Service(failures=1), []
    hook = seen.append if http_class is httpx.Client else _hook(seen)
    http = http_class(
        transport=httpx.MockTransport(service),
        auth=("somebody", "else"),
        headers={"x-own": "1"},
        follow_redirects=True,
        timeout=None,
        event_hooks={"request": [hook]},
    )
    client = client_class(SECRET, **settings(service, clock, http_client=http, timeout=3.0))
    assert run(read, client).id == 7
    # Retried, with our token and time-outs, through its hooks.
    assert len(seen) == len(service.requests) == 2
    request = service.requests[0]
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert request.extensions["timeout"]["read"] == 3.0
    assert "x-own" not in request.headers
    run(lambda each: each.close(), client)
    assert not http.is_closed
    with pytest.raises(RuntimeError, match="closed"):
        run(read, client)


def _hook(seen: list[httpx.Request]) -> Any:
    async def hook(request: httpx.Request) -> None:
        seen.append(request)

    return hook


def test_redirects_are_not_followed_by_a_client_of_ones_own(kind: Any, clock: FakeClock) -> None:
    client_class, http_class, run = kind
    redirect = httpx.MockTransport(lambda _: httpx.Response(302, headers={"location": "https://x.example"}))
    http = http_class(transport=redirect, follow_redirects=True)
    with pytest.raises(errors.OutcomeUnknownError):
        run(read, client_class(SECRET, **settings(Service(), clock, http_client=http)))


def test_connections_of_a_client_of_ones_own_obey_the_deadline(kind: Any, clock: FakeClock) -> None:
    client_class, http_class, _ = kind
    http = http_class(trust_env=False)
    for _ in range(2):
        client_class(SECRET, **settings(Service(), clock, http_client=http))._core._connections.get()
    backend = http._transport._pool._network_backend
    assert type(backend).__name__ in {"Backend", "AsyncBackend"}
    assert type(backend._inner).__module__.startswith("httpcore")


def test_a_transport_beside_a_client_of_ones_own_is_refused(kind: Any) -> None:
    client_class, http_class, _ = kind
    carrier = httpx.MockTransport(Service())
    with pytest.raises(ValueError, match="not both"):
        client_class(SECRET, transport=carrier, http_client=http_class(transport=carrier))


def test_other_options_share_everything_else(kind: Any, clock: FakeClock) -> None:
    client_class, _, run = kind
    service = Service(failures=10)
    client = client_class(SECRET, **settings(service, clock, rate_limit=RateLimit(requests=3), timeout=9.0))
    other = client.with_options(timeout=2.0, max_retries=1)
    with pytest.raises(errors.ServerError):
        run(read, other)
    assert [request.extensions["timeout"]["read"] for request in service.requests] == [2.0, 2.0]
    assert type(other) is type(client)
    assert other._core._exchange.limiter is client._core._exchange.limiter
    assert other._core._connections.get() is client._core._connections.get()
    # Closing it closes nothing; what is left out stays as it is.
    run(lambda each: each.close(), other)
    with pytest.raises(errors.ServerError):
        run(read, other.with_options())
    with pytest.raises(errors.ServerError):
        run(read, client)
    assert len(service.requests) == 2 + 2 + 4
    assert service.requests[-1].extensions["timeout"]["read"] == 9.0
    run(lambda each: each.close(), client)
    with pytest.raises(RuntimeError, match="closed"):
        run(read, other)
    with pytest.raises(ValueError, match="max_retries"):
        client.with_options(max_retries=-1)


def test_waits_are_shortened_at_random(kind: Any, clock: FakeClock) -> None:
    client_class, _, run = kind
    client = client_class(SECRET, **settings(Service(failures=3), clock, random=Random(3).random))
    run(read, client)
    numbers = Random(3)
    assert clock.slept == [wait * (1 - 0.25 * numbers.random()) for wait in (0.5, 1.0, 2.0)]


def test_a_wait_that_was_asked_for_is_kept(kind: Any, clock: FakeClock) -> None:
    client_class, _, run = kind
    answers = [httpx.Response(429, headers={"retry-after": "3"}), httpx.Response(200, json={"id": 7})]
    transport = httpx.MockTransport(lambda _: answers.pop(0))
    run(read, client_class(SECRET, base_url=ORIGIN, transport=transport, clock=clock, random=lambda: 0.9))
    assert clock.slept == [3.0]


def test_requests_say_what_calls(kind: Any, clock: FakeClock) -> None:
    client_class, _, run = kind
    service = Service()
    run(read, client_class(SECRET, **settings(service, clock, app="my-shop/1.2")))
    app, package, python, library = service.requests[0].headers["user-agent"].split()
    assert (app, package) == ("my-shop/1.2", f"pennylane_company/{pennylane_company.__version__}")
    assert python.startswith("python/3.")
    assert library == f"httpx/{httpx.__version__}"
    with pytest.raises(ValueError, match="app"):
        client_class(SECRET, app="a\nb")


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """The package's logger, which a test may change."""
    before = (records.LOGGER.level, list(records.LOGGER.handlers))
    yield records.LOGGER
    records.LOGGER.setLevel(before[0])
    records.LOGGER.handlers[:] = before[1]


def test_records_show_calls_without_anybodys_data(
    kind: Any, clock: FakeClock, caplog: pytest.LogCaptureFixture, logger: logging.Logger
) -> None:
    client_class, _, run = kind
    caplog.set_level(logging.DEBUG, logger="pennylane_company")
    client = client_class(SECRET, **settings(Service(failures=1), clock, random=lambda: 0.0))
    run(read, client)
    ours = [record.getMessage() for record in caplog.records if record.name == "pennylane_company"]
    call = "getCustomerInvoice: attempt {}: GET /api/external/v2/customer_invoices/7"
    assert ours == [
        call.format(1),
        "getCustomerInvoice: status 503, request id None",
        "getCustomerInvoice: answered 0 bytes",
        "getCustomerInvoice: tried again in 0.500 s",
        call.format(2),
        "getCustomerInvoice: status 200, request id req-1",
        "getCustomerInvoice: answered {id: 7, label: …, secret: …, …: [#, … 2 in all]}",
    ]
    caplog.clear()
    change = {"label": "Ada", "external_reference": "A-1", "customer_id": 12}
    update = pennylane_company.convert(change, pennylane_company.models.DraftCustomerInvoiceUpdate)
    run(lambda each: each.customer_invoices.update(7, update), client)
    filters = [{"field": "external_reference", "operator": "eq", "value": "Ada"}]
    with pytest.raises(errors.OutcomeUnknownError):
        run(lambda each: each.customer_invoices.list(filter=filters), client)
    assert "customer_id: 12" in caplog.text
    assert "customer_invoices?limit=…&filter=…" in caplog.text.replace("filter=…&limit=…", "limit=…&filter=…")
    ours = [record.getMessage() for record in caplog.records if record.name == "pennylane_company"]
    assert "Ada" not in "".join(ours)
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("word", "level"), [("debug", logging.DEBUG), ("INFO", logging.INFO), ("loud", logging.NOTSET)]
)
def test_a_variable_switches_records_on(
    word: str, level: int, kind: Any, monkeypatch: pytest.MonkeyPatch, logger: logging.Logger
) -> None:
    monkeypatch.setenv("PENNYLANE_LOG", word)
    monkeypatch.setattr(logger, "hasHandlers", lambda: False)
    kind[0](SECRET)
    assert logger.level == level
    assert len(logger.handlers) == (level != logging.NOTSET)
