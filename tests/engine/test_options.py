"""What is done to an invoice besides its content: once each, seen in the account or said to be unknown."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pennyform.cli.commands.account.apply import exit_of
from pennyform.cli.terminal import Exit
from pennyform.engine.limits import Patience
from pennyform.engine.planning.resolve import PlanRejectedError
from pennyform.invoices import EmailOption, Repository
from pennyform.report import apply as apply_text
from pennyform.results.documents import json_data
from pennyform.sandbox import Rules

from . import world
from .world import (
    AMBIGUOUS,
    API,
    Fault,
    Handler,
    Office,
    Trick,
    actions,
    by_reference,
    changing,
    lost_before,
    only,
    raw,
    statuses,
)

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"

CATEGORIES = """\
  categories:
    - label: North
      weight: "0.25"
    - label: South
      group: Region
      weight: "0.75"
"""
APPENDICES = "  appendices:\n    - ../hours.pdf\n    - ../terms.pdf\n"
TRANSACTION = '  matched_transactions:\n    - date: 2025-10-03\n      currency_amount: "240.00"\n'
PAID, MAIL, SUBMIT = "  mark_as_paid: true\n", "  send_by_email: true\n", "  send_to_pa: true\n"


@pytest.fixture
def desk(office: Office) -> Office:
    """An account with a payment that came in, a repository with files, and PDFs made at once."""
    office.reopen(Rules(pdf_seconds=0.0, pa_needs_reg_no=False))
    for name in ("hours.pdf", "terms.pdf"):
        (office.root / name).write_bytes(PDF + name.encode())
    with raw(office.sandbox) as caller:
        account = caller.get(f"{API}/bank_accounts").json()["items"][0]["id"]
        payment = {"bank_account_id": account, "label": "ACME", "date": "2025-10-03", "amount": "240.00"}
        caller.post(f"{API}/transactions", json=payment).raise_for_status()
    office.write("customers/acme.yaml", (office.root / "customers/acme.yaml").read_text() + MAILBOX)
    return office


MAILBOX = 'reg_no: "552100554"\nemails:\n  - billing@acme.example\n'


def seen(office: Office, resource: str) -> list[dict[str, Any]]:
    """A list of INV-1, read past the engine."""
    id_ = only(office.books()["INV-1"])["id"]
    with raw(office.sandbox) as caller:
        items: list[dict[str, Any]] = caller.get(f"{API}/customer_invoices/{id_}/{resource}").json()["items"]
    return items


def test_every_option_is_carried_out_in_order_and_once(desk: Office) -> None:
    desk.define("INV-1", finalize=True, options=CATEGORIES + APPENDICES + TRANSACTION + SUBMIT + MAIL)
    planned = json_data(desk.plan().document())
    assert planned["changes"][1]["steps"][4:] == [
        "set_categories",
        "add_appendix hours.pdf",
        "add_appendix terms.pdf",
        "match_transaction 2025-10-03 240.00",
        "send_to_pa",
        "send_by_email",
    ]
    report = desk.apply()
    assert statuses(report)["INV-1"] == "done", by_reference(report)["INV-1"].detail
    assert {(row["label"], row["weight"]) for row in seen(desk, "categories")} == {
        ("North", "0.25"),
        ("South", "0.75"),
    }
    assert {row["filename"] for row in seen(desk, "appendices")} == {"hours.pdf", "terms.pdf"}
    assert len(seen(desk, "matched_transactions")) == 1
    assert only(desk.books()["INV-1"])["paid"]
    assert desk.wire.done("send_by_email") == desk.wire.done("send_to_pa") == 1
    assert not desk.verify().drift
    written = len(desk.wire.carried_out)
    assert statuses(desk.apply()) == {"ACME": "unchanged", "INV-1": "unchanged"}
    assert all(entry.startswith("GET") for entry in desk.wire.carried_out[written:])


def test_the_plan_says_how_many_requests_options_take(desk: Office) -> None:
    desk.define("INV-1", finalize=True, options=CATEGORIES + APPENDICES + PAID + MAIL)
    planned = desk.plan().document().requests
    desk.wire.sent.clear()
    desk.plan()
    looked_up = len(desk.wire.sent)
    desk.wire.sent.clear()
    assert statuses(desk.apply())["INV-1"] == "done"
    assert len(desk.wire.sent) == looked_up + planned


def test_what_is_missing_of_a_final_invoice_is_completed(desk: Office) -> None:
    desk.define("INV-1", finalize=True)
    desk.apply()
    desk.define("INV-1", finalize=True, options=CATEGORIES + APPENDICES + PAID + MAIL)
    assert actions(desk.plan()) == {"INV-1": "complete"}
    assert desk.verify().drift
    assert statuses(desk.apply())["INV-1"] == "done"
    assert not desk.verify().drift
    assert desk.wire.done("send_by_email") == desk.wire.done("finalize") == 1


def test_other_categories_replace_those_that_are_there(desk: Office) -> None:
    desk.define("INV-1", finalize=True, options=CATEGORIES)
    desk.apply()
    desk.define("INV-1", finalize=True, options='  categories:\n    - label: North\n      weight: "1"\n')
    difference = json_data(desk.plan().document())["changes"][1]["differences"][0]
    assert (difference["pointer"], difference["after"]) == ("/options/categories", "North 1.00")
    desk.apply()
    assert [row["label"] for row in seen(desk, "categories")] == ["North"]


@pytest.mark.parametrize("trick", AMBIGUOUS)
@pytest.mark.parametrize(
    ("option", "path"),
    [
        (CATEGORIES, "categories"),
        (APPENDICES, "appendices"),
        (TRANSACTION, "matched_transactions"),
        (PAID, "mark_as_paid"),
        (SUBMIT, "send_to_pa"),
    ],
)
def test_an_ambiguous_task_is_looked_for_before_it_is_sent_again(
    desk: Office, trick: Trick, option: str, path: str
) -> None:
    desk.define("INV-1", finalize=True, options=option)
    desk.wire.faults = [Fault("PUT|POST", path, trick)]
    report = desk.apply()
    assert statuses(report)["INV-1"] == "done", by_reference(report)["INV-1"].detail
    assert desk.wire.done(path) == (2 if option == APPENDICES else 1)


@pytest.mark.parametrize("trick", AMBIGUOUS)
def test_an_ambiguous_mail_is_never_sent_again(desk: Office, trick: Trick) -> None:
    desk.define("INV-1", finalize=True, options=MAIL)
    desk.wire.faults = [Fault("POST", "send_by_email", trick)]
    report = desk.apply()
    assert (statuses(report)["INV-1"], exit_of(report)) == ("unknown", Exit.UNKNOWN)
    again = desk.apply()
    assert (statuses(again)["INV-1"], exit_of(again)) == ("unknown", Exit.UNKNOWN)
    assert "--mailed INV-1" in by_reference(again)["INV-1"].detail
    # Another apply alone does not find it out.
    closing = apply_text.render(again.document()).splitlines()[-1]
    assert "Look whether the mail was sent" in closing
    assert "finds out" not in closing
    assert desk.wire.count("POST", "send_by_email") == 1


def test_a_draft_that_cannot_be_read_back_is_no_question_of_mail(desk: Office) -> None:
    def unreadable(body: Any) -> None:
        for row in body.get("items", []):
            row["currency_amount"] = "1e99999999"

    desk.define("INV-1")
    desk.wire.faults = [Fault("GET", "customer_invoices", changing(unreadable), times=999)]
    report = desk.apply()
    assert statuses(report)["INV-1"] == "unknown"
    closing = apply_text.render(report.document()).splitlines()[-1]
    assert "finds out" in closing
    assert "mail" not in closing


@pytest.mark.parametrize("place", ["before the last reading", "after it"])
def test_an_invoice_that_somebody_else_makes_final_meanwhile_is_not_mailed(desk: Office, place: str) -> None:
    """A second machine may be carrying out the same definitions, mail and all."""
    desk.define("INV-1")
    desk.apply()
    desk.define("INV-1", finalize=True, options=MAIL)

    def finalized_first(request: httpx.Request, handle: Handler) -> httpx.Response:
        id_ = only(desk.books()["INV-1"])["id"]
        with raw(desk.sandbox) as caller:
            caller.put(f"{API}/customer_invoices/{id_}/finalize").raise_for_status()
        return handle(request)

    reading = Fault("GET", "customer_invoices", finalized_first, skip=1)
    desk.wire.faults = [
        reading if place == "before the last reading" else Fault("PUT", "finalize", finalized_first)
    ]
    desk.apply()
    report = desk.apply()
    assert (statuses(report)["INV-1"], exit_of(report)) == ("unknown", Exit.UNKNOWN)
    assert "--mailed INV-1" in by_reference(report)["INV-1"].detail
    assert desk.wire.count("POST", "send_by_email") == 0


@pytest.mark.parametrize(("told", "mails"), [("mailed", 0), ("not_mailed", 1)])
def test_a_person_can_say_whether_it_was_mailed(desk: Office, told: str, mails: int) -> None:
    desk.define("INV-1", finalize=True, options=MAIL)
    desk.wire.faults = [Fault("POST", "send_by_email", lost_before)]
    desk.apply()
    expected = "done" if mails else "unchanged"
    assert statuses(desk.apply(told={told: ["INV-1"]}))["INV-1"] == expected
    assert statuses(desk.apply())["INV-1"] == "unchanged"
    assert desk.wire.done("send_by_email") == mails


def test_without_its_journal_a_mail_is_not_sent_twice(desk: Office) -> None:
    desk.define("INV-1", finalize=True, options=CATEGORIES + MAIL)
    desk.apply()
    desk.journal.unlink()
    assert statuses(desk.apply())["INV-1"] == "unknown"
    assert desk.wire.done("send_by_email") == 1


def test_a_record_of_a_mail_that_was_cut_off_is_no_leave_to_mail_again(desk: Office) -> None:
    desk.define("INV-1", finalize=True, options=MAIL)
    desk.apply()
    lines = desk.journal.read_bytes().splitlines(keepends=True)
    intent = next(place for place, text in enumerate(lines) if b'"intent"' in text and b"send_by" in text)
    damaged = bytearray(b"".join(lines[: intent + 1]))
    damaged[-5] ^= 1
    desk.journal.write_bytes(bytes(damaged))
    assert statuses(desk.apply())["INV-1"] == "unknown"
    assert desk.wire.done("send_by_email") == 1


def test_a_pdf_that_is_being_made_is_waited_for(desk: Office) -> None:
    desk.reopen(Rules(pdf_seconds=20.0))
    desk.define("INV-1", finalize=True, options=MAIL)
    desk.define("INV-2", finalize=True, options=MAIL)
    report = desk.apply()
    assert (statuses(report)["INV-1"], statuses(report)["INV-2"]) == ("done", "done")
    assert desk.wire.done("send_by_email") == 2
    # Both wait together: 2, 4, 8 and 15 seconds after the first attempt, not each on its own.
    assert sum(desk.clock.slept) < 40


def test_a_pdf_that_takes_too_long_is_left_to_a_later_apply(desk: Office) -> None:
    desk.reopen(Rules(pdf_seconds=3600.0))
    desk.define("INV-1", finalize=True, options=CATEGORIES + MAIL)
    report = desk.apply()
    assert (statuses(report)["INV-1"], exit_of(report)) == ("waiting", Exit.TRY_LATER)
    assert by_reference(report)["INV-1"].remaining_steps == ("send_by_email",)
    assert desk.wire.count("POST", "send_by_email") <= 9
    desk.clock.seconds += 3600
    assert statuses(desk.apply())["INV-1"] == "done"
    assert desk.wire.done("send_by_email") == 1
    assert desk.wire.done("categories") == 1


def test_stopping_between_two_tasks_says_what_is_left(desk: Office) -> None:
    desk.define("INV-1", finalize=True, options=CATEGORIES + APPENDICES + MAIL)
    desk.stop_after = 5
    report = desk.apply()
    result = by_reference(report)["INV-1"]
    assert (str(result.status), exit_of(report)) == ("partial", Exit.INTERRUPTED)
    assert result.remaining_steps == ("add_appendix terms.pdf", "send_by_email")
    desk.stop_after = None
    assert statuses(desk.apply())["INV-1"] == "done"
    assert desk.wire.done("appendices") == 2


def test_a_file_that_changed_since_it_was_planned_is_not_sent(desk: Office) -> None:
    desk.define("INV-1", finalize=True, options=APPENDICES)

    def swapped(request: httpx.Request, handle: Handler) -> httpx.Response:
        (desk.root / "hours.pdf").write_bytes(PDF + b"other")
        return handle(request)

    desk.wire.faults = [Fault("PUT", "finalize", swapped)]
    result = by_reference(desk.apply())["INV-1"]
    assert str(result.status) == "failed"
    assert "hours.pdf was changed" in result.detail
    assert desk.wire.done("appendices") == 0


def test_a_file_that_does_not_show_yet_is_not_added_again(desk: Office) -> None:
    """Lists lag behind; the journal saw it added to this very invoice, and no file is ever taken away."""
    desk.define("INV-1", options=APPENDICES)
    desk.apply()
    hidden = changing(lambda body: body.update(items=[]))
    desk.wire.faults = [Fault("GET", "appendices", hidden, times=9)]
    assert statuses(desk.apply())["INV-1"] == "unchanged"
    assert desk.wire.done("appendices") == 2


def test_a_draft_gets_its_appendices_and_waits_with_the_rest(desk: Office) -> None:
    def mailing(repository: Repository) -> Repository:
        (one,) = repository.invoices
        return repository._replace(
            invoices=(one._replace(options=one.options._replace(send_by_email=EmailOption())),)
        )

    desk.define("INV-1", options=APPENDICES)
    desk.adjust = mailing
    (warning,) = json_data(desk.plan().document())["changes"][1]["warnings"]
    assert warning.startswith("send_by_email waits until the invoice is final")
    assert statuses(desk.apply())["INV-1"] == "done"
    assert len(seen(desk, "appendices")) == 2
    assert desk.wire.done("send_by_email") == 0
    desk.define("INV-1", finalize=True, options=APPENDICES)
    desk.apply()
    assert desk.wire.done("appendices") == 2
    assert desk.wire.done("send_by_email") == 1


def test_a_person_speaks_of_invoices_that_are_defined(desk: Office) -> None:
    desk.define("INV-1", finalize=True, options=MAIL)
    with pytest.raises(PlanRejectedError, match="INV-9"):
        desk.apply(told={"mailed": ["INV-9"]})
    assert desk.books() == {}


@pytest.mark.parametrize(
    ("option", "method", "path"),
    [
        (CATEGORIES, "PUT", "categories"),
        (APPENDICES, "POST", "appendices"),
        (TRANSACTION, "POST", "matched_transactions"),
        (PAID, "PUT", "mark_as_paid"),
        (SUBMIT, "POST", "send_to_pa"),
        ("", "PUT", "finalize"),
        ("", "POST", "customer_invoices"),
        ("", "POST", "company_customers"),
    ],
)
@pytest.mark.parametrize("others", [0, 1])
def test_what_was_lost_is_waited_for_once_and_for_a_minute(
    desk: Office, option: str, method: str, path: str, others: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where several requests were lost: their time passes together."""
    monkeypatch.setattr(world, "PATIENCE", Patience())
    for number in range(1 + others):
        desk.define(f"INV-{number}", finalize=True, options=option)

    def lost_and_interrupted(request: httpx.Request, handle: Handler) -> httpx.Response:
        desk.stop_after = 0
        return lost_before(request, handle)

    desk.wire.faults = [Fault(method, path, lost_and_interrupted)]
    desk.apply()
    desk.wire.faults, desk.stop_after = [], None
    started = desk.clock.monotonic()
    assert set(statuses(desk.apply()).values()) <= {"done", "unchanged"}
    assert desk.clock.monotonic() - started <= 60.0
