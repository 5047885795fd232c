"""``plan``, ``apply``, ``verify`` and ``adopt`` for several companies: a section for each, one exit code."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from pennyform import __version__
from pennyform.cli.commands.account import adopt, apply, audit, auth, doctor, plan, status, verify
from pennyform.cli.commands.account.plan import MadePlan
from pennyform.cli.companies import (
    Companies,
    Outcome,
    problems_of,
    sum_totals,
    summary_of,
    without_progress,
    worst,
)
from pennyform.cli.definitions import load_repository, page_origin, print_report
from pennyform.cli.options.account import AdoptOptions, ApplyOptions, PlanOptions, VerifyOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.applying.report import ApplyReport
from pennyform.engine.planning.plan import Plan
from pennyform.engine.runtime import Runtime
from pennyform.engine.session import Session
from pennyform.engine.verify import Verification
from pennyform.findings import failure
from pennyform.invoices.sources.companies import Company
from pennyform.report import apply as report_apply
from pennyform.report import companies as report_companies
from pennyform.report.plan import text as plan_text
from pennyform.report.verification import render_companies_html, render_text
from pennyform.results.apply import FinalTotal
from pennyform.results.companies import (
    CompaniesApplyDocument,
    CompaniesPlanDocument,
    CompaniesVerificationDocument,
    CompanyApply,
    CompanyPlan,
    CompanyVerification,
)
from pennyform.results.documents import json_text
from pennyform.results.plan import PlanMoney
from pennyform.results.values import FORMAT_VERSION

# --- plan ---------------------------------------------------------------------------------------------------


def run_plan(companies: Companies, options: PlanOptions) -> Exit:
    """Print one plan with a section and totals for each company and in all; save one plan for each."""
    companies.refuse({"--target": companies.targets.references})
    if options.out:
        _make_folder(options.out)

    def work(company: Company, terminal: Terminal, runtime: Runtime) -> tuple[Exit, MadePlan]:
        targets = companies.targets_of(company)
        made = plan.make(targets, terminal, runtime)
        if options.out:
            plan.save(made, targets, options.out / f"{company.name}.plan", terminal, runtime)
        return plan.exit_of(made.plan, options), made

    outcomes = companies.run(work)
    companies.print_problems(outcomes)
    document = _plan_document(outcomes)

    def render_page() -> str:
        from pennyform.report.plan.html import render_companies  # Jinja, which the other forms do without

        closing = report_companies.summary_text(document.summary)
        origin = page_origin(companies.targets, companies.runtime)
        return render_companies(document, closing, problems_of(outcomes), origin)

    def print_other() -> None:
        if options.format == "markdown":
            companies.terminal.write(_as_markdown(document, outcomes))
        else:
            _print_plans(companies, outcomes, document)

    page_exit = print_report(
        document, options.format, options.html, companies.terminal, render_page, print_other
    )
    return worst([page_exit, Exit(document.summary.exit_code)])


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as problem:
        raise failure(
            "plan-not-saved",
            f"the plans cannot be saved: {problem.strerror}",
            file=str(folder),
            fix="name a folder: of several companies, each has a plan of its own in it",
        ) from problem


def _plan_document(outcomes: list[Outcome[MadePlan]]) -> CompaniesPlanDocument:
    sections = [
        CompanyPlan(**outcome.section(), plan=outcome.result.plan.document() if outcome.result else None)
        for outcome in outcomes
    ]
    plans = [section.plan for section in sections if section.plan]
    return CompaniesPlanDocument(
        format_version=FORMAT_VERSION,
        pennyform=__version__,
        companies=tuple(sections),
        summary=summary_of(outcomes, (document.summary.invoices for document in plans)),
        money=PlanMoney(
            changing=sum_totals(row for document in plans for row in document.money.changing),
            all=sum_totals(row for document in plans for row in document.money.all),
        ),
        requests=sum(document.requests for document in plans),
    )


def _as_markdown(document: CompaniesPlanDocument, outcomes: list[Outcome[MadePlan]]) -> str:
    findings = {
        outcome.company.name: plan.findings_as_markdown(outcome.result.findings, len(outcomes))
        for outcome in outcomes
        if outcome.result
    }
    return report_companies.plans_as_markdown(document, problems_of(outcomes), findings)


def _print_plans(
    companies: Companies, outcomes: list[Outcome[MadePlan]], document: CompaniesPlanDocument
) -> None:
    layout = companies.terminal.layout()
    texts = (plan_text.render(row.plan, layout) if row.plan else "" for row in document.companies)
    companies.print_sections(zip(outcomes, texts, strict=True))
    title = "Money of these changes, all companies"
    companies.terminal.write(
        report_companies.totals(document.summary, document.money.changing, title, layout)
    )


# --- apply --------------------------------------------------------------------------------------------------


def run_apply(companies: Companies, options: ApplyOptions) -> Exit:
    """Plan, ask once, and apply side by side: one report with a section for each company."""
    companies.refuse(
        {
            "--target": companies.targets.references,
            "--mailed": options.mailed,
            "--not-mailed": options.not_mailed,
            "--repair-journal": options.repair_journal,
            "--import-journal": options.import_journal,
        }
    )
    if companies.targets.is_several_plans:
        companies.refuse({"--prune": companies.targets.prune})
        return _apply_saved(companies, options)
    if options.auto_approve:
        return _finish(companies, _apply(companies, options, {}), options)
    plans = companies.run(lambda *machine: _planned(companies, *machine))
    companies.print_problems(plans)
    document = _plan_document(plans)
    if options.format == "text":
        _print_plans(companies, plans, document)
    agreed = {outcome.company.name: outcome.result.plan for outcome in plans if outcome.result}
    if any(made.pending for made in agreed.values()):
        apply.ask_for_approval(companies.terminal)
    # A failure that was told already, as the outcome of what follows it.
    failed: list[Outcome[ApplyReport]] = [
        Outcome(outcome.company, outcome.code, None, outcome.findings, "", "")
        for outcome in plans
        if not outcome.result
    ]
    members = tuple(company for company in companies.members if company.name in agreed)
    # The plans were shown already.
    reports = _apply(replace(companies, members=members), replace(options, format="json"), agreed)
    return _finish(companies, sorted([*reports, *failed], key=lambda outcome: outcome.company), options)


def _planned(
    companies: Companies, company: Company, terminal: Terminal, runtime: Runtime
) -> tuple[Exit, MadePlan]:
    return Exit.OK, plan.make(companies.targets_of(company), terminal, runtime)


def _apply(
    companies: Companies, options: ApplyOptions, agreed: Mapping[str, Plan]
) -> list[Outcome[ApplyReport]]:
    """Apply to all of ``companies``; where a plan was agreed to, exactly that one or nothing."""
    with companies.runtime.interruption(companies.terminal.stderr) as interruption:

        def work(company: Company, terminal: Terminal, runtime: Runtime) -> tuple[Exit, ApplyReport]:
            targets = companies.targets_of(company)
            repository = load_repository(targets, terminal, runtime)

            def approve(_session: Session, planned: Plan, _run: apply.ApplyRun) -> None:
                if planned.document() != agreed[company.name].document():
                    raise failure(
                        "plan-stale",
                        "the account or the definitions changed while you were asked",
                        fix="run 'pennyform apply' again and look at the new plan",
                    )

            settings = replace(options, targets=targets)
            interrupted = interruption.requested
            run = apply.ApplyRun(settings, None, terminal, runtime, interrupted, without_progress)
            report = apply.apply_repository(repository, run, approve)
            return apply.exit_of(report), report

        outcomes = companies.run(work)
    companies.print_problems(outcomes)
    return outcomes


def _apply_saved(companies: Companies, options: ApplyOptions) -> Exit:
    """Carry out saved plans, each of one company; one that cannot be used stops no other."""
    with companies.runtime.interruption(companies.terminal.stderr) as interruption:

        def work(company: Company, terminal: Terminal, runtime: Runtime) -> tuple[Exit, ApplyReport]:
            saved = apply.read_plan(company.folder, terminal, runtime)
            settings = apply.options_of(saved, options)
            repository = load_repository(settings.targets, terminal, runtime)
            interrupted = interruption.requested
            run = apply.ApplyRun(settings, saved, terminal, runtime, interrupted, without_progress)
            # Whoever applies a saved plan has agreed to it.
            report = apply.apply_repository(repository, run, lambda *_: None)
            return apply.exit_of(report), report

        outcomes = companies.run(work)
    companies.print_problems(outcomes)
    return _finish(companies, outcomes, options)


def _finish(companies: Companies, outcomes: list[Outcome[ApplyReport]], options: ApplyOptions) -> Exit:
    """Print the report of all companies."""
    document = _apply_document(outcomes)
    if options.format == "json":
        companies.terminal.write(json_text(document))
        return Exit(document.summary.exit_code)
    layout = companies.terminal.layout()
    texts = (report_apply.render(row.apply, layout) if row.apply else "" for row in document.companies)
    companies.print_sections(zip(outcomes, texts, strict=True))
    title = "Money of what was done and verified, all companies"
    if document.final:
        companies.terminal.print(report_apply.final_text(document.final))
    companies.terminal.write(report_companies.totals(document.summary, document.money, title, layout))
    return Exit(document.summary.exit_code)


def _apply_document(outcomes: list[Outcome[ApplyReport]]) -> CompaniesApplyDocument:
    sections = [
        CompanyApply(**outcome.section(), apply=outcome.result.document() if outcome.result else None)
        for outcome in outcomes
    ]
    reports = [section.apply for section in sections if section.apply]
    return CompaniesApplyDocument(
        format_version=FORMAT_VERSION,
        pennyform=__version__,
        companies=tuple(sections),
        summary=summary_of(outcomes, (report.summary for report in reports)),
        money=sum_totals(row for report in reports for row in report.money),
        final=_sum_final(row for report in reports for row in report.final),
    )


def _sum_final(rows: Iterator[FinalTotal]) -> tuple[FinalTotal, ...]:
    numbers, amounts = Counter[str](), Counter[str]()
    for row in rows:
        numbers[row.currency] += row.invoices
        amounts[row.currency] += Decimal(row.currency_amount)  # type: ignore[assignment]
    return tuple(FinalTotal(name, numbers[name], f"{amounts[name]:f}") for name in sorted(numbers))


# --- verify and adopt ---------------------------------------------------------------------------------------


def run_verify(companies: Companies, options: VerifyOptions) -> Exit:
    """Print the verdicts on all companies."""
    companies.refuse({"--target": companies.targets.references})

    def work(company: Company, terminal: Terminal, runtime: Runtime) -> tuple[Exit, Verification]:
        verification = verify.verify_targets(
            companies.targets_of(company), terminal, runtime, with_document=options.document
        )
        return Exit.DRIFT if verification.drift else Exit.OK, verification

    outcomes = companies.run(work)
    companies.print_problems(outcomes)
    sections = [
        CompanyVerification(
            **outcome.section(), verification=outcome.result.document() if outcome.result else None
        )
        for outcome in outcomes
    ]
    verdicts = [section.verification for section in sections if section.verification]
    summary = summary_of(outcomes, (document.summary for document in verdicts))
    document = CompaniesVerificationDocument(
        format_version=FORMAT_VERSION, pennyform=__version__, companies=tuple(sections), summary=summary
    )

    def render_page() -> str:
        closing = report_companies.summary_text(summary)
        origin = page_origin(companies.targets, companies.runtime)
        return render_companies_html(document, closing, problems_of(outcomes), origin)

    def print_other() -> None:
        layout = companies.terminal.layout()
        texts = (render_text(row.verification, layout) if row.verification else "" for row in sections)
        companies.print_sections(zip(outcomes, texts, strict=True))
        companies.terminal.write(report_companies.totals(summary, (), "", layout))

    page_exit = print_report(
        document, options.format, options.html, companies.terminal, render_page, print_other
    )
    return worst([page_exit, Exit(summary.exit_code)])


def run_adopt(companies: Companies, options: AdoptOptions) -> Exit:
    """Write definitions of what the accounts of all companies have already."""
    companies.refuse({"--reference": options.references})
    return _run_each(adopt.run, companies, options)


def _run_each(run: Callable[[Any, Terminal, Runtime], Exit], companies: Companies, options: Any) -> Exit:
    """Run a command for each company, and print what it prints below the company's name."""

    def work(company: Company, terminal: Terminal, runtime: Runtime) -> tuple[Exit, Exit]:
        code = run(replace(options, targets=companies.targets_of(company)), terminal, runtime)
        return code, code

    outcomes = companies.run(work)
    companies.print_problems(outcomes)
    companies.print_sections((outcome, "") for outcome in outcomes)
    return Exit(summary_of(outcomes, ()).exit_code)


COMMANDS: Mapping[str, Callable[[Companies, Any], Exit]] = {
    "plan": run_plan,
    "apply": run_apply,
    "verify": run_verify,
    "adopt": run_adopt,
    "status": status.run_companies,
    "audit": audit.run_companies,
    "auth": functools.partial(_run_each, auth.run),
    "doctor": functools.partial(_run_each, doctor.run),
}
