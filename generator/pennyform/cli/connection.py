"""Which account a command talks to: the embedded sandbox, or the real service with a token."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from socket import inet_aton, inet_ntoa

import httpx
import pennylane_company
from pennylane_company import Bounds, Client, Retries

from pennyform import __version__
from pennyform.cli.downloads import fetch_link
from pennyform.cli.terminal import TOKEN_VARIABLE, Terminal, shorten_path
from pennyform.cli.tokens import find_token
from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.guarded_token import GuardedToken
from pennyform.engine.account.own_contract import OwnContract
from pennyform.engine.account.records import Company
from pennyform.engine.journal.store import FolderJournals, Journals
from pennyform.engine.limits import IMMEDIATE
from pennyform.engine.runtime import Clock, Runtime
from pennyform.engine.session import CompanyState
from pennyform.engine.state_folder import DATABASE_VARIABLE, StateFolder, state_folder
from pennyform.extras import require_extra
from pennyform.findings import Finding, Severity, failure
from pennyform.invoices import Repository
from pennyform.text import one_line

BASE_URL_VARIABLE = "PENNYLANE_BASE_URL"
DEFAULT_BASE_URL = "https://app.pennylane.com"
LOG_VARIABLE = "PENNYFORM_LOG"
_APP = f"pennyform/{__version__}"
_LOG_LEVELS = {"info": logging.INFO, "debug": logging.DEBUG}


@dataclass(frozen=True, slots=True)
class Connection:
    """An open way to one account.

    ``service`` names it in file names: a host, or which sandbox. ``address`` is what a person calls it.
    """

    account: AccountClient
    service: str
    address: str
    runtime: Runtime
    folder: StateFolder
    journals: Journals

    def state(self, company: Company) -> CompanyState:
        """This company, and its journal."""
        return CompanyState(company, self.journals.of(journal_name(self.service, company.id)))


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


def base_url_of(environ: Mapping[str, str]) -> str:
    """The address of the real service."""
    return environ.get(BASE_URL_VARIABLE, "").strip() or DEFAULT_BASE_URL


def service_name(host: str) -> str:
    """How file names call the service at ``host``: a colon, before a port, is in none on every system."""
    return host.replace(":", "-")


def journal_name(service: str, company: int) -> str:
    """The name of the journal of a company."""
    return f"{service}-{company}"


def open_journals(folder: StateFolder, terminal: Terminal, runtime: Runtime) -> Journals:
    """The place of all journals, which only the user's environment names; to be closed.

    Args:
        folder: the user's own; has the key.
        terminal: has the environment variables, and is told the password of the database.
        runtime: the machine.

    Raises:
        Failure: the database that is named cannot be used. There is no falling back to the folder: it does
            not know what was mailed.
    """
    if not terminal.environ.get(DATABASE_VARIABLE, "").strip():
        return FolderJournals(folder, runtime)
    require_extra("fleet", "a journal in a database")

    # psycopg, which nobody else needs
    from pennyform.fleet.database import Database
    from pennyform.fleet.journals import DatabaseJournals

    database = Database.of(terminal.environ)
    if database.password:
        terminal.secrets.add(database.password)
    return DatabaseJournals(database, folder, runtime)


@contextmanager
def connect(
    repository: Repository, token_file: Path | None, terminal: Terminal, runtime: Runtime
) -> Iterator[Connection]:
    """Open the account that the repository's settings mean. From then on, no output shows the token.

    Args:
        repository: says whether it is the sandbox or the real service.
        token_file: where the token for the real service lies; see ``find_token`` when None.
        terminal: has the environment variables, and is told the token.
        runtime: the machine.

    Raises:
        Failure: there is no token, or the base URL is not an origin that a token may be sent to. There is no
            falling back to the sandbox.
    """
    folder = state_folder(terminal.environ, runtime.random_bytes)
    environment = repository.settings.environment
    if environment not in {"sandbox", "production"}:
        # A word that is not known must not mean the real account.
        raise failure(
            "connection-refused",
            f"there is no environment '{environment}'",
            fix="sandbox and production are all there are",
        )
    if environment == "sandbox":
        # Its answers take no time, and it writes one at a time: several workers would only wait for each
        # other.
        runtime = replace(runtime, patience=IMMEDIATE, workers=1)
    with closing(open_journals(folder, terminal, runtime)) as journals:
        opened = (
            _sandbox(repository, terminal, journals)
            if environment == "sandbox"
            else _service(repository, token_file, terminal, runtime, journals)
        )
        with opened as (account, service, address):
            yield Connection(account, service, address, runtime, folder, journals)


@contextmanager
def _sandbox(
    repository: Repository, terminal: Terminal, journals: Journals
) -> Iterator[tuple[AccountClient, str, str]]:
    """The account of the embedded sandbox, its name in file names, and its address."""
    from pennyform.sandbox import TOKEN, Sandbox

    if terminal.environ.get(BASE_URL_VARIABLE, "").strip():
        summary = f"{BASE_URL_VARIABLE} is set and not used: the environment is sandbox"
        fix = f"pass --environment production to use that address, or unset {BASE_URL_VARIABLE}"
        terminal.print_findings([Finding("base-url-unused", Severity.WARNING, summary, fix=fix)])
    database = repository.settings.sandbox_database
    sandbox = Sandbox(database, rate_limit=False, schemas=repository.settings.schemas)
    auth, contract = _guarded(TOKEN, repository, journals)
    transport = sandbox.transport()
    with (
        closing(sandbox),
        Client(auth, transport=transport, rate_limit=None, strict_answers=True, app=_APP) as client,
    ):
        address = f"the embedded sandbox in {shorten_path(database)}"
        account = AccountClient(client, contract, partial(fetch_link, transport))
        yield account, f"books-{sandbox.books_id()}", address


@contextmanager
def _service(
    repository: Repository,
    token_file: Path | None,
    terminal: Terminal,
    runtime: Runtime,
    journals: Journals,
) -> Iterator[tuple[AccountClient, str, str]]:
    """The account of the real service, its name in file names, and its address.

    Raises:
        Failure: there is no token, or the base URL is not an origin that a token may be sent to.
    """
    base_url = base_url_of(terminal.environ)
    try:
        host = canonical_host(base_url)
        token = find_token(repository, token_file, host, terminal, runtime.run_command)
        terminal.secrets.add(token)
        auth, contract = _guarded(token, repository, journals)
        client = Client(
            auth,
            base_url=base_url,
            transport=runtime.transport,
            clock=_ClientClock(runtime.clock),
            # What decides about money is never a value that the contract does not have.
            strict_answers=True,
            # The same run waits for the same time.
            retries=Retries(jitter=0.0),
            bounds=Bounds(seconds=min(Bounds().seconds, journals.request_seconds)),
            app=_APP,
        )
    except ValueError as problem:
        raise failure(
            "connection-refused",
            str(problem),
            fix=f"check the token ({TOKEN_VARIABLE}) and {BASE_URL_VARIABLE}",
        ) from None
    with client:
        account = AccountClient(client, contract, partial(fetch_link, runtime.transport))
        yield account, service_name(host), one_line(base_url)


def log_calls(terminal: Terminal, *, verbose: bool) -> None:
    """Write on the standard error of ``terminal`` what is asked, answered and waited for.

    The client's records have neither a token nor what anybody wrote: names of fields, ids, and what kind of
    value stands in each.

    Args:
        terminal: says the level in ``PENNYFORM_LOG``: ``info`` or ``debug``.
        verbose: ``info`` at least, whatever the variable says.
    """
    level_name = terminal.environ.get(LOG_VARIABLE, "").strip().lower()
    level = _LOG_LEVELS.get(level_name)
    if level_name and not level:
        summary = f"{LOG_VARIABLE} names no level, and is not used"
        fix = f"write {' or '.join(_LOG_LEVELS)}"
        terminal.print_findings([Finding("log-level-unknown", Severity.WARNING, summary, fix=fix)])
    level = level or (logging.INFO if verbose else logging.NOTSET)
    logger = logging.getLogger(pennylane_company.__name__)
    # A run in the same process before this one had streams of its own.
    logger.handlers[:] = [handler for handler in logger.handlers if handler.name != LOG_VARIABLE]
    if level:
        handler = logging.StreamHandler(terminal.stderr)
        handler.set_name(LOG_VARIABLE)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(level)


def _guarded(
    token: str, repository: Repository, journals: Journals
) -> tuple[str | GuardedToken, OwnContract | None]:
    """The token as the client gets it, and the contract that the repository owns, which reads along then."""
    settings = repository.settings
    contract = OwnContract(settings.schemas / "company") if settings.contract is not None else None
    if contract is None and journals.before_write is None:
        return token, None
    return GuardedToken(token, journals.before_write, contract.observe if contract else None), contract


def canonical_host(base_url: str) -> str:
    """The host of an address, with its port unless that is the usual one.

    However the address is spelled, one company has one journal and one lock.

    Raises:
        ValueError: its host or its port cannot be read.
    """
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as problem:
        raise ValueError(f"the base URL cannot be read: {problem}") from problem
    # As requests are sent: lower case, and names in their ASCII form.
    host = url.raw_host.decode("ascii").rstrip(".")
    # Resolvers take 127.1 and 0x7f000001 for addresses too.
    with suppress(OSError):
        host = inet_ntoa(inet_aton(host))
    with suppress(ValueError):
        address = ip_address(host)
        host = str(getattr(address, "ipv4_mapped", None) or address)
    host = "127.0.0.1" if host in {"localhost", "::1"} else host
    port = "" if url.port in {None, 443, 80} else f":{url.port}"
    return (host or "service") + port
