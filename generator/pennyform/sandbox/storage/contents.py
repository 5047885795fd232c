"""The content of files, stored once however often it is sent. The one module with SQL about content."""

from __future__ import annotations

import hashlib
import sqlite3


class FileContents:
    """Contents by their SHA-256, inside one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def store(self, content: bytes) -> str:
        """Store a content; returns its digest."""
        digest = hashlib.sha256(content).hexdigest()
        self._connection.execute(
            "INSERT INTO content (digest, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING", (digest, content)
        )
        return digest

    def read(self, digest: str) -> bytes:
        """A content that was stored."""
        row = self._connection.execute("SELECT bytes FROM content WHERE digest = ?", (digest,)).fetchone()
        return bytes(row[0])
