"""The one way to files: what was checked about a file is what is read or written, wherever links lead.

Definitions come with pull requests: any name in a repository may be a link, a named pipe or a device. Files
are opened folder by folder, without following links, and looked at through the open descriptor, so that
nothing can be exchanged between the look and the use.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

# What makes a folder a place of its own: its files come from somewhere else than the user's keyboard.
SETTINGS_FILE = "pennyform.yaml"
"""Where the settings of an invoice repository are, and what marks its folder."""
_MARKERS = (SETTINGS_FILE, ".git")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
# How systems say that a component of a path is a link that was not to be followed.
_IS_A_LINK = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EMLINK})
_CHUNK = 1 << 20
# fsync waits for the disk, not for a processor: more writers than cores are of use.
_WRITERS, _FEW_FILES = 8, 16
_READ_BY_OTHERS = stat.S_IRGRP | stat.S_IROTH


class UnsafeFileError(OSError):
    """A file that must not be used; ``str()`` says why, in a few words that end a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(errno.EPERM, reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


# --- reading ------------------------------------------------------------------------------------------------


class FolderCache:
    """The folder of the file that was opened last, kept open for the next one: most of a run lie in a few."""

    def __init__(self) -> None:
        self._path: tuple[str, ...] = ()
        self._descriptor = -1

    def descriptor(self, root: str, folders: list[str]) -> int:
        """A descriptor of the folder that ``folders`` lead to from ``root``, valid until the next call."""
        if self._path != (root, *folders):
            self.close()
            self._descriptor = _open_folder(root, folders)
            self._path = (root, *folders)
        return self._descriptor

    def close(self) -> None:
        """Close the folder."""
        if self._path:
            self._path = ()
            os.close(self._descriptor)

    __del__ = close


def open_inside(root: str | Path, path: str | Path, cache: FolderCache | None = None) -> int:
    """A descriptor of the regular file ``path``, for reading.

    A link is followed when what it leads to lies inside ``root`` as well.

    Args:
        root: the folder that the file must lie in, after every link is resolved.
        path: an absolute path.
        cache: holds the file's folder open, for whoever opens many.

    Raises:
        UnsafeFileError: it lies outside, its links go in circles, or it is no regular file.
        OSError: it cannot be opened.
    """
    try:
        descriptor = _open_below(root, path, cache)
    except OSError as problem:
        if isinstance(problem, UnsafeFileError) or problem.errno not in _IS_A_LINK:
            raise
        descriptor = _open_below(os.path.realpath(root), _resolve(root, path))
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise UnsafeFileError("it is not a regular file")


def read_inside(root: str | Path, path: str | Path, limit: int) -> bytes:
    """The first ``limit`` bytes of a file, and one more when it has more: see :func:`open_inside`."""
    with open(open_inside(root, path), "rb") as file:
        return file.read(limit + 1)


def _resolve(root: str | Path, path: str | Path) -> str:
    """``path`` without links, which lies inside ``root``."""
    try:
        real = os.path.realpath(path, strict=True)
    except OSError as problem:
        if problem.errno == errno.ELOOP:
            raise UnsafeFileError("its symbolic links go in circles") from None
        raise
    if not is_below(real, os.path.realpath(root)):
        raise UnsafeFileError("a symbolic link leads out of the repository")
    return real


def real_path(path: str | Path) -> Path:
    """``path`` without links, absolute. Links that go in circles stay: who opens it is told."""
    return Path(os.path.realpath(path))


def is_below(path: str | Path, folder: str | Path) -> bool:
    """Whether ``path`` is ``folder`` or lies in it, as both are written."""
    # Text, not pathlib: this is asked of every file of a repository.
    text, start = os.fspath(path), os.fspath(folder)
    return text == start or text.startswith(start if start.endswith(os.sep) else start + os.sep)


def _open_below(root: str | Path, path: str | Path, cache: FolderCache | None = None) -> int:
    """Open ``path`` for reading, folder by folder from ``root``, following no link below it."""
    normal, start = os.path.normpath(path), os.fspath(root)
    if not is_below(normal, start) or normal == start:
        raise UnsafeFileError("it lies outside the repository")
    *folders, name = normal[len(start) :].strip(os.sep).split(os.sep)
    if cache:
        return os.open(name, _READ, dir_fd=cache.descriptor(start, folders))
    with _folder(start, folders) as folder:
        return os.open(name, _READ, dir_fd=folder)


def _open_folder(root: str, folders: list[str]) -> int:
    """A descriptor of the folder that ``folders`` lead to from ``root``, none of them a link."""
    # The way to the root is the user's own, links included.
    descriptor = os.open(root, _FOLDER & ~os.O_NOFOLLOW)
    for name in folders:
        try:
            inner = os.open(name, _FOLDER, dir_fd=descriptor)
        finally:
            os.close(descriptor)
        descriptor = inner
    return descriptor


@contextmanager
def _folder(root: str, folders: list[str]) -> Iterator[int]:
    """A descriptor of a folder, closed at the end: see :func:`_open_folder`."""
    descriptor = _open_folder(root, folders)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@lru_cache(maxsize=16)
def _others_may_read(file: str) -> bool:
    try:
        return bool(os.stat(file).st_mode & _READ_BY_OTHERS)
    except OSError:
        return False


def is_secret(status: os.stat_result, root: str | Path) -> bool:
    """Whether a file of a repository is kept as a token is: for its owner alone, unlike the settings."""
    return not status.st_mode & _READ_BY_OTHERS and _others_may_read(os.path.join(root, SETTINGS_FILE))


# --- writing ------------------------------------------------------------------------------------------------


def repository_around(path: str | Path) -> str | None:
    """The repository that ``path`` lies in, as it is written: the nearest folder above it with a marker.

    A repository that is only reached by a link of another one does not count: the link came with that one.
    """
    folder = os.path.dirname(os.path.abspath(path))
    nearest, has_link = None, False
    while True:
        if (nearest is None or has_link) and any(
            os.path.lexists(os.path.join(folder, marker)) for marker in _MARKERS
        ):
            nearest, has_link = folder, False
        has_link = has_link or os.path.islink(folder)
        parent = os.path.dirname(folder)
        if parent == folder:
            return nearest
        folder = parent


def settings_above(path: Path) -> Path | None:
    """The nearest folder with settings, from ``path`` itself upwards."""
    upwards = (real_path(path), *real_path(path).parents)
    # Also where it is a link to nothing, or a pipe: its policies must not be left out unnoticed.
    return next((folder for folder in upwards if os.path.lexists(folder / SETTINGS_FILE)), None)


def write_file(
    path: str | Path, data: bytes, *, mode: int = 0o666, replace: bool = True, folders: bool = False
) -> None:
    """Let ``path`` hold ``data``, all of it or nothing.

    In a repository, neither the file nor a folder on the way to it may be a link: it would have come with
    somebody's commit, and lead to any file of the user. A pipe or a device that the user names outside of
    one, such as ``/dev/stdout``, is written to as it is.

    Args:
        path: the file.
        data: its content.
        mode: its permissions, less those that the user's mask takes away.
        replace: whether a file that exists is replaced.
        folders: whether the folders on the way are made where they are missing.

    Raises:
        UnsafeFileError: it is a link, or something else than a regular file.
        FileExistsError: it exists, and ``replace`` does not allow for that.
        OSError: it cannot be written.
    """
    target = os.path.abspath(path)
    root = repository_around(target)
    if root is None:
        if _is_stream(target):
            with open(target, "wb", buffering=0) as stream:
                _write_all(stream.fileno(), data)
            return
        target = os.path.join(os.path.realpath(os.path.dirname(target)), os.path.basename(target))
        root = os.sep
    if folders:
        make_folders(root, os.path.dirname(target))
    *names, name = target[len(root) :].strip(os.sep).split(os.sep)
    try:
        with _folder(root, names) as folder:
            _replace_in(folder, name, data, mode, replace=replace)
    except OSError as problem:
        if isinstance(problem, UnsafeFileError) or problem.errno not in _IS_A_LINK:
            raise
        raise UnsafeFileError("a folder on the way to it is a symbolic link") from None


def make_place(path: str | Path) -> None:
    """Make the folders of a file that a library opens by its name and writes to, such as a database.

    In a repository, neither the file nor a folder on the way to it may be a link, as in :func:`write_file`.

    Raises:
        UnsafeFileError: it is a link there, or something else than a regular file.
        OSError: a folder cannot be made.
    """
    target = os.path.abspath(path)
    root = repository_around(target)
    if root is None:
        os.makedirs(os.path.dirname(target), exist_ok=True)
    else:
        make_folders(root, os.path.dirname(target))
    try:
        kind = os.stat(target, follow_symlinks=root is None).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(kind):
        raise UnsafeFileError("it is a symbolic link, which is not written through")
    if not stat.S_ISREG(kind):
        raise UnsafeFileError("it is not a regular file")


@contextmanager
def replaced_files(files: Mapping[Path, bytes | None], *, replace_links: bool = False) -> Iterator[None]:
    """Let all of some files hold what they should, or none of them, also should the block in ``with`` fail.

    All of it is on the disk before the first file moves into its place. They move in their order: should the
    process be killed between two of them, the last one still is what it was. What such a process left beside
    the files is removed.

    Args:
        files: the content of each file; None for one that is removed.
        replace_links: whether a link gives way to a file. What it leads to is never written.

    Raises:
        UnsafeFileError: one of them is a link.
        OSError: one of them cannot be written; see :func:`write_file`.
    """
    token = os.urandom(8).hex()
    parts = {path: path.with_name(f".{path.name}.{token}.part") for path in files}
    backups: dict[Path, Path | None] = {}
    moved: list[Path] = []
    folders = [folder for path in files for folder in path.parents if not folder.exists()]
    try:
        for path in files:
            if path.is_symlink() and not replace_links:
                raise UnsafeFileError("it is a symbolic link, which is not written through")
            _remove(_left_behind(path))
        _write_parts({parts[path]: content for path, content in files.items() if content is not None})
        for path in files:
            backups[path] = path.with_name(f".{path.name}.{token}.old") if os.path.lexists(path) else None
            if backup := backups[path]:
                _keep(path, backup)
        for path, content in files.items():
            path.unlink(missing_ok=True) if content is None else parts[path].replace(path)
            moved.append(path)
        yield
    except BaseException:
        for path in reversed(moved):
            _put_back(path, backups[path])
        _remove(parts.values())
        for folder in folders:
            with suppress(OSError):
                folder.rmdir()
        raise
    finally:
        _remove(filter(None, backups.values()))


def _write_parts(parts: Mapping[Path, bytes]) -> None:
    def write(path: Path) -> None:
        write_file(path, parts[path], replace=False, folders=True)

    if len(parts) < _FEW_FILES:
        for path in parts:
            write(path)
        return
    from concurrent.futures import ThreadPoolExecutor  # slow to import, and needed only by `generate`

    # Each file has to reach the disk, but they need not wait for each other.
    with ThreadPoolExecutor(_WRITERS) as writers:
        list(writers.map(write, parts))


def _keep(path: Path, backup: Path) -> None:
    """Let ``backup`` be what ``path`` is, which may be a link."""
    try:
        os.link(path, backup, follow_symlinks=False)
    except OSError:
        import shutil  # of a file system without second names

        shutil.copy2(path, backup, follow_symlinks=False)


def _left_behind(path: Path) -> list[Path]:
    """What a process that was killed left beside ``path``."""
    name = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{16}}\.(part|old)")
    try:
        return [path.with_name(other) for other in os.listdir(path.parent) if name.fullmatch(other)]
    except OSError:
        return []


