"""The three endpoints, as RFC 6749, 7009 and 7636 have them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import sqlite3
from collections.abc import Collection, Mapping
from datetime import datetime
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

import msgspec

from pennyform.sandbox.access import companies
from pennyform.sandbox.messages import Request, Response
from pennyform.sandbox.oauth.grants import ACCESS, Application, Grant, Grants, Pair
from pennyform.sandbox.rules import Rules

PREFIX = "/oauth/"
_FORM = "application/x-www-form-urlencoded"
_S256 = 43  # letters of a SHA-256 in base64url
_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}


class _RefusedError(Exception):
    """An error response; ``code`` is one of the RFCs'."""

    def __init__(self, code: str, why: str, status: int = 400) -> None:
        super().__init__(code, why)
        self.status = status
        self.body = {"error": code, "error_description": why}


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
                return _authorize(connection, grants, request, scopes)
            case "POST", "token":
                return _json(200, _token(grants, request, rules))
            case "POST", "revoke":
                _revoke(grants, request)
                return _json(200, {})
        return _json(404, {"error": "Not Found", "status": 404})
    except _RefusedError as refused:
        return _json(refused.status, refused.body)


def _authorize(
    connection: sqlite3.Connection, grants: Grants, request: Request, scopes: Collection[str]
) -> Response:
    query = _fields(request.query)
    application = grants.application(query.get("client_id", ""))
    redirect = query.get("redirect_uri", "")
    # Where nobody may be sent back to, nobody is.
    if application is None:
        raise _RefusedError("invalid_client", "client_id is not known")
    if not _may_return(application, redirect):
        raise _RefusedError("invalid_request", "redirect_uri is not one of the application's")
    state = {"state": query["state"]} if "state" in query else {}
    try:
        asked = _checked(application, query, scopes)
        company = _company(connection, query)
    except _RefusedError as refused:
        return _redirect(redirect, {**refused.body, **state})
    challenge = query.get("code_challenge", "")
    code = grants.begin(application.client, company, asked, redirect=redirect, challenge=challenge)
    return _redirect(redirect, {"code": code, **state})


def _may_return(application: Application, redirect: str) -> bool:
    if application.redirects:
        return redirect in application.redirects
    parts = urlsplit(redirect)
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not parts.fragment


def _checked(application: Application, query: Mapping[str, str], scopes: Collection[str]) -> list[str]:
    if query.get("response_type") != "code":
        raise _RefusedError("unsupported_response_type", "response_type must be code")
    challenge = query.get("code_challenge", "")
    if challenge and (query.get("code_challenge_method") != "S256" or len(challenge) != _S256):
        raise _RefusedError("invalid_request", "code_challenge_method must be S256")
    if not challenge and not application.secret:
        raise _RefusedError("invalid_request", "an application without a secret needs a code_challenge")
    return _known(query.get("scope", "").split(), scopes)


def _known(asked: list[str], scopes: Collection[str]) -> list[str]:
    unknown = sorted(set(asked) - set(scopes))
    if unknown or not asked:
        raise _RefusedError("invalid_scope", f"unknown scopes: {' '.join(unknown)}" if asked else "no scope")
    return sorted(set(asked))


def _company(connection: sqlite3.Connection, query: Mapping[str, str]) -> int:
    known = [company.id for company in companies(connection)]
    wanted = query.get("company_id", str(known[0]))
    if wanted not in map(str, known):
        raise _RefusedError("access_denied", "there is no such company")
    return int(wanted)


def _redirect(redirect: str, fields: Mapping[str, str]) -> Response:
    separator = "&" if urlsplit(redirect).query else "?"
    return Response(302, {"location": f"{redirect}{separator}{urlencode(fields)}", **_NO_STORE})


