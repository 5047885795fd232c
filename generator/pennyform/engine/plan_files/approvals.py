"""Plans that an agent made, and a person's approvals of them: both lie in the user's state folder.

An agent names a plan by an id, never by a path. What cannot be taken back is carried out only with an
approval, which is made outside of the agent's conversation and is signed like a journal.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from pennyform import strict_json
from pennyform.engine.journal.records import Moment, Text, as_text
from pennyform.engine.limits import AGENT_PLANS, APPROVAL_SECONDS
from pennyform.engine.plan_files import plan_file
from pennyform.engine.plan_files.plan_file import SavedPlan
from pennyform.engine.planning.actions import IRREVERSIBLE
from pennyform.engine.state_folder import StateFolder
from pennyform.findings import Failure, failure
from pennyform.results.agents import StepNeedingApproval
from pennyform.results.plan import Action, PlanDocument, PlannedInvoice
from pennyform.safe_files import read_inside, write_file

_ID_BYTES = 8
_FOLDER = "plans"
_PLAN, _APPROVAL = ".plan", ".approval"
_APPROVAL_BYTES = 16 * 1024


def steps_to_approve(plan: PlanDocument) -> Iterator[StepNeedingApproval]:
    """What ``plan`` does besides writing drafts and what they need.

    The card of a customer that the account has is among it, although it can be corrected: it decides what
    becomes of other invoices.
    """
    for change in plan.changes:
        if isinstance(change, PlannedInvoice):
            for step in change.steps:
                # A step that repeats has a name behind it: `add_appendix hours.pdf`.
                if step.partition(" ")[0] in IRREVERSIBLE:
                    yield StepNeedingApproval(change.kind, change.external_reference, step, irreversible=True)
        elif change.action is Action.UPDATE:
            yield StepNeedingApproval(change.kind, change.external_reference, "update", irreversible=False)


def plan_total(plan: PlanDocument) -> str:
    """What the invoices that change come to, tax included: ``720.00 EUR``, or ``1.00 EUR, 2.00 USD``."""
    rows = (f"{row.currency_amount} {row.currency}" for row in plan.money.changing)
    return ", ".join(rows) or "0"


class Approval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That ``person`` has looked at a plan, and lets it be carried out once, up to ``expires_at`` (ISO time).

    ``plan`` is the digest of the saved plan, ``company`` an id, ``service`` where the account is.
    """

    format_version: Literal[1]
    plan: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    company: int
    environment: Literal["sandbox", "production"]
    service: Annotated[str, Meta(max_length=300)]
    person: Text
    approved_at: Moment
    expires_at: Moment


@dataclass(frozen=True, slots=True)
class AgentPlans:
    """The plans of agents in the state folder ``state``."""

    state: StateFolder

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self.state.path / _FOLDER

    def new(self) -> tuple[str, Path]:
        """The id of another plan, and the file to save it in. The oldest plans make room.

        Raises:
            Failure: the folder cannot be made, or is not the user's alone.
        """
        self.state.prepare(_FOLDER)
        plans = sorted(self.folder.glob(f"*{_PLAN}"), key=lambda file: (file.lstat().st_mtime_ns, file.name))
        for file in plans[: max(len(plans) - AGENT_PLANS + 1, 0)]:
            for name in (file, file.with_suffix(_APPROVAL)):
                name.unlink(missing_ok=True)
        plan_id = self.state.random_bytes(_ID_BYTES).hex()
        return plan_id, self._file(plan_id)

    def read(self, plan_id: str) -> SavedPlan:
        """The plan with this id.

        Raises:
            Failure: there is none, or it was changed.
        """
        self.state.prepare(_FOLDER)
        file = self._file(plan_id)
        if not file.exists():
            raise failure(
                "agent-plan-unknown",
                "there is no such plan",
                fix="use the plan_id of a plan that the tool plan made; only the newest are kept",
            )
        return plan_file.read(file, self.state.key())

    def approve(self, plan_id: str, saved: SavedPlan, person: str, now: datetime) -> Approval:
        """Write down that ``person`` approves the plan that was read as ``saved``.

        Raises:
            OSError: it cannot be written.
        """
        document = saved.document
        approval = Approval(
            format_version=1,
            plan=saved.id,
            company=document.company.id,
            environment=document.environment,
            service=saved.binding.service,
            person=as_text(person),
            approved_at=now.isoformat(timespec="milliseconds"),
            expires_at=(now + timedelta(seconds=APPROVAL_SECONDS)).isoformat(timespec="milliseconds"),
        )
        content = msgspec.to_builtins(approval)
        signed = {**content, "signature": plan_file.sign(content, self.state.approval_key())}
        text = json.dumps(signed, ensure_ascii=False, indent=2) + "\n"
        write_file(self._file(plan_id).with_suffix(_APPROVAL), text.encode(), mode=0o600)
        return approval

    def approval(self, plan_id: str, saved: SavedPlan, now: datetime) -> Approval:
        """The approval of the plan that was read as ``saved``.

        Raises:
            Failure: there is none for exactly this plan, or it has expired.
        """
        fix = f"a person looks at it and runs 'pennyform approve {plan_id}' on a terminal"
        file = self._file(plan_id).with_suffix(_APPROVAL)
        try:
            content = strict_json.parse(read_inside(self.folder, file, _APPROVAL_BYTES), file=file.name)
            signature = content.pop("signature")
            approval = msgspec.convert(content, Approval)
            is_signed = hmac.compare_digest(signature, plan_file.sign(content, self.state.approval_key()))
        except FileNotFoundError:
            summary = "the plan does more than write drafts, and nobody has approved it"
            raise failure("agent-approval-missing", summary, fix=fix) from None
        except (Failure, OSError, ValueError, TypeError, AttributeError, KeyError):
            is_signed, approval = False, None
        if not is_signed or approval is None or not _is_of(approval, saved):
            raise failure(
                "agent-approval-wrong", "the approval is not one of this plan by this user", fix=fix
            )
        if now > datetime.fromisoformat(approval.expires_at):
            raise failure("agent-approval-expired", f"the approval ended at {approval.expires_at}", fix=fix)
        return approval

    def _file(self, plan_id: str) -> Path:
        return self.folder / f"{plan_id}{_PLAN}"


def _is_of(approval: Approval, saved: SavedPlan) -> bool:
    """Whether everything that an approval is bound to is of this plan."""
    document = saved.document
    bound = (saved.id, document.company.id, document.environment, saved.binding.service)
    return bound == (approval.plan, approval.company, approval.environment, approval.service)
