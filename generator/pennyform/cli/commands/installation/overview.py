"""``pennyform`` without a verb: which repository, company, account and contract it would work with here."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pennyform import __version__
from pennyform.cli.contracts import INVOICED, schemas_of, store_in_force
from pennyform.cli.terminal import Terminal, shorten_path
from pennyform.findings import Failure
from pennyform.invoices.model import Settings
from pennyform.invoices.sources.companies import companies_of
from pennyform.safe_files import SETTINGS_FILE, settings_above
from pennyform.text import one_line

_MOST_NAMES = 5


def run(terminal: Terminal) -> None:
    """Print it, with what to do next; never an error: what is wrong is said by the verb that it names."""
    terminal.print(f"pennyform {__version__}: Pennylane invoices as code", "")
    facts = [(name, one_line(text)) for name, text in _facts(terminal)]
    lines = [line for row in terminal.layout().table(facts, "<w") for line in row]
    terminal.write("\n".join([*lines, "", ""]))


def _facts(terminal: Terminal) -> Iterator[tuple[str, str]]:
    root = settings_above(Path())
    if root is None:
        yield "repository", "none here: no pennyform.yaml in this folder or above"
        yield "contract", _contract(None)
        yield "next", "pennyform init, which lays one out"
        return
    yield "repository", shorten_path(root) if root != Path.cwd() else f"this folder ({root.name})"
    try:
        from pennyform.invoices.repository.loader import own_settings

        settings = own_settings(root, partial(schemas_of, terminal.environ))
        names = [company.name for company in companies_of(root)[0]] if settings.companies else []
    except Failure as problem:
        yield "settings", f"{SETTINGS_FILE} cannot be used: {one_line(problem.findings[0].summary)}"
        yield "next", "pennyform validate, which says where"
        return
    company_id = settings.policies.company_id
    if settings.companies:
        more = ", …" if len(names) > _MOST_NAMES else ""
        yield "companies", f"{len(names)}: {', '.join(names[:_MOST_NAMES])}{more}"
    elif settings.company:
        yield "company", settings.company
    if not settings.companies:
        account = {"sandbox": "the embedded sandbox"}.get(settings.environment, settings.environment)
        yield "account", f"{account}, of company {company_id}" if company_id else account
        if settings.environment == "sandbox" and terminal.environ.get("PENNYLANE_BASE_URL", "").strip():
            yield "warning", "PENNYLANE_BASE_URL is set and not used: the environment is sandbox"
    yield "contract", _contract(settings)
    yield "next", "pennyform plan --all" if settings.companies else "pennyform validate, then pennyform plan"


def _contract(settings: Settings | None) -> str:
    """Which contract holds, and of what date."""
    store, is_own = store_in_force(settings.contract if settings else None)
    whose = "pinned by this repository" if is_own else "the one that pennyform brings"
    try:
        return f"Company API as of {store.lock().contracts[INVOICED].date}, {whose}"
    except (Failure, KeyError):
        return f"not there: {whose}"
