"""Where a user's state lies, outside of every repository, and the key that binds it to this user."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pennyform.findings import Failure, failure
from pennyform.safe_files import UnsafeFileError, check_private, is_below, make_folders

PATH_VARIABLE = "PENNYFORM_STATE"
KEY_VARIABLE = "PENNYFORM_STATE_KEY"
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

    def check_place(self, root: Path) -> None:
        """Refuse a folder inside the invoice repository ``root`` (resolved) when its key lies there as well.

        Raises:
            Failure: it does: the key would come with a commit as easily as the journal it should vouch for.
        """
        if not self.secret and is_below(self.path.resolve(), root):
            raise _refused(
                self.path,
                "it lies in the invoice repository",
                f"let {PATH_VARIABLE} name a folder elsewhere, or set {KEY_VARIABLE}",
            )

    def prepare(self) -> None:
        """Make the folder, or check the one that is there.

        Raises:
            Failure: it cannot be made, others may write it, or it is a link.
        """
        for folder in (self.path, self.path / "journal"):
            try:
                make_folders(folder.anchor, folder.parent.resolve())
                folder.mkdir(mode=0o700, exist_ok=True)
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except OSError as problem:
                reason = str(problem) if isinstance(problem, UnsafeFileError) else problem.strerror
                raise _refused(folder, f"it cannot be made or opened: {reason}") from problem
            try:
                check_private(descriptor, what="it")
            except UnsafeFileError as problem:
                raise _refused(folder, str(problem), f"chmod go-w {folder}") from problem
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
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                check_private(file, what="it")
                # Two commands may be the first at the same moment.
                fcntl.flock(file, fcntl.LOCK_EX)
                key = os.read(file, 2 * _KEY_BYTES)
                if not key:
                    key = self.random_bytes(_KEY_BYTES)
                    os.write(file, key)
                    os.fsync(file)
            finally:
                os.close(file)
        except OSError as problem:
            raise _refused(path, f"the key cannot be used: {problem}") from problem
        if len(key) != _KEY_BYTES:
            raise _refused(path, "the key is damaged", "restore it, or delete it with the journals beside it")
        return key


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
