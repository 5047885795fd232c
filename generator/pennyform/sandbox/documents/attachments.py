"""Files that callers send: which are accepted, how they are stored and shown."""

from __future__ import annotations

from typing import TypeVar

from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.contract.multipart import Upload
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.model.parties import StoredFile
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record

File = TypeVar("File", bound=StoredFile)

LARGEST_FILE = 100 * 1024 * 1024  # the contract's word
PDF = "application/pdf"
# The first bytes of each type that the contract accepts; TIFF has two byte orders.
_SIGNATURES = {
    b"%PDF-": PDF,
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
    b"BM": "image/bmp",
    b"GIF8": "image/gif",
}
_LONGEST_FILENAME = 255


def store_attachment(
    context: RequestContext, kind: type[File], *, parent: int | None = None, filename: str = ""
) -> Record[File]:
    """Store the request's ``file`` as a record.

    Args:
        context: its body is a form with a ``file``.
        kind: of the record.
        parent: id of the record that it is attached to.
        filename: instead of the one that came with the file.

    Raises:
        ApiError: 422 for no file, one of another type than the contract accepts, or one that is too large.
    """
    upload = context.body.get("file")
    if upload is None:
        raise unprocessable("file is missing")
    types = (type_ for signature, type_ in _SIGNATURES.items() if upload.content.startswith(signature))
    media_type = next(types, None)
    # That the declared type must be the content's is an assumption: `Rules.file_type_declared`.
    mismatch = context.rules.file_type_declared and upload.media_type.lower() != media_type
    if media_type is None or mismatch:
        raise unprocessable("The file must be a PDF, PNG, JPEG, TIFF, BMP or GIF, and be sent as what it is")
    body = store_upload(context, upload, kind, media_type, filename)
    return context.records.insert(kind.KIND, body, parent=parent)


def store_upload(
    context: RequestContext, upload: Upload, kind: type[File], media_type: str, filename: str = ""
) -> File:
    """Store the content of a file; returns the body of a record that refers to it.

    Raises:
        ApiError: 422.
    """
    if len(upload.content) > LARGEST_FILE:
        raise unprocessable("The file is larger than 100 MB")
    name = filename or upload.filename or "file"
    if len(name) > _LONGEST_FILENAME:
        raise unprocessable(f"filename may have at most {_LONGEST_FILENAME} characters")
    digest = context.records.files.store(upload.content)
    return kind(filename=name, media_type=media_type, digest=digest)


def present_attachment(context: RequestContext, record: Record[File]) -> JsonObject:
    """An attachment, with a link to its content."""
    filename = record.body.filename
    minutes = context.rules.attachment_minutes
    return {
        "id": record.id,
        "url": context.public_url(record.kind, record.id, filename, minutes=minutes),
        "filename": filename,
        **record.timestamps,
    }
