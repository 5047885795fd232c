"""Natural keys: found by as few requests as will do, never guessed."""

from __future__ import annotations

from typing import Any

import pytest
from pennyform.engine.planning.patch import update_body
from pennyform.engine.planning.resolve import UnresolvedError
from pennyform.invoices import Repository
from pennyform.invoices.desired.json_bodies import from_json, to_json
from pennyform.invoices.model import InvoiceBody
from pennyform.results.documents import json_data

from .world import (
    API,
    CUSTOMER,
    PRODUCT,
    Fault,
    Office,
    actions,
    changing,
    line,
    only,
    raw,
    read_all,
    statuses,
)


def ids(office: Office, path: str, field: str) -> dict[str, int]:
    return {row[field]: row["id"] for row in read_all(office.sandbox, path)}


def test_everything_can_be_named_by_key_or_by_id(office: Office) -> None:
    office.write("products/day.yaml", PRODUCT)
    account = '    ledger_account: "706000"\n'
    office.define("INV-1", lines=line(more=account), more="customer_invoice_template: Standard\n")
    office.apply()
    customer = ids(office, "/customers", "external_reference")["ACME"]
    template = ids(office, "/customer_invoice_templates", "name")["Standard"]
    row = only(office.books()["INV-1"])
    assert (row["customer"]["id"], row["customer_invoice_template"]["id"]) == (customer, template)
    assert not office.verify().drift
    verified = json_data(office.verify().document())["invoices"][0]
    assert verified["unverifiable"] == ["/invoice_lines/0/ledger_account_id"]

    office.define("INV-2", lines="  - product: DAY\n    quantity: 1\n")
    office.apply()
    product = ids(office, "/products", "external_reference")["DAY"]
    office.define("INV-3", lines=f"  - product:\n      id: {product}\n    quantity: 2\n")
    definition = office.root / "invoices" / "INV-3.yaml"
    by_id = definition.read_text().replace("customer: ACME", f"customer:\n  id: {customer}")
    definition.write_text(by_id)
    assert statuses(office.apply())["INV-3"] == "done"
    assert only(office.books()["INV-3"])["currency_amount"] == "1560.0"


@pytest.mark.parametrize(
    ("more", "in_line", "rule"),
    [
        ("customer_invoice_template: Fancy\n", "", "unknown-customer-invoice-template"),
        ("", '    ledger_account: "999999"\n', "unknown-ledger-account"),
        ("", '    ledger_account: "708500"\n', "ambiguous-ledger-account"),
    ],
)
def test_what_is_not_there_or_not_alone_is_a_finding(
    office: Office, more: str, in_line: str, rule: str
) -> None:
    office.define("INV-1", more=more, lines=line(more=in_line))
    with pytest.raises(UnresolvedError) as caught:
        office.plan()
    (finding,) = caught.value.findings
    assert finding.rule == rule
    assert finding.file.endswith("INV-1.yaml")
    assert finding.line


def test_a_customer_of_the_account_need_not_be_declared(office: Office) -> None:
    office.define("INV-1")
    office.apply()
    (office.root / "customers" / "acme.yaml").unlink()
    assert not office.plan().pending


def test_a_declared_customer_that_nothing_names_is_left_alone(office: Office) -> None:
    office.define("INV-1")
    office.write("customers/other.yaml", CUSTOMER.replace("ACME", "OTHER"))
    assert [change.external_reference for change in office.plan().prerequisites] == ["ACME"]


def test_a_price_that_changes_later_updates_drafts_and_leaves_what_is_final(office: Office) -> None:
    office.write("products/day.yaml", PRODUCT)
    by_product = "  - product: DAY\n    quantity: 1\n"
    office.define("INV-1", lines=by_product)
    office.define("INV-2", lines=by_product, finalize=True)
    office.apply()
    office.write("products/day.yaml", PRODUCT.replace("650.00", "700.00"))
    made = office.plan()
    assert actions(made) == {"INV-1": "update", "INV-2": "no_op"}
    draft = made.invoices[0]
    assert draft.remote is not None
    update: Any = update_body(draft.resolved, draft.remote)
    (change,) = update["invoice_lines"]["update"]
    assert change == {"id": change["id"], "raw_currency_unit_price": "700.00"}
    assert [change.differences[0].pointer for change in made.prerequisites if change.differences] == [
        "/price_before_tax"
    ]
    office.apply()
    assert only(office.books()["INV-1"])["currency_amount"] == "840.0"
    assert not office.plan().pending


