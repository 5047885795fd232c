"""Credit notes: created, finalized and linked, after the invoices that they correct."""

from __future__ import annotations

from typing import Any

import pytest
from pennyform.cli.commands.apply import exit_of
from pennyform.cli.terminal import Exit

from .world import (
    API,
    Fault,
    Office,
    Trick,
    actions,
    answering,
    broken_after,
    by_reference,
    line,
    lost_after,
    lost_before,
    only,
    raw,
    statuses,
    unavailable_after,
    unavailable_before,
)

AMBIGUOUS = [lost_before, lost_after, broken_after, unavailable_before, unavailable_after]


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
    office.define("INV-1", finalize=True, options="  mark_as_paid: true\n")
    assert set(statuses(office.apply()).values()) == {"done"}
    assert row(office, "INV-1")["status"] == "cancelled"
    assert not office.plan().pending
    assert not office.verify().drift
