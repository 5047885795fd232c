"""Declared customers and products as users of the command line see them: one value everywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pennyform.cli import main
from pennyform.sandbox import Sandbox

from .world import API, raw, read_all, state_variables

SETTINGS = "version: 1\nenvironment: sandbox\nrounding: line\n"
CUSTOMER = """\
external_reference: BAKERY
name: Example Bakery SARL
billing_address: {address: 1 rue du Four, postal_code: "75011", city: Paris, country_alpha2: FR}
emails: [accounts@bakery.example]
"""
CUP = 'external_reference: CUP\nlabel: Cup\nprice_before_tax: "20.00"\nunit: piece\nvat_rate: FR_200\n'
BOOK = 'external_reference: BOOK\nlabel: Book\nprice_before_tax: "10.00"\nunit: piece\nvat_rate: FR_55\n'


class Desk:
    """A repository, its sandbox, and a person at the command line."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.capsys = root, capsys
        (root / ".pennyform").mkdir()
        self.write("pennyform.yaml", SETTINGS)
        self.write("customers/bakery.yaml", CUSTOMER)
        self.write("products/cup.yaml", CUP)
        self.write("products/book.yaml", BOOK)

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8")

    def invoice(self, reference: str, product: str, options: str = "finalize: true") -> None:
        self.write(
            f"invoices/{reference}.yaml",
            f"external_reference: {reference}\ncustomer: BAKERY\ndate: 2025-10-01\ndeadline: 2025-10-31\n"
            f"invoice_lines: [{{product: {product}, quantity: 1}}]\noptions: {{{options}}}\n",
        )

    def __call__(self, *words: str) -> tuple[int, str]:
        self.capsys.readouterr()
        code = main(list(words))
        return code, self.capsys.readouterr().out

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--format", "json")[1])

    def sandbox(self) -> Sandbox:
        return Sandbox(self.root / ".pennyform" / "sandbox.db", rate_limit=False)

    def books(self, path: str) -> dict[str, dict[str, Any]]:
        sandbox = self.sandbox()
        try:
            return {row["external_reference"]: row for row in read_all(sandbox, path)}
        finally:
            sandbox.close()

    def by_hand(self, path: str, reference: str, body: dict[str, Any]) -> None:
        """A change that a person makes in Pennylane."""
        list_ = "/products" if path == "/products" else "/customers"
        id_ = self.books(list_)[reference]["id"]
        sandbox = self.sandbox()
        try:
            with raw(sandbox) as caller:
                caller.put(f"{API}{path}/{id_}", json=body).raise_for_status()
        finally:
            sandbox.close()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    monkeypatch.chdir(tmp_path)
    for name, value in state_variables(tmp_path).items():
        monkeypatch.setenv(name, value)
    return Desk(tmp_path, capsys)


@pytest.mark.parametrize(
    ("change", "total"),
    [(("20.00", "24.00"), "28.80"), (("FR_200", "FR_100"), "22.00"), (("Cup", "Mug"), "24.00")],
    ids=["price", "VAT code", "label"],
)
def test_render_plan_page_and_books_say_the_same(desk: Desk, change: tuple[str, str], total: str) -> None:
    desk.invoice("V1", "CUP")
    assert desk("apply", "--auto-approve")[0] == 0
    desk.write("products/cup.yaml", CUP.replace(*change))
    desk.invoice("V2", "CUP")
    (rendered,) = desk.json("render", "invoices/V2.yaml")["invoices"]
    plan = desk.json("plan", "--html", "plan.html")
    (planned,) = [row for row in plan["changes"] if row["external_reference"] == "V2"]
    assert rendered["totals"]["currency_amount"] == planned["totals"]["currency_amount"] == total
    assert f"{total} EUR" in (desk.root / "plan.html").read_text(encoding="utf-8")
    assert desk("apply", "--auto-approve")[0] == 0
    assert float(desk.books("/customer_invoices")["V2"]["currency_amount"]) == float(total)
    # The one that was final before is not called equal to a definition that says something else now.
    code, shown = desk("verify")
    assert code == 0
    assert "1 invoice equal, to the cent; 1 as issued" in shown


