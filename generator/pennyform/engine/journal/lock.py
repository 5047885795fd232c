"""One apply at a time per company: a lock held through an open file, so that it dies with its process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pennyform.engine.journal.durable_files import make_folder


class LockHeldError(Exception):
    """Another process is applying to the same company. ``str()`` says which, as far as it is known."""


class LockFileError(Exception):
    """The lock's file cannot be made."""


Retry = Callable[[LockHeldError], bool]


def _never(_: LockHeldError) -> bool:
    return False


@contextmanager
def hold(path: Path, retry: Retry = _never) -> Iterator[None]:
    """Hold the exclusive lock ``path`` for as long as the context lasts.

    The file stays behind when the lock is released: removing it would let two processes hold two files of
    one name.

    Args:
        path: the lock's file.
        retry: asked when another process holds it, whether to try again; it may wait before it answers.

    Raises:
        LockHeldError: another process holds it.
        LockFileError: the file cannot be made.
    """
    file = _open(path)
    try:
        while not _taken(file, retry):
            pass
        yield
    finally:
        os.close(file)


def _open(path: Path) -> int:
    try:
        make_folder(path.parent)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise LockFileError(f"the lock {path} cannot be made: {problem}") from problem


def _taken(file: int, retry: Retry) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(file, 64, 0).decode(errors="replace").strip()
        problem = LockHeldError(f"process {holder}" if holder.isdigit() else "another process")
        if retry(problem):
            return False
        raise problem from None
    _sign(file)
    return True


def _sign(file: int) -> None:
    """Write down who holds it, for messages; a full disk is no reason not to hold it."""
    with suppress(OSError):
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
