"""An invoice is issued to the card that was declared or planned, or it does not become final."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pennyform.engine.account.client import AccountClient
from pennyform.engine.applying import finalization
from pennyform.results.apply import Status

from .world import API, CUSTOMER, Fault, Handler, Office, by_reference, invoice, only, raw, read_all, statuses

NEW = {"address": "9 rue Neuve", "postal_code": "69001", "city": "Lyon", "country_alpha2": "FR"}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.close()


def customer_id(office: Office) -> int:
    return int(next(read_all(office.sandbox, "/customers"))["id"])


def change_card(office: Office, **fields: Any) -> None:
    """A person changes the card in the app."""
    with raw(office.sandbox) as caller:
        caller.put(f"{API}/company_customers/{customer_id(office)}", json=fields).raise_for_status()


def meanwhile(
    office: Office, method: str, path: str, act: Callable[[], object], *, after: bool = False
) -> None:
    """Do something just before, or just after, the first request that matches arrives."""

    def trick(request: httpx.Request, handle: Handler) -> httpx.Response:
        if not after:
            act()
        answer = handle(request)
        if after:
            act()
        return answer

    office.wire.faults.append(Fault(method, path, trick))


def issued_to(office: Office, reference: str) -> dict[str, Any]:
    """The card that stands on the invoice, read from the sandbox's database."""
    with office.sandbox._store.transaction(write=False) as connection:
        (body,) = connection.execute(
            "SELECT body FROM record WHERE kind = 'customer_invoice' AND reference = ?", (reference,)
        ).fetchone()
    card: dict[str, Any] = json.loads(body)["billed_to"]
    return card


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"billing_address": NEW}, "/customer/billing_address/address"),
        ({"name": "ACME Holding"}, "/customer/name"),
        ({"reg_no": "732829320"}, "/customer/reg_no"),
        ({"vat_number": "FR44732829320"}, "/customer/vat_number"),
        ({"recipient": "Purchasing"}, "/customer/recipient"),
    ],
)
def test_a_card_that_changes_after_the_draft_stops_the_invoice(
    office: Office, fields: dict[str, Any], pointer: str
) -> None:
    office.write(
        "customers/acme.yaml", CUSTOMER + 'reg_no: "552100554"\nvat_number: FR96552100554\nrecipient: Sales\n'
    )
    office.define("INV-1", finalize=True)
    meanwhile(office, "POST", "/customer_invoices", lambda: change_card(office, **fields), after=True)
    result = by_reference(office.apply())["INV-1"]
    assert result.status is Status.CONFLICT
    assert pointer in [difference.pointer for difference in result.differences]
    assert "did not become final" in result.detail
    assert only(office.books()["INV-1"])["draft"]

    # The next plan puts the card right, and the invoice is issued to it.
    assert statuses(office.apply()) == {"ACME": "done", "INV-1": "done"}
    card = issued_to(office, "INV-1")
    assert card["name"] == "ACME SAS"
    assert card["billing_address"]["city"] == "Paris"


def test_what_does_not_stand_on_an_invoice_does_not_stop_it(office: Office) -> None:
    office.define("INV-1", finalize=True)
    meanwhile(
        office, "POST", "/customer_invoices", lambda: change_card(office, notes="x", phone="1"), after=True
    )
    assert statuses(office.apply())["INV-1"] == "done"


def test_the_card_is_read_for_many_invoices_at_once(office: Office) -> None:
    for number in range(30):
        office.define(f"INV-{number:02}", finalize=True)
    office.apply()
    # By reference, those there are, before the first and after the last invoice.
    assert office.wire.count("GET", "/customers") == 4


@pytest.mark.parametrize(("seconds", "readings"), [(0.0, 1), (61.0, 3)])
def test_a_reading_holds_for_a_minute(office: Office, seconds: float, readings: int) -> None:
    for number in range(3):
        office.define(f"INV-{number}", finalize=True)

    def slow(request: httpx.Request, handle: Handler) -> httpx.Response:
        office.clock.seconds += seconds
        return handle(request)

    office.wire.faults.append(Fault("PUT", "/finalize", slow, times=99))
    office.apply()
    assert office.wire.count("GET", "/customers") == 3 + readings


def test_a_card_that_changes_too_late_is_reported(office: Office) -> None:
    office.define("INV-1", finalize=True)
    meanwhile(office, "PUT", "/finalize", lambda: change_card(office, name="ACME Holding"))
    result = by_reference(office.apply())["INV-1"]
    assert result.status is Status.DIFFERS
    assert "compare its PDF" in result.detail
    assert [difference.pointer for difference in result.differences] == ["/customer/name"]
    assert result.invoice_number
    assert issued_to(office, "INV-1")["name"] == "ACME Holding"


def test_the_others_are_issued_when_one_card_changed(office: Office) -> None:
    office.write("customers/other.yaml", CUSTOMER.replace("ACME", "OTHER"))
    office.define("INV-1", finalize=True)
    office.write("invoices/INV-2.yaml", invoice("INV-2", finalize=True).replace("ACME", "OTHER"))
    meanwhile(office, "POST", "/customer_invoices", lambda: _rename(office, "OTHER"), after=True)
    report = office.apply()
    assert statuses(report) == {"ACME": "done", "OTHER": "done", "INV-1": "done", "INV-2": "conflict"}
    assert not any(result.reading_failed for result in report.results)


