"""Carrying a plan out from the command line: lock, plan, consent, apply, report."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pennyform.cli.account import connection
from pennyform.cli.exits import Exit
from pennyform.cli.run.common import require_whole, write_out
from pennyform.cli.run.lock_wait import waiting
from pennyform.cli.run.plan import print_plan
from pennyform.cli.terminal import output
from pennyform.cli.terminal.interruption import Interruption, stopping_at_once
from pennyform.cli.terminal.progress import progress_on
from pennyform.engine.applying.report import ApplyReport, Status
from pennyform.engine.journal.journal import JournalError
from pennyform.engine.journal.lock import LockFileError, LockHeldError
from pennyform.engine.limits import shortened
from pennyform.engine.plan_files import binding
from pennyform.engine.plan_files import plan_file as saved_file
from pennyform.engine.plan_files.plan_file import SavedPlan
from pennyform.engine.planning.plan import Plan
from pennyform.engine.planning.scopes import require_scopes
from pennyform.engine.session import EngineContext, Session, open_session
from pennyform.findings import Finding, Severity, failure
from pennyform.invoices import Repository
from pennyform.report.apply import text as apply_text
from pennyform.report.shared.ansi import Paint


def apply_and_report(repository: Repository, plan_file: SavedPlan | None, args: argparse.Namespace) -> Exit:
    """Apply what the definitions, or a saved plan of them, ask for."""
    try:
        with _session(repository, args) as session:
            return _apply(session, plan_file, args)
    except LockHeldError as problem:
        return _print_locked(problem)
    except (JournalError, LockFileError) as problem:
        raise failure(
            "journal-unwritable",
            str(problem),
            detail="Nothing is sent unless it can be written down first.",
            fix="make .pennyform writable and check that there is space left",
        ) from problem


@contextmanager
def _session(repository: Repository, args: argparse.Namespace) -> Iterator[Session]:
    with connection.connect(repository, args.token_file) as account, Interruption() as interruption:
        company = account.remote.company()
        state = account.state(repository, company)
        with open_session(
            repository,
            account.remote,
            state,
            _patient(account.world, args),
            interrupted=interruption.asked,
            repair=args.repair_journal,
            retry=waiting(account.world.clock, args.lock_timeout, interruption.asked),
        ) as session:
            yield session


def _patient(world: EngineContext, args: argparse.Namespace) -> EngineContext:
    """The world with as much patience, for PDFs and in all, as the command line says."""
    patience = world.patience
    if args.wait is not None:
        patience = replace(patience, pdf=shortened(patience.pdf, args.wait))
    if args.time_limit is not None:
        patience = replace(patience, run=float(args.time_limit))
    return replace(world, patience=patience)


def _apply(session: Session, plan_file: SavedPlan | None, args: argparse.Namespace) -> Exit:
    session.tell(mailed=args.mailed, not_mailed=args.not_mailed)
    session.settle()
    if args.prune and plan_file is None:
        require_whole(session.repository, args)
    plan = session.plan(prune=args.prune)
    if plan_file:
        _check_saved(plan_file, session, plan)
    if args.format == "text":
        print_plan(plan.to_json(), args)
    require_scopes(plan)
    if not plan.pending:
        return _finish(session, plan, args)
    if not args.auto_approve and plan_file is None:
        _ask()
        # A person may have taken long: what was planned must still be what would be planned.
        if session.plan(prune=args.prune).to_json() != plan.to_json():
            raise failure(
                "plan-stale",
                "the account changed while you were asked",
                fix="run 'pennyform apply' again and look at the new plan",
            )
    if plan_file:
        session.journal.write("plan_used", plan=plan_file.id)
    return _finish(session, plan, args)


def _finish(session: Session, plan: Plan, args: argparse.Namespace) -> Exit:
    with progress_on(sys.stderr) as progress:
        report = session.apply(plan, progress)
    _print_report(report, args)
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
    return Exit.ERROR if report.any(Status.FAILED, Status.PARTIAL, Status.NOT_STARTED) else Exit.OK


def _print_report(report: ApplyReport, args: argparse.Namespace) -> None:
    if args.format == "json":
        text = json.dumps(report.to_json(), ensure_ascii=False, indent=2) + "\n"
    else:
        text = apply_text.render(
            report.to_json(), Paint(output.style(sys.stdout, no_color=args.no_color).colour)
        )
    write_out(text)


# --- saved plans and consent ------------------------------------------------------------------------------


def saved_plan(paths: Sequence[str], targets: Sequence[str] = ()) -> SavedPlan | None:
    """The saved plan that ``paths`` name, if they name one; definitions are known by their suffix.

    Raises:
        Failure: it is not a saved plan, or something else, or a part of it, is named beside it.
    """
    files = [Path(path) for path in paths]
    plans = [file for file in files if file.is_file() and file.suffix not in {".yaml", ".yml"}]
    if not plans:
        return None
    if len(files) > 1 or targets:
        raise failure("plan-alone", "a saved plan is applied alone and whole", file=str(plans[0]))
    return saved_file.read(plans[0])


def _check_saved(plan_file: SavedPlan, session: Session, plan: Plan) -> None:
    reason = binding.spent(plan_file, session.memory)
    reason = reason or binding.staleness(plan_file, session.repository, plan)
    if reason:
        raise failure(
            "plan-stale",
            f"the saved plan cannot be applied: {reason}",
            file=str(plan_file.file),
            detail="A saved plan is carried out exactly as it was reviewed, once, or not at all.",
            fix="make a new one with 'pennyform plan --out'",
        )


def _ask() -> None:
    """Get a person's consent.

    Raises:
        Failure: there is nobody to ask, or the answer is not yes.
    """
    if not sys.stdin.isatty():
        raise failure(
            "approval-missing",
            "nobody can be asked for approval: standard input is not a terminal",
            fix="pass --auto-approve, or apply a saved plan",
        )
    # Before the question shows: whoever answers it with Ctrl-C may be fast.
    with stopping_at_once():
        sys.stdout.write("Carry this out? Only 'yes' is accepted: ")
        sys.stdout.flush()
        answer = sys.stdin.readline()
    if answer.strip() != "yes":
        raise failure("approval-refused", "nothing was changed: the answer was not 'yes'")


def _print_locked(problem: LockHeldError) -> Exit:
    finding = Finding(
        "apply-locked",
        Severity.ERROR,
        f"another apply to this company is under way ({problem})",
        detail="Two of them at once could create an invoice twice.",
        fix="wait until it is done and run it again, or let --lock-timeout wait for it",
    )
    output.print_findings([finding], stream=sys.stderr)
    return Exit.TRY_LATER
