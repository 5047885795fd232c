"""Invoices that were issued elsewhere: imported once, with their file, final from the start."""

from __future__ import annotations

import httpx
import pytest
from pennyform.cli.commands.account.apply import exit_of
from pennyform.cli.terminal import Exit
from pennyform.results.documents import json_data
from pennyform.sandbox import Rules

from .world import (
    AMBIGUOUS,
    Fault,
    Handler,
    Office,
    Trick,
    actions,
    by_reference,
    only,
    statuses,
)

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def scanned(office: Office, reference: str = "OLD-1", *, total: str = "240.00", more: str = "") -> None:
    office.write(
        f"invoices/{reference}.yaml",
        f"external_reference: {reference}\nfile: {reference}.pdf\ncustomer: ACME\ninvoice_number: 2019-001\n"
        "date: 2019-10-01\ndeadline: 2019-10-31\n"
        f'currency_amount_before_tax: "200.00"\ncurrency_tax: "40.00"\ncurrency_amount: "{total}"\n'
        'invoice_lines:\n  - label: Consulting\n    quantity: 2\n    raw_currency_unit_price: "100.00"\n'
        '    unit: hour\n    vat_rate: FR_200\n    currency_amount: "240.00"\n    currency_tax: "40.00"\n'
        + more,
    )
    (office.root / "invoices" / f"{reference}.pdf").write_bytes(PDF + reference.encode())


def test_it_is_imported_once_and_verified(office: Office) -> None:
    scanned(office)
    planned = office.plan()
    change = json_data(planned.document())["changes"][1]
    assert (change["action"], change["irreversible"]) == ("import", True)
    assert change["steps"] == ["upload_file", "import", "read_back"]
    assert planned.document().money.changing[0].currency_amount == "240.00"
    report = office.apply()
    assert statuses(report)["OLD-1"] == "done", by_reference(report)["OLD-1"]
    row = only(office.books()["OLD-1"])
    assert (row["draft"], row["invoice_number"], row["currency_amount"]) == (False, "2019-001", "240.0")
    assert not office.plan().pending
    assert not office.verify().drift
    assert office.wire.done("import") == office.wire.done("file_attachments") == 1


@pytest.mark.parametrize("trick", AMBIGUOUS)
@pytest.mark.parametrize("path", ["file_attachments", "customer_invoices/import"])
def test_an_ambiguous_import_ends_in_exactly_one_invoice(office: Office, trick: Trick, path: str) -> None:
    scanned(office)
    office.wire.faults = [Fault("POST", path, trick)]
    report = office.apply()
    assert statuses(report)["OLD-1"] == "done", by_reference(report)["OLD-1"].detail
    only(office.books()["OLD-1"])
    assert office.wire.done("customer_invoices/import") == 1


def test_an_import_that_differs_is_a_conflict(office: Office) -> None:
    scanned(office)
    office.apply()
    definition = office.root / "invoices" / "OLD-1.yaml"
    definition.write_text(definition.read_text().replace("2019-10-31", "2019-11-30"))
    made = office.plan()
    assert actions(made) == {"OLD-1": "conflict"}
    assert "correct it in Pennylane" in made.invoices[0].ways_out[0]
    report = office.apply()
    assert exit_of(report) == Exit.DRIFT
    assert only(office.books()["OLD-1"])["deadline"] == "2019-10-31"


def test_the_same_file_under_another_reference_is_refused(office: Office) -> None:
    scanned(office)
    office.apply()
    (office.root / "invoices" / "OLD-1.yaml").unlink()
    scanned(office, "OLD-2")
    path = office.root / "invoices" / "OLD-2.yaml"
    path.write_text(path.read_text().replace("number: 2019-001", "number: 2019-002"))
    (office.root / "invoices" / "OLD-2.pdf").write_bytes(PDF + b"OLD-1")
    report = office.apply()
    assert statuses(report)["OLD-2"] == "failed"
    detail = by_reference(report)["OLD-2"].detail
    assert "already been imported" in detail
    assert detail.endswith("if it is booked already, delete the definition, else name the file that is meant")
    assert "OLD-2" not in office.books()


def test_a_file_that_changed_while_it_was_asked_for_is_not_imported(office: Office) -> None:
    scanned(office)
    planned = office.plan()
    assert planned.pending
    file = office.root / "invoices" / "OLD-1.pdf"

    def swapped(request: httpx.Request, handle: Handler) -> httpx.Response:
        file.write_bytes(PDF + b"other")
        return handle(request)

    office.wire.faults = [Fault("POST", "company_customers", swapped)]
    assert statuses(office.apply())["OLD-1"] == "failed"
    assert office.books() == {}


def test_an_import_may_have_options(office: Office) -> None:
    office.reopen(Rules(pdf_seconds=0.0))
    scanned(
        office, more='options:\n  mark_as_paid: true\n  categories:\n    - label: North\n      weight: "1"\n'
    )
    steps = office.plan().document().changes[1].steps
    assert steps[3:] == ("set_categories", "mark_as_paid")
    assert statuses(office.apply())["OLD-1"] == "done"
    assert only(office.books()["OLD-1"])["paid"]


class TestOneNumberIsBookedOnce:
    def test_across_runs(self, office: Office) -> None:
        scanned(office)
        office.apply()
        (office.root / "invoices" / "OLD-1.yaml").unlink()
        scanned(office, "OLD-2")
        path = office.root / "invoices" / "OLD-2.yaml"
        path.write_text(path.read_text().replace("2019-10-01", "2018-10-01"))
        made = office.plan()
        assert actions(made) == {"OLD-2": "conflict"}
        assert "2019-001, is booked already, as OLD-1 (id " in made.invoices[0].ways_out[0]
        assert statuses(office.apply())["OLD-2"] == "conflict"
        assert office.wire.done("import") == 1
        path.write_text(path.read_text().replace("number: 2019-001", "number: 2019-002"))
        assert statuses(office.apply())["OLD-2"] == "done"

    def test_against_what_the_account_issued_itself(self, office: Office) -> None:
        office.define("INV-1", finalize=True)
        office.apply()
        number = only(office.books()["INV-1"])["invoice_number"]
        scanned(office, "OLD-1")
        path = office.root / "invoices" / "OLD-1.yaml"
        path.write_text(path.read_text().replace("number: 2019-001", f'number: "{number}"'))
        assert actions(office.plan())["OLD-1"] == "conflict"
        assert statuses(office.apply())["OLD-1"] == "conflict"
        assert office.wire.done("import") == 0

    def test_among_many(self, office: Office) -> None:
        """More than are looked up one by one: pages of their dates do not show an invoice of another year."""
        scanned(office)
        office.apply()
        (office.root / "invoices" / "OLD-1.yaml").unlink()
        for index in range(30):
            scanned(office, f"OLD-{index + 2}")
            path = office.root / "invoices" / f"OLD-{index + 2}.yaml"
            text = path.read_text().replace("2019-10-", "2021-10-")
            path.write_text(text.replace("number: 2019-001", f"number: 2019-{index + 1:03}"))
        before = len(office.wire.sent)
        planned = actions(office.plan())
        assert {reference for reference, action in planned.items() if action == "conflict"} == {"OLD-2"}
        assert len(office.wire.sent) - before < 12

    def test_an_import_is_no_obstacle_to_itself(self, office: Office) -> None:
        scanned(office)
        office.apply()
        assert actions(office.plan()) == {"OLD-1": "no_op"}
        assert not office.verify().drift
