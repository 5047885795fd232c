from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pennyform.sandbox import Rules, Sandbox
from pennyform.sandbox.model.documents import RecurringRule
from pennyform.sandbox.money import dates

from .bodies import line
from .conftest import Caller, Clock

Subscribed = Callable[..., dict[str, Any]]

MONTHLY = {"type": "monthly"}


@pytest.fixture
def subscribed(api: Caller, customer: int) -> Subscribed:
    def subscribed(**changes: Any) -> dict[str, Any]:
        body = {
            "start": "2025-10-15",
            "mode": {"type": "finalized"},
            "payment_conditions": "15_days",
            "payment_method": "offline",
            "recurring_rule": MONTHLY,
            "customer_id": customer,
            "customer_invoice_data": {"invoice_lines": [line()]},
        }
        return api.made("/billing_subscriptions", {**body, **changes})

    return subscribed


def invoices(api: Caller, **parameters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/customer_invoices", params={"sort": "id", **parameters}).json()[
        "items"
    ]
    return found


@pytest.mark.parametrize(("hour", "made"), [(0, 1), (6, 0)])
def test_at_which_hour_a_day_s_invoices_come(
    api: Caller, subscribed: Subscribed, sandbox: Sandbox, clock: Clock, hour: int, made: int
) -> None:
    sandbox.rules = Rules(subscription_hour=hour)
    subscribed()
    clock.now = datetime(2025, 10, 15, 5, 59, tzinfo=UTC)
    assert len(invoices(api)) == made
    clock.advance(minutes=1)
    assert [one["date"] for one in invoices(api)] == ["2025-10-15"]


def test_its_invoices_come_with_time(api: Caller, subscribed: Subscribed, clock: Clock) -> None:
    made = subscribed()
    assert (made["status"], made["next_occurrence"]) == ("not_started", "2025-10-15")
    assert made["customer_invoice_data"]["currency_amount"] == "240.0"
    assert invoices(api) == []
    clock.advance(days=14)
    (first,) = invoices(api)
    assert (first["date"], first["deadline"]) == ("2025-10-15", "2025-10-30")
    assert (first["draft"], first["currency_amount"]) == (False, "240.0")
    assert first["billing_subscription"] == {"id": made["id"]}
    shown = api.get(f"/billing_subscriptions/{made['id']}").json()
    assert (shown["status"], shown["prev_occurrence"]) == ("in_progress", "2025-10-15")
    assert shown["next_occurrence"] == "2025-11-15"
    clock.advance(days=62)
    assert [one["date"] for one in invoices(api)] == ["2025-10-15", "2025-11-15", "2025-12-15"]
    found = api.filtered("/customer_invoices", ("billing_subscription_id", "eq", made["id"])).json()
    assert len(found["items"]) == 3


def test_the_past_is_invoiced_at_once(api: Caller, subscribed: Subscribed) -> None:
    made = subscribed(start="2025-08-31", recurring_rule={**MONTHLY, "count": 2})
    assert (made["status"], made["finish"], made["next_occurrence"]) == ("finished", "2025-09-30", None)
    assert [one["date"] for one in invoices(api)] == ["2025-08-31", "2025-09-30"]


@pytest.mark.parametrize("mode", [{"type": "awaiting_validation"}, {"type": "finalized"}])
def test_the_mode_says_whether_they_are_drafts(
    api: Caller, subscribed: Subscribed, mode: dict[str, str]
) -> None:
    subscribed(start="2025-10-01", mode=mode)
    assert invoices(api)[0]["draft"] is (mode["type"] == "awaiting_validation")


def test_mails_go_to_the_customer_unless_somebody_is_named(
    api: Caller, subscribed: Subscribed, customer: int
) -> None:
    named = {"type": "email", "email_settings": {"recipients": ["a@b.example"]}}
    assert subscribed(mode=named)["email_settings"]["recipients"] == ["a@b.example"]
    body = {"mode": {"type": "email", "email_settings": {}}}
    made = subscribed()
    assert api.put(f"/billing_subscriptions/{made['id']}", json=body).status_code == 422
    api.put(f"/company_customers/{customer}", json={"emails": ["c@d.example"]})
    updated = api.put(f"/billing_subscriptions/{made['id']}", json=body).json()
    assert (updated["mode"], updated["email_settings"]["recipients"]) == ("email", ["c@d.example"])


def test_it_stops_and_goes_on(api: Caller, subscribed: Subscribed, clock: Clock) -> None:
    path = f"/billing_subscriptions/{subscribed()['id']}"
    clock.advance(days=14)
    stopped = api.put(path, json={"stop": True}).json()
    assert (stopped["status"], stopped["next_occurrence"]) == ("stopped", None)
    assert stopped["stopped_at"] == "2025-10-15T09:30:00.000000Z"
    clock.advance(days=40)
    assert len(invoices(api)) == 1
    resumed = api.put(path, json={"stop": False}).json()
    assert (resumed["status"], resumed["next_occurrence"]) == ("in_progress", "2025-12-15")
    found = api.filtered("/billing_subscriptions", ("status", "eq", "in_progress")).json()["items"]
    assert len(found) == 1


