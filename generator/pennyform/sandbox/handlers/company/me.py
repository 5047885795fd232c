"""Who the token belongs to and what it may do."""

from __future__ import annotations

from typing import Any

from pennyform.sandbox.request_context import Handler, RequestContext

_USER = {
    "id": 31_000_001,
    "first_name": "Sandbox",
    "last_name": "User",
    "email": "user@sandbox.example",
    "locale": "fr",
}


def get_me(context: RequestContext) -> dict[str, Any]:
    """``GET /me``: needs no scope."""
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


OPERATIONS: dict[str, Handler] = {"getMe": get_me}
