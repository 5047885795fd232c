"""``pennyform fleet approve``: show a plan, and let the workers apply exactly it, once."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import msgspec

from pennyform.cli.commands.account.apply import ask_for_approval
from pennyform.cli.commands.account.plan import print_plan
from pennyform.cli.commands.fleet.submit import enqueue
from pennyform.cli.options.fleet import ApproveOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.journal.records import as_text
from pennyform.engine.runtime import Runtime
from pennyform.findings import failure
from pennyform.fleet.job import FOLDER_PREFIX
from pennyform.fleet.queue import Queue
from pennyform.fleet.records import Records, StoredPlan
from pennyform.results.plan import PlanDocument


def run(
    options: ApproveOptions, records: Records, queue: Queue, terminal: Terminal, runtime: Runtime
) -> Exit:
    """Show a plan; approve it, and queue the job that applies it.

    Raises:
        Failure: there is no such plan, it is approved or used already, or this person submitted it.
    """
    stored = records.plan(options.plan)
    digest = sha256(stored.content).hexdigest()
    _show(stored, options.format, terminal)
    if options.digest and options.digest != digest:
        raise failure(
            "fleet-approval",
            f"the plan cannot be approved: its content has the SHA-256 {digest}, not {options.digest}",
            fix="look at the plan with --show: it is not the one that was meant",
        )
    if options.show:
        # As one line, for whoever copies it, and in the comment that the Markdown becomes.
        if options.format in {"text", "markdown"}:
            terminal.write(f"\nApprove exactly this: pennyform fleet approve {stored.id} --digest {digest}\n")
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


def _show(stored: StoredPlan, format_: str, terminal: Terminal) -> None:
    document = _document(stored)
    if format_ != "html":
        print_plan(document, format_, terminal)
        return
    from pennyform.report.plan import html as plan_html  # Jinja, which the other forms do without

    terminal.write(plan_html.render(document))


def _document(stored: StoredPlan) -> PlanDocument:
    """The plan as it is shown: what binds it is for who applies it, who checks its signature."""
    content = msgspec.json.decode(stored.content)
    for change in content["changes"]:
        if place := change["place"]:
            # Below the folder of the job that made the plan, which is gone.
            place["file"] = (
                place["file"].rpartition(f"/{FOLDER_PREFIX}")[2].partition("/")[2] or place["file"]
            )
    fields = {name: content[name] for name in PlanDocument.__struct_fields__}
    return msgspec.convert(fields, PlanDocument)


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
