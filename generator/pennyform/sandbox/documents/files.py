"""Files that callers send, and links that open a file without a token."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote

from pennyform.sandbox import auth
from pennyform.sandbox.api_errors import not_found, unprocessable
from pennyform.sandbox.auth import Company, companies
from pennyform.sandbox.contract.multipart import Upload
from pennyform.sandbox.documents import wrong_documents
from pennyform.sandbox.documents.exports import EXPORT_FILES
from pennyform.sandbox.documents.factur_x import cross_industry_invoice
from pennyform.sandbox.documents.invoice_pdf import document_pdf
from pennyform.sandbox.documents.issued_invoice import issued_invoice
from pennyform.sandbox.faults.kinds import DOCUMENT_HEADER
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.messages import Request, Response
from pennyform.sandbox.model.documents import CustomerInvoice, Quote
from pennyform.sandbox.model.parties import StoredFile
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.rules import Rules
from pennyform.sandbox.storage.link_key import link_key
from pennyform.sandbox.storage.records import Record, Records, Selection

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
# The contract says so of the form's field `filename`; the name that comes with a file is held to it too.
_LONGEST_FILENAME = 255


def store_attachment(
    context: RequestContext, kind: type[File], *, parent: int | None = None, filename: str = ""
) -> Record[File]:
    """Store the request's ``file`` as a record, below ``parent`` when given.

    ``filename`` replaces the one that came with the file.

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
    """Store a content; returns the body of a record that refers to it. 422 for a size beyond the bounds."""
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


def answer_download(
    connection: sqlite3.Connection, request: Request, now: datetime, rules: Rules
) -> Response:
    """Answer with the file that a link leads to.

    Raises:
        ApiError: 404 for a link that is none, that was changed, or that has expired.
    """
    link = auth.verify_link(link_key(connection), request.path, now)
    if link is None or request.method != "GET":
        raise not_found()
    records = Records(connection, link.company, now)
    record = records.get(link.kind, link.record)
    if record is None:
        raise not_found()
    fields = record.body
    if "digest" in fields:
        filename, media_type = fields["filename"], fields["media_type"]
        content = records.files.read(fields["digest"])
    elif record.kind in EXPORT_FILES:
        file = EXPORT_FILES[record.kind]
        filename, media_type = file.name, file.media_type
        content = file.content(records, (fields["period_start"], fields["period_end"]))
    else:
        # Whether its PDF is ready was asked before the link was given.
        filename, media_type = (
            f"{fields.get('invoice_number') or fields['quote_number']}.pdf",
            "application/pdf",
        )
        company = next(company for company in companies(connection) if company.id == link.company)
        if record.kind == Quote.KIND:
            content = document_pdf(records, company, record.id, Quote.from_fields(fields), rules)
        else:
            wrong = request.headers.get(DOCUMENT_HEADER, "")
            content = _invoice_file(records, company, record.id, rules, wrong)
    disposition = f"attachment; filename*=UTF-8''{quote(filename)}"
    return Response(200, {"content-type": media_type, "content-disposition": disposition}, content)


def _invoice_file(records: Records, company: Company, identifier: int, rules: Rules, wrong: str) -> bytes:
    """The Factur-X of an issued invoice; ``wrong`` names what is to be wrong with it, if anything is."""
    if wrong == "no_pdf":
        return wrong_documents.PAGE
    source_id = _other(records, identifier) if wrong == "other_invoice" else identifier
    issued = issued_invoice(records, company, source_id, _invoice(records, source_id), rules)
    change = wrong_documents.WRONG_INVOICES.get(wrong)
    xml: bytes | None = cross_industry_invoice(change(issued) if change else issued)
    if wrong == "broken_xml" and xml:
        xml = xml[: len(xml) // 2]
    elif wrong == "no_xml":
        xml = None
    pdf = document_pdf(records, company, identifier, _invoice(records, identifier), rules, xml=xml)
    return pdf[: len(pdf) // 2] if wrong == "truncated" else pdf


def _other(records: Records, identifier: int) -> int:
    """Another issued invoice of the company; the same one where there is none."""
    is_final = Selection(["json_extract(body, '$.draft') = 0", "json_extract(body, '$.origin') = 'created'"])
    other_ids = [record.id for record in records.select(CustomerInvoice, is_final) if record.id != identifier]
    return other_ids[0] if other_ids else identifier


def _invoice(records: Records, identifier: int) -> CustomerInvoice:
    record = records.get(CustomerInvoice, identifier)
    if record is None:
        raise not_found()
    return record.body
