"""Webhook subscriptions. They are kept; nothing is ever sent to them."""

from __future__ import annotations

import hashlib
from typing import Any

from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.generic import show
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord, Selection

_KIND = "webhook_subscription"
_MOST = 10


def create(context: RequestContext) -> Any:
    """``POST /webhook_subscriptions``: ten at most; the secret is shown this once."""
    _check(context)
    if len(context.records.select(_KIND, Selection())) >= _MOST:
        raise unprocessable(f"There can be {_MOST} webhook subscriptions at most")
    record = context.records.insert(_KIND, _settled(context, {"enabled": True, **context.body}))
    secret = hashlib.sha256(f"webhook/{record.id}".encode()).hexdigest()
    return show(context, record, secret=secret)


def update(context: RequestContext) -> Any:
    """``PUT /webhook_subscriptions/{id}``: partial."""
    _check(context)
    record: JsonRecord = context.find(_KIND, context.parameters["id"])
    record.body = _settled(context, {**record.body, **context.body})
    context.records.update(record)
    return show(context, record)


def _check(context: RequestContext) -> None:
    if not context.body.get("callback_url", "https://").startswith("https://"):
        raise unprocessable("callback_url must be an https address")


def _settled(context: RequestContext, body: dict[str, Any]) -> dict[str, Any]:
    if body["enabled"]:
        return {**body, "disabled_at": None, "disabled_reason": None}
    disabled_at = body.get("disabled_at") or timestamp(context.now)
    return {**body, "disabled_at": disabled_at, "disabled_reason": "manual"}


OPERATIONS: dict[str, Handler] = {
    "postWebhookSubscriptions": create,
    "putWebhookSubscription": update,
}
