"""``pennyform approve``: a person looks at the plan of an agent, and lets it be applied once."""

from __future__ import annotations

from collections import Counter

from pennyform.cli.commands.account.apply import ask_for_approval
from pennyform.cli.commands.account.plan import print_plan
from pennyform.cli.options.agents import ApproveOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.plan_files.approvals import AgentPlans, plan_total, steps_to_approve
from pennyform.engine.runtime import Runtime
from pennyform.engine.state_folder import state_folder
from pennyform.findings import failure
from pennyform.safe_files import real_path

_FIX = "run it yourself on a terminal: nothing else can approve a plan, and no option takes your place"


def run(options: ApproveOptions, terminal: Terminal, runtime: Runtime) -> Exit:
    """Show the plan, ask, and write the approval down.

    Raises:
        Failure: there is no such plan, nobody can be asked, or the answer is not yes.
    """
    plans = AgentPlans(state_folder(terminal.environ, runtime.random_bytes))
    saved = plans.read(options.plan)
    root = real_path(saved.file.parent / saved.binding.root)
    plans.state.check_place(root)
    # Whoever only looks on (`approve … | cat`) has not been shown what is asked.
    if not terminal.stdout.isatty():
        raise failure(
            "approval-missing",
            "nobody can be asked for approval: standard output is not a terminal",
            fix=_FIX,
        )
    print_plan(saved.document, "text", terminal)
    steps = Counter(step.step.partition(" ")[0] for step in steps_to_approve(saved.document))
    counts = ", ".join(f"{number} x {name}" for name, number in sorted(steps.items())) or "drafts only"
    terminal.print(
        "",
        f"Plan {options.plan} of {saved.binding.created_at}, for the definitions in {root}",
        f"needs approval for: {counts}",
        f"total: {plan_total(saved.document)}",
        f"digest: {saved.id}",
    )
    ask_for_approval(terminal, _FIX, "Let an agent carry this out, once?")
    person = runtime.origin(root).person
    try:
        approval = plans.approve(options.plan, saved, person, runtime.clock.now())
    except OSError as problem:
        raise failure("not-writable", f"the approval cannot be written: {problem}") from problem
    terminal.print_error(f"Approved by {person}, until {approval.expires_at}.")
    return Exit.OK
