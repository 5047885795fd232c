"""Every operation of the contract: there, importable, and called once by each kind of client."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
from collections.abc import Callable
from decimal import Decimal
from email import message_from_bytes
from email.message import Message
from typing import Any

import httpx
import msgspec
import pytest
from pennyform.spec.contract import Contract, Operation
from pennyform.spec.read import read_contract
from pennylane_company import AsyncClient, Client, File, convert, models, to_builtins

from tests.client.samples import Sampler, answer_schema, body_schema, conforms, json_text

OPERATIONS = read_contract("company").operations
ORIGIN = "https://pennylane.example"
JSON = {"content-type": "application/json; charset=utf-8"}
ID = 81224367431680
WITH_JSON_BODY = [
    each for each in OPERATIONS if each.request and each.request.media_type == "application/json"
]
each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.operation_id)


def test_all_167_are_there(contract: Contract) -> None:
    emitted = {
        constant.name
        for operation in contract.operations
        for constant in vars(
            importlib.import_module(f"pennylane_company.resources.{operation.resource}")
        ).values()
        if type(constant).__name__ == "Operation"
    }
    assert emitted == {operation.operation_id for operation in contract.operations}
    assert len(emitted) == 167


@each_operation
def test_called_once_in_a_thread_and_once_as_a_task(operation: Operation) -> None:
    server = Server(operation)
    with Client("t", base_url=ORIGIN, transport=httpx.MockTransport(server), rate_limit=None) as client:
        method = getattr(getattr(client, operation.resource), operation.name)
        answer = method(*arguments(operation, method))
        server.check(list(answer) if server.page else answer)
    asyncio.run(as_a_task(operation))


async def as_a_task(operation: Operation) -> None:
    server = Server(operation)
    transport = httpx.MockTransport(server)
    async with AsyncClient("t", base_url=ORIGIN, transport=transport, rate_limit=None) as client:
        method = getattr(getattr(client, operation.resource), operation.name)
        answer = method(*arguments(operation, method))
        server.check([item async for item in answer] if server.page else await answer)


@pytest.mark.parametrize("operation", WITH_JSON_BODY, ids=lambda each: each.operation_id)
def test_a_request_as_plain_data_is_the_same_request(operation: Operation) -> None:
    _, schema = body_schema(key(operation)) or ("", {})
    variants = range(4)
    modes = [Sampler(choice=n) for n in variants] + [Sampler(optional=False, choice=n) for n in variants]
    for sampler in [*modes, Sampler(nulls=True)]:
        body = sampler(schema)
        assert conforms(schema, body) == []
        sent = to_builtins(convert(body, body_model(operation)))
        # A variant says which one it is, also where the contract lets it be left out.
        assert sent == ({"draft": False} | body if "draft" in sent else body)
        assert conforms(schema, sent) == []


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


def key(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


def body_model(operation: Operation) -> Any:
    """The type that the method's signature names for its body."""
    module = importlib.import_module(f"pennylane_company.resources.{operation.resource}")
    cls = next(value for name, value in vars(module).items() if inspect.isclass(value) and "Async" not in name
               and hasattr(value, operation.name))  # fmt: skip
    annotation = inspect.signature(getattr(cls, operation.name)).parameters["body"].annotation
    return getattr(models, annotation.removesuffix(" | None").removeprefix("models."))


def arguments(operation: Operation, method: Callable[..., Any]) -> list[Any]:
    named = list(inspect.signature(method).parameters.values())
    positional = [each.name for each in named if each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    values: list[Any] = [ID] * sum(name != "body" for name in positional)
    if "body" in positional:
        values.append(_body(operation))
    return values


def _body(operation: Operation) -> Any:
    media, schema = body_schema(key(operation)) or ("", {})
    sample = Sampler()(schema)
    if media == "multipart/form-data":
        sample = {**sample, "file": File("invoice.pdf", b"%PDF-1.7")}
    return convert(sample, body_model(operation))


class Server:
    """Answers one operation with conforming data, and keeps what it was asked."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.status, self.schema = answer_schema(key(operation))
        self.sample: Any = Sampler()(self.schema) if self.schema is not None else None
        self.page = isinstance(self.sample, dict) and "items" in self.sample
        if isinstance(self.sample, dict) and self.page:
            self.sample = {**self.sample, "has_more": False, "next_cursor": None}
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.schema is None:
            return httpx.Response(self.status)
        return httpx.Response(self.status, content=json_text(self.sample), headers=JSON)

    def check(self, answer: Any) -> None:
        [request] = self.requests
        path = self.operation.path
        for name in [each.name for each in self.operation.parameters if each.location == "path"]:
            path = path.replace("{" + name + "}", str(ID))
        assert (request.method, request.url.path) == (self.operation.method, path)
        assert request.headers["authorization"] == "Bearer t"
        self._check_body(request)
        wanted = self.sample["items"] if self.page else self.sample
        assert to_builtins(answer) == wanted

    def _check_body(self, request: httpx.Request) -> None:
        given = body_schema(key(self.operation))
        if given is None:
            assert request.content == b""
        elif given[0] == "application/json":
            assert request.headers["content-type"] == "application/json"
            assert conforms(given[1], json.loads(request.content)) == []
        else:
            self._check_form(request, given[1])

    def _check_form(self, request: httpx.Request, schema: Any) -> None:
        head = b"content-type: " + request.headers["content-type"].encode() + b"\r\n\r\n"
        parts: list[Message] = message_from_bytes(head + request.content).get_payload()  # type: ignore[assignment]
        found = {str(part.get_param("name", header="content-disposition")): part for part in parts}
        assert found.keys() == schema["properties"].keys()
        assert found["file"].get_filename() == "invoice.pdf"
        assert found["file"].get_payload(decode=True) == b"%PDF-1.7"
        sample = Sampler()(schema)
        for name in found.keys() - {"file"}:
            text = found[name].get_payload(decode=True).decode()  # type: ignore[union-attr]
            assert (
                text == sample[name]
                if isinstance(sample[name], str)
                else json.loads(text, parse_float=Decimal) == sample[name]
            )
