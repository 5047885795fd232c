"""Live applies: real processes against a sandbox behind a socket."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pennyform.sandbox import TOKEN
from pennyform.sandbox.background_server import Served

from tests.engine.world import books_of, state_variables


@contextmanager
def applying(
    served: Served, root: Path, *options: str, under: Sequence[str] = ()
) -> Iterator[subprocess.Popen[str]]:
    """A live ``pennyform apply`` on a machine of its own, as far as the server can tell.

    Args:
        served: the account.
        root: the repository.
        options: more words for it.
        under: a command that runs it, such as ``unshare``.
    """
    environment = os.environ | state_variables(root)
    environment |= {"PENNYLANE_API_TOKEN": TOKEN, "PENNYLANE_BASE_URL": served.url}
    command = [sys.executable, "-m", "pennyform", "apply", "--auto-approve", "--environment", "production"]
    process = subprocess.Popen(
        [*under, *command, *options, "."],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def expected(served: Served) -> bool:
    """Each invoice once, equal to the cent."""
    books = books_of(served.sandbox)
    there = {name: [(row["draft"], row["currency_amount"]) for row in rows] for name, rows in books.items()}
    return there == {"INV-1": [(False, "240.0")], "INV-2": [(True, "2340.0")], "INV-3": [(False, "240.0")]}