def test_what_it_invoices_can_change(api: Caller, subscribed: Subscribed, clock: Clock) -> None:
    made = subscribed()
    path = f"/billing_subscriptions/{made['id']}"
    (only,) = api.get(f"{path}/invoice_lines").json()["items"]
    changes = {
        "invoice_lines": {
            "update": [{"id": only["id"], "quantity": 1}],
            "create": [line(label="More", section_rank=1)],
        },
        "invoice_line_sections": {"create": [{"rank": 1, "title": "Extras"}]},
        "currency": "USD",
    }
    updated = api.put(path, json={"customer_invoice_data": changes, "label": "Care"}).json()
    assert (updated["label"], updated["customer_invoice_data"]["currency_amount"]) == ("Care", "360.0")
    assert api.get(f"{path}/invoice_line_sections").json()["items"][0]["title"] == "Extras"
    clock.advance(days=14)
    (first,) = invoices(api)
    assert (first["currency"], first["currency_amount"]) == ("USD", "360.0")


@pytest.mark.parametrize(
    "rule",
    [
        {**MONTHLY, "interval": 0},
        {**MONTHLY, "count": -1},
        {**MONTHLY, "count": 1_001},
        {**MONTHLY, "interval": 101},
        {**MONTHLY, "day_of_month": 1.5},
    ],
)
def test_rules_that_make_no_sense(api: Caller, subscribed: Subscribed, rule: dict[str, Any]) -> None:
    made = subscribed()
    answer = api.put(f"/billing_subscriptions/{made['id']}", json={"recurring_rule": rule})
    assert answer.status_code == 422


def test_a_clock_set_far_ahead_is_caught_up_with_step_by_step(
    api: Caller, subscribed: Subscribed, clock: Clock
) -> None:
    subscribed(recurring_rule={"type": "weekly"})
    clock.advance(days=365 * 4)
    for _ in range(3):
        assert api.get("/me").status_code == 200
    made = sum(len(page["items"]) for page in api.pages("/customer_invoices", limit=100))
    assert made == 207


def test_one_that_cannot_invoice_any_more_stops_and_harms_nobody(
    api: Caller, subscribed: Subscribed, sandbox: Sandbox, clock: Clock
) -> None:
    nothing = [line(), line(quantity=-2)]
    data = {"invoice_lines": nothing, "discount": {"type": "absolute", "value": "1"}}
    sandbox.rules = Rules(discount_needs_a_sum=False)
    broken, sound = subscribed(customer_invoice_data=data), subscribed()
    sandbox.rules = Rules()
    clock.advance(days=14)
    assert [one["billing_subscription"]["id"] for one in invoices(api)] == [sound["id"]]
    assert api.get(f"/billing_subscriptions/{broken['id']}").json()["status"] == "stopped"


def test_another_company_is_left_alone(
    api: Caller, subscribed: Subscribed, sandbox: Sandbox, connect: Any, clock: Clock
) -> None:
    subscribed()
    sandbox.add_token("other", company=sandbox.add_company("Other SAS"))
    clock.advance(days=20)
    assert invoices(connect("other")) == []
    assert len(invoices(api)) == 1


class TestDates:
    @pytest.mark.parametrize(
        ("start", "rule", "expected"),
        [
            ("2025-01-31", MONTHLY, ["2025-01-31", "2025-02-28", "2025-03-31"]),
            ("2025-01-20", {**MONTHLY, "day_of_month": 5}, ["2025-02-05", "2025-03-05", "2025-04-05"]),
            ("2025-01-01", {**MONTHLY, "interval": 3}, ["2025-01-01", "2025-04-01", "2025-07-01"]),
            ("2024-02-29", {"type": "yearly"}, ["2024-02-29", "2025-02-28", "2026-02-28"]),
            ("2025-10-01", {"type": "weekly"}, ["2025-10-01", "2025-10-08", "2025-10-15"]),
            (
                "2025-10-01",
                {"type": "weekly", "day_of_week": "monday", "interval": 2},
                ["2025-10-06", "2025-10-20", "2025-11-03"],
            ),
            ("2025-10-01", {**MONTHLY, "count": 1}, ["2025-10-01"]),
            ("9999-12-30", {"type": "weekly"}, ["9999-12-30"]),
        ],
    )
    def test_occurrences(self, start: str, rule: dict[str, Any], expected: list[str]) -> None:
        found = islice(dates.occurrences(date.fromisoformat(start), RecurringRule(**rule)), 3)
        assert [day.isoformat() for day in found] == expected

    @given(
        st.dates(date(1990, 1, 1), date(2090, 1, 1)),
        st.sampled_from(["weekly", "monthly", "yearly"]),
        st.integers(1, 24),
        st.integers(1, 31),
    )
    def test_they_go_forward_and_never_before_the_start(
        self, start: date, type_: str, interval: int, day: int
    ) -> None:
        found = list(islice(dates.occurrences(start, RecurringRule(type_, interval, day_of_month=day)), 6))
        assert len(found) == 6
        assert found[0] >= start
        assert found == sorted(set(found))
