"""The other side: a sandbox in a process of its own, behind a socket, and its books as the oracle reads them.

Run as a script it is that process: ``service.py DATABASE MAILS``, where every mail becomes a line.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pennyform.sandbox import Rules, Sandbox
from pennyform.sandbox.http.server import address, listen, server
from pennyform.sandbox.request_log import Entry


@dataclass(frozen=True)
class Service:
    """A sandbox being served."""

    url: str
    database: Path
    mails: Path

    def restore(self, books: bytes) -> None:
        """Put ``books`` back, in the running server too."""
        with closing(Sandbox(self.database)) as sandbox:
            sandbox.restore(books)
        self.mails.write_text("")

    def mailed(self) -> int:
        """How many mails were sent."""
        return self.mails.read_text().count("\n")


@contextmanager
def serving(database: Path) -> Iterator[Service]:
    """Serve ``database`` from another process for as long as the block lasts."""
    mails = database.with_name("mails")
    mails.touch()
    command = [sys.executable, __file__, str(database), str(mails)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Service(process.stdout.readline().strip(), database, mails)
        finally:
            process.kill()


def _serve(database: Path, mails: Path) -> None:
    def note(entry: Entry) -> None:
        if entry.target.endswith("/send_by_email") and entry.status == 204:
            with mails.open("a") as lines:
                lines.write("mail\n")

    # Nobody waits for a PDF here, nor for a rate.
    sandbox = Sandbox(database, rate_limit=False, rules=Rules(pdf_seconds=0.0))
    sandbox.log.listeners.append(note)
    listener = listen("127.0.0.1", 0)
    sys.stdout.write(f"{address(listener)}\n")
    sys.stdout.flush()
    server(sandbox.asgi()).run(sockets=[listener])


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), Path(sys.argv[2]))
