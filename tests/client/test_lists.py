"""Lists fetch pages as they are needed, and ask every page for the same thing."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import itertools
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pennylane_company import AsyncClient, Bounds, Client, errors

Connect = Callable[..., Client]


class Pages:
    """Serves items two at a time behind cursors, and keeps every query."""

    def __init__(self, *ids: int) -> None:
        self.ids = ids
        self.queries: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        query = dict(request.url.params)
        self.queries.append(query)
        start = int(query.get("cursor", "0"))
        more = start + 2 < len(self.ids)
        items = [{"id": each} for each in self.ids[start : start + 2]]
        return httpx.Response(
            200, json={"items": items, "has_more": more, "next_cursor": str(start + 2) if more else None}
        )


def test_filter_and_sort_go_with_every_cursor(connect: Connect) -> None:
    pages = Pages(1, 2, 3, 4, 5)
    found = connect(pages).customer_invoices.list(
        filter=[{"field": "date", "operator": "gteq", "value": dt.date(2026, 1, 1)}], sort="id", limit=2
    )
    assert [invoice.id for invoice in found] == [1, 2, 3, 4, 5]
    assert [query.pop("cursor", None) for query in pages.queries] == [None, "2", "4"]
    wanted = {
        "sort": "id",
        "limit": "2",
        "filter": '[{"field":"date","operator":"gteq","value":"2026-01-01"}]',
    }
    assert pages.queries == [wanted] * 3


def test_a_task_lists_the_same_way() -> None:
    async def listed() -> list[int]:
        transport = httpx.MockTransport(pages)
        async with AsyncClient("t", transport=transport, rate_limit=None) as client:
            return [invoice.id async for invoice in client.customer_invoices.list(sort="id")]

    pages = Pages(1, 2, 3)
    assert asyncio.run(listed()) == [1, 2, 3]
    assert [query["sort"] for query in pages.queries] == ["id", "id"]


def test_pages_are_fetched_only_when_needed(connect: Connect) -> None:
    pages = Pages(1, 2, 3, 4)
    found = iter(connect(pages).products.list())
    assert len(pages.queries) == 1
    assert next(found).id == 1
    assert next(found).id == 2
    assert len(pages.queries) == 1
    assert next(found).id == 3
    assert len(pages.queries) == 2


def test_a_list_is_a_page_and_leads_to_the_next(connect: Connect) -> None:
    pages = Pages(1, 2, 3)
    client = connect(pages)
    page = client.products.list(sort="id")
    assert ([item.id for item in page.items], page.has_more, page.next_cursor) == ([1, 2], True, "2")
    assert repr(page) == "Page(2 items, has_more=True)"
    last = page.next_page()
    assert last is not None
    assert ([item.id for item in last.items], last.has_more, last.next_cursor) == ([3], False, None)
    assert last.next_page() is None
    assert [query["sort"] for query in pages.queries] == ["id", "id"]
    assert page.answer.has_more is True


def test_a_page_can_be_read_again_and_a_list_gone_on_with(connect: Connect) -> None:
    """What was read once is no cursor that comes again."""
    pages = Pages(1, 2, 3, 4, 5)
    client = connect(pages)
    page = client.products.list()
    assert [[item.id for item in page] for _ in range(2)] == [[1, 2, 3, 4, 5]] * 2
    # The first page is there already.
    assert [query.get("cursor") for query in pages.queries] == [None, "2", "4", "2", "4"]
    assert [item.id for item in client.products.list(cursor=page.next_cursor)] == [3, 4, 5]


def test_a_task_has_pages_too() -> None:
    async def listed() -> None:
        transport = httpx.MockTransport(pages)
        async with AsyncClient("t", transport=transport, rate_limit=None) as client:
            asked = client.products.list()
            assert pages.queries == []
            page = await asked
            assert ([item.id for item in page.items], page.next_cursor) == ([1, 2], "2")
            assert [item.id async for item in page] == [1, 2, 3]
            last = await page.next_page()
            assert last is not None
            assert ([item.id for item in last.items], last.has_more) == ([3], False)
            assert await last.next_page() is None
            assert len(pages.queries) == 3

    pages = Pages(1, 2, 3)
    asyncio.run(listed())


def test_pages_are_as_large_as_the_service_allows(connect: Connect) -> None:
    pages = Pages(1)
    client = connect(pages)
    list(client.products.list())
    list(client.ledger_accounts.list())
    assert [query["limit"] for query in pages.queries] == ["100", "1000"]


def test_a_start_date_goes_with_the_first_page_only(connect: Connect) -> None:
    pages = Pages(1, 2, 3)
    start = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    list(connect(pages).changelogs.list_customer_invoices(start_date=start))
    list(connect(pages).changelogs.list_customer_invoices(start_date=start, cursor="2"))
    assert [query.get("start_date") for query in pages.queries] == ["2026-01-02T03:04:05Z", None, None]


@pytest.mark.parametrize(
    "page",
    [
        {"items": [{"id": 1}], "has_more": True, "next_cursor": None},
        {"items": [{"id": 1}], "has_more": True},
        {"items": [{"id": 1}], "has_more": True, "next_cursor": "same"},
    ],
)
def test_a_list_that_cannot_go_on_does_not_look_complete(page: dict[str, Any], connect: Connect) -> None:
    client = connect(lambda request: httpx.Response(200, json=page))
    with pytest.raises(errors.OutcomeUnknownError, match="no new cursor"):
        list(client.products.list())


def test_a_list_without_an_end_is_given_up(connect: Connect) -> None:
    numbers = itertools.count()
    client = connect(
        lambda request: httpx.Response(
            200, json={"items": [{"id": 1}], "has_more": True, "next_cursor": str(next(numbers))}
        ),
        bounds=Bounds(pages=20),
    )
    with pytest.raises(errors.OutcomeUnknownError, match="goes on after 20 pages"):
        list(client.products.list())
    assert next(numbers) == 20


def test_cursors_that_go_in_a_circle_are_given_up(connect: Connect) -> None:
    numbers = itertools.count()
    client = connect(
        lambda request: httpx.Response(
            200, json={"items": [{"id": 1}], "has_more": True, "next_cursor": "abc"[next(numbers) % 3]}
        )
    )
    with pytest.raises(errors.OutcomeUnknownError, match="no new cursor"):
        list(client.products.list())
    assert next(numbers) == 4


def test_empty_pages_without_an_end_are_given_up(connect: Connect) -> None:
    numbers = itertools.count()
    client = connect(
        lambda request: httpx.Response(
            200, json={"items": [], "has_more": True, "next_cursor": str(next(numbers))}
        )
    )
    with pytest.raises(errors.OutcomeUnknownError, match="goes on after 10 empty pages"):
        list(client.products.list())
    assert next(numbers) == 10


def test_a_page_larger_than_any_is_refused(connect: Connect) -> None:
    page = {"items": [{"id": 1}] * 1001, "has_more": False}
    client = connect(lambda request: httpx.Response(200, json=page))
    with pytest.raises(errors.OutcomeUnknownError, match="1001 items"):
        list(client.products.list())


@pytest.mark.parametrize("coding", ["gzip, gzip", "deflate,gzip", "gzip,identity,gzip"])
def test_an_answer_that_is_compressed_twice_is_refused_unread(connect: Connect, coding: str) -> None:
    """A few kilobytes could become gigabytes at once."""
    bomb = gzip.compress(gzip.compress(b" " * 1_000_000))
    headers = {"content-type": "application/json", "content-encoding": coding}

    class Unread(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            read.append(True)
            yield bomb

    read: list[bool] = []
    client = connect(lambda request: httpx.Response(200, headers=headers, stream=Unread()))
    with pytest.raises(errors.OutcomeUnknownError, match="compressed more than once"):
        list(client.products.list())
    assert not read


@pytest.mark.parametrize(
    "page",
    [
        {"items": [], "next_cursor": None},
        {"items": [], "has_more": False},
        {"items": [], "has_more": False, "next_cursor": "x"},
    ],
)
def test_a_list_without_more_ends(page: dict[str, Any], connect: Connect) -> None:
    assert list(connect(lambda request: httpx.Response(200, json=page)).products.list()) == []


def test_values_of_every_kind_are_written_as_the_service_reads_them(connect: Connect) -> None:
    pages = Pages(1)
    client = connect(pages)
    values: list[Any] = [True, 7, Decimal("1.50"), "a&b=c", dt.date(2026, 1, 1), ["x", "y"], None]
    for value in values:
        client.customer_invoices.list(filter=[{"field": "id", "operator": "eq", "value": value}])
    sent = [json.loads(query["filter"])[0]["value"] for query in pages.queries]
    assert sent == [True, 7, "1.50", "a&b=c", "2026-01-01", ["x", "y"], None]
    client.trial_balance.list(
        period_start=dt.date(2026, 1, 1), period_end=dt.date(2026, 2, 1), is_auxiliary=True
    )
    assert pages.queries[-1]["is_auxiliary"] == "true"
    assert pages.queries[-1]["period_start"] == "2026-01-01"
