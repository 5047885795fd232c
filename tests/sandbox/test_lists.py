from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pennyform.sandbox import Rules, Sandbox

from .bodies import company, individual, line, product
from .conftest import Caller

Draft = Callable[..., dict[str, Any]]


@pytest.fixture
def invoices(api: Caller, draft: Draft) -> list[int]:
    """I-1 to I-5, dated the 5th down to the 1st; the first is a credit note, the last is final."""
    made = []
    for number in range(1, 6):
        body = draft(
            line(quantity=-1 if number == 1 else number),
            external_reference=f"I-{number}",
            date=f"2025-10-0{6 - number}",
            draft=number != 5,
        )
        made.append(api.made("/customer_invoices", body)["id"])
    return made


def references(response: Any) -> list[str]:
    assert response.status_code == 200, response.text
    return [item["external_reference"] for item in response.json()["items"]]


class TestFilters:
    @pytest.mark.parametrize(
        ("field", "operator", "value", "found"),
        [
            ("external_reference", "eq", "I-3", ["I-3"]),
            ("external_reference", "eq", "I-9", []),
            ("date", "lteq", "2025-10-02", ["I-5", "I-4"]),
            ("date", "lt", "2025-10-02", ["I-5"]),
            ("date", "gt", "2025-10-04", ["I-1"]),
            ("date", "gteq", "2025-10-03", ["I-3", "I-2", "I-1"]),
            ("date", "in", ["2025-10-01", "2025-10-02"], ["I-5", "I-4"]),
            ("draft", "eq", False, ["I-5"]),
            ("draft", "eq", "false", ["I-5"]),
            ("credit_note", "eq", "true", ["I-1"]),
            ("invoice_number", "eq", "F-2025-0001", ["I-5"]),
            ("customer_id", "eq", 42, []),
            ("category_id", "in", [42], []),
            ("quote_id", "eq", 42, []),
        ],
    )
    def test_invoices(
        self, api: Caller, invoices: list[int], field: str, operator: str, value: Any, found: list[str]
    ) -> None:
        assert references(api.filtered("/customer_invoices", (field, operator, value))) == found

    def test_all_conditions_must_hold(self, api: Caller, invoices: list[int]) -> None:
        found = api.filtered(
            "/customer_invoices", ("id", "in", invoices[:3]), ("id", "not_eq", str(invoices[1]))
        )
        assert references(found) == ["I-3", "I-1"]

    def test_the_parameter_filters_in_the_plural_is_ignored(self, api: Caller, invoices: list[int]) -> None:
        condition = '[{"field":"external_reference","operator":"eq","value":"I-3"}]'
        assert len(references(api.get("/customer_invoices", params={"filters": condition}))) == 5

    @pytest.mark.parametrize(
        "text",
        [
            "external_reference=I-3",
            "{}",
            "[1]",
            '[{"field":"external_reference","operator":"eq"}]',
            '[{"field":"external_reference","operator":"in","value":["I-3"]}]',
            '[{"field":"external_reference","operator":"eq","value":3}]',
            '[{"field":"label","operator":"eq","value":"x"}]',
            '[{"field":"date","operator":"eq","value":"2025-02-30"}]',
            '[{"field":"id","operator":"eq","value":"x"}]',
            '[{"field":"id","operator":"in","value":3}]',
            '[{"field":"draft","operator":"eq","value":1}]',
            "[" * 20_000,
        ],
    )
    def test_anything_else_is_refused(self, api: Caller, invoices: list[int], text: str) -> None:
        response = api.get("/customer_invoices", params={"filter": text})
        assert response.status_code == 400
        assert response.json()["message"]

    @pytest.mark.parametrize(
        ("condition", "found"),
        [
            (("name", "start_with", "AC"), ["ACME"]),
            (("name", "start_with", "%"), []),
            (("customer_type", "not_eq", "company"), ["ADA"]),
            (("external_reference", "start_with", "A"), ["ADA", "ACME"]),
            (("external_reference", "not_in", ["ADA"]), ["ACME"]),
            (("emails", "in", ["a@acme.example"]), ["ACME"]),
            (("reg_no", "eq", "123"), ["ACME"]),
        ],
    )
    def test_customers(self, api: Caller, condition: tuple[str, str, Any], found: list[str]) -> None:
        emails = ["a@acme.example", "b@acme.example"]
        api.made("/company_customers", company(external_reference="ACME", emails=emails, reg_no="123"))
        api.made("/individual_customers", individual(external_reference="ADA"))
        assert references(api.filtered("/customers", condition)) == found

    def test_products(self, api: Caller) -> None:
        api.made("/products", product(label="A", reference="r", external_reference="A"))
        api.made("/products", product(label="B", external_reference="B"))
        assert references(api.filtered("/products", ("label", "in", ["A", "C"]))) == ["A"]
        assert references(api.filtered("/products", ("reference", "eq", "r"))) == ["A"]

    def test_ledger_accounts(self, api: Caller) -> None:
        found = api.filtered("/ledger_accounts", ("number", "start_with", "70"), ("enabled", "eq", True))
        assert {one["number"][:2] for one in found.json()["items"]} == {"70"}


