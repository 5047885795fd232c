from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .bodies import GIF, PDF
from .conftest import Caller, Clock

Import = Callable[..., dict[str, Any]]


def line(**changes: Any) -> dict[str, Any]:
    """1 hour at 100.00 with 20 % VAT, which comes to 120.00."""
    return {
        "label": "Consulting",
        "quantity": 1,
        "unit": "hour",
        "raw_currency_unit_price": "100.00",
        "vat_rate": "FR_200",
        "currency_amount": "120.00",
        "currency_tax": "20.00",
        **changes,
    }


@pytest.fixture
def imported(api: Caller, customer: int) -> Import:
    """The body of an import of a new file, with changes."""
    count = iter(range(1000))

    def imported(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
        found = list(lines) or [line()]
        return {
            "file_attachment_id": api.upload(PDF + str(next(count)).encode())["id"],
            "date": "2025-09-01",
            "deadline": "2025-10-31",
            "customer_id": customer,
            "invoice_number": "OLD-7",
            "currency_amount_before_tax": f"{len(found) * 100}.00",
            "currency_tax": f"{len(found) * 20}.00",
            "currency_amount": f"{len(found) * 120}.00",
            "invoice_lines": found,
            **changes,
        }

    return imported


def test_it_is_issued_with_its_number_and_file(api: Caller, imported: Import) -> None:
    made = api.made("/customer_invoices/import", imported())
    assert (made["draft"], made["status"], made["invoice_number"]) == (False, "upcoming", "OLD-7")
    assert (made["amount"], made["tax"]) == ("120.0", "20.0")
    assert (made["filename"], made["factur_x"]) == ("a.pdf", False)
    assert api.fetch(made["public_file_url"]).content.startswith(PDF)
    (shown,) = api.get(f"/customer_invoices/{made['id']}/invoice_lines").json()["items"]
    assert (shown["currency_amount_before_tax"], shown["currency_tax"]) == ("100.0", "20.0")
    recipients = {"recipients": ["a@b.example"]}
    assert api.post(f"/customer_invoices/{made['id']}/send_by_email", json=recipients).status_code == 204


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"currency_amount": "240.02"}, 201),
        ({"currency_amount": "239.98"}, 201),
        ({"currency_amount": "240.03"}, 422),
        ({"currency_tax": "40.02"}, 201),
        ({"currency_tax": "40.03"}, 422),
        ({"currency_amount_before_tax": "199.97"}, 422),
        ({"currency_amount": "much"}, 400),
        ({"amount": "240.00", "tax": "40.00"}, 201),
        ({"amount": "240.01"}, 422),
        ({"currency": "USD", "amount": "200.00"}, 201),
        ({"customer_id": 42}, 404),
        ({"file_attachment_id": 42}, 404),
        ({"discount": {"type": "absolute", "value": "1"}}, 422),
    ],
)
def test_totals_differ_by_a_cent_per_line_at_most(
    api: Caller, imported: Import, changes: dict[str, Any], status: int
) -> None:
    answer = api.post("/customer_invoices/import", json=imported(line(), line(), **changes))
    assert answer.status_code == status, answer.text


def test_vat_that_does_not_fit_its_rate_is_taken(api: Caller, imported: Import) -> None:
    body = imported(line(currency_tax="5.00"), currency_tax="5.00", currency_amount_before_tax="115.00")
    assert api.post("/customer_invoices/import", json=body).status_code == 201


def test_a_file_makes_one_invoice(api: Caller, imported: Import) -> None:
    body = imported(file_attachment_id=api.upload(PDF)["id"])
    first = api.made("/customer_invoices/import", body)
    again = api.post("/customer_invoices/import", json=imported(file_attachment_id=api.upload(PDF)["id"]))
    assert again.status_code == 409
    assert str(first["id"]) in again.json()["error"]
    assert api.post("/customer_invoices/import", json=body).status_code == 409


def test_a_reference_is_taken_once(api: Caller, imported: Import) -> None:
    api.made("/customer_invoices/import", imported(external_reference="R"))
    assert api.post("/customer_invoices/import", json=imported(external_reference="R")).status_code == 422


def test_it_may_be_incomplete(api: Caller, imported: Import) -> None:
    made = api.made("/customer_invoices/import", imported(import_as_incomplete=True))
    assert made["status"] == "incomplete"


