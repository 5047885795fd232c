"""Access: tokens and scopes, links that open a file without a token, and the rate limit.

The rate limit is 25 requests per 5 seconds and token. The guide gives these numbers, but not the window. It
slides by default: the strictest reading, so that clients that stay under it here stay under it anywhere.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
import sqlite3
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

import msgspec

from pennyform.sandbox.api_errors import forbidden, too_many_requests, unauthorized
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


LINK_PREFIX = "/public/files/"
_PATH = re.compile(
    rf"{LINK_PREFIX}(([0-9]{{1,18}})/([a-z_]{{1,64}})/([0-9]{{1,18}})/([0-9]{{1,18}}))/([0-9a-f]{{32}})/[^/]+"
)


@dataclass(frozen=True, slots=True)
class SignedLink:
    """The record whose file a link opens."""

    company: int
    kind: str
    record: int


def sign_link(key: bytes, company: int, kind: str, record: int, until: int) -> str:
    """The part of a link between the prefix and the file's name; it opens until a Unix time.

    ``key`` is the database's own.
    """
    target = f"{company}/{kind}/{record}/{until}"
    return f"{target}/{_signature(key, target)}"


def verify_link(key: bytes, path: str, now: datetime) -> SignedLink | None:
    """The record that a link leads to; None when it is no link, was tampered with, or has expired."""
    match = _PATH.fullmatch(path)
    if match is None or not hmac.compare_digest(match[6], _signature(key, match[1])):
        return None
    if int(match[5]) <= now.timestamp():
        return None
    return SignedLink(int(match[2]), match[3], int(match[4]))


def _signature(key: bytes, target: str) -> str:
    return hmac.new(key, target.encode(), hashlib.sha256).hexdigest()[:32]


REQUESTS = 25
SECONDS = 5.0
# Any text can be sent as a token: forgetting all counts now and then bounds the memory they take.
_MOST_CLIENTS = 10_000


class RateLimiter:
    """Counts per client, in memory: a limit need not survive a restart.

    Unless ``enforced`` nothing is counted, and the headers show an untouched allowance.
    """

    def __init__(self, *, enforced: bool) -> None:
        self._enforced = enforced
        self._requests: dict[str, deque[float]] = {}
        self._lock = Lock()

    def admit(self, client: str, now: datetime, window: str = "sliding") -> dict[str, str]:
        """Count one request.

        Args:
            client: the token's digest.
            now: time of the request.
            window: ``sliding`` or ``fixed``, as :class:`~pennyform.sandbox.Rules` has it.

        Returns:
            ``ratelimit-limit``, ``ratelimit-remaining`` and ``ratelimit-reset`` (unix seconds).

        Raises:
            ApiError: 429 with the same headers and ``retry-after``.
        """
        moment = now.timestamp()
        if not self._enforced:
            return _headers(REQUESTS, moment + SECONDS)
        with self._lock:
            return self._count(client, moment, window)

    def _count(self, client: str, moment: float, window: str) -> dict[str, str]:
        if client not in self._requests and len(self._requests) >= _MOST_CLIENTS:
            self._requests.clear()
        times = self._requests.setdefault(client, deque())
        # The clock can be set back: what lies in the future is as outdated as what is 5 seconds old.
        while times and not 0 <= moment - times[0] < SECONDS:
            if window == "fixed":
                times.clear()
            else:
                times.popleft()
        if len(times) >= REQUESTS:
            reset = times[0] + SECONDS
            raise too_many_requests(max(1, math.ceil(reset - moment)), _headers(0, reset))
        times.append(moment)
        return _headers(REQUESTS - len(times), times[0] + SECONDS)


def _headers(remaining: int, reset: float) -> dict[str, str]:
    return {
        "ratelimit-limit": str(REQUESTS),
        "ratelimit-remaining": str(remaining),
        "ratelimit-reset": str(math.ceil(reset)),
    }
