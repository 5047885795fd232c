"""Tokens as people ask for them: in a file, or in a call of the admin endpoint."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from pennyform.sandbox.application import Sandbox


class TokenRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A token to be made known.

    Attributes:
        token: what callers send after ``Bearer``.
        company: whose books it opens; the first company's when None.
        scopes: what it may do; everything when None.
        expires_at: from when on it is refused, in UTC unless it says otherwise; never when None.
    """

    token: Annotated[str, Meta(min_length=1, max_length=1000)]
    company: int | None = None
    scopes: list[str] | None = None
    expires_at: datetime | None = None


def grant_token(sandbox: Sandbox, wanted: TokenRequest) -> None:
    """Make a token known, or change what a known one may do.

    Raises:
        ValueError: for a company that does not exist, or a scope that no operation asks for.
    """
    companies = [company.id for company in sandbox.companies()]
    company = companies[0] if wanted.company is None else wanted.company
    if company not in companies:
        raise ValueError(f"there is no company {company}")
    unknown = set(wanted.scopes or ()) - sandbox.scopes
    if unknown:
        raise ValueError(f"no operation asks for the scope {min(unknown)}")
    expiry = with_zone(wanted.expires_at) if wanted.expires_at else None
    sandbox.add_token(wanted.token, company=company, scopes=wanted.scopes, expires_at=expiry)


def with_zone(moment: datetime) -> datetime:
    """A time without a zone is meant in UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
