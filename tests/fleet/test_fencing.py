"""A machine that stands still anywhere in an apply, loses its lease, and goes on: nothing happens twice.

The books do not insist on unique references, so that every invoice that is sent twice shows.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.guarded_token import GuardedToken
from pennyform.engine.applying.context import JournalledSender
from pennyform.engine.session import CompanyState
from pennyform.engine.state_folder import StateFolder
from pennyform.fleet import journals as journals_module
from pennyform.fleet import leases
from pennyform.fleet.database import Database, DatabaseError
from pennyform.fleet.journals import DatabaseFiles, DatabaseJournals
from pennyform.sandbox import TOKEN
from pennylane_company import Client, RateLimit, Retries

from tests.engine.world import CUSTOMER, SECRET, Fault, Office, statuses

from .postgres import Postgres

MAIL = "  send_by_email: {recipients: [buyer@example.com]}\n"


class Account(Office):
    """One account, and the database in which each machine has its journals."""

    def __init__(self, root: Path, url: str) -> None:
        self.url, self.name = url, uuid.uuid4().hex
        super().__init__(root)
        with closing(sqlite3.connect(root / ".pennyform" / "sandbox.db")) as books:
            books.executescript("DROP INDEX IF EXISTS record_reference")
        # No requests are counted where something goes wrong.
        self.wire.faults.append(Fault("NEVER", "/", lambda request, handle: handle(request)))
        self.write("customers/acme.yaml", CUSTOMER + "emails: [buyer@example.com]\n")
        self.define("INV-1", finalize=True, options=MAIL)
        self.journals = self.machine_anew()

    def machine_anew(self) -> DatabaseJournals:
        """Another machine."""
        return DatabaseJournals(Database(self.url), StateFolder(self.root, SECRET), self.machine())

    def remote(self) -> AccountClient:
        # One request at a time and second: each write waits for its turn.
        rate = RateLimit(requests=1, period=1.0, margin=0.0)
        auth = GuardedToken(TOKEN, self.journals.before_write)
        return AccountClient(
            Client(auth, transport=self.wire, rate_limit=rate, retries=Retries(attempts=2), clock=self.clock)
        )

    def state(self) -> CompanyState:
        return CompanyState(self.remote().company(), self.journals.of(self.name))

    def taken_over(self) -> None:
        """The stall time has passed by the database's clock, and another machine does what is to be done."""
        self.journals.link.run(
            lambda connection: connection.execute(
                "UPDATE lease SET expires = clock_timestamp() WHERE company = %s", [self.name]
            ),
            lambda: True,
        )
        first, self.journals = self.journals, self.machine_anew()
        try:
            report = self.apply()
            # Whether a mail was sent that was about to be, nothing shows: only that is left open.
            assert set(statuses(report).values()) <= {"done", "unchanged", "unknown"}, report
        finally:
            self.journals.close()
            self.journals = first

    def writes(self) -> int:
        return sum(request.method != "GET" for request in self.wire.sent)

    def close(self) -> None:
        self.journals.close()
        super().close()


@pytest.fixture
def account(server: Postgres, tmp_path: Path) -> Iterator[Account]:
    made = Account(tmp_path / "repository", server.url)
    yield made
    made.close()


class Stops:
    """Where a machine may stand still: around each record, and while a write waits for its turn."""

    def __init__(self, account: Account, at: int) -> None:
        self.account, self.at, self.count = account, at, 0
        self.writing = False
        # The writes that the first machine sent before it stood still, and all that were sent until it woke.
        self.sent_by_then: int | None = None

    def pass_by(self) -> None:
        self.count += 1
        if self.count == self.at:
            self.account.taken_over()
            self.sent_by_then = self.account.writes()

    @contextmanager
    def installed(self) -> Iterator[None]:
        append, sleep = DatabaseFiles.append, self.account.clock.sleep

        def stopping(files: DatabaseFiles, path: Path, data: bytes, size: int) -> None:
            self.pass_by()
            append(files, path, data, size)
            self.writing = b'"event":"intent"' in data
            self.pass_by()

        def sleeping(seconds: float) -> None:
            sleep(seconds)
            if self.writing:
                self.writing = False
                self.pass_by()

        with (
            patch.object(DatabaseFiles, "append", stopping),
            patch.object(self.account.clock, "sleep", sleeping),
        ):
            yield