def test_a_card_that_cannot_be_read_stops_the_invoice(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    office.define("INV-2", finalize=True)

    def lost(request: httpx.Request, handle: Handler) -> httpx.Response:
        if b"%22id%22" in request.url.query:
            return httpx.Response(503, text="try later")
        return handle(request)

    office.wire.faults.append(Fault("GET", "/customers", lost, times=99))
    result = by_reference(office.apply())["INV-2"]
    assert result.status is Status.FAILED
    assert "cannot be read" in result.detail
    assert result.reading_failed
    assert only(office.books()["INV-2"])["draft"]


def test_a_reading_that_lags_behind_is_repeated(office: Office) -> None:
    office.define("INV-1")
    office.apply()
    office.write("customers/acme.yaml", CUSTOMER.replace("1 rue", "2 rue"))
    office.define("INV-1", finalize=True)
    real, old = AccountClient.customers_by_id, office.remote().customers_by_id([customer_id(office)])
    readings = iter([old])

    def lagging(self: AccountClient, ids: Any) -> Any:
        now = real(self, ids)
        right = all("2 rue" in str(row.body.billing_address) for row in now.values())
        return next(readings, now) if right and "INV-1" in office.books() else now

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AccountClient, "customers_by_id", lagging)
        assert statuses(office.apply())["INV-1"] == "done"


def test_a_customer_that_is_only_named_is_issued_to_as_planned(office: Office) -> None:
    office.define("INV-0")
    office.apply()
    (office.root / "customers" / "acme.yaml").unlink()
    office.define("INV-1", finalize=True)
    office.write(
        "invoices/INV-2.yaml",
        invoice("INV-2", finalize=True).replace("ACME", f"{{id: {customer_id(office)}}}"),
    )
    meanwhile(
        office, "POST", "/customer_invoices", lambda: change_card(office, name="ACME Holding"), after=True
    )
    found = statuses(office.apply())
    assert (found["INV-1"], found["INV-2"]) == ("conflict", "conflict")
    # The next plan is about the new card.
    found = statuses(office.apply())
    assert (found["INV-1"], found["INV-2"]) == ("done", "done")
    assert issued_to(office, "INV-1")["name"] == "ACME Holding"


def test_without_the_check_it_would_be_issued_to_another_card(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finalization, "buyer_differences", lambda *_: ())
    office.define("INV-1", finalize=True)
    meanwhile(
        office, "POST", "/customer_invoices", lambda: change_card(office, name="ACME Holding"), after=True
    )
    assert statuses(office.apply())["INV-1"] == "done"
    assert issued_to(office, "INV-1")["name"] == "ACME Holding"


def _rename(office: Office, reference: str) -> None:
    with raw(office.sandbox) as caller:
        for row in read_all(office.sandbox, "/customers"):
            if row["external_reference"] == reference:
                path = f"{API}/company_customers/{row['id']}"
                caller.put(path, json={"name": "Renamed"}).raise_for_status()


# --- verify -----------------------------------------------------------------------------------------


def verdict(office: Office, reference: str = "INV-1") -> Any:
    return next(row for row in office.verify().document().invoices if row.external_reference == reference)


def test_verify_tells_when_the_card_is_not_the_declared_one(office: Office) -> None:
    office.define("INV-1")
    office.apply()
    change_card(office, billing_address=NEW)
    found = verdict(office)
    assert found.status == "differs"
    assert {row.pointer.rpartition("/")[0] for row in found.differences} == {"/customer/billing_address"}


def test_a_final_invoice_stays_right_when_its_buyer_moves_later(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    assert verdict(office).notes == ()
    change_card(office, billing_address=NEW)
    found = verdict(office)
    assert (found.status, found.differences) == ("equal", ())
    assert "changed since it was issued" in found.notes[0]

    # The declaration follows: nothing is wrong, and the invoice still has the old card.
    office.write(
        "customers/acme.yaml",
        CUSTOMER.replace("1 rue de la Paix", "9 rue Neuve")
        .replace("75002", "69001")
        .replace("Paris", "Lyon"),
    )
    found = verdict(office)
    assert (found.status, len(found.notes)) == ("equal", 1)


def test_without_a_journal_nobody_can_tell_what_it_was_issued_to(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    office.journal.unlink()
    assert verdict(office).status == "equal"
    change_card(office, name="ACME Holding")
    found = verdict(office)
    assert [row.pointer for row in found.differences] == ["/customer/name"]


def test_the_journal_forgets_the_card_of_an_invoice_that_may_have_another(office: Office) -> None:
    office.define("INV-1", finalize=True)
    meanwhile(office, "PUT", "/finalize", lambda: change_card(office, name="ACME Holding"))
    office.apply()
    assert [row.pointer for row in verdict(office).differences] == ["/customer/name"]
