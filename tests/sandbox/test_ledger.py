from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from .bodies import PDF, line
from .conftest import Caller, Clock, Draft, Issued

Entered = Callable[..., dict[str, Any]]


@pytest.fixture
def accounts(api: Caller) -> dict[str, int]:
    found = api.get("/ledger_accounts", params={"limit": 1000}).json()["items"]
    return {one["number"]: one["id"] for one in found}


@pytest.fixture
def entry(api: Caller, accounts: dict[str, int]) -> Callable[..., dict[str, Any]]:
    """The body of an entry: a sale of 120.00 unless its lines are given."""
    (journal,) = api.filtered("/journals", ("type", "eq", "sales")).json()["items"]

    def entry(*lines: tuple[str, str, str], **changes: Any) -> dict[str, Any]:
        found = lines or (("411", "120", "0"), ("706000", "0", "100"), ("445710", "0", "20"))
        return {
            "date": "2025-10-05",
            "label": "Sale",
            "journal_id": journal["id"],
            "ledger_entry_lines": [
                {"ledger_account_id": accounts[number], "debit": debit, "credit": credit}
                for number, debit, credit in found
            ],
            **changes,
        }

    return entry


@pytest.fixture
def entered(api: Caller, entry: Any) -> Entered:
    return lambda *lines, **changes: api.made("/ledger_entries", entry(*lines, **changes))


def test_an_entry_balances(api: Caller, entered: Entered) -> None:
    made = entered()
    assert [(one["debit"], one["credit"]) for one in made["ledger_entry_lines"]] == [
        ("120.0", "0.0"),
        ("0.0", "100.0"),
        ("0.0", "20.0"),
    ]
    assert made["piece_number"] == "P-000001"
    shown = api.get(f"/ledger_entries/{made['id']}").json()
    assert [one["id"] for one in shown["ledger_entry_lines"]] == [
        one["id"] for one in made["ledger_entry_lines"]
    ]
    (listed,) = api.filtered("/ledger_entries", ("date", "eq", "2025-10-05")).json()["items"]
    assert listed["id"] == made["id"]


@pytest.mark.parametrize(
    ("lines", "changes", "status"),
    [
        ([("411", "120", "0"), ("706000", "0", "100")], {}, 422),
        ([("411", "120", "120")], {}, 422),
        ([("411", "-1", "0"), ("706000", "0", "-1")], {}, 422),
        ([("411", "0.1234567", "0"), ("706000", "0", "0.1234567")], {}, 422),
        ([], {"journal_id": 42}, 404),
        ([], {"file_attachment_id": 42}, 404),
        ([], {"ledger_entry_lines": [{"debit": "0", "credit": "0", "ledger_account_id": 42}]}, 404),
    ],
)
def test_what_is_no_entry(api: Caller, entry: Any, lines: Any, changes: dict[str, Any], status: int) -> None:
    assert api.post("/ledger_entries", json=entry(*lines, **changes)).status_code == status
    assert api.get("/ledger_entry_lines").json()["items"] == []


def test_lines_change_and_still_balance(api: Caller, entered: Entered, accounts: dict[str, int]) -> None:
    made = entered()
    debit, net, tax = made["ledger_entry_lines"]
    path = f"/ledger_entries/{made['id']}"
    unbalanced = {"ledger_entry_lines": {"update": [{"id": debit["id"], "debit": "121"}]}}
    assert api.put(path, json=unbalanced).status_code == 422
    changes = {
        "update": [{"id": debit["id"], "debit": "60"}],
        "delete": [{"id": tax["id"]}, {"id": net["id"]}],
        "create": [{"ledger_account_id": accounts["707000"], "debit": "", "credit": "60"}],
    }
    updated = api.put(
        path, json={"label": "Less", "date": "2025-11-01", "ledger_entry_lines": changes}
    ).json()
    assert [(one["debit"], one["credit"]) for one in updated["ledger_entry_lines"]] == [
        ("60.0", "0.0"),
        ("0.0", "60.0"),
    ]
    lines = api.filtered("/ledger_entry_lines", ("date", "eq", "2025-11-01")).json()["items"]
    assert len(lines) == 2, "lines carry the date of their entry"
    assert api.put(path, json={"ledger_entry_lines": {"delete": [{"id": 42}]}}).status_code == 404


def test_lines_are_listed_by_entry_and_account(
    api: Caller, entered: Entered, accounts: dict[str, int]
) -> None:
    made = entered()
    entered()
    below = api.get(f"/ledger_entries/{made['id']}/ledger_entry_lines").json()["items"]
    assert len(below) == 3
    found = api.filtered("/ledger_entry_lines", ("ledger_account_id", "eq", accounts["411"])).json()["items"]
    assert [one["debit"] for one in found] == ["120.0", "120.0"]
    line = api.get(f"/ledger_entry_lines/{found[0]['id']}").json()
    assert line == found[0]
    assert line["ledger_account"]["number"] == "411"


