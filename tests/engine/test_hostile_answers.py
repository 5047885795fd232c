"""Answers that no service should give: each is named, nothing final follows, and no memory is used up."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from pennyform.engine.account import client
from pennyform.engine.account.errors import OutcomeError, UnknownOutcomeError
from pennyform.engine.applying import context
from pennyform.engine.applying.report import ApplyReport
from pennyform.engine.planning.resolve import PlanRejectedError
from pennyform.results.apply import Status
from pennyform.sandbox import TOKEN

from .world import (
    CUSTOMER,
    PRODUCT,
    Fault,
    Handler,
    Office,
    Trick,
    answering,
    changing,
    invoice,
    line,
    unavailable_before,
)

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


# --- answers about something else ---------------------------------------------------------------------------


def rows(body: Any) -> list[dict[str, Any]]:
    """The records of an answer: those of a list, or the one that it is about."""
    return body["items"] if isinstance(body.get("items"), list) else [body]


def setting(name: str, change: Callable[[Any], Any]) -> Callable[[Any], None]:
    """One field of every record that has it is another one."""

    def edit(body: Any) -> None:
        for row in rows(body):
            if row.get(name) is not None:
                row[name] = change(row[name])

    return edit


def twice(body: Any) -> None:
    """Every row of a list stands there again, under another id."""
    if isinstance(body.get("items"), list):
        body["items"] += [{**row, "id": row["id"] + 500_000} for row in body["items"] if "id" in row]


def twice_different(body: Any) -> None:
    """Every row of a list stands there again with another amount or name."""
    if isinstance(body.get("items"), list):
        body["items"] += [{**row, "currency_amount": "9.99", "name": "Other"} for row in body["items"]]


CHANGES: dict[str, Callable[[Any], None]] = {
    "another record": setting("id", lambda id_: id_ + 1_000_000),
    "another reference": setting("external_reference", lambda text: f"{text}-OTHER"),
    "another customer": setting("customer", lambda customer: {**customer, "id": customer["id"] + 1_000_000}),
    "two records": twice,
    "two forms of one record": twice_different,
    "ten times the amount": setting("currency_amount", lambda text: str(float(text) * 10)),
    "another currency": setting("currency", lambda _: "USD"),
    "an amount that is no text": setting("currency_amount", lambda _: None),
    "still a draft": setting("draft", lambda _: True),
    "a list instead of a record": lambda body: body.update(id=[1]),
    "no id": lambda body: [row.pop("id", None) for row in rows(body)] and None,
}
# The requests of an apply that updates a draft of 21 lines, and of one that creates everything.
REQUESTS = [
    ("GET", "customers"),
    ("POST", "company_customers"),
    ("GET", "customer_invoices"),
    ("POST", "customer_invoices"),
    ("PUT", r"customer_invoices/\d+"),
    ("PUT", "finalize"),
    ("GET", "invoice_lines"),
]
OF_LISTS = {"two records", "two forms of one record"}
OF_INVOICES = {
    "another customer",
    "ten times the amount",
    "another currency",
    "an amount that is no text",
    "still a draft",
}
# The lines of an invoice have neither a reference nor a customer.
OF_LINES = {"another record", "ten times the amount", "an amount that is no text", "no id", *OF_LISTS}


def alters(request: tuple[str, str], change: str) -> bool:
    """Whether an answer to such a request has what the change is about."""
    method, path = request
    if method != "GET" and change in OF_LISTS:
        return False
    if path == "invoice_lines":
        return change in OF_LINES or change == "a list instead of a record"
    if change in OF_INVOICES and "customer_invoices" not in path and path != "finalize":
        return False
    # The answer to a creation and to an update is that of a draft.
    return not (change == "still a draft" and method != "GET" and path != "finalize")


@pytest.mark.parametrize("times", [1, 999])
@pytest.mark.parametrize(
    ("request_", "change"),
    [(request, change) for request in REQUESTS for change in CHANGES if alters(request, change)],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_an_answer_about_something_else_makes_nothing_final_wrongly(
    office: Office, change: str, request_: tuple[str, str], times: int
) -> None:
    lines = [line(f"Part {number}", "1", "10.00") for number in range(21)]
    if request_[0] != "POST":
        office.define("INV-1", lines="".join(lines[1:]))
        office.apply()
    office.define("INV-1", finalize=True, lines="".join(lines))
    altered: list[str] = []

    def edit(body: Any) -> None:
        before = json.dumps(body)
        CHANGES[change](body)
        altered.extend([request_[1]] * (json.dumps(body) != before))

    office.wire.faults = [Fault(*request_, changing(edit), times=times)]
    with suppress(OutcomeError, PlanRejectedError):
        office.apply()
    # The first look-up shows a draft anyway.
    assert altered or (request_[0], change, times) == ("GET", "still a draft", 1)
    _none_is_wrong(office)
    office.wire.faults = []
    # Twice: what was unknown is found out first.
    office.apply()
    office.apply()
    _none_is_wrong(office)
    assert [(row["draft"], row["amount"]) for row in office.books()["INV-1"]] == [(False, "252.0")]


def _none_is_wrong(office: Office) -> None:
    """Whatever is in the books is the one invoice that was asked for, and what is final is right."""
    for reference, invoices in office.books().items():
        assert reference == "INV-1"
        assert len(invoices) == 1
        assert all(row["draft"] or row["amount"] == "252.0" for row in invoices)


@pytest.mark.parametrize(
    ("method", "path", "change", "message"),
    [
        ("GET", "customers", "two records", "two customers have the external_reference ACME"),
        ("GET", "customers", "two forms of one record", "twice, with different contents"),
        ("GET", "customers", "another reference", "rows that were not asked for"),
        ("GET", "customer_invoices", "two forms of one record", "twice, with different contents"),
        ("GET", "customer_invoices", "another reference", "rows that were not asked for"),
    ],
)
def test_a_look_up_says_what_is_wrong_with_its_answer(
    office: Office, method: str, path: str, change: str, message: str
) -> None:
    office.define("INV-1")
    office.apply()
    office.wire.faults = [Fault(method, path, changing(CHANGES[change]), times=999)]
    with pytest.raises(OutcomeError, match=message):
        office.plan()


@pytest.mark.parametrize("change", ["another record", "another reference", "still a draft", "no id"])
def test_the_answer_to_a_finalization_is_about_that_invoice(office: Office, change: str) -> None:
    """What cannot be told from the answer is looked up: it is unknown until then."""
    office.define("INV-1")
    office.apply()
    office.wire.faults = [Fault("PUT", "finalize", changing(CHANGES[change]), times=999)]
    with pytest.raises(UnknownOutcomeError):
        office.remote().finalize(office.books()["INV-1"][0]["id"], "INV-1")


def test_the_answer_to_a_creation_names_an_id(office: Office) -> None:
    office.wire.faults = [Fault("POST", "products", changing(CHANGES["no id"]), times=999)]
    product = {"external_reference": "DAY", "label": "Day", "price_before_tax": "1.00", "vat_rate": "FR_200"}
    with pytest.raises(UnknownOutcomeError):
        office.remote().create_product(product)


def test_a_look_up_keeps_a_bounded_number_of_rows(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        office.define(f"INV-{number}")
    office.apply()
    # An invoice and its line are two rows.
    monkeypatch.setattr(client, "ROWS", 5)
    with pytest.raises(OutcomeError, match="more than 5 rows"):
        office.remote().drafts()
    monkeypatch.setattr(client, "ROWS", 6)
    assert len(office.remote().drafts()) == 3


def unknown_codes(body: Any) -> None:
    """Every VAT code in the answer is one that no rule gives a rate."""
    for inner in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        unknown_codes(inner)
    if isinstance(body, dict) and body.get("vat_rate") is not None:
        body["vat_rate"] = "tomorrow"


def test_a_product_whose_vat_code_has_no_known_rate_is_named(office: Office) -> None:
    office.write("products/day.yaml", PRODUCT)
    office.define("INV-1", finalize=True, lines="  - product: DAY\n    quantity: 1\n")
    office.apply()
    (office.root / "products/day.yaml").unlink()
    office.define("INV-2", finalize=True, lines="  - product: DAY\n    quantity: 1\n")
    office.wire.faults = [Fault("GET", "products", changing(unknown_codes), times=99)]
    for command in (office.apply, office.plan, office.verify):
        with pytest.raises(PlanRejectedError, match="INV-2 has the VAT code tomorrow from the account"):
            command()
    assert "INV-2" not in office.books()


def test_a_credited_invoice_whose_vat_code_has_no_known_rate_is_named(office: Office) -> None:
    office.define("INV-1", finalize=True)
    office.apply()
    (office.root / "invoices/INV-1.yaml").unlink()
    note = invoice("CN-1", finalize=True, more="credit_note_of: INV-1\ncredit: all\n")
    office.write("invoices/CN.yaml", note.partition("invoice_lines:")[0] + "options:\n  finalize: true\n")
    office.wire.faults = [Fault("GET", "invoices.*", changing(unknown_codes), times=99)]
    with pytest.raises(PlanRejectedError, match="tomorrow"):
        office.apply()
    assert "CN-1" not in office.books()


# --- a company that changes between two answers -------------------------------------------------------------

MAILED = "  send_by_email: true\n"
# What cannot be taken back, by the end of its path.
IRREVERSIBLE = ("finalize", "send_by_email", "mark_as_paid")


def changing_at(request_number: int, change: Callable[[Office], None], office: Office) -> Fault:
    """After the ``request_number``-th request, the account is that of another company."""
    seen = 0

    def trick(request: httpx.Request, handle: Handler) -> httpx.Response:
        nonlocal seen
        seen += 1
        answer = handle(request)
        if seen == request_number:
            change(office)
        return answer

    return Fault("GET|POST|PUT|DELETE", "", trick, times=9999)


def to_twin(office: Office) -> None:
    """All of its records are the same, with the same ids: only its own id tells."""
    other = changing(lambda body: body["company"].update(id=99, name="Twin SAS"))
    office.wire.faults.insert(0, Fault("GET", "/me", other, times=9999))


def to_other(office: Office) -> None:
    """Another company, which has none of the records."""
    office.sandbox.add_token(TOKEN, company=office.sandbox.add_company("Other SAS"))


def sent_after_the_change(office: Office, requests: int) -> list[str]:
    """The irreversible writes but for the first ``requests``, and one that the last of these allowed."""
    sent = [request.url.path.rpartition("/")[2] for request in office.wire.sent]
    allowed = requests + 1 if sent[:requests][-1:] == ["me"] else requests
    return [name for name in sent[allowed:] if name in IRREVERSIBLE]


def swapped(path: Path, at: int, change: Callable[[Office], None]) -> tuple[Office, ApplyReport | None]:
    """An apply of three invoices, during which the company changes with request ``at``; its report."""
    office = Office(path)
    office.write("customers/acme.yaml", CUSTOMER + "emails: [billing@acme.example]\n")
    for number in range(3):
        office.define(f"INV-{number}", finalize=True, options=MAILED)
    office.wire.faults = [changing_at(at, change, office)]
    try:
        return office, office.apply()
    except (OutcomeError, PlanRejectedError):
        return office, None


def test_nothing_final_follows_once_the_company_is_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At whichever request it changes, and although every other answer is as it was."""
    monkeypatch.setattr(context, "COMPANY_WRITES", 1)
    named = 0
    for at in range(2, 99):
        office, report = swapped(tmp_path / str(at), at, to_twin)
        assert sent_after_the_change(office, at) == [], at
        if report and report.stopped:
            named += 1
            assert report.stopped.endswith("and the account is that of Twin SAS (99) now")
            assert not report.any(Status.UNKNOWN)
        office.close()
        if report and not report.stopped:
            break
    # Until the last mail is sent.
    assert named > 15
    assert office.wire.done("send_by_email") == 3


