"""Legal numbers follow the dates, and references of one day in natural order, however the run goes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pennyform.engine.planning.dependencies import natural_key
from pennyform.engine.planning.resolve import PlanRejectedError

from .test_imports import scanned
from .test_interleaving import Slow
from .world import (
    Fault,
    Office,
    Trick,
    answering,
    by_reference,
    invoice,
    line,
    lost_after,
    lost_before,
    only,
    statuses,
    unavailable_after,
)


def define(office: Office, reference: str, day: int, more: str = "", lines: str = "") -> None:
    """An invoice of October to be made final, with any date of that month."""
    text = invoice(reference, finalize=True, more=more, lines=lines)
    office.write(f"invoices/{reference}.yaml", text.replace("date: 2025-10-01", f"date: 2025-10-{day:02}", 1))


def numbered(office: Office) -> list[str]:
    """The references of the invoices that have a number, in the order of their numbers."""
    rows = [only(rows) for rows in office.books().values()]
    rows = sorted((row for row in rows if not row["draft"]), key=lambda row: row["invoice_number"])
    return [row["external_reference"] for row in rows]


def names(numbers: Sequence[int]) -> list[str]:
    return [f"INV-{number}" for number in numbers]


@pytest.mark.parametrize("workers", [1, 8])
def test_numbers_follow_the_dates(office: Office, workers: int) -> None:
    for number in range(1, 25):
        define(office, f"INV-{number}", day=number)
    office.workers = workers
    office.wire.faults = [Fault("POST|PUT", "", Slow(), times=999)]
    assert set(statuses(office.apply()).values()) == {"done"}
    assert numbered(office) == names(range(1, 25))


@pytest.mark.parametrize("workers", [1, 8])
def test_references_of_one_day_are_in_natural_order(office: Office, workers: int) -> None:
    for number in range(1, 25):
        define(office, f"INV-{number}", day=2 if number == 1 else 1)
    office.workers = workers
    office.wire.faults = [Fault("POST|PUT", "", Slow(), times=999)]
    office.apply()
    assert numbered(office) == names([*range(2, 25), 1])


def test_many_waves_keep_the_order(office: Office) -> None:
    for number in range(150):
        define(office, f"INV-{number}", day=30 - number // 5)
    office.workers = 4
    office.apply()
    days = [30 - int(name.removeprefix("INV-")) // 5 for name in numbered(office)]
    assert len(days) == 150
    assert days == sorted(days)


@pytest.mark.parametrize("trick", [lost_before, lost_after, unavailable_after])
@pytest.mark.parametrize("path", ["customer_invoices", "finalize"])
@pytest.mark.parametrize("workers", [1, 4])
def test_a_lost_answer_is_waited_for(office: Office, path: str, trick: Trick, workers: int) -> None:
    for number in range(1, 13):
        define(office, f"INV-{number}", day=number)
    office.workers = workers
    office.wire.faults = [Fault("POST|PUT", path, trick, times=2, skip=3)]
    assert set(statuses(office.apply()).values()) == {"done"}
    assert numbered(office) == names(range(1, 13))


def test_what_is_left_of_a_run_becomes_final_by_date(office: Office) -> None:
    for number in range(1, 13):
        define(office, f"INV-{number}", day=number)
    office.workers, office.stop_after = 4, 18
    office.apply()
    before = numbered(office)
    assert before == names(range(1, len(before) + 1))
    office.stop_after = None
    office.apply()
    assert numbered(office) == names(range(1, 13))


def test_drafts_of_an_earlier_run_and_new_ones_are_in_one_order(office: Office) -> None:
    for number in (2, 10, 4):
        office.write(
            f"invoices/INV-{number}.yaml",
            invoice(f"INV-{number}").replace("date: 2025-10-01", f"date: 2025-10-{number:02}", 1),
        )
    office.apply()
    for number in (2, 10, 4, 3, 11, 1):
        define(office, f"INV-{number}", day=number)
    office.apply()
    assert numbered(office) == names([1, 2, 3, 4, 10, 11])


def test_one_that_is_refused_does_not_hold_up_the_others(office: Office) -> None:
    for number in range(1, 7):
        define(office, f"INV-{number}", day=number)
    office.wire.faults = [Fault("PUT", "finalize", answering(422, {"error": "no", "status": 422}), skip=1)]
    report = statuses(office.apply())
    assert report["INV-2"] == "failed"
    assert numbered(office) == names([1, 3, 4, 5, 6])


def test_a_credit_note_takes_its_place_among_the_dates(office: Office) -> None:
    for number in range(1, 51):
        define(office, f"INV-{number}", day=1 + number // 3)
    define(office, "CREDIT-3", day=5, more="credit_note_of: INV-3\n", lines=line(quantity="-2"))
    define(office, "CREDIT-50", day=1, more="credit_note_of: INV-50\n", lines=line(quantity="-2"))
    office.workers = 4
    report = office.apply()
    assert set(statuses(report).values()) == {"done"}
    order = numbered(office)
    assert order[-1] == "CREDIT-50"
    # Of the same day as INV-12, 13 and 14, and before them in the alphabet.
    assert order.index("CREDIT-3") == order.index("INV-12") - 1
    assert [name for name in order if not name.startswith("CREDIT")] == names(range(1, 51))


def test_credit_notes_of_one_run_after_each_of_their_invoices(office: Office) -> None:
    for number in range(1, 6):
        define(office, f"INV-{number}", day=number)
        define(office, f"NOTE-{number}", number, f"credit_note_of: INV-{number}\n", line(quantity="-2"))
    office.workers = 4
    assert set(statuses(office.apply()).values()) == {"done"}
    pairs = [[f"INV-{number}", f"NOTE-{number}"] for number in range(1, 6)]
    assert numbered(office) == list(itertools.chain(*pairs))


@settings(deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 10**30), min_size=2, max_size=6))
def test_digits_count_as_the_number_that_they_write(numbers: list[int]) -> None:
    references = [f"A-{number}/x" for number in numbers]
    assert sorted(references, key=natural_key) == [f"A-{number}/x" for number in sorted(numbers)]


@pytest.mark.parametrize(
    "ordered",
    [
        ["INV-1", "INV-2", "INV-010", "INV-10", "INV-11"],
        ["1", "2A", "2B", "10", "A"],
        ["2025-2-9", "2025-10-1", "2026-1-1"],
        ["INV", "INV-", "INV-0", "INV-00", "INV-1"],
    ],
)
def test_natural_order(ordered: list[str]) -> None:
    shuffled = ordered[::-1]
    assert sorted(shuffled, key=natural_key) == ordered


def policy(office: Office, **policies: str) -> None:
    lines = "".join(f"  {name}: {value}\n" for name, value in policies.items())
    office.write("pennyform.yaml", f"version: 1\nenvironment: sandbox\nrounding: line\npolicies:\n{lines}")


@pytest.mark.parametrize("workers", [1, 4])
def test_strict_numbers_hold_back_later_dates(office: Office, workers: int) -> None:
    policy(office, number_order="strict")
    for number in range(1, 61):
        define(office, f"INV-{number}", day=1 + number // 10)
    office.workers = workers
    office.wire.faults = [Fault("PUT", "finalize", answering(422, {"error": "no", "status": 422}), skip=12)]
    report = office.apply()
    # INV-13 is refused: what has its date goes on, what has a later one does not.
    assert statuses(report)["INV-13"] == "failed"
    assert numbered(office) == names([*range(1, 13), *range(14, 20)])
    ended = by_reference(report)
    assert {ended[f"INV-{number}"].status for number in range(20, 61)} <= {"partial", "not_started"}
    assert ended["INV-20"].detail == "INV-13 of 2025-10-02 did not become final, and number_order is strict"
    assert set(statuses(office.apply()).values()) == {"done", "unchanged"}
    assert numbered(office) == names([*range(1, 13), *range(14, 20), 13, *range(20, 61)])


def test_strict_numbers_wait_for_what_nobody_knows(office: Office) -> None:
    policy(office, number_order="strict")
    for number in range(1, 7):
        define(office, f"INV-{number}", day=number)
    office.wire.faults = [Fault("PUT", "finalize", lost_before, times=99, skip=1)]
    office.apply()
    assert numbered(office) == names([1])


def test_any_order_finalizes_several_at_once_and_says_so(office: Office) -> None:
    policy(office, number_order="any")
    for number in range(1, 25):
        define(office, f"INV-{number}", day=number)
    assert [warning for warning in office.plan().warnings if "number_order: any" in warning]
    office.workers = 4
    slow = Slow()
    office.wire.faults = [Fault("PUT", "finalize", slow, times=99)]
    assert set(statuses(office.apply()).values()) == {"done"}
    assert slow.most == 4


def test_in_order_only_one_is_finalized_at_a_time(office: Office) -> None:
    for number in range(1, 25):
        define(office, f"INV-{number}", day=number)
    office.workers = 4
    slow = Slow()
    office.wire.faults = [Fault("PUT", "finalize", slow, times=99)]
    office.apply()
    assert slow.most == 1
    assert not office.plan().warnings


def test_an_older_date_than_the_account_has_is_said(office: Office) -> None:
    define(office, "INV-20", day=20)
    office.apply()
    for number in (1, 2, 3, 4, 5, 6, 19, 20, 21):
        define(office, f"INV-{number}", day=number)
    (warning,) = office.plan().warnings
    number = only(office.books()["INV-20"])["invoice_number"]
    older = ", ".join(f"INV-{day} (2025-10-0{day})" for day in range(1, 6))
    assert warning == (
        f"{older} and 2 more are dated before {number} of 2025-10-20, which is final already, "
        "so the numbers do not follow the dates: give them a later date if that is not meant"
    )


def test_a_draft_of_the_account_counts_once_it_is_to_be_final(office: Office) -> None:
    define(office, "INV-20", day=20)
    office.apply()
    office.write("invoices/INV-1.yaml", invoice("INV-1"))
    assert not office.plan().warnings
    office.apply()
    office.write("invoices/INV-1.yaml", invoice("INV-1", finalize=True))
    assert "INV-1 (2025-10-01) is dated before" in office.plan().warnings[0]


def test_an_older_date_than_the_run_has_is_said(office: Office) -> None:
    define(office, "INV-9", day=9)
    define(office, "NOTE", 3, "credit_note_of: INV-9\n", line(quantity="-2"))
    (warning,) = office.plan().warnings
    assert warning == (
        "NOTE (2025-10-03) is dated before INV-9 of 2025-10-09, which becomes final before it, "
        "so the numbers do not follow the dates: give it a later date if that is not meant"
    )


def test_older_dates_can_be_forbidden(office: Office) -> None:
    policy(office, older_dates="forbid")
    define(office, "INV-9", day=9)
    office.apply()
    define(office, "INV-8", day=8)
    define(office, "INV-10", day=10)
    with pytest.raises(PlanRejectedError) as refusal:
        office.plan()
    (finding,) = refusal.value.findings
    number = only(office.books()["INV-9"])["invoice_number"]
    assert finding.summary == (
        f"INV-8: it is dated 2025-10-08, before {number} of 2025-10-09, which is final already; older_dates "
        "forbids that"
    )
    assert (finding.rule, finding.file.rpartition("/")[2], finding.line) == ("policy", "INV-8.yaml", 1)
    (office.root / "invoices" / "INV-8.yaml").unlink()
    assert statuses(office.apply())["INV-10"] == "done"


def test_what_others_issued_later_and_was_imported_does_not_count(office: Office) -> None:
    scanned(office)
    definition = office.root / "invoices" / "OLD-1.yaml"
    definition.write_text(definition.read_text().replace("date: 2019-10-01", "date: 2025-10-20"))
    definition.write_text(definition.read_text().replace("2019-10-31", "2025-10-31"))
    office.apply()
    define(office, "INV-1", day=1)
    assert not office.plan().warnings


def test_one_look_up_finds_older_dates_and_only_where_it_matters(office: Office) -> None:
    def looked_up() -> int:
        return sum("sort=-date" in str(request.url) for request in office.wire.sent)

    office.define("INV-1")
    office.plan()
    assert looked_up() == 0
    office.define("INV-2", finalize=True)
    office.plan()
    assert looked_up() == 1
    office.apply()
    before = looked_up()
    office.plan()
    assert looked_up() == before
