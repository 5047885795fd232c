"""The door for files: a link opens it, no token does."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from pennyform.sandbox import links
from pennyform.sandbox.books import Books, Record
from pennyform.sandbox.exports import FILES
from pennyform.sandbox.messages import Request, Response
from pennyform.sandbox.problems import not_found


def answer(
    connection: sqlite3.Connection, request: Request, now: datetime, headers: Mapping[str, str]
) -> Response:
    """Give out a file.

    Args:
        connection: in a transaction.
        request: its path is a link.
        now: links end.
        headers: to send along.

    Raises:
        Problem: 404 for a link that is none, that was changed, or that has expired.
    """
    link = links.verify(request.path, now)
    if link is None or request.method != "GET":
        raise not_found()
    books = Books(connection, link.company, now)
    record = books.get(link.kind, link.record)
    if record is None:
        raise not_found()
    filename, media_type, content = _file(books, record)
    disposition = f"inline; filename*=UTF-8''{quote(filename)}"
    return Response(200, {**headers, "content-type": media_type, "content-disposition": disposition}, content)


def _file(books: Books, record: Record) -> tuple[str, str, bytes]:
    kept = record.body
    if "digest" in kept:
        return kept["filename"], kept["media_type"], books.files.read(kept["digest"])
    if record.kind in FILES:
        file = FILES[record.kind]
        return file.name, file.media_type, file.content(books, record)
    raise not_found()
