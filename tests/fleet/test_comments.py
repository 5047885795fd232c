"""What a job of a pull request comments: plans that have room, and no approval of one that is not shown."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from pennyform.findings import Finding, Severity
from pennyform.report.fleet import submitted_markdown
from pennyform.report.plan.markdown import render
from pennyform.results.findings import ReportedFinding
from pennyform.results.fleet import SubmittedDocument, SubmittedJob
from pennyform.results.plan import PlanDocument

PLAN = Path(__file__).parents[1] / "engine" / "cases" / "first" / "plan.json"
# A longer comment is refused by GitHub as a whole, and nobody could approve anything.
LARGEST_COMMENT = 65_536


@dataclass
class Submitted:
    """Jobs of so many companies, each of which made the same plan."""

    companies: int
    plan: PlanDocument

    def markdown(self) -> str:
        ids = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(self.companies)]
        jobs = tuple(
            SubmittedJob(f"c{number:04}", number, number, 1, 1, (), 0, "", id_, "d" * 64)
            for number, id_ in enumerate(ids)
        )
        document = SubmittedDocument(1, "0.2.0", "plan", jobs, 0)
        return submitted_markdown(document, dict.fromkeys(ids, self.plan))


@pytest.fixture
def plan() -> PlanDocument:
    return msgspec.json.decode(PLAN.read_bytes(), type=PlanDocument)


@pytest.mark.parametrize("companies", [1, 3, 30, 300, 3000])
@pytest.mark.parametrize("times", [1, 50])
def test_a_comment_is_never_too_long(plan: PlanDocument, companies: int, times: int) -> None:
    text = Submitted(companies, msgspec.structs.replace(plan, changes=plan.changes * times)).markdown()
    assert len(text) < LARGEST_COMMENT
    approvals = len(re.findall(r"(?m)^Approve exactly this: pennyform fleet approve [0-9a-f]{64} ", text))
    assert text.count("\n### pennyform plan: ") == approvals
    assert approvals or companies > 100
    more = companies - approvals
    assert (f"… and {more} plan" in text) == bool(more)


def test_plans_that_have_room_are_shown_whole(plan: PlanDocument) -> None:
    text = Submitted(2, plan).markdown()
    assert text.startswith("### pennyform fleet: 2 plans to be approved\n\n- `c0000`: to be approved\n")
    assert text.count(render(plan)) == 2


def test_a_company_that_was_rejected_is_told_from_one_that_waits() -> None:
    finding = Finding("unknown-field", Severity.ERROR, "there is no field `nonsense`")
    jobs = (
        SubmittedJob("alder", None, None, 0, 0, (ReportedFinding(*finding),)),
        SubmittedJob("birch", 2, 7, 1, 1, ()),
        SubmittedJob("cedar", 3, 8, 1, 1, (), 0),
    )
    text = submitted_markdown(SubmittedDocument(1, "0.2.0", "plan", jobs, 4), {})
    assert text.splitlines()[2:] == [
        "- alder: rejected: there is no field `nonsense`",
        "- birch: there is no plan yet",
        "- cedar: nothing to do",
    ]