def test_a_record_that_is_gone_makes_the_next_write_ask(tmp_path: Path) -> None:
    """Long before a hundred writes are over: the other company has no such invoice."""
    for at in range(2, 30):
        office, _ = swapped(tmp_path / str(at), at, to_other)
        assert len(sent_after_the_change(office, at)) <= 1, at
        assert all(row["draft"] for rows in office.books().values() for row in rows), at
        office.close()


def test_an_answer_to_whose_account_it_is_holds_for_a_hundred_writes_and_a_minute(office: Office) -> None:
    checked = context.CompanyCheck(office.remote(), office.remote().company(), office.clock)
    office.wire.sent.clear()
    counts = []
    for seconds in (*[0.0] * 100, 0.0, 61.0, 0.0):
        office.clock.seconds += seconds
        checked.check()
        counts.append(len(office.wire.sent))
    assert counts == [*[1] * 100, 2, 3, 3]
    checked.doubt()
    checked.check()
    assert len(office.wire.sent) == 4


@pytest.mark.parametrize("trick", [unavailable_before, answering(200, {"company": {}}), answering(404, {})])
def test_nothing_final_is_sent_while_the_company_cannot_be_read(office: Office, trick: Trick) -> None:
    office.define("INV-1", finalize=True)
    office.wire.faults = [Fault("GET", "/me", trick, times=99, skip=1)]
    report = office.apply()
    assert "it cannot be read whose account this is" in report.results[-1].detail
    assert office.wire.count("PUT", "finalize") == 0
