"""Customers of both kinds: one kind of record, read together or by kind.

An update through the address of the other kind is carried out and turns the record over, as seen on a real
tenant (``Rules.wrong_kind_corrupts``): names of the lost kind are gone.
"""

from __future__ import annotations

import re
from functools import partial

from pennyform.sandbox.accounting.ledger_accounts import get_or_create_account
from pennyform.sandbox.api_errors import not_found, unprocessable
from pennyform.sandbox.handlers.registry import handles, register_get, register_list
from pennyform.sandbox.json_types import JsonObject
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
    record = context.find("customer", context.parameters["id"])
    if record.body["customer_type"] != kind:
        raise not_found()
    return _present(context, record, with_kind=False)


@handles("postCompanyCustomer", "company")
@handles("postIndividualCustomer", "individual")
def post_customer(kind: str, context: RequestContext) -> JsonObject:
    """``POST /company_customers`` and ``POST /individual_customers``."""
    return _present(context, create_customer(context, kind, context.body), with_kind=False)


def create_customer(context: RequestContext, kind: str, request: JsonObject) -> JsonRecord:
    """A new customer, with a ledger account that is opened when there is none of its number.

    Args:
        context: for its records.
        kind: ``company`` or ``individual``.
        request: fields of the request.

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
    record = context.find("customer", context.parameters["id"])
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
        if fields[name] != _NO_ADDRESS and not _COUNTRY.fullmatch(country):
            raise unprocessable(f"{name}: {country!r} is not a country")
    if fields["customer_type"] == "individual":
        fields["name"] = f"{fields['first_name']} {fields['last_name']}".strip()
    return fields
