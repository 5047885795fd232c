"""Customers of both kinds, which are one kind of record, read together or by kind; and their mandates.

An update through the address of the other kind is carried out and turns the record over, as seen on a real
tenant (``Rules.wrong_kind_corrupts``): names of the lost kind are gone.
"""

from __future__ import annotations

import re
from functools import partial

from pennyform.sandbox.accounting.ledger import get_or_create_account
from pennyform.sandbox.api_errors import not_found, unprocessable
from pennyform.sandbox.generic import present_by_schema
from pennyform.sandbox.handlers.registry import handles, register_get, register_list
from pennyform.sandbox.json_types import Json, JsonObject
from pennyform.sandbox.request_context import RequestContext
from pennyform.sandbox.storage.records import JsonRecord

_COUNTRY = re.compile(r"[A-Z]{2}")
_NO_ADDRESS = {"address": "", "postal_code": "", "city": "", "country_alpha2": ""}
# Of the French chart of accounts: customers.
_CUSTOMERS_ACCOUNT = "411"
_DEFAULTS: JsonObject = {
    "billing_iban": None,
    "payment_conditions": "30_days",
    "recipient": "",
    "phone": "",
    "reference": None,
    "notes": None,
    "emails": [],
    "delivery_address": _NO_ADDRESS,
    "billing_language": "fr_FR",
}
_KIND_DEFAULTS: dict[str, JsonObject] = {
    "company": {"vat_number": "", "reg_no": ""},
    "individual": {"first_name": "", "last_name": ""},
}
_GOCARDLESS = "gocardless_mandate"
_CANCELLABLE = frozenset({"pending_submission", "submitted", "active"})
# The contract's names of mandates in a migration, and the kinds of record that they are here.
_MANDATE_KINDS = {"SepaMandate": "sepa_mandate", "Mandate": _GOCARDLESS}
_DEBIT_METHODS = {"SepaMandate": "XML", "Mandate": "GoCardless"}


def _present(context: RequestContext, record: JsonRecord, *, with_kind: bool) -> JsonObject:
    fields = dict(record.body)
    kind, account = fields.pop("customer_type"), fields.pop("ledger_account_id")
    answer = {
        "id": record.id,
        **fields,
        "external_reference": record.reference,
        "ledger_account": {"id": account} if account else None,
        "mandates": {"url": context.url("gocardless_mandates")},
        "pro_account_mandates": {"url": context.url("pro_account", "mandates")},
        "contacts": {"url": context.url("customers", record.id, "contacts")},
        **record.timestamps,
    }
    return {**answer, "customer_type": kind} if with_kind else answer


register_list("getCustomers", "customer", partial(_present, with_kind=True))
register_get("getCustomer", "customer", partial(_present, with_kind=True))


@handles("getCompanyCustomer", "company")
@handles("getIndividualCustomer", "individual")
def get_customer_of_kind(kind: str, context: RequestContext) -> JsonObject:
    """``GET /company_customers/{id}`` and ``GET /individual_customers/{id}``."""
    record = context.find_by_path("customer")
    if record.body["customer_type"] != kind:
        raise not_found()
    return _present(context, record, with_kind=False)


@handles("postCompanyCustomer", "company")
@handles("postIndividualCustomer", "individual")
def post_customer(kind: str, context: RequestContext) -> JsonObject:
    """``POST /company_customers`` and ``POST /individual_customers``."""
    return _present(context, create_customer(context, kind, context.body), with_kind=False)


def create_customer(context: RequestContext, kind: str, request: JsonObject) -> JsonRecord:
    """A new ``company`` or ``individual``; its ledger account is opened when there is none of its number.

    Raises:
        ApiError: 422 for a country that is none.
        DuplicateReferenceError: when the reference is in use.
    """
    fields = dict(request)
    reference = fields.pop("external_reference", None) or context.records.generate_reference("customer")
    number = (fields.pop("ledger_account", None) or {}).get("number", _CUSTOMERS_ACCOUNT)
    account = get_or_create_account(context, number)
    fields = {**_DEFAULTS, **_KIND_DEFAULTS[kind], **fields}
    fields |= {"customer_type": kind, "ledger_account_id": account}
    return context.records.insert("customer", _check_and_name(fields), reference=reference)


@handles("putCompanyCustomer", "company")
@handles("putIndividualCustomer", "individual")
def update_customer(kind: str, context: RequestContext) -> JsonObject:
    """``PUT /company_customers/{id}`` and ``PUT /individual_customers/{id}``: partial, addresses too."""
    record = context.find_by_path("customer")
    if record.body["customer_type"] != kind:
        if not context.rules.wrong_kind_corrupts:
            raise not_found()
        # The name of a company that becomes an individual is lost: it has neither first nor last name.
        lost = _KIND_DEFAULTS[record.body["customer_type"]]
        remaining = {name: value for name, value in record.body.items() if name not in lost}
        record.body = {**remaining, **_KIND_DEFAULTS[kind], "customer_type": kind}
    fields = dict(context.body)
    record.reference = fields.pop("external_reference", None) or record.reference
    for name in ("billing_address", "delivery_address"):
        if name in fields:
            fields[name] = {**record.body[name], **fields[name]} if fields[name] else _NO_ADDRESS
    record.body = _check_and_name({**record.body, **fields})
    context.records.update(record)
    return _present(context, record, with_kind=False)


def _check_and_name(fields: JsonObject) -> JsonObject:
    """Check the countries of addresses, and give an individual its full name."""
    for name in ("billing_address", "delivery_address"):
        country = fields[name]["country_alpha2"]
        # An address that is empty throughout is none, and has no country.
        if fields[name] != _NO_ADDRESS and not _COUNTRY.fullmatch(country):
            raise unprocessable(f"{name}: {country!r} is not a country")
    if fields["customer_type"] == "individual":
        fields["name"] = f"{fields['first_name']} {fields['last_name']}".strip()
    return fields


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
    mandate = context.find_by_path(_GOCARDLESS)
    mandate.body["customer_id"] = context.find("customer", context.body["customer_id"], "Customer").id
    context.records.update(mandate)


@handles("postGocardlessMandateCancellations")
def cancel_gocardless_mandate(context: RequestContext) -> None:
    """``POST /gocardless_mandates/{gocardless_mandate_id}/cancellations``: once."""
    mandate = context.find_by_path(_GOCARDLESS)
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
    mandate = context.find(_MANDATE_KINDS[type_], context.body["mandate_id"], "Mandate")
    if mandate.body.get("migrated"):
        raise unprocessable("The mandate has already been migrated")
    mandate.body["migrated"] = True
    context.records.update(mandate)
    body = {
        "status": "completed",
        "direct_debit_method": _DEBIT_METHODS[type_],
        "mandate": {"id": mandate.id, "type": type_},
        "customer_id": mandate.body["customer_id"],
    }
    return present_by_schema(context, context.records.insert("mandate_migration", body))
