"""Files that callers send: which are taken, how they are kept and shown."""

from __future__ import annotations

from typing import Any

from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.contract.multipart import Upload
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord

LARGEST_FILE = 100 * 1024 * 1024
PDF = "application/pdf"
# How the content of each accepted type begins.
_BEGINNINGS = {
    b"%PDF-": PDF,
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
    b"BM": "image/bmp",
    b"GIF8": "image/gif",
}
_LONGEST_FILENAME = 255


def keep(context: RequestContext, kind: str, *, parent: int | None = None, filename: str = "") -> JsonRecord:
    """Keep the call's ``file`` as a record of a kind.

    Args:
        context: its body is a form with a ``file``.
        kind: ``file_attachment`` or ``appendix``.
        parent: what it is attached to.
        filename: instead of the one that came with the file.

    Raises:
        ApiError: 422 for no file, one of another type than the contract takes, or one that is too large.
    """
    upload = context.body.get("file")
    if upload is None:
        raise unprocessable("file is missing")
    return context.records.insert(kind, kept(context, upload, filename), parent=parent)


def kept(context: RequestContext, upload: Upload, filename: str = "", accepted: str = "") -> dict[str, Any]:
    """A file as a record's body; its content is in the books' files.

    Raises:
        ApiError: 422.
    """
    media_type = accepted or _media_type(upload, declared=context.rules.file_type_declared)
    if len(upload.content) > LARGEST_FILE:
        raise unprocessable("The file is larger than 100 MB")
    name = filename or upload.filename or "file"
    if len(name) > _LONGEST_FILENAME:
        raise unprocessable(f"filename may have at most {_LONGEST_FILENAME} characters")
    return {"filename": name, "media_type": media_type, "digest": context.records.files.store(upload.content)}


def _media_type(upload: Upload, *, declared: bool) -> str:
    """The type that the content has; where it must be declared, it is what the sender said it is."""
    types = (type_ for beginning, type_ in _BEGINNINGS.items() if upload.content.startswith(beginning))
    found = next(types, None)
    if found is None or (declared and upload.media_type.lower() != found):
        raise unprocessable("The file must be a PDF, PNG, JPEG, TIFF, BMP or GIF, and be sent as what it is")
    return found


def show(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    """An attachment, with a link to its content."""
    filename = record.body["filename"]
    return {
        "id": record.id,
        "url": context.public_url(record.kind, record.id, filename, minutes=context.rules.attachment_minutes),
        "filename": filename,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }
