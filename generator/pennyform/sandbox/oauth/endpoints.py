"""``/oauth/authorize``, ``/oauth/token`` and ``/oauth/revoke``, as RFC 6749, 7636 and 7009 define them."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from pennyform.sandbox.auth.access import companies
from pennyform.sandbox.messages import Request, Response, make_response
from pennyform.sandbox.oauth.grants import Application, Grants
from pennyform.sandbox.oauth.tokens import OAuthError, check_scopes, issue_tokens, parse_parameters, revoke
from pennyform.sandbox.rules import Rules

PREFIX = "/oauth/"
# RFC 6749, section 5.1: responses with tokens must not be cached.
_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
_S256_LENGTH = 43  # a SHA-256 in base64url, without padding: RFC 7636, section 4.2


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
        now: when codes and tokens are issued and checked.
        scopes: all scopes of the contract.
        rules: when codes end, and whether a refresh token that is used again ends everything.
    """
    grants = Grants(connection, now, code_minutes=rules.code_minutes)
    try:
        match request.method, request.path.removeprefix(PREFIX):
            case "GET", "authorize":
                return _authorize(connection, grants, request, scopes)
            case "POST", "token":
                return make_response(200, issue_tokens(grants, request, rules), _NO_STORE)
            case "POST", "revoke":
                revoke(grants, request)
                return make_response(200, {}, _NO_STORE)
        return make_response(404, {"error": "Not Found", "status": 404}, _NO_STORE)
    except OAuthError as error:
        # RFC 6749, section 5.2: a 401 names the scheme by which the client may authenticate.
        challenge = {"www-authenticate": 'Basic realm="sandbox"'} if error.status == 401 else {}
        return make_response(error.status, error.body, {**_NO_STORE, **challenge})


def _authorize(
    connection: sqlite3.Connection, grants: Grants, request: Request, scopes: Collection[str]
) -> Response:
    """Send the user back to the application with a code, or with an error."""
    query = parse_parameters(request.query)
    application = grants.application(query.get("client_id", ""))
    redirect = query.get("redirect_uri", "")
    # RFC 6749, section 4.1.2.1: an address that is not the application's gets no redirect, not even an error.
    if application is None:
        raise OAuthError("invalid_client", "client_id is not known")
    if not application.allows_redirect(redirect):
        raise OAuthError("invalid_request", "redirect_uri is not one of the application's")
    state = {"state": query["state"]} if "state" in query else {}
    try:
        granted = _check_authorization(application, query, scopes)
        known = [str(company.id) for company in companies(connection)]
        company = query.get("company_id", known[0])
        if company not in known:
            raise OAuthError("access_denied", "there is no such company")
    except OAuthError as error:
        return _redirect(redirect, {**error.body, **state})
    challenge = query.get("code_challenge", "")
    code = grants.add(application.client, int(company), granted, redirect=redirect, challenge=challenge)
    return _redirect(redirect, {"code": code, **state})


def _check_authorization(
    application: Application, query: Mapping[str, str], scopes: Collection[str]
) -> list[str]:
    """The scopes that are requested; raises for what an application may not request."""
    if query.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response_type must be code")
    challenge = query.get("code_challenge", "")
    if challenge and (query.get("code_challenge_method") != "S256" or len(challenge) != _S256_LENGTH):
        raise OAuthError("invalid_request", "code_challenge_method must be S256")
    if not challenge and not application.secret:
        raise OAuthError("invalid_request", "an application without a secret needs a code_challenge")
    return check_scopes(query.get("scope", "").split(), scopes)


def _redirect(redirect: str, parameters: Mapping[str, str]) -> Response:
    separator = "&" if urlsplit(redirect).query else "?"
    location = f"{redirect}{separator}{urlencode(parameters)}"
    return Response(302, {"location": location, "cache-control": "no-store"})
