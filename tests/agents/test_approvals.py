"""What an agent can apply, and that only a person makes the rest of it possible."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from pennyform.engine.limits import AGENT_PLANS, APPROVAL_SECONDS
from pennyform.sandbox import Sandbox

from tests.engine.world import CUSTOMER, books_of, invoice

from .conversation import SETTINGS, Conversation, state_of, write

Plan = dict[str, Any]


@pytest.fixture
def conversation(root: Path) -> Conversation:
    """A repository with a draft, INV-1, and an invoice that is to become final, INV-2."""
    write(root, "invoices/INV-2.yaml", invoice("INV-2", finalize=True))
    return Conversation(root)


def books(conversation: Conversation) -> list[str]:
    """The references of the invoices that the account has."""
    file = conversation.scope.root / ".pennyform" / "sandbox.db"
    sandbox = Sandbox(file)
    try:
        return sorted(books_of(sandbox))
    finally:
        sandbox.close()


def refused(conversation: Conversation, plan: Plan, **other: str) -> str:
    answer = conversation.apply(plan, **other)
    assert conversation.is_refused, answer
    assert books(conversation) == []
    return str(answer["findings"][0]["rule"])


def test_the_plan_the_digest_and_the_total_must_be_those_that_were_shown(conversation: Conversation) -> None:
    plan, other = conversation("plan", references=["INV-1"]), conversation("plan")
    assert plan["total"] == "240.00 EUR"
    assert refused(conversation, plan, digest=other["digest"]) == "agent-plan-differs"
    assert refused(conversation, plan, plan_id=other["plan_id"]) == "agent-plan-differs"
    for total in ("240 EUR", "240.01 EUR", "240.00", ""):
        assert refused(conversation, plan, expected_total=total) == "agent-plan-differs"
    assert refused(conversation, plan, plan_id="0" * 16) == "agent-plan-unknown"
    assert conversation.apply(plan)["summary"] == {"done": 2}


def test_an_approval_holds_for_one_plan_for_some_time(conversation: Conversation) -> None:
    plan, other = conversation("plan"), conversation("plan")
    assert refused(conversation, plan) == "agent-approval-missing"
    assert conversation.approve(plan["plan_id"])[0] == 0
    folder = state_of(conversation)
    approval = folder / f"{plan['plan_id']}.approval"
    shutil.copy(approval, folder / f"{other['plan_id']}.approval")
    assert refused(conversation, other) == "agent-approval-wrong"
    conversation.clock.seconds += APPROVAL_SECONDS + 1
    assert refused(conversation, plan) == "agent-approval-expired"
    conversation.clock.seconds -= 2
    assert conversation.apply(plan)["is_approved"]
    assert not conversation.is_refused


CHANGES: dict[str, Any] = {
    "a later end": {"expires_at": "2099-01-01T00:00:00.000+00:00"},
    "another person": {"person": "Somebody else"},
    "no signature": {"signature": ""},
    "a signature of nothing": {"signature": None},
    "another format": {"format_version": 2},
    "more": {"confirm": True},
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_approval_that_was_changed_is_none(conversation: Conversation, change: str) -> None:
    plan = conversation("plan")
    conversation.approve(plan["plan_id"])
    file = state_of(conversation) / f"{plan['plan_id']}.approval"
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | CHANGES[change]))
    assert refused(conversation, plan) == "agent-approval-wrong"
    file.write_text("[]")
    assert refused(conversation, plan) == "agent-approval-wrong"


def test_a_signed_plan_is_no_approval(conversation: Conversation) -> None:
    """The key of approvals is another one than that of plans, with which an agent makes signed files."""
    plan = conversation("plan")
    folder = state_of(conversation)
    shutil.copy(folder / f"{plan['plan_id']}.plan", folder / f"{plan['plan_id']}.approval")
    assert refused(conversation, plan) == "agent-approval-wrong"


def test_nobody_but_a_person_on_a_terminal_approves(conversation: Conversation) -> None:
    plan = conversation("plan")
    code, shown = conversation.approve(plan["plan_id"], is_terminal=False)
    assert (code, "no option takes your place" in shown) == (1, True)
    for answer in ("", "y", "YES", "yes please"):
        assert conversation.approve(plan["plan_id"], answer)[0] == 1
    assert refused(conversation, plan) == "agent-approval-missing"
    assert conversation.approve("0" * 16)[0] == 1


def test_a_card_that_the_account_has_is_changed_with_approval_only(conversation: Conversation) -> None:
    """It decides what becomes of invoices that this plan is not about, such as whom they are mailed to."""
    conversation.apply(conversation("plan", references=["INV-1"]))
    write(conversation.scope.root, "customers/acme.yaml", CUSTOMER + "emails: [thief@evil.example]\n")
    plan = conversation("plan", references=["INV-1"])
    assert plan["is_approval_needed"]
    assert plan["irreversible_steps"] == {}
    conversation.apply(plan)
    assert conversation.is_refused
    conversation.approve(plan["plan_id"])
    assert conversation.apply(plan)["summary"]["done"] == 1


def test_policies_can_want_every_plan_to_be_approved(conversation: Conversation) -> None:
    root = conversation.scope.root
    write(root, "pennyform.yaml", SETTINGS + "policies: {approval: required}\n")
    conversation = Conversation(root)
    plan = conversation("plan", references=["INV-1"])
    assert plan["is_approval_needed"]
    assert refused(conversation, plan) == "agent-approval-missing"


def test_what_changed_after_the_approval_is_not_carried_out(conversation: Conversation) -> None:
    plan = conversation("plan")
    conversation.approve(plan["plan_id"])
    write(conversation.scope.root, "invoices/INV-1.yaml", invoice("INV-1", date="2025-10-02"))
    assert refused(conversation, plan) == "plan-stale"


def test_a_plan_is_applied_by_a_process_for_its_repository(
    conversation: Conversation, tmp_path: Path
) -> None:
    plan = conversation("plan", references=["INV-1"])
    other = Conversation(shutil.copytree(conversation.scope.root, tmp_path / "other"))
    other.environ["PENNYFORM_STATE"] = conversation.environ["PENNYFORM_STATE"]
    assert refused(other, plan) == "agent-plan-differs"
    production = Conversation(conversation.scope.root, environment="production")
    production.apply(plan)
    assert production.is_refused


def test_the_audit_says_that_an_agent_applied_it(conversation: Conversation) -> None:
    plan = conversation("plan")
    conversation.approve(plan["plan_id"])
    conversation.apply(plan)
    (journal,) = Path(conversation.environ["PENNYFORM_STATE"], "journal").glob("*.jsonl")
    text = journal.read_text(encoding="utf-8")
    assert '"person":"Ann <ann@example.org> (agent)"' in text
    assert '"approved_by":"Ann <ann@example.org>"' in text
    assert plan["digest"] in text


def test_only_the_newest_plans_are_kept(conversation: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    assert AGENT_PLANS == 100
    monkeypatch.setattr("pennyform.engine.plan_files.approvals.AGENT_PLANS", 3)
    plans = [conversation("plan", references=["INV-1"]) for _ in range(4)]
    assert len(list(state_of(conversation).glob("*.plan"))) == 3
    assert conversation.apply(plans[0])["findings"][0]["rule"] == "agent-plan-unknown"
    assert not conversation.apply(plans[3])["findings"]
