"""Where the token of an account comes from.

Never from the command line: that can be read by everybody on the machine, so only a file's *name* may stand
there. A repository comes with pull requests: its settings may name tokens of Pennylane that the user keeps
for pennyform, and nothing else. They name neither a command nor a file outside the user's folder of tokens.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pennyform.cli.terminal import TOKEN_VARIABLE, Terminal
from pennyform.engine.state_folder import work_tree
from pennyform.findings import Failure, failure
from pennyform.invoices import Repository
from pennyform.invoices.model import TokenSource
from pennyform.safe_files import UnsafeFileError, check_private, is_below, real_path

RunCommand = Callable[[Sequence[str]], bytes]
"""Runs a command without a shell, and returns what it printed; raises OSError when it fails."""

FOLDER_VARIABLE = "PENNYFORM_TOKENS"
KEYRING_SERVICE = "pennyform"
# Far more than any token; a file beyond this is something else.
_MAX_TOKEN_BYTES = 4096
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_USER_FILE = "tokens.yaml"
_TOKEN = re.compile(r"[!-~]+")


def find_token(
    repository: Repository,
    file: Path | None,
    host: str,
    terminal: Terminal,
    run_command: RunCommand,
) -> str:
    """The token for the real service.

    From ``file``; else from where the user's own ``tokens.yaml`` says for the company's id; else from where
    the repository's settings say; else from the environment or the keyring.

    Args:
        repository: its settings may say where the token is kept, and which company it must be of.
        file: ``--token-file``; a file or pipe for its owner alone, with the token as its only line.
        host: names the service in the keyring, such as ``app.pennylane.com``.
        terminal: has the environment variables.
        run_command: runs a command that the user's own file names.

    Raises:
        Failure: there is no token, or what is named does not hold one.
    """
    environ = terminal.environ
    if file is not None:
        return _read_token_file(file)
    settings, company = repository.settings, repository.settings.policies.company_id
    if company is not None and (entry := _user_entry(company, repository.root, environ)):
        return _from_user_entry(entry, environ, run_command)
    if settings.token is not None:
        return _from_settings(settings.token, repository.root, host, environ)
    token = environ.get(TOKEN_VARIABLE, "").strip() or _read_keyring(host)
    if token:
        return token
    raise failure(
        "token-missing",
        f"there is no API token: {TOKEN_VARIABLE} is not set",
        detail="The environment is production, so requests would go to the real service.",
        fix=f"set {TOKEN_VARIABLE}, name a --token-file, or pass --sandbox to work on the embedded sandbox",
    )


# --- from the repository's settings -------------------------------------------------------------------------


def _from_settings(source: TokenSource, root: Path, host: str, environ: Mapping[str, str]) -> str:
    """The token that ``token`` of the settings names; there is no falling back to another one."""
    if source.kind == "env":
        return _checked(environ.get(source.name, ""), f"{source.name} is not set", f"set {source.name}")
    if source.kind == "file":
        return _read_token_file(_token_folder(root, environ) / source.name)
    entry = f"{host}/{source.name}"
    return _checked(
        _read_keyring(entry),
        f"the keyring has no entry {entry} of {KEYRING_SERVICE}",
        f"make it with: keyring set {KEYRING_SERVICE} {entry}",
    )


def _token_folder(root: Path, environ: Mapping[str, str]) -> Path:
    """The user's folder of tokens: ``PENNYFORM_TOKENS``, or ``tokens`` beside the user's own file."""
    named = environ.get(FOLDER_VARIABLE, "").strip()
    folder = Path(named) if named else _config_folder(environ) / "tokens"
    if not folder.is_absolute():
        raise _refused(folder, f"{FOLDER_VARIABLE} must be an absolute path")
    _require_outside(folder, root)
    return folder


def _checked(token: str, problem: str, fix: str) -> str:
    """A token, if there is one.

    Raises:
        Failure: there is none, or it is something else: more than one line, or with spaces.
    """
    token = token.strip()
    if not token:
        raise failure("token-missing", f"there is no API token: {problem}", fix=fix)
    if not _TOKEN.fullmatch(token):
        raise failure("token-missing", "there is no API token: what is kept there is no token", fix=fix)
    return token


# --- from the user's own file -------------------------------------------------------------------------------


def _config_folder(environ: Mapping[str, str]) -> Path:
    """The user's own folder for settings: in ``XDG_CONFIG_HOME``, else in ``~/.config``.

    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    base = Path(environ.get("XDG_CONFIG_HOME", ""))
    return (base if base.is_absolute() else Path(environ.get("HOME", "/"), ".config")) / "pennyform"


