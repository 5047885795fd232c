from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pennyform.sandbox import Sandbox
from pennyform.sandbox.messages import Request

from .bodies import ADDRESS, company, invoice, line, product
from .conftest import Caller

Draft = Callable[..., dict[str, Any]]
BASE = "/api/external/v2"


def without(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != name}


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (without(product(), "vat_rate"), "NotExistRequiredKey", "vat_rate"),
        (product(colour="red"), "NotExistPropertyDefinition", "colour"),
        (product(vat_rate="FR_055"), "NotEnumInclude", "vat_rate"),
        (product(price_before_tax="1,5"), "InvalidPattern", "price_before_tax"),
        (product(price_before_tax=1.5), "ValidateError", "price_before_tax"),
        (product(label=None), "NotNullError", "label"),
        ([], "ValidateError", None),
    ],
)
def test_a_violation_is_named(api: Caller, body: Any, code: str, field: str | None) -> None:
    response = api.post("/products", json=body)
    assert response.status_code == 400
    assert (response.json()["code"], response.json().get("field")) == (code, field)


def test_a_nested_field_is_named_by_its_path(api: Caller) -> None:
    body = company(billing_address=without(ADDRESS, "country_alpha2"))
    assert api.post("/company_customers", json=body).json()["field"] == "billing_address.country_alpha2"


@pytest.mark.parametrize(
    "changes",
    [
        {"colour": "red"},
        {"currency_amount": "240.00"},
        {"date": "2025-02-30"},
        {"invoice_lines": []},
        {"invoice_lines": [line(vat_rate="FR_055")]},
        {"invoice_lines": [line(quantity="2")]},
        {"invoice_lines": [line(imputation_dates={"start_date": "2025-01-01", "end_date": "2025-02-01"})]},
        {"transaction_reference": {}},
        {"draft": "true"},
    ],
)
def test_a_wrong_field_inside_a_variant_is_a_bare_code(
    api: Caller, draft: Draft, changes: dict[str, Any]
) -> None:
    response = api.post("/customer_invoices", json=draft(**changes))
    assert response.status_code == 400
    assert set(response.json()) == {"message", "code"}
    assert response.json()["code"] == "NotAnyOf"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_the_content_type_must_be_json(api: Caller, content_type: str | None) -> None:
    headers = {"content-type": content_type} if content_type else {}
    response = api.post("/products", content=json.dumps(product()), headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "NotExistContentTypeDefinition")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"label": "\xe9"}',
        b"[" * 1_000_000,
        b'{"a":' * 200_000,
        b'{"label": NaN}',
        b'{"label": 1e999999999}',
        b'{"label": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"label": "\\ud800"}',
        b"null",
    ],
)
def test_what_is_not_such_json_is_refused(api: Caller, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    assert api.post("/products", content=body, headers=headers).status_code == 400


def test_a_body_that_is_too_large_is_refused(api: Caller) -> None:
    body = json.dumps(product(label="x" * 10_500_000))
    response = api.post("/products", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 413


@pytest.mark.parametrize(
    "quantity", ["1e400", "1e-400", "1e999999999", "0.1234567", "99999999999999999999999999", "-1e30"]
)
def test_numbers_no_invoice_has_are_refused(api: Caller, draft: Draft, quantity: str) -> None:
    body = json.dumps(draft()).replace('"quantity": 2', f'"quantity": {quantity}')
    headers = {"content-type": "application/json"}
    assert api.post("/customer_invoices", content=body, headers=headers).status_code in (400, 422)


@pytest.mark.parametrize("identifier", ["abc", "1.5", "%00", "9" * 30, "-1", "0", "42", "1e3", "٣"])
def test_ids_that_are_none_are_not_found_or_refused(api: Caller, identifier: str) -> None:
    assert api.get(f"/customer_invoices/{identifier}").status_code in (400, 404)
    assert api.get(f"/customers/{identifier}").status_code in (400, 404)
    assert api.put(f"/company_customers/{identifier}", json={"name": "x"}).status_code in (400, 404)


@pytest.mark.parametrize("path", ["/nothing", "", "/customer_invoices/", "/customer_invoices/1/2/3", "//"])
def test_unknown_paths_are_not_found(api: Caller, path: str) -> None:
    assert api.get(path).status_code == 404


def test_unknown_methods_are_not_found(api: Caller) -> None:
    assert api.patch("/customers").status_code == 404


def test_a_refused_write_leaves_nothing(api: Caller, draft: Draft) -> None:
    before = api.get("/ledger_accounts", params={"limit": 1000}).json()
    body = company(
        ledger_account={"number": "411NEW"}, billing_address={**ADDRESS, "country_alpha2": "france"}
    )
    assert api.post("/company_customers", json=body).status_code == 422
    assert api.get("/ledger_accounts", params={"limit": 1000}).json() == before


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "date",
    "customer_id",
    "currency",
    "discount",
    "invoice_lines",
    "external_reference",
    "label",
    "draft",
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(name=st.sampled_from(FIELDS), value=json_values)
def test_any_value_anywhere_is_answered(api: Caller, draft: Draft, name: str, value: Any) -> None:
    status = api.post("/customer_invoices", json=draft(**{name: value})).status_code
    assert status in (201, 400, 404, 422)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    path=st.text(max_size=30),
    query=st.text(max_size=30),
    body=st.binary(max_size=60),
    method=st.sampled_from(("GET", "POST", "PUT")),
)
def test_any_bytes_are_answered(sandbox: Sandbox, path: str, query: str, body: bytes, method: str) -> None:
    headers = {"authorization": "Bearer sandbox", "content-type": "application/json"}
    for target in (f"{BASE}/{path}", f"{BASE}/customers", f"{BASE}/customers/{path}", f"{BASE}/products"):
        answer = sandbox.handle(Request(method, target, query, headers, body, "http://x"))
        assert 200 <= answer.status < 500 or answer.status == 501


@pytest.mark.parametrize(
    ("identifier", "status"), [("{}.0", 201), ("{}e0", 201), ("{}.5", 400), ("20.0", 404), ("1e30", 404)]
)
def test_an_id_is_an_integer_however_it_is_written(
    api: Caller, customer: int, identifier: str, status: int
) -> None:
    body = {"bic": "B", "iban": "I", "signed_at": "2025-09-01", "identifier": "R", "customer_id": 0}
    for path, sent in (("/sepa_mandates", body), ("/customer_invoices", invoice(0))):
        text = json.dumps(sent)
        written = text.replace('"customer_id": 0', f'"customer_id": {identifier.format(customer)}')
        answer = api.post(path, content=written, headers={"content-type": "application/json"})
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e-400", "1e9999999", "0.1e19"])
def test_numbers_of_any_size_are_answered(api: Caller, customer: int, number: str) -> None:
    text = json.dumps(invoice(customer, line(quantity=0))).replace('"quantity": 0', f'"quantity": {number}')
    answer = api.post("/customer_invoices", content=text, headers={"content-type": "application/json"})
    assert answer.status_code in (201, 400, 422)
