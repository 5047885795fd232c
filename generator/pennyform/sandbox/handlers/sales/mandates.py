"""Mandates for direct debits. A customer who is asked for one agrees at once."""

from __future__ import annotations

from pennyform.sandbox.api_errors import unprocessable
from pennyform.sandbox.generic import present_by_schema
from pennyform.sandbox.handlers.registry import handles
from pennyform.sandbox.json_types import Json
from pennyform.sandbox.request_context import RequestContext

_GOCARDLESS = "gocardless_mandate"
_CANCELLABLE = frozenset({"pending_submission", "submitted", "active"})
# The contract's names of mandates in a migration, and the kinds of record that they are here.
_KINDS = {"SepaMandate": "sepa_mandate", "Mandate": _GOCARDLESS}
_METHODS = {"SepaMandate": "XML", "Mandate": "GoCardless"}


@handles("postGocardlessMandateMailRequests")
def request_gocardless_mandate(context: RequestContext) -> None:
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


@handles("postGocardlessMandateAssociations")
def associate_gocardless_mandate(context: RequestContext) -> None:
    """``POST /gocardless_mandates/{gocardless_mandate_id}/associations``."""
    mandate = context.find(_GOCARDLESS, context.parameters["gocardless_mandate_id"])
    mandate.body["customer_id"] = context.find("customer", context.body["customer_id"], "Customer").id
    context.records.update(mandate)


@handles("postGocardlessMandateCancellations")
def cancel_gocardless_mandate(context: RequestContext) -> None:
    """``POST /gocardless_mandates/{gocardless_mandate_id}/cancellations``: once."""
    mandate = context.find(_GOCARDLESS, context.parameters["gocardless_mandate_id"])
    if mandate.body["status"] not in _CANCELLABLE:
        raise unprocessable(f"The mandate cannot be cancelled: it is {mandate.body['status']}")
    mandate.body["status"] = "cancelled"
    context.records.update(mandate)


@handles("postProAccountMandateMailRequests")
def request_pro_account_mandate(context: RequestContext) -> None:
    """``POST /pro_account/mandate_requests``."""
    customer = context.find("customer", context.body["customer_id"], "Customer")
    body = {
        "customer_id": customer.id,
        "status": "enabled",
        "signed_at": context.now.date().isoformat(),
        "early_execution_date_permitted": False,
    }
    context.records.insert("mandate", body)


@handles("postProAccountMandateMigrations")
def migrate_mandate(context: RequestContext) -> Json:
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
    return present_by_schema(context, context.records.insert("mandate_migration", body))
