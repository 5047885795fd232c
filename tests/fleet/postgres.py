"""A PostgreSQL of one's own for a test: in a temporary folder, on a port of this machine."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

_FOLDERS = [
    Path(folder) for folder in sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
]
# Nothing here must survive a power cut; what a kill leaves is as the real one leaves it.
_SETTINGS = (
    "fsync=off",
    "synchronous_commit=on",
    "max_connections=200",
    "shared_buffers=64MB",
    "log_min_messages=fatal",
)


def program(name: str) -> str | None:
    """A program of PostgreSQL's server, from Debian's folder or the path."""
    return next((str(folder / name) for folder in _FOLDERS if (folder / name).exists()), shutil.which(name))


class Postgres:
    """A server; ``url`` is that of its database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        self.url = f"postgresql://pennyform@127.0.0.1:{self.port}/postgres"
        # The server refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        shutil.chown(folder, self._user)
        self._run(
            "initdb", "-D", str(folder / "data"), "-U", "pennyform", "-A", "trust", "-E", "UTF8", "--no-sync"
        )

    def _run(self, name: str, *words: str) -> None:
        executable = program(name)
        assert executable, f"PostgreSQL is not installed: there is no {name}"
        as_user = ["setpriv", f"--reuid={self._user}", "--init-groups"] if os.geteuid() == 0 else []
        done = subprocess.run(
            [*as_user, executable, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            check=False,
        )
        assert done.returncode == 0, done.stdout.decode()

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = [
            f"-p {self.port}",
            "-h 127.0.0.1",
            f"-k {self.folder}",
            *(f"-c {item}" for item in _SETTINGS),
        ]
        log = str(self.folder / "log")
        self._run(
            "pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", log, "-o", " ".join(options), "start"
        )

    def stop(self, mode: str = "immediate") -> None:
        """Stop: as a crash does it, unless ``mode`` says otherwise."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", mode, "stop")

    def __enter__(self) -> Postgres:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A new server, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="pennyform-fleet-") as folder, Postgres(Path(folder)) as server:
        yield server
