"""Applications, and what users granted them. The one module with SQL about OAuth.

Of secrets, codes and tokens only digests are stored. A grant begins with a code, which is used once; then it
has one pair of tokens at a time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from pennyform.sandbox.auth import add_token, digest
from pennyform.sandbox.clock import timestamp

APPLICATION = "sandbox"
ACCESS_LIFETIME = timedelta(hours=24)  # both as the guide to OAuth says
_LONGEST_ADDRESS = 2000
_REFRESH_LIFETIME = timedelta(days=90)
_BY_CODE = (
    "SELECT id, client, company, scopes, redirect, challenge, used, expires_at FROM grants WHERE code = ?"
)
_FROM_PAIRS = (
    "SELECT grants.id, client, company, scopes, redirect, challenge, pair.used, pair.expires_at"
    " FROM pair JOIN grants ON grants.id = pair.granted WHERE "
)


@dataclass(frozen=True, slots=True)
class Application:
    """An integration. Without ``redirects`` it may send users back to anywhere."""

    client: str
    secret: str
    redirects: Sequence[str]

    def accepts(self, secret: str) -> bool:
        """Whether the secret is the application's; one that has none is authenticated by PKCE alone."""
        return not self.secret or hmac.compare_digest(self.secret, digest(secret))

    def allows_redirect(self, address: str) -> bool:
        """Whether users may be sent back to an address; compared as text (RFC 6749, section 3.1.2.3)."""
        if self.redirects:
            return address in self.redirects
        # It becomes a header: one line of ASCII.
        if (
            len(address) > _LONGEST_ADDRESS
            or not address.isascii()
            or not address.isprintable()
            or " " in address
        ):
            return False
        try:
            parts = urlsplit(address)
            is_complete = bool(parts.hostname) and parts.port != 0
        except ValueError:  # a host or a port that is none
            return False
        return parts.scheme in ("http", "https") and is_complete and not parts.fragment


@dataclass(frozen=True, slots=True)
class Grant:
    """What a user allowed an application to do in a company.

    ``usable``: whether the code or token by which it was looked up may still be used.
    """

    id: int
    client: str
    company: int
    scopes: tuple[str, ...]
    redirect: str
    challenge: str
    usable: bool

    def accepts_verifier(self, verifier: str) -> bool:
        """PKCE: RFC 7636, section 4.6; a verifier without a challenge fails too (RFC 9700, section 4.8.2)."""
        if not self.challenge:
            return not verifier
        sha256 = hashlib.sha256(verifier.encode()).digest()
        expected = base64.urlsafe_b64encode(sha256).decode().rstrip("=")
        return hmac.compare_digest(expected, self.challenge)


class Grants:
    """Grants inside one transaction that may write, at a time; a code ends after ``code_minutes``."""

    def __init__(self, connection: sqlite3.Connection, now: datetime, *, code_minutes: float) -> None:
        self._connection = connection
        self._now = now
        self._code_lifetime = timedelta(minutes=code_minutes)

    def application(self, client: str) -> Application | None:
        """The application of that ``client_id``."""
        row = self._connection.execute(
            "SELECT client, secret, redirects FROM application WHERE client = ?", (client,)
        ).fetchone()
        return Application(row[0], row[1], msgspec.json.decode(row[2])) if row else None

    def add(self, client: str, company: int, scopes: Sequence[str], *, redirect: str, challenge: str) -> str:
        """Store a grant; returns the code that the application exchanges for tokens in time."""
        code = self._generate("code", "grants")
        self._connection.execute(
            "INSERT INTO grants (client, company, scopes, redirect, challenge, code, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                client,
                company,
                _encode(scopes),
                redirect,
                challenge,
                digest(code),
                self._after(self._code_lifetime),
            ),
        )
        return code

    def by_code(self, code: str) -> Grant | None:
        """The grant of a code."""
        return self._find(_BY_CODE, code)

    def by_refresh_token(self, token: str) -> Grant | None:
        """The grant of a refresh token."""
        return self._find(f"{_FROM_PAIRS} pair.refresh = ?", token)

    def by_access_token(self, token: str) -> Grant | None:
        """The grant of an access token that was issued for it."""
        return self._find(f"{_FROM_PAIRS} pair.access = ?", token)

    def _find(self, statement: str, secret: str) -> Grant | None:
        row = self._connection.execute(statement, (digest(secret),)).fetchone()
        if row is None:
            return None
        identifier, client, company, scopes, redirect, challenge, used, expires_at = row
        usable = not used and expires_at > timestamp(self._now)
        scopes = tuple(msgspec.json.decode(scopes))
        return Grant(identifier, client, company, scopes, redirect, challenge, usable)

    def issue_pair(self, grant: Grant, scopes: Collection[str]) -> tuple[str, str]:
        """Give a grant a new access token and refresh token; its code and earlier pairs end."""
        self.end(grant)
        access, refresh = self._generate("access", "pair"), self._generate("refresh", "pair")
        self._connection.execute(
            "INSERT INTO pair (granted, access, refresh, expires_at) VALUES (?, ?, ?, ?)",
            (grant.id, digest(access), digest(refresh), self._after(_REFRESH_LIFETIME)),
        )
        name, expires_at = f"oauth:{grant.client}", self._now + ACCESS_LIFETIME
        add_token(self._connection, access, grant.company, scopes, name=name, expires_at=expires_at)
        return access, refresh

    def end(self, grant: Grant) -> None:
        """Revoke the code and every token of a grant."""
        self._connection.execute("UPDATE grants SET used = 1 WHERE id = ?", (grant.id,))
        self._connection.execute(
            "DELETE FROM token WHERE digest IN (SELECT access FROM pair WHERE granted = ?)", (grant.id,)
        )
        self._connection.execute("UPDATE pair SET used = 1 WHERE granted = ?", (grant.id,))

    def _generate(self, kind: str, table: str) -> str:
        """A code or token. It may be guessed, as no money depends on it, so that runs repeat to the byte."""
        count = self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - ours
        return hashlib.sha256(f"{kind}/{count}/{timestamp(self._now)}".encode()).hexdigest()

    def _after(self, lifetime: timedelta) -> str:
        return timestamp(self._now + lifetime)


def add_application(
    connection: sqlite3.Connection, client: str, secret: str, redirects: Sequence[str]
) -> None:
    """Make an application known, or replace it.

    The ``client_secret`` is empty for one that cannot store any; users may be sent back to exactly these
    addresses, or to anywhere when there are none.
    """
    connection.execute(
        "INSERT OR REPLACE INTO application (client, secret, redirects) VALUES (?, ?, ?)",
        (client, digest(secret) if secret else "", _encode(redirects)),
    )


def _encode(values: Sequence[str]) -> str:
    return msgspec.json.encode(list(values)).decode()