def test_a_credit_note_has_negative_amounts(api: Caller, imported: Import) -> None:
    note = line(quantity=-1, currency_amount="-120", currency_tax="-20")
    totals = {"currency_amount_before_tax": "-100", "currency_tax": "-20", "currency_amount": "-120"}
    assert api.made("/customer_invoices/import", imported(note, **totals))["status"] == "credit_note"


class TestConversion:
    def test_it_takes_its_time(self, api: Caller, imported: Import, clock: Clock) -> None:
        discount = {"type": "relative", "value": "10"}
        body = imported(line(discount=discount), convert_to_e_invoice=True, discount=discount)
        made = api.made("/customer_invoices/import", body)
        assert (made["factur_x"], made["schematron_validation_status"]) == (False, None)
        clock.advance(minutes=2)
        shown = api.get(f"/customer_invoices/{made['id']}").json()
        assert (shown["factur_x"], shown["schematron_validation_status"]) == (True, "valid")
        assert shown["currency_amount"] == "120.0", "amounts are given after discounts"

    @pytest.mark.parametrize(
        "changes",
        [
            {"invoice_number": "x" * 36},
            {"invoice_number": "A 1"},
            {"invoice_number": ""},
            {"invoice_lines": [{name: value for name, value in line().items() if name != "label"}]},
        ],
    )
    def test_what_it_asks_for(self, api: Caller, imported: Import, changes: dict[str, Any]) -> None:
        body = imported(convert_to_e_invoice=True, **changes)
        assert api.post("/customer_invoices/import", json=body).status_code == 422
        del body["convert_to_e_invoice"]
        assert api.post("/customer_invoices/import", json=body).status_code == 201

    def test_only_a_pdf(self, api: Caller, imported: Import) -> None:
        picture = api.post("/file_attachments", files={"file": ("a.gif", GIF, "image/gif")}).json()["id"]
        body = imported(file_attachment_id=picture, convert_to_e_invoice=True)
        assert api.post("/customer_invoices/import", json=body).status_code == 422
        assert (
            api.post("/customer_invoices/import", json={**body, "convert_to_e_invoice": False}).status_code
            == 201
        )


class TestUpdate:
    def test_fields_and_lines(self, api: Caller, imported: Import) -> None:
        made = api.made("/customer_invoices/import", imported(line(label="a"), line(label="b")))
        path = f"/customer_invoices/{made['id']}"
        a, _ = api.get(f"{path}/invoice_lines?sort=rank").json()["items"]
        changes = {
            "invoice_number": "NEW-7",
            "currency_amount": "220.00",
            "currency_amount_before_tax": "185.00",
            "currency_tax": "35.00",
            "invoice_lines": {
                "create": [line(label="c", currency_amount="60.00", currency_tax="10.00")],
                "update": [{"id": a["id"], "currency_amount": "40.00", "currency_tax": "5.00"}],
            },
        }
        updated = api.put(f"{path}/update_imported", json=changes).json()
        assert (updated["invoice_number"], updated["amount"], updated["tax"]) == ("NEW-7", "220.0", "35.0")
        shown = api.get(f"{path}/invoice_lines?sort=rank").json()["items"]
        assert [(one["label"], one["amount"]) for one in shown] == [
            ("a", "40.0"),
            ("b", "120.0"),
            ("c", "60.0"),
        ]

    def test_amounts_are_held_against_each_other_again(self, api: Caller, imported: Import) -> None:
        made = api.made("/customer_invoices/import", imported(line(), line()))
        path = f"/customer_invoices/{made['id']}/update_imported"
        (one, _) = api.get(f"/customer_invoices/{made['id']}/invoice_lines").json()["items"]
        for changes in (
            {"currency_amount": "100.00"},
            {"invoice_lines": {"delete": [{"id": one["id"]}]}},
            {"invoice_lines": {"create": [line()]}},
        ):
            assert api.put(path, json=changes).status_code == 422
        assert api.put(path, json={"invoice_lines": {"update": [{"id": 42}]}}).status_code == 404
        assert api.get(f"/customer_invoices/{made['id']}").json()["currency_amount"] == "240.0"

    def test_only_of_what_was_imported(self, api: Caller, issued: Any, draft: Any) -> None:
        for invoice in (issued(), api.made("/customer_invoices", draft())):
            path = f"/customer_invoices/{invoice['id']}/update_imported"
            assert api.put(path, json={"date": "2025-10-02"}).status_code == 422
