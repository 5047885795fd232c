"""pytest fixtures. Each test has a sandbox of its own, in memory: nothing is left over, nothing is shared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pennyform.sandbox import TOKEN, Sandbox
from pennyform.sandbox.background_server import Served

API_URL = "https://app.pennylane.com/api/external/v2"


@pytest.fixture
def pennylane_sandbox_options() -> dict[str, Any]:
    """What the sandbox is made with; override it to have a clock, rules, faults or the rate limit."""
    return {"rate_limit": False}


@pytest.fixture
def pennylane_sandbox(pennylane_sandbox_options: dict[str, Any]) -> Iterator[Sandbox]:
    """A new :class:`~pennyform.sandbox.Sandbox`: its transports, clock, faults, log and tokens."""
    sandbox = Sandbox(**pennylane_sandbox_options)
    yield sandbox
    sandbox.close()


@pytest.fixture
def pennylane_client(pennylane_sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A plain HTTP client that reaches the sandbox in-process, with a token that may do everything.

    Paths are relative to the API: ``pennylane_client.get("/customers")``. A client of one's own takes
    ``pennylane_sandbox.transport()``.
    """
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx.Client(transport=pennylane_sandbox.transport(), base_url=API_URL, headers=headers) as client:
        yield client


@pytest.fixture
def pennylane_server(pennylane_sandbox: Sandbox) -> Iterator[Served]:
    """The same sandbox on a port of this computer, for clients that need one."""
    with Served(pennylane_sandbox) as server:
        yield server
