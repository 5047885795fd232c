"""Every operation of both contracts: there, importable, and called once by each kind of client."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest
from pennylane_company import convert, models

from tests.client.calls import CALLS, Call
from tests.client.samples import Sampler, body_schema, conforms, operations
from tests.client.service import Service

ORIGIN = "https://pennylane.example"
WITH_JSON_BODY = [
    each
    for each in CALLS
    if each.operation.request and each.operation.request.media_type == "application/json"
]
each_call = pytest.mark.parametrize("call", CALLS, ids=str)


def test_all_167_and_48_are_there() -> None:
    assert Counter(call.api for call in CALLS) == {"company": 167, "firm": 48}
    for api in ("company", "firm"):
        assert {call.key for call in CALLS if call.api == api} == operations(api).keys()


@each_call
def test_called_once_in_a_thread_and_once_as_a_task(call: Call) -> None:
    service = Service(call.api)
    options = {"base_url": ORIGIN, "transport": httpx.MockTransport(service), "rate_limit": None}
    with call.module().Client("t", **options) as client:
        method = getattr(getattr(client, call.operation.resource), call.operation.name)
        positional, named = call.arguments(method)
        answer = method(*positional, **named)
        check(call, service, list(answer) if hasattr(answer, "next_page") else answer)
    asyncio.run(as_a_task(call))


async def as_a_task(call: Call) -> None:
    service = Service(call.api)
    options = {"base_url": ORIGIN, "transport": httpx.MockTransport(service), "rate_limit": None}
    async with call.module().AsyncClient("t", **options) as client:
        method = getattr(getattr(client, call.operation.resource), call.operation.name)
        positional, named = call.arguments(method)
        answer = method(*positional, **named)
        listed = hasattr(answer, "__aiter__")
        check(call, service, [item async for item in answer] if listed else await answer)


def check(call: Call, service: Service, answer: Any) -> None:
    assert service.called == [call.key]
    assert service.objections == []
    wanted = (
        service.sample["items"]
        if isinstance(answer, list) and isinstance(service.sample, dict)
        else service.sample
    )
    assert call.to_builtins(answer) == wanted


def test_the_service_of_these_tests_objects() -> None:
    service = Service("company")
    path = f"{ORIGIN}/api/external/v2/customer_invoices"
    service(httpx.Request("GET", f"{path}?filters=x&limit=1000"))
    service(httpx.Request("POST", path, json={"draft": True}))
    service(httpx.Request("DELETE", f"{path}/x", headers={"authorization": "Bearer t"}, content=b"x"))
    assert len(service.objections) >= 7
    service = Service("company")
    service(
        httpx.Request("GET", f"{ORIGIN}/api/external/v2/trial_balance", headers={"authorization": "Bearer t"})
    )
    assert service.objections == [f"('query', 'period_{end}') is missing" for end in ("start", "end")]


@pytest.mark.parametrize("call", WITH_JSON_BODY, ids=str)
def test_a_request_as_plain_data_is_the_same_request(call: Call) -> None:
    _, schema = body_schema(call.api, call.key) or ("", {})
    variants = range(4)
    modes = [Sampler(call.api, choice=n) for n in variants]
    modes += [Sampler(call.api, optional=False, choice=n) for n in variants]
    for sampler in [*modes, Sampler(call.api, nulls=True)]:
        body = sampler(schema)
        assert conforms(call.api, schema, body) == []
        sent = call.to_builtins(call.convert(body))
        # A variant says which one it is, also where the contract lets it be left out.
        assert sent == ({"draft": False} | body if "draft" in sent else body)
        assert conforms(call.api, schema, sent) == []


BODY = {"draft": True, "date": "2026-01-01", "deadline": "2026-01-31", "customer_id": 1}
LINE = {"label": "a", "quantity": 1, "raw_currency_unit_price": "1.00", "unit": "h", "vat_rate": "FR_200"}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"labell": "x"}, "Object contains unknown field `labell`"),
    ({"date": "2026-02-30"}, "Invalid RFC3339 encoded date - at `$.date`"),
    ({"customer_id": "1"}, "Expected `int`, got `str` - at `$.customer_id`"),
    ({"draft": "yes"}, "`draft` must be one of true, false"),
    ({"invoice_lines": [LINE, {**LINE, "vat_rate": "FR_055"}]}, "at `$.invoice_lines[1].vat_rate`"),
    (
        {"invoice_lines": [{**LINE, "quantity": "many"}]},
        "Invalid decimal string - at `$.invoice_lines[0].quantity`",
    ),
    ({"invoice_lines": [{**LINE, "discount": {"type": "x"}}]}, "at `$.invoice_lines[0].discount"),
    (
        {"invoice_lines": [{**LINE, "imputation_dates": None}]},
        "unknown field `imputation_dates` - at `$.invoice_lines[0]`",
    ),
    ({"invoice_lines": LINE}, "Expected `array`, got `object` - at `$.invoice_lines`"),
    ({"transaction_reference": {}}, "Object contains unknown field `transaction_reference`"),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_what_is_wrong_with_plain_data_is_said_with_its_place(change: dict[str, Any], message: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        convert({**BODY, "invoice_lines": [LINE], **change}, models.CustomerInvoiceCreate)
    assert message in str(caught.value)


def test_floats_are_refused_with_their_place() -> None:
    body = {**BODY, "invoice_lines": [{**LINE, "quantity": 0.1}]}
    with pytest.raises(TypeError, match=r"a float at \$\.invoice_lines\[0\]\.quantity"):
        convert(body, models.CustomerInvoiceCreate)
    with pytest.raises(TypeError, match="quantity must be a Decimal, not float"):
        models.DraftInvoiceLineWithProduct(product_id=1, quantity=0.1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="quantity must be a finite number"):
        models.DraftInvoiceLineWithProduct(product_id=1, quantity=Decimal("NaN"))
