"""``/oauth/authorize``, ``/oauth/token`` and ``/oauth/revoke``, as RFC 6749, 7636 and 7009 define them."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Collection, Mapping
from datetime import datetime
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

import msgspec

from pennyform.sandbox.auth import companies
from pennyform.sandbox.messages import Request, Response, make_response
from pennyform.sandbox.oauth.grants import ACCESS_LIFETIME, Application, Grant, Grants
from pennyform.sandbox.rules import Rules

PREFIX = "/oauth/"
LONGEST_FORM = 64 * 1024
_LONGEST_LIST = 500
# RFC 6749, section 5.1: responses with tokens must not be cached.
_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
_S256_LENGTH = 43  # a SHA-256 in base64url, without padding: RFC 7636, section 4.2
_FORM = "application/x-www-form-urlencoded"


def answer(
    connection: sqlite3.Connection, request: Request, now: datetime, *, scopes: Collection[str], rules: Rules
) -> Response:
    """Answer a request to ``authorize``, ``token`` or ``revoke``, in a transaction that may write.

    ``scopes`` are all scopes of the contract; ``rules`` say when codes end, and whether a refresh token that
    is used again ends everything.
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
    letters = challenge.replace("-", "").replace("_", "")
    is_sha256 = len(challenge) == _S256_LENGTH and letters.isascii() and letters.isalnum()
    if challenge and (query.get("code_challenge_method") != "S256" or not is_sha256):
        raise OAuthError("invalid_request", "code_challenge_method must be S256")
    if not challenge and not application.secret:
        raise OAuthError("invalid_request", "an application without a secret needs a code_challenge")
    return check_scopes(query.get("scope", "").split(), scopes)


def _redirect(redirect: str, parameters: Mapping[str, str]) -> Response:
    separator = "&" if urlsplit(redirect).query else "?"
    location = f"{redirect}{separator}{urlencode(parameters)}"
    return Response(302, {"location": location, "cache-control": "no-store"})


class OAuthError(Exception):
    """An error response; ``code`` is one of RFC 6749's (sections 4.1.2.1 and 5.2)."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(code, description)
        self.status = status
        self.body = {"error": code, "error_description": description}


class TokenResponse(msgspec.Struct, frozen=True):
    """What ``POST /oauth/token`` answers: RFC 6749, section 5.1."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    scope: str


def issue_tokens(grants: Grants, request: Request, rules: Rules) -> TokenResponse:
    """``POST /oauth/token``: a new pair of tokens.

    Raises:
        OAuthError: for an application that is not known, or a code or token that cannot be used any more.
    """
    form = read_form(request)
    application = _authenticate(grants, request, form)
    match form.get("grant_type"):
        case "authorization_code":
            grant = _exchange_code(grants, application, form)
            scopes: Collection[str] = grant.scopes
        case "refresh_token":
            grant = _use_refresh_token(grants, application, form, rules)
            scopes = check_scopes(form.get("scope", "").split() or list(grant.scopes), grant.scopes)
        case _:
            raise OAuthError("unsupported_grant_type", "grant_type is not one of those that are known")
    access, refresh = grants.issue_pair(grant, scopes)
    expires_in = int(ACCESS_LIFETIME.total_seconds())
    return TokenResponse(access, "Bearer", expires_in, refresh, " ".join(scopes))


def _authenticate(grants: Grants, request: Request, form: Mapping[str, str]) -> Application:
    """The application: by HTTP Basic, or by its id and secret in the form (RFC 6749, section 2.3.1)."""
    client, secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
        except ValueError:
            client = secret = ""
        client, secret = unquote_plus(client), unquote_plus(secret)
    application = grants.application(client)
    if application is None or not application.accepts(secret):
        raise OAuthError("invalid_client", "the application is not known, or its secret is wrong", 401)
    return application


def _exchange_code(grants: Grants, application: Application, form: Mapping[str, str]) -> Grant:
    grant = grants.by_code(form.get("code", ""))
    if grant is None or grant.client != application.client:
        raise OAuthError("invalid_grant", "the code is not known")
    if not grant.usable:
        # Somebody else may have used it: what was issued for it ends (RFC 6749, section 4.1.2).
        grants.end(grant)
        raise OAuthError("invalid_grant", "the code was used or has expired")
    if form.get("redirect_uri") != grant.redirect:
        raise OAuthError("invalid_grant", "redirect_uri is another one than that of the authorization")
    if not grant.accepts_verifier(form.get("code_verifier", "")):
        raise OAuthError("invalid_grant", "code_verifier does not fit the code_challenge")
    return grant


def _use_refresh_token(
    grants: Grants, application: Application, form: Mapping[str, str], rules: Rules
) -> Grant:
    grant = grants.by_refresh_token(form.get("refresh_token", ""))
    if grant is None or grant.client != application.client:
        raise OAuthError("invalid_grant", "the refresh token is not known")
    if not grant.usable:
        # A token that comes twice was stolen, and it is unknown which copy: the whole grant ends
        # (RFC 9700, section 4.14.2).
        if rules.refresh_once:
            grants.end(grant)
        raise OAuthError("invalid_grant", "the refresh token was used, was revoked or has expired")
    return grant


def check_scopes(requested: list[str], allowed: Collection[str]) -> list[str]:
    """The scopes that are requested, sorted.

    Raises:
        OAuthError: for one that is not allowed, or none.
    """
    unknown = sorted(set(requested) - set(allowed))
    if unknown or not requested:
        description = f"unknown scopes: {' '.join(unknown)[:_LONGEST_LIST]}" if requested else "no scope"
        raise OAuthError("invalid_scope", description)
    return sorted(set(requested))


def revoke(grants: Grants, request: Request) -> None:
    """``POST /oauth/revoke``: both tokens of a pair end together; an unknown one is no error (RFC 7009).

    Raises:
        OAuthError: for an application that is not known.
    """
    form = read_form(request)
    application = _authenticate(grants, request, form)
    token = form.get("token", "")
    grant = grants.by_refresh_token(token) or grants.by_access_token(token)
    if grant is not None and grant.client == application.client:
        grants.end(grant)


def read_form(request: Request) -> dict[str, str]:
    """The fields of a request's form; raises :class:`OAuthError` when its body is no form."""
    if request.exceeds(LONGEST_FORM):
        raise OAuthError("invalid_request", f"the form is longer than {LONGEST_FORM} bytes", 413)
    if request.media_type != _FORM:
        raise OAuthError("invalid_request", f"Content-Type must be {_FORM}")
    try:
        return parse_parameters(request.body.decode("ascii"))
    except UnicodeDecodeError as error:
        raise OAuthError("invalid_request", "the form cannot be read") from error


def parse_parameters(text: str) -> dict[str, str]:
    """The parameters of a query or a form.

    Raises:
        OAuthError: when they cannot be read, or one comes twice.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError as error:
        raise OAuthError("invalid_request", "the parameters cannot be read") from error
    # RFC 6749, sections 3.1 and 3.2: parameters must not be included more than once.
    if len(pairs) != len(dict(pairs)):
        raise OAuthError("invalid_request", "a parameter is given twice")
    return dict(pairs)
