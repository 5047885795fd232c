"""The contract that holds in a repository: where its pin lies, and the schemas that follow from it.

What definitions may say follows from the pinned JSON alone, and from what pennyform itself knows: nothing
that was generated into the repository is read, and no code of it ever runs. Working it out takes two seconds,
so the result is kept in the user's cache folder, under the digest of all that decides it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pennyform import __version__, data
from pennyform.findings import Failure, errors, failure
from pennyform.safe_files import SETTINGS_FILE, UnsafeFileError, read_inside, real_path, settings_above

if TYPE_CHECKING:
    import tempfile

    from pennyform.invoices.model import ContractSettings
    from pennyform.spec.pin.store import Store

INVOICED = "company"
"""The API whose invoices can be defined in files."""

_LARGEST_FILE = 32 * 1024 * 1024
_MOST_KEPT = 8
_KEPT_SECONDS = 24 * 3600
_LIST = "files.txt"


def schemas_of(environ: Mapping[str, str], contract: ContractSettings) -> Path:
    """The folder of the schemas that follow from the contract that a repository owns.

    Args:
        environ: the environment variables, which say where the user's cache is.
        contract: the contract.

    Raises:
        Failure: there is no contract where the settings say, or it cannot be used.
    """
    if INVOICED not in contract.apis:
        return data.schemas()
    cache = _cache_folder(environ) or Path(_temporary_folder().name)
    folder = cache / _digest(contract)
    if not _is_whole(folder):
        _derive(contract, folder)
        _remove_unused(cache)
    with suppress(OSError):
        os.utime(folder)
    return folder


def files_of(contract: ContractSettings | None) -> dict[Path, str]:
    """The files of a contract that say what definitions may say: for whoever works it out elsewhere.

    Args:
        contract: what a repository owns; None where it owns none.

    Returns:
        The SHA-256 of each, by its path; nothing where pennyform's own contract of invoices holds.

    Raises:
        Failure: one of them cannot be read.
    """
    import hashlib

    if contract is None or INVOICED not in contract.apis:
        return {}
    root = real_path(contract.root)
    return {
        root / path.relative_to(contract.root): hashlib.sha256(_read(contract.root, path)).hexdigest()
        for path in _inputs(contract)
    }


def _is_whole(folder: Path) -> bool:
    """Whether each file that was worked out is there, in full.

    Whoever clears a cache by age removes single files, and a power cut leaves empty ones. What an operation
    without its file takes would count as nothing, so that an update were left out and still verified.
    """
    try:
        rows = (folder / _LIST).read_text(encoding="utf-8").splitlines()
        sizes = [(name, int(size)) for size, _, name in (row.partition(" ") for row in rows)]
        return all((folder / name).stat().st_size == size for name, size in sizes)
    except (OSError, ValueError):
        return False


def _remove_unused(cache: Path) -> None:
    """Keep the schemas that were used last: workers of a fleet read those of many contracts side by side."""
    import shutil

    folders = dict[Path, float]()
    for path in cache.iterdir():
        # Another command may have removed it meanwhile.
        with suppress(FileNotFoundError):
            if not path.name.startswith("."):
                folders[path] = path.stat().st_mtime
    oldest = max(folders.values(), default=0.0) - _KEPT_SECONDS
    for path in sorted(folders, key=lambda path: folders[path], reverse=True)[_MOST_KEPT:]:
        if folders[path] < oldest:
            shutil.rmtree(path, ignore_errors=True)


def contract_here() -> ContractSettings | None:
    """The contract that the repository around the working directory owns; None when there is none.

    Raises:
        Failure: the settings name it wrongly.
    """
    root = settings_above(Path())
    if root is None:
        return None
    # Imported only where there are settings to read: a sandbox starts without them.
    from pennyform.invoices.schema.schema import definition_schemas, owned_contract
    from pennyform.invoices.sources.source_file import FileReader, Source

    file = FileReader().read(Source(root / SETTINGS_FILE, str(root / SETTINGS_FILE), "", root))
    contract = owned_contract(file.document, root)
    findings = [*file.findings]
    if contract is None and file.document:
        findings += definition_schemas(data.schemas()).errors("pennyform", file.document)
    wrong = [finding for finding in errors(findings) if finding.pointer.startswith("/contract")]
    if contract is None and (wrong or file.document is None):
        raise Failure(wrong or findings)
    return contract


def store_of(contract: ContractSettings) -> Store:
    """Where the contract of a repository is pinned, pennyform's own corrections lying under its own."""
    from pennyform.spec.pin.store import Store

    return Store(contract.specs, data.specs())


