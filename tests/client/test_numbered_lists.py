"""Lists whose pages are numbered are read to their end, and never beyond a service that loses count."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import islice
from typing import Any

import httpx
import pytest
from pennylane_firm import AsyncClient, Bounds, Client, errors

Answer = Callable[[int], dict[str, Any]]
SIZE = 2


class Numbered:
    """Serves items two at a time by page number, and keeps every path and query.

    Args:
        count: how many items there are.
        answer: what the answer for a page's number has instead of what is right.
    """

    def __init__(self, count: int, answer: Answer = lambda number: {}) -> None:
        self.count = count
        self.answer = answer
        self.paths: list[str] = []
        self.queries: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        query = dict(request.url.params)
        self.paths.append(request.url.path)
        self.queries.append(query)
        number = int(query.get("page", "1"))
        ids = range(1, self.count + 1)[(number - 1) * SIZE : number * SIZE]
        page = {
            "items": [{"id": each} for each in ids],
            "total_pages": -(-self.count // SIZE),
            "current_page": number,
            "total_items": self.count,
            "per_page": SIZE,
        }
        return httpx.Response(200, json=page | self.answer(number))

    @property
    def numbers(self) -> list[str | None]:
        """The page that each request asked for."""
        return [query.get("page") for query in self.queries]


def connect(service: Numbered, **options: Any) -> Client:
    return Client("a-token", transport=httpx.MockTransport(service), rate_limit=None, **options)


def identify(service: Numbered, **options: Any) -> list[int]:
    with connect(service, **options) as client:
        return [company.id for company in client.companies.list()]


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (2, 1), (3, 2), (6, 3)])
def test_every_page_is_fetched_once(count: int, pages: int) -> None:
    service = Numbered(count)
    assert identify(service) == list(range(1, count + 1))
    assert service.numbers == [str(number) for number in range(1, pages + 1)]


def test_what_was_asked_is_asked_of_every_page() -> None:
    service = Numbered(5)
    with connect(service) as client:
        list(client.companies.list(filter=[{"field": "name", "operator": "eq", "value": "A"}], per_page=2))
        list(client.trial_balance.list(7, period_start="2026-01-01", period_end="2026-12-31"))
    assert service.numbers == ["1", "2", "3"] * 2
    asked = [{name: text for name, text in query.items() if name != "page"} for query in service.queries]
    companies = {"per_page": "2", "filter": '[{"field":"name","operator":"eq","value":"A"}]'}
    balance = {"per_page": "1000", "period_start": "2026-01-01", "period_end": "2026-12-31"}
    assert asked == [companies] * 3 + [balance] * 3
    assert {path.rpartition("/v1")[2] for path in service.paths[3:]} == {"/companies/7/trial_balance"}


def test_a_task_lists_the_same_way() -> None:
    async def listed() -> list[int]:
        transport = httpx.MockTransport(service)
        async with AsyncClient("a-token", transport=transport, rate_limit=None) as client:
            return [year.id async for year in client.fiscal_years.list(7)]

    service = Numbered(3)
    assert asyncio.run(listed()) == [1, 2, 3]
    assert service.queries == [{"per_page": "100", "page": "1"}, {"per_page": "100", "page": "2"}]


def test_pages_are_fetched_only_when_needed() -> None:
    service = Numbered(6)
    with connect(service) as client:
        found = iter(client.companies.list())
        assert service.numbers == ["1"]
        assert [company.id for company in islice(found, 2)] == [1, 2]
        assert service.numbers == ["1"]
        assert next(found).id == 3
        assert service.numbers == ["1", "2"]


def test_a_list_begins_at_any_page_and_leads_to_the_next() -> None:
    service = Numbered(5)
    with connect(service) as client:
        page = client.companies.list(page=2, per_page=2)
        assert ([company.id for company in page.items], page.has_more) == ([3, 4], True)
        assert (page.answer.current_page, page.answer.total_pages, page.next_cursor) == (2, 3, None)
        last = page.next_page()
        assert last is not None
        assert ([company.id for company in last.items], last.next_page()) == ([5], None)
    assert service.queries == [{"page": number, "per_page": "2"} for number in ("2", "3")]


def test_a_page_without_items_is_the_last() -> None:
    service = Numbered(2, lambda number: {"total_pages": 9})
    assert identify(service) == [1, 2]
    assert service.numbers == ["1", "2"]


@pytest.mark.parametrize(
    ("answer", "numbers"),
    [
        pytest.param(lambda number: {"current_page": 1}, ["1", "2"], id="repeats"),
        pytest.param(lambda number: {"current_page": 2 * number - 1}, ["1", "2"], id="skips"),
        pytest.param(lambda number: {"current_page": 0}, ["1"], id="counts from 0"),
        pytest.param(lambda number: {"total_pages": None}, ["1"], id="does not say how many"),
    ],
)
def test_a_service_that_loses_count_does_not_look_complete(answer: Answer, numbers: list[str]) -> None:
    service = Numbered(6, answer)
    with pytest.raises(errors.OutcomeUnknownError):
        identify(service)
    assert service.numbers == numbers


@pytest.mark.parametrize(
    ("answer", "what"),
    [({"items": None}, "items"), ({"items": [{"id": 1}] * 1001}, "1001 items")],
)
def test_what_is_no_page_does_not_look_like_the_last(answer: dict[str, Any], what: str) -> None:
    with pytest.raises(errors.OutcomeUnknownError, match=what):
        identify(Numbered(2, lambda number: answer))


def test_the_error_says_which_page_came_instead() -> None:
    message = "page 2 of the list was asked for; the answer is page 1 of 3"
    with pytest.raises(errors.OutcomeUnknownError, match=message) as caught:
        identify(Numbered(6, lambda number: {"current_page": 1}))
    assert caught.value.operation == "getCompanies"


def test_a_list_without_end_is_left() -> None:
    service = Numbered(1_000, lambda number: {"total_pages": number + 1})
    with pytest.raises(errors.OutcomeUnknownError, match="goes on after 20 pages"):
        identify(service, bounds=Bounds(pages=20))
    assert len(service.queries) == 20


def test_the_bound_counts_the_pages_that_are_asked_for_not_those_before() -> None:
    service = Numbered(50)
    with connect(service, bounds=Bounds(pages=3)) as client:
        assert [company.id for company in client.companies.list(page=24)] == [47, 48, 49, 50]
    assert service.numbers == ["24", "25"]
