"""What became final is always shown with its number and its money, whatever became of the rest."""

from __future__ import annotations

import json

import pytest
from pennyform.report.apply import render
from pennyform.results.documents import json_data
from pennyform.sandbox import Rules

from .test_cli import Shell, shell
from .world import Fault, Office, answering, line, lost_after, lost_before, only, statuses

__all__ = ["shell"]
DENIED = answering(401, {"error": "no", "status": 401})
MAIL = "  send_by_email: {recipients: [a@example.org]}\n"


def number_of(office: Office, reference: str = "INV-1") -> str:
    number: str = only(office.books()[reference])["invoice_number"]
    return number


def test_waiting_for_a_pdf(office: Office) -> None:
    office.reopen(Rules(pdf_seconds=3600.0))
    office.define("INV-1", finalize=True, options=MAIL)
    report = office.apply()
    assert statuses(report)["INV-1"] == "waiting"
    text = render(report.document())
    id_ = only(office.books()["INV-1"])["id"]
    assert f"  - invoice INV-1  final as {number_of(office)}, 240.00 EUR (id {id_})\n" in text
    assert "      waiting for its PDF; left: " in text
    assert "\nBecame final: 1 invoice, 240.00 EUR.\n" in text
    data = json_data(report.document())
    assert data["final"] == [{"currency": "EUR", "invoices": 1, "currency_amount": "240.00"}]
    row = data["results"][-1]
    assert (row["became_final"], row["currency"], row["currency_amount"]) == (True, "EUR", "240.00")
    assert row["invoice_number"] == number_of(office)


@pytest.mark.parametrize("status", [422, 403])
def test_a_task_that_failed(office: Office, status: int) -> None:
    office.define("INV-1", finalize=True, options="  mark_as_paid: true\n")
    office.wire.faults = [
        Fault("PUT|POST", "mark_as_paid", answering(status, {"error": "no", "status": status}), times=9)
    ]
    report = office.apply()
    assert statuses(report)["INV-1"] == "failed"
    text = render(report.document())
    assert f"  x invoice INV-1  final as {number_of(office)}, 240.00 EUR (id " in text
    assert "\n      failed; left: mark it as paid\n" in text
    assert "\nBecame final: 1 invoice, 240.00 EUR.\n" in text


def test_interrupted_right_after_it_became_final(office: Office) -> None:
    for number in (1, 2):
        office.define(f"INV-{number}", finalize=True)
    # The customer, two drafts, one finalized.
    office.stop_after = 4
    report = office.apply().document()
    assert report.interrupted
    assert f"final as {number_of(office)}, 240.00 EUR" in render(report)
    assert [
        (row.external_reference, row.became_final) for row in report.results if row.kind == "invoice"
    ] == [
        ("INV-1", True),
        ("INV-2", False),
    ]
    assert report.final[0].invoices == 1


def test_a_number_that_could_not_be_read_is_said(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.wire.faults = [Fault("GET", "customer_invoices", DENIED, times=99, skip=3)]
    report = office.apply()
    assert not only(office.books()["INV-1"])["draft"]
    text = render(report.document())
    assert "? invoice INV-1  final, its number was not read, 240.00 EUR (id " in text
    assert "\nBecame final: 1 invoice, 240.00 EUR.\n" in text


def test_a_lost_answer_counts_once_it_is_known(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.wire.faults = [Fault("PUT", "finalize", lost_after)]
    text = render(office.apply().document())
    assert f"  ✓ invoice INV-1  final as {number_of(office)}, 240.00 EUR, verified (id " in text


def test_a_finalization_of_which_nothing_is_known_is_not_counted(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.wire.faults = [Fault("PUT", "finalize", lost_before, times=99)]
    report = office.apply().document()
    assert report.final == ()
    assert "? invoice INV-1  outcome unknown (id " in render(report)


def test_sums_are_by_currency_and_credit_notes_count(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.define("INV-2", finalize=True, lines=line(price="0.10", quantity="1"))
    office.define("NOTE", finalize=True, lines=line(quantity="-1"), more="credit_note_of: INV-1\n")
    office.define("USD", finalize=True, lines=line(vat="extracom"), more="currency: USD\n")
    office.define("DRAFT")
    text = render(office.apply().document())
    assert "\nBecame final: 3 invoices, 120.12 EUR; 1 invoice, 200.00 USD.\n" in text


def test_what_was_final_before_is_not_counted_again(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    office.define("INV-1", finalize=True, more="label: Advice\n", options="  mark_as_paid: true\n")
    report = office.apply().document()
    assert report.final == ()
    assert "Became final" not in render(report)
    assert f"  ✓ invoice INV-1  final as {number_of(office)}, 240.00 EUR, verified (id " in render(report)


def test_what_waits_again_says_number_and_money_again(shell: Shell) -> None:
    path = shell.root / "invoices" / "INV-2.yaml"
    path.write_text(path.read_text() + MAIL)
    shell("apply", "--auto-approve", "--wait", "0")
    assert shell("apply", "--auto-approve", "--wait", "0") == 75
    assert "- invoice INV-2  final as F-2025-0001, 2340.00 EUR; waiting for its PDF (id " in shell.out
    assert "Became final" not in shell.out
    assert shell("apply", "--auto-approve", "--wait", "0", "--format", "json") == 75
    results = json.loads(shell.out)["results"]
    (result,) = [row for row in results if row["external_reference"] == "INV-2"]
    assert (result["became_final"], result["currency_amount"]) == (False, "2340.00")


def test_apply_without_waiting_says_the_number(shell: Shell) -> None:
    path = shell.root / "invoices" / "INV-2.yaml"
    path.write_text(path.read_text() + MAIL)
    assert shell("apply", "--auto-approve", "--wait", "0") == 75
    assert "- invoice INV-2  final as F-2025-0001, 2340.00 EUR (id " in shell.out
    assert all(len(text) <= 80 for text in shell.out.splitlines() if "2340.00 EUR" in text)
    assert "Became final: 1 invoice, 2340.00 EUR.\n" in shell.out


def test_apply_without_waiting_says_the_number_in_json(shell: Shell) -> None:
    path = shell.root / "invoices" / "INV-2.yaml"
    path.write_text(path.read_text() + MAIL)
    assert shell("apply", "--auto-approve", "--wait", "0", "--format", "json") == 75
    final = [row for row in json.loads(shell.out)["results"] if row["became_final"]]
    assert [(row["invoice_number"], row["currency_amount"], row["status"]) for row in final] == [
        ("F-2025-0001", "2340.00", "waiting")
    ]
