"""``pennyform audit``: who issued what, when, from which commit and plan, as the journal says."""

from __future__ import annotations

from contextlib import closing

from pennyform import __version__
from pennyform.cli.companies import Companies, worst
from pennyform.cli.connection import (
    base_url_of,
    canonical_host,
    connect,
    journal_name,
    open_journals,
    service_name,
)
from pennyform.cli.definitions import load_repository
from pennyform.cli.options.account import AuditOptions, TargetOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.journal.history import History, issued
from pennyform.engine.journal.store import JournalStore
from pennyform.engine.runtime import Runtime
from pennyform.engine.state_folder import state_folder
from pennyform.invoices import Repository
from pennyform.invoices.sources.companies import Company
from pennyform.report.status import audit_csv, audit_lines, audit_text
from pennyform.results.documents import json_text
from pennyform.results.status import AuditDocument, CompanyAudit
from pennyform.results.values import FORMAT_VERSION


def run(options: AuditOptions, terminal: Terminal, runtime: Runtime) -> Exit:
    """Print what was issued; 3 when records are missing."""
    repository = load_repository(options.targets, terminal, runtime)
    history = _read(repository, options.targets, terminal, runtime)
    # A company of a repository is named as it is among others: exports are joined.
    name = repository.settings.company
    head = {"name": name, "folder": str(options.targets.paths[0]), "problems": ()}
    section = _section(head | {"exit_code": int(_exit_of(history))}, history)
    _print([section], options, terminal)
    return _exit_of(history)


def run_companies(companies: Companies, options: AuditOptions) -> Exit:
    """Print what was issued in several companies."""

    def work(company: Company, terminal: Terminal, runtime: Runtime) -> tuple[Exit, History]:
        targets = companies.targets_of(company)
        history = _read(load_repository(targets, terminal, runtime), targets, terminal, runtime)
        return _exit_of(history), history

    outcomes = companies.run(work)
    companies.print_problems(outcomes)
    _print([_section(outcome.section(), outcome.result) for outcome in outcomes], options, companies.terminal)
    return worst(outcome.code for outcome in outcomes)


def _exit_of(history: History) -> Exit:
    return Exit.DRIFT if history.gaps else Exit.OK


def _read(repository: Repository, targets: TargetOptions, terminal: Terminal, runtime: Runtime) -> History:
    """The journal of one company. The account is only asked whose it is where the settings do not say."""
    id_ = repository.settings.policies.company_id
    if id_ is None or repository.settings.environment != "production":
        with connect(repository, targets.token_file, terminal, runtime) as connection:
            journal = connection.state(connection.account.company()).journal
            return _history(journal, repository)
    service = service_name(canonical_host(base_url_of(terminal.environ)))
    folder = state_folder(terminal.environ, runtime.random_bytes)
    with closing(open_journals(folder, terminal, runtime)) as journals:
        return _history(journals.of(journal_name(service, id_)), repository)


def _history(journal: JournalStore, repository: Repository) -> History:
    journal.check_place(repository.root)
    return journal.history()


def _section(head: dict[str, object], history: History | None) -> CompanyAudit:
    history = history or History((), ())
    return CompanyAudit(
        **head,  # type: ignore[arg-type]
        records=len(history.entries),
        last_checksum=history.entries[-1].checksum if history.entries else "",
        gaps=history.gaps,
        invoices=tuple(issued(history, str(head["name"]))),
    )


def _print(sections: list[CompanyAudit], options: AuditOptions, terminal: Terminal) -> None:
    rows = (row for section in sections for row in section.invoices)
    match options.format:
        case "csv":
            terminal.write(audit_csv(rows))
        case "jsonl":
            terminal.write(audit_lines(rows))
        case "json":
            terminal.write(json_text(_document(sections)))
        case _:
            terminal.write(audit_text(_document(sections), terminal.layout()))


def _document(sections: list[CompanyAudit]) -> AuditDocument:
    return AuditDocument(
        format_version=FORMAT_VERSION,
        pennyform=__version__,
        companies=tuple(sections),
        exit_code=int(worst(Exit(section.exit_code) for section in sections)),
    )