class TestLettering:
    def letter(self, api: Caller, *lines: int, strategy: str = "none") -> Any:
        body = {
            "unbalanced_lettering_strategy": strategy,
            "ledger_entry_lines": [{"id": line} for line in lines],
        }
        return api.post("/ledger_entry_lines/lettering", json=body)

    @pytest.fixture
    def lines(self, entered: Entered) -> tuple[int, int, int]:
        """The customer's side of a sale of 120.00, and of two payments of 60.00."""
        sale = entered()
        paid = [entered(("512000", "60", "0"), ("411", "0", "60")) for _ in range(2)]
        return (
            sale["ledger_entry_lines"][0]["id"],
            paid[0]["ledger_entry_lines"][1]["id"],
            paid[1]["ledger_entry_lines"][1]["id"],
        )

    def test_it_balances_unless_told(self, api: Caller, lines: tuple[int, int, int]) -> None:
        sale, first, second = lines
        assert self.letter(api, sale, first).status_code == 422
        assert self.letter(api, sale, first, strategy="partial").status_code == 200
        joined = self.letter(api, sale, second)
        assert [one["id"] for one in joined.json()] == [sale, first, second]
        shown = api.get(f"/ledger_entry_lines/{first}").json()["lettered_ledger_entry_lines"]
        assert sorted(shown["ids"]) == [sale, first, second]
        assert len(api.get(shown["url"]).json()["items"]) == 3

    def test_it_is_undone(self, api: Caller, lines: tuple[int, int, int]) -> None:
        assert self.letter(api, *lines).status_code == 200
        body = {
            "unbalanced_lettering_strategy": "none",
            "ledger_entry_lines": [{"id": lines[1]}],
        }
        path = "/ledger_entry_lines/lettering"
        assert api.request("DELETE", path, json=body).status_code == 422
        partial = {**body, "unbalanced_lettering_strategy": "partial"}
        assert api.request("DELETE", path, json=partial).status_code == 204
        shown = api.get(f"/ledger_entry_lines/{lines[1]}").json()["lettered_ledger_entry_lines"]
        assert shown["ids"] == []

    def test_unknown_lines_are_not_found(self, api: Caller) -> None:
        assert self.letter(api, 41, 42).status_code == 404


class TestTrialBalance:
    def balance(self, api: Caller, **changes: Any) -> dict[str, tuple[str, str]]:
        period = {"period_start": "2025-10-01", "period_end": "2025-10-31", **changes}
        items = [one for page in api.pages("/trial_balance", **period) for one in page["items"]]
        return {one["number"]: (one["debits"], one["credits"]) for one in items}

    def test_it_adds_up_the_period(self, api: Caller, entered: Entered) -> None:
        entered()
        entered(date="2025-09-30")
        entered(("512000", "120", "0"), ("411", "0", "120"), date="2025-10-31")
        assert self.balance(api) == {
            "411": ("120.0", "120.0"),
            "445710": ("0.0", "20.0"),
            "512000": ("120.0", "0.0"),
            "706000": ("0.0", "100.0"),
        }
        assert self.balance(api, limit=1) == self.balance(api)

    def test_accounts_of_customers_are_joined_unless_told(
        self, api: Caller, entered: Entered, accounts: dict[str, int]
    ) -> None:
        accounts["411ACME"] = api.made("/ledger_accounts", {"number": "411ACME", "label": "ACME"})["id"]
        entered(("411ACME", "50", "0"), ("706000", "0", "50"))
        assert "411" in self.balance(api)
        assert "411ACME" in self.balance(api, is_auxiliary="true")

    def test_a_period_has_an_order(self, api: Caller) -> None:
        period = {"period_start": "2025-10-02", "period_end": "2025-10-01"}
        assert api.get("/trial_balance", params=period).status_code == 400
        assert api.get("/trial_balance").status_code == 400


