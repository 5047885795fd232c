"""Electronic invoices: imported once although their import carries no reference, and then known by one."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from pennyform.cli import main
from pennyform.findings import errors
from pennyform.invoices import load
from pennyform.results.documents import json_data

from tests.sandbox.test_e_invoices import UBL, cii, factur_x

from .test_imports import AMBIGUOUS
from .world import (
    API,
    PRODUCT,
    Fault,
    Handler,
    Office,
    Trick,
    actions,
    by_reference,
    lost_before,
    only,
    raw,
    statuses,
)

IMPORTS = "customer_invoices/e_invoices/imports"


def filed(
    office: Office,
    reference: str = "E-1",
    number: str = "E-1",
    *,
    name: str = "e.pdf",
    more: str = "",
    on_line: str = "",
    compress: bool = True,
) -> None:
    """A Factur-X file of 4 x 25.00 with 20 % of VAT, and the definition that says the same."""
    file = factur_x(cii(number=number), compress=compress)
    (office.root / "invoices").mkdir(exist_ok=True)
    (office.root / "invoices" / name).write_bytes(file)
    office.write(f"invoices/{reference}.yaml", definition(reference, number, name, more, on_line))


def definition(reference: str, number: str, name: str, more: str = "", on_line: str = "") -> str:
    return (
        f"external_reference: {reference}\nfile: {name}\ne_invoice: true\ncustomer: ACME\n"
        f"invoice_number: {number}\ndate: 2025-09-01\ndeadline: 2025-09-30\n"
        'currency_amount_before_tax: "100.00"\ncurrency_tax: "20.00"\ncurrency_amount: "120.00"\n'
        'invoice_lines:\n  - label: Paper\n    quantity: 4\n    raw_currency_unit_price: "25.00"\n'
        '    unit: ream\n    vat_rate: FR_200\n    currency_amount: "120.00"\n    currency_tax: "20.00"\n'
        f"{on_line}{more}"
    )


def test_it_can_be_rendered(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    filed(office)
    assert main(["render", str(office.root)]) == 0
    assert capsys.readouterr().out == (
        "E-1  for ACME, imported from invoices/e.pdf\n"
        "  Paper  4 ream x 25.00  FR_200  100.00\n"
        "  FR_200: 20 % of 100.00 is 20.00\n"
        "  100.00 + tax 20.00 = 120.00 EUR\n"
    )


def test_it_is_imported_once_and_gets_its_reference(office: Office) -> None:
    filed(office)
    planned = json_data(office.plan().document())
    change = planned["changes"][1]
    assert (change["action"], change["irreversible"]) == ("import", True)
    assert change["steps"] == ["import", "read_back", "set_after_finalizing", "read_back"]
    assert planned["money"]["changing"][0]["currency_amount"] == "120.00"
    report = office.apply()
    assert statuses(report)["E-1"] == "done", by_reference(report)["E-1"]
    row = only(office.books()["E-1"])
    assert (row["invoice_number"], row["currency_amount"], row["factur_x"]) == ("E-1", "120.0", True)
    assert not office.plan().pending
    verification = office.verify()
    assert not verification.drift
    assert json_data(verification.document())["invoices"][0]["unverifiable"] == ["/invoice_lines/0/unit"]
    assert office.wire.done(IMPORTS) == 1
    assert office.wire.done("file_attachments") == 0


def test_xml_alone_is_taken(office: Office) -> None:
    text = definition("U", "U-1", "u.xml").replace("deadline: 2025-09-30", "deadline: 2025-09-01")
    for old, new in [
        ("Paper", "Book"), ("quantity: 4", "quantity: 1"), ("25.00", "100.00"), ("FR_200", "FR_55"),
        ('tax: "20.00"', 'tax: "5.50"'), ("120.00", "105.50"),
    ]:  # fmt: skip
        text = text.replace(old, new)
    office.write("invoices/u.yaml", text)
    office.write("invoices/u.xml", UBL)
    assert statuses(office.apply())["U"] == "done"
    assert not office.verify().drift


def test_lines_get_products_accounts_and_periods(office: Office) -> None:
    office.write("products/day.yaml", PRODUCT)
    on_line = (
        '    product: DAY\n    ledger_account: "707000"\n'
        "    imputation_dates: {start_date: 2025-09-01, end_date: 2025-09-30}\n"
    )
    filed(office, on_line=on_line, more="options:\n  mark_as_paid: true\n")
    report = office.apply()
    assert statuses(report)["E-1"] == "done", by_reference(report)["E-1"]
    with raw(office.sandbox) as caller:
        row = only(office.books()["E-1"])
        (line,) = caller.get(f"{API}/customer_invoices/{row['id']}/invoice_lines").json()["items"]
    assert line["product"] is not None
    assert line["substance"] == "goods"
    assert line["imputation_dates"] == {"start_date": "2025-09-01", "end_date": "2025-09-30"}
    assert row["paid"]
    assert not office.plan().pending


@pytest.mark.parametrize("trick", AMBIGUOUS)
def test_an_ambiguous_import_ends_in_exactly_one_invoice(office: Office, trick: Trick) -> None:
    filed(office)
    office.wire.faults = [Fault("POST", IMPORTS, trick)]
    report = office.apply()
    assert statuses(report)["E-1"] == "done", by_reference(report)["E-1"].detail
    only(office.books()["E-1"])
    assert office.wire.done(IMPORTS) == 1


def test_a_run_that_ended_before_the_reference_was_set_is_taken_up(office: Office) -> None:
    filed(office)
    office.wire.faults = [Fault("PUT", r"customer_invoices/\d+", lost_before, times=9)]
    assert statuses(office.apply())["E-1"] == "unknown"
    office.wire.faults = []
    assert "E-1" not in office.books()
    (change,) = office.plan().invoices
    assert str(change.action) == "update"
    assert [row["pointer"] for row in json_data(change.record())["differences"]] == ["/external_reference"]
    assert statuses(office.apply())["E-1"] == "done"
    only(office.books()["E-1"])
    assert office.wire.done(IMPORTS) == 1


def test_without_the_journal_nobody_can_say_whose_it_is(office: Office) -> None:
    """A conflict, which a person ends: by adopting what is booked."""
    filed(office)
    office.wire.faults = [Fault("PUT", r"customer_invoices/\d+", lost_before, times=9)]
    office.apply()
    office.wire.faults = []
    office.journal.unlink()
    (change,) = office.plan().invoices
    assert str(change.action) == "conflict"
    assert "`pennyform adopt`" in change.ways_out[0]
    assert office.wire.done(IMPORTS) == 1


def test_a_number_under_two_references_is_imported_under_neither(office: Office) -> None:
    """The bytes of the files differ, what they say does not."""
    filed(office)
    filed(office, "E-2", name="copy.pdf", compress=False)
    _, findings = load([Path(office.root)])
    assert [finding.rule for finding in errors(findings)] == ["duplicate-number"]
    (office.root / "invoices" / "E-2.yaml").unlink()
    office.apply()
    filed(office, "E-2", name="copy.pdf", compress=False)
    _, findings = load([Path(office.root)])
    assert "E-1.yaml" in errors(findings)[0].detail
    assert list(office.books()) == ["E-1"]


def test_a_number_that_means_another_invoice_is_a_conflict(office: Office) -> None:
    filed(office)
    with raw(office.sandbox) as caller:
        other = cii(number="E-1", price="20.00")
        answer = caller.post(f"{API}/{IMPORTS}", files={"file": ("e.xml", other, "application/xml")})
        answer.raise_for_status()
    assert actions(office.plan()) == {"E-1": "conflict"}
    assert statuses(office.apply())["E-1"] == "conflict"
    assert office.wire.done(IMPORTS) == 0


def test_what_somebody_imported_by_hand_meanwhile_is_found(office: Office) -> None:
    """Between the look-up and the import: the API refuses the same content, and says that it has it."""
    office.define("INV-1")
    office.apply()
    customer = only(office.books()["INV-1"])["customer"]["id"]
    (office.root / "invoices" / "INV-1.yaml").unlink()
    filed(office)
    file = (office.root / "invoices" / "e.pdf").read_bytes()

    def sneak(request: httpx.Request, handle: Handler) -> httpx.Response:
        form = {"invoice_options": (None, json.dumps({"customer_id": customer}))}
        with raw(office.sandbox) as caller:
            sent = caller.post(f"{API}/{IMPORTS}", files={"file": ("e.pdf", file, "application/pdf"), **form})
        sent.raise_for_status()
        return handle(request)

    office.wire.faults = [Fault("POST", IMPORTS, sneak)]
    report = office.apply()
    assert statuses(report)["E-1"] == "done", by_reference(report)["E-1"].detail
    only(office.books()["E-1"])


def test_many_are_found_in_pages(office: Office) -> None:
    for number in range(30):
        filed(office, f"E-{number}", f"N-{number}", name=f"{number}.pdf")
    assert set(statuses(office.apply()).values()) == {"done"}
    before = len(office.wire.sent)
    assert not office.plan().pending
    assert len(office.wire.sent) - before < 15


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("invoice_number: E-1", "invoice_number: E-2", "`invoice_number` is E-2, and E-1 in the file"),
        ("date: 2025-09-01", "date: 2025-09-02", "2025-09-01 in the file"),
        ("quantity: 4", "quantity: 5", "`quantity` is 5, and 4 in the file"),
        ("label: Paper", "label: Papers", "Paper in the file"),
        ("FR_200", "FR_100", "`vat_rate` is 10, and 20.00 in the file"),
        ("e.pdf", "scan.pdf", "no electronic invoice"),
        ("e_invoice: true", "e_invoice: true\nconvert_to_e_invoice: true", "not take `convert_to_e_invoice`"),
    ],
)  # fmt: skip
def test_file_and_definition_must_say_the_same(office: Office, old: str, new: str, said: str) -> None:
    filed(office)
    (office.root / "invoices" / "scan.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    path = office.root / "invoices" / "E-1.yaml"
    path.write_text(path.read_text().replace(old, new, 1))
    _, findings = load([Path(office.root)])
    assert any(said in finding.summary for finding in errors(findings)), findings
