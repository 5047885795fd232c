"""Applications, and what users granted them. The one module with SQL about OAuth.

Of secrets, codes and tokens only digests are kept. A grant begins as a code, which is used once; then it has
one pair of tokens at a time.
"""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from pennyform.sandbox.auth.access import add_token, digest
from pennyform.sandbox.clock import timestamp

APPLICATION = "sandbox"
ACCESS = timedelta(hours=24)
_REFRESH = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Application:
    """An integration. Without ``redirects`` it may send users back to anywhere."""

    client: str
    secret: str
    redirects: Sequence[str]

    def proves_itself(self, secret: str) -> bool:
        """Whether the secret is the application's; one that has none proves itself by PKCE alone."""
        return not self.secret or hmac.compare_digest(self.secret, digest(secret))


@dataclass(frozen=True, slots=True)
class Grant:
    """What a user allowed an application to do in a company."""

    id: int
    client: str
    company: int
    scopes: tuple[str, ...]
    redirect: str
    challenge: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two new tokens."""

    access: str
    refresh: str
    scopes: Sequence[str]


class Grants:
    """Grants inside one transaction.

    Args:
        connection: in a transaction that may write.
        now: what was granted ends.
        code_minutes: until a code ends.
    """

    def __init__(self, connection: sqlite3.Connection, now: datetime, *, code_minutes: float) -> None:
        self._connection = connection
        self._now = now
        self._code = timedelta(minutes=code_minutes)

    def application(self, client: str) -> Application | None:
        """The application of that ``client_id``."""
        found = self._connection.execute(
            "SELECT client, secret, redirects FROM application WHERE client = ?", (client,)
        ).fetchone()
        return Application(found[0], found[1], msgspec.json.decode(found[2])) if found else None

    def begin(
        self, client: str, company: int, scopes: Sequence[str], *, redirect: str, challenge: str
    ) -> str:
        """Keep a grant; returns the code that the application exchanges for tokens in time."""
        number = self._count("grants")
        code = _token("code", number, self._now)
        self._connection.execute(
            "INSERT INTO grants (client, company, scopes, redirect, challenge, code, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (client, company, _text(scopes), redirect, challenge, digest(code), self._in(self._code)),
        )
        return code

    def of_code(self, code: str) -> tuple[Grant, bool] | None:
        """The grant of a code, and whether the code may still be used."""
        found = self._connection.execute(
            "SELECT id, client, company, scopes, redirect, challenge, used, expires_at FROM grants"
            " WHERE code = ?",
            (digest(code),),
        ).fetchone()
        if found is None:
            return None
        return _grant(found), not found[6] and found[7] > timestamp(self._now)

    def of_refresh(self, token: str) -> tuple[Grant, bool] | None:
        """The grant of a refresh token, and whether the token may still be used."""
        found = self._connection.execute(
            "SELECT grants.id, client, company, scopes, redirect, challenge, pair.used, pair.expires_at"
            " FROM pair JOIN grants ON grants.id = pair.granted WHERE pair.refresh = ?",
            (digest(token),),
        ).fetchone()
        if found is None:
            return None
        return _grant(found), not found[6] and found[7] > timestamp(self._now)

    def of_access(self, token: str) -> Grant | None:
        """The grant of an access token that was given for it."""
        found = self._connection.execute(
            "SELECT grants.id, client, company, scopes, redirect, challenge"
            " FROM pair JOIN grants ON grants.id = pair.granted WHERE pair.access = ?",
            (digest(token),),
        ).fetchone()
        return _grant(found) if found else None

    def renew(self, grant: Grant, scopes: Sequence[str]) -> Pair:
        """Give a grant a new pair of tokens. The code and the pair it had before are dead from now on."""
        self.end(grant)
        number = self._count("pair")
        pair = Pair(_token("access", number, self._now), _token("refresh", number, self._now), scopes)
        self._connection.execute(
            "INSERT INTO pair (granted, access, refresh, expires_at) VALUES (?, ?, ?, ?)",
            (grant.id, digest(pair.access), digest(pair.refresh), self._in(_REFRESH)),
        )
        expires_at = self._now + ACCESS
        name = f"oauth:{grant.client}"
        add_token(self._connection, pair.access, grant.company, scopes, name=name, expires_at=expires_at)
        return pair

    def end(self, grant: Grant) -> None:
        """Take back the code and every token of a grant."""
        self._connection.execute("UPDATE grants SET used = 1 WHERE id = ?", (grant.id,))
        self._connection.execute(
            "DELETE FROM token WHERE digest IN (SELECT access FROM pair WHERE granted = ?)", (grant.id,)
        )
        self._connection.execute("UPDATE pair SET used = 1 WHERE granted = ?", (grant.id,))

    def _count(self, table: str) -> int:
        # One of the two tables above.
        return int(self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608

    def _in(self, lifetime: timedelta) -> str:
        return timestamp(self._now + lifetime)


def add_application(
    connection: sqlite3.Connection, client: str, secret: str, redirects: Sequence[str]
) -> None:
    """Make an application known, or known anew.

    Args:
        connection: in a transaction that may write.
        client: its ``client_id``.
        secret: its ``client_secret``; empty for one that cannot keep any.
        redirects: where it may send users back to, exactly; anywhere when empty.
    """
    connection.execute(
        "INSERT OR REPLACE INTO application (client, secret, redirects) VALUES (?, ?, ?)",
        (client, digest(secret) if secret else "", _text(redirects)),
    )


def _grant(row: Sequence[object]) -> Grant:
    identifier, client, company, scopes, redirect, challenge = row[:6]
    return Grant(
        int(str(identifier)),
        str(client),
        int(str(company)),
        tuple(msgspec.json.decode(str(scopes))),
        str(redirect),
        str(challenge),
    )


def _token(kind: str, number: int, now: datetime) -> str:
    """Nobody's money hangs on it that it cannot be guessed, and a run can be repeated to the byte."""
    return hashlib.sha256(f"{kind}/{number}/{timestamp(now)}".encode()).hexdigest()


def _text(values: Sequence[str]) -> str:
    return msgspec.json.encode(list(values)).decode()