def objections(account: Account, stops: Stops) -> list[str]:
    """What is wrong in the books, and what a machine without a lease has sent."""
    wrong = []
    for reference, rows in account.books().items():
        if len(rows) != 1:
            wrong.append(f"there are {len(rows)} of {reference}")
    for path, most in {"/finalize": 1, "/send_by_email": 1, "/customer_invoices": 1}.items():
        if account.wire.done(path) > most:
            wrong.append(f"{path} was carried out {account.wire.done(path)} times")
    if stops.sent_by_then is not None and account.writes() > stops.sent_by_then:
        wrong.append("a machine wrote after it had lost its lease")
    return wrong


def played(account: Account, at: int) -> Stops:
    stops = Stops(account, at)
    with stops.installed():
        account.apply()
    return stops


@pytest.fixture(scope="module")
def places(server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many places there are."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PENNYFORM_STATE", str(tmp_path_factory.mktemp("state")))
        account = Account(tmp_path_factory.mktemp("counted") / "repository", server.url)
        count = played(account, 0).count
        account.close()
    return count


def test_a_machine_that_stood_still_sends_nothing(server: Postgres, tmp_path: Path, places: int) -> None:
    assert places > 20
    all_places = os.environ.get("PENNYFORM_TESTS_POSTGRESQL") == "needed"
    for at in range(1, places + 1, 1 if all_places else 9):
        account = Account(tmp_path / str(at), server.url)
        stops = played(account, at)
        assert objections(account, stops) == [], f"place {at} of {places}"
        told = {"mailed" if account.wire.done("/send_by_email") else "not_mailed": ["INV-1"]}
        account.apply(told)
        assert objections(account, Stops(account, 0)) == []
        assert set(statuses(account.apply()).values()) == {"unchanged"}
        account.close()


# --- planted bugs -------------------------------------------------------------------------------------------


def _check_before_the_limiter() -> Any:
    send = JournalledSender.send

    def checking(
        sender: JournalledSender, subject: Any, step: str, request: Any, *more: Any, **named: Any
    ) -> Any:
        def checked() -> Any:
            lease = sender.journal.storage._lease()  # type: ignore[attr-defined]
            lease.check()
            return request()

        return send(sender, subject, step, checked, *more, **named)

    return patch.object(JournalledSender, "send", checking)


def wrong_somewhere(server: Postgres, folder: Path, places: int) -> list[str]:
    wrong = []
    for at in range(1, places + 1):
        account = Account(folder / str(at), server.url)
        wrong += objections(account, played(account, at))
        account.close()
        if wrong:
            break
    return wrong


def test_a_check_before_the_limiter_is_caught(server: Postgres, tmp_path: Path, places: int) -> None:
    no_guard = patch.object(GuardedToken, "__init__", _without_guard(GuardedToken.__init__))
    with _check_before_the_limiter(), no_guard:
        assert "a machine wrote after it had lost its lease" in wrong_somewhere(server, tmp_path, places)


def _without_guard(real: Callable[..., None]) -> Callable[..., None]:
    def init(self: GuardedToken, token: str, *_: Any) -> None:
        real(self, token)

    return init


def test_no_fence_on_the_journal_is_caught(server: Postgres, tmp_path: Path) -> None:
    """The database would take the record of a machine that has lost its lease."""
    account = Account(tmp_path / "repository", server.url)
    with account.journals.of(account.name).hold(lambda _: False):
        account.journals.link.run(
            lambda connection: connection.execute(
                "UPDATE lease SET holder = 'another', fence = fence + 1 WHERE company = %s", [account.name]
            ),
            lambda: True,
        )
        files = account.journals.of(account.name).files
        with pytest.raises(DatabaseError, match="somebody else has the right"):
            files.append(Path("journal"), b"x\n", 0)
        with patch.object(journals_module, "_APPEND", _unfenced_append()):
            files.append(Path("journal"), b"x\n", 0)
    account.close()


def _unfenced_append() -> str:
    return journals_module._APPEND.replace(
        "WHERE company = %(company)s AND fence = %(fence)s AND holder = %(holder)s\n        FOR UPDATE",
        "WHERE company = %(company)s FOR UPDATE",
    )


def test_a_lease_that_never_expires_is_caught(account: Account) -> None:
    never = leases._ACQUIRE.replace("lease.expires <= clock_timestamp() OR", "")
    assert never != leases._ACQUIRE
    with account.journals.of(account.name).hold(lambda _: False):
        with patch.object(leases, "_ACQUIRE", never), pytest.raises(leases.LockHeldError):
            account.taken_over()
        account.taken_over()