def store_in_force(contract: ContractSettings | None) -> tuple[Store, bool]:
    """Where the contract of invoices is pinned, and whether the repository owns it.

    Args:
        contract: what the repository owns; None where it owns none.
    """
    from pennyform.spec.pin.store import Store

    if contract is not None and INVOICED in contract.apis:
        return store_of(contract), True
    return Store.default(), False


def _digest(contract: ContractSettings) -> str:
    """A digest of everything that the schemas of a contract follow from."""
    import hashlib  # loads OpenSSL, which only a repository with a contract of its own needs

    total = hashlib.sha256(__version__.encode())
    if checkout := data.checkout():
        # Whoever works on pennyform changes what decides without changing its version.
        for path in sorted((checkout / "generator" / "pennyform").rglob("*.py")):
            status = path.stat()
            total.update(f"{path} {status.st_mtime_ns} {status.st_size}\n".encode())
        for path in sorted((*data.templates().rglob("*.yaml"), *(data.specs() / "overlays").iterdir())):
            total.update(path.read_bytes())
    for path in _inputs(contract):
        content = _read(contract.root, path)
        total.update(f"\n{path.relative_to(contract.root)} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()


def _inputs(contract: ContractSettings) -> Iterator[Path]:
    """The files of the repository that decide; those of ``Store``, whose import takes too long for a hook."""
    pinned = contract.specs / INVOICED
    yield contract.specs / "lock.json"
    yield pinned / "contract.json"
    optional = [pinned / "names.json", *sorted((contract.specs / "overlays").glob(f"{INVOICED}.*yaml"))]
    yield from (path for path in optional if path.is_file())


def _read(root: Path, path: Path) -> bytes:
    try:
        return read_inside(root, path, _LARGEST_FILE)
    except FileNotFoundError:
        fix = f"Pin a contract: pennyform spec fetch --api {INVOICED}; or lay one out: pennyform spec init"
        raise failure(
            "no-contract", "pennyform.yaml names a contract that is not there", file=str(path), fix=fix
        ) from None
    except OSError as problem:
        reason = str(problem) if isinstance(problem, UnsafeFileError) else problem.strerror
        raise failure("no-contract", f"the contract cannot be read: {reason}", file=str(path)) from None


def _derive(contract: ContractSettings, folder: Path) -> None:
    """Work out the schemas and put them into ``folder``, whole or not at all."""
    import tempfile

    from pennyform.codegen.generation import derive_schemas

    files = derive_schemas(INVOICED, store_of(contract), data.templates())
    files[_LIST] = "".join(f"{len(content)} {name}\n" for name, content in files.items()).encode()
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder.parent, ignore_cleanup_errors=True) as new:
        for name, content in files.items():
            path = Path(new, "schemas", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        # Another command may have put it there meanwhile: the same, by its name.
        with suppress(OSError):
            if not _is_whole(folder):
                folder.rename(Path(new, "damaged"))
        with suppress(OSError):
            Path(new, "schemas").rename(folder)


def _cache_folder(environ: Mapping[str, str]) -> Path | None:
    """The user's own folder for what can be worked out again; None where there is none to be had.

    ``pennyform/contracts`` in ``XDG_CACHE_HOME``, else in ``~/.cache``
    (https://specifications.freedesktop.org/basedir-spec/latest/).
    """
    base = environ.get("XDG_CACHE_HOME", "")
    if not Path(base).is_absolute():
        home = environ.get("HOME", "")
        if not Path(home).is_absolute():
            return None
        base = str(Path(home, ".cache"))
    folder = Path(base, "pennyform", "contracts")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError:
        return None
    # What others may write decides nothing here.
    is_ours = status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return folder if is_ours and os.access(folder, os.W_OK) else None


@cache
def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """In place of the user's cache: one folder of this process, which is removed when it ends."""
    import tempfile

    return tempfile.TemporaryDirectory(prefix="pennyform-")
