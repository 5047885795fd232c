"""The file system as the journal needs it: what a method did survives a power cut once it returns."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol


class Storage(Protocol):
    """Durable files. A simulation passes in one that tears writes and runs out of space."""

    def read(self, path: Path) -> bytes | None:
        """All bytes of ``path``; None when there is no such file."""

    def append(self, path: Path, data: bytes) -> None:
        """Add ``data`` at the end of ``path``, creating it and its folder; durable on return."""

    def truncate(self, path: Path, size: int) -> None:
        """Cut ``path`` to its first ``size`` bytes; durable on return."""

    def rename(self, path: Path, target: Path) -> None:
        """Give ``path`` another name in its folder; durable on return."""


class Disk:
    """The real file system, through plain system calls."""

    def read(self, path: Path) -> bytes | None:
        """All bytes of ``path``; None when there is no such file."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def append(self, path: Path, data: bytes) -> None:
        """Write, then fsync the file, and its folder too when the file is new.

        Raises:
            OSError: nothing may be assumed about how much of ``data`` is there.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        new = not path.exists()
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            _write_all(file, data)
            os.fsync(file)
        finally:
            os.close(file)
        if new:
            _sync_folder(path.parent)

    def truncate(self, path: Path, size: int) -> None:
        """Cut ``path`` to ``size`` bytes and fsync it."""
        file = os.open(path, os.O_WRONLY)
        try:
            os.ftruncate(file, size)
            os.fsync(file)
        finally:
            os.close(file)

    def rename(self, path: Path, target: Path) -> None:
        """Rename and fsync the folder."""
        path.rename(target)
        _sync_folder(path.parent)


def _write_all(file: int, data: bytes) -> None:
    """``write`` may take less than it was given, without an error."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _sync_folder(folder: Path) -> None:
    """A new name is durable only once its folder is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
