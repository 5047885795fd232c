"""Mandates for direct debits. A customer who is asked for one agrees at once."""

from __future__ import annotations

from typing import Any

from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.generic import show
from pennyform.sandbox.request_context import Handler, RequestContext

_GOCARDLESS = "gocardless_mandate"
_CANCELLABLE = frozenset({"pending_submission", "submitted", "active"})
_KINDS = {"SepaMandate": "sepa_mandate", "Mandate": _GOCARDLESS}
_METHODS = {"SepaMandate": "XML", "Mandate": "GoCardless"}


def request_gocardless(context: RequestContext) -> None:
    """``POST /gocardless_mandates/mail_requests``: a mandate comes of it."""
    customer = context.find("customer", context.body["customer_id"], "Customer")
    number = context.records.next_number("mandate")
    body = {
        "customer_id": customer.id,
        "status": "active",
        "external_customer_account": f"BA{number:06d}",
        "external_customer_label": customer.body["name"],
    }
    context.records.insert(_GOCARDLESS, body, reference=f"MD{number:06d}")


def associate_gocardless(context: RequestContext) -> None:
    """``POST /gocardless_mandates/{gocardless_mandate_id}/associations``."""
    mandate = context.find(_GOCARDLESS, context.parameters["gocardless_mandate_id"])
    mandate.body["customer_id"] = context.find("customer", context.body["customer_id"], "Customer").id
    context.records.update(mandate)


def cancel_gocardless(context: RequestContext) -> None:
    """``POST /gocardless_mandates/{gocardless_mandate_id}/cancellations``: once."""
    mandate = context.find(_GOCARDLESS, context.parameters["gocardless_mandate_id"])
    if mandate.body["status"] not in _CANCELLABLE:
        raise unprocessable(f"The mandate cannot be cancelled: it is {mandate.body['status']}")
    mandate.body["status"] = "cancelled"
    context.records.update(mandate)


def request_pro_account(context: RequestContext) -> None:
    """``POST /pro_account/mandate_requests``."""
    customer = context.find("customer", context.body["customer_id"], "Customer")
    body = {
        "customer_id": customer.id,
        "status": "enabled",
        "signed_at": context.now.date().isoformat(),
        "early_execution_date_permitted": False,
    }
    context.records.insert("mandate", body)


def migrate(context: RequestContext) -> Any:
    """``POST /pro_account/mandate_migrations``: done when it is answered."""
    type_ = context.body["mandate_type"]
    mandate = context.find(_KINDS[type_], context.body["mandate_id"], "Mandate")
    if mandate.body.get("migrated"):
        raise unprocessable("The mandate has already been migrated")
    mandate.body["migrated"] = True
    context.records.update(mandate)
    body = {
        "status": "completed",
        "direct_debit_method": _METHODS[type_],
        "mandate": {"id": mandate.id, "type": type_},
        "customer_id": mandate.body["customer_id"],
    }
    return show(context, context.records.insert("mandate_migration", body))


OPERATIONS: dict[str, Handler] = {
    "postGocardlessMandateMailRequests": request_gocardless,
    "postGocardlessMandateAssociations": associate_gocardless,
    "postGocardlessMandateCancellations": cancel_gocardless,
    "postProAccountMandateMailRequests": request_pro_account,
    "postProAccountMandateMigrations": migrate,
}
