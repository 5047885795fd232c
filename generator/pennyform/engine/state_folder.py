"""Where a user's state lies, outside of every repository, and the key that binds it to this user."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pennyform.findings import Failure, failure
from pennyform.safe_files import UnsafeFileError, check_private, is_below, make_folders, real_path

PATH_VARIABLE = "PENNYFORM_STATE"
KEY_VARIABLE = "PENNYFORM_STATE_KEY"
# Where it names a PostgreSQL, journals are kept there (pennyform.fleet.journals).
DATABASE_VARIABLE = "PENNYFORM_DATABASE_URL"
_MIN_KEY_LETTERS = 32
_KEY_BYTES = 32
_KEY_FILE = "key"


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The folder for journals and locks. Made by :func:`state_folder`.

    What comes with a repository is no state: whoever can commit could otherwise write into a journal what was
    never done. So the folder belongs to this user alone, and every record and every saved plan carries a code
    made with a key that is in no repository.

    ``secret`` is the key as the environment gives it; "" when it lies in the folder.
    """

    path: Path
    secret: str = field(default="", repr=False)
    random_bytes: Callable[[int], bytes] = os.urandom

    def check_place(self, root: str | Path) -> None:
        """Refuse a folder inside the repository that ``root`` belongs to when its key lies there as well.

        Raises:
            Failure: it does: the key would come with a commit as easily as the journal it should vouch for.
        """
        if not self.secret and is_below(real_path(self.path), work_tree(root)):
            raise _refused(
                self.path,
                "it lies in the invoice repository",
                f"let {PATH_VARIABLE} name a folder elsewhere, or set {KEY_VARIABLE}",
            )

    def prepare(self, *names: str) -> None:
        """Make the folder, or check the one that is there; the folders ``names`` in it as well.

        Raises:
            Failure: it cannot be made, others may write it, or it is a link.
        """
        for folder in (self.path, *(self.path / name for name in ("journal", *names))):
            try:
                make_folders(folder.anchor, real_path(folder.parent))
                folder.mkdir(mode=0o700, exist_ok=True)
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except OSError as problem:
                reason = str(problem) if isinstance(problem, UnsafeFileError) else problem.strerror
                raise _refused(folder, f"it cannot be made or opened: {reason}") from problem
            try:
                check_private(descriptor, what="it")
            except UnsafeFileError as problem:
                fix = f"chmod go-w {folder}, or let {PATH_VARIABLE} name a folder of yours"
                raise _refused(folder, str(problem), fix) from problem
            finally:
                os.close(descriptor)

    def key(self) -> bytes:
        """The key for journals and saved plans, made when there is none yet.

        Raises:
            Failure: its file cannot be used.
        """
        if self.secret:
            return hashlib.sha256(self.secret.encode()).digest()
        path = self.path / _KEY_FILE
        try:
            key = _read_key(path) or _make_key(path, self.random_bytes)
        except OSError as problem:
            is_full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
            fix = "make room on the disk" if is_full else f"let it be a file of yours alone: chmod 600 {path}"
            raise _refused(path, f"the key cannot be used: {problem}", fix) from problem
        if len(key) != _KEY_BYTES:
            raise _refused(
                path,
                f"the key is damaged: it has not {_KEY_BYTES} bytes",
                "restore it; if it is lost, delete it and run 'pennyform apply --repair-journal …'",
            )
        return key

    def journal_key(self, name: str) -> bytes:
        """The key for the journal ``name`` alone: the journal of another company is no journal of this one.

        Raises:
            Failure: the key's file cannot be used.
        """
        return hmac.digest(self.key(), f"pennyform journal {name}".encode(), "sha256")

    def approval_key(self) -> bytes:
        """The key for approvals alone: whatever else is signed is no approval.

        Raises:
            Failure: the key's file cannot be used.
        """
        return hmac.digest(self.key(), b"pennyform approval", "sha256")


def work_tree(root: str | Path) -> Path:
    """The folder whose files are committed together with those of ``root``; ``root`` without one."""
    real = real_path(root)
    return next((folder for folder in (real, *real.parents) if (folder / ".git").exists()), real)


def _read_key(path: Path) -> bytes:
    """What the key's file holds; nothing when there is none."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    try:
        check_private(file, what="it", secret=True)
        return os.read(file, 2 * _KEY_BYTES)
    finally:
        os.close(file)


def _make_key(path: Path, random_bytes: Callable[[int], bytes]) -> bytes:
    """Make a key, unless another command was faster; durable on return."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    try:
        check_private(file, what="it", secret=True)
        fcntl.flock(file, fcntl.LOCK_EX)
        key = os.read(file, 2 * _KEY_BYTES)
        if not key:
            key = random_bytes(_KEY_BYTES)
            os.write(file, key)
            os.fsync(file)
            # Its name too: journals that it signed may outlive a power cut, and must not without it.
            folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        return key
    finally:
        os.close(file)


def state_folder(environ: Mapping[str, str], random_bytes: Callable[[int], bytes]) -> StateFolder:
    """The user's state folder, as the environment names it.

    ``PENNYFORM_STATE``, else ``pennyform`` in ``XDG_STATE_HOME``, else ``~/.local/state/pennyform``
    (https://specifications.freedesktop.org/basedir-spec/latest/).

    Raises:
        Failure: it is named by a relative path, there is no home folder, or the key is too short.
    """
    secret = environ.get(KEY_VARIABLE, "").strip()
    if secret and len(secret) < _MIN_KEY_LETTERS:
        raise failure(
            "state-key",
            f"{KEY_VARIABLE} has fewer than {_MIN_KEY_LETTERS} characters",
            detail="Who guesses it can make up saved plans and journals.",
            fix="make one with: openssl rand -hex 32",
        )
    named = environ.get(PATH_VARIABLE, "").strip()
    if named:
        if not Path(named).is_absolute():
            fix = f"write it in full, such as {PATH_VARIABLE}=$HOME/pennyform-state"
            raise _refused(Path(named), f"{PATH_VARIABLE} must be an absolute path", fix)
        return StateFolder(Path(os.path.normpath(named)), secret, random_bytes)
    base = environ.get("XDG_STATE_HOME", "")
    if not Path(base).is_absolute():
        home = environ.get("HOME", "")
        if not Path(home).is_absolute():
            raise _refused(
                Path("~"), "HOME is not set", f"let {PATH_VARIABLE} name a folder that is kept between runs"
            )
        base = str(Path(home, ".local", "state"))
    return StateFolder(Path(base, "pennyform"), secret, random_bytes)


def _refused(path: Path, reason: str, fix: str = "") -> Failure:
    return failure(
        "state-folder",
        f"the folder for journals cannot be used: {reason}",
        file=str(path),
        detail="Journals say what was sent: nothing is sent unless that can be written down first.",
        fix=fix or f"let {PATH_VARIABLE} name a folder of yours",
    )
