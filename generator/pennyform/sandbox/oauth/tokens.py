"""Tokens in exchange for codes and refresh tokens, and their revocation; errors by the RFCs' codes."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from urllib.parse import parse_qsl, unquote_plus

import msgspec

from pennyform.sandbox.messages import Request
from pennyform.sandbox.oauth.grants import ACCESS_LIFETIME, Application, Grant, Grants
from pennyform.sandbox.rules import Rules

_FORM = "application/x-www-form-urlencoded"


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
        description = f"unknown scopes: {' '.join(unknown)}" if requested else "no scope"
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
    """The fields of a request's form.

    Raises:
        OAuthError: when its body is no form.
    """
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
