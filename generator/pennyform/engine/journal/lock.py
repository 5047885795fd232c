"""One apply at a time per company: a lock held through an open file, so that it dies with its process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pennyform.engine.runtime import SystemCalls, make_folder
from pennyform.safe_files import check_private


class LockHeldError(Exception):
    """Another process is applying to the same company. ``str()`` says which, as far as it is known."""


class LockFileError(Exception):
    """The lock's file cannot be made."""


Retry = Callable[[LockHeldError], bool]


@contextmanager
def hold(path: Path, retry: Retry = lambda _: False, system_calls: SystemCalls = os) -> Iterator[None]:
    """Hold the exclusive lock ``path`` for as long as the context lasts.

    The file stays behind when the lock is released: removing it would let two processes hold two files of
    one name.

    Args:
        path: the lock's file.
        retry: asked when another process holds it, whether to try again; it may wait before it answers.
        system_calls: the machine.

    Raises:
        LockHeldError: another process holds it.
        LockFileError: the file cannot be made, or is something else.
    """
    try:
        make_folder(path.parent, system_calls)
        # Closed on exec: a child process would go on holding the lock.
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        file = system_calls.open(path, flags, 0o600)
    except OSError as problem:
        raise LockFileError(f"the lock {path} cannot be made: {problem}") from problem
    # flock, and no file that says who holds it: the system releases it whatever the process dies of.
    try:
        try:
            check_private(file, what="it")
        except OSError as problem:
            raise LockFileError(f"the lock {path} cannot be used: {problem}") from problem
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                held = LockHeldError(_holder(file, system_calls))
            except OSError as problem:
                raise LockFileError(f"the lock {path} cannot be taken: {problem}") from problem
            if not retry(held):
                raise held
        # Who holds it, for messages; a full disk is no reason not to hold it.
        with suppress(OSError):
            system_calls.ftruncate(file, 0)
            system_calls.pwrite(file, str(system_calls.getpid()).encode(), 0)
        yield
    finally:
        system_calls.close(file)


def _holder(file: int, system_calls: SystemCalls) -> str:
    """Who holds a lock, as far as its file tells."""
    try:
        text = system_calls.pread(file, 64, 0).decode(errors="replace").strip()
    except OSError:
        text = ""
    return f"process {text}" if text.isdecimal() else "another process"