def _put_back(path: Path, backup: Path | None) -> None:
    with suppress(OSError):
        if backup is None:
            path.unlink()
        else:
            backup.replace(path)


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def make_folders(root: str | Path, folder: str | Path) -> None:
    """Make ``folder`` and what is missing between it and ``root``, following no link.

    Raises:
        UnsafeFileError: one on the way is a link, or no folder.
    """
    normal = os.path.normpath(folder)
    if not is_below(normal, root):
        raise UnsafeFileError("it lies outside the repository")
    names = [name for name in normal[len(os.fspath(root)) :].split(os.sep) if name]
    descriptor = os.open(root, _FOLDER & ~os.O_NOFOLLOW)
    try:
        for name in names:
            try:
                inner = _open_or_make(descriptor, name)
            except OSError as problem:
                if problem.errno in _IS_A_LINK:
                    raise UnsafeFileError(f"{name} on the way to it is a link, or no folder") from None
                raise
            os.close(descriptor)
            descriptor = inner
    finally:
        os.close(descriptor)


def _open_or_make(parent: int, name: str) -> int:
    """Open a folder in the folder ``parent``, and make it first where it is missing."""
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except FileNotFoundError:
        # Another thread or process may make it between these two lines.
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=parent)
        return os.open(name, _FOLDER, dir_fd=parent)


