"""Lost requests, lost answers, refusals and strangers: one invoice each time, or the truth about it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import httpx
import pytest
from pennyform.cli.commands.account.apply import exit_of
from pennyform.cli.terminal import Exit
from pennyform.engine.account.errors import OutcomeError
from pennyform.engine.journal.records import Intent
from pennyform.results.documents import json_data
from pennyform.sandbox import Rules

from .world import (
    AMBIGUOUS,
    API,
    Fault,
    Handler,
    Office,
    Trick,
    answering,
    by_reference,
    changing,
    invoice,
    line,
    lost_after,
    lost_before,
    never_opened,
    only,
    raw,
    records_of,
    statuses,
    unavailable_before,
)

POST = "customer_invoices"
FINALIZE = r"customer_invoices/\d+/finalize"


@pytest.fixture
def one(office: Office) -> Office:
    """An office whose customer exists and whose one invoice is about to be created and finalized."""
    office.define("INV-0")
    office.apply()
    (office.root / "invoices" / "INV-0.yaml").unlink()
    office.define("INV-1", finalize=True)
    office.wire.sent.clear()
    return office


@pytest.mark.parametrize("trick", AMBIGUOUS)
def test_an_ambiguous_creation_ends_in_exactly_one_invoice(one: Office, trick: Trick) -> None:
    one.wire.faults = [Fault("POST", POST, trick)]
    report = one.apply()
    assert statuses(report)["INV-1"] == "done"
    assert not only(one.books()["INV-1"])["draft"]


@pytest.mark.parametrize("trick", [lost_before, unavailable_before])
def test_it_is_sent_again_only_after_absence_was_seen_over_the_whole_window(
    one: Office, trick: Trick
) -> None:
    one.wire.faults = [Fault("POST", POST, trick)]
    one.apply()
    posts = [place for place, request in enumerate(one.wire.sent) if request.method == "POST"]
    between = one.wire.sent[posts[0] + 1 : posts[1]]
    assert len(posts) == 2
    assert len(between) >= 3
    assert all("external_reference" in str(request.url) for request in between)
    assert sum(one.clock.slept) >= 36


def test_a_late_row_is_adopted_instead_of_created_again(one: Office) -> None:
    """The answer is lost, and the first look-ups do not show what was committed yet."""
    hidden = changing(lambda body: body.update(items=[], included={"invoice_lines": {}}))
    one.wire.faults = [
        Fault("POST", POST, lost_after),
        Fault("GET", POST, hidden, times=2, skip=2),
    ]
    assert statuses(one.apply())["INV-1"] == "done"
    assert one.wire.count("POST") == 1
    only(one.books()["INV-1"])


def test_what_cannot_be_found_out_is_unknown_and_the_next_apply_settles_it(one: Office) -> None:
    one.wire.faults = [
        Fault("POST", POST, lost_after),
        Fault("GET", POST, unavailable_before, times=1000, skip=2),
    ]
    report = one.apply()
    assert statuses(report)["INV-1"] == "unknown"
    assert exit_of(report) == Exit.UNKNOWN
    one.wire.faults = []
    one.wire.sent.clear()
    assert statuses(one.apply())["INV-1"] == "done"
    assert one.wire.count("POST") == 0
    only(one.books()["INV-1"])


def test_an_unknown_that_stays_unknown_is_left_alone(one: Office) -> None:
    one.wire.faults = [
        Fault("POST", POST, lost_before),
        Fault("GET", POST, unavailable_before, times=1000, skip=2),
    ]
    one.apply()
    one.wire.faults = [
        # Settling fails; planning, a moment later, sees the account again.
        Fault("GET", POST, unavailable_before, times=9),
    ]
    one.wire.sent.clear()
    report = one.apply()
    assert (statuses(report)["INV-1"], exit_of(report)) == ("unknown", Exit.UNKNOWN)
    assert one.wire.count("POST") == 0


@pytest.mark.parametrize("trick", AMBIGUOUS)
def test_an_ambiguous_finalization_ends_in_a_final_invoice(one: Office, trick: Trick) -> None:
    one.wire.faults = [Fault("PUT", FINALIZE, trick)]
    report = one.apply()
    row = only(one.books()["INV-1"])
    if row["draft"]:
        assert (statuses(report)["INV-1"], exit_of(report)) == ("unknown", Exit.UNKNOWN)
        assert statuses(one.apply())["INV-1"] == "done"
    else:
        assert statuses(report)["INV-1"] == "done"
    assert not only(one.books()["INV-1"])["draft"]


def test_an_update_that_may_still_be_on_its_way_is_waited_for(office: Office) -> None:
    """The answer to a PUT that creates a line is lost; another one sent at once could double the line."""
    office.define("INV-1")
    office.apply()
    office.define("INV-1", lines=line() * 2)
    late: list[httpx.Request] = []

    def delayed(request: httpx.Request, handle: Handler) -> httpx.Response:
        late.append(request)
        raise httpx.ReadTimeout("no answer", request=request)

    office.wire.faults = [Fault("PUT", r"customer_invoices/\d+", delayed)]
    assert statuses(office.apply())["INV-1"] == "unknown"
    sleep = office.clock.sleep

    def delivering(seconds: float) -> None:
        sleep(seconds)
        if late and office.clock.seconds > 60:
            assert office.wire.deliver(late.pop()).status_code == 200

    office.clock.sleep = delivering  # type: ignore[method-assign]
    office.wire.sent.clear()
    assert statuses(office.apply())["INV-1"] == "unchanged"
    assert office.wire.count("PUT") == 0
    assert only(office.books()["INV-1"])["currency_amount"] == "480.0"


@pytest.mark.parametrize("trick", AMBIGUOUS)
def test_an_ambiguous_customer_is_created_once(office: Office, trick: Trick) -> None:
    office.define("INV-1")
    office.wire.faults = [Fault("POST", "company_customers", trick)]
    assert set(statuses(office.apply()).values()) == {"done"}
    with raw(office.sandbox) as caller:
        assert len(caller.get(f"{API}/customers").json()["items"]) == 1


@pytest.mark.parametrize("status", [422, 409])
def test_a_taken_reference_is_adopted_when_a_row_carries_it(office: Office, status: int) -> None:
    """Another machine created it after the look-up."""
    office.define("INV-1", finalize=True)

    def created_by_another(request: httpx.Request, handle: Handler) -> httpx.Response:
        handle(request)
        again = handle(request)
        return httpx.Response(status, content=again.read(), headers={"content-type": "application/json"})

    office.wire.faults = [Fault("POST", POST, created_by_another)]
    assert statuses(office.apply())["INV-1"] == "done"
    assert not only(office.books()["INV-1"])["draft"]


def test_a_taken_reference_with_other_content_is_not_finalized(office: Office) -> None:
    office.define("INV-1", finalize=True)

    def created_by_another(request: httpx.Request, handle: Handler) -> httpx.Response:
        other = request.content.replace(b'"quantity":2', b'"quantity":3')
        assert other != request.content
        headers = {name: request.headers[name] for name in ("authorization", "content-type")}
        assert handle(httpx.Request("POST", request.url, headers=headers, content=other)).status_code == 201
        return handle(request)

    office.wire.faults = [Fault("POST", POST, created_by_another)]
    report = office.apply()
    assert (statuses(report)["INV-1"], exit_of(report)) == ("differs", Exit.DRIFT)
    assert only(office.books()["INV-1"])["draft"]


def test_taken_but_not_shown_is_a_failure_that_creates_nothing(one: Office) -> None:
    taken = answering(422, {"error": "External reference has already been taken", "status": 422})
    one.wire.faults = [Fault("POST", POST, taken, times=9)]
    report = one.apply()
    result = by_reference(report)["INV-1"]
    assert (str(result.status), exit_of(report)) == ("failed", Exit.ERROR)
    assert "no invoice is shown" in result.detail
    assert one.wire.count("POST") == 1


def test_rows_that_were_not_asked_for_are_refused(one: Office) -> None:
    """A filter that the service ignores shows a stranger; it is neither adopted nor taken for absence."""
    stranger = one.books()["INV-0"]

    def ignored(body: Any) -> None:
        body["items"] = stranger

    one.wire.faults = [
        Fault("POST", POST, lost_before),
        Fault("GET", POST, changing(ignored), times=99, skip=2),
    ]
    report = one.apply()
    assert (statuses(report)["INV-1"], exit_of(report)) == ("unknown", Exit.UNKNOWN)
    assert "INV-1" not in one.books()
    assert only(one.books()["INV-0"])["draft"]


def test_a_server_that_computes_other_cents_gets_no_finalization(office: Office) -> None:
    """Three lines of 33.33 at 5.5 %: a VAT of 1.83 each by line is 5.49; by document it is 5.50."""
    office.reopen(Rules(rounding="document"))
    office.define("INV-1", finalize=True, lines=line(quantity="1", price="33.33", vat="FR_55") * 3)
    report = office.apply()
    result = by_reference(report)["INV-1"]
    assert (str(result.status), exit_of(report)) == ("differs", Exit.DRIFT)
    assert [difference.pointer for difference in result.differences][-2:] == [
        "/currency_tax",
        "/currency_amount",
    ]
    assert office.wire.count("PUT", FINALIZE) == 0
    assert only(office.books()["INV-1"])["draft"]


def test_content_that_comes_back_changed_gets_no_finalization(one: Office) -> None:
    def mangled(body: Any) -> None:
        for items in body["included"]["invoice_lines"].values():
            items["items"][0]["label"] = "Consultin"

    one.wire.faults = [
        Fault("GET", POST, changing(mangled), times=99, skip=2),
        Fault("GET", r"invoice_lines", changing(lambda body: body["items"][0].update(label="X")), times=99),
    ]
    report = one.apply()
    assert statuses(report)["INV-1"] == "differs"
    assert one.wire.count("PUT", FINALIZE) == 0


def test_a_stale_reading_is_repeated_before_anything_is_said(one: Office) -> None:
    stale = changing(lambda body: body["items"][0].update(currency_amount="0.0"))
    one.wire.faults = [Fault("GET", POST, stale, skip=2)]
    assert statuses(one.apply())["INV-1"] == "done"


def test_one_refusal_does_not_stop_the_others(one: Office) -> None:
    one.define("INV-2")
    one.define("INV-3")
    one.wire.faults = [Fault("POST", POST, answering(422, {"error": "no", "status": 422}), skip=1)]
    report = one.apply()
    found = statuses(report)
    assert (found["INV-1"], found["INV-2"], found["INV-3"]) == ("done", "failed", "done")
    assert exit_of(report) == Exit.ERROR


def test_an_expired_token_stops_everything_at_once(one: Office) -> None:
    one.define("INV-2")
    one.define("INV-3")
    one.wire.faults = [
        Fault("POST", POST, answering(401, {"error": "unauthorized", "status": 401}), skip=1, times=99)
    ]
    report = one.apply()
    found = statuses(report)
    assert (found["INV-2"], found["INV-3"]) == ("failed", "not_started")
    assert one.wire.count("POST") == 2
    assert report.stopped


def test_no_connection_is_tried_again_and_then_given_up_for_all(one: Office) -> None:
    one.define("INV-2")
    one.wire.faults = [Fault("POST", POST, never_opened, times=99)]
    report = one.apply()
    assert (statuses(report)["INV-1"], statuses(report)["INV-2"]) == ("failed", "not_started")
    assert set(one.books()) == {"INV-0"}
    one.wire.faults = [Fault("POST", POST, never_opened, times=1)]
    assert set(statuses(one.apply()).values()) == {"unchanged", "done"}


def test_a_rate_that_stays_exhausted_is_tried_later(one: Office) -> None:
    refused = lambda request, handle: httpx.Response(429, headers={"retry-after": "1"}, text="slow down")  # noqa: E731
    one.wire.faults = [Fault("POST", POST, refused, times=99)]
    report = one.apply()
    assert exit_of(report) == Exit.TRY_LATER
    assert "INV-1" not in one.books()


def test_after_several_lost_answers_in_a_row_nothing_new_is_sent(one: Office) -> None:
    for number in range(2, 12):
        one.define(f"INV-{number}")
    one.wire.faults = [Fault("POST", POST, unavailable_before, times=99)]
    report = one.apply()
    assert one.wire.count("POST") == 5
    assert "in a row" in report.stopped


def test_stopping_between_steps_leaves_verified_drafts_and_says_what_is_left(one: Office) -> None:
    one.define("INV-2", finalize=True)
    one.define("INV-3", finalize=True)
    one.stop_after = 2
    report = one.apply()
    results = by_reference(report)
    assert [str(results[f"INV-{n}"].status) for n in (1, 2, 3)] == ["partial", "partial", "not_started"]
    assert results["INV-1"].remaining_steps == ("finalize",)
    assert exit_of(report) == Exit.INTERRUPTED
    one.stop_after = None
    assert statuses(one.apply()) == {"ACME": "unchanged", "INV-1": "done", "INV-2": "done", "INV-3": "done"}


def test_an_invoice_whose_customer_was_not_created_is_not_sent(office: Office) -> None:
    office.define("INV-1")
    office.wire.faults = [Fault("POST", "company_customers", answering(422, {"error": "no", "status": 422}))]
    report = office.apply()
    assert statuses(report) == {"ACME": "failed", "INV-1": "failed"}
    assert office.wire.count("POST", POST) == 0


def test_the_token_is_in_no_file_and_no_error(one: Office) -> None:
    one.write("invoices/INV-2.yaml", invoice("INV-2"))
    one.wire.faults = [Fault("POST", POST, lost_before, times=99)]
    report = one.apply()
    written = list((one.root / ".pennyform").rglob("*.json*"))
    assert written
    assert not any(b"Bearer" in path.read_bytes() for path in written)
    assert "Bearer" not in str(json_data(report.document()))


def test_the_intent_is_durable_before_the_first_byte_leaves(one: Office) -> None:
    seen: list[list[str]] = []

    def look(request: httpx.Request, handle: Handler) -> httpx.Response:
        last = records_of(one.journal)[-1]
        assert isinstance(last, Intent)
        seen.append([last.step, last.reference])
        return handle(request)

    one.wire.faults = [Fault("POST", POST, look), Fault("PUT", FINALIZE, look)]
    one.apply()
    assert seen == [["create_draft", "INV-1"], ["finalize", "INV-1"]]


@pytest.mark.parametrize("lost", ["id", "draft", "items", "has_more", "external_reference", "lines"])
@pytest.mark.parametrize("skip", [0, 2])
def test_an_answer_that_lacks_what_the_contract_promises_is_no_answer(
    one: Office, lost: str, skip: int
) -> None:
    """The contract changes every week, and the client lets answers pass that are not quite what it says."""

    def without(value: Any) -> Any:
        if isinstance(value, list):
            return [without(item) for item in value]
        if isinstance(value, dict):
            return {name: without(inner) for name, inner in value.items() if name != lost}
        return value

    def poorer(request: httpx.Request, handle: Handler) -> httpx.Response:
        answer = handle(request)
        return httpx.Response(answer.status_code, json=without(answer.json()))

    one.wire.faults = [Fault("GET|POST", POST, poorer, skip=skip, times=2)]
    with suppress(OutcomeError):
        one.apply()
    one.wire.faults = []
    assert statuses(one.apply())["INV-1"] in {"done", "unchanged"}
    assert not only(one.books()["INV-1"])["draft"]


def test_a_customer_that_a_look_up_misses_is_found_by_its_id(one: Office) -> None:
    hidden = changing(lambda body: body.update(items=[]))
    one.wire.faults = [Fault("GET", "/customers", hidden)]
    assert statuses(one.apply())["ACME"] == "unchanged"
    assert one.wire.count("POST", "company_customers") == 0


@pytest.mark.parametrize("unseen", [4, 100])
def test_an_invoice_that_the_journal_has_seen_is_not_missing_because_a_look_up_says_so(
    one: Office, unseen: int
) -> None:
    """Reads lag behind; only a window of look-ups without it proves that somebody deleted it."""
    one.apply()
    hidden = changing(lambda body: body.update(items=[], included={"invoice_lines": {}}))
    one.wire.faults = [Fault("GET", POST, hidden, times=unseen)]
    one.wire.sent.clear()
    posts = one.wire.count("POST")
    assert statuses(one.apply())["INV-1"] == ("unchanged" if unseen == 4 else "failed")
    assert one.wire.count("POST") - posts == (0 if unseen == 4 else 1)
    assert sum(one.clock.slept) >= 36 or unseen == 4
    only(one.books()["INV-1"])


def test_a_customer_that_the_journal_has_seen_is_looked_for_before_it_is_created(one: Office) -> None:
    hidden = changing(lambda body: body.update(items=[]))
    one.wire.faults = [Fault("GET", "/customers", hidden, times=3)]
    assert statuses(one.apply())["ACME"] == "unchanged"
    assert one.wire.count("POST", "company_customers") == 0
