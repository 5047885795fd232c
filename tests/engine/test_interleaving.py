"""Several invoices under way at once: the books are the same, and each invoice's steps stay in order."""

from __future__ import annotations

import json
import time
from threading import Lock

import httpx
from pennyform.engine.journal.records import Intent

from .world import Fault, Handler, Office, lost_after, only, records_of, statuses

LATENCY = 0.02


class Slow:
    """Answers take their time; counts how many are awaited at once."""

    def __init__(self) -> None:
        self.awaited = self.most = 0
        self._lock = Lock()

    def __call__(self, request: httpx.Request, handle: Handler) -> httpx.Response:
        with self._lock:
            self.awaited += 1
            self.most = max(self.most, self.awaited)
        time.sleep(LATENCY)
        with self._lock:
            self.awaited -= 1
            return handle(request)


def applied(office: Office, workers: int) -> Slow:
    for number in range(24):
        final = number % 3 > 0
        office.define(f"INV-{number:02}", finalize=final, options="  mark_as_paid: true\n" if final else "")
    slow, office.workers = Slow(), workers
    office.wire.faults = [Fault("POST|PUT", "", slow, times=999)]
    assert set(statuses(office.apply()).values()) == {"done"}
    return slow


def test_a_slow_answer_does_not_leave_the_rate_unused(office: Office) -> None:
    assert applied(office, workers=4).most == 4
    assert [only(rows)["draft"] for _, rows in sorted(office.books().items())] == [True, False, False] * 8
    assert not office.plan().pending


def test_each_invoices_steps_stay_in_order_and_the_journal_is_one_chain(office: Office) -> None:
    applied(office, workers=4)
    records = records_of(office.journal)
    steps: dict[str, list[str]] = {}
    for record in records:
        if isinstance(record, Intent):
            steps.setdefault(record.reference, []).append(record.step)
    assert steps["INV-00"] == ["create_draft"]
    assert steps["INV-01"] == ["create_draft", "finalize", "mark_as_paid"]
    assert len(steps) == 25


def test_one_at_a_time_is_always_the_same(office: Office) -> None:
    assert applied(office, workers=1).most == 1
    order = [
        json.loads(request.content)["external_reference"] for request in office.wire.sent if creates(request)
    ]
    assert order == sorted(order)


def creates(request: httpx.Request) -> bool:
    return request.method == "POST" and request.url.path.endswith("/customer_invoices")


def test_faults_among_many_end_in_one_invoice_each(office: Office) -> None:
    for number in range(12):
        office.define(f"INV-{number:02}", finalize=True)
    office.workers = 4
    office.wire.faults = [Fault("POST", "customer_invoices", lost_after, times=3, skip=2)]
    assert set(statuses(office.apply()).values()) == {"done"}
    assert all(not only(rows)["draft"] for rows in office.books().values())
    assert office.wire.done("customer_invoices") == 12
