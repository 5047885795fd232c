"""Which account a command talks to: the embedded sandbox, or the real service with a token."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from pennyform.engine.clock import SystemClock
from pennyform.engine.limits import IMMEDIATE, WORKERS, Patience
from pennyform.engine.observed import Company
from pennyform.engine.remote import Remote
from pennyform.engine.session import State, World
from pennyform.engine.storage import Disk
from pennyform.findings import failure
from pennyform.invoices import Repository

TOKEN_VARIABLE = "PENNYLANE_API_TOKEN"  # noqa: S105 - the name of a variable
BASE_URL_VARIABLE = "PENNYLANE_BASE_URL"
DEFAULT_BASE_URL = "https://app.pennylane.com"


@dataclass(frozen=True, slots=True)
class Connection:
    """An open way to one account. ``service`` names it in file names: a host, or ``sandbox``."""

    remote: Remote
    service: str
    world: World

    def state(self, repository: Repository, company: Company) -> State:
        """Where journal and lock of this company lie."""
        return State(repository.root / ".pennyform", self.service, company)


@contextmanager
def connect(repository: Repository) -> Iterator[Connection]:
    """Open the account that the repository's settings mean.

    Raises:
        Failure: there is no token, or the base URL is not an origin that a token may be sent to. There is no
            falling back to the sandbox.
    """
    if repository.settings.environment == "sandbox":
        with _embedded(repository) as connection:
            yield connection
    else:
        with _real() as connection:
            yield connection


@contextmanager
def _embedded(repository: Repository) -> Iterator[Connection]:
    from pennylane_company import Client

    from pennyform.sandbox import TOKEN, Sandbox

    database = repository.settings.sandbox_database
    database.parent.mkdir(parents=True, exist_ok=True)
    sandbox = Sandbox(database, rate_limit=False)
    try:
        with Client(TOKEN, transport=sandbox.transport(), rate_limit=None) as client:
            yield Connection(Remote(client), "sandbox", World(SystemClock(), Disk(), IMMEDIATE))
    finally:
        sandbox.close()


@contextmanager
def _real() -> Iterator[Connection]:
    from pennylane_company import Client

    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if not token:
        raise failure(
            "token-missing",
            f"there is no API token: {TOKEN_VARIABLE} is not set",
            detail="The environment is production, so requests would go to the real service.",
            fix=f"set {TOKEN_VARIABLE}, or pass --sandbox to work on the embedded sandbox",
        )
    base_url = os.environ.get(BASE_URL_VARIABLE, "").strip() or DEFAULT_BASE_URL
    try:
        client = Client(token, base_url=base_url)
    except ValueError as problem:
        raise failure(
            "connection-refused", str(problem), fix=f"check {TOKEN_VARIABLE} and {BASE_URL_VARIABLE}"
        ) from None
    with client:
        service = (urlsplit(base_url).netloc or "service").replace(":", "-")
        yield Connection(Remote(client), service, World(SystemClock(), Disk(), Patience(), WORKERS))
