"""What a job is to do: one verb, one company, and the content of all its definitions.

A job carries no path of the machine that submitted it. Each file is an artifact, known by the SHA-256 of its
content; the request lists the files, and is an artifact itself. A worker unpacks them into a private folder,
so that it reads the same bytes as whoever submitted them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from pennyform import __version__
from pennyform.findings import failure
from pennyform.invoices.model import Repository
from pennyform.safe_files import UnsafeFileError, make_folders, read_inside, real_path, write_file

Verb = Literal["plan", "apply", "verify"]

MOST_FILES = 100_000
MOST_BYTES = 256 * 1024**2
"""What the definitions and attachments of one company may come to, in bytes."""
REQUEST_BYTES = 32 * 1024**2

_LOCK = "company-"
_Name = Annotated[str, Meta(min_length=1, max_length=255)]
_Text = Annotated[str, Meta(max_length=1000)]
# Relative, without `..`: a file of a request is written below the folder of the job.
_Inside = Annotated[str, Meta(max_length=4096, pattern=r"^(?!/)(?!(?:.*/)?\.{1,2}(?:/|\Z))(?!.*//)[^\0]+\Z")]
_Folder = Annotated[
    str, Meta(max_length=4096, pattern=r"^(?:|(?!/)(?!(?:.*/)?\.{1,2}(?:/|\Z))(?!.*//)[^\0]+)\Z")
]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class RequestedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the definitions: its path below the outermost folder, its SHA-256 and its size in bytes."""

    path: _Inside
    sha256: Digest
    size: Annotated[int, Meta(ge=0, le=MOST_BYTES)]


class WorkRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One verb for one company.

    ``company`` is its name, ``company_id`` its account and ``folder`` its folder, "" for the outermost one.
    ``prune`` also deletes drafts that no definition asks for. ``plan`` is the id of the approved plan that an
    apply carries out, "" for what the definitions ask. ``person``, ``host`` and ``commit`` are whose request
    it is, for the audit. ``fleet`` is the one whose workers do it. ``nonce`` makes two requests of the same
    content two requests.
    """

    format_version: Literal[1] = 1
    pennyform: _Text = __version__
    verb: Verb
    company: _Name
    company_id: Annotated[int, Meta(ge=0)]
    folder: _Folder
    files: Annotated[tuple[RequestedFile, ...], Meta(min_length=1, max_length=MOST_FILES)]
    prune: bool = False
    plan: Annotated[str, Meta(pattern=r"^(?:[0-9a-f]{64})?\Z")] = ""
    person: _Text = ""
    host: _Text = ""
    commit: _Text = ""
    fleet: Annotated[str, Meta(max_length=30)] = ""
    submitted_at: _Text
    nonce: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]


def lock_of(request: WorkRequest) -> str:
    """The lock of the account that a request is about: two of its jobs are never done at once by one fleet.

    Other fleets do not wait for it: one without workers would hold them up. The lease is the same for all.
    """
    return f"{_LOCK}{request.company_id}{f'@{request.fleet}' if request.fleet else ''}"


def company_of(lock: str) -> int:
    """The id of the company that a lock is named by; 0 for a lock that no request has."""
    text = lock.removeprefix(_LOCK).partition("@")[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


BEGINNING = f'{{"format_version":1,"pennyform":"{__version__}",'.encode()
"""How each request of this version begins, and none of another one: for whoever reads no further."""


def encode(request: WorkRequest) -> bytes:
    """A request as an artifact: the same bytes for the same content."""
    return msgspec.json.encode(request)


class _Version(msgspec.Struct, frozen=True):
    """Who wrote a request: read before the rest, which another version may write otherwise."""

    pennyform: _Text


def decode(content: bytes) -> WorkRequest:
    """Read a request.

    Raises:
        Failure: it is not one, or that of another version.
    """
    try:
        if len(content) > REQUEST_BYTES:
            raise ValueError(f"it has more than {REQUEST_BYTES:,} bytes")
        version = msgspec.json.decode(content, type=_Version).pennyform
        if version != __version__:
            raise failure(
                "fleet-version",
                f"the job was submitted by pennyform {version}, and this is {__version__}",
                fix="upgrade workers and those who submit together; submit it again",
            )
        request = msgspec.json.decode(content, type=WorkRequest)
        if sum(file.size for file in request.files) > MOST_BYTES:
            raise ValueError(f"its files come to more than {MOST_BYTES:,} bytes")
        if len({file.path for file in request.files}) < len(request.files):
            raise ValueError("two of its files have one path")
    except (ValueError, RecursionError) as problem:
        raise failure(
            "fleet-request",
            f"the job is no request that can be carried out: {problem}",
            fix="submit it again with the version of pennyform that the workers have",
        ) from None
    return request


class _Files(msgspec.Struct, frozen=True):
    """The part of a request that names what it needs, whichever version wrote it."""

    files: tuple[RequestedFile, ...]


def needed_by(content: bytes) -> set[str]:
    """The SHA-256 of each file that a request lists; none for what is no request."""
    try:
        return {file.sha256 for file in msgspec.json.decode(content, type=_Files).files}
    except (ValueError, RecursionError):
        return set()


def collect(
    repository: Repository, contract: Mapping[Path, str]
) -> tuple[str, tuple[RequestedFile, ...], dict[str, bytes]]:
    """All files that the definitions of a company were read from, what it inherits included.

    Args:
        repository: the company.
        contract: the files of the contract that it owns, with the SHA-256 of each; empty where it owns none.

    Returns:
        The company's folder below the outermost one, the files, and the content of each by its SHA-256.

    Raises:
        Failure: they are too many or too large, or one was changed since it was read.
    """
    root = real_path(repository.root)
    paths = {Path(os.path.normpath(root / name)): sha256 for name, sha256 in repository.files.items()}
    paths |= contract
    outermost = Path(os.path.commonpath([root, *(path.parent for path in paths)]))
    if len(paths) > MOST_FILES:
        raise _too_large(root, f"it has {len(paths):,} files, and {MOST_FILES:,} is the limit")
    files, contents, size = [], dict[str, bytes](), 0
    for path, sha256 in sorted(paths.items()):
        content = _read(outermost, path, MOST_BYTES - size)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise failure(
                "fleet-definitions",
                "the file was changed while it was read",
                file=str(path),
                fix="submit again",
            )
        size += len(content)
        contents[sha256] = content
        files.append(RequestedFile(path.relative_to(outermost).as_posix(), sha256, len(content)))
    folder = root.relative_to(outermost).as_posix()
    return "" if folder == "." else folder, tuple(files), contents


def _read(root: Path, path: Path, limit: int) -> bytes:
    try:
        content = read_inside(root, path, limit)
    except OSError as problem:
        raise failure(
            "fleet-definitions", f"it cannot be read: {problem}", file=str(path), fix="check the file"
        ) from None
    if len(content) > limit:
        raise _too_large(path, f"definitions and attachments come to more than {MOST_BYTES:,} bytes")
    return content


def _too_large(path: Path, problem: str) -> Exception:
    fix = "name smaller files, or spread the invoices over several repositories"
    return failure(
        "fleet-definitions", f"the company cannot be submitted: {problem}", file=str(path), fix=fix
    )


def unpack(request: WorkRequest, fetch: Callable[[Iterable[str]], Mapping[str, bytes]], target: Path) -> Path:
    """Write the files of a request below ``target``, and return the company's folder.

    Args:
        request: lists the files.
        fetch: gives the content of artifacts by their SHA-256, those alone that have it.
        target: an empty folder of this user alone.

    Raises:
        Failure: an artifact is missing.
        OSError: the system refuses a file, such as on a full disk.
    """
    contents = fetch({file.sha256 for file in request.files})
    for file in request.files:
        content = contents.get(file.sha256)
        if content is None:
            raise failure(
                "fleet-artifact",
                f"the content of {file.path} is not in the database as it was submitted",
                fix="submit it again",
            )
        path = target / file.path
        try:
            make_folders(target, path.parent)
            write_file(path, content, mode=0o600, replace=False)
        except (UnsafeFileError, FileExistsError) as problem:
            raise failure(
                "fleet-artifact", f"{file.path} cannot be unpacked: {problem}", fix="submit it again"
            ) from None
    return target / request.folder if request.folder else target
