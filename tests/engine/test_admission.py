"""What is refused before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pennyform import data
from pennyform.engine.planning.preflight import OPERATIONS
from pennyform.engine.planning.resolve import PlanRejectedError
from pennyform.invoices import Policies, Repository

from .world import API, Office, actions, line, raw, statuses


def asking(**wishes: Any) -> Callable[[Repository], Repository]:
    """Every invoice with other members."""
    return lambda repository: repository._replace(
        invoices=tuple(invoice._replace(**wishes) for invoice in repository.invoices)
    )


def governed(**policies: Any) -> Callable[[Repository], Repository]:
    """The folder with policies."""

    def adjusted(repository: Repository) -> Repository:
        settings = repository.settings._replace(environments={"sandbox": Policies(**policies)})
        return repository._replace(settings=settings)

    return adjusted


def refusals(office: Office) -> list[str]:
    """The summaries of the findings that stop both a plan and an apply; nothing is written by either."""
    said = []
    for verb in (office.plan, office.apply):
        with pytest.raises(PlanRejectedError) as refused:
            verb()
        said.append([finding.summary for finding in refused.value.findings])
    assert all(request.method == "GET" for request in office.wire.sent)
    assert said[0] == said[1]
    return said[0]


@pytest.mark.parametrize(
    ("policies", "summary"),
    [
        ({"never_finalize": True}, "INV-2: it would become final, and never_finalize forbids that"),
        ({"max_invoices": 1}, "2 invoices would change; max_invoices allows 1 in one run"),
        (
            {"max_amount": {"EUR": Decimal("239.99"), "USD": Decimal(1)}},
            "INV-1: it comes to 240.00 EUR; max_amount allows 239.99",
        ),
        ({"max_amount": {"USD": Decimal(1)}}, "INV-1: max_amount names no limit in EUR"),
        (
            {"max_total": {"EUR": Decimal("479.99")}},
            "the invoices of this run come to 480.00 EUR; max_total allows 479.99",
        ),
        (
            {"max_total": {"USD": Decimal(1)}},
            "the invoices of this run come to 480.00 EUR; max_total allows 0",
        ),
        (
            {"vat_rates": ("FR_100", "FR_55")},
            "INV-1: it uses the VAT code FR_200, which vat_rates does not allow",
        ),
        ({"company_id": 1}, "the token opens company"),
    ],
)
def test_a_policy_stops_everything(office: Office, policies: dict[str, Any], summary: str) -> None:
    office.define("INV-1")
    office.define("INV-2", finalize=True)
    office.adjust = governed(**policies)
    assert any(said.startswith(summary) for said in refusals(office))


def test_within_its_policies_everything_is_carried_out(office: Office) -> None:
    office.define("INV-1")
    company = office.remote().company().id
    limits = {
        "max_amount": {"EUR": Decimal(240)},
        "max_total": {"EUR": Decimal(240)},
        "vat_rates": ("FR_200",),
        "company_id": company,
    }
    office.adjust = governed(never_finalize=True, max_invoices=1, **limits)
    assert statuses(office.apply())["INV-1"] == "done"


def test_what_is_done_already_passes_no_limit(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    office.adjust = governed(never_finalize=True, max_invoices=0, max_amount={"EUR": Decimal(1)})
    assert actions(office.plan()) == {"INV-1": "no_op"}


def test_an_amount_that_its_author_did_not_expect_is_not_sent(office: Office) -> None:
    office.define("INV-1")
    office.adjust = asking(expect={"currency_amount": Decimal("240.00"), "currency_tax": Decimal(40)})
    assert office.plan().pending
    office.adjust = asking(expect={"currency_amount": Decimal("239.00")})
    assert refusals(office) == ["INV-1: currency_amount comes to 240.00; expect says 239.00"]


@pytest.mark.parametrize(
    ("quantities", "value", "come_to"), [((1, -1), "10.00", "0.00"), ((1, 1), "1300.01", "1300.00")]
)
def test_a_discount_beyond_products_that_only_the_account_prices(
    office: Office, quantities: tuple[int, ...], value: str, come_to: str
) -> None:
    rate = {"vat_rate": "FR_200", "external_reference": "DAY", "label": "Day", "price_before_tax": "650.00"}
    with raw(office.sandbox) as caller:
        caller.post(f"{API}/products", json=rate).raise_for_status()
    lines = "".join(f"  - product: DAY\n    quantity: {quantity}\n" for quantity in quantities)
    discount = f'discount: {{type: absolute, value: "{value}"}}\n'
    office.define("INV-1", lines=lines, more=discount)
    assert refusals(office) == [f"INV-1: the discount takes off more than the lines, which come to {come_to}"]


def test_an_invoice_below_zero_by_products_that_only_the_account_prices(office: Office) -> None:
    rate = {"vat_rate": "FR_200", "external_reference": "DAY", "label": "Day", "price_before_tax": "650.00"}
    with raw(office.sandbox) as caller:
        caller.post(f"{API}/products", json=rate).raise_for_status()
    office.define("INV-1", lines="  - product: DAY\n    quantity: -3\n")
    assert refusals(office) == [
        "INV-1: the invoice comes to -2340.00 EUR: it would be a credit note that takes back no invoice"
    ]
    other = line(quantity="4", price="700.00").replace("FR_200", "FR_100")
    office.define("INV-1", lines=f"  - product: DAY\n    quantity: -3\n{other}")
    assert refusals(office) == [
        "INV-1: the lines at `FR_200` come to -1950.00 EUR: more is taken off than charged"
    ]
    office.define("INV-1", lines="  - product: DAY\n    quantity: 3\n  - product: DAY\n    quantity: -1\n")
    assert office.plan().pending


def test_what_a_draft_may_not_carry_is_set_after_finalizing(office: Office) -> None:
    dates = "    imputation_dates: {start_date: 2025-10-01, end_date: 2025-12-31}\n"
    office.define("INV-1", finalize=True, lines=line(more=dates))
    assert statuses(office.apply())["INV-1"] == "done"
    assert not office.plan().pending
    assert not office.verify().drift


def test_a_token_without_a_scope_writes_nothing(office: Office) -> None:
    office.define("INV-1")
    office.sandbox.add_token(
        "reader", scopes=["customers:all", "products:readonly", "customer_invoices:readonly"]
    )
    office.token = "reader"
    assert office.plan().pending
    with pytest.raises(PlanRejectedError, match="customer_invoices:all"):
        office.apply()
    assert office.books() == {}
    assert office.wire.count("POST") == 0


def test_the_scopes_are_the_contracts() -> None:
    document = json.loads((data.schemas() / "company" / "openapi.json").read_text())
    needed = {
        operation["operationId"]: {scope for one in operation["security"] for scope in one["oauth2"]}
        for path in document["paths"].values()
        for operation in path.values()
    }
    for operation, scope in OPERATIONS.values():
        assert needed[operation] == {scope}