def _user_entry(company: int, root: Path, environ: Mapping[str, str]) -> Mapping[str, object] | None:
    """What the user's own file says about the token of a company; None when it says nothing.

    Raises:
        Failure: the file cannot be used, or others may write it.
    """
    path = _config_folder(environ) / _USER_FILE
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise _refused(path, problem.strerror or "it cannot be read") from None
    # Whoever can commit could name a command in it.
    with os.fdopen(descriptor, "rb") as file:
        _require_outside(path, root)
        try:
            check_private(descriptor, what="it")
        except UnsafeFileError as problem:
            raise _refused(path, str(problem)) from None
        content = file.read(1024 * 1024)
    from pennyform.invoices.yaml.reader import read

    document, findings = read(content, str(path))
    if document is None or findings:
        raise Failure(findings)
    entry = document.value.get(str(company)) if isinstance(document.value, dict) else None
    if entry is None:
        return None
    if not isinstance(entry, dict) or len(entry) != 1:
        raise _refused(path, f"the entry of {company} is not one of `command`, `file`, `env`")
    return entry


def _from_user_entry(entry: Mapping[str, object], environ: Mapping[str, str], run_command: RunCommand) -> str:
    match next(iter(entry.items())):
        case ("env", str(name)):
            return _checked(environ.get(name, ""), f"{name} is not set", f"set {name}")
        case ("file", str(path)):
            return _read_token_file(Path(path))
        case ("command", [str(), *_] as entries):
            words = [str(word) for word in entries]
            try:
                output = run_command(words)
            except OSError as problem:
                raise failure(
                    "token-missing",
                    f"there is no API token: {words[0]} failed: {problem}",
                    fix="run it by hand",
                ) from None
            text = output[:_MAX_TOKEN_BYTES].decode("ascii", "replace")
            return _checked(text, f"{words[0]} printed nothing", "run it by hand")
    raise _refused(Path(_USER_FILE), "an entry is `{command: [WORD, …]}`, `{file: PATH}` or `{env: NAME}`")


def _require_outside(path: Path, root: Path) -> None:
    """Refuse what lies in the repository: it would come with a commit.

    Raises:
        Failure: it does.
    """
    if is_below(real_path(path), work_tree(root)):
        raise _refused(path, "it lies in the repository")


def _refused(path: Path, problem: str) -> Failure:
    fix = "let it be a file or folder of yours alone, outside of the repository"
    return failure("token-settings", f"it cannot be used: {problem}", file=str(path), fix=fix)


# --- files and the keyring ----------------------------------------------------------------------------------


def _read_token_file(path: Path) -> str:
    try:
        # Looked at through the open file: what is checked is what is read.
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            # A pipe serves `--token-file <(...)`: then the token is on no disk.
            if not (stat.S_ISREG(status.st_mode) or stat.S_ISFIFO(status.st_mode)):
                raise _token_file_error(path, "it is neither a file nor a pipe")
            # Elsewhere the mode does not say who may read.
            if os.name == "posix" and status.st_mode & _OTHERS:
                raise _token_file_error(path, "others than its owner may use it", fix=f"chmod 600 {path}")
            content = file.read(_MAX_TOKEN_BYTES + 1)
    except OSError as problem:
        raise _token_file_error(path, problem.strerror or "it cannot be read") from None
    if len(content) > _MAX_TOKEN_BYTES:
        raise _token_file_error(path, f"it has more than {_MAX_TOKEN_BYTES} bytes")
    token = content.decode("ascii", "replace").strip()
    if not token:
        raise _token_file_error(path, "it is empty")
    if not _TOKEN.fullmatch(token):
        raise _token_file_error(path, "it holds something else than a token")
    return token


def _token_file_error(
    path: Path, problem: str, *, fix: str = "name a private file with the token as its only line"
) -> Failure:
    return failure("token-file", f"the token file cannot be used: {problem}", file=str(path), fix=fix)


def _read_keyring(entry: str) -> str:
    """The token that the system's keyring keeps, "" when there is none, or no keyring."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return ""
    try:
        return keyring.get_password(KEYRING_SERVICE, entry) or ""
    except KeyringError:
        # Locked, or no keyring on this machine: the same as no token, and said so by the caller.
        return ""
