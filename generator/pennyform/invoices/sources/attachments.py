"""Files that go to the account: what they are by their content, within the limits of the API."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path as FilePath

from pennyform.findings import Finding
from pennyform.invoices.model import Attachment
from pennyform.invoices.sources.source_file import UnsafePathError, resolve_inside
from pennyform.invoices.yaml.document import Document, Path
from pennyform.safe_files import UnsafeFileError, open_inside

LARGEST = 100 * 1024 * 1024  # bytes; the API's limit for an upload
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _FileType:
    """A type of file that the API takes: its name, how its files begin, and how they are called."""

    media_type: str
    beginnings: tuple[bytes, ...]
    suffixes: tuple[str, ...]


_TYPES = (
    _FileType("application/pdf", (b"%PDF-",), (".pdf",)),
    _FileType("image/png", (b"\x89PNG\r\n\x1a\n",), (".png",)),
    _FileType("image/jpeg", (b"\xff\xd8\xff",), (".jpg", ".jpeg")),
    _FileType("image/tiff", (b"II*\0", b"MM\0*"), (".tif", ".tiff")),
    _FileType("image/bmp", (b"BM",), (".bmp",)),
    _FileType("image/gif", (b"GIF87a", b"GIF89a"), (".gif",)),
)
# Only as an electronic invoice.
_XML = _FileType("application/xml", (b"<", b"\xef\xbb\xbf<"), (".xml",))

AttachmentResult = dict[Path, Attachment]
"""The files that a definition names, by the path of the value that names each."""


def find_attachments(document: Document, root: FilePath) -> tuple[AttachmentResult, list[Finding]]:
    """Every file that the definition ``document`` sends, and what is wrong with those that cannot be sent.

    Args:
        document: a definition that has passed its schema.
        root: the folder of the invoice repository.
    """
    value = document.value
    names: dict[Path, str] = {("file",): value["file"]} if "file" in value else {}
    for index, appendix in enumerate((value.get("options") or {}).get("appendices") or ()):
        names["options", "appendices", index] = appendix
    if not names:
        return {}, []
    folder = FilePath(document.file).parent.resolve()
    attachments: AttachmentResult = {}
    findings = []
    for path, name in names.items():
        electronic = path == ("file",) and value.get("e_invoice", False)
        try:
            attachments[path] = read_attachment(
                root, resolve_inside(root, folder, name), electronic=electronic
            )
        except UnsafePathError as error:
            summary = f"`{name[:60]}` cannot be sent: {error}"
            detail = "A file to send lies in the invoice repository and is named relative to the definition."
            findings.append(document.finding("attachment", summary, path, detail=detail, fix=error.fix))
    # Appendices are told apart by their names alone, and none can be deleted.
    first: dict[str, Path] = {}
    for path, attachment in attachments.items():
        name = FilePath(attachment.path).name
        if path[0] == "options" and first.setdefault(name, path) != path:
            findings.append(
                document.finding("duplicate-appendix", f"another appendix is called `{name}`", path)
            )
    return attachments, findings


def read_attachment(root: FilePath, file: FilePath, *, electronic: bool = False) -> Attachment:
    """What ``file`` is; ``electronic`` tells that it may be the XML of an invoice, too.

    Raises:
        UnsafePathError: it is empty, too large, cannot be read, or is none of the types that the API takes.
    """
    import hashlib  # loads OpenSSL, which most definitions do not need

    digest, size, beginning = hashlib.sha256(), 0, b""
    try:
        with open(open_inside(root, file), "rb") as stream:  # noqa: PTH123 - a descriptor
            while size <= LARGEST and (chunk := stream.read(_CHUNK)):
                beginning = beginning or chunk[:16]
                digest.update(chunk)
                size += len(chunk)
    except UnsafeFileError as error:
        raise UnsafePathError(error.reason) from error
    except OSError as error:
        raise UnsafePathError(f"it cannot be read: {error.strerror}") from error
    if size > LARGEST:
        raise UnsafePathError("it is larger than 100 MB")
    if not beginning:
        raise UnsafePathError("the file is empty")
    types = (*_TYPES, _XML) if electronic else _TYPES
    match = next((type_ for type_ in types if beginning.startswith(type_.beginnings)), None)
    if match is None and beginning.startswith(_XML.beginnings):
        raise UnsafePathError("XML is only taken as an electronic invoice, which `e_invoice: true` says")
    if match is None:
        suffixes = ", ".join(type_.suffixes[0].removeprefix(".") for type_ in _TYPES)
        raise UnsafePathError(f"its content is none of the types that Pennylane takes: {suffixes}")
    if file.suffix.lower() not in match.suffixes:
        raise UnsafePathError(f"its content is {match.media_type}, which `{file.name}` does not say")
    return Attachment(file.relative_to(root).as_posix(), digest.hexdigest(), size, match.media_type)
