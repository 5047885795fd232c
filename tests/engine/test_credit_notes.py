"""Credit notes: created, finalized and linked, after the invoices that they correct."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pennyform.cli.commands.account.apply import exit_of
from pennyform.cli.terminal import Exit
from pennyform.report.plan import text as plan_text
from pennyform.sandbox import Rules

from .world import (
    AMBIGUOUS,
    API,
    PRODUCT,
    Fault,
    Office,
    Trick,
    actions,
    answering,
    by_reference,
    line,
    only,
    raw,
    statuses,
)


def credit(office: Office, reference: str = "A-CREDIT", *, of: str = "INV-1", quantity: str = "-2") -> None:
    """A credit note; its reference comes before that of the invoice, in the alphabet."""
    office.define(reference, finalize=True, lines=line(quantity=quantity), more=f"credit_note_of: {of}\n")


def row(office: Office, reference: str) -> dict[str, Any]:
    return only(office.books()[reference])


def test_an_invoice_and_its_credit_note_in_one_run(office: Office) -> None:
    credit(office)
    office.define("INV-1", finalize=True)
    planned = office.plan()
    assert [change.external_reference for change in planned.invoices] == ["INV-1", "A-CREDIT"]
    assert planned.document().changes[2].steps[-1] == "link_credit_note"
    assert set(statuses(office.apply()).values()) == {"done"}
    assert row(office, "A-CREDIT")["credited_invoice"]["id"] == row(office, "INV-1")["id"]
    assert row(office, "INV-1")["status"] == "cancelled"
    assert not office.plan().pending
    assert not office.verify().drift


def test_a_credit_note_for_what_was_final_before(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    credit(office)
    assert actions(office.plan()) == {"INV-1": "no_op", "A-CREDIT": "create_and_finalize"}
    (office.root / "invoices" / "INV-1.yaml").unlink()
    assert statuses(office.apply())["A-CREDIT"] == "done"
    assert row(office, "INV-1")["status"] == "cancelled"


def test_a_link_that_is_missing_is_made(office: Office) -> None:
    office.define("INV-1", finalize=True)
    credit(office)
    office.wire.faults = [Fault("POST", "link_credit_note", answering(422, {"error": "no", "status": 422}))]
    assert statuses(office.apply())["A-CREDIT"] == "failed"
    assert office.verify().drift
    assert actions(office.plan()) == {"INV-1": "no_op", "A-CREDIT": "complete"}
    assert statuses(office.apply())["A-CREDIT"] == "done"
    assert office.wire.done("finalize") == 2


@pytest.mark.parametrize("trick", AMBIGUOUS)
def test_an_ambiguous_link_is_made_once(office: Office, trick: Trick) -> None:
    office.define("INV-1", finalize=True)
    credit(office)
    office.wire.faults = [Fault("POST", "link_credit_note", trick)]
    report = office.apply()
    assert statuses(report)["A-CREDIT"] == "done", by_reference(report)["A-CREDIT"].detail
    assert office.wire.done("link_credit_note") == 1


def test_no_credit_note_for_an_invoice_that_did_not_become_final(office: Office) -> None:
    office.define("INV-1", finalize=True)
    credit(office)
    office.wire.faults = [Fault("PUT", "finalize", answering(422, {"error": "no", "status": 422}))]
    report = office.apply()
    assert (statuses(report)["INV-1"], statuses(report)["A-CREDIT"]) == ("failed", "failed")
    assert "did not become final" in by_reference(report)["A-CREDIT"].detail
    assert "A-CREDIT" not in office.books()
    assert exit_of(report) == Exit.ERROR
    assert set(statuses(office.apply()).values()) == {"unchanged", "done"}


def test_a_credit_note_for_a_draft_is_a_conflict(office: Office) -> None:
    office.define("INV-1")
    credit(office)
    planned = office.plan()
    assert actions(planned) == {"INV-1": "create", "A-CREDIT": "conflict"}
    assert "INV-1 is not final" in planned.invoices[1].ways_out[0]
    office.apply()
    assert "A-CREDIT" not in office.books()


def test_a_label_is_changed_on_a_final_invoice(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    office.define("INV-1", finalize=True, more="label: Advice\n")
    assert actions(office.plan()) == {"INV-1": "update"}
    assert statuses(office.apply())["INV-1"] == "done"
    with raw(office.sandbox) as caller:
        shown = caller.get(f"{API}/customer_invoices/{row(office, 'INV-1')['id']}").json()
    assert (shown["label"], shown["draft"]) == ("Advice", False)


def test_what_was_credited_in_full_needs_no_payment(office: Office) -> None:
    credit(office)
    office.define("INV-1", finalize=True)
    assert set(statuses(office.apply()).values()) == {"done"}
    assert row(office, "INV-1")["status"] == "cancelled"
    office.define("INV-1", finalize=True, options="  mark_as_paid: true\n")
    assert not office.plan().pending
    assert not office.verify().drift


# --- what remains of an invoice ---------------------------------------------------------------------------


def by_hand(office: Office, quantity: int = -2, **more: Any) -> int:
    """Credit INV-1 in the account, as somebody does in Pennylane."""
    with raw(office.sandbox) as caller:
        invoice = row(office, "INV-1")
        written = {"label": "Taken back", "quantity": quantity, "unit": "hour", "vat_rate": "FR_200"}
        body = {
            "date": "2026-03-05",
            "deadline": "2026-03-05",
            "draft": False,
            "customer_id": invoice["customer"]["id"],
            "invoice_lines": [{**written, "raw_currency_unit_price": "100.00", **more}],
        }
        note = caller.post(f"{API}/customer_invoices", json=body).json()["id"]
        path = f"{API}/customer_invoices/{invoice['id']}/link_credit_note"
        assert caller.post(path, json={"credit_note_id": note}).status_code == 200
    return int(note)


def paid(office: Office) -> None:
    with raw(office.sandbox) as caller:
        path = f"{API}/customer_invoices/{row(office, 'INV-1')['id']}/mark_as_paid"
        assert caller.put(path).status_code == 204


def conflict(office: Office, reference: str = "A-CREDIT") -> str:
    """Why the plan does not carry out the credit note, which then gets no number."""
    changes = {change.external_reference: change for change in office.plan().invoices}
    assert changes[reference].action == "conflict", changes[reference].action
    assert "A-CREDIT" not in office.books() or row(office, "A-CREDIT")["draft"]
    finalized = office.wire.count("PUT", "finalize")
    assert statuses(office.apply())[reference] == "conflict"
    assert office.wire.count("PUT", "finalize") == finalized
    return changes[reference].ways_out[0]


def test_credited_by_hand_in_full(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    by_hand(office)
    credit(office)
    assert "240.00 EUR, of which 0.00 can be taken back" in conflict(office)


def test_credited_by_hand_in_part(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    by_hand(office, -1)
    credit(office)
    assert "of which 120.00 can be taken back" in conflict(office)
    credit(office, quantity="-1")
    assert statuses(office.apply())["A-CREDIT"] == "done"
    assert row(office, "INV-1")["status"] == "cancelled"
    assert not office.plan().pending


@pytest.mark.parametrize("vat", ["FR_200", "FR_55", "exempt"])
def test_the_proposed_line_takes_back_what_remains(office: Office, vat: str) -> None:
    """Three times 33.333333, of which somebody took back 10.00 and its tax."""
    office.define("INV-1", finalize=True, lines=line("Work", "3", "33.333333", vat))
    office.apply()
    by_hand(office, -1, raw_currency_unit_price="10.00", vat_rate=vat)
    mirror(office)
    proposed = re.search(r"`(invoice_lines: \[.*?\])` in place of `credit`", conflict(office))
    assert proposed is not None
    file = office.root / "invoices" / "A-CREDIT.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("credit: all", proposed[1]), "utf-8")
    assert statuses(office.apply())["A-CREDIT"] == "done"
    assert row(office, "INV-1")["remaining_amount_with_tax"] == "0.0"


def test_no_line_is_proposed_for_several_rates(office: Office) -> None:
    office.define("INV-1", finalize=True, lines=line() + line("Books", "1", "50.00", "FR_55"))
    office.apply()
    by_hand(office, -1)
    mirror(office)
    assert "take back no more than that, delete this definition" in conflict(office)


def test_credited_by_a_definition_that_is_gone(office: Office) -> None:
    office.define("INV-1", finalize=True)
    credit(office, "OLD-CREDIT", quantity="-1")
    office.apply()
    (office.root / "invoices" / "OLD-CREDIT.yaml").unlink()
    credit(office)
    assert "of which 120.00 can be taken back" in conflict(office)


def test_what_is_paid_is_not_credited(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    paid(office)
    credit(office, quantity="-1")
    assert "is paid, or credited already" in conflict(office)


def test_what_this_run_marks_as_paid_is_not_credited(office: Office) -> None:
    office.define("INV-1", finalize=True, options="  mark_as_paid: true\n")
    credit(office)
    assert actions(office.plan()) == {"INV-1": "create_and_finalize", "A-CREDIT": "conflict"}
    way_out = office.plan().invoices[1].ways_out[0]
    assert "this run marks it as paid" in way_out
    assert way_out.endswith("or leave out its `mark_as_paid`")
    text = plan_text.render(office.plan().document())
    assert "invoice A-CREDIT cannot be created as its definition asks" in text
    assert statuses(office.apply()) == {"ACME": "done", "INV-1": "done", "A-CREDIT": "conflict"}
    assert "is paid, or credited already" in conflict(office)


def test_each_credit_note_counts_once(office: Office) -> None:
    office.define("INV-1", finalize=True)
    for number in (1, 2):
        credit(office, f"CREDIT-{number}", quantity="-1")
    assert set(statuses(office.apply()).values()) == {"done"}
    assert not office.plan().pending
    assert not office.plan().conflicts


def test_those_of_one_run_count_together(office: Office) -> None:
    """The invoice has no definition any more: only the plan knows what it comes to."""
    office.define("INV-1", finalize=True)
    office.apply()
    (office.root / "invoices" / "INV-1.yaml").unlink()
    credit(office, "CREDIT-1", quantity="-1.5")
    credit(office, "A-CREDIT", quantity="-1")
    planned = {change.external_reference: change for change in office.plan().invoices}
    assert planned["A-CREDIT"].action == "create_and_finalize"
    assert planned["CREDIT-1"].action == "conflict"
    assert "other credit notes of this run" in planned["CREDIT-1"].ways_out[0]


def test_no_more_than_was_charged_at_a_rate(office: Office) -> None:
    two = line() + line(label="Books", vat="FR_55")
    office.define("INV-1", finalize=True, lines=two)
    office.apply()
    (office.root / "invoices" / "INV-1.yaml").unlink()
    credit(office, quantity="-3")
    assert "charges 200.00 EUR before tax at FR_200" in conflict(office)


def test_a_discount_counts_where_the_account_does_not_show_it(office: Office) -> None:
    two = line() + line(label="Books", vat="FR_55")
    off = 'discount: {type: absolute, value: "40.00"}\n'
    office.define("INV-1", finalize=True, lines=two, more=off)
    office.apply()
    (office.root / "invoices" / "INV-1.yaml").unlink()
    credit(office)
    assert "charges 180.00 EUR before tax at FR_200" in conflict(office)


def test_an_invoice_named_by_its_id(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    by_hand(office)
    credit(office, of=f"{{id: {row(office, 'INV-1')['id']}}}")
    assert "of which 0.00 can be taken back" in conflict(office)


@pytest.mark.parametrize(("id_", "why"), [("42", "does not exist")])
def test_an_id_that_leads_nowhere(office: Office, id_: str, why: str) -> None:
    credit(office, of=f"{{id: {id_}}}")
    assert why in conflict(office)


def test_somebody_credits_between_draft_and_number(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    credit(office)

    def meanwhile(request: Any, handle: Any) -> Any:
        answer = handle(request)
        by_hand(office)
        return answer

    office.wire.faults = [Fault("POST", "customer_invoices", meanwhile)]
    report = office.apply()
    assert statuses(report)["A-CREDIT"] == "conflict"
    assert "0.00 remain" in by_reference(report)["A-CREDIT"].detail
    assert row(office, "A-CREDIT")["draft"]
    assert "of which 0.00 can be taken back" in conflict(office)


# --- credit notes that leave their lines to the invoice ---------------------------------------------------


def mirror(office: Office, credit: str = "all", *, reference: str = "A-CREDIT", of: str = "INV-1") -> None:
    """A credit note that says only which lines it takes back."""
    office.write(
        f"invoices/{reference}.yaml",
        f"external_reference: {reference}\ncredit_note_of: {of}\ncredit: {credit}\ncustomer: ACME\n"
        "date: 2025-10-02\ndeadline: 2025-10-31\noptions: {finalize: true}\n",
    )


MIXED = (
    line(quantity="3", price="33.33")
    + line(
        label="Books",
        quantity="2.5",
        price="7.654321",
        vat="FR_55",
        more='    discount: {type: relative, value: "12.5"}\n',
    )
    + line(label="Voucher", quantity="-1", price="9.99")
)
OFF = 'discount: {type: absolute, value: "5.55"}\n'


def forgotten(office: Office) -> None:
    """INV-1 is final, and only the account knows it."""
    office.define("INV-1", finalize=True, lines=MIXED, more=OFF)
    assert statuses(office.apply())["INV-1"] == "done"
    (office.root / "invoices" / "INV-1.yaml").unlink()


@pytest.mark.parametrize("rounding", ["line", "document"])
def test_all_of_an_invoice_that_is_defined(office: Office, rounding: Any) -> None:
    office.reopen(Rules(rounding=rounding))
    office.write("pennyform.yaml", f"version: 1\nenvironment: sandbox\nrounding: {rounding}\n")
    office.define("INV-1", finalize=True, lines=MIXED, more=OFF)
    mirror(office)
    assert set(statuses(office.apply()).values()) == {"done"}
    assert row(office, "INV-1")["remaining_amount_with_tax"] == "0.0"
    assert not office.plan().pending
    assert not office.verify().drift


def test_all_of_an_invoice_that_only_the_account_knows(office: Office) -> None:
    forgotten(office)
    mirror(office)
    assert statuses(office.apply())["A-CREDIT"] == "done"
    assert row(office, "INV-1")["remaining_amount_with_tax"] == "0.0"
    assert not office.plan().pending
    assert not office.verify().drift


def test_lines_of_an_invoice_that_only_the_account_knows(office: Office) -> None:
    forgotten(office)
    for number in (1, 2):
        mirror(office, "[{line: 2, quantity: 0.75}]", reference=f"CREDIT-{number}")
    ended = statuses(office.apply())
    assert {ended["CREDIT-1"], ended["CREDIT-2"]} == {"done"}
    mirror(office, reference="CREDIT-9")
    assert statuses(office.apply())["CREDIT-9"] == "done"
    assert row(office, "INV-1")["remaining_amount_with_tax"] == "0.0"
    assert not office.plan().pending


def test_a_line_that_the_account_does_not_have(office: Office) -> None:
    forgotten(office)
    mirror(office, "[{line: 9}]")
    assert "cannot be told" in conflict(office)


def test_all_of_what_was_credited_by_hand_is_a_conflict(office: Office) -> None:
    forgotten(office)
    by_hand(office, -1, raw_currency_unit_price="10.00")
    mirror(office)
    assert "can be taken back" in conflict(office)


def test_lines_by_the_id_of_an_invoice(office: Office) -> None:
    forgotten(office)
    mirror(office, of=f"{{id: {row(office, 'INV-1')['id']}}}")
    assert statuses(office.apply())["A-CREDIT"] == "done"
    assert row(office, "INV-1")["remaining_amount_with_tax"] == "0.0"


def test_the_lines_of_a_balance_invoice_wait_for_its_deposits(office: Office) -> None:
    office.define("DEP", finalize=True)
    office.define("INV-1", finalize=True, lines=line("Work", "1", "500.00"), more="deduct: [DEP]\n")
    mirror(office)
    assert "once that is final: run 'pennyform apply' again then" in office.plan().invoices[-1].ways_out[0]
    assert statuses(office.apply()) == {
        "ACME": "done",
        "DEP": "done",
        "INV-1": "done",
        "A-CREDIT": "conflict",
    }
    assert statuses(office.apply())["A-CREDIT"] == "done"
    assert row(office, "INV-1")["remaining_amount_with_tax"] == "0.0"


DAY = '  - {product: DAY, quantity: 2, ledger_account: "706000"}\n'
LATER = PRODUCT.replace("650.00", "660.00").replace("Consulting day", "Day").replace("FR_200", "FR_100")


def sold(office: Office) -> None:
    """INV-1 is final with what its product said; since then the product's price, label and VAT are others."""
    office.write("products/day.yaml", PRODUCT)
    office.define("INV-1", finalize=True, lines=DAY)
    assert statuses(office.apply())["INV-1"] == "done"
    office.write("products/day.yaml", LATER)


