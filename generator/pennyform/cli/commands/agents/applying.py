"""The tool that writes: it carries out a plan that was made before, once, and drafts only unless approved."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, NoReturn

from msgspec import Meta

from pennyform.cli.commands.account.apply import ApplyRun, apply_repository, exit_of, options_of
from pennyform.cli.commands.agents.output import agent_findings
from pennyform.cli.commands.agents.scope import Scope
from pennyform.cli.commands.agents.tools import Arguments, agent_plans, is_approval_needed
from pennyform.cli.companies import without_progress
from pennyform.cli.definitions import load_repository
from pennyform.cli.options.account import ApplyOptions
from pennyform.engine.plan_files.approvals import plan_total
from pennyform.engine.plan_files.plan_file import SavedPlan
from pennyform.engine.runtime import Origin, Runtime
from pennyform.findings import failure
from pennyform.results.agents import ApplyData, ApplyResult
from pennyform.safe_files import real_path


class ApplyArguments(Arguments, frozen=True):
    """Which plan to carry out, and what it was shown to be: all three as the tool ``plan`` returned them."""

    plan_id: Annotated[str, Meta(pattern="^[0-9a-f]*$", min_length=16, max_length=16)]
    digest: Annotated[str, Meta(pattern="^[0-9a-f]*$", min_length=64, max_length=64)]
    expected_total: Annotated[
        str, Meta(max_length=500, description="The `total` of the plan, such as 720.00 EUR.")
    ]


def apply_plan(scope: Scope, arguments: ApplyArguments, interrupted: Callable[[], bool]) -> ApplyResult:
    """Carry a plan out.

    Args:
        scope: the repository and the account.
        arguments: the plan.
        interrupted: whether to stop before the next write.

    Raises:
        PlanRejectedError: definitions are rejected.
        LockedError: another apply is under way.
        OutcomeError: the account could not be read.
        Failure: the plan is not the one that was shown, was used before, does not hold any more, or needs an
            approval that it has not.
    """
    plans = agent_plans(scope)
    saved = plans.read(arguments.plan_id)
    _require_the_same(saved, scope, arguments)
    terminal, findings = scope.call_terminal()
    options = options_of(saved, ApplyOptions.unattended(scope.targets, auto_approve=False))
    repository = load_repository(options.targets, terminal, scope.runtime)
    approved_by = ""
    if is_needed := is_approval_needed(saved.document, repository):
        approved_by = plans.approval(arguments.plan_id, saved, scope.runtime.clock.now()).person
    runtime = _for_agent(scope.runtime, approved_by)
    run = ApplyRun(options, saved, terminal, runtime, interrupted, progress=without_progress)
    report = apply_repository(repository, run, _nobody_asks)
    document = report.document()
    return ApplyResult(
        plan_id=arguments.plan_id,
        digest=saved.id,
        environment=document.environment,
        company_id=document.company.id,
        exit_code=int(exit_of(report)),
        is_approved=is_needed,
        is_interrupted=document.interrupted,
        summary=document.summary,
        money=document.money,
        final=document.final,
        data=ApplyData(document.company.name, document.stopped, document.results),
        findings=agent_findings(findings),
    )


def _require_the_same(saved: SavedPlan, scope: Scope, arguments: ApplyArguments) -> None:
    """Refuse a plan that is not the one that was shown, or of another repository or environment.

    Raises:
        Failure: ``agent-plan-differs``.
    """
    root = real_path(saved.file.parent / saved.binding.root)
    differs = {
        "digest": not hmac.compare_digest(saved.id, arguments.digest),
        "expected_total": plan_total(saved.document) != arguments.expected_total,
        "repository": root != real_path(scope.root),
        "environment": saved.document.environment != scope.environment,
    }
    if names := ", ".join(name for name, is_other in differs.items() if is_other):
        raise failure(
            "agent-plan-differs",
            f"the plan has another {names}",
            fix="plan again, show the user what the plan says, and pass exactly that on",
        )


def _for_agent(runtime: Runtime, approved_by: str) -> Runtime:
    """``runtime`` whose journal says that an agent began the run, and who approved the plan."""

    def origin(root: Path) -> Origin:
        user = runtime.origin(root)
        return user._replace(person=f"{user.person} (agent)".strip(), approved_by=approved_by)

    return replace(runtime, origin=origin)


def _nobody_asks(*_: object) -> NoReturn:
    raise failure(
        "approval-missing", "nobody can be asked for approval", fix="apply a plan that was made before"
    )
