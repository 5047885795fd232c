"""``with_raw_response``: the same methods, with status, headers and request id beside what they return."""

from __future__ import annotations

import ast
import asyncio
import inspect
from collections.abc import Callable
from pathlib import Path

import httpx
import pennylane_company
import pennylane_firm
import pytest
from pennylane_company import AsyncClient, Client, Page, RawResponse, errors, models

Connect = Callable[..., Client]
HEADERS = {"x-request-id": "r-1", "content-type": "application/json"}


def answer(request: httpx.Request) -> httpx.Response:
    """A list of two pages, one product, or nothing."""
    if request.method == "DELETE":
        return httpx.Response(204, headers=HEADERS)
    if request.url.path.endswith("/products"):
        first = "cursor" not in request.url.params
        page = {
            "items": [{"id": 1 if first else 2}],
            "has_more": first,
            "next_cursor": "c" if first else None,
        }
        return httpx.Response(200, headers=HEADERS, json=page)
    return httpx.Response(200, headers=HEADERS, json={"id": 7})


def test_it_has_what_came_beside_the_value(connect: Connect) -> None:
    response = connect(answer).products.with_raw_response.get(7)
    assert isinstance(response, RawResponse)
    assert (response.status, response.request_id, response.body) == (200, "r-1", b'{"id":7}')
    assert response.headers["content-type"] == "application/json"
    assert isinstance(response.parsed, models.Product)
    assert response.parsed.id == 7
    assert repr(response) == "RawResponse(status=200, request_id='r-1')"


def test_nothing_is_parsed_of_an_answer_without_a_body(connect: Connect) -> None:
    response = connect(answer).customer_invoices.with_raw_response.delete(1)
    assert (response.status, response.parsed) == (204, None)


def test_a_list_is_its_first_page_and_goes_on(connect: Connect) -> None:
    response = connect(answer).products.with_raw_response.list()
    assert (response.status, response.body[:9]) == (200, b'{"items":')
    assert isinstance(response.parsed, Page)
    assert [product.id for product in response.parsed] == [1, 2]
    # It stays the answer that it was.
    assert b'has_more":true' in response.body


def test_a_task_has_it_too() -> None:
    async def main() -> None:
        transport = httpx.MockTransport(answer)
        async with AsyncClient("t", transport=transport, rate_limit=None) as client:
            response = await client.products.with_raw_response.get(7)
            assert (response.request_id, response.parsed.id) == ("r-1", 7)
            listed = await client.products.with_raw_response.list()
            assert [product.id async for product in listed.parsed] == [1, 2]

    asyncio.run(main())


def test_a_refusal_is_raised_and_retries_count_once(connect: Connect) -> None:
    statuses = iter([500, 200, 404])
    client = connect(lambda request: httpx.Response(next(statuses), headers=HEADERS, json={"id": 7}))
    assert client.products.with_raw_response.get(7).status == 200
    with pytest.raises(errors.NotFoundError) as caught:
        client.products.with_raw_response.get(8)
    assert caught.value.request_id == "r-1"


def test_a_method_keeps_its_signature_and_its_docstring(connect: Connect) -> None:
    products = connect(answer).products
    raw = products.with_raw_response.get
    assert inspect.getdoc(raw) == inspect.getdoc(products.get)
    assert list(inspect.signature(raw).parameters) == ["self", "id"]
    with pytest.raises(AttributeError):
        products.with_raw_response.not_a_method  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("package", [pennylane_company, pennylane_firm], ids=lambda each: each.__name__)
def test_type_checkers_know_every_method(package: object) -> None:
    folder = Path(str(package.__file__)).parent / "resources"  # type: ignore[attr-defined]
    for file in folder.glob("[a-z]*.py"):
        classes = {
            node.name: node
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.ClassDef)
        }
        plain = [name for name in classes if not name.endswith("WithRawResponse")]
        for name in plain:
            # A method that takes its body as keyword arguments too has overloads of the same name.
            methods = dict.fromkeys(each.name for each in classes[name].body if hasattr(each, "name"))
            raw = [
                ast.unparse(each)
                for each in classes[f"{name}WithRawResponse"].body
                if isinstance(each, ast.Assign)
            ]
            kind = "async_raw_method" if name.startswith("Async") else "raw_method"
            assert raw == [f"{method} = {kind}({name}.{method})" for method in methods]
