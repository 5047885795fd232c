from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pennyform.sandbox import TOKEN, Sandbox

from .bodies import PDF, company, invoice
from .conformity import Conforming

BASE_URL = "https://app.pennylane.com/api/external/v2"
# Seconds until what should have happened never will: long, because other work may keep this computer busy.
PATIENCE = 120.0


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2025, 10, 1, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> None:
        self.now += timedelta(**delta)


class Caller(httpx.Client):
    """An API client whose every answer is checked against the contract."""

    def filtered(self, path: str, *conditions: tuple[str, str, Any], **parameters: Any) -> httpx.Response:
        conditions_json = json.dumps([{"field": f, "operator": o, "value": v} for f, o, v in conditions])
        return self.get(path, params={"filter": conditions_json, **parameters})

    def made(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create, and insist that it worked."""
        response = self.post(path, json=body)
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json()
        return created

    def upload(self, content: bytes = PDF, name: str = "a.pdf") -> dict[str, Any]:
        """Send a file, and insist that it was taken."""
        response = self.post("/file_attachments", files={"file": (name, content, "application/pdf")})
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json()
        return created

    def fetch(self, link: str) -> httpx.Response:
        """Follow a link without a token."""
        with httpx.Client(transport=self._transport) as client:
            return client.get(link)

    def pages(self, path: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Every page, sending the parameters again with each cursor."""
        cursor = None
        while True:
            page = self.get(path, params={**parameters, **({"cursor": cursor} if cursor else {})}).json()
            yield page
            cursor = page["next_cursor"]
            if not page["has_more"]:
                return


Connect = Callable[..., Caller]
Draft = Callable[..., dict[str, Any]]
Issued = Callable[..., dict[str, Any]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    sandbox = Sandbox(clock=clock, rate_limit=False)
    yield sandbox
    sandbox.close()


@pytest.fixture
def connect(sandbox: Sandbox) -> Iterator[Connect]:
    """Make a caller with a token of one's choice."""
    callers: list[Caller] = []

    def connect(token: str | None = TOKEN, of: Sandbox = sandbox) -> Caller:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        caller = Caller(transport=Conforming(of.transport()), base_url=BASE_URL, headers=headers)
        callers.append(caller)
        return caller

    yield connect
    for caller in callers:
        caller.close()


@pytest.fixture
def api(connect: Connect) -> Caller:
    return connect()


@pytest.fixture
def customer(api: Caller) -> int:
    identifier: int = api.made("/company_customers", company(external_reference="ACME_001"))["id"]
    return identifier


@pytest.fixture
def draft(customer: int) -> Callable[..., dict[str, Any]]:
    """The body of a draft, with changes."""

    def draft(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
        return invoice(customer, *lines, **{"draft": True, **changes})

    return draft


@pytest.fixture
def issued(api: Caller, draft: Draft) -> Issued:
    """An invoice that was issued on the spot: 240.00 unless its lines are given."""

    def issued(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
        return api.made("/customer_invoices", {**draft(*lines, **changes), "draft": False})

    return issued
