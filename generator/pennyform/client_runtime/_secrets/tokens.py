# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""OAuth tokens, and where they are kept between two runs."""

from __future__ import annotations

import os
import secrets
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from ..errors import AuthorizationError


@dataclass(frozen=True, slots=True, repr=False)
class Tokens:
    """A pair of tokens, which its repr does not show.

    ``expires_at`` and ``obtained_at`` are seconds since the Unix epoch. ``in_use`` is true from before the
    refresh token is sent until its answer has been stored: a pair that is found so was perhaps replaced by
    one that never arrived.
    """

    access_token: str
    refresh_token: str
    expires_at: float
    obtained_at: float
    scope: str = ""
    in_use: bool = False

    def __repr__(self) -> str:
        return f"Tokens(scope={self.scope!r}, expires_at={self.expires_at!r}, in_use={self.in_use!r})"


class TokenStore(Protocol):
    """Where one authorization's tokens are kept. Whoever shares it takes turns at refreshing them.

    ``save`` must have kept the tokens for good when it returns, since the service forgets the old ones.
    """

    def load(self) -> Tokens | None:
        """The tokens that were saved last, or None."""
        ...

    def save(self, tokens: Tokens) -> None:
        """Keep ``tokens`` instead of those before."""
        ...

    def clear(self) -> None:
        """Forget the tokens."""
        ...

    def acquire(self) -> bool:
        """Try, without waiting, to become the only one who may refresh; False when somebody else is."""
        ...

    def release(self) -> None:
        """Let others refresh again. May be called from another thread than ``acquire``."""
        ...


class MemoryTokenStore:
    """Keeps tokens as long as the process lives; for tests, and for tokens that are kept elsewhere."""

    def __init__(self, tokens: Tokens | None = None) -> None:
        self._tokens = tokens
        self._lock = threading.Lock()

    def load(self) -> Tokens | None:
        """The tokens that were saved last, or None."""
        return self._tokens

    def save(self, tokens: Tokens) -> None:
        """Keep ``tokens`` instead of those before."""
        self._tokens = tokens

    def clear(self) -> None:
        """Forget the tokens."""
        self._tokens = None

    def acquire(self) -> bool:
        """Try, without waiting, to become the only one who may refresh."""
        return self._lock.acquire(blocking=False)

    def release(self) -> None:
        """Let others refresh again."""
        self._lock.release()


class FileTokenStore:
    """Keeps tokens in a file that only its owner can read, replaced as a whole or not at all.

    Several processes may share the file: a lock beside it (``NAME.lock``), which the operating system drops
    with the process that holds it, lets one of them refresh at a time.

    Args:
        path: the file; its folder must exist.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._held = -1

    def __repr__(self) -> str:
        return f"FileTokenStore({str(self._path)!r})"

    def load(self) -> Tokens | None:
        """The tokens in the file, or None when there is none.

        Raises:
            AuthorizationError: others can read the file, or it holds something else.
        """
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            if os.fstat(descriptor).st_mode & 0o077:
                raise AuthorizationError(f"others can read {self._path}: chmod 600 it, and revoke its tokens")
            text = file.read()
        return self._read(text)

    def _read(self, text: bytes) -> Tokens:
        tokens = None
        with suppress(msgspec.DecodeError):
            tokens = msgspec.json.decode(text, type=Tokens)
        # Raised out here, because the cause would carry the file's content along.
        if tokens is None:
            raise AuthorizationError(f"{self._path} holds no tokens: remove it and authorize again")
        return tokens

    def save(self, tokens: Tokens) -> None:
        """Write a new file beside the old one, with mode 0600 from the start, and put it in its place."""
        fresh = self._path.with_name(f"{self._path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode(tokens))
                file.flush()
                os.fsync(descriptor)
            fresh.replace(self._path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        self._sync_folder()

    def clear(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)
        self._sync_folder()

    def acquire(self) -> bool:
        """Try, without waiting, to become the only one on this machine who may refresh."""
        import fcntl

        name = f"{self._path}.lock"
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._held = descriptor
        return True

    def release(self) -> None:
        """Let others refresh again."""
        held, self._held = self._held, -1
        os.close(held)

    def _sync_folder(self) -> None:
        descriptor = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