def _token(grants: Grants, request: Request, rules: Rules) -> dict[str, object]:
    form = _form(request)
    application = _authenticated(grants, request, form)
    match form.get("grant_type"):
        case "authorization_code":
            return _shown(_exchanged(grants, application, form))
        case "refresh_token":
            return _shown(_refreshed(grants, application, form, rules))
    raise _RefusedError("unsupported_grant_type", "grant_type is not one of those that are known")


def _authenticated(grants: Grants, request: Request, form: Mapping[str, str]) -> Application:
    """The application that asks: by HTTP Basic, or by its id and secret in the form."""
    client, secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
    application = grants.application(client)
    if application is None or not application.proves_itself(secret):
        raise _RefusedError("invalid_client", "the application is not known, or its secret is wrong", 401)
    return application


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote_plus(client), unquote_plus(secret)


def _exchanged(grants: Grants, application: Application, form: Mapping[str, str]) -> Pair:
    found = grants.of_code(form.get("code", ""))
    if found is None or found[0].client != application.client:
        raise _RefusedError("invalid_grant", "the code is not known")
    grant, usable = found
    if not usable:
        # Somebody else may have used it: what was given for it ends.
        grants.end(grant)
        raise _RefusedError("invalid_grant", "the code was used or has expired")
    if form.get("redirect_uri") != grant.redirect:
        raise _RefusedError("invalid_grant", "redirect_uri is another one than that of the authorization")
    if not _is_proven(grant.challenge, form.get("code_verifier", "")):
        raise _RefusedError("invalid_grant", "code_verifier does not fit the code_challenge")
    return grants.renew(grant, grant.scopes)


def _is_proven(challenge: str, verifier: str) -> bool:
    if not challenge:
        return not verifier
    digest = hashlib.sha256(verifier.encode()).digest()
    made = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return hmac.compare_digest(made, challenge)


def _refreshed(grants: Grants, application: Application, form: Mapping[str, str], rules: Rules) -> Pair:
    found = grants.of_refresh(form.get("refresh_token", ""))
    if found is None or found[0].client != application.client:
        raise _RefusedError("invalid_grant", "the refresh token is not known")
    grant, usable = found
    if not usable:
        if rules.refresh_once:
            grants.end(grant)
        raise _RefusedError("invalid_grant", "the refresh token was used, was revoked or has expired")
    asked = form.get("scope", "").split() or list(grant.scopes)
    return grants.renew(grant, _known(asked, grant.scopes))


def _revoke(grants: Grants, request: Request) -> None:
    """Both tokens of a pair end together; of a token that is not known nothing is said."""
    form = _form(request)
    application = _authenticated(grants, request, form)
    token = form.get("token", "")
    refreshing = grants.of_refresh(token)
    grant: Grant | None = refreshing[0] if refreshing else grants.of_access(token)
    if grant is not None and grant.client == application.client:
        grants.end(grant)


def _form(request: Request) -> dict[str, str]:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != _FORM:
        raise _RefusedError("invalid_request", f"Content-Type must be {_FORM}")
    try:
        return _fields(request.body.decode("ascii"))
    except UnicodeDecodeError as problem:
        raise _RefusedError("invalid_request", "the form cannot be read") from problem


def _fields(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError as problem:
        raise _RefusedError("invalid_request", "the parameters cannot be read") from problem
    if len(pairs) != len(dict(pairs)):
        raise _RefusedError("invalid_request", "a parameter is given twice")
    return dict(pairs)


def _shown(pair: Pair) -> dict[str, object]:
    return {
        "access_token": pair.access,
        "token_type": "Bearer",
        "expires_in": int(ACCESS.total_seconds()),
        "refresh_token": pair.refresh,
        "scope": " ".join(pair.scopes),
    }


def _json(status: int, body: Mapping[str, object]) -> Response:
    headers = {"content-type": "application/json; charset=utf-8", **_NO_STORE}
    if status == 401:
        headers["www-authenticate"] = 'Basic realm="sandbox"'
    return Response(status, headers, msgspec.json.encode(body))
