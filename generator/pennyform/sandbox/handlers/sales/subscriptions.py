"""Billing subscriptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pennyform.sandbox.accounting import invoicing, subscriptions
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.generic import change_below, show, show_item
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord

_MOST_RECIPIENTS = 25
# Enough for any subscription, and few enough to be counted through.
_MOST_OCCURRENCES = 1_000
_LONGEST_INTERVAL = 100
_OWN = ("start", "payment_conditions", "payment_method", "recurring_rule")
_OF_INVOICE = (
    "currency",
    "amount",
    "currency_amount",
    "currency_amount_before_tax",
    "exchange_rate",
    "currency_tax",
    "language",
    "discount",
    "pdf_description",
    "special_mention",
    "customer_invoice_template_id",
)


def list_subscriptions(context: RequestContext) -> dict[str, Any]:
    """``GET /billing_subscriptions``."""
    return listed(context, subscriptions.KIND, _show_item)


def get_subscription(context: RequestContext) -> Any:
    """``GET /billing_subscriptions/{id}``."""
    return _show(context, context.find(subscriptions.KIND, context.parameters["id"]))


def create_subscription(context: RequestContext) -> Any:
    """``POST /billing_subscriptions``: invoices of the past are made at once."""
    given = context.body
    _check_rule(given["recurring_rule"])
    body = {
        **given["customer_invoice_data"],
        **{name: given[name] for name in _OWN},
        **_mode(context, given["mode"], given["customer_id"]),
        "customer_id": given["customer_id"],
        "label": given.get("label"),
        "date": given["start"],
        "stopped_at": None,
        "prev_occurrence": None,
        "activated_at": timestamp(context.now),
    }
    record = invoicing.make(context, body, subscriptions.KIND)
    return _settled(context, record)


def update_subscription(context: RequestContext) -> Any:
    """``PUT /billing_subscriptions/{id}``: what it makes from now on."""
    record = context.find(subscriptions.KIND, context.parameters["id"])
    given = dict(context.body)
    stop, mode = given.pop("stop", None), given.pop("mode", None)
    if mode:
        given |= _mode(context, mode, given.get("customer_id", record.body["customer_id"]))
    _check_rule(given.get("recurring_rule", {}))
    data = given.pop("customer_invoice_data", {})
    record.body.update(given)
    _change_invoice(context, record, data)
    if stop and not record.body["stopped_at"]:
        subscriptions.stop(record, context.now)
    elif stop is False and record.body["stopped_at"]:
        subscriptions.resume(record, context.now, context.rules)
    return _settled(context, record)


def _change_invoice(context: RequestContext, record: JsonRecord, data: Mapping[str, Any]) -> None:
    changes = dict(data)
    sections = changes.pop("invoice_line_sections", {})
    lines = changes.pop("invoice_lines", {})
    record.body.update(changes)
    change_below(context, record, "invoice_line_section", sections)
    invoicing.check_sections([one.body for one in invoicing.sections_of(context, record)])
    invoicing.change_lines(context, record, lines)


def _settled(context: RequestContext, record: JsonRecord) -> Any:
    subscriptions.plan(record)
    context.records.update(record)
    subscriptions.catch_up(context)
    return _show(context, context.find(subscriptions.KIND, record.id))


def _mode(context: RequestContext, mode: Mapping[str, Any], customer: Any) -> dict[str, Any]:
    """The kind of invoices; mails go to the customer when nobody is named."""
    if mode["type"] != "email":
        return {"mode": mode["type"], "email_settings": None}
    recipients = mode["email_settings"].get("recipients")
    recipients = recipients or context.find("customer", customer, "Customer").body["emails"]
    if not 0 < len(recipients) <= _MOST_RECIPIENTS:
        raise unprocessable(f"There must be 1 to {_MOST_RECIPIENTS} recipients")
    return {"mode": "email", "email_settings": {"recipients": recipients, "billing_email_template": None}}


def _check_rule(rule: Mapping[str, Any]) -> None:
    for name, most in (("interval", _LONGEST_INTERVAL), ("count", _MOST_OCCURRENCES), ("day_of_month", 31)):
        value = rule.get(name, 1)
        if value != int(value) or not 1 <= value <= most:
            raise unprocessable(f"{name} must be a whole number between 1 and {most}")


def _show(context: RequestContext, record: JsonRecord) -> Any:
    return show(context, record, **_known(context, record))


def _show_item(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    return show_item(context, record, **_known(context, record))


def _known(context: RequestContext, record: JsonRecord) -> dict[str, Any]:
    kept, rule = record.body, record.body["recurring_rule"]
    own_url = context.url("billing_subscriptions", record.id)
    day = rule.get("day_of_month")
    return {
        "recurring_rule": {
            "rule_type": rule["type"],
            "interval": rule.get("interval", 1),
            "count": rule.get("count"),
            "day_of_month": [int(day)] if day else None,
        },
        "customer_invoice_data": {
            **{name: kept[name] for name in _OF_INVOICE},
            **{name: {"url": f"{own_url}/{name}"} for name in ("invoice_line_sections", "invoice_lines")},
            "pdf_invoice_free_text": kept["pdf_invoice_free_text"] or "",
            "pdf_invoice_subject": kept["pdf_invoice_subject"] or "",
        },
    }


OPERATIONS: dict[str, Handler] = {
    "getBillingSubscriptions": list_subscriptions,
    "getBillingSubscription": get_subscription,
    "postBillingSubscriptions": create_subscription,
    "putBillingSubscriptions": update_subscription,
}
