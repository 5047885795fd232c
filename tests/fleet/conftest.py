"""A real PostgreSQL for all tests of a run: the system's, or Debian's package."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
from pennyform.fleet.database import Database

from .postgres import Postgres, postgres, program


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A server with the tables of the fleet."""
    use = os.environ.get("PENNYFORM_TESTS_POSTGRESQL", "")
    if use == "left out":
        pytest.skip("nox -s fleet runs what needs PostgreSQL")
    if program("initdb") is None:
        if use == "needed":
            pytest.fail("PostgreSQL is not installed: there is no initdb")
        pytest.skip("PostgreSQL is not installed: there is no initdb; nox -s fleet installs it")
    with postgres() as running:
        Database(running.url).migrate()
        yield running


@pytest.fixture
def database(server: Postgres) -> Database:
    return Database(server.url)


@pytest.fixture
def own_database(server: Postgres) -> Iterator[str]:
    """The URL of a database that no other test uses, with the tables of the fleet."""
    name = f"test_{uuid.uuid4().hex}"
    url = server.url.rpartition("/")[0] + f"/{name}"
    with Database(server.url).connect() as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        Database(url).migrate()
        yield url
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
