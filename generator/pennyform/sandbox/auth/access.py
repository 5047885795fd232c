"""Authentication and authorisation. Of tokens only digests are stored."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from pennyform.sandbox.api_errors import forbidden, unauthorized
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.contract.contract import Operation

_SCHEME = "bearer "


@dataclass(frozen=True, slots=True)
class Company:
    """A company: what ``/me`` says about it."""

    id: int
    name: str
    reg_no: str
    accounting_logic: str


@dataclass(frozen=True, slots=True)
class Access:
    """What a valid token gives access to. ``digest`` stands for the token wherever one is needed."""

    digest: str
    company: Company
    scopes: tuple[str, ...]


def digest(token: str) -> str:
    """The form in which a token is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def token_digest(headers: Mapping[str, str]) -> str:
    """The digest of the bearer token in the headers; empty when there is none."""
    authorization = headers.get("authorization", "")
    # The scheme's case does not matter (RFC 7235, section 2.1).
    if not authorization.lower().startswith(_SCHEME):
        return ""
    return digest(authorization[len(_SCHEME) :].strip())


def authenticate(connection: sqlite3.Connection, token_digest: str, now: datetime) -> Access:
    """Find the token's company and scopes.

    Raises:
        ApiError: 401 when the token is missing, unknown or expired.
    """
    row = connection.execute(
        "SELECT company.id, company.name, reg_no, accounting_logic, scopes, expires_at"
        " FROM token JOIN company ON company.id = token.company WHERE digest = ?",
        (token_digest,),
    ).fetchone()
    if row is None or (row[5] is not None and row[5] <= timestamp(now)):
        raise unauthorized()
    return Access(token_digest, Company(*row[:4]), tuple(msgspec.json.decode(row[4])))


def companies(connection: sqlite3.Connection) -> list[Company]:
    """All companies, oldest first."""
    rows = connection.execute("SELECT id, name, reg_no, accounting_logic FROM company ORDER BY id")
    return [Company(*row) for row in rows]


def rename(connection: sqlite3.Connection, company: int, name: str) -> None:
    """Give a company another name."""
    connection.execute("UPDATE company SET name = ? WHERE id = ?", (name, company))


def require_scope(access: Access, operation: Operation) -> None:
    """Check that the token has one of the operation's scopes, or that it needs none; 403 otherwise."""
    if operation.scopes and not set(operation.scopes) & set(access.scopes):
        raise forbidden(operation.scopes)


def add_token(
    connection: sqlite3.Connection,
    token: str,
    company: int,
    scopes: Iterable[str],
    *,
    name: str,
    expires_at: datetime | None = None,
) -> None:
    """Make a token known, or change what a known one may do. ``expires_at`` None: it does not expire."""
    expiry = timestamp(expires_at) if expires_at else None
    connection.execute(
        "INSERT OR REPLACE INTO token (digest, company, name, scopes, expires_at) VALUES (?, ?, ?, ?, ?)",
        (digest(token), company, name, msgspec.json.encode(list(scopes)).decode(), expiry),
    )
