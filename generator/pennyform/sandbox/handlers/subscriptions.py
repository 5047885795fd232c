"""Billing subscriptions."""

from __future__ import annotations

from pennyform.sandbox.accounting import invoicing, subscriptions
from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.clock import timestamp
from pennyform.sandbox.generic import change_children, present_by_schema
from pennyform.sandbox.handlers.registry import handles, register_get, register_list
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.model.documents import BillingSubscription, InvoiceSection
from pennyform.sandbox.model.parties import Customer
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import Record

_MOST_RECIPIENTS = 25
# The sandbox's own: enough for any subscription, and few enough to be counted through.
_MOST_OCCURRENCES = 1_000
_LONGEST_INTERVAL = 100
_OWN_FIELDS = ("start", "payment_conditions", "payment_method", "recurring_rule")
_INVOICE_FIELDS = (
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


@handles("postBillingSubscriptions")
def create_subscription(context: RequestContext) -> Json:
    """``POST /billing_subscriptions``: invoices of the past are made at once."""
    request = context.body
    _check_rule(request["recurring_rule"])
    fields = {
        **request["customer_invoice_data"],
        **{name: request[name] for name in _OWN_FIELDS},
        **_mode_fields(context, request["mode"], request["customer_id"]),
        "customer_id": request["customer_id"],
        "label": request.get("label"),
        "date": request["start"],
        "activated_at": timestamp(context.now),
    }
    record = invoicing.create_document(context, BillingSubscription, fields)
    return _schedule_and_present(context, record)


@handles("putBillingSubscriptions")
def update_subscription(context: RequestContext) -> Json:
    """``PUT /billing_subscriptions/{id}``: what it makes from now on."""
    record = context.find_by_path(BillingSubscription)
    fields = dict(context.body)
    stop, mode = fields.pop("stop", None), fields.pop("mode", None)
    if mode:
        fields |= _mode_fields(context, mode, fields.get("customer_id", record.body.customer_id))
    _check_rule(fields.get("recurring_rule", {}))
    invoice_fields = dict(fields.pop("customer_invoice_data", {}))
    sections = invoice_fields.pop("invoice_line_sections", {})
    lines = invoice_fields.pop("invoice_lines", {})
    # Sections first: lines name them by their ranks.
    change_children(context, record, InvoiceSection.KIND, sections)
    ranks = [section.body.rank for section in invoicing.sections_of(context, record.id)]
    invoicing.check_section_ranks(ranks)
    invoicing.change_document(context, record, {**fields, **invoice_fields}, lines)
    if stop and not record.body.stopped_at:
        subscriptions.stop(record.body, context.now)
    elif stop is False and record.body.stopped_at:
        subscriptions.resume(record.body, context.now, context.rules)
    return _schedule_and_present(context, record)


def _schedule_and_present(context: RequestContext, record: Record[BillingSubscription]) -> Json:
    subscriptions.schedule(record.body)
    context.records.update(record)
    subscriptions.create_due_invoices(context)
    # Read again: what has fallen due was made from, and noted in, another copy of it.
    return _present(context, context.find(BillingSubscription, record.id))


def _mode_fields(context: RequestContext, mode: JsonObject, customer: int | None) -> JsonObject:
    """The kind of invoices; mails go to the customer when nobody is named."""
    if mode["type"] != "email":
        return {"mode": mode["type"], "email_settings": None}
    recipients = mode["email_settings"].get("recipients")
    recipients = recipients or context.find(Customer, customer, "Customer").body.emails
    if not 0 < len(recipients) <= _MOST_RECIPIENTS:
        raise unprocessable(f"There must be 1 to {_MOST_RECIPIENTS} recipients")
    return {"mode": "email", "email_settings": {"recipients": recipients}}


def _check_rule(rule: JsonObject) -> None:
    for name, most in (("interval", _LONGEST_INTERVAL), ("count", _MOST_OCCURRENCES), ("day_of_month", 31)):
        value = rule.get(name, 1)
        # A number of the contract: 1.0 is whole, 1.5 is not.
        if value != int(value) or not 1 <= value <= most:
            raise unprocessable(f"{name} must be a whole number between 1 and {most}")


def _present(context: RequestContext, record: Record[BillingSubscription]) -> Json:
    subscription, fields, rule = record.body, record.body.fields(), record.body.recurring_rule
    own_url = context.url("billing_subscriptions", record.id)
    rule_fields = {
        "rule_type": rule.type,
        "interval": rule.interval,
        "count": rule.count,
        "day_of_month": [rule.day_of_month] if rule.day_of_month else None,
    }
    invoice_fields = {
        **{name: fields[name] for name in _INVOICE_FIELDS},
        **{name: {"url": f"{own_url}/{name}"} for name in ("invoice_line_sections", "invoice_lines")},
        "pdf_invoice_free_text": subscription.pdf_invoice_free_text or "",
        "pdf_invoice_subject": subscription.pdf_invoice_subject or "",
    }
    return present_by_schema(
        context, record, recurring_rule=rule_fields, customer_invoice_data=invoice_fields
    )


register_list("getBillingSubscriptions", BillingSubscription, _present)
register_get("getBillingSubscription", BillingSubscription, _present)
