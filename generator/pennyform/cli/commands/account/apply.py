"""``pennyform apply``: carry a plan out, after asking, verifying each invoice before it becomes final."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from pennyform.cli.commands.account.plan import print_plan
from pennyform.cli.connection import connect
from pennyform.cli.definitions import (
    LockedError,
    is_whole,
    load_repository,
    refuse_secrets,
    report_dates,
    require_all_definitions,
    require_e_invoices,
    require_submittable,
)
from pennyform.cli.options.account import ApplyOptions, TargetOptions
from pennyform.cli.terminal import Exit, Terminal, progress_on
from pennyform.engine.applying.context import Progress
from pennyform.engine.applying.report import ApplyReport
from pennyform.engine.journal.journal import JournalError
from pennyform.engine.journal.lock import LockFileError, LockHeldError
from pennyform.engine.journal.records import PlanUsed
from pennyform.engine.limits import shorten
from pennyform.engine.plan_files import binding, plan_file
from pennyform.engine.plan_files.plan_file import SavedPlan
from pennyform.engine.planning.plan import Plan
from pennyform.engine.planning.preflight import require_scopes
from pennyform.engine.runtime import Clock, Runtime, pause, stop_at_once
from pennyform.engine.session import Session, open_session
from pennyform.engine.state_folder import state_folder
from pennyform.findings import Finding, Severity, failure
from pennyform.invoices import Repository
from pennyform.report import apply as report_apply
from pennyform.results.apply import Status
from pennyform.results.documents import json_text
from pennyform.safe_files import repository_around

_SECONDS_BETWEEN_LOCK_ATTEMPTS = 0.5


def run(options: ApplyOptions, terminal: Terminal, runtime: Runtime) -> Exit:
    """Plan, ask, apply, and report; the exit code tells the worst of what happened.

    Raises:
        Failure: what is named is not a saved plan, or something else, or a part of it, is named beside it.
    """
    saved = _saved_plan(options, terminal, runtime)
    if saved:
        options = options_of(saved, options)
    repository = load_repository(options.targets, terminal, runtime)
    with runtime.interruption(terminal.stderr) as interruption:
        apply_run = ApplyRun(options, saved, terminal, runtime, interruption.requested)
        report = apply_repository(repository, apply_run, _ask)
    if options.format == "json":
        terminal.write(json_text(report.document()))
    else:
        terminal.write(report_apply.render(report.document(), terminal.layout()))
    return exit_of(report)


@dataclass(frozen=True, slots=True)
class ApplyRun:
    """What one apply is asked for, and what it takes from the machine.

    ``resumed`` tells that ``saved`` was begun by this very order, and that what is left of it is asked for.
    """

    options: ApplyOptions
    saved: SavedPlan | None
    terminal: Terminal
    runtime: Runtime
    interrupted: Callable[[], bool]
    progress: Callable[[TextIO], AbstractContextManager[Progress]] = progress_on
    resumed: bool = False


Approve = Callable[[Session, Plan, ApplyRun], None]
"""Gets consent to a plan that has something to do; raises a Failure when there is none."""


def _saved_plan(options: ApplyOptions, terminal: Terminal, runtime: Runtime) -> SavedPlan | None:
    """The saved plan that is named; None when definitions are.

    Raises:
        Failure: it is not one, or something is named beside it that it cannot honour.
    """
    targets = options.targets
    plans = saved_plans(targets.paths)
    if not plans:
        return None
    beside = {
        "other files": len(targets.paths) > 1,
        "--target": bool(targets.references),
        "--prune": targets.prune,
        "--mailed": bool(options.mailed),
        "--not-mailed": bool(options.not_mailed),
    }
    if names := ", ".join(name for name, is_there in beside.items() if is_there):
        raise failure(
            "plan-alone",
            f"a saved plan is applied alone and whole, and {names} would change it",
            file=str(plans[0]),
            fix="leave that out, or make a new plan with it: 'pennyform plan --out'",
        )
    return read_plan(plans[0], terminal, runtime)


def saved_plans(paths: Sequence[Path]) -> list[Path]:
    """The saved plans among ``paths``: definitions are known by their suffix."""
    return [file for file in paths if file.is_file() and file.suffix not in {".yaml", ".yml"}]


def read_plan(file: Path, terminal: Terminal, runtime: Runtime) -> SavedPlan:
    """Read a saved plan.

    Raises:
        Failure: it is not one, or not one of this user's.
    """
    folder = state_folder(terminal.environ, runtime.random_bytes)
    # Elsewhere, such as in the user's home, the folder of the plan says nothing about that of the state.
    if repository := repository_around(file):
        folder.check_place(repository)
    folder.prepare()
    return plan_file.read(file, folder.key())


def options_of(saved: SavedPlan, options: ApplyOptions) -> ApplyOptions:
    """``options`` for what a saved plan says by itself that it is about."""
    targets = TargetOptions(
        saved.paths,
        options.targets.environment or saved.document.environment,
        options.targets.token_file,
        tuple(saved.binding.targets),
        saved.binding.prune,
    )
    return replace(options, targets=targets)


def apply_repository(repository: Repository, apply_run: ApplyRun, approve: Approve) -> ApplyReport:
    """Lock the account of ``repository``, plan, get consent, and carry the plan out.

    Raises:
        PlanRejectedError: an invoice is to be a valid electronic one, and is not.
        LockedError: another apply to the company is under way.
        Failure: there is no consent, or what was agreed to would not be done.
    """
    options, terminal = apply_run.options, apply_run.terminal
    require_e_invoices(repository, options.targets, terminal)
    try:
        with connect(repository, options.targets.token_file, terminal, apply_run.runtime) as connection:
            # Of the connection's patience: with the embedded sandbox there is less to wait for.
            runtime = connection.runtime
            patience = runtime.patience
            if options.wait is not None:
                patience = replace(patience, pdf=shorten(patience.pdf, options.wait))
            if options.time_limit is not None:
                patience = replace(patience, run=float(options.time_limit))
            with open_session(
                repository,
                connection.account,
                connection.state(connection.account.company()),
                replace(runtime, patience=patience),
                interrupted=apply_run.interrupted,
                repair=options.repair_journal,
                old_journal=options.import_journal,
                retry=retry_lock(runtime.clock, options.lock_timeout, apply_run.interrupted, terminal),
            ) as session:
                return _apply(session, apply_run, connection.service, approve)
    except LockHeldError as problem:
        finding = Finding(
            "apply-locked",
            Severity.ERROR,
            f"another apply to this company is under way ({problem})",
            detail="Two of them at once could create an invoice twice.",
            fix="wait until it is done and run it again, or let --lock-timeout wait for it. If that process "
            "stands still: 'kill -CONT PID' lets it go on, and 'kill PID' ends it",
        )
        raise LockedError([finding]) from problem
    except (JournalError, LockFileError) as problem:
        raise failure(
            "journal-unwritable",
            str(problem),
            detail="Nothing is sent unless it can be written down first.",
            fix="make its folder writable, check that there is space left, and move away what is in the way; "
            "for a journal in a database, see that it answers",
        ) from problem


def _apply(session: Session, apply_run: ApplyRun, service: str, approve: Approve) -> ApplyReport:
    options, saved, terminal = apply_run.options, apply_run.saved, apply_run.terminal
    targets = options.targets
    # What a person knows must be in the journal before anything is decided.
    session.confirm_mails(mailed=options.mailed, not_mailed=options.not_mailed)
    session.resolve_past_outcomes()
    if targets.prune and saved is None:
        require_all_definitions(session.repository, targets)
    plan = _plan(session, targets)
    reason = saved and _explain_refusal(saved, session, plan, apply_run, service)
    if saved and reason:
        raise failure(
            "plan-stale",
            f"the saved plan cannot be applied: {reason}",
            file=str(saved.file),
            detail="A saved plan is carried out exactly as it was reviewed, once, or not at all.",
            fix="make a new one with 'pennyform plan --out'",
        )
    refuse_secrets(plan, terminal)
    report_dates(plan, session.repository, terminal, session.runtime)
    require_submittable(plan, session.repository, targets, terminal)
    # JSON is one document: the report, which also says what was not done of the plan.
    if options.format == "text":
        print_plan(plan.document(), options.format, terminal)
    require_scopes(plan)
    if plan.pending and saved:
        # Durable before the first request: a plan that was interrupted halfway must not be used again.
        session.journal.write(PlanUsed(plan=saved.id))
    elif plan.pending and not options.auto_approve:
        approve(session, plan, apply_run)
    # Before the first request: a package that is missing must not be found out half-way.
    check = None
    if session.repository.settings.policies.document == "required":
        from pennyform.cli.documents import document_check

        check = document_check(session.repository)
    with apply_run.progress(terminal.stderr) as progress:
        return session.apply(plan, progress, saved.id if saved else "", check)


def _explain_refusal(
    saved: SavedPlan, session: Session, plan: Plan, apply_run: ApplyRun, service: str
) -> str:
    """Why ``saved`` may not be carried out, in one sentence; empty when it may."""
    # A job that was tried and did not get as far as the first request has begun nothing.
    if apply_run.resumed and saved.id in session.journal.state.used:
        return binding.explain_rest(saved, session.repository, plan, service)
    reused = binding.explain_reuse(saved, session.journal.state)
    return reused or binding.explain_staleness(saved, session.repository, plan, service)


def _plan(session: Session, targets: TargetOptions) -> Plan:
    return session.plan(prune=targets.prune, is_whole=is_whole(session.repository, targets))


def _ask(session: Session, plan: Plan, apply_run: ApplyRun) -> None:
    """Ask a person, who may take long: what was planned must still be what would be planned."""
    ask_for_approval(apply_run.terminal)
    if _plan(session, apply_run.options.targets).document() != plan.document():
        raise failure(
            "plan-stale",
            "the account changed while you were asked",
            fix="run 'pennyform apply' again and look at the new plan",
        )


def exit_of(report: ApplyReport) -> Exit:
    """The worst of what happened: what is unknown counts more than what was merely not done."""
    if report.any(Status.UNKNOWN):
        return Exit.UNKNOWN
    if report.interrupted:
        return Exit.INTERRUPTED
    if report.any(Status.DIFFERS, Status.CONFLICT):
        return Exit.DRIFT
    if report.try_later or report.any(Status.WAITING):
        return Exit.TRY_LATER
    failed = report.any(Status.FAILED, Status.PARTIAL, Status.NOT_STARTED)
    # Such as a journal that could not be written in the end, although every request was answered.
    return Exit.ERROR if failed or report.stopped else Exit.OK


def ask_for_approval(
    terminal: Terminal,
    fix: str = "pass --auto-approve, or apply a saved plan",
    question: str = "Carry this out?",
) -> None:
    """Get a person's consent; ``fix`` is what to do where there is nobody to ask.

    Raises:
        Failure: there is nobody to ask, or the answer is not yes.
    """
    if not terminal.stdin.isatty():
        raise failure(
            "approval-missing",
            "nobody can be asked for approval: standard input is not a terminal",
            fix=fix,
        )
    # Before the question shows: whoever answers it with Ctrl-C may be fast.
    with stop_at_once():
        terminal.stdout.write(f"{question} Only 'yes' is accepted: ")
        terminal.stdout.flush()
        answer = terminal.stdin.readline()
    if answer.strip() != "yes":
        raise failure("approval-refused", "nothing was changed: the answer was not 'yes'")


def retry_lock(
    clock: Clock, seconds: int, stop: Callable[[], bool], terminal: Terminal
) -> Callable[[LockHeldError], bool]:
    """What waits a moment, for the lock to be tried again.

    Args:
        clock: the only way to wait.
        seconds: how long to wait in all; 0 for not at all.
        stop: whether the user lost patience.
        terminal: where to say, the first time, that it waits.

    Returns:
        Called with who holds the lock, it returns whether to try again.
    """
    until = clock.monotonic() + seconds
    announced: set[str] = set()

    def retry(problem: LockHeldError) -> bool:
        if stop() or clock.monotonic() >= until:
            return False
        holder = str(problem)
        if holder not in announced:
            announced.add(holder)
            terminal.print_error(f"waiting for another apply to this company ({holder})")
        pause(clock, _SECONDS_BETWEEN_LOCK_ATTEMPTS, stop)
        return True

    return retry
