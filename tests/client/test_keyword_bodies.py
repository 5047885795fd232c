"""Bodies as keyword arguments: the same requests as with models, and refused before anything is sent."""

from __future__ import annotations

import asyncio
import datetime as dt
import importlib
import json
import typing
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import pytest
from pennyform.codegen.client.models import Components
from pennyform.codegen.client.params import keyword_bodies, params
from pennylane_company import AsyncClient, Client, File, models

from tests.client.calls import APIS, CALLS
from tests.client.samples import Sampler, body_schema

Connect = Callable[..., Client]
DAY = dt.date(2026, 1, 15)
ADDRESS: Any = {"address": "1", "postal_code": "75001", "city": "Paris", "country_alpha2": "FR"}
LINE = models.DraftInvoiceLineWithProduct(product_id=1, quantity=Decimal("1.50"))
DRAFT: Any = {"draft": True, "date": DAY, "deadline": DAY, "customer_id": 1, "invoice_lines": [LINE]}


class Sent:
    """Answers every request with an object, and keeps the bodies."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.bodies.append(request.read())
        return httpx.Response(200, json={"id": 1})


def test_models_and_keyword_arguments_are_the_same_request(connect: Connect) -> None:
    sent = Sent()
    client = connect(sent)
    client.company_customers.create(
        models.CompanyCustomerCreate(name="A", billing_address=models.Address(**ADDRESS))
    )
    client.company_customers.create(name="A", billing_address=ADDRESS)
    client.company_customers.create(name="A", billing_address=models.Address(**ADDRESS))
    assert len({*sent.bodies}) == 1
    client.customer_invoices.create(
        **{**DRAFT, "invoice_lines": [LINE, {"product_id": 2, "quantity": Decimal(2)}]}
    )
    lines = [{"product_id": 1, "quantity": 1.5}, {"product_id": 2, "quantity": 2}]
    day = {"date": "2026-01-15", "deadline": "2026-01-15"}
    assert json.loads(sent.bodies[-1]) == {"draft": True, "customer_id": 1, "invoice_lines": lines, **day}


def test_left_out_null_and_a_value_are_three_things(connect: Connect) -> None:
    sent = Sent()
    invoices = connect(sent).customer_invoices
    invoices.update(1)
    invoices.update(1, label=None)
    invoices.update(1, label="January")
    assert sent.bodies == [b"{}", b'{"label":null}', b'{"label":"January"}']


def test_a_file_is_a_keyword_argument_too(connect: Connect) -> None:
    sent = Sent()
    connect(sent).file_attachments.create(file=File("a.pdf", b"%PDF"))
    assert b'filename="a.pdf"' in sent.bodies[0]


def test_a_task_takes_them_too() -> None:
    async def main() -> None:
        async with AsyncClient("t", transport=httpx.MockTransport(sent), rate_limit=None) as client:
            await client.customer_invoices.update(1, label=None)

    sent = Sent()
    asyncio.run(main())
    assert sent.bodies == [b'{"label":null}']


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"body": models.DraftCustomerInvoiceUpdate(), "label": "x"}, TypeError, "not both: label"),
    ({**DRAFT, "labell": "x"}, TypeError, "CustomerInvoiceCreate has no field labell"),
    ({key: DRAFT[key] for key in DRAFT if key != "draft"}, TypeError, "draft must be given"),
    ({**DRAFT, "invoice_lines": [{"product_id": 1, "quantity": 0.1}]}, TypeError, "a float at "),
    ({**DRAFT, "customer_id": "1"}, msgspec.ValidationError, r"got `str` - at `\$.customer_id`"),
    ({**DRAFT, "invoice_lines": [{"x": 1}]}, msgspec.ValidationError, r"at `\$.invoice_lines\[0\]`"),
    ({}, TypeError, "draft must be given"),
]


@pytest.mark.parametrize(("fields", "error", "message"), WRONG)
def test_what_is_wrong_is_said_and_nothing_is_sent(
    fields: dict[str, Any], error: type[Exception], message: str, connect: Connect
) -> None:
    sent = Sent()
    with pytest.raises(error, match=message):
        connect(sent).customer_invoices.create(**fields)
    assert sent.bodies == []


def test_a_field_that_is_missing_is_named(connect: Connect) -> None:
    with pytest.raises(TypeError, match="CompanyCustomerCreate: billing_address must be given"):
        connect(Sent()).company_customers.create(name="A")  # type: ignore[call-overload]


def test_every_operation_takes_its_body_as_keyword_arguments() -> None:
    """All but those whose body is a list."""
    passed = 0
    for call in CALLS:
        media, schema = body_schema(call.api, call.key) or ("", {})
        sample = Sampler(call.api)(schema) if media == "application/json" else None
        if not isinstance(sample, dict):
            continue
        sent = Sent()
        with call.module().Client("t", transport=httpx.MockTransport(sent), rate_limit=None) as client:
            method = getattr(getattr(client, call.operation.resource), call.operation.name)
            positional, named = call.arguments(method)
            for fields in ({}, sample):
                arguments = positional[: len(positional) - bool(fields)]
                try:
                    method(*arguments, **named, **fields)
                except call.module(".errors").OutcomeUnknownError:
                    pass  # The answer is another one than this operation has.
        assert len(sent.bodies) == 2
        assert sent.bodies[0] == sent.bodies[1]
        passed += 1
    assert passed == 64


@pytest.mark.parametrize("api", APIS)
def test_the_keys_are_the_fields_of_the_models(api: str) -> None:
    known = vars(importlib.import_module(f"pennylane_{api}.params"))
    types = {name: each for name, each in known.items() if hasattr(each, "__required_keys__")}
    assert len(types) > 10
    for name, each in types.items():
        model = getattr(importlib.import_module(f"pennylane_{api}.models"), name)
        fields = {field.encode_name: field for field in msgspec.structs.fields(model)}
        assert each.__annotations__.keys() == fields.keys()
        optional = {
            key
            for key, kind in each.__annotations__.items()
            if "NotRequired" in getattr(kind, "__forward_arg__", "")
        }
        # What tells variants apart has a default in a model, and must be said in a mapping.
        assert {key for key in fields if fields[key].required}.isdisjoint(optional)
        assert all(
            fields[key].default not in (None, msgspec.UNSET)
            for key in fields.keys() - optional
            if not fields[key].required
        )


def test_keys_that_are_no_names_and_those_that_would_hide_a_type() -> None:
    text = {"type": "string"}
    thing = {"type": "object", "properties": {"a-b": text, "str": text, "class": text}, "required": ["str"]}
    thing["x-pennyform-direction"] = "request"
    operation = SimpleNamespace(
        request=SimpleNamespace(schema={"$ref": "#/components/schemas/Thing"}), parameters=[]
    )
    [statement] = params(SimpleNamespace(schemas={"Thing": thing}, operations=[operation]))  # type: ignore[arg-type]
    scope: dict[str, Any] = {"t": typing}
    exec(statement, scope)
    kinds = {key: kind.__forward_arg__ for key, kind in scope["Thing"].__annotations__.items()}
    assert kinds == {"a-b": "t.NotRequired[str]", "str": "str", "class": "t.NotRequired[str]"}


def test_a_body_with_a_key_like_another_argument_is_a_model() -> None:
    thing = {"type": "object", "properties": {"id": {"type": "integer"}}}
    components, schema = Components({"Thing": thing}, {}), {"$ref": "#/components/schemas/Thing"}
    assert keyword_bodies(schema, {"self", "body"}, components) == ("Thing",)
    assert keyword_bodies(schema, {"self", "body", "id"}, components) == ()
