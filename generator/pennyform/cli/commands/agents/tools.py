"""The tools: the same functions as the verbs of the command line, with typed arguments and results.

All but ``apply`` (:mod:`pennyform.cli.commands.agents.applying`) change nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from pennyform.cli.commands.account import plan as plan_command
from pennyform.cli.commands.account import status as status_command
from pennyform.cli.commands.account.verify import verify_targets
from pennyform.cli.commands.agents.output import agent_findings
from pennyform.cli.commands.agents.scope import Scope
from pennyform.cli.commands.definitions import preview as preview_command
from pennyform.cli.commands.definitions.render import render_invoice
from pennyform.cli.documents import invoices_of, previews
from pennyform.engine.invoice_status import total_statuses
from pennyform.engine.plan_files.approvals import AgentPlans, plan_total, steps_to_approve
from pennyform.engine.planning.resolve import PlanRejectedError
from pennyform.engine.state_folder import state_folder
from pennyform.extras import require_extra
from pennyform.findings import Finding, Severity, closest_name, errors, failure
from pennyform.invoices import Repository, ResolvedInvoice, load
from pennyform.invoices.repository.validate import validate
from pennyform.invoices.schema.rules import rules
from pennyform.results.agents import (
    ChangeForAgent,
    ExplainResult,
    PlanData,
    PlanResult,
    PreviewData,
    PreviewResult,
    RenderResult,
    StatusData,
    StatusResult,
    ValidateResult,
    VerifyData,
    VerifyResult,
)
from pennyform.results.plan import PlanDocument, PlannedChange, PlannedInvoice
from pennyform.results.verification import DeclaredVerdict, InvoiceVerdict, VerificationStatus

Path = Annotated[
    str,
    Meta(
        max_length=400,
        description="A file or folder of the repository, relative to it.",
    ),
]
Reference = Annotated[
    str, Meta(min_length=1, max_length=200, description="The external_reference of an invoice.")
]
References = Annotated[
    list[Reference], Meta(max_length=50, description="Only these invoices; none named means all of them.")
]


class Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The arguments of a tool."""


class ValidateArguments(Arguments, frozen=True):
    """What to validate."""

    path: Path = "."


class ExplainArguments(Arguments, frozen=True):
    """Which rule to explain."""

    rule: Annotated[str, Meta(min_length=1, max_length=100, description="The rule of a finding.")]


class RenderArguments(Arguments, frozen=True):
    """What to render."""

    path: Path = "."
    references: References = []


class PreviewArguments(Arguments, frozen=True):
    """Which document to show, and how: as XML of EN 16931 (``ubl``, ``cii``) or as a page."""

    reference: Reference
    form: Literal["ubl", "cii", "html"] = "ubl"


class ReferenceArguments(Arguments, frozen=True):
    """Which invoices it is about."""

    references: References = []


class NoArguments(Arguments, frozen=True):
    """Nothing to choose."""


def validate_definitions(scope: Scope, arguments: ValidateArguments) -> ValidateResult:
    """What is wrong with the definitions."""
    summary = validate(
        [scope.path(arguments.path)],
        # Nothing is started beside a process that serves.
        processes=1,
        today=scope.runtime.clock.now().date(),
        find_schemas=scope.find_schemas,
    )
    counts = Counter(finding.severity for finding in summary.findings)
    return ValidateResult(
        is_valid=summary.is_valid,
        files=len(summary.files),
        invoices=summary.invoices,
        customers=summary.customers,
        products=summary.products,
        errors=counts[Severity.ERROR],
        warnings=counts[Severity.WARNING],
        notes=counts[Severity.NOTE],
        findings=agent_findings(summary.findings),
    )


def explain_rule(arguments: ExplainArguments) -> ExplainResult:
    """What a rule is about.

    Raises:
        Failure: ``agent-rule``.
    """
    by_name = {rule.name: rule for rule in rules()}
    rule = by_name.get(arguments.rule)
    if rule is None:
        near = closest_name(arguments.rule, by_name)
        fix = (
            f"ask for `{near}`"
            if near
            else "only rules of `validate` can be explained: others say what to do"
        )
        raise failure("agent-rule", "there is no such rule", fix=fix)
    return ExplainResult(
        rule=rule.name,
        severities=rule.severities,
        summary=rule.summary,
        why=rule.why,
        example=rule.example,
        fix=rule.fix,
    )


def render_invoices(scope: Scope, arguments: RenderArguments) -> RenderResult:
    """Invoices as the API will get them.

    Raises:
        PlanRejectedError: a definition is invalid.
        Failure: there is no such path or invoice.
    """
    repository, resolved, findings = _load(scope, arguments.path)
    chosen = _chosen(resolved, arguments.references)
    return RenderResult(
        rounding=repository.settings.rounding,
        invoices=len(chosen),
        data=tuple(render_invoice(definition.invoice, repository) for definition in chosen),
        findings=agent_findings(findings),
    )


def preview_invoice(scope: Scope, arguments: PreviewArguments) -> PreviewResult:
    """The document that a customer will get.

    Raises:
        PlanRejectedError: a definition is invalid.
        Failure: there is no such invoice, or ``missing-extra``.
    """
    require_extra("einvoice", "a preview")
    repository, resolved, _ = _load(scope, ".")
    (previewed,) = previews(_chosen(resolved, [arguments.reference]), repository, None)
    document = preview_command.content(previewed, arguments.form).decode() if previewed.document else ""
    return PreviewResult(
        form=arguments.form,
        errors=len(errors(previewed.findings)),
        data=PreviewData(previewed.reference, document, previewed.notes),
        findings=agent_findings(previewed.findings),
    )


