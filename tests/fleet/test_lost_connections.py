"""The connection is lost around any statement of an apply: before it was committed, after it, or for good."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from pennyform.engine.applying.report import ApplyReport
from pennyform.fleet import journals as journals_module
from pennyform.fleet.database import Database

from tests.engine.world import statuses

from .postgres import Postgres, postgres
from .test_fencing import Account, Stops, objections

_ALL = os.environ.get("PENNYFORM_TESTS_POSTGRESQL") == "needed"
_STEP = 1 if _ALL else 6


class Network:
    """Counts the statements that add records or renew the lease, and loses the ``at``-th one.

    ``how`` is ``before`` or ``after`` its commit, or ``for good``: after it, and no connection any more.
    """

    def __init__(self, at: int, how: str) -> None:
        self.at, self.how = at, how
        self.count = 0
        self.is_down = False

    def execute(self, connection: Connection, query: Any, *parameters: Any, **options: Any) -> Any:
        if "INTO journal" not in query and "SET heartbeat" not in query:
            return connection.real.execute(query, *parameters, **options)
        self.count += 1
        if self.count != self.at:
            return connection.real.execute(query, *parameters, **options)
        if self.how != "before":
            connection.real.execute(query, *parameters, **options)
        self.is_down = self.how == "for good"
        connection.real.close()
        raise psycopg.OperationalError("the connection was lost")

    @contextmanager
    def installed(self) -> Iterator[None]:
        connect = Database.connect

        def connecting(database: Database) -> Any:
            if self.is_down:
                raise psycopg.OperationalError("connection refused")
            return Connection(connect(database), self)

        with patch.object(Database, "connect", connecting):
            yield


class Connection:
    """A connection that the network may lose."""

    def __init__(self, real: Any, network: Network) -> None:
        self.real, self.network = real, network

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def execute(self, query: Any, *parameters: Any, **options: Any) -> Any:
        return self.network.execute(self, query, *parameters, **options)


class Impatient:
    """A clock on which each pause between two attempts at the database takes a quarter of the stall time."""

    def __init__(self, account: Account) -> None:
        self.seconds = 0.0
        account.journals.clock = lambda: self.seconds
        account.journals.link._sleep = self.sleep

    def sleep(self, _: float) -> None:
        self.seconds += 30.0


def played(account: Account, network: Network) -> ApplyReport:
    Impatient(account)
    with network.installed():
        return account.apply()


def made(server: Postgres, folder: Path) -> Account:
    account = Account(folder, server.url)
    account.define("INV-1", finalize=True)
    return account


def records(account: Account) -> list[str]:
    """What the journal says, in order; no record is there twice, and none is missing."""
    history = account.state().journal.history()
    assert history.gaps == ()
    return [f"{entry.record}" for entry in history.entries if not hasattr(entry.record, "person")]


@pytest.fixture(scope="module")
def undisturbed(server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, int]:
    """How many such statements there are, and how many records."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PENNYFORM_STATE", "")
        account, network = made(server, tmp_path_factory.mktemp("counted") / "repository"), Network(0, "")
        played(account, network)
        count = len(records(account))
        account.close()
    assert network.count > count >= 8
    return network.count, count


@pytest.mark.parametrize("how", ["before", "after"])
def test_a_connection_that_is_lost_once_changes_nothing(
    server: Postgres, tmp_path: Path, undisturbed: tuple[int, int], how: str
) -> None:
    statements, count = undisturbed
    for at in range(1, statements + 1, _STEP):
        account = made(server, tmp_path / str(at))
        report = played(account, Network(at, how))
        assert statuses(report) == {"ACME": "done", "INV-1": "done"}, f"statement {at}"
        assert objections(account, Stops(account, 0)) == []
        assert len(records(account)) == count, f"statement {at}"
        account.close()


def test_a_database_that_is_gone_stops_the_run_and_nothing_is_lost(
    server: Postgres, tmp_path: Path, undisturbed: tuple[int, int]
) -> None:
    for at in range(1, undisturbed[0] + 1, _STEP):
        account, network = made(server, tmp_path / str(at)), Network(at, "for good")
        report = played(account, network)
        assert report.stopped, f"statement {at}"
        assert not account.journals.link.database.explain(Exception(report.stopped)).count("postgresql://")
        account.journals.close()
        # Another machine, once nothing was heard of this one for the stall time.
        account.journals = account.machine_anew()
        account.taken_over()
        assert objections(account, Stops(account, 0)) == [], f"statement {at}"
        assert set(statuses(account.apply()).values()) == {"unchanged"}
        account.close()


@pytest.mark.usefixtures("server")
def test_a_server_that_is_restarted_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    # Of its own: others are at work on the one of all tests.
    with postgres() as server:
        Database(server.url).migrate()
        account = made(server, tmp_path / "repository")
        restarted: list[str] = []
        before_write = account.journals.before_write

        def restarting() -> None:
            if not restarted:
                restarted.append("")
                server.stop()
                server.start()
            before_write()

        account.journals.before_write = restarting  # type: ignore[method-assign]
        assert statuses(account.apply()) == {"ACME": "done", "INV-1": "done"}
        assert restarted
        assert objections(account, Stops(account, 0)) == []
        account.close()


def test_a_repeat_that_does_not_look_is_caught(
    server: Postgres, tmp_path: Path, undisturbed: tuple[int, int]
) -> None:
    """The record is there, and the second attempt says that somebody else wrote it: the run would stop."""
    with patch.object(journals_module, "_IS_THERE", "SELECT FROM journal WHERE false AND %(ends)s > 0"):
        account = made(server, tmp_path / "repository")
        report = played(account, Network(1, "after"))
        assert "somebody else wrote into it" in report.stopped
        account.close()
