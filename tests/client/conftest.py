"""What the tests of the emitted client share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pennyform.spec import read_contract
from pennyform.spec.normaliser.contract import Contract
from pennylane_company import Client

ORIGIN = "https://pennylane.example"


class FakeClock:
    """A clock that only moves when somebody sleeps, and remembers how long they did."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1_700_000_000.0 + self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def async_sleep(self, seconds: float) -> None:
        self.sleep(seconds)


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The normalised contract of the Company API."""
    return read_contract("company")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def connect(clock: FakeClock) -> Iterator[Callable[..., Client]]:
    """Make a client whose requests a function answers; no rate limit unless asked for."""
    opened: list[Client] = []

    def make(handler: Callable[[httpx.Request], httpx.Response], **options: Any) -> Client:
        settings: dict[str, Any] = {
            "base_url": ORIGIN,
            "rate_limit": None,
            "clock": clock,
            "random": lambda: 0.0,
            **options,
        }
        client = Client("a-token", transport=httpx.MockTransport(handler), **settings)
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()
