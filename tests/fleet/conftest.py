"""A real PostgreSQL for all tests of a run: the system's, or Debian's package."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from pennyform.fleet.database import Database

from .postgres import Postgres, postgres, program


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A server with the tables of the fleet."""
    if program("initdb") is None:
        if os.environ.get("PENNYFORM_TESTS_NEED_POSTGRESQL"):
            pytest.fail("PostgreSQL is not installed: there is no initdb")
        pytest.skip("PostgreSQL is not installed: there is no initdb; nox -s fleet installs it")
    with postgres() as running:
        Database(running.url).migrate()
        yield running


@pytest.fixture
def database(server: Postgres) -> Database:
    return Database(server.url)
