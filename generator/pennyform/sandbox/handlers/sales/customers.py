"""Customers of both kinds: one kind of record, read together or by kind.

An update through the address of the other kind is carried out and turns the record over, as seen on a real
tenant (``Rules.wrong_kind_corrupts``): names of the lost kind are gone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from pennyform.sandbox.accounting.ledger_accounts import opened
from pennyform.sandbox.api_errors import not_found, unprocessable
from pennyform.sandbox.lists.pagination import listed
from pennyform.sandbox.request_context import Handler, RequestContext
from pennyform.sandbox.storage.records import JsonRecord

_COUNTRY = re.compile(r"[A-Z]{2}")
_NO_ADDRESS = {"address": "", "postal_code": "", "city": "", "country_alpha2": ""}
_CUSTOMERS_ACCOUNT = "411"
_DEFAULTS: dict[str, Any] = {
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
_OF_KIND: dict[str, dict[str, Any]] = {
    "company": {"vat_number": "", "reg_no": ""},
    "individual": {"first_name": "", "last_name": ""},
}
_LINKS = ("mandates", "pro_account_mandates")


def _present(context: RequestContext, record: JsonRecord, *, with_kind: bool) -> dict[str, Any]:
    kept = dict(record.body)
    kind, account = kept.pop("customer_type"), kept.pop("ledger_account_id")
    shown = {
        "id": record.id,
        **kept,
        "external_reference": record.reference,
        "ledger_account": {"id": account} if account else None,
        "mandates": {"url": context.url("gocardless_mandates")},
        "pro_account_mandates": {"url": context.url("pro_account", "mandates")},
        "contacts": {"url": context.url("customers", record.id, "contacts")},
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }
    return {**shown, "customer_type": kind} if with_kind else shown


def list_customers(context: RequestContext) -> dict[str, Any]:
    """``GET /customers``: both kinds, told apart by ``customer_type``."""
    return listed(context, "customer", partial(_present, with_kind=True))


def get_customer(context: RequestContext) -> dict[str, Any]:
    """``GET /customers/{id}``."""
    return _present(context, context.find("customer", context.parameters["id"]), with_kind=True)


def _get(kind: str, context: RequestContext) -> dict[str, Any]:
    """``GET /company_customers/{id}`` and ``GET /individual_customers/{id}``."""
    record = context.find("customer", context.parameters["id"])
    if record.body["customer_type"] != kind:
        raise not_found()
    return _present(context, record, with_kind=False)


def _create(kind: str, context: RequestContext) -> dict[str, Any]:
    """``POST /company_customers`` and ``POST /individual_customers``."""
    return _present(context, add(context, kind, context.body), with_kind=False)


def add(context: RequestContext, kind: str, given: Mapping[str, Any]) -> JsonRecord:
    """A new customer, with an account that is opened when there is none of its number.

    Args:
        context: for its books.
        kind: ``company`` or ``individual``.
        given: as in a request.

    Raises:
        ApiError: 422 for a country that is none.
        TakenError: when the reference is in use.
    """
    fields = dict(given)
    reference = fields.pop("external_reference", None) or context.records.generate_reference("customer")
    number = (fields.pop("ledger_account", None) or {}).get("number", _CUSTOMERS_ACCOUNT)
    account = opened(context, number).id
    kept = {**_DEFAULTS, **_OF_KIND[kind], **fields, "customer_type": kind, "ledger_account_id": account}
    return context.records.insert("customer", _settled(kept), reference=reference)


def _update(kind: str, context: RequestContext) -> dict[str, Any]:
    """``PUT /company_customers/{id}`` and ``PUT /individual_customers/{id}``: partial, addresses too."""
    record = context.find("customer", context.parameters["id"])
    if record.body["customer_type"] != kind:
        if not context.rules.wrong_kind_corrupts:
            raise not_found()
        record.body = _turned_over(record.body, kind)
    given = dict(context.body)
    record.reference = given.pop("external_reference", None) or record.reference
    for name in ("billing_address", "delivery_address"):
        if name in given:
            given[name] = {**record.body[name], **given[name]} if given[name] else _NO_ADDRESS
    record.body = _settled({**record.body, **given})
    context.records.update(record)
    return _present(context, record, with_kind=False)


def _turned_over(body: dict[str, Any], kind: str) -> dict[str, Any]:
    lost = _OF_KIND["individual" if kind == "company" else "company"]
    kept = {name: value for name, value in body.items() if name not in lost}
    return {**kept, **_OF_KIND[kind], "customer_type": kind}


def _settled(kept: dict[str, Any]) -> dict[str, Any]:
    for name in ("billing_address", "delivery_address"):
        country = kept[name]["country_alpha2"]
        if kept[name] != _NO_ADDRESS and not _COUNTRY.fullmatch(country):
            raise unprocessable(f"{name}: {country!r} is not a country")
    if kept["customer_type"] == "individual":
        kept["name"] = f"{kept['first_name']} {kept['last_name']}".strip()
    return kept


OPERATIONS: dict[str, Handler] = {
    "getCustomers": list_customers,
    "getCustomer": get_customer,
    "postCompanyCustomer": partial(_create, "company"),
    "getCompanyCustomer": partial(_get, "company"),
    "putCompanyCustomer": partial(_update, "company"),
    "postIndividualCustomer": partial(_create, "individual"),
    "getIndividualCustomer": partial(_get, "individual"),
    "putIndividualCustomer": partial(_update, "individual"),
}
