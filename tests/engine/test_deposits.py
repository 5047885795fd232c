"""Deposits: finalized, taken off by a balance invoice that prints their numbers, once and to the cent."""

from __future__ import annotations

import html
import re
import shutil
from decimal import Decimal
from typing import Any

import pytest
from pennyform import data
from pennyform.cli import main
from pennyform.engine.account.errors import RefusedError
from pennyform.invoices.model import NumberOf, PendingText
from pennyform.sandbox import Rules

from .world import (
    AMBIGUOUS,
    API,
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

# 3 x 0.33 at 20 % are taxed 0.07 each, 0.99 is taxed 0.20: one line cannot take that off.
DEPOSIT = (
    line("Deposit", "1", "300.00") + 3 * line("Deposit", "1", "0.33") + line("Books", "1", "50", "FR_55")
)
WORK = line("Work", "1", "1000.00") + line("Books", "1", "100.00", "FR_55")
FULL_PRICE = Decimal("1305.50")


def deposit(office: Office, reference: str = "Z-DEP", lines: str = DEPOSIT, more: str = "") -> None:
    """A deposit invoice; its reference comes after that of the balance, in the alphabet."""
    office.define(reference, finalize=True, lines=lines, more=more)


def balance(
    office: Office, *deposits: str, reference: str = "BAL", more: str = "", date: str = "2025-10-01"
) -> None:
    more = f"{more}language: en_GB\ndeduct: [{', '.join(deposits or ('Z-DEP',))}]\n"
    office.define(reference, finalize=True, lines=WORK, more=more, date=date)


def row(office: Office, reference: str) -> dict[str, Any]:
    return only(office.books()[reference])


def lines_of(office: Office, reference: str) -> list[dict[str, Any]]:
    path = f"{API}/customer_invoices/{row(office, reference)['id']}/invoice_lines"
    with raw(office.sandbox) as caller:
        rows: list[dict[str, Any]] = caller.get(path, params={"sort": "rank"}).json()["items"]
        return rows


def amount(office: Office, reference: str) -> Decimal:
    return Decimal(row(office, reference)["currency_amount"])


def test_the_life_of_a_deposit_and_its_balance_in_one_run(office: Office) -> None:
    deposit(office)
    balance(office)
    planned = office.plan()
    assert [change.external_reference for change in planned.invoices] == ["Z-DEP", "BAL"]
    assert planned.invoices[1].depends_on == ("Z-DEP",)
    deductions = planned.document().changes[2].after["invoice_lines"][2:]
    assert {entry["label"] for entry in deductions} == {
        f"Deposit: invoice {NumberOf('Z-DEP').placeholder} of 1 October 2025"
    }
    assert set(statuses(office.apply()).values()) == {"done"}
    number = row(office, "Z-DEP")["invoice_number"]
    assert number
    taken = [entry for entry in lines_of(office, "BAL") if Decimal(entry["currency_amount"]) < 0]
    assert {entry["label"] for entry in taken} == {f"Deposit: invoice {number} of 1 October 2025"}
    assert amount(office, "Z-DEP") + amount(office, "BAL") == FULL_PRICE
    assert not office.plan().pending
    assert not office.verify().drift


@pytest.mark.parametrize("rounding", ["line", "document"])
def test_deposits_that_were_final_before(office: Office, rounding: str) -> None:
    office.reopen(Rules(rounding=rounding))
    office.write("pennyform.yaml", f"version: 1\nenvironment: sandbox\nrounding: {rounding}\n")
    deposit(office)
    office.apply()
    deposit(office, "Y-DEP", line("Deposit", "1", "100.00"))
    balance(office, "Z-DEP", "Y-DEP")
    assert actions(office.plan()) == {
        "Z-DEP": "no_op",
        "Y-DEP": "create_and_finalize",
        "BAL": "create_and_finalize",
    }
    assert statuses(office.apply())["BAL"] == "done"
    total = sum((amount(office, name) for name in ("Z-DEP", "Y-DEP", "BAL")), Decimal(0))
    assert total == FULL_PRICE
    assert not office.plan().pending
    assert not office.verify().drift


@pytest.mark.parametrize("path", ["customer_invoices", "finalize"])
@pytest.mark.parametrize("trick", AMBIGUOUS)
def test_lost_answers_change_nothing(office: Office, path: str, trick: Trick) -> None:
    deposit(office)
    balance(office)
    office.wire.faults = [Fault("POST|PUT", path, trick)]
    office.apply()
    office.apply()
    assert office.wire.done("finalize") == 2
    number = row(office, "Z-DEP")["invoice_number"]
    assert number in lines_of(office, "BAL")[2]["label"]
    assert amount(office, "Z-DEP") + amount(office, "BAL") == FULL_PRICE
    assert not office.plan().pending


def test_a_deposit_that_fails_holds_its_balance_back(office: Office) -> None:
    deposit(office)
    balance(office)
    office.wire.faults = [Fault("PUT", "finalize", answering(422, {"error": "no", "status": 422}))]
    report = by_reference(office.apply())
    assert report["Z-DEP"].status == "failed"
    assert report["BAL"].status == "failed"
    assert report["BAL"].detail == "Z-DEP, which must be final before it, did not become final"
    assert "BAL" not in office.books()
    office.wire.faults = []
    after = statuses(office.apply())
    assert (after["Z-DEP"], after["BAL"]) == ("done", "done")


@pytest.mark.parametrize("writes", range(1, 6))
def test_a_run_that_is_stopped_goes_on_with_the_number(office: Office, writes: int) -> None:
    deposit(office)
    balance(office)
    office.stop_after = writes
    office.apply()
    office.stop_after = None
    office.apply()
    assert row(office, "Z-DEP")["invoice_number"] in lines_of(office, "BAL")[2]["label"]
    assert office.wire.done("finalize") == 2


def test_a_draft_of_the_balance_gets_its_deposit_later(office: Office) -> None:
    office.define("BAL", lines=WORK)
    office.apply()
    deposit(office)
    balance(office)
    assert actions(office.plan())["BAL"] == "update_and_finalize"
    assert statuses(office.apply())["BAL"] == "done"
    assert amount(office, "Z-DEP") + amount(office, "BAL") == FULL_PRICE


@pytest.mark.parametrize("named", ["DEP", "{invoice_number: %s}"])
def test_a_deposit_that_only_the_account_knows(office: Office, named: str) -> None:
    deposit(office, "DEP")
    office.apply()
    (office.root / "invoices" / "DEP.yaml").unlink()
    named = named.replace("%s", row(office, "DEP")["invoice_number"])
    balance(office, named, more='expect: {currency_amount: "891.55"}\n')
    assert statuses(office.apply())["BAL"] == "done"
    assert amount(office, "BAL") == Decimal("891.55")
    assert amount(office, "DEP") + amount(office, "BAL") == FULL_PRICE
    assert not office.plan().pending
    assert not office.verify().drift


def credit_note(office: Office, quantity: str, reference: str = "CN", of: str = "Z-DEP") -> None:
    office.define(
        reference, finalize=True, lines=line("Deposit", quantity, "300.00"), more=f"credit_note_of: {of}\n"
    )


def test_what_was_credited_is_not_taken_off(office: Office) -> None:
    deposit(office)
    credit_note(office, "-0.5")
    balance(office)
    office.apply()
    total = sum((amount(office, name) for name in ("Z-DEP", "CN", "BAL")), Decimal(0))
    assert total == FULL_PRICE
    assert not office.plan().pending


def test_a_credit_note_of_which_only_the_account_knows(office: Office) -> None:
    deposit(office)
    credit_note(office, "-0.5")
    office.apply()
    (office.root / "invoices" / "CN.yaml").unlink()
    balance(office)
    assert statuses(office.apply())["BAL"] == "done"
    total = sum((amount(office, name) for name in ("Z-DEP", "CN", "BAL")), Decimal(0))
    assert total == FULL_PRICE
    assert not office.plan().pending
    assert not office.verify().drift


def way_out(office: Office, reference: str = "BAL") -> str:
    change = next(change for change in office.plan().invoices if change.external_reference == reference)
    assert change.action == "conflict"
    assert statuses(office.apply())[reference] == "conflict"
    return change.ways_out[0]


def test_a_deposit_that_stays_a_draft_is_a_conflict(office: Office) -> None:
    office.define("Z-DEP", lines=DEPOSIT)
    balance(office)
    assert "Z-DEP is not final, and only a final deposit can be taken off" in way_out(office)


def test_a_deposit_of_another_customer_is_a_conflict(office: Office) -> None:
    deposit(office)
    office.apply()
    (office.root / "invoices" / "Z-DEP.yaml").unlink()
    customer = (office.root / "customers" / "acme.yaml").read_text(encoding="utf-8")
    office.write("customers/other.yaml", customer.replace("ACME", "OTHER"))
    balance(office)
    file = office.root / "invoices" / "BAL.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("customer: ACME", "customer: OTHER"), "utf-8")
    assert "is for another customer" in way_out(office)


def test_a_deposit_that_was_taken_off_already_is_a_conflict(office: Office) -> None:
    deposit(office)
    balance(office)
    office.apply()
    (office.root / "invoices" / "BAL.yaml").unlink()
    balance(office, reference="BAL-2")
    number = row(office, "BAL")["invoice_number"]
    fix = "take it out of `deduct`, or make a credit note of all of that invoice final first"
    assert way_out(office, "BAL-2") == f"{number} takes off Z-DEP already: {fix}"


@pytest.mark.parametrize("finalize", [True, False])
def test_two_names_of_one_deposit_are_taken_off_once(office: Office, finalize: bool) -> None:
    deposit(office)
    office.apply()
    number = row(office, "Z-DEP")["invoice_number"]
    balance(office, "Z-DEP", reference="BAL-1")
    more = f"deduct: [{{invoice_number: {number}}}]\n"
    office.define("BAL-2", finalize=finalize, lines=WORK, more=more, date="2025-10-02")
    assert way_out(office, "BAL-2").startswith("BAL-1 takes off " + number)
    assert "BAL-2" not in office.books()
    assert way_out(office, "BAL-2").startswith(row(office, "BAL-1")["invoice_number"])


def test_two_names_of_one_deposit_in_one_invoice(office: Office) -> None:
    deposit(office)
    office.apply()
    number = row(office, "Z-DEP")["invoice_number"]
    balance(office, "Z-DEP", f"{{invoice_number: {number}}}")
    assert way_out(office) == f"Z-DEP and {number} are one deposit: take one of them out of `deduct`"


@pytest.mark.parametrize("defined", [True, False])
def test_a_balance_that_was_credited_in_full_gives_its_deposit_free(office: Office, defined: bool) -> None:
    deposit(office)
    balance(office)
    office.apply()
    (office.root / "invoices" / "BAL.yaml").rename(office.root / "BAL.kept")
    balance(office, reference="BAL-2", date="2025-10-03")
    assert "takes off Z-DEP already" in way_out(office, "BAL-2")
    if defined:
        (office.root / "BAL.kept").rename(office.root / "invoices" / "BAL.yaml")
    office.write(
        "invoices/CN.yaml",
        "external_reference: CN\ncredit_note_of: BAL\ncredit: all\ncustomer: ACME\ndate: 2025-10-02\n"
        "deadline: 2025-10-02\noptions: {finalize: true}\n",
    )
    assert statuses(office.apply())["BAL-2"] == "conflict"
    assert statuses(office.apply())["BAL-2"] == "done"
    assert amount(office, "BAL") + amount(office, "CN") == 0
    assert amount(office, "Z-DEP") + amount(office, "BAL-2") == FULL_PRICE
    assert not office.plan().pending


def test_a_balance_that_was_credited_in_part_keeps_its_deposit(office: Office) -> None:
    deposit(office)
    balance(office)
    office.define("CN", finalize=True, lines=line("Work", "-0.1", "1000.00"), more="credit_note_of: BAL\n")
    office.apply()
    for name in ("BAL", "CN"):
        (office.root / "invoices" / f"{name}.yaml").unlink()
    balance(office, reference="BAL-2")
    assert "takes off Z-DEP already" in way_out(office, "BAL-2")


@pytest.mark.parametrize("quantity", ["-1", "-0.5"])
def test_a_credit_note_after_the_date_of_the_balance(office: Office, quantity: str) -> None:
    deposit(office, lines=line("Deposit", "1", "300.00"))
    office.define(
        "CN",
        finalize=True,
        lines=line("Deposit", quantity, "300.00"),
        more="credit_note_of: Z-DEP\n",
        date="2025-10-20",
    )
    office.apply()
    for name in ("Z-DEP", "CN"):
        (office.root / "invoices" / f"{name}.yaml").unlink()
    balance(office, date="2025-10-10")
    fix = "date this invoice 2025-10-20 or later, so that only the rest is taken off"
    assert way_out(office).endswith(fix)
    balance(office, date="2025-10-20")
    if quantity == "-1":
        assert "nothing is left of `Z-DEP`" in way_out(office)
        return
    assert statuses(office.apply())["BAL"] == "done"
    total = sum((amount(office, name) for name in ("Z-DEP", "CN", "BAL")), Decimal(0))
    assert total == FULL_PRICE


def test_a_deposit_that_is_all_credited_is_a_conflict(office: Office) -> None:
    deposit(office, lines=line("Deposit", "1", "300.00"))
    credit_note(office, "-1")
    office.apply()
    for name in ("Z-DEP", "CN"):
        (office.root / "invoices" / f"{name}.yaml").unlink()
    balance(office)
    assert "nothing is left of `Z-DEP`" in way_out(office)


def test_a_deposit_that_was_issued_otherwise_is_a_conflict(office: Office) -> None:
    deposit(office)
    office.apply()
    deposit(office, lines=line("Deposit", "1", "200.00"))
    balance(office)
    assert way_out(office) == "Z-DEP cannot be carried out either: settle that first"


def test_a_number_in_text_orders_the_run(office: Office) -> None:
    office.define("INV-1", finalize=True, more="pdf_invoice_subject: \"After {{ number('INV-2') }}\"\n")
    office.define("INV-2", finalize=True)
    assert [change.external_reference for change in office.plan().invoices] == ["INV-2", "INV-1"]
    office.apply()
    number = row(office, "INV-2")["invoice_number"]
    assert row(office, "INV-1")["pdf_invoice_subject"] == f"After {number}"
    assert not office.plan().pending
    assert not office.verify().drift


def test_the_number_of_a_draft_is_a_conflict(office: Office) -> None:
    office.define("INV-1", more="special_mention: \"{{ number('INV-2') }}\"\n")
    office.define("INV-2")
    assert "INV-2 is not final and has no number, which the invoice prints" in way_out(office, "INV-1")


def test_a_placeholder_is_never_sent(office: Office) -> None:
    account, sent = office.remote(), len(office.wire.sent)
    label = PendingText(["Deposit ", NumberOf("DEP-1")])
    body = {"invoice_lines": [{"label": label}], "draft": True}
    with pytest.raises(RefusedError, match="the number of DEP-1 is not known yet"):
        account.create_draft(body)
    with pytest.raises(RefusedError, match="the number of DEP-1 is not known yet"):
        account.update_draft(1, {"invoice_lines": {"create": [{"label": label}]}})
    with pytest.raises(RefusedError, match="the number of DEP-1 is not known yet"):
        account.update_finalized(1, {"label": label})
    assert len(office.wire.sent) == sent


def test_the_example_comes_to_the_full_price(office: Office) -> None:
    shutil.copytree(data.examples() / "deposits", office.root, dirs_exist_ok=True)
    assert set(statuses(office.apply()).values()) == {"done"}
    references = ("DEP-2026-1", "DEP-2026-2", "CN-2026-1", "BAL-2026-1")
    assert sum((amount(office, name) for name in references), Decimal(0)) == Decimal("1192.75")
    numbers = [row(office, name)["invoice_number"] for name in references[:2]]
    labels = [entry["label"] for entry in lines_of(office, "BAL-2026-1")[2:]]
    assert [any(number in label for label in labels) for number in numbers] == [True, True]
    assert not office.plan().pending
    assert not office.verify().drift


PRODUCT = """\
external_reference: DAY
label: Day
price_before_tax: "100.00"
unit: day
vat_rate: FR_200
"""


@pytest.mark.parametrize(
    ("issued", "today"), [("", "goods"), ("", "services"), ("services", "goods"), ("goods", "")]
)
def test_a_final_balance_stays_what_it_is_whatever_its_deposits_are_for_today(
    office: Office, issued: str, today: str
) -> None:
    """As for balances that pennyform 0.2 issued, which said neither goods nor services."""

    def declare(substance: str) -> None:
        more = f"substance: {substance}\n" if substance else ""
        office.write("products/day.yaml", f"{PRODUCT}{more}")

    declare(issued)
    deposit(office, lines="  - {product: DAY, quantity: 1}\n")
    balance(office)
    office.apply()
    assert row(office, "BAL")["invoice_number"]
    declare(today)
    office.apply()
    assert {actions(office.plan())[name] for name in ("Z-DEP", "BAL")} == {"no_op"}
    assert not office.verify().drift
    assert [entry["substance"] for entry in lines_of(office, "BAL")[2:]] == [issued or None]


def test_a_cent_that_stays_open_is_said_in_the_plan(office: Office) -> None:
    office.reopen(Rules(rounding="document"))
    office.write("pennyform.yaml", "version: 1\nenvironment: sandbox\nrounding: document\n")
    deposit(office, "DEP", line("Deposit", "1", "0.03"))
    office.apply()
    (office.root / "invoices" / "DEP.yaml").unlink()
    office.define("BAL", finalize=True, lines=line("Work", "1", "0.06"), more="deduct: [DEP]\n")
    (change,) = office.plan().invoices
    (warning,) = change.warnings
    assert warning.startswith("deposits and balance come to +0.01 EUR of tax at FR_200 beyond the full price")


def test_render_plan_and_page_say_the_same(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    deposit(office)
    balance(office)
    assert main(["render", str(office.root)]) == 0
    rendered = capsys.readouterr().out
    assert main(["plan", str(office.root), "--format", "html"]) == 0
    page = html.unescape(capsys.readouterr().out)
    # The balance is in English: `-€1,000.00`.
    shown = re.sub("[€,]", "", page)
    planned = office.plan().document().changes[2]
    amounts = [entry.currency_amount_before_tax for entry in planned.totals.lines]
    assert sum(map(Decimal, amounts[2:])) == Decimal("-350.99")
    for text in (*amounts, planned.totals.currency_amount):
        assert text in rendered
        assert f">{text}<" in shown
    label = f"Deposit: invoice {NumberOf('Z-DEP').placeholder} of 1 October 2025"
    assert label in rendered
    assert label in page
