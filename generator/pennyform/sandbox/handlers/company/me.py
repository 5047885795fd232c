"""Who the token belongs to and what it may do."""

from __future__ import annotations

from pennyform.sandbox.handlers.registry import handles
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.request_context import RequestContext

_USER = {
    "id": 31_000_001,
    "first_name": "Sandbox",
    "last_name": "User",
    "email": "user@sandbox.example",
    "locale": "fr",
}


@handles("getMe")
def get_me(context: RequestContext) -> JsonObject:
    """``GET /me``: by the contract it needs no scope."""
    company = context.access.company
    return {
        "user": _USER,
        "company": {
            "id": company.id,
            "name": company.name,
            "reg_no": company.reg_no,
            "accounting_logic": company.accounting_logic,
        },
        "scopes": list(context.access.scopes),
    }
