"""Tokens as people request them: in a file of fixtures, or at ``/_sandbox/tokens``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from pennyform.sandbox.service import SandboxService


class TokenRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token to be made known.

    Attributes:
        token: what clients send after ``Bearer``.
        company: whose records it gives access to; the first company's when None.
        scopes: what it may do; everything when None.
        expires_at: from when on it is rejected, in UTC unless it says otherwise; never when None.
    """

    token: Annotated[str, Meta(min_length=1, max_length=1000)]
    company: int | None = None
    scopes: list[str] | None = None
    expires_at: datetime | None = None


def grant_token(sandbox: SandboxService, request: TokenRequest) -> None:
    """Make a token known, or change what a known one may do.

    Raises:
        ValueError: for a company that does not exist, or a scope that no operation needs.
    """
    companies = [company.id for company in sandbox.companies()]
    company = companies[0] if request.company is None else request.company
    if company not in companies:
        raise ValueError(f"there is no company {company}")
    unknown = set(request.scopes or ()) - sandbox.scopes
    if unknown:
        raise ValueError(f"no operation asks for the scope {min(unknown)}")
    expiry = with_zone(request.expires_at) if request.expires_at else None
    sandbox.add_token(request.token, company=company, scopes=request.scopes, expires_at=expiry)


def with_zone(moment: datetime) -> datetime:
    """A time without a zone is taken to be in UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
