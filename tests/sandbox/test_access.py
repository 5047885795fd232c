from __future__ import annotations

from datetime import timedelta

import pytest
from pennyform.sandbox import Sandbox

from .bodies import company
from .conftest import Caller, Clock, Connect


def test_me_tells_who_the_token_belongs_to(api: Caller) -> None:
    me = api.get("/me").json()
    assert me["company"]["reg_no"].startswith("sandbox-")
    assert {"customer_invoices:all", "customers:all", "products:all"} <= set(me["scopes"])


@pytest.mark.parametrize("token", [None, "wrong", "sandboxx"])
def test_missing_and_unknown_tokens_get_one_answer(connect: Connect, token: str | None) -> None:
    response = connect(token).get("/me")
    assert (response.status_code, response.json()) == (
        401,
        {"error": "The access token is invalid", "status": 401},
    )


def test_an_expired_token_is_an_invalid_one(sandbox: Sandbox, connect: Connect, clock: Clock) -> None:
    sandbox.add_token("short", expires_at=clock() + timedelta(hours=1))
    assert connect("short").get("/me").status_code == 200
    clock.advance(hours=1)
    assert connect("short").get("/me").status_code == 401


def test_one_scope_of_several_is_enough(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.add_token("reader", scopes=["customers:readonly"])
    reader = connect("reader")
    assert reader.get("/customers").status_code == 200
    refused = reader.post("/company_customers", json=company())
    assert refused.status_code == 403
    assert '"customers:all"' in refused.json()["error"]


def test_a_scope_is_asked_for_before_the_body_is_read(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.add_token("nothing", scopes=[])
    assert connect("nothing").post("/company_customers", content=b"{").status_code == 403


def test_another_company_s_records_do_not_exist(sandbox: Sandbox, connect: Connect, customer: int) -> None:
    sandbox.add_token("other", company=sandbox.add_company("Other SARL"))
    other = connect("other")
    assert other.get("/me").json()["company"]["name"] == "Other SARL"
    assert other.get(f"/customers/{customer}").status_code == 404
    assert other.get("/customers").json()["items"] == []
    assert len(other.get("/ledger_accounts").json()["items"]) > 5


def test_a_reference_is_unique_within_its_company_only(
    sandbox: Sandbox, connect: Connect, customer: int
) -> None:
    sandbox.add_token("other", company=sandbox.add_company("Other SARL"))
    connect("other").made("/company_customers", company(external_reference="ACME_001"))


def test_the_token_is_not_in_the_file(tmp_path, clock: Clock) -> None:
    sandbox = Sandbox(tmp_path / "books.db", clock=clock)
    sandbox.add_token("a-token-nobody-should-read")
    sandbox.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"a-token-nobody-should-read" not in stored