def test_a_corrected_address_and_e_mail_reach_the_account_before_the_mail_does(desk: Desk) -> None:
    desk.invoice("INV-1", "BOOK", "finalize: false")
    desk("apply", "--auto-approve")
    desk.by_hand("/company_customers", "BAKERY", {"emails": []})
    desk.write(
        "customers/bakery.yaml", CUSTOMER.replace("1 rue du Four", "8 quai Nord").replace("accounts@", "pay@")
    )
    desk.invoice("INV-1", "BOOK", "finalize: true, send_by_email: true")
    code, shown = desk("apply", "--auto-approve")
    assert code == 0
    assert "customer BAKERY  updated, verified" in shown
    card = desk.books("/customers")["BAKERY"]
    assert (card["emails"], card["billing_address"]["address"]) == (["pay@bakery.example"], "8 quai Nord")


def test_an_update_counts_as_a_change(desk: Desk) -> None:
    desk.invoice("INV-1", "CUP")
    desk("apply", "--auto-approve")
    assert desk("plan", "--detailed-exitcode")[0] == 0
    desk.write("customers/bakery.yaml", CUSTOMER.replace("SARL", "SAS"))
    code, shown = desk("plan", "--detailed-exitcode")
    assert code == 2
    assert "Plan: 1 to update, 2 unchanged. 2 requests" in shown


def test_a_saved_plan_holds_an_update_and_is_stale_once_the_card_was_changed(desk: Desk) -> None:
    desk.invoice("INV-1", "CUP")
    desk("apply", "--auto-approve")
    desk.write("customers/bakery.yaml", CUSTOMER.replace("SARL", "SAS"))
    desk("plan", "--out", "saved.plan")
    desk.by_hand("/company_customers", "BAKERY", {"name": "Somebody Else"})
    assert desk("apply", "saved.plan")[0] == 1
    assert desk.books("/customers")["BAKERY"]["name"] == "Somebody Else"
    desk("plan", "--out", "saved.plan")
    assert desk("apply", "saved.plan")[0] == 0
    assert desk.books("/customers")["BAKERY"]["name"] == "Example Bakery SAS"


@pytest.mark.parametrize(
    ("words", "updated"),
    [
        ((), ["BAKERY", "BOOK", "CUP"]),
        (("--target", "INV-1"), ["BAKERY", "CUP"]),
        (("invoices/INV-1.yaml",), ["BAKERY", "CUP"]),
        (("products/book.yaml",), ["BOOK"]),
    ],
    ids=["whole repository", "target", "an invoice's file", "a product's file"],
)
def test_a_run_is_about_what_was_asked_for(desk: Desk, words: tuple[str, ...], updated: list[str]) -> None:
    desk.invoice("INV-1", "CUP")
    desk.invoice("INV-2", "BOOK")
    desk("apply", "--auto-approve")
    desk.write("customers/bakery.yaml", CUSTOMER.replace("SARL", "SAS"))
    desk.write("products/cup.yaml", CUP.replace("20.00", "21.00"))
    desk.write("products/book.yaml", BOOK.replace("10.00", "11.00"))
    plan = desk.json("plan", *words)
    changes = [row["external_reference"] for row in plan["changes"] if row["action"] == "update"]
    assert sorted(changes) == updated


def test_what_is_declared_for_no_invoice_and_missing_is_told_in_one_line(desk: Desk) -> None:
    for number in range(7):
        desk.write(f"customers/c{number}.yaml", CUSTOMER.replace("BAKERY", f"C{number}"))
    desk.invoice("INV-1", "CUP")
    code, shown = desk("plan")
    assert code == 0
    expected = "declared, but not created as no invoice names them: customers C0, C1, C2, C3, C4 and 2 more; "
    assert f"{expected}product BOOK" in shown
    assert "customer C0" not in shown.replace(expected, "")


def test_a_conflict_ends_with_exit_code_3_and_its_way_out(desk: Desk) -> None:
    desk.invoice("INV-1", "CUP")
    desk("apply", "--auto-approve")
    desk.write(
        "customers/bakery.yaml",
        CUSTOMER.replace(
            "name: Example Bakery SARL", "customer_type: individual\nfirst_name: A\nlast_name: B"
        ),
    )
    code, shown = desk("plan")
    assert code == 3
    assert "the API cannot turn one kind of customer into the other: correct `customer_type`" in shown
    assert desk("apply", "--auto-approve")[0] == 3
    assert desk("verify")[0] == 3


def test_nothing_is_called_equal_where_there_is_no_invoice(desk: Desk) -> None:
    desk.invoice("V1", "CUP")
    assert desk("apply", "--auto-approve")[0] == 0
    (desk.root / "invoices" / "V1.yaml").unlink()
    shown = desk("verify")[1]
    assert "Verified: 0 invoices; " in shown
    assert "equal" not in shown.splitlines()[-1]
