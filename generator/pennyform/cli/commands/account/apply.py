"""``pennyform apply``: carry a plan out, after asking, verifying each invoice before it becomes final."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pennyform.cli.commands.account.plan import print_plan
from pennyform.cli.connection import connect
from pennyform.cli.definitions import (
    is_whole,
    load_repository,
    refuse_secrets,
    report_dates,
    require_all_definitions,
)
from pennyform.cli.options.account import ApplyOptions, TargetOptions
from pennyform.cli.terminal import Exit, Terminal, progress_on
from pennyform.engine.applying.report import ApplyReport
from pennyform.engine.journal.journal import JournalError
from pennyform.engine.journal.lock import LockFileError, LockHeldError
from pennyform.engine.journal.records import PlanUsed
from pennyform.engine.limits import shorten
from pennyform.engine.plan_files import binding, plan_file
from pennyform.engine.plan_files.plan_file import SavedPlan
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
        # It says by itself what it is about.
        targets = TargetOptions(
            saved.paths,
            options.targets.environment or saved.document.environment,
            options.targets.token_file,
            tuple(saved.binding.targets),
            saved.binding.prune,
        )
        options = replace(options, targets=targets)
    repository = load_repository(options.targets, terminal, runtime)
    return _apply_locked(repository, options, saved, terminal, runtime)


def _saved_plan(options: ApplyOptions, terminal: Terminal, runtime: Runtime) -> SavedPlan | None:
    """The saved plan that is named; None when definitions are.

    Raises:
        Failure: it is not one, or something is named beside it that it cannot honour.
    """
    targets = options.targets
    # Definitions are known by their suffix; a file of another name is a saved plan.
    plans = [file for file in targets.paths if file.is_file() and file.suffix not in {".yaml", ".yml"}]
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
    folder = state_folder(terminal.environ, runtime.random_bytes)
    folder.check_place(repository_around(plans[0]) or plans[0].parent)
    folder.prepare()
    return plan_file.read(plans[0], folder.key())


def _apply_locked(
    repository: Repository,
    options: ApplyOptions,
    saved: SavedPlan | None,
    terminal: Terminal,
    runtime: Runtime,
) -> Exit:
    try:
        with (
            connect(repository, options.targets.token_file, terminal, runtime) as connection,
            runtime.interruption(terminal.stderr) as interruption,
        ):
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
                interrupted=interruption.requested,
                repair=options.repair_journal,
                old_journal=options.import_journal,
                retry=retry_lock(runtime.clock, options.lock_timeout, interruption.requested, terminal),
            ) as session:
                return _apply(session, options, saved, connection.service, terminal)
    except LockHeldError as problem:
        finding = Finding(
            "apply-locked",
            Severity.ERROR,
            f"another apply to this company is under way ({problem})",
            detail="Two of them at once could create an invoice twice.",
            fix="wait until it is done and run it again, or let --lock-timeout wait for it. If that process "
            "stands still: 'kill -CONT PID' lets it go on, and 'kill PID' ends it",
        )
        terminal.print_findings([finding])
        return Exit.TRY_LATER
    except (JournalError, LockFileError) as problem:
        raise failure(
            "journal-unwritable",
            str(problem),
            detail="Nothing is sent unless it can be written down first.",
            fix="make its folder writable, check that there is space left, and move away what is in the way",
        ) from problem


def _apply(
    session: Session, options: ApplyOptions, saved: SavedPlan | None, service: str, terminal: Terminal
) -> Exit:
    targets = options.targets
    # What a person knows must be in the journal before anything is decided.
    session.confirm_mails(mailed=options.mailed, not_mailed=options.not_mailed)
    session.resolve_past_outcomes()
    if targets.prune and saved is None:
        require_all_definitions(session.repository, targets)
    is_complete = is_whole(session.repository, targets)
    plan = session.plan(prune=targets.prune, is_whole=is_complete)
    reason = saved and (
        binding.explain_reuse(saved, session.journal.state)
        or binding.explain_staleness(saved, session.repository, plan, service)
    )
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
    # JSON is one document: the report, which also says what was not done of the plan.
    if options.format == "text":
        print_plan(plan.document(), options.format, terminal)
    require_scopes(plan)
    if plan.pending and saved:
        # Durable before the first request: a plan that was interrupted halfway must not be used again.
        session.journal.write(PlanUsed(plan=saved.id))
    elif plan.pending and not options.auto_approve:
        _ask_for_approval(terminal)
        # A person may have taken long: what was planned must still be what would be planned.
        if session.plan(prune=targets.prune, is_whole=is_complete).document() != plan.document():
            raise failure(
                "plan-stale",
                "the account changed while you were asked",
                fix="run 'pennyform apply' again and look at the new plan",
            )
    with progress_on(terminal.stderr) as progress:
        report = session.apply(plan, progress)
    if options.format == "json":
        terminal.write(json_text(report.document()))
    else:
        terminal.write(report_apply.render(report.document(), terminal.ansi()))
    return exit_of(report)


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


def _ask_for_approval(terminal: Terminal) -> None:
    """Get a person's consent.

    Raises:
        Failure: there is nobody to ask, or the answer is not yes.
    """
    if not terminal.stdin.isatty():
        raise failure(
            "approval-missing",
            "nobody can be asked for approval: standard input is not a terminal",
            fix="pass --auto-approve, or apply a saved plan",
        )
    # Before the question shows: whoever answers it with Ctrl-C may be fast.
    with stop_at_once():
        terminal.stdout.write("Carry this out? Only 'yes' is accepted: ")
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
