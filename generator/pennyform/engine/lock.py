"""One apply at a time per company: a lock held through an open file, so that it dies with its process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pennyform.engine.storage import make_folder


class LockHeldError(Exception):
    """Another process is applying to the same company. ``str()`` says which, as far as it is known."""


class LockFileError(Exception):
    """The lock's file cannot be made."""


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the exclusive lock ``path`` for as long as the context lasts; do not wait for it.

    The file stays behind when the lock is released: removing it would let two processes hold two files of
    one name.

    Raises:
        LockHeldError: another process holds it.
        LockFileError: the file cannot be made.
    """
    file = _open(path)
    try:
        _take(file)
        yield
    finally:
        os.close(file)


def _open(path: Path) -> int:
    try:
        make_folder(path.parent)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise LockFileError(f"the lock {path} cannot be made: {problem}") from problem


def _take(file: int) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(file, 64, 0).decode(errors="replace").strip()
        raise LockHeldError(f"process {holder}" if holder.isdigit() else "another process") from None
    os.ftruncate(file, 0)
    os.pwrite(file, str(os.getpid()).encode(), 0)
