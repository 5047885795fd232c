"""A legal number of an import that the account has already: ours only where the journal says so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pennyform.engine.planning.numbering.booked_numbers import spellings_of

from tests.sandbox.test_e_invoices import cii, factur_x

from .test_e_invoices import IMPORTS, filed
from .test_imports import scanned
from .world import (
    API,
    Fault,
    Office,
    actions,
    by_reference,
    line,
    lost_after,
    lost_before,
    only,
    raw,
    read_all,
    statuses,
)


def booked(office: Office, number: str = "E-1", *, reference: str = "", compress: bool = False) -> int:
    """The id of an electronic invoice that somebody imported by hand, with a reference of its own or none.

    It says what the definition of :func:`filed` says; the bytes of the file differ.
    """
    file = factur_x(cii(number=number), compress=compress)
    customer = _customer(office)
    with raw(office.sandbox) as caller:
        sent = {"file": ("x.pdf", file, "application/pdf")}
        form = {"invoice_options": json.dumps({"customer_id": customer})}
        answer = caller.post(f"{API}/{IMPORTS}", files=sent, data=form)
        id_ = int(answer.raise_for_status().json()["id"])
        if reference:
            body = {"external_reference": reference}
            caller.put(f"{API}/customer_invoices/{id_}", json=body).raise_for_status()
    return id_


def _customer(office: Office) -> int:
    """The id of ACME, which the account has."""
    known = [
        row["id"] for row in read_all(office.sandbox, "/customers") if row["external_reference"] == "ACME"
    ]
    if known:
        return int(known[0])
    address = {"address": "1 rue de la Paix", "postal_code": "75002", "city": "Paris", "country_alpha2": "FR"}
    body = {"external_reference": "ACME", "name": "ACME SAS", "billing_address": address}
    with raw(office.sandbox) as caller:
        return int(caller.post(f"{API}/company_customers", json=body).raise_for_status().json()["id"])


def row_of(office: Office, id_: int) -> dict[str, Any]:
    rows = [row for rows in office.books().values() for row in rows if row["id"] == id_]
    # The address of its file is another one for each answer.
    return {name: value for name, value in only(rows).items() if name != "public_file_url"}


@pytest.mark.parametrize("reference", ["", "SOMEBODY-7"])
def test_what_somebody_else_booked_is_a_conflict_and_keeps_its_reference(
    office: Office, reference: str
) -> None:
    filed(office)
    id_ = booked(office, reference=reference)
    before = row_of(office, id_)
    made = office.plan()
    assert actions(made)["E-1"] == "conflict"
    (change,) = [change for change in made.invoices if change.external_reference == "E-1"]
    assert f"(id {id_})" in change.ways_out[0]
    assert statuses(office.apply())["E-1"] == "conflict"
    assert row_of(office, id_) == before
    assert office.verify().drift


def test_among_many_it_is_one_conflict(office: Office) -> None:
    """Found in the pages of its date, where every row is compared with every number."""
    for number in range(30):
        filed(office, f"E-{number}", f"N-{number}", name=f"{number}.pdf")
    id_ = booked(office, "N-7", reference="SOMEBODY-7")
    planned = actions(office.plan())
    assert {name for name, action in planned.items() if action == "conflict"} == {"E-7"}
    office.apply()
    assert row_of(office, id_)["external_reference"] == "SOMEBODY-7"


def test_our_own_import_whose_answer_was_lost_is_ours(office: Office) -> None:
    """The run ends before it can find out; the journal has the intent, and the next run takes it up."""
    filed(office)
    office.wire.faults = [
        Fault("POST", IMPORTS, lost_after),
        Fault("GET", "customer_invoices", lost_before, times=99, skip=2),
    ]
    assert statuses(office.apply())["E-1"] == "unknown"
    office.wire.faults = []
    assert actions(office.plan()) == {"E-1": "update"}
    assert statuses(office.apply())["E-1"] == "done", by_reference(office.apply())["E-1"]
    only(office.books()["E-1"])
    assert office.wire.done(IMPORTS) == 1


def test_a_damaged_journal_proves_nothing(office: Office) -> None:
    """Everything is looked up then, and a number alone makes no invoice ours."""
    office.define("INV-1")
    office.apply()
    office.journal.write_bytes(b"?" + office.journal.read_bytes()[1:])
    filed(office)
    id_ = booked(office, reference="SOMEBODY-7")
    assert statuses(office.apply(repair=True))["E-1"] == "conflict"
    assert row_of(office, id_)["external_reference"] == "SOMEBODY-7"


@pytest.mark.parametrize("number", ["e-1", "E\u20111", "\uff25-1", "e\u20111"])
def test_a_number_that_looks_alike_is_a_conflict(office: Office, number: str) -> None:
    """The account has it as plain text; the definition writes it in what looks the same."""
    scanned(office)
    path = office.root / "invoices" / "OLD-1.yaml"
    path.write_text(path.read_text().replace("number: 2019-001", f'number: "{number}"'), encoding="utf-8")
    id_ = booked(office)
    made = office.plan()
    (change,) = [change for change in made.invoices if change.external_reference == "OLD-1"]
    assert str(change.action) == "conflict"
    assert f"(id {id_})" in change.ways_out[0]
    assert "looks like E-1" in change.ways_out[0]


@pytest.mark.parametrize("in_account", ["E-01", "E-0001"])
def test_other_zeros_in_front_are_a_warning(office: Office, in_account: str) -> None:
    """They may be two documents; nobody could go on if that were a conflict."""
    scanned(office)
    path = office.root / "invoices" / "OLD-1.yaml"
    path.write_text(path.read_text().replace("number: 2019-001", "number: E-1"))
    booked(office, in_account)
    (change,) = [change for change in office.plan().invoices if change.external_reference == "OLD-1"]
    assert str(change.action) == "import"
    assert f"differs only in leading zeros from {in_account}" in change.warnings[0]


def test_another_number_is_another_number(office: Office) -> None:
    scanned(office)
    for number in ("2019-0010", "12019-001", "2019001", "2019-101"):
        booked(office, number)
    (change,) = [change for change in office.plan().invoices if change.external_reference == "OLD-1"]
    assert (str(change.action), change.warnings) == ("import", ())


def test_spellings_are_few_and_hold_the_number_itself() -> None:
    for number in ("F-2026-001", "2019/7", "\uff26\u20112026 001", "\xe9-1", "0", "000"):
        spellings = spellings_of(number)
        assert number in spellings
        assert len(spellings) <= 10
    assert spellings_of("2019-001") == (
        "2019-000001",
        "2019-00001",
        "2019-0001",
        "2019-001",
        "2019-01",
        "2019-1",
    )


# --- final invoices under another reference ---------------------------------------------------------------


def renamed(office: Office, reference: str, to: str) -> None:
    id_ = only(office.books()[reference])["id"]
    with raw(office.sandbox) as caller:
        body = {"external_reference": to}
        caller.put(f"{API}/customer_invoices/{id_}", json=body).raise_for_status()


@pytest.mark.parametrize("more", ["", "deduct: [INV-1]\n"])
def test_a_final_invoice_that_somebody_renamed_is_not_issued_again(office: Office, more: str) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    number = only(office.books()["INV-1"])["invoice_number"]
    renamed(office, "INV-1", "OTHER")
    office.define("INV-2", finalize=True, lines=line("Work", "1", "500.00"), more=more)
    conflict = next(change for change in office.plan().invoices if change.external_reference == "INV-1")
    assert conflict.ways_out[0].startswith(f"it was issued as {number}, which has the reference OTHER")
    assert statuses(office.apply())["INV-2"] == ("conflict" if more else "done")
    assert "INV-1" not in office.books()
    renamed(office, "OTHER", "INV-1")
    office.apply()
    assert not office.plan().pending
    assert len(office.books()) == 2


def test_a_renamed_invoice_may_be_named_anew_here(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    renamed(office, "INV-1", "OTHER")
    (office.root / "invoices" / "INV-1.yaml").unlink()
    office.define("OTHER", finalize=True)
    assert actions(office.plan()) == {"OTHER": "no_op"}


def test_an_id_of_another_invoice_is_no_renamed_invoice(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    renamed(office, "INV-1", "OTHER")
    office.define("INV-1", finalize=True, lines=line("Work", "1", "500.00"))
    assert actions(office.plan()) == {"INV-1": "create_and_finalize"}
