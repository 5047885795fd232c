"""Which account a command talks to: the embedded sandbox, or the real service with a token."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pennyform.cli.account.credentials import TOKEN_VARIABLE, find_token
from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.state import Company
from pennyform.engine.clock import SystemClock
from pennyform.engine.journal.durable_files import Disk
from pennyform.engine.limits import IMMEDIATE, WORKERS, Patience
from pennyform.engine.session import EngineContext, State
from pennyform.findings import failure
from pennyform.invoices import Repository

BASE_URL_VARIABLE = "PENNYLANE_BASE_URL"
DEFAULT_BASE_URL = "https://app.pennylane.com"


@dataclass(frozen=True, slots=True)
class Connection:
    """An open way to one account. ``service`` names it in file names: a host, or ``sandbox``."""

    remote: AccountClient
    service: str
    world: EngineContext

    def state(self, repository: Repository, company: Company) -> State:
        """Where journal and lock of this company lie."""
        return State(repository.root / ".pennyform", self.service, company)


@contextmanager
def connect(repository: Repository, token_file: Path | None = None) -> Iterator[Connection]:
    """Open the account that the repository's settings mean.

    Args:
        repository: says whether it is the sandbox or the real service.
        token_file: where the token for the real service lies; the environment or the keyring when left out.

    Raises:
        Failure: there is no token, or the base URL is not an origin that a token may be sent to. There is no
            falling back to the sandbox.
    """
    if repository.settings.environment == "sandbox":
        with _embedded(repository) as connection:
            yield connection
    else:
        with _real(token_file) as connection:
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
            yield Connection(
                AccountClient(client), "sandbox", EngineContext(SystemClock(), Disk(), IMMEDIATE)
            )
    finally:
        sandbox.close()


@contextmanager
def _real(token_file: Path | None) -> Iterator[Connection]:
    from pennylane_company import Client

    base_url = os.environ.get(BASE_URL_VARIABLE, "").strip() or DEFAULT_BASE_URL
    host = urlsplit(base_url).netloc or "service"
    token = find_token(token_file, host)
    try:
        client = Client(token, base_url=base_url)
    except ValueError as problem:
        raise failure(
            "connection-refused",
            str(problem),
            fix=f"check the token ({TOKEN_VARIABLE}) and {BASE_URL_VARIABLE}",
        ) from None
    with client:
        yield Connection(
            AccountClient(client),
            host.replace(":", "-"),
            EngineContext(SystemClock(), Disk(), Patience(), WORKERS),
        )
