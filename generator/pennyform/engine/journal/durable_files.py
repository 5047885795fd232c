"""The file system as the journal needs it: what a method did survives a power cut once it returns."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Protocol

from pennyform.engine.limits import FILE_BYTES


class Storage(Protocol):
    """Durable files. A simulation passes in one that tears writes and runs out of space."""

    def read(self, path: Path) -> bytes | None:
        """All bytes of ``path``; None when there is no such file."""

    def append(self, path: Path, data: bytes) -> None:
        """Add ``data`` at the end of ``path``, creating it and its folder; durable on return."""

    def truncate(self, path: Path, size: int) -> None:
        """Cut ``path`` to its first ``size`` bytes; durable on return."""

    def replace(self, path: Path, data: bytes, keep: Path) -> None:
        """Let ``path`` hold ``data`` and ``keep`` what it held, in its folder; durable on return.

        Whenever the power goes, ``path`` holds either the one or the other, whole.
        """


class Disk:
    """The real file system, through plain system calls."""

    def __init__(self) -> None:
        # Files whose names this process has made durable. A name that was found may have been made by a
        # process that died before it got to that.
        self._named: set[Path] = set()

    def read(self, path: Path) -> bytes | None:
        """All bytes of ``path``; None when there is no such file.

        Raises:
            OSError: it cannot be read, or is too large to be held in memory.
        """
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_size > FILE_BYTES:
                    raise OSError(errno.EFBIG, f"larger than {FILE_BYTES:,} bytes")
                return file.read()
        except FileNotFoundError:
            return None

    def append(self, path: Path, data: bytes) -> None:
        """Write, then fsync the file, and the first time its folder too.

        Raises:
            OSError: nothing may be assumed about how much of ``data`` is there.
        """
        new = path not in self._named
        if new:
            make_folder(path.parent)
        _write(path, data, os.O_APPEND)
        if new:
            _sync_folder(path.parent)
            self._named.add(path)

    def truncate(self, path: Path, size: int) -> None:
        """Cut ``path`` to ``size`` bytes and fsync it."""
        file = os.open(path, os.O_WRONLY)
        try:
            os.ftruncate(file, size)
            os.fsync(file)
        finally:
            os.close(file)

    def replace(self, path: Path, data: bytes, keep: Path) -> None:
        """Write a copy of ``path`` and then ``data``, each beside where it goes, and rename it there."""
        _write_whole(keep, self.read(path) or b"")
        _write_whole(path, data)
        _sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Create ``folder`` and what is missing above it; durable on return."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _write(path: Path, data: bytes, how: int) -> None:
    """``write`` may take less than it was given, without an error."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how, 0o600)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    finally:
        os.close(file)


def _write_whole(path: Path, data: bytes) -> None:
    """All of ``data`` or nothing."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    _write(unfinished, data, os.O_TRUNC)
    unfinished.replace(path)


def _sync_folder(folder: Path) -> None:
    """A new name is durable only once its folder is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
