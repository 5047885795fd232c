"""Which account a command talks to: the embedded sandbox, or the real service with a token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pennylane_company
from pennylane_company import Client

from pennyform.cli.credentials import TOKEN_VARIABLE, find_token
from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.records import Company
from pennyform.engine.limits import IMMEDIATE
from pennyform.engine.runtime import Runtime
from pennyform.engine.runtime.clock import Clock
from pennyform.engine.session import CompanyFiles
from pennyform.findings import failure
from pennyform.invoices import Repository

BASE_URL_VARIABLE = "PENNYLANE_BASE_URL"
DEFAULT_BASE_URL = "https://app.pennylane.com"


@dataclass(frozen=True, slots=True)
class Connection:
    """An open way to one account. ``service`` names it in file names: a host, or ``sandbox``."""

    account: AccountClient
    service: str
    runtime: Runtime

    def state(self, repository: Repository, company: Company) -> CompanyFiles:
        """Where journal and lock of this company lie."""
        return CompanyFiles(repository.root / ".pennyform", self.service, company)


class _ClientClock(pennylane_company.Clock):
    """The runtime's clock as the API client asks for it, so that both wait by the same one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def time(self) -> float:
        return self._clock.now().timestamp()

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)


@contextmanager
def connect(
    repository: Repository, token_file: Path | None, environ: Mapping[str, str], runtime: Runtime
) -> Iterator[Connection]:
    """Open the account that the repository's settings mean.

    Args:
        repository: says whether it is the sandbox or the real service.
        token_file: where the token for the real service lies; the environment or the keyring when None.
        environ: the environment variables.
        runtime: the machine.

    Raises:
        Failure: there is no token, or the base URL is not an origin that a token may be sent to. There is no
            falling back to the sandbox.
    """
    if repository.settings.environment == "sandbox":
        connection = _connect_sandbox(repository, runtime)
    else:
        connection = _connect_service(token_file, environ, runtime)
    with connection as opened:
        yield opened


@contextmanager
def _connect_sandbox(repository: Repository, runtime: Runtime) -> Iterator[Connection]:
    from pennyform.sandbox import TOKEN, Sandbox

    database = repository.settings.sandbox_database
    database.parent.mkdir(parents=True, exist_ok=True)
    sandbox = Sandbox(database, rate_limit=False)
    # Its answers take no time, and it writes one at a time: several workers would only wait for each other.
    runtime = replace(runtime, patience=IMMEDIATE, workers=1)
    try:
        with Client(TOKEN, transport=sandbox.transport(), rate_limit=None) as client:
            yield Connection(AccountClient(client), "sandbox", runtime)
    finally:
        sandbox.close()


@contextmanager
def _connect_service(
    token_file: Path | None, environ: Mapping[str, str], runtime: Runtime
) -> Iterator[Connection]:
    base_url = environ.get(BASE_URL_VARIABLE, "").strip() or DEFAULT_BASE_URL
    host = urlsplit(base_url).netloc or "service"
    token = find_token(token_file, host, environ)
    try:
        client = Client(
            token, base_url=base_url, transport=runtime.transport, clock=_ClientClock(runtime.clock)
        )
    except ValueError as problem:
        raise failure(
            "connection-refused",
            str(problem),
            fix=f"check the token ({TOKEN_VARIABLE}) and {BASE_URL_VARIABLE}",
        ) from None
    with client:
        yield Connection(AccountClient(client), host.replace(":", "-"), runtime)
