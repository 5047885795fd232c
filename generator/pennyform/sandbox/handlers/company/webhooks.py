"""Webhook subscriptions. They are stored; nothing is ever sent to them."""

from __future__ import annotations

import hashlib

from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.generic import present_by_schema
from pennyform.sandbox.handlers.registry import handles
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Selection

_KIND = "webhook_subscription"
_MOST = 10


@handles("postWebhookSubscriptions")
def create_webhook(context: RequestContext) -> Json:
    """``POST /webhook_subscriptions``: ten at most; the secret is shown this once."""
    _check_url(context)
    if len(context.records.select(_KIND, Selection())) >= _MOST:
        raise unprocessable(f"There can be {_MOST} webhook subscriptions at most")
    fields = _set_disabled(context, {"enabled": True, **context.body})
    record = context.records.insert(_KIND, fields)
    # Derived, not random: a run that is repeated gives the same answers.
    secret = hashlib.sha256(f"webhook/{record.id}".encode()).hexdigest()
    return present_by_schema(context, record, secret=secret)


@handles("putWebhookSubscription")
def update_webhook(context: RequestContext) -> Json:
    """``PUT /webhook_subscriptions/{id}``: partial."""
    _check_url(context)
    record = context.find(_KIND, context.parameters["id"])
    record.body = _set_disabled(context, {**record.body, **context.body})
    context.records.update(record)
    return present_by_schema(context, record)


def _check_url(context: RequestContext) -> None:
    if not context.body.get("callback_url", "https://").startswith("https://"):
        raise unprocessable("callback_url must be an https address")


def _set_disabled(context: RequestContext, fields: JsonObject) -> JsonObject:
    if fields["enabled"]:
        return {**fields, "disabled_at": None, "disabled_reason": None}
    disabled_at = fields.get("disabled_at") or timestamp(context.now)
    return {**fields, "disabled_at": disabled_at, "disabled_reason": "manual"}
