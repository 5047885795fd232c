"""Where users are sent to agree: here they do so at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from urllib.parse import urlencode, urlsplit

from pennyform.sandbox.auth.access import companies
from pennyform.sandbox.messages import Request, Response
from pennyform.sandbox.oauth.forms import RefusedError, fields
from pennyform.sandbox.oauth.grants import Application, Grants

_S256 = 43  # letters of a SHA-256 in base64url


def authorize(
    connection: sqlite3.Connection, grants: Grants, request: Request, scopes: Collection[str]
) -> Response:
    """Send the user back with a code, or with what is wrong.

    Raises:
        RefusedError: where there is nobody to send them back to.
    """
    query = fields(request.query)
    application = grants.application(query.get("client_id", ""))
    redirect = query.get("redirect_uri", "")
    # Where nobody may be sent back to, nobody is.
    if application is None:
        raise RefusedError("invalid_client", "client_id is not known")
    if not _may_return(application, redirect):
        raise RefusedError("invalid_request", "redirect_uri is not one of the application's")
    state = {"state": query["state"]} if "state" in query else {}
    try:
        asked = _checked(application, query, scopes)
        company = _company(connection, query)
    except RefusedError as refused:
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
        raise RefusedError("unsupported_response_type", "response_type must be code")
    challenge = query.get("code_challenge", "")
    if challenge and (query.get("code_challenge_method") != "S256" or len(challenge) != _S256):
        raise RefusedError("invalid_request", "code_challenge_method must be S256")
    if not challenge and not application.secret:
        raise RefusedError("invalid_request", "an application without a secret needs a code_challenge")
    return known_scopes(query.get("scope", "").split(), scopes)


def known_scopes(asked: list[str], scopes: Collection[str]) -> list[str]:
    """The scopes that are asked for, sorted.

    Raises:
        RefusedError: for one that there is not, or none.
    """
    unknown = sorted(set(asked) - set(scopes))
    if unknown or not asked:
        raise RefusedError("invalid_scope", f"unknown scopes: {' '.join(unknown)}" if asked else "no scope")
    return sorted(set(asked))


def _company(connection: sqlite3.Connection, query: Mapping[str, str]) -> int:
    known = [company.id for company in companies(connection)]
    wanted = query.get("company_id", str(known[0]))
    if wanted not in map(str, known):
        raise RefusedError("access_denied", "there is no such company")
    return int(wanted)


def _redirect(redirect: str, parameters: Mapping[str, str]) -> Response:
    separator = "&" if urlsplit(redirect).query else "?"
    location = f"{redirect}{separator}{urlencode(parameters)}"
    return Response(302, {"location": location, "cache-control": "no-store"})
