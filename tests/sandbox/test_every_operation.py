"""Each of the contract's operations answers, and what it answers conforms."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pennyform import data
from pennyform.sandbox import TOKEN, Sandbox
from pennyform.sandbox.contract import contract
from pennyform.sandbox.contract.contract import Operation
from pennyform.sandbox.generic.synthesis import kind_of, parse_operation
from pennyform.sandbox.handlers import HANDLERS

from .bodies import PDF, company, invoice, product
from .conformity import Conforming
from .conftest import BASE_URL, Caller, Clock
from .requests import bodies

OPERATIONS = contract.load(data.schemas() / "company").operations


def test_there_are_as_many_as_the_contract_has() -> None:
    assert len(OPERATIONS) == 167
    assert set(HANDLERS) <= set(OPERATIONS)


@pytest.fixture(scope="module")
def api() -> Iterator[Caller]:
    """One sandbox for all: what one operation leaves behind is no harm to another."""
    sandbox = Sandbox(clock=Clock(), rate_limit=False)
    headers = {"authorization": f"Bearer {TOKEN}"}
    with Caller(transport=Conforming(sandbox.transport()), base_url=BASE_URL, headers=headers) as caller:
        yield caller
    sandbox.close()


@pytest.fixture(scope="module")
def ids(api: Caller) -> dict[str, int]:
    """The id of a record of every kind that can be made or is there."""
    customer = api.made("/company_customers", company())["id"]
    found = {
        "customer": customer,
        "customer_invoice": api.made("/customer_invoices", invoice(customer))["id"],
        "product": api.made("/products", product())["id"],
        "file_attachment": api.upload()["id"],
        "supplier": api.made("/suppliers", {"name": "Paper Ltd"})["id"],
    }
    for collection in ("ledger_accounts", "journals", "bank_accounts", "categories", "category_groups"):
        found[kind_of(collection)] = api.get(f"/{collection}").json()["items"][0]["id"]
    return found


def called(api: Caller, operation: Operation, ids: dict[str, int], body: Any = None) -> Any:
    path = operation.path.removeprefix("/api/external/v2")
    place = parse_operation(operation)
    for name in re.findall(r"{(\w+)}", path):
        kind = (place.owner or place.kind) if name == "id" else name.removesuffix("_id")
        path = path.replace(f"{{{name}}}", str(ids.get(kind, 42)))
    period = {"period_start": "2025-01-01", "period_end": "2025-12-31"}
    parameters = period if operation.operation_id == "getTrialBalance" else None
    if "multipart/form-data" in operation.media_types:
        fields = {name: (None, _text(value)) for name, value in (body or {}).items() if name != "file"}
        files = {**fields, "file": ("a.pdf", PDF, "application/pdf")}
        return api.request(operation.method, path, params=parameters, files=files)
    return api.request(operation.method, path, params=parameters, json=body)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda one: one.operation_id)
def test_it_answers(api: Caller, ids: dict[str, int], operation: Operation) -> None:
    """Conformity is checked by the transport; here nothing may be left undone, and nothing break."""
    given = list(bodies(operation, ids)) if operation.media_types else [None]
    answers = [called(api, operation, ids, json.loads(json.dumps(body))) for body in given]
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) <= {operation.status, 404, 409, 422}, [answer.text for answer in answers]
    if operation.operation_id not in HANDLERS and operation.method != "GET":
        known = ids.keys() >= {name.removesuffix("_id") for name in re.findall(r"{(\w+)}", operation.path)}
        assert operation.status in statuses or not known, [answer.text for answer in answers]