class TestPages:
    def test_newest_first_20_at_a_time(self, api: Caller, draft: Draft) -> None:
        for number in range(23):
            api.made("/customer_invoices", draft(external_reference=f"I-{number}"))
        first, second = api.pages("/customer_invoices")
        assert [item["external_reference"] for item in first["items"]] == [f"I-{n}" for n in range(22, 2, -1)]
        assert [item["external_reference"] for item in second["items"]] == ["I-2", "I-1", "I-0"]
        assert (second["has_more"], second["next_cursor"]) == (False, None)

    @pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1.5", "", "٣"])
    def test_a_limit_out_of_range_is_refused(self, api: Caller, limit: str) -> None:
        response = api.get("/customer_invoices", params={"limit": limit})
        assert (response.status_code, response.json()["field"]) == (400, "limit")

    def test_but_1000_ledger_accounts_are_fine(self, api: Caller) -> None:
        assert api.get("/ledger_accounts", params={"limit": "1000"}).status_code == 200
        assert api.get("/ledger_accounts", params={"limit": "1001"}).status_code == 400

    @pytest.mark.parametrize("sort", ["id", "-id", "date", "-date"])
    def test_a_sort_holds_over_pages(self, api: Caller, invoices: list[int], sort: str) -> None:
        pages = list(api.pages("/customer_invoices", sort=sort, limit=2))
        found = [item["external_reference"] for page in pages for item in page["items"]]
        upwards = sorted(found) if sort.endswith("id") else sorted(found, reverse=True)
        assert found == (upwards[::-1] if sort.startswith("-") else upwards)
        assert len(found) == 5

    def test_a_cursor_carries_no_filter(self, api: Caller, invoices: list[int]) -> None:
        condition = ("date", "gteq", "2025-10-04")
        first = api.filtered("/customer_invoices", condition, limit=1).json()
        assert [item["external_reference"] for item in first["items"]] == ["I-2"]
        unfiltered = api.get("/customer_invoices", params={"cursor": first["next_cursor"], "limit": 1})
        assert references(unfiltered) == ["I-1"]
        last = api.filtered("/customer_invoices", condition, limit=1, cursor=first["next_cursor"])
        assert references(last) == ["I-1"]

    def test_nor_a_sort(self, api: Caller, invoices: list[int]) -> None:
        first = api.get("/customer_invoices", params={"sort": "id", "limit": 2}).json()
        downwards = api.get("/customer_invoices", params={"cursor": first["next_cursor"]})
        assert references(downwards) == ["I-1"]

    @pytest.mark.parametrize("cursor", ["x", "bnVsbA", "e30", "WyJhIl0", "WzFd" * 9, "W251bGxd"])
    def test_a_made_up_cursor_is_refused(self, api: Caller, cursor: str) -> None:
        assert api.get("/customer_invoices", params={"cursor": cursor}).status_code == 400

    @pytest.mark.parametrize("sort", ["label", "-", "id,date", "+id"])
    def test_an_unknown_sort_is_refused(self, api: Caller, sort: str) -> None:
        assert api.get("/customer_invoices", params={"sort": sort}).status_code == 400


class TestIncludedLines:
    def test_come_newest_first_20_at_most(self, api: Caller, draft: Draft) -> None:
        long = api.made("/customer_invoices", draft(*(line(label=str(n)) for n in range(23))))["id"]
        short = api.made("/customer_invoices", draft())["id"]
        included = api.get("/customer_invoices", params={"include": "invoice_lines"}).json()["included"]
        lines = included["invoice_lines"]
        assert [one["label"] for one in lines[str(long)]["items"]] == [str(n) for n in range(22, 2, -1)]
        rest = api.get(lines[str(long)]["next_url"]).json()
        assert [one["label"] for one in rest["items"]] == ["2", "1", "0"]
        assert (lines[str(short)]["has_more"], lines[str(short)]["next_url"]) == (False, None)

    def test_or_by_rank(self, api: Caller, draft: Draft, sandbox: Sandbox) -> None:
        sandbox.rules = Rules(included_sort="rank")
        long = api.made("/customer_invoices", draft(*(line(label=str(n)) for n in range(23))))["id"]
        included = api.get("/customer_invoices", params={"include": "invoice_lines"}).json()["included"]
        lines = included["invoice_lines"][str(long)]
        assert [one["label"] for one in lines["items"]] == [str(n) for n in range(20)]
        rest = api.get(lines["next_url"]).json()
        assert [one["label"] for one in rest["items"]] == ["20", "21", "22"]

    def test_are_the_only_thing_to_include(self, api: Caller) -> None:
        assert api.get("/customer_invoices", params={"include": "customer"}).status_code == 400

    def test_lines_come_reversed_unless_asked_by_rank(self, api: Caller, draft: Draft) -> None:
        created = api.made("/customer_invoices", draft(line(label="a"), line(label="b")))
        link = created["invoice_lines"]["url"]
        assert [one["label"] for one in api.get(link).json()["items"]] == ["b", "a"]
        by_rank = [page["items"][0]["label"] for page in api.pages(link, sort="rank", limit=1)]
        assert by_rank == ["a", "b"]


@pytest.mark.parametrize(
    "path", ["payments", "matched_transactions", "appendices", "categories", "custom_header_fields"]
)
def test_what_hangs_on_an_invoice_is_empty_at_first(api: Caller, draft: Draft, path: str) -> None:
    created = api.made("/customer_invoices", draft())
    assert api.get(created[path]["url"]).json()["items"] == []
    assert api.get(f"/customer_invoices/42/{path}").status_code == 404


def test_categories_and_templates_are_there_from_the_start(api: Caller) -> None:
    groups = api.get("/category_groups").json()["items"]
    assert api.get(f"/category_groups/{groups[0]['id']}").json() == groups[0]
    categories = api.get(groups[0]["categories"]["url"]).json()["items"]
    in_group = api.filtered("/categories", ("category_group_id", "eq", groups[0]["id"])).json()["items"]
    assert in_group == [{**one, "category_group": {"id": groups[0]["id"]}} for one in categories]
    assert api.get(f"/categories/{in_group[0]['id']}").json() == in_group[0]
    assert len(api.get("/customer_invoice_templates").json()["items"]) == 2
