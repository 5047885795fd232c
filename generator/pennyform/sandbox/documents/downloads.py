"""The door for files: a link opens it, no token does."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from urllib.parse import quote

from pennyform.sandbox.api_errors import not_found
from pennyform.sandbox.auth import signed_links
from pennyform.sandbox.auth.access import Company, companies
from pennyform.sandbox.documents.exports import FILES
from pennyform.sandbox.documents.invoice_pdf import document_pdf
from pennyform.sandbox.messages import Request, Response
from pennyform.sandbox.storage.records import JsonRecord, Records


def answer(connection: sqlite3.Connection, request: Request, now: datetime) -> Response:
    """Give out a file.

    Args:
        connection: in a transaction.
        request: its path is a link.
        now: links end.

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
    company = next(one for one in companies(connection) if one.id == link.company)
    filename, media_type, content = _file(records, company, record)
    disposition = f"inline; filename*=UTF-8''{quote(filename)}"
    return Response(200, {"content-type": media_type, "content-disposition": disposition}, content)


def _file(records: Records, company: Company, record: JsonRecord) -> tuple[str, str, bytes]:
    kept = record.body
    if "digest" in kept:
        return kept["filename"], kept["media_type"], records.files.read(kept["digest"])
    if record.kind in FILES:
        file = FILES[record.kind]
        return file.name, file.media_type, file.content(records, record)
    # Whether its PDF is ready was asked before the link was given.
    number = kept.get("invoice_number") or kept["quote_number"]
    return f"{number}.pdf", "application/pdf", document_pdf(records, company, record)
