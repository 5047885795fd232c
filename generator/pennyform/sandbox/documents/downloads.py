"""Downloads: a signed link opens a file, without a token."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from urllib.parse import quote

from pennyform.sandbox.api_errors import not_found
from pennyform.sandbox.auth import signed_links
from pennyform.sandbox.auth.access import companies
from pennyform.sandbox.documents.exports import EXPORT_FILES
from pennyform.sandbox.documents.invoice_pdf import document_pdf
from pennyform.sandbox.messages import Request, Response
from pennyform.sandbox.model.documents import CustomerInvoice, Quote
from pennyform.sandbox.storage.records import Records


def answer_download(connection: sqlite3.Connection, request: Request, now: datetime) -> Response:
    """Answer with the content of a file.

    Args:
        connection: in a transaction.
        request: its path is a link.
        now: links expire.

    Raises:
        ApiError: 404 for a link that is none, that was changed, or that has expired.
    """
    link = signed_links.verify(request.path, now)
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
        document = (Quote if record.kind == Quote.KIND else CustomerInvoice).from_fields(fields)
        content = document_pdf(records, company, record.id, document)
    disposition = f"inline; filename*=UTF-8''{quote(filename)}"
    return Response(200, {"content-type": media_type, "content-disposition": disposition}, content)
