"""What the last plan saw, on disk: one file per company, which may be deleted at any time.

It holds what the account answered and nothing of the token, in a file that only its owner can read. What is
damaged, too old, too large, or from another company, contract or version is as good as none.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zlib
from pathlib import Path
from typing import Any

import msgspec

from pennyform import __version__, data

_FORMAT = 1
# Compressed, and in memory; beyond that nothing is kept, or read.
MOST_BYTES = 32 * 2**20
_MOST_TEXT = 512 * 2**20


class Known(msgspec.Struct):
    """Rows of one kind, and the questions to which they are the whole answer.

    ``asked`` are the references, or the ids, that were asked for: what has no row does not exist.
    """

    rows: dict[int, dict[str, Any]] = {}
    asked: set[str] = set()


class KnownInvoice(msgspec.Struct):
    """An invoice as a list shows it; ``lines`` in their order in the document and ``sections`` where read."""

    header: dict[str, Any]
    listed: list[dict[str, Any]]
    exact: bool
    lines: list[dict[str, Any]] | None = None
    sections: list[dict[str, Any]] | None = None


class Contents(msgspec.Struct):
    """Everything that is known. ``as_of`` is the service's own time (ISO) before the first of it was read.

    ``first`` and ``last`` are the dates between which every invoice of the account is known; ``asked`` are
    references of which every invoice is.
    """

    as_of: str = ""
    first: str = ""
    last: str = ""
    asked: set[str] = set()
    invoices: dict[int, KnownInvoice] = {}
    customers: Known = msgspec.field(default_factory=Known)
    products: Known = msgspec.field(default_factory=Known)


class _File(msgspec.Struct):
    format: int
    made_by: str
    contract: str
    service: str
    company: int
    contents: Contents


def read(path: Path, *, service: str, company: int) -> Contents:
    """What is kept at ``path`` of this company; nothing when it cannot be used."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return Contents()
        expand = zlib.decompressobj()
        text = expand.decompress(path.read_bytes(), _MOST_TEXT)
        if not expand.eof:
            return Contents()
        file = msgspec.json.decode(text, type=_File)
    except (OSError, zlib.error, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Contents()
    expected = (_FORMAT, __version__, _contract(), service, company)
    is_ours = (file.format, file.made_by, file.contract, file.service, file.company) == expected
    return file.contents if is_ours else Contents()


def write(path: Path, contents: Contents, *, service: str, company: int) -> None:
    """Keep ``contents`` at ``path``, whole or not at all; what is too large is not kept."""
    file = _File(_FORMAT, __version__, _contract(), service, company, contents)
    packed = zlib.compress(msgspec.json.encode(file), 1)
    if len(packed) > MOST_BYTES:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Made with mode 0600, in the same folder, so that renaming it is one step.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".cache-")
    try:
        with os.fdopen(handle, "wb") as beside:
            beside.write(packed)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _contract() -> str:
    """Which contract the rows were read by."""
    return hashlib.sha256((data.schemas() / "company" / "openapi.json").read_bytes()).hexdigest()
