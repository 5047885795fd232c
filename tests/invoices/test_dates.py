"""Dates of what is about to be issued: the same definition is right on one day and not on another."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pennyform.cli import main
from pennyform.engine.runtime import Runtime, SystemClock
from pennyform.invoices import load
from pennyform.invoices.checks.dates import check_dates_to_issue
from pennyform.invoices.model import Policies

from .definitions import YAML_TEXT, write

FINAL = f"{YAML_TEXT}options: {{finalize: true}}\n"
SETTINGS = "version: 1\nenvironment: sandbox\n"
CUSTOMER = """\
external_reference: ACME_001
name: Example Trading SARL
billing_address: {address: 1 rue, postal_code: "75001", city: Paris, country_alpha2: FR}
"""


def problems(folder: Path, text: str, today: date, **policies: object) -> list[str]:
    """``rule severity`` of each problem on ``today``."""
    repository, findings = load([write(folder, invoice=text)])
    assert [finding for finding in findings if not finding.rule.startswith("undeclared")] == []
    (invoice,) = repository.invoices
    limits = Policies(**policies)  # type: ignore[arg-type]
    return [f"{found.rule} {found.severity}" for found in check_dates_to_issue(invoice, limits, today)]


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        # The invoice is of 2026-01-31.
        (date(2026, 1, 31), []),
        (date(2026, 1, 30), []),
        (date(2026, 1, 29), ["date-in-future warning"]),
        (date(2025, 12, 31), ["date-in-future warning"]),
        (date(2025, 12, 30), ["date-in-future error"]),
        (date(2016, 1, 30), ["date-year error"]),
        (date(2026, 3, 14), []),
        (date(2026, 3, 15), ["date-long-ago warning"]),
    ],
)
def test_days_around_the_date(tmp_path: Path, today: date, expected: list[str]) -> None:
    assert problems(tmp_path, FINAL, today) == expected


def test_a_draft_may_wait_and_is_only_warned_about(tmp_path: Path) -> None:
    assert problems(tmp_path, YAML_TEXT, date(2026, 12, 1)) == []
    assert problems(tmp_path, YAML_TEXT, date(2025, 12, 1)) == ["date-in-future warning"]
    assert problems(tmp_path, YAML_TEXT, date(2026, 12, 1), max_days_back=10) == ["date-long-ago warning"]


def test_a_limit_of_the_folder_stops_what_becomes_final(tmp_path: Path) -> None:
    day = date(2026, 2, 11)
    assert problems(tmp_path, FINAL, day, max_days_back=11) == []
    assert problems(tmp_path, FINAL, day, max_days_back=10) == ["date-long-ago error"]
    assert problems(tmp_path, FINAL, date(2026, 1, 20), max_days_ahead=10) == ["date-in-future error"]
    assert problems(tmp_path, FINAL, date(2026, 1, 20), max_days_ahead=11) == ["date-in-future warning"]


def test_a_closed_period(tmp_path: Path) -> None:
    day = date(2026, 2, 1)
    assert problems(tmp_path, FINAL, day, closed_until=date(2026, 1, 30)) == []
    assert problems(tmp_path, FINAL, day, closed_until=date(2026, 1, 31)) == ["date-closed error"]
    assert problems(tmp_path, YAML_TEXT, day, closed_until=date(2026, 1, 31)) == ["date-closed warning"]


class _Clock(SystemClock):
    def __init__(self, *day: int) -> None:
        self.day = datetime(*day, 9, tzinfo=UTC)  # type: ignore[misc,arg-type]

    def now(self) -> datetime:
        return self.day


def run(*words: str, day: tuple[int, int, int]) -> int:
    return main(words, runtime=replace(Runtime.system(), clock=_Clock(*day)))


def test_plan_and_apply_know_the_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = f"{SETTINGS}policies: {{max_days_back: 30, closed_until: 2025-12-31}}\n"
    write(tmp_path, pennyform=settings, customers__acme=CUSTOMER, invoices__invoice=FINAL)
    monkeypatch.chdir(tmp_path)
    for verb in (("plan",), ("apply", "--auto-approve")):
        assert run(*verb, day=(2026, 3, 3)) == 4
        error = capsys.readouterr().err
        assert "date-long-ago: INV-1: the date 2026-01-31 is 31 days back, 30 at most are expected" in error
    assert run("apply", "--auto-approve", day=(2026, 3, 2)) == 0
    # It is final now, and may be as old as it likes.
    assert run("plan", day=(2029, 3, 2)) == 0
    assert "date" not in capsys.readouterr().err


def test_a_warning_does_not_stop_a_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, pennyform=SETTINGS, customers__acme=CUSTOMER, invoices__invoice=FINAL)
    monkeypatch.chdir(tmp_path)
    assert run("plan", day=(2026, 9, 1)) == 0
    assert "warning date-long-ago: INV-1: the date 2026-01-31 is 213 days back" in capsys.readouterr().err
