"""Tokens for codes and for refresh tokens, and their end."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import unquote_plus

from pennyform.sandbox.messages import Request
from pennyform.sandbox.oauth.authorize import known_scopes
from pennyform.sandbox.oauth.forms import RefusedError, form_of
from pennyform.sandbox.oauth.grants import ACCESS, Application, Grant, Grants, Pair
from pennyform.sandbox.rules import Rules


def token(grants: Grants, request: Request, rules: Rules) -> dict[str, object]:
    """``POST /oauth/token``: a new pair of tokens.

    Raises:
        RefusedError: for an application that is not known, or a code or token that is of no use any more.
    """
    form = form_of(request)
    application = _authenticated(grants, request, form)
    match form.get("grant_type"):
        case "authorization_code":
            return _shown(_exchanged(grants, application, form))
        case "refresh_token":
            return _shown(_refreshed(grants, application, form, rules))
    raise RefusedError("unsupported_grant_type", "grant_type is not one of those that are known")


def _authenticated(grants: Grants, request: Request, form: Mapping[str, str]) -> Application:
    """The application that asks: by HTTP Basic, or by its id and secret in the form."""
    client, secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
    application = grants.application(client)
    if application is None or not application.proves_itself(secret):
        raise RefusedError("invalid_client", "the application is not known, or its secret is wrong", 401)
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
        raise RefusedError("invalid_grant", "the code is not known")
    grant, usable = found
    if not usable:
        # Somebody else may have used it: what was given for it ends.
        grants.end(grant)
        raise RefusedError("invalid_grant", "the code was used or has expired")
    if form.get("redirect_uri") != grant.redirect:
        raise RefusedError("invalid_grant", "redirect_uri is another one than that of the authorization")
    if not _is_proven(grant.challenge, form.get("code_verifier", "")):
        raise RefusedError("invalid_grant", "code_verifier does not fit the code_challenge")
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
        raise RefusedError("invalid_grant", "the refresh token is not known")
    grant, usable = found
    if not usable:
        if rules.refresh_once:
            grants.end(grant)
        raise RefusedError("invalid_grant", "the refresh token was used, was revoked or has expired")
    asked = form.get("scope", "").split() or list(grant.scopes)
    return grants.renew(grant, known_scopes(asked, grant.scopes))


def revoke(grants: Grants, request: Request) -> None:
    """``POST /oauth/revoke``: both tokens of a pair end together; of one that is not known nothing is said.

    Raises:
        RefusedError: for an application that is not known.
    """
    form = form_of(request)
    application = _authenticated(grants, request, form)
    given = form.get("token", "")
    refreshing = grants.of_refresh(given)
    grant: Grant | None = refreshing[0] if refreshing else grants.of_access(given)
    if grant is not None and grant.client == application.client:
        grants.end(grant)


def _shown(pair: Pair) -> dict[str, object]:
    return {
        "access_token": pair.access,
        "token_type": "Bearer",
        "expires_in": int(ACCESS.total_seconds()),
        "refresh_token": pair.refresh,
        "scope": " ".join(pair.scopes),
    }