def test_a_second_row_for_one_reference_is_reported(office: Office) -> None:
    office.define("INV-1")
    office.apply()

    def doubled(body: Any) -> None:
        body["items"].append({**body["items"][0], "id": 99})
        included = body["included"]["invoice_lines"]
        included["99"] = next(iter(included.values()))

    office.wire.faults = [Fault("GET", "customer_invoices", changing(doubled), times=99)]
    made = office.plan()
    assert actions(made) == {"INV-1": "conflict"}
    assert "99" in made.invoices[0].ways_out[0]


def test_a_reference_whose_date_moved_out_of_the_window_is_still_found(office: Office) -> None:
    """Many invoices are looked for by their dates; one whose date was changed is found by its id."""
    for number in range(30):
        office.define(f"INV-{number:02}")
    office.apply()
    for number in range(28):
        definition = office.root / "invoices" / f"INV-{number:02}.yaml"
        definition.write_text(definition.read_text().replace("date: 2025-10-01", "date: 2025-10-02", 1))
    for number in range(28, 30):
        (office.root / "invoices" / f"INV-{number:02}.yaml").unlink()
    assert set(actions(office.plan()).values()) == {"update"}
    office.journal.unlink()
    made = office.plan()
    assert set(actions(made).values()) == {"create"}
    # Without the journal the uniqueness of references decides: nothing is created twice or overwritten.
    assert set(statuses(office.apply()).values()) == {"unchanged", "differs"}
    assert [len(rows) for rows in office.books().values()] == [1] * 30
    assert set(actions(office.plan()).values()) == {"update"}
    assert set(statuses(office.apply()).values()) == {"unchanged", "done"}


def test_what_a_draft_cannot_carry_is_set_right_after_finalizing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.define("INV-1", finalize=True)
    reference = {
        "banking_provider": "bank",
        "provider_field_name": "label",
        "provider_field_value": "ACME 1",
    }
    dates = {"start_date": "2025-10-01", "end_date": "2025-12-31"}

    def with_more(repository: Repository) -> Repository:
        (wanted,) = repository.invoices
        stated: Any = to_json(wanted.body)
        lines = [{**row, "imputation_dates": dates} for row in stated["invoice_lines"]]
        stated = {**stated, "transaction_reference": reference, "invoice_lines": lines}
        body = from_json(InvoiceBody, stated)
        return repository._replace(invoices=(wanted._replace(body=body),))

    plain = office.repository
    monkeypatch.setattr(office, "repository", lambda: with_more(plain()))
    made = office.plan()
    assert [str(step) for step in made.invoices[0].steps] == [
        "create_draft",
        "read_back",
        "finalize",
        "read_back",
        "set_after_finalizing",
        "read_back",
    ]
    assert statuses(office.apply())["INV-1"] == "done"
    assert only(office.books()["INV-1"])["transaction_reference"] == reference
    assert not office.verify().drift
    reference = {**reference, "provider_field_value": "ACME 2"}
    assert actions(office.plan()) == {"INV-1": "update"}
    assert statuses(office.apply())["INV-1"] == "done"
    assert not office.plan().pending


def test_records_of_one_name_are_told_apart(office: Office) -> None:
    """Ids alone say nothing to whoever has to choose."""
    with raw(office.sandbox) as caller:
        for group in caller.get(f"{API}/category_groups").json()["items"]:
            body = {"label": "Paris", "category_group_id": group["id"]}
            caller.post(f"{API}/categories", json=body).raise_for_status()
        account = caller.get(f"{API}/bank_accounts").json()["items"][0]["id"]
        for amount in ("120.00", "240.00"):
            payment = {"bank_account_id": account, "label": "ACME", "date": "2025-10-03", "amount": amount}
            caller.post(f"{API}/transactions", json=payment).raise_for_status()
    options = (
        '  categories:\n    - {label: Paris, weight: "1"}\n'
        "  matched_transactions:\n    - {date: 2025-10-03, label: ACME}\n"
    )
    office.define("INV-1", finalize=True, options=options)
    with pytest.raises(UnresolvedError) as caught:
        office.plan()
    category, transaction = caught.value.findings
    assert category.summary == "label 'Paris' is ambiguous: 2 categories have it"
    assert "(Paris, group Region)" in category.fix
    assert "(Paris, group Cost centre)" in category.fix
    assert transaction.summary == "date '2025-10-03' is ambiguous: 2 transactions have it"
    assert "(ACME, 120.00)" in transaction.fix
    assert "(ACME, 240.00)" in transaction.fix
