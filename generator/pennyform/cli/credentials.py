"""Where the API token comes from: a private file, the environment, or the keyring. Never the command line.

What is on a command line can be read by everybody on the machine, so only a file's *name* may stand there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from pennyform.findings import Failure, failure

TOKEN_VARIABLE = "PENNYLANE_API_TOKEN"  # noqa: S105 - the name of a variable
KEYRING_SERVICE = "pennyform"
# Far more than any token; a file beyond this is something else.
MAX_BYTES = 4096
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def find_token(file: Path | None, host: str, environ: Mapping[str, str]) -> str:
    """The token for the real service: from ``file``, else from the environment, else from the keyring.

    Args:
        file: ``--token-file``; a file or pipe for its owner alone, with the token as its only line.
        host: names the service in the keyring, such as ``app.pennylane.com``.
        environ: the environment variables.

    Raises:
        Failure: there is no token, or its file is open to others, too long, or something else.
    """
    if file is not None:
        return _read_token_file(file)
    token = environ.get(TOKEN_VARIABLE, "").strip() or _read_keyring(host)
    if token:
        return token
    raise failure(
        "token-missing",
        f"there is no API token: {TOKEN_VARIABLE} is not set",
        detail="The environment is production, so requests would go to the real service.",
        fix=f"set {TOKEN_VARIABLE}, name a --token-file, or pass --sandbox to work on the embedded sandbox",
    )


def _read_token_file(path: Path) -> str:
    try:
        # Looked at through the open file: what is checked is what is read.
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not (stat.S_ISREG(status.st_mode) or stat.S_ISFIFO(status.st_mode)):
                raise _token_file_error(path, "it is neither a file nor a pipe")
            if os.name == "posix" and status.st_mode & _OTHERS:
                raise _token_file_error(path, "others than its owner may use it", fix=f"chmod 600 {path}")
            content = file.read(MAX_BYTES + 1)
    except OSError as problem:
        raise _token_file_error(path, problem.strerror or "it cannot be read") from None
    if len(content) > MAX_BYTES:
        raise _token_file_error(path, f"it has more than {MAX_BYTES} bytes")
    token = content.decode("ascii", "replace").strip()
    if not token:
        raise _token_file_error(path, "it is empty")
    return token


def _token_file_error(
    path: Path, problem: str, *, fix: str = "name a private file with the token as its only line"
) -> Failure:
    return failure("token-file", f"the token file cannot be used: {problem}", file=str(path), fix=fix)


def _read_keyring(host: str) -> str:
    """The token that the system's keyring keeps, "" when there is none, or no keyring."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return ""
    try:
        return keyring.get_password(KEYRING_SERVICE, host) or ""
    except KeyringError:
        # Locked, or no keyring on this machine: the same as no token, and said so by the caller.
        return ""
