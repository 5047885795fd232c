from __future__ import annotations

from collections.abc import Callable

import pytest
from pennyform.sandbox import Rules, Sandbox

from .bodies import company, individual
from .conftest import Caller, Clock, Draft, Issued


def mail(api: Caller, invoice: int, **body: object) -> int:
    return api.post(f"/customer_invoices/{invoice}/send_by_email", json=body).status_code


TO = ["billing@acme.example"]


def test_the_pdf_takes_its_time(api: Caller, issued: Issued, clock: Clock) -> None:
    invoice = issued()
    assert (invoice["public_file_url"], invoice["filename"]) == (None, None)
    assert mail(api, invoice["id"], recipients=TO) == 409
    clock.advance(seconds=59)
    assert mail(api, invoice["id"], recipients=TO) == 409
    clock.advance(seconds=1)
    assert mail(api, invoice["id"], recipients=TO) == 204
    assert mail(api, invoice["id"], recipients=TO) == 204, "every call is one more mail"


def test_how_long_is_a_rule(api: Caller, issued: Issued, sandbox: Sandbox) -> None:
    sandbox.rules = Rules(pdf_seconds=0)
    assert mail(api, issued()["id"], recipients=TO) == 204


def test_the_customer_s_addresses_are_the_default(
    api: Caller, issued: Issued, clock: Clock, customer: int
) -> None:
    invoice = issued()["id"]
    clock.advance(minutes=5)
    assert api.post(f"/customer_invoices/{invoice}/send_by_email").status_code == 422
    api.put(f"/company_customers/{customer}", json={"emails": TO})
    assert api.post(f"/customer_invoices/{invoice}/send_by_email").status_code == 204
    assert mail(api, invoice, recipients=[]) == 204
    assert mail(api, invoice, recipients=["nobody"]) == 422


def test_a_draft_is_not_sent(api: Caller, draft: Draft) -> None:
    invoice = api.made("/customer_invoices", draft())["id"]
    assert mail(api, invoice, recipients=TO) == 422
    assert api.post(f"/customer_invoices/{invoice}/send_to_pa").status_code == 422
    assert mail(api, 42) == 404


def test_an_e_invoice_is_handed_in_once(api: Caller, issued: Issued, clock: Clock, customer: int) -> None:
    api.put(f"/company_customers/{customer}", json={"reg_no": "552100554"})
    invoice = issued()
    path = f"/customer_invoices/{invoice['id']}"
    assert invoice["e_invoicing"] is None
    assert api.post(f"{path}/send_to_pa").status_code == 204
    shown = api.get(path).json()["e_invoicing"]
    assert (shown["status"], shown["reason"]) == ("submitted", None)
    assert api.post(f"{path}/send_to_pa").status_code == 422
    clock.advance(seconds=60)
    assert api.get(path).json()["e_invoicing"]["status"] == "sent"
    found = api.filtered("/customer_invoices", ("flow_id", "eq", shown["flow"]["id"])).json()["items"]
    assert [one["id"] for one in found] == [invoice["id"]]


@pytest.mark.parametrize(
    ("make", "refused"),
    [
        (lambda api: api.made("/company_customers", company())["id"], 422),
        (lambda api: api.made("/individual_customers", individual())["id"], 422),
        (lambda api: api.made("/company_customers", company(reg_no="552100554"))["id"], 204),
    ],
)
def test_only_a_company_that_is_registered_receives_e_invoices(
    api: Caller, issued: Issued, sandbox: Sandbox, make: Callable[[Caller], int], refused: int
) -> None:
    path = f"/customer_invoices/{issued(customer_id=make(api))['id']}/send_to_pa"
    assert api.post(path).status_code == refused
    if refused == 422:
        sandbox.rules = Rules(pa_needs_reg_no=False)
        assert api.post(path).status_code == 204
