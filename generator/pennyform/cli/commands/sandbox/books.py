"""The books of a sandbox as a file: filled, replaced as a whole, copied."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from pennyform.cli.options.sandbox import NewBooks, SnapshotOptions
from pennyform.cli.terminal import Terminal
from pennyform.findings import failure
from pennyform.safe_files import write_file

if TYPE_CHECKING:
    from pennyform.sandbox import Sandbox


def replace_books(database: Path, books: bytes) -> None:
    """Put whole books in the place of those in ``database``, or begin it with them; or change nothing.

    Raises:
        Failure: the books are no copy of a sandbox, or the database cannot be used.
    """
    from pennyform.sandbox import Sandbox

    if database.exists():
        with closing(Sandbox(database)) as sandbox:
            sandbox.restore(books)
        return
    with closing(Sandbox()) as trial:
        trial.restore(books)
        books = trial.copy()
    # Empty books, or half a file, would be taken for what was asked for by the next run.
    _write_whole(database, books, folders=True)


def _write_whole(file: Path, content: bytes, *, folders: bool = False) -> None:
    """Write a file that is never half there."""
    try:
        write_file(file, content, folders=folders)
    except OSError as problem:
        raise failure("sandbox-file", f"cannot be written: {problem}", file=str(file)) from problem


def fill(sandbox: Sandbox, books: NewBooks, terminal: Terminal) -> None:
    """Put fixtures into a sandbox, and name its company.

    Raises:
        Failure: a fixture cannot be read or used.
    """
    from pennyform.sandbox.input_files import load_fixtures

    if books.data:
        terminal.print(f"{load_fixtures(sandbox, books.data)} records created from {books.data}")
    if books.company:
        sandbox.rename_company(sandbox.companies()[0].id, books.company)


def snapshot(options: SnapshotOptions, terminal: Terminal) -> None:
    """Copy the books of a database to a file.

    Raises:
        Failure: there are none, or the file cannot be written.
    """
    from pennyform.sandbox import Sandbox

    database, file = options.database, options.file
    if not database.exists():
        raise failure(
            "sandbox-database", "there are no books here", file=str(database), fix="name them by --db"
        )
    with closing(Sandbox(database)) as sandbox:
        copy = sandbox.copy()
    _write_whole(file, copy)
    terminal.print(f"{database} is kept in {file}")
