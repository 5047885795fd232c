"""Answers that no service should give: each is named, nothing final follows, and no memory is used up."""

from __future__ import annotations

import re

import httpx
import pytest
from pennyform.engine.account.errors import OutcomeError
from pennyform.results.apply import Status

from .world import Fault, Handler, Office, Trick

AMOUNT = re.compile(
    rb'"(currency_amount|currency_tax|raw_currency_unit_price|price_before_tax|quantity)": ?"?[^",}]*"?'
)
NUMBERS = [
    '"1e99999999"',
    '"-1E+400"',
    '"1e-99999999"',
    '"sNaN"',
    '"NaN"',
    '"Infinity"',
    "1e99999999",
    f'"{"9" * 5000}"',
]


def saying(number: str) -> Trick:
    """An answer whose amounts are all ``number``."""

    def answer(request: httpx.Request, handle: Handler) -> httpx.Response:
        said = handle(request)
        said.read()
        text = AMOUNT.sub(lambda match: b'"%s":%s' % (match[1], number.encode()), said.content)
        return httpx.Response(said.status_code, headers={"content-type": "application/json"}, content=text)

    return answer


@pytest.mark.parametrize("number", NUMBERS)
def test_amounts_out_of_range_stop_an_apply(office: Office, number: str) -> None:
    office.define("INV-1", finalize=True)
    office.wire.faults = [Fault("GET", "", saying(number), times=999)]
    report = office.apply()
    assert not report.any(Status.DONE) or {
        str(result.status) for result in report.results if result.change.kind == "invoice"
    } <= {"unknown", "failed", "partial", "differs", "not_started"}
    assert all(row["draft"] for rows in office.books().values() for row in rows)


@pytest.mark.parametrize("number", NUMBERS)
def test_amounts_out_of_range_are_named_by_plan_and_verify(office: Office, number: str) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    office.wire.faults = [Fault("GET", "customer_invoices", saying(number), times=999)]
    for command in (office.plan, office.verify):
        with pytest.raises(OutcomeError):
            command()
