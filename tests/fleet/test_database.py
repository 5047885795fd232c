"""The database: its tables only go forward, and nothing that is said about it shows the password."""

from __future__ import annotations

import threading

import pytest
from pennyform.findings import Failure
from pennyform.fleet import database as database_module
from pennyform.fleet.database import Database
from pennyform.fleet.migrations import MIGRATIONS

from .postgres import Postgres


@pytest.fixture
def empty(server: Postgres) -> Database:
    """A database without tables."""
    with Database(server.url).connect() as connection:
        connection.execute("DROP DATABASE IF EXISTS another")
        connection.execute("CREATE DATABASE another")
    return Database(server.url.replace("/postgres", "/another"))


def said(caught: pytest.ExceptionInfo[Failure]) -> str:
    (finding,) = caught.value.findings
    assert finding.rule == "fleet-database"
    return f"{finding.summary} | {finding.fix}"


def test_tables_are_made_once_by_whoever_is_first(empty: Database) -> None:
    with pytest.raises(Failure) as caught:
        empty.check()
    assert "pennyform fleet init" in said(caught)
    steps: list[int] = []
    threads = [threading.Thread(target=lambda: steps.append(empty.migrate())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(steps) == [0, 0, 0, len(MIGRATIONS)]
    empty.check()


def test_later_steps_are_added_and_a_newer_database_is_refused(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.migrate()
    with monkeypatch.context() as newer:
        newer.setattr(database_module, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE pennyform.later ()"))
        number = len(MIGRATIONS)
        with pytest.raises(Failure, match=f"version {number}, and this program needs {number + 1}"):
            empty.check()
        assert empty.migrate() == 1
        assert empty.migrate() == 0
    for use in (empty.check, empty.migrate):
        with pytest.raises(Failure) as caught:
            use()
        assert "upgrade pennyform on this machine" in said(caught)


def test_a_step_that_fails_changes_nothing(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE pennyform.lease ()"))
    with pytest.raises(Failure, match="already exists"):
        empty.migrate()
    with pytest.raises(Failure, match="version 0"):
        empty.check()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:pass-word-1@127.0.0.1:1/none",
        "postgresql://me:pass-word-1@[broken/none",
        "postgresql://me:pass-word-1@127.0.0.1/none?no_such=pass-word-1",
        "pass-word-1",
    ],
)
def test_no_message_shows_the_password(url: str) -> None:
    with pytest.raises(Failure) as caught:
        Database.of({"PENNYFORM_DATABASE_URL": url}).check()
    assert "pass-word-1" not in said(caught)


@pytest.mark.parametrize("text", ["0", "x", "nan", "1e9"])
def test_the_stall_time_is_a_number_of_seconds(text: str) -> None:
    with pytest.raises(Failure) as caught:
        Database.of({"PENNYFORM_DATABASE_URL": "postgresql://h/d", "PENNYFORM_STALL_SECONDS": text})
    assert "PENNYFORM_STALL_SECONDS" in said(caught)


def test_without_a_database_nothing_is_assumed() -> None:
    with pytest.raises(Failure) as caught:
        Database.of({})
    assert "PENNYFORM_DATABASE_URL is not set" in said(caught)
