"""Read a contract from a file or over HTTPS, within limits, and make sure that it is one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pennyform import data, strict_json
from pennyform.findings import failure
from pennyform.safe_files import UnsafeFileError, open_inside, repository_around
from pennyform.spec.document.budget import VALUES, Limits
from pennyform.spec.document.json_types import JsonObject
from pennyform.spec.document.structure import check_structure

if TYPE_CHECKING:
    import ssl

_FIX = "No real contract has that: check where this document comes from."


@dataclass(frozen=True, slots=True)
class Source:
    """A contract as it was read: ``name`` is a URL or a file's base name, ``content`` the very bytes."""

    name: str
    content: bytes
    document: JsonObject


def load(
    source: str | Path,
    *,
    limits: Limits | None = None,
    trust: ssl.SSLContext | None = None,
    root: Path | None = None,
) -> Source:
    """Read one contract document.

    Args:
        source: a path, or an ``https://`` URL (``http://`` only to this machine).
        limits: bounds on size, time and redirects; the defaults suit real contracts.
        trust: whose certificates to believe; the usual authorities when left out.
        root: what a file must lie in, where a repository names it; anywhere when left out.

    Raises:
        Failure: it cannot be read, exceeds a limit, is not JSON, or is not an OpenAPI 3 document; every
            finding at once.
    """
    limits = limits or Limits()
    text = str(source)
    if "://" in text:
        from pennyform.spec.document.download import download  # not for those who read a file

        name, content = text, download(text, limits, trust=trust)
    else:
        path = Path(text)
        name, content = path.name, read_file(path, limits.size, root=root, is_named=root is None)
    return Source(name, content, read_contract_json(content, text))


def read_contract_json(content: bytes, file: str) -> JsonObject:
    """The document that bytes are, which come from anywhere.

    Raises:
        Failure: it exceeds a limit, is not JSON, or is not an OpenAPI 3 document; every finding at once.
    """
    if sum(map(content.count, (b",", b"[", b"{"))) > VALUES:
        raise failure("json-size", f"more than {VALUES:,} values", file=file, fix=_FIX)
    document: JsonObject = strict_json.parse(content, file=file)
    check_structure(document, file)
    return document


def read_file(path: Path, limit: int, *, root: Path | None = None, is_named: bool = False) -> bytes:
    """The bytes of a file of, or about, a contract: it may have come with a commit.

    Args:
        path: the file.
        limit: the most bytes that it may have.
        root: what it must lie in, once all links are followed; the repository around it when left out.
        is_named: whether the user has named it, who may name any file.

    Raises:
        Failure: it cannot be read, lies elsewhere, is no regular file, or is too large.
    """
    place = path.absolute()
    # An installation may consist of links, and whoever can change it can change anything.
    is_trusted = is_named or (root is None and place.is_relative_to(data.specs()))
    root = root or Path(repository_around(place) or place.parent)
    try:
        with path.open("rb") if is_trusted else open(open_inside(root, place), "rb") as file:  # noqa: PTH123
            content = file.read(limit + 1)
    except OSError as error:
        reason = str(error) if isinstance(error, UnsafeFileError) else error.strerror
        fix = "Give the path of the contract in JSON, or its https URL."
        raise failure("unreadable-file", f"cannot read {path}: {reason}", file=str(path), fix=fix) from None
    if len(content) > limit:
        fix = "The largest contract known is a sixth of that: check what this file is."
        raise failure("too-large", f"larger than {limit:,} bytes", file=str(path), fix=fix)
    return content
