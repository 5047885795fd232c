"""Everything has a limit, and whoever meets it hears of it."""

from __future__ import annotations

import itertools
import re
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path

import httpx
import pytest
from pennyform.cli.commands.account.apply import exit_of, retry_lock
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine import limits
from pennyform.engine.account.errors import UnreadableError
from pennyform.engine.journal.lock import LockHeldError
from pennyform.engine.limits import Patience

from . import world
from .world import FakeClock, Handler, Office, answering, by_reference, changing, lost_before, statuses


def test_a_run_ends_in_time_and_leaves_the_rest_to_the_next(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "PATIENCE", replace(world.PATIENCE, run=100.0))
    for number in range(4):
        office.define(f"INV-{number}", finalize=True)

    def slow(_: object) -> None:
        office.clock.sleep(30.0)

    office.wire.faults = [world.Fault("POST", "", changing(slow), times=9)]
    report = office.apply()
    assert "time limit" in report.stopped
    assert exit_of(report) == Exit.TRY_LATER
    assert statuses(report) == {
        "ACME": "done",
        "INV-0": "partial",
        "INV-1": "partial",
        "INV-2": "partial",
        "INV-3": "not_started",
    }
    office.wire.faults = []
    assert exit_of(office.apply()) == Exit.OK


def test_patience_is_counted_in_days_and_not_in_weeks() -> None:
    patience = Patience()
    assert patience.run <= 86_400
    assert sum(patience.settle) <= 60
    assert sum(patience.pdf) < 180
    assert patience.attempts <= 3


def test_a_creation_is_sent_three_times_and_then_given_up(office: Office) -> None:
    office.define("INV-1")
    office.wire.faults = [world.Fault("POST", "customer_invoices", lost_before, times=99)]
    report = office.apply()
    assert statuses(report)["INV-1"] == "failed"
    assert "in 3 attempts" in by_reference(report)["INV-1"].detail
    assert office.wire.count("POST", "customer_invoices") == 3


def test_waiting_for_the_lock_ends(capsys: pytest.CaptureFixture[str]) -> None:
    clock = FakeClock()
    retry = retry_lock(clock, 10, lambda: False, Terminal.system())
    asked = 0
    while retry(LockHeldError("process 7")):
        asked += 1
    assert (asked, clock.seconds) == (20, 10.0)
    assert capsys.readouterr().err == "waiting for another apply to this company (process 7)\n"


def test_waiting_for_the_lock_ends_at_once_when_interrupted() -> None:
    clock = FakeClock()
    assert not retry_lock(clock, 10, lambda: True, Terminal.system())(LockHeldError("process 7"))
    assert clock.seconds == 0


PAGE: dict[str, object] = {"items": [], "has_more": True, "included": {"invoice_lines": {}}}


@pytest.mark.parametrize("cursor", [None, "", "same"])
def test_a_list_that_stops_short_is_not_taken_for_whole(office: Office, cursor: str | None) -> None:
    office.define("INV-1")
    endless = answering(200, {**PAGE, "next_cursor": cursor})
    office.wire.faults = [world.Fault("GET", "customer_invoices", endless, times=99)]
    with pytest.raises(UnreadableError, match="the list goes on, but the service gave no new cursor"):
        office.plan()
    assert office.wire.count("GET", "customer_invoices") <= 2


def test_empty_pages_without_an_end_are_given_up(office: Office) -> None:
    numbers = itertools.count()

    def endless(request: httpx.Request, handle: Handler) -> httpx.Response:
        return httpx.Response(200, json={**PAGE, "next_cursor": f"c{next(numbers)}"})

    office.define("INV-1")
    office.wire.faults = [world.Fault("GET", "customer_invoices", endless, times=99)]
    with pytest.raises(UnreadableError, match="goes on after 10 empty pages"):
        office.plan()
    assert next(numbers) == 10


# --- the page -----------------------------------------------------------------------------------------------

DOCUMENT = Path(__file__).parents[2] / "docs" / "limits.md"
ROW = re.compile(r"^\| .+? \| ([\d,]+)( \w+)? \| .* \| `([\w.]+):([\w.]+)` \|$", re.MULTILINE)
UNITS = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


@pytest.mark.parametrize("row", ROW.findall(DOCUMENT.read_text("utf-8")), ids=lambda row: row[3])
def test_the_page_tells_the_bounds_that_hold(row: tuple[str, str, str, str]) -> None:
    number, unit, module, name = row
    owner, _, field = name.partition(".")
    bound = getattr(import_module(module), owner)
    bound = getattr(bound(), field) if field else bound
    bound = sum(bound) if isinstance(bound, tuple) else bound
    assert int(number.replace(",", "")) * UNITS.get(unit.strip(), 1) == bound


def test_the_page_has_every_bound_of_the_engine() -> None:
    text = DOCUMENT.read_text("utf-8")
    facts = {"PAGE", "LEDGER_PAGE", "INCLUDED_LINES", "REQUESTS_PER_PERIOD", "PERIOD", "EXACT_LOOKUPS"}
    names = (
        {name for name in vars(limits) if name.isupper()}
        - facts
        - {"WAVE", "FINALIZE_WAVE", "SMALL_WAVE", "IMMEDIATE"}
    )
    names |= {f"Patience.{field.name}" for field in fields(Patience)}
    assert [name for name in names if f"`pennyform.engine.limits:{name}`" not in text] == []
    assert len(ROW.findall(text)) > 20