def _is_stream(path: str) -> bool:
    """Whether ``path`` is a pipe, a terminal or another device: nothing that could be replaced."""
    try:
        kind = os.stat(path).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(kind) or stat.S_ISCHR(kind) or stat.S_ISSOCK(kind)


def _replace_in(folder: int, name: str, data: bytes, mode: int, *, replace: bool) -> None:
    permissions = None
    try:
        kind = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        pass
    else:
        if stat.S_ISLNK(kind):
            raise UnsafeFileError("it is a symbolic link, which is not written through")
        if not stat.S_ISREG(kind):
            raise UnsafeFileError("it is not a regular file")
        if not replace:
            raise FileExistsError(errno.EEXIST, "it exists already")
        permissions = stat.S_IMODE(kind) & mode
    # A name that nobody can have prepared: a link that waits under a fixed name would be written through.
    part = f".{name[:200]}.{os.urandom(8).hex()}.part"
    descriptor = os.open(part, _CREATE, mode, dir_fd=folder)
    try:
        try:
            if permissions is not None:
                os.fchmod(descriptor, permissions)
            _write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(part, dir_fd=folder)
        raise


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest[:_CHUNK]) :]


# --- what belongs to the user alone -------------------------------------------------------------------------


def check_private(descriptor: int, *, what: str, secret: bool = False) -> None:
    """Refuse a file or folder that somebody else may have written.

    Args:
        descriptor: of the file or folder.
        what: what it is, as the beginning of a sentence.
        secret: whether nobody else may read it either.

    Raises:
        UnsafeFileError: it belongs to another user, others may write it, it has a second name, or it is a
            pipe or a device.
    """
    status = os.fstat(descriptor)
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        raise UnsafeFileError(f"{what} is not a regular file")
    if status.st_uid != os.geteuid():
        raise UnsafeFileError(f"{what} belongs to another user")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UnsafeFileError(f"{what} can be written by others")
    if secret and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UnsafeFileError(f"{what} can be read by others")
    if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
        raise UnsafeFileError(f"{what} has a second name (a hard link)")
