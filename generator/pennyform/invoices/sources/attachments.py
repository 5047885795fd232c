"""Files that go to the account: what they are by their content, within the limits of the API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path as FilePath
from typing import NamedTuple

from pennyform.findings import Finding
from pennyform.invoices.model import Attachment
from pennyform.invoices.sources.safe_path import UnsafePathError, resolve_inside
from pennyform.invoices.yaml.document import Document, Path

LARGEST = 100 * 1024 * 1024  # bytes; the API's limit for an upload
_CHUNK = 1024 * 1024


class _Type(NamedTuple):
    """A type of file that the API takes: its name, how its files begin, and how they are called."""

    media_type: str
    beginnings: tuple[bytes, ...]
    suffixes: tuple[str, ...]


_TYPES = (
    _Type("application/pdf", (b"%PDF-",), (".pdf",)),
    _Type("image/png", (b"\x89PNG\r\n\x1a\n",), (".png",)),
    _Type("image/jpeg", (b"\xff\xd8\xff",), (".jpg", ".jpeg")),
    _Type("image/tiff", (b"II*\0", b"MM\0*"), (".tif", ".tiff")),
    _Type("image/bmp", (b"BM",), (".bmp",)),
    _Type("image/gif", (b"GIF87a", b"GIF89a"), (".gif",)),
)
# Only as an electronic invoice.
_XML = _Type("application/xml", (b"<", b"\xef\xbb\xbf<"), (".xml",))
_SUFFIXES = ", ".join(type_.suffixes[0].removeprefix(".") for type_ in _TYPES)

AttachmentResult = dict[Path, Attachment]
"""The files that a definition names, by the path of the value that names each."""


def read_attachment(document: Document, root: FilePath) -> tuple[AttachmentResult, list[Finding]]:
    """Every file that the definition ``document`` sends, and what is wrong with those that cannot be sent.

    Args:
        document: a definition that has passed its schema.
        root: the folder of the invoice repository.
    """
    folder = FilePath(document.file).parent.resolve()
    found: AttachmentResult = {}
    findings = []
    electronic = document.value.get("e_invoice", False)
    for path, stated in _named(document):
        try:
            found[path] = attachment(
                root, resolve_inside(root, folder, stated), electronic=path == ("file",) and electronic
            )
        except UnsafePathError as refused:
            findings.append(_refused(document, path, stated, refused))
    return found, [*findings, *_same_name(document, found)]


def attachment(root: FilePath, file: FilePath, *, electronic: bool = False) -> Attachment:
    """What ``file`` is; ``electronic`` tells that it may be the XML of an invoice, too.

    Raises:
        RefusedPathError: it is empty, too large, cannot be read, or is none of the types that the API takes.
    """
    import hashlib  # loads OpenSSL, which most definitions do not need

    digest, size, beginning = hashlib.sha256(), 0, b""
    try:
        with file.open("rb") as stream:
            while size <= LARGEST and (chunk := stream.read(_CHUNK)):
                beginning = beginning or chunk[:16]
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise UnsafePathError(f"it cannot be read: {error.strerror}") from error
    if size > LARGEST:
        raise UnsafePathError("it is larger than 100 MB")
    media_type = _media_type(file, beginning, (*_TYPES, _XML) if electronic else _TYPES)
    return Attachment(file.relative_to(root).as_posix(), digest.hexdigest(), size, media_type)


def _media_type(file: FilePath, beginning: bytes, types: Sequence[_Type]) -> str:
    if not beginning:
        raise UnsafePathError("the file is empty")
    found = next((type_ for type_ in types if beginning.startswith(type_.beginnings)), None)
    if found is None and beginning.startswith(_XML.beginnings):
        raise UnsafePathError("XML is only taken as an electronic invoice, which `e_invoice: true` says")
    if found is None:
        raise UnsafePathError(f"its content is none of the types that Pennylane takes: {_SUFFIXES}")
    if file.suffix.lower() not in found.suffixes:
        raise UnsafePathError(f"its content is {found.media_type}, which `{file.name}` does not say")
    return found.media_type


def _named(document: Document) -> Iterator[tuple[Path, str]]:
    value = document.value
    if "file" in value:
        yield ("file",), value["file"]
    for index, stated in enumerate((value.get("options") or {}).get("appendices") or ()):
        yield ("options", "appendices", index), stated


def _refused(document: Document, path: Path, stated: str, why: UnsafePathError) -> Finding:
    return document.finding(
        "attachment",
        f"`{stated[:60]}` cannot be sent: {why}",
        path,
        detail="A file to send lies in the invoice repository and is named relative to the definition.",
        fix=why.fix,
    )


def _same_name(document: Document, found: AttachmentResult) -> Iterator[Finding]:
    """Appendices are told apart by their names alone, and none can be deleted."""
    first: dict[str, Path] = {}
    for path, one in found.items():
        name = FilePath(one.path).name
        if path[0] == "options" and first.setdefault(name, path) != path:
            yield document.finding(
                "duplicate-appendix",
                f"another appendix is called `{name}`",
                path,
                detail="Pennylane knows appendices by their names, and keeps every one for ever.",
                fix="delete this one, or give the file another name",
            )
