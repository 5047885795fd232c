"""Webhook subscriptions. They are kept; nothing is ever sent to them."""

from __future__ import annotations

import hashlib
from typing import Any

from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.generic import show
from pennyform.sandbox.problems import unprocessable
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import Record, Selection

_KIND = "webhook_subscription"
_MOST = 10


def create(call: RequestContext) -> Any:
    """``POST /webhook_subscriptions``: ten at most; the secret is shown this once."""
    _check(call)
    if len(call.books.select(_KIND, Selection())) >= _MOST:
        raise unprocessable(f"There can be {_MOST} webhook subscriptions at most")
    record = call.books.insert(_KIND, _settled(call, {"enabled": True, **call.body}))
    secret = hashlib.sha256(f"webhook/{record.id}".encode()).hexdigest()
    return show(call, record, secret=secret)


def update(call: RequestContext) -> Any:
    """``PUT /webhook_subscriptions/{id}``: partial."""
    _check(call)
    record: Record = call.find(_KIND, call.parameters["id"])
    record.body = _settled(call, {**record.body, **call.body})
    call.books.update(record)
    return show(call, record)


def _check(call: RequestContext) -> None:
    if not call.body.get("callback_url", "https://").startswith("https://"):
        raise unprocessable("callback_url must be an https address")


def _settled(call: RequestContext, body: dict[str, Any]) -> dict[str, Any]:
    if body["enabled"]:
        return {**body, "disabled_at": None, "disabled_reason": None}
    disabled_at = body.get("disabled_at") or timestamp(call.now)
    return {**body, "disabled_at": disabled_at, "disabled_reason": "manual"}


OPERATIONS: dict[str, Handler] = {
    "postWebhookSubscriptions": create,
    "putWebhookSubscription": update,
}
