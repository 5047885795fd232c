"""The sandbox in other people's tests: pytest fixtures, in-process and on a port.

In ``conftest.py``::

    pytest_plugins = ["pennyform.testing"]

It is named there and not registered as an entry point, so that tests without it start as fast as before.
Without pytest, ``Served`` of ``pennyform.sandbox.background_server`` puts a sandbox on a port for as long as
a ``with`` block lasts.

Each test has a sandbox of its own, in memory: nothing is left over, nothing is shared.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

import httpx
import pytest
from pennylane_company import AsyncClient, Client

from pennyform.sandbox import TOKEN, Rules, Sandbox
from pennyform.sandbox.background_server import Served
from pennyform.sandbox.clock import Clock
from pennyform.sandbox.faults import Faults

__all__ = [
    "Served",
    "pennylane_async_company",
    "pennylane_client",
    "pennylane_company",
    "pennylane_sandbox",
    "pennylane_sandbox_options",
    "pennylane_server",
]

# In-process nothing is resolved or sent: the real service's address leads to the sandbox.
API_URL = "https://app.pennylane.com/api/external/v2"


class SandboxOptions(TypedDict, total=False):
    """The arguments of :class:`~pennyform.sandbox.Sandbox`."""

    database: Path | str
    clock: Clock
    rate_limit: bool
    rules: Rules | None
    faults: Faults | None


@pytest.fixture
def pennylane_sandbox_options() -> SandboxOptions:
    """The sandbox's arguments; override it to have a clock, rules, faults or the rate limit."""
    return {"rate_limit": False}


@pytest.fixture
def pennylane_sandbox(pennylane_sandbox_options: SandboxOptions) -> Iterator[Sandbox]:
    """A new :class:`~pennyform.sandbox.Sandbox`: its transports, clock, faults, log and tokens."""
    sandbox = Sandbox(**pennylane_sandbox_options)
    yield sandbox
    sandbox.close()


@pytest.fixture
def pennylane_client(pennylane_sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A plain HTTP client that reaches the sandbox in-process, with a token that may do everything.

    Paths are relative to the API: ``pennylane_client.get("/customers")``. For a typed client, see
    ``pennylane_company``; one that you generated takes ``pennylane_sandbox.transport()``.
    """
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx.Client(transport=pennylane_sandbox.transport(), base_url=API_URL, headers=headers) as client:
        yield client


@pytest.fixture
def pennylane_company(pennylane_sandbox: Sandbox) -> Iterator[Client]:
    """The typed client of the Company API, which reaches the sandbox in-process and may do everything."""
    with Client(TOKEN, transport=pennylane_sandbox.transport(), rate_limit=None) as client:
        yield client


@pytest.fixture
def pennylane_async_company(pennylane_sandbox: Sandbox) -> AsyncClient:
    """The same for tasks. It holds nothing that a test must close."""
    return AsyncClient(TOKEN, transport=pennylane_sandbox.async_transport(), rate_limit=None)


@pytest.fixture
def pennylane_server(pennylane_sandbox: Sandbox) -> Iterator[Served]:
    """The same sandbox on a port of this computer, for clients that need one."""
    with Served(pennylane_sandbox) as server:
        yield server