def _load(scope: Scope, path: str) -> tuple[Repository, list[ResolvedInvoice], list[Finding]]:
    resolved: list[ResolvedInvoice] = []
    repository, findings = load(
        [scope.path(path)],
        resolved.append,
        environment=scope.environment,
        find_schemas=scope.find_schemas,
    )
    if errors(findings):
        raise PlanRejectedError(findings)
    return repository, resolved, findings


def _chosen(resolved: list[ResolvedInvoice], references: Sequence[str]) -> list[ResolvedInvoice]:
    fix = "ask `render` or `status` for the references there are"
    return invoices_of(references, resolved, "invoice", fix)


def plan_invoices(scope: Scope, arguments: ReferenceArguments) -> PlanResult:
    """What an apply would do; the plan is saved in the user's state folder.

    Raises:
        PlanRejectedError: definitions are rejected.
        OutcomeError: the account could not be read.
    """
    terminal, _ = scope.call_terminal()
    targets = scope.targets_for(arguments.references)
    made = plan_command.make(targets, terminal, scope.runtime)
    plans = agent_plans(scope)
    plan_id, file = plans.new()
    plan_command.save(made, targets, file, terminal, scope.runtime)
    document = made.plan.document()
    steps = tuple(steps_to_approve(document))
    is_needed = is_approval_needed(document, made.repository)
    return PlanResult(
        plan_id=plan_id,
        digest=plans.read(plan_id).id,
        environment=document.environment,
        company_id=document.company.id,
        total=plan_total(document),
        totals=document.money.changing,
        invoices=document.summary.invoices,
        customers=document.summary.customers,
        products=document.summary.products,
        is_pending=document.summary.pending,
        is_conflict=made.plan.conflicts,
        irreversible_steps=dict(Counter(step.step.partition(" ")[0] for step in steps if step.irreversible)),
        is_approval_needed=is_needed,
        approval_command=f"pennyform approve {plan_id}" if is_needed else "",
        requests=document.requests,
        seconds=document.seconds,
        data=PlanData(
            document.company.name,
            tuple(_change(change) for change in document.changes if change.action != "no_op"),
            steps,
            document.warnings,
        ),
        findings=agent_findings(made.findings),
    )


def agent_plans(scope: Scope) -> AgentPlans:
    """The plans of agents, in a state folder that is no part of the repository.

    Raises:
        Failure: it lies in the repository, or cannot be used.
    """
    state = state_folder(scope.terminal.environ, scope.runtime.random_bytes)
    state.check_place(scope.root)
    return AgentPlans(state)


def is_approval_needed(plan: PlanDocument, repository: Repository) -> bool:
    """Whether a plan does more than write drafts, or the policies want every plan to be approved."""
    return (
        next(steps_to_approve(plan), None) is not None or repository.settings.policies.approval == "required"
    )


def _change(change: PlannedChange) -> ChangeForAgent:
    invoice = change if isinstance(change, PlannedInvoice) else None
    totals = change.totals
    return ChangeForAgent(
        kind=change.kind,
        external_reference=change.external_reference,
        action=change.action,
        date=invoice.date if invoice else "",
        customer=invoice.customer.name if invoice and invoice.customer else "",
        currency=totals.currency if totals else "",
        currency_amount=totals.currency_amount if totals else "",
        vat=totals.vat if totals else (),
        steps=change.steps,
        differences=change.differences,
        warnings=change.warnings,
        ways_out=change.ways_out,
    )


def verify_invoices(scope: Scope, arguments: ReferenceArguments) -> VerifyResult:
    """Whether the account has what the definitions ask for.

    Raises:
        PlanRejectedError: definitions are rejected.
        OutcomeError: the account could not be read.
    """
    terminal, findings = scope.call_terminal()
    verification = verify_targets(scope.targets_for(arguments.references), terminal, scope.runtime)
    document = verification.document()

    def is_equal(verdict: InvoiceVerdict | DeclaredVerdict) -> bool:
        return verdict.status in {VerificationStatus.EQUAL, VerificationStatus.AS_ISSUED}

    return VerifyResult(
        environment=document.environment,
        company_id=document.company.id,
        is_drift=verification.drift,
        summary=document.summary,
        orphans=len(document.orphans.invoices),
        data=VerifyData(
            document.company.name,
            tuple(sorted(document.invoices, key=is_equal)),
            tuple(sorted(document.declared, key=is_equal)),
        ),
        findings=agent_findings(findings),
    )


def invoice_status(scope: Scope, _: NoArguments) -> StatusResult:
    """How the invoices stand.

    Raises:
        PlanRejectedError: definitions are rejected.
        OutcomeError: the account could not be read.
    """
    terminal, findings = scope.call_terminal()
    company, settings, rows = status_command.read(scope.targets, terminal, scope.runtime)
    return StatusResult(
        today=scope.runtime.clock.now().date().isoformat(),
        environment=settings.environment,
        company_id=company.id,
        totals=total_statuses(rows),
        data=StatusData(company.name, rows),
        findings=agent_findings(findings),
    )
