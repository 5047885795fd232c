"""The three endpoints, as RFC 6749, 7009 and 7636 have them."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec

from pennyform.sandbox.messages import Request, Response
from pennyform.sandbox.oauth.authorize import authorize
from pennyform.sandbox.oauth.forms import RefusedError
from pennyform.sandbox.oauth.grants import Grants
from pennyform.sandbox.oauth.tokens import revoke, token
from pennyform.sandbox.rules import Rules

PREFIX = "/oauth/"
_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}


def answer(
    connection: sqlite3.Connection,
    request: Request,
    now: datetime,
    *,
    scopes: Collection[str],
    rules: Rules,
) -> Response:
    """Answer a request below ``/oauth/``.

    Args:
        connection: in a transaction that may write.
        request: to ``authorize``, ``token`` or ``revoke``.
        now: codes and tokens end.
        scopes: all that there are.
        rules: when codes end, and whether a refresh token that is used again ends everything.
    """
    grants = Grants(connection, now, code_minutes=rules.code_minutes)
    try:
        match request.method, request.path.removeprefix(PREFIX):
            case "GET", "authorize":
                return authorize(connection, grants, request, scopes)
            case "POST", "token":
                return _json(200, token(grants, request, rules))
            case "POST", "revoke":
                revoke(grants, request)
                return _json(200, {})
        return _json(404, {"error": "Not Found", "status": 404})
    except RefusedError as refused:
        return _json(refused.status, refused.body)


def _json(status: int, body: Mapping[str, object]) -> Response:
    headers = {"content-type": "application/json; charset=utf-8", **_NO_STORE}
    if status == 401:
        headers["www-authenticate"] = 'Basic realm="sandbox"'
    return Response(status, headers, msgspec.json.encode(body))
