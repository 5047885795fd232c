"""Declared customers and products: created, kept in step, and in conflict; what that means for invoices."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pennyform.engine.applying.report import ApplyReport
from pennyform.engine.journal.records import Intent
from pennyform.engine.planning.plan import Plan
from pennyform.engine.planning.planner import make_plan
from pennyform.report import apply as apply_text
from pennyform.report import verification as verification_text
from pennyform.report.plan import markdown as plan_markdown
from pennyform.report.plan import text as plan_text
from pennyform.results.plan import Action

from .world import (
    API,
    CUSTOMER,
    PRODUCT,
    Fault,
    Office,
    actions,
    answering,
    by_reference,
    lost_after,
    lost_before,
    only,
    raw,
    read_all,
    records_of,
    statuses,
    unavailable_after,
)

BY_PRODUCT = "  - product: DAY\n    quantity: 1\n"
PERSON = """\
external_reference: JO
customer_type: individual
first_name: Jo
last_name: Martin
billing_address: {address: 2 quai de Seine, postal_code: "69001", city: Lyon, country_alpha2: FR}
"""


def prerequisites(plan: Plan) -> dict[str, str]:
    return {change.external_reference: str(change.action) for change in plan.prerequisites}


def record(office: Office, path: str, reference: str) -> dict[str, Any]:
    """A customer or product as the books have it."""
    return only([row for row in read_all(office.sandbox, path) if row["external_reference"] == reference])


def by_hand(office: Office, path: str, body: dict[str, Any]) -> None:
    """A change that a person makes in Pennylane; ``path`` ends in a reference instead of an id."""
    kind, reference = path.rsplit("/", 1)
    id_ = record(office, "/products" if kind == "/products" else "/customers", reference)["id"]
    with raw(office.sandbox) as caller:
        caller.put(f"{API}{kind}/{id_}", json=body).raise_for_status()


def puts(office: Office) -> list[tuple[str, dict[str, Any]]]:
    """The updates of customers and products that were sent: kind and body."""
    return [
        (request.url.path.split("/")[-2], json.loads(request.content))
        for request in office.wire.sent
        if request.method == "PUT" and "customer_invoices" not in request.url.path
    ]


def declare(office: Office, text: str = CUSTOMER, **changes: str) -> None:
    """Declare ACME, or the product of ``text``, with other values for some of its fields."""
    for old, new in changes.items():
        text = text.replace(old, new)
    office.write("products/day.yaml" if "price_before_tax" in text else "customers/acme.yaml", text)


# --- the life of a customer ------------------------------------------------------------------------------


def test_a_customer_is_created_kept_in_step_and_left_alone(office: Office) -> None:
    office.define("INV-1")
    assert statuses(office.apply()) == {"ACME": "done", "INV-1": "done"}
    office.write(
        "customers/acme.yaml",
        CUSTOMER.replace("ACME SAS", "ACME Group SAS").replace("1 rue de la Paix", "5 avenue Foch")
        + "emails: [billing@acme.example]\n",
    )
    plan = office.plan()
    assert prerequisites(plan) == {"ACME": "update"}
    shown = plan_text.render(plan.document())
    assert "  ~ customer ACME will be updated\n" in shown
    assert "~ name                     ACME SAS          →  ACME Group SAS\n" in shown
    assert "~ billing_address address  1 rue de la Paix  →  5 avenue Foch\n" in shown
    assert "~ emails                   none              →  billing@acme.example\n" in shown
    assert "| customer | `ACME` | update |" in plan_markdown.render(plan.document())
    report = office.apply()
    assert statuses(report) == {"ACME": "done", "INV-1": "unchanged"}
    assert "customer ACME  updated, verified" in apply_text.render(report.document())
    assert puts(office) == [
        (
            "company_customers",
            {
                "name": "ACME Group SAS",
                "billing_address": {
                    "address": "5 avenue Foch",
                    "postal_code": "75002",
                    "city": "Paris",
                    "country_alpha2": "FR",
                },
                "emails": ["billing@acme.example"],
            },
        )
    ]
    card = record(office, "/customers", "ACME")
    assert (card["name"], card["billing_address"]["address"]) == ("ACME Group SAS", "5 avenue Foch")
    assert not office.plan().pending


def test_a_person_is_updated_as_a_person(office: Office) -> None:
    office.write("customers/jo.yaml", PERSON)
    office.define("INV-1")
    text = (office.root / "invoices/INV-1.yaml").read_text().replace("ACME", "JO")
    office.write("invoices/INV-1.yaml", text)
    office.apply()
    office.write("customers/jo.yaml", PERSON.replace("Martin", "Martin-Durand"))
    office.apply()
    assert puts(office) == [("individual_customers", {"last_name": "Martin-Durand"})]
    assert record(office, "/customers", "JO")["name"] == "Jo Martin-Durand"


@pytest.mark.parametrize(
    ("field", "by_hand_value"),
    [("phone", "+33 1 11 11 11 11"), ("notes", "Calls on Mondays"), ("payment_conditions", "60_days")],
)
def test_what_a_declaration_does_not_state_is_left_alone(
    office: Office, field: str, by_hand_value: str
) -> None:
    office.define("INV-1")
    office.apply()
    by_hand(office, "/company_customers/ACME", {field: by_hand_value})
    assert not office.plan().pending
    declare(office, CUSTOMER, SAS="SARL")
    office.apply()
    assert record(office, "/customers", "ACME")[field] == by_hand_value


def test_null_clears(office: Office) -> None:
    declare(office, CUSTOMER + "notes: Calls on Mondays\n")
    office.define("INV-1")
    office.apply()
    declare(office, CUSTOMER + "notes: null\n")
    office.apply()
    assert puts(office) == [("company_customers", {"notes": None})]
    assert record(office, "/customers", "ACME")["notes"] is None
    assert not office.plan().pending


def test_what_was_changed_by_hand_is_changed_back(office: Office) -> None:
    office.define("INV-1")
    office.apply()
    by_hand(office, "/company_customers/ACME", {"billing_address": {"city": "Lyon"}})
    assert prerequisites(office.plan()) == {"ACME": "update"}
    office.apply()
    assert record(office, "/customers", "ACME")["billing_address"]["city"] == "Paris"


def test_the_order_of_mail_addresses_is_no_difference(office: Office) -> None:
    declare(office, CUSTOMER + "emails: [a@acme.example, b@acme.example]\n")
    office.define("INV-1")
    office.apply()
    declare(office, CUSTOMER + "emails: [b@acme.example, a@acme.example]\n")
    assert not office.plan().pending


@pytest.mark.parametrize("code", ["01000", "06000"])
def test_digits_are_compared_as_text(office: Office, code: str) -> None:
    declare(office, CUSTOMER.replace('"75002"', f'"{code}"'))
    office.define("INV-1")
    office.apply()
    by_hand(office, "/company_customers/ACME", {"billing_address": {"postal_code": code.lstrip("0")}})
    assert prerequisites(office.plan()) == {"ACME": "update"}


# --- conflicts ---------------------------------------------------------------------------------------------


def test_the_kind_of_a_customer_is_a_conflict_that_stops_its_invoices(office: Office) -> None:
    office.define("INV-1")
    office.apply()
    office.write("customers/acme.yaml", PERSON.replace("JO", "ACME"))
    office.define("INV-2", finalize=True)
    plan = office.plan()
    assert plan.conflicts
    assert prerequisites(plan) == {"ACME": "conflict"}
    # What is there already and needs nothing is left alone.
    assert actions(plan) == {"INV-1": "no_op", "INV-2": "conflict"}
    shown = plan_text.render(plan.document())
    assert "x customer ACME cannot be made what is declared" in shown
    assert "≠ customer_type  is company  asked for individual" in shown
    assert "→ the API cannot turn one kind of customer into the other" in shown
    assert "→ the customer ACME that it names is in conflict" in shown
    report = office.apply()
    assert statuses(report) == {"ACME": "conflict", "INV-1": "unchanged", "INV-2": "conflict"}
    assert puts(office) == []
    assert "INV-2" not in office.books()


def test_the_ledger_account_of_a_customer_is_a_conflict(office: Office) -> None:
    declare(office, CUSTOMER + 'ledger_account: {number: "411ACME"}\n')
    office.define("INV-1")
    office.apply()
    assert not office.plan().pending
    declare(office, CUSTOMER + 'ledger_account: {number: "411OTHER"}\n')
    office.define("INV-2")
    plan = office.plan()
    assert prerequisites(plan) == {"ACME": "conflict"}
    assert actions(plan) == {"INV-1": "no_op", "INV-2": "conflict"}
    (way_out,) = plan.prerequisites[0].ways_out
    assert "ledger account" in way_out
    # Out of it: the declaration says again what the account has, or nothing of it.
    declare(office)
    assert actions(office.plan()) == {"INV-1": "no_op", "INV-2": "create"}


# --- the life of a product ---------------------------------------------------------------------------------


def test_a_product_is_updated_before_the_invoices_that_take_its_price(office: Office) -> None:
    declare(office, PRODUCT)
    office.define("INV-1", lines=BY_PRODUCT)
    office.define("INV-2", lines=BY_PRODUCT, finalize=True)
    office.apply()
    declare(office, PRODUCT.replace("650.00", "700.00").replace("unit: day", "unit: jour"))
    office.define("INV-3", lines=BY_PRODUCT, finalize=True)
    plan = office.plan()
    assert prerequisites(plan) == {"ACME": "no_op", "DAY": "update"}
    # The draft takes the new price, what is final keeps the old one.
    assert actions(plan) == {"INV-1": "update", "INV-2": "no_op", "INV-3": "create_and_finalize"}
    assert [str(change.resolved.totals.amount) for change in plan.invoices] == ["840.00", "780.00", "840.00"]
    assert set(statuses(office.apply()).values()) == {"done", "unchanged"}
    assert puts(office) == [("products", {"price_before_tax": "700.00", "unit": "jour"})]
    amounts = {name: only(rows)["currency_amount"] for name, rows in office.books().items()}
    assert amounts == {"INV-1": "840.0", "INV-2": "780.0", "INV-3": "840.0"}
    assert not office.plan().pending


@pytest.mark.parametrize(
    "line", [BY_PRODUCT, "  - product: {id: ID}\n    quantity: 1\n"], ids=["by reference", "by id"]
)
def test_a_product_that_differs_is_put_right_and_the_invoice_has_the_declared_price(
    office: Office, line: str
) -> None:
    declare(office, PRODUCT)
    office.define("INV-0", lines=BY_PRODUCT)
    office.apply()
    by_hand(office, "/products/DAY", {"price_before_tax": "600.00", "vat_rate": "FR_100"})
    id_ = str(record(office, "/products", "DAY")["id"])
    office.define("INV-1", lines=line.replace("ID", id_), finalize=True)
    plan = office.plan()
    assert str(plan.invoices[1].resolved.totals.amount) == "780.00"
    office.apply()
    assert only(office.books()["INV-1"])["currency_amount"] == "780.0"


def test_the_ledger_account_of_a_product_is_updated(office: Office) -> None:
    declare(office, PRODUCT)
    office.define("INV-1", lines=BY_PRODUCT)
    office.apply()
    numbers = [row["number"] for row in read_all(office.sandbox, "/ledger_accounts")]
    number = next(number for number in numbers if number.startswith("706"))
    declare(office, PRODUCT + f'ledger_account: "{number}"\n')
    plan = office.plan()
    assert prerequisites(plan) == {"ACME": "no_op", "DAY": "update"}
    assert f"→  {number}" in plan_text.render(plan.document())
    office.apply()
    assert not office.plan().pending


def test_a_product_that_cannot_be_updated_stops_its_invoices(office: Office) -> None:
    declare(office, PRODUCT)
    office.define("INV-1", lines=BY_PRODUCT)
    office.apply()
    declare(office, PRODUCT.replace("650.00", "700.00"))
    office.define("INV-2", lines=BY_PRODUCT, finalize=True)
    office.define("INV-3", finalize=True)
    office.wire.faults.append(Fault("PUT", r"/products/\d+", answering(422, {"error": "no", "status": 422})))
    report = office.apply()
    expected = {"ACME": "unchanged", "DAY": "failed", "INV-1": "failed", "INV-2": "failed", "INV-3": "done"}
    assert statuses(report) == expected
    assert by_reference(report)["INV-2"].detail == "the product DAY did not become what is declared"
    assert "INV-2" not in office.books()


def test_a_product_changed_by_hand_while_applying_stops_the_invoice_before_it_is_final(
    office: Office,
) -> None:
    declare(office, PRODUCT)
    office.define("INV-1", lines=BY_PRODUCT)
    office.apply()
    office.define("INV-2", lines=BY_PRODUCT, finalize=True)

    def sneaking(request: Any, handle: Any) -> Any:
        by_hand(office, "/products/DAY", {"price_before_tax": "1.00"})
        return handle(request)

    office.wire.faults.append(Fault("POST", "/customer_invoices", sneaking))
    report = office.apply()
    assert statuses(report)["INV-2"] == "differs"
    assert only(office.books()["INV-2"])["draft"]


# --- create-only -------------------------------------------------------------------------------------------


def create_only(office: Office) -> None:
    office.write(
        "pennyform.yaml", "version: 1\nenvironment: sandbox\nrounding: line\ndeclared: create-only\n"
    )


def test_create_only_warns_and_leaves_the_account_alone(office: Office) -> None:
    create_only(office)
    office.define("INV-1")
    office.apply()
    by_hand(office, "/company_customers/ACME", {"name": "ACME Group"})
    plan = office.plan()
    assert prerequisites(plan) == {"ACME": "no_op"}
    assert not plan.pending
    (customer,) = plan.prerequisites
    (warning,) = customer.warnings
    assert warning == "the account's customer differs from the declaration; pennyform leaves it as it is"


@pytest.mark.parametrize(
    ("lines", "action"),
    [
        (BY_PRODUCT, "conflict"),
        (BY_PRODUCT + '    raw_currency_unit_price: "650.00"\n', "create_and_finalize"),
        ("", "create_and_finalize"),
    ],
    ids=["takes the price", "states the price", "names no product"],
)
def test_create_only_stops_an_invoice_that_would_take_another_price(
    office: Office, lines: str, action: str
) -> None:
    create_only(office)
    declare(office, PRODUCT)
    office.define("INV-1", lines=BY_PRODUCT, finalize=True)
    office.apply()
    by_hand(office, "/products/DAY", {"price_before_tax": "600.00"})
    office.define("INV-2", lines=lines, finalize=True)
    plan = office.plan()
    assert actions(plan) == {"INV-1": "no_op", "INV-2": action}
    if action == "conflict":
        (way_out,) = plan.invoices[1].ways_out
        assert "600.00 in the account and 650.00 in its declaration" in way_out
        assert "INV-2" not in office.books()


# --- what is compared --------------------------------------------------------------------------------------


def test_what_no_invoice_names_is_updated_if_the_account_has_it(office: Office) -> None:
    declare(office, PRODUCT)
    office.define("INV-1", lines=BY_PRODUCT)
    office.apply()
    office.define("INV-1")
    declare(office, PRODUCT.replace("650.00", "660.00"))
    assert prerequisites(office.plan()) == {"ACME": "no_op", "DAY": "update"}


def test_what_is_declared_for_no_invoice_is_looked_up_by_the_hundred(office: Office) -> None:
    for number in range(250):
        office.write(f"customers/c{number}.yaml", CUSTOMER.replace("ACME", f"C{number:03}"))
    office.define("INV-1")
    office.plan()
    # And whether the one to be created is there already.
    assert office.wire.count("GET", "/customers") == 3 + 1


# --- verification ----------------------------------------------------------------------------------------


def test_verify_compares_what_is_declared(office: Office) -> None:
    declare(office, PRODUCT)
    office.define("INV-1", lines=BY_PRODUCT + '    raw_currency_unit_price: "650.00"\n')
    office.apply()
    shown = verification_text.render_text(office.verify().document())
    assert shown.endswith("Verified: 1 invoice, all equal, to the cent; 1 customer, 1 product as declared.\n")
    by_hand(office, "/company_customers/ACME", {"billing_address": {"city": "Lyon"}})
    by_hand(office, "/products/DAY", {"price_before_tax": "600.00"})
    verification = office.verify()
    assert verification.drift
    shown = verification_text.render_text(verification.document())
    assert "≠ customer ACME  1 difference\n      billing_address city  is Lyon  asked for Paris" in shown
    assert "≠ product DAY  1 difference\n      price_before_tax  is 600.00  asked for 650.00" in shown
    assert shown.endswith("Drift: 1 differs, 1 customer not as declared, 1 product not as declared.\n")
    page = verification_text.render_html(verification.document())
    assert 'id="customer-1"' in page
    assert '<td class="stays">Lyon</td>' in page
    office.apply()
    assert not office.verify().drift


def test_verify_reports_a_customer_of_another_kind(office: Office) -> None:
    office.define("INV-1")
    office.apply()
    office.write("customers/acme.yaml", PERSON.replace("JO", "ACME"))
    (customer,) = office.verify().document().declared
    assert (customer.status, customer.differences[0].pointer) == ("differs", "/customer_type")


def test_verify_reports_a_customer_that_is_not_there(office: Office) -> None:
    office.define("INV-1")
    verification = office.verify().document()
    assert [(row.external_reference, row.status) for row in verification.declared] == [("ACME", "missing")]


@pytest.mark.parametrize(
    ("change", "field", "issued", "today"),
    [
        (("650.00", "700.00"), "raw_currency_unit_price", "650.00", "700.00"),
        (("FR_200", "FR_100"), "vat_rate", "FR_200", "FR_100"),
        (("Consulting day", "Day of work"), "label", "Consulting day", "Day of work"),
    ],
)
@pytest.mark.parametrize("mode", ["update", "create-only"])
def test_what_is_final_is_never_called_equal_to_a_definition_that_says_otherwise(
    office: Office, change: tuple[str, str], field: str, issued: str, today: str, mode: str
) -> None:
    declare(office, PRODUCT)
    office.define("INV-1", lines=BY_PRODUCT, finalize=True)
    office.apply()
    office.write("pennyform.yaml", f"version: 1\nenvironment: sandbox\nrounding: line\ndeclared: {mode}\n")
    declare(office, PRODUCT.replace(*change))
    office.apply()
    verification = office.verify()
    # Nobody can change it, and nothing is wrong: it is no drift, but it is not equal either.
    assert not verification.drift
    (row,) = verification.document().invoices
    assert row.status == "as_issued"
    (outdated,) = row.outdated
    assert outdated.pointer == f"/invoice_lines/0/{field}"
    shown = verification_text.render_text(verification.document())
    assert f"line 1 {field}: issued with {issued}, its product says {today} today" in shown
    assert "Verified: 0 invoices equal, to the cent; 1 as issued, with values that" in shown
    assert "Issued with" in verification_text.render_html(verification.document())
    (warning,) = make_plan(office.repository(), office.looked_up()).warnings
    assert warning.startswith("final with values that their products do not have any more: INV-1;")


# --- lost answers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trick", [lost_after, lost_before, unavailable_after])
@pytest.mark.parametrize("path", [r"/company_customers/\d+", r"/products/\d+"])
def test_an_update_whose_answer_is_lost_is_read_back_and_sent_again_only_if_it_was_not_done(
    office: Office, trick: Any, path: str
) -> None:
    declare(office, PRODUCT)
    office.define("INV-1", lines=BY_PRODUCT)
    office.apply()
    declare(office, CUSTOMER.replace("SAS", "SARL"))
    declare(office, PRODUCT.replace("650.00", "700.00"))
    office.wire.faults.append(Fault("PUT", path, trick))
    report = office.apply()
    assert statuses(report) == {"ACME": "done", "DAY": "done", "INV-1": "done"}
    assert len(puts(office)) == (3 if trick is lost_before else 2)
    assert record(office, "/customers", "ACME")["name"] == "ACME SARL"
    assert only(office.books()["INV-1"])["currency_amount"] == "840.0"


def test_an_update_is_written_down_before_it_is_sent(office: Office) -> None:
    office.define("INV-1")
    office.apply()
    declare(office, CUSTOMER.replace("SAS", "SARL"))
    seen: list[str] = []

    def looking(request: Any, handle: Any) -> Any:
        last = records_of(office.journal)[-1]
        seen.append(f"{last.kind} {last.step}" if isinstance(last, Intent) else type(last).__name__)
        return handle(request)

    office.wire.faults.append(Fault("PUT", r"/company_customers/\d+", looking))
    office.apply()
    assert seen == ["customer update"]


def test_an_update_that_is_not_shown_stops_the_invoices(office: Office) -> None:
    office.define("INV-1")
    office.apply()
    declare(office, CUSTOMER.replace("SAS", "SARL"))
    office.define("INV-2", finalize=True)
    id_ = record(office, "/customers", "ACME")["id"]
    answer = answering(200, {"id": id_})
    office.wire.faults.append(Fault("PUT", r"/company_customers/\d+", answer))
    report = office.apply()
    assert statuses(report) == {"ACME": "differs", "INV-1": "unchanged", "INV-2": "failed"}
    assert "INV-2" not in office.books()


def test_an_apply_that_was_killed_during_an_update_goes_on(office: Office) -> None:
    office.define("INV-1")
    office.apply()
    declare(office, CUSTOMER.replace("SAS", "SARL"))

    def killed(request: Any, handle: Any) -> Any:
        handle(request)
        raise KeyboardInterrupt

    office.wire.faults.append(Fault("PUT", r"/company_customers/\d+", killed))
    with pytest.raises(KeyboardInterrupt):
        office.apply()
    report: ApplyReport = office.apply()
    assert statuses(report) == {"ACME": "unchanged", "INV-1": "unchanged"}
    assert len(puts(office)) == 1
    assert [change.action for change in office.plan().prerequisites] == [Action.NO_OP]