@pytest.mark.parametrize("credit", ["all", "[{line: 1}]", "[{line: 1, quantity: 2}]"])
def test_what_was_issued_is_taken_back_and_not_the_price_of_today(office: Office, credit: str) -> None:
    sold(office)
    mirror(office, credit)
    assert set(statuses(office.apply()).values()) <= {"done", "unchanged"}
    assert row(office, "A-CREDIT")["currency_amount"] == "-1560.0"
    assert row(office, "INV-1")["remaining_amount_with_tax"] == "0.0"
    assert not office.plan().pending


def test_a_draft_of_a_credit_note_follows_what_was_issued(office: Office) -> None:
    sold(office)
    mirror(office)
    text = (office.root / "invoices" / "A-CREDIT.yaml").read_text()
    office.write("invoices/A-CREDIT.yaml", text.replace("true", "false"))
    office.apply()
    assert row(office, "A-CREDIT")["currency_amount"] == "-1560.0"


def test_a_final_credit_note_stays_as_it_is_when_the_product_changes(office: Office) -> None:
    office.write("products/day.yaml", PRODUCT)
    office.define("INV-1", finalize=True, lines=DAY)
    mirror(office)
    assert set(statuses(office.apply()).values()) == {"done"}
    office.write("products/day.yaml", LATER)
    assert actions(office.plan()) == {"INV-1": "no_op", "A-CREDIT": "no_op"}
    office.apply()
    assert not office.verify().drift


def test_a_line_that_was_not_issued_cannot_be_taken_back(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    office.define("INV-1", finalize=True, lines=line() + line(label="Later"))
    mirror(office, "[{line: 2}]")
    assert "it has no such line" in conflict(office)


def test_what_was_issued_is_taken_back_after_its_definition_changed(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    office.define("INV-1", finalize=True, lines=line(price="10.00"))
    mirror(office)
    assert actions(office.plan()) == {"INV-1": "conflict", "A-CREDIT": "create_and_finalize"}
    office.apply()
    assert row(office, "INV-1")["remaining_amount_with_tax"] == "0.0"
