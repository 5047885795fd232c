"""What becomes of an invoice with the platform for e-invoices: shown by status, verify and plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pennyform.engine.account.records import RemoteInvoice
from pennyform.engine.invoice_status import read_statuses
from pennyform.engine.planning.post_finalize_tasks import platform_note
from pennyform.report.status import status_text
from pennyform.report.verification import render_text
from pennyform.results.status import CompanyStatus, InvoiceStatus, StatusDocument
from pennyform.sandbox import Rules
from pennyform.sandbox.accounting import payments

from .world import CUSTOMER, Office

DAY = 86_400.0


@pytest.fixture
def sent(tmp_path: Path) -> Iterator[Callable[[str, float], Office]]:
    """Opens an account in which an invoice was sent so many seconds ago, and gets such an answer."""
    offices: list[Office] = []

    def opened(answer: str, seconds: float) -> Office:
        office = Office(tmp_path / answer, rules=Rules(pdf_seconds=0, pa_answer=answer))  # type: ignore[arg-type]
        offices.append(office)
        office.write("customers/acme.yaml", CUSTOMER + 'reg_no: "552100554"\n')
        office.define("INV-1", finalize=True, options="  send_to_pa: true\n")
        assert str(office.apply().results[-1].status) == "done"
        office.clock.seconds += seconds
        return office

    yield opened
    for office in offices:
        office.close()


def standing(office: Office) -> InvoiceStatus:
    replayed, today = office.looked_up().replayed, office.clock.now().date()
    (row,) = read_statuses(office.repository(), office.remote(), replayed, today)
    return row


@pytest.mark.parametrize(
    ("answer", "seconds", "status"),
    [
        ("accepted", 0.0, "submitted"),
        ("accepted", 60.0, "sent"),
        ("accepted", 60.0 + DAY, "accepted"),
        ("none", 9 * DAY, "sent"),
        ("approved", 60.0 + DAY, "approved"),
    ],
)
def test_it_moves_with_time(
    answer: str, seconds: float, status: str, sent: Callable[[str, float], Office]
) -> None:
    office = sent(answer, seconds)
    assert standing(office).platform == status
    verification = office.verify()
    assert verification.document().invoices[0].notes == (standing(office).platform_note,)
    # Nothing is wrong, and nothing is left to do.
    assert (verification.drift, office.plan().pending) == (False, False)
    assert office.plan().invoices[0].warnings == ()


def test_what_was_accepted_is_collected_as_it_is_paid(sent: Callable[[str, float], Office]) -> None:
    office = sent("accepted", 60.0 + DAY)
    office.remote()._client.customer_invoices.mark_as_paid(standing(office).id or 0)
    assert (standing(office).platform, standing(office).state) == ("collected", "paid")


@pytest.mark.parametrize(
    ("answer", "seconds"), [("refused", 60.0 + DAY), ("rejected", 60.0), ("in_dispute", 60.0 + DAY)]
)
def test_a_refusal_says_why_and_what_to_do(
    answer: str, seconds: float, sent: Callable[[str, float], Office]
) -> None:
    office = sent(answer, seconds)
    row = standing(office)
    assert payments._REASONS[answer] in row.platform_note
    assert "credit note" in row.platform_note
    assert (office.plan().invoices[0].warnings, office.plan().pending) == ((row.platform_note,), False)
    verification = office.verify()
    assert row.platform_note in render_text(verification.document())
    # A dispute may end well; what was refused did not arrive.
    is_refused = answer != "in_dispute"
    assert (verification.drift, row.state == "refused") == (is_refused, is_refused)
    company = CompanyStatus(
        name="", folder=".", exit_code=0, problems=(), company=verification.document().company,
        invoices=(row,), totals=(),
    )  # fmt: skip
    document = StatusDocument(
        format_version=1, pennyform="", today="", companies=(company,), totals=(), exit_code=0
    )
    assert (row.platform_note in status_text(document)) is is_refused


def test_a_status_of_a_newer_service_is_quoted() -> None:
    remote = RemoteInvoice(1, draft=False, e_invoicing_status="archived_by_pa")
    assert platform_note(remote) == "the platform says `archived_by_pa` of it"
    assert platform_note(replace(remote, e_invoicing_status=None)) == ""
