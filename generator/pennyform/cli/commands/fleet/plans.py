"""Plans that wait for an approval, as people see them."""

from __future__ import annotations

import msgspec

from pennyform.cli.commands.account.plan import print_plan
from pennyform.cli.terminal import Terminal
from pennyform.fleet.job import FOLDER_PREFIX
from pennyform.fleet.records import StoredPlan
from pennyform.results.plan import PlanDocument


def show(stored: StoredPlan, format_: str, terminal: Terminal) -> None:
    """Show a plan that waits as ``text``, ``json``, ``markdown`` or ``html``."""
    document = document_of(stored)
    if format_ != "html":
        print_plan(document, format_, terminal)
        return
    from pennyform.report.plan import html as plan_html  # Jinja, which the other forms do without

    terminal.write(plan_html.render(document))


def document_of(stored: StoredPlan) -> PlanDocument:
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
