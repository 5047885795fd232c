"""``pennyform fleet approve``: show a plan, and let the workers apply exactly it, once."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import msgspec

from pennyform.cli.commands.account.apply import ask_for_approval
from pennyform.cli.commands.fleet.plans import show
from pennyform.cli.commands.fleet.submit import enqueue
from pennyform.cli.contracts import files_of
from pennyform.cli.definitions import load_repository, with_schemas
from pennyform.cli.options.account import TargetOptions
from pennyform.cli.options.fleet import ApproveOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.journal.records import as_text
from pennyform.engine.planning.resolve import PlanRejectedError
from pennyform.engine.runtime import Runtime
from pennyform.findings import Failure, failure
from pennyform.fleet.queue import Queue
from pennyform.fleet.records import Records, StoredPlan
from pennyform.fleet.request import WorkRequest, collect
from pennyform.report.fleet import approval_line


def run(
    options: ApproveOptions, records: Records, queue: Queue, terminal: Terminal, runtime: Runtime
) -> Exit:
    """Show a plan; approve it, and queue the job that applies it.

    Raises:
        Failure: there is no such plan, it is approved or used already, this person submitted it, or it was
            made from other definitions.
    """
    stored = records.plan(options.plan)
    digest = sha256(stored.content).hexdigest()
    show(stored, options.format, terminal)
    if options.digest and options.digest != digest:
        raise failure(
            "fleet-approval",
            f"the plan cannot be approved: its content has the SHA-256 {digest}, not {options.digest}",
            fix="look at the plan with --show: it is not the one that was meant",
        )
    if options.definitions is not None:
        _require_definitions(stored.request, options.definitions, terminal, runtime)
    if options.show:
        # As one line, for whoever copies it, and in the comment that the Markdown becomes.
        if options.format in {"text", "markdown"}:
            terminal.write(f"\n{approval_line(stored.id, digest)}\n")
        return Exit.OK
    person = as_text(runtime.origin(Path.cwd()).person)[:1000]
    _require_open(stored, person)
    if not options.auto_approve:
        ask_for_approval(terminal)
    request = msgspec.structs.replace(stored.request, verb="apply", plan=stored.id)
    # Whoever approved it and was interrupted before the job was queued does so again: it is used once.
    if stored.approved_by != person and not records.approve(stored.id, person):
        _require_open(records.plan(stored.id), person)
    (job,) = enqueue([request], {}, records, queue)
    records.note_job(stored.id, job)
    terminal.print_error(f"Approved by {person}: job {job} applies exactly this, once.")
    return Exit.OK


def _require_definitions(request: WorkRequest, folder: Path, terminal: Terminal, runtime: Runtime) -> None:
    """Refuse a plan of other definitions than those in ``folder``, such as what was merged.

    Without the account: what that says is looked at again by who applies the plan.

    Raises:
        Failure: the plan was made from others, or they are rejected.
    """
    targets = TargetOptions((folder / request.folder,), None, None)
    try:
        repository = load_repository(targets, terminal, with_schemas(runtime, terminal))
    except PlanRejectedError as problem:
        raise Failure(problem.findings) from None
    place, files, _ = collect(repository, files_of(repository.settings.contract))
    company_id = repository.settings.policies.company_id
    differing = sorted({row.path for row in set(files) ^ set(request.files)})
    if (place, company_id) != (request.folder, request.company_id) or differing:
        names = ", ".join(differing[:5]) or "another company"
        raise failure(
            "fleet-approval",
            f"the plan cannot be approved: it was made from other definitions than these ({names})",
            file=str(repository.root),
            fix="submit a plan of these definitions, and let somebody look at it",
        )


def _require_open(stored: StoredPlan, person: str) -> None:
    problem = ""
    if stored.consumed:
        problem = "it was used"
    elif stored.job:
        problem = f"{stored.approved_by} approved it already, and job {stored.job} applies it"
    elif stored.approved_by not in {"", person}:
        problem = f"{stored.approved_by} approved it already"
    elif stored.request.person == person:
        problem = f"{person} submitted it, and somebody else must look at it"
    if problem:
        raise failure(
            "fleet-approval",
            f"the plan cannot be approved: {problem}",
            fix="submit a new plan, or let another person approve it",
        )