class TestExports:
    def exported(self, api: Caller, clock: Clock, kind: str) -> bytes:
        period = {"period_start": "2025-10-01", "period_end": "2025-10-31"}
        made = api.made(f"/exports/{kind}", period)
        path = f"/exports/{kind}/{made['id']}"
        assert made["status"] == "pending"
        assert api.get(path).json()["file_url"] is None
        clock.advance(minutes=1)
        ready = api.get(path).json()
        assert ready["status"] == "ready"
        return api.fetch(ready["file_url"]).content

    def test_the_tax_office_s_file(self, api: Caller, entered: Entered, clock: Clock) -> None:
        entered(label="Sale\tof\nthings")
        entered(date="2025-09-30")
        rows = [row.split("\t") for row in self.exported(api, clock, "fecs").decode().splitlines()]
        assert {len(row) for row in rows} == {18}
        assert rows[1][:2] + rows[1][3:6] == ["VE", "Sales", "20251005", "411", "Customers"]
        assert rows[1][10:13] == ["Sale of things", "120,0", "0,0"]
        assert len(rows) == 4

    def test_an_invoice_without_a_number_has_an_empty_piece(self, api: Caller, clock: Clock) -> None:
        supplier = api.made("/suppliers", {"name": "Paper Ltd"})["id"]
        line = {"label": "Paper", "currency_amount": "120", "currency_tax": "20", "vat_rate": "FR_200"}
        body = {
            "file_attachment_id": api.upload(PDF, "bill.pdf")["id"],
            "supplier_id": supplier,
            "date": "2025-10-05",
            "deadline": "2025-10-20",
            "currency_amount_before_tax": "100",
            "currency_amount": "120",
            "currency_tax": "20",
            "invoice_lines": [line],
        }
        api.made("/supplier_invoices/import", body)
        rows = [row.split("\t") for row in self.exported(api, clock, "fecs").decode().splitlines()]
        assert [row[8] for row in rows] == ["PieceRef", "", "", ""]
        assert [row[11:13] for row in rows[1:]] == [["0,0", "120,0"], ["100,0", "0,0"], ["20,0", "0,0"]]

    @pytest.mark.parametrize("kind", ["general_ledgers", "analytical_general_ledgers"])
    def test_spreadsheets(self, api: Caller, entered: Entered, clock: Clock, kind: str) -> None:
        entered(label="Sale <& \x08")
        with zipfile.ZipFile(io.BytesIO(self.exported(api, clock, kind))) as archive:
            assert archive.testzip() is None
            parts = {name: ElementTree.fromstring(archive.read(name)) for name in archive.namelist()}
        texts = [cell.text for cell in parts["xl/worksheets/sheet1.xml"].iter() if cell.text]
        assert "Sale <& " in texts
        assert "120.0" in texts

    def test_a_period_has_an_order(self, api: Caller) -> None:
        period = {"period_start": "2025-10-02", "period_end": "2025-10-01"}
        assert api.post("/exports/fecs", json=period).status_code == 400


class TestInvoices:
    def entry(self, api: Caller, invoice: dict[str, Any]) -> tuple[str, list[tuple[str, str, str]]]:
        shown = api.get(f"/ledger_entries/{invoice['ledger_entry']['id']}").json()
        lines = [
            (one["ledger_account"]["number"], one["debit"], one["credit"])
            for one in shown["ledger_entry_lines"]
        ]
        return shown["status"], lines

    def test_a_draft_has_an_entry_without_lines(self, api: Caller, draft: Draft) -> None:
        invoice = api.made("/customer_invoices", draft())
        assert self.entry(api, invoice) == ("draft", [])
        api.put(f"/customer_invoices/{invoice['id']}/finalize")
        assert self.entry(api, invoice) == (
            "complete",
            [("411", "240.0", "0.0"), ("706000", "0.0", "200.0"), ("445710", "0.0", "40.0")],
        )

    def test_it_goes_with_its_draft(self, api: Caller, draft: Draft) -> None:
        invoice = api.made("/customer_invoices", draft())
        api.delete(f"/customer_invoices/{invoice['id']}")
        assert api.get("/ledger_entries").json()["items"] == []

    def test_a_credit_note_is_entered_the_other_way(self, api: Caller, issued: Issued) -> None:
        _, lines = self.entry(api, issued(line(quantity=-1)))
        assert lines == [("411", "0.0", "120.0"), ("706000", "100.0", "0.0"), ("445710", "20.0", "0.0")]

    def test_the_trial_balance_knows_them(self, api: Caller, issued: Issued) -> None:
        issued(currency="USD")
        period = {"period_start": "2025-10-01", "period_end": "2025-10-31"}
        items = api.get("/trial_balance", params=period).json()["items"]
        assert {one["number"]: one["debits"] for one in items}["411"] == "216.0"


@pytest.mark.parametrize(
    "label", ["=HYPERLINK(1)", " +1", "'=1", "\uff1d1", "-1", "@SUM(1)", "|x", "a\x08\ufffe"]
)
def test_cells_of_exports_are_no_formulas_and_legal_xml(
    api: Caller, entered: Entered, clock: Clock, label: str
) -> None:
    entered(label=label)
    exports = TestExports()
    rows = [row.split("\t") for row in exports.exported(api, clock, "fecs").decode().splitlines()]
    cell = rows[1][10]
    assert "\x08" not in cell
    assert cell[0] in "'a"
    assert cell[0] == "a" or cell.strip().endswith(label.strip())
    with zipfile.ZipFile(io.BytesIO(exports.exported(api, clock, "general_ledgers"))) as archive:
        sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    # Text, which no program takes for a formula.
    assert {cell.get("t") for cell in sheet.iter() if cell.tag.endswith("}c")} == {"inlineStr"}
