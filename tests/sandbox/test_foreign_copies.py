"""Copies that somebody else made: what runs with a query, or is no JSON, is not taken."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pennyform.cli import main
from pennyform.findings import Failure
from pennyform.sandbox import Sandbox

FOREIGN = {
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON record BEGIN DELETE FROM token; END",
    "a trigger of a view": "CREATE VIEW v AS SELECT 1;"
    " CREATE TRIGGER t INSTEAD OF INSERT ON v BEGIN SELECT 1; END",
    "a view": "CREATE VIEW v AS SELECT * FROM token",
    "a table": "CREATE TABLE other (a)",
    "an index": "CREATE INDEX other ON record (body)",
    "an index of a function": "CREATE INDEX other ON record (abs(id))",
    "a view instead of a table": "DROP TABLE counter;"
    " CREATE VIEW counter AS SELECT 1 AS company, '' AS name, 1 AS value",
    "a column more": "ALTER TABLE company ADD COLUMN other TEXT DEFAULT 'x'",
    "a generated column": "ALTER TABLE record ADD COLUMN other AS (length(body))",
    "no table": "DROP TABLE pair",
    "no index": "DROP INDEX record_reference",
    "no JSON": "UPDATE record SET body = '{' WHERE id = (SELECT max(id) FROM record)",
    "no scopes": "UPDATE token SET scopes = 'all'",
}


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Path]:
    """Books of a company with this name."""
    path = tmp_path / "books.db"
    assert main(["sandbox", "reset", "--db", str(path), "--company", "Kept SARL"]) == 0
    yield path
    with closing(Sandbox(path)) as sandbox:
        assert [company.name for company in sandbox.companies()] == ["Kept SARL"]


def altered(folder: Path, statements: str) -> Path:
    """A copy of an empty sandbox, changed by somebody else."""
    path = folder / "foreign.db"
    with closing(Sandbox(path)) as sandbox:
        sandbox.add_company("Foreign SA")
        copy = sandbox.copy()
    path.unlink()
    for extra in folder.glob("foreign.db-*"):
        extra.unlink()
    path.write_bytes(copy)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(statements)
    return path


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_copy_is_not_taken(
    tmp_path: Path, books: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = altered(tmp_path, FOREIGN[name])
    for target in (books, tmp_path / "new.db"):
        assert main(["sandbox", "restore", str(path), "--db", str(target)]) == 1
        assert "error sandbox-database" in capsys.readouterr().err
    assert not (tmp_path / "new.db").exists()
    with closing(Sandbox()) as sandbox, pytest.raises(Failure):
        sandbox.restore(path.read_bytes())


@pytest.mark.parametrize("name", [name for name in FOREIGN if name not in ("no JSON", "no scopes")])
def test_a_foreign_database_is_not_opened(tmp_path: Path, name: str) -> None:
    path = altered(tmp_path, FOREIGN[name])
    before = path.read_bytes()
    with pytest.raises(Failure):
        Sandbox(path)
    assert path.read_bytes() == before


def test_a_copy_of_an_earlier_release_is_taken(tmp_path: Path) -> None:
    """It has neither an id nor a key: both are given."""
    path = altered(tmp_path, "DROP TABLE books; DROP TABLE secret;")
    image = path.read_bytes()
    with closing(Sandbox(path)) as sandbox:
        assert len(sandbox.link_key()) == 32
    with closing(Sandbox()) as sandbox:
        key = sandbox.link_key()
        sandbox.restore(image)
        assert sandbox.companies()[1].name == "Foreign SA"
        assert (sandbox.link_key(), len(sandbox.books_id())) == (key, 16)


def test_functions_of_a_schema_have_no_effect(tmp_path: Path) -> None:
    with closing(Sandbox(tmp_path / "a.db")) as sandbox:
        for connection in (sandbox._store._connection, sandbox._store._reader):
            assert connection.execute("PRAGMA trusted_schema").fetchone() == (0,)


def test_a_new_database_has_no_key_of_the_copy(tmp_path: Path) -> None:
    """Its maker would know the links of everybody who began with it."""
    path = altered(tmp_path, "INSERT INTO secret VALUES (zeroblob(32));")
    new = tmp_path / "new.db"
    assert main(["sandbox", "restore", str(path), "--db", str(new)]) == 0
    with closing(Sandbox(new)) as sandbox:
        assert sandbox.link_key() != bytes(32)
