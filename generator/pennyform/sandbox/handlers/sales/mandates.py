"""Mandates for direct debits. A customer who is asked for one agrees at once."""

from __future__ import annotations

from typing import Any

from pennyform.sandbox.generic import show
from pennyform.sandbox.problems import unprocessable
from pennyform.sandbox.request_context import Handler, RequestContext

_GOCARDLESS = "gocardless_mandate"
_CANCELLABLE = frozenset({"pending_submission", "submitted", "active"})
_KINDS = {"SepaMandate": "sepa_mandate", "Mandate": _GOCARDLESS}
_METHODS = {"SepaMandate": "XML", "Mandate": "GoCardless"}


def request_gocardless(call: RequestContext) -> None:
    """``POST /gocardless_mandates/mail_requests``: a mandate comes of it."""
    customer = call.find("customer", call.body["customer_id"], "Customer")
    number = call.books.next_number("mandate")
    body = {
        "customer_id": customer.id,
        "status": "active",
        "external_customer_account": f"BA{number:06d}",
        "external_customer_label": customer.body["name"],
    }
    call.books.insert(_GOCARDLESS, body, reference=f"MD{number:06d}")


def associate_gocardless(call: RequestContext) -> None:
    """``POST /gocardless_mandates/{gocardless_mandate_id}/associations``."""
    mandate = call.find(_GOCARDLESS, call.parameters["gocardless_mandate_id"])
    mandate.body["customer_id"] = call.find("customer", call.body["customer_id"], "Customer").id
    call.books.update(mandate)


def cancel_gocardless(call: RequestContext) -> None:
    """``POST /gocardless_mandates/{gocardless_mandate_id}/cancellations``: once."""
    mandate = call.find(_GOCARDLESS, call.parameters["gocardless_mandate_id"])
    if mandate.body["status"] not in _CANCELLABLE:
        raise unprocessable(f"The mandate cannot be cancelled: it is {mandate.body['status']}")
    mandate.body["status"] = "cancelled"
    call.books.update(mandate)


def request_pro_account(call: RequestContext) -> None:
    """``POST /pro_account/mandate_requests``."""
    customer = call.find("customer", call.body["customer_id"], "Customer")
    body = {
        "customer_id": customer.id,
        "status": "enabled",
        "signed_at": call.now.date().isoformat(),
        "early_execution_date_permitted": False,
    }
    call.books.insert("mandate", body)


def migrate(call: RequestContext) -> Any:
    """``POST /pro_account/mandate_migrations``: done when it is answered."""
    type_ = call.body["mandate_type"]
    mandate = call.find(_KINDS[type_], call.body["mandate_id"], "Mandate")
    if mandate.body.get("migrated"):
        raise unprocessable("The mandate has already been migrated")
    mandate.body["migrated"] = True
    call.books.update(mandate)
    body = {
        "status": "completed",
        "direct_debit_method": _METHODS[type_],
        "mandate": {"id": mandate.id, "type": type_},
        "customer_id": mandate.body["customer_id"],
    }
    return show(call, call.books.insert("mandate_migration", body))


OPERATIONS: dict[str, Handler] = {
    "postGocardlessMandateMailRequests": request_gocardless,
    "postGocardlessMandateAssociations": associate_gocardless,
    "postGocardlessMandateCancellations": cancel_gocardless,
    "postProAccountMandateMailRequests": request_pro_account,
    "postProAccountMandateMigrations": migrate,
}
