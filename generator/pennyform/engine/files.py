"""The file system as the journal needs it: what a method did survives a power cut once it returns."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO, Protocol

from pennyform.engine.limits import FILE_BYTES
from pennyform.safe_files import UnsafeFileError, check_private, open_inside


class SystemCalls(Protocol):
    """The functions of :mod:`os` that decide what survives a crash. A simulation lets them fail and kill."""

    def open(self, path: Path, flags: int, mode: int = 0o777, /) -> int:
        """A file descriptor."""

    def write(self, file: int, data: memoryview, /) -> int:
        """How many bytes were written: it may take less than it was given, without an error."""

    def fsync(self, file: int, /) -> None:
        """Make everything written to ``file`` durable."""

    def ftruncate(self, file: int, size: int, /) -> None:
        """Cut ``file`` to ``size`` bytes."""

    def pread(self, file: int, size: int, offset: int, /) -> bytes:
        """Up to ``size`` bytes from ``offset`` on."""

    def pwrite(self, file: int, data: bytes, offset: int, /) -> int:
        """Write ``data`` at ``offset``."""

    def close(self, file: int, /) -> None:
        """Let go of ``file``, and of a lock held through it."""

    def getpid(self) -> int:
        """The id of this process."""


class JournalFiles(Protocol):
    """Durable files that journals are kept in: on a disk, or by their names in a database."""

    def read(self, path: Path) -> bytes | None:
        """All bytes of ``path``, a file of this user alone; None when there is no such file."""

    def append(self, path: Path, data: bytes, size: int) -> None:
        """Add ``data`` behind the ``size`` bytes of ``path``; durable on return.

        Without any bytes yet, the file and its folder are created.
        """

    def truncate(self, path: Path, size: int) -> None:
        """Cut ``path`` to its first ``size`` bytes; durable on return."""

    def replace(self, path: Path, data: bytes, keep: Path) -> None:
        """Let ``path`` hold ``data`` and ``keep`` what it held, in its folder; durable on return.

        Whenever the power goes, ``path`` holds either the one or the other, whole. What cannot be read, such
        as a pipe in its place, is not copied but renamed.
        """


class Storage(JournalFiles, Protocol):
    """Durable files. A simulation passes in one that tears writes and runs out of space."""

    def read_inside(self, root: Path, path: Path) -> bytes | None:
        """All bytes of ``path``, which lies in ``root``; None when there is no such file."""


class Disk:
    """The real file system, through plain system calls."""

    def __init__(self, system_calls: SystemCalls = os) -> None:
        self._calls = system_calls
        # Files whose names this process has made durable. A name that was found may have been made by a
        # process that died before it got to that.
        self._durable_names: set[Path] = set()

    def read(self, path: Path) -> bytes | None:
        """All bytes of ``path``, a file of this user alone; None when there is no such file.

        Raises:
            OSError: it cannot be read, others may write it, or it is too large to be held in memory.
        """
        try:
            descriptor = open_inside(path.parent, path)
            with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
                check_private(descriptor, what="it")
                return _read_whole(file)
        except FileNotFoundError:
            return None

    def read_inside(self, root: Path, path: Path) -> bytes | None:
        """All bytes of ``path``, which lies in ``root``; None when there is no such file.

        Raises:
            OSError: it cannot be read, leads elsewhere, or is too large to be held in memory.
        """
        try:
            with open(open_inside(root, path), "rb") as file:  # noqa: PTH123 - a descriptor
                return _read_whole(file)
        except FileNotFoundError:
            return None

    def append(self, path: Path, data: bytes, size: int) -> None:
        """Write, then fsync the file, and the first time its folder too.

        Raises:
            OSError: nothing may be assumed about how much of ``data`` is there. With another size than
                ``size``, none of it is: somebody removed the file, or wrote into it.
        """
        new = path not in self._durable_names
        if new:
            make_folder(path.parent, self._calls)
        self._write(path, data, os.O_APPEND | (0 if size else os.O_CREAT), size)
        if new:
            sync_folder(path.parent, self._calls)
            self._durable_names.add(path)

    def truncate(self, path: Path, size: int) -> None:
        """Cut ``path`` to ``size`` bytes and fsync it."""
        file = self._calls.open(path, os.O_WRONLY | os.O_NOFOLLOW)
        try:
            check_private(file, what="it")
            self._calls.ftruncate(file, size)
            self._calls.fsync(file)
        finally:
            self._calls.close(file)

    def replace(self, path: Path, data: bytes, keep: Path) -> None:
        """Write a copy of ``path`` and then ``data``, each beside where it goes, and rename it there."""
        # The copy first: should the power go between the two, nothing is lost yet.
        try:
            content = self.read(path) or b""
        except OSError:
            former = path
        else:
            former = self._write_beside(keep, content)
        unfinished = self._write_beside(path, data)
        former.replace(keep)
        unfinished.replace(path)
        sync_folder(path.parent, self._calls)

    def _write_beside(self, path: Path, data: bytes) -> Path:
        unfinished = path.with_name(f"{path.name}.unfinished")
        self._write(unfinished, data, os.O_TRUNC | os.O_CREAT)
        return unfinished

    def _write(self, path: Path, data: bytes, mode: int, size: int | None = None) -> None:
        flags = os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | mode
        file = self._calls.open(path, flags, 0o600)
        try:
            check_private(file, what="it")
            if size is not None and os.fstat(file).st_size != size:
                raise UnsafeFileError("somebody else wrote into it, or removed it")
            rest = memoryview(data)
            while rest:
                rest = rest[self._calls.write(file, rest) :]
            self._calls.fsync(file)
        finally:
            self._calls.close(file)


def _read_whole(file: BinaryIO) -> bytes:
    size = os.fstat(file.fileno()).st_size
    if size > FILE_BYTES:
        raise OSError(errno.EFBIG, f"it is larger than {FILE_BYTES:,} bytes")
    data = file.read(size + 1)
    if len(data) > size:
        raise OSError(errno.EAGAIN, "it grows while it is read")
    return data


def make_folder(folder: Path, system_calls: SystemCalls = os) -> None:
    """Create ``folder`` and what is missing above it; durable on return."""
    if folder.is_dir():
        return
    make_folder(folder.parent, system_calls)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent, system_calls)


def sync_folder(folder: Path, system_calls: SystemCalls = os) -> None:
    """Make the names in ``folder`` durable: a new file survives a power cut only once that is done."""
    handle = system_calls.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        system_calls.fsync(handle)
    finally:
        system_calls.close(handle)
