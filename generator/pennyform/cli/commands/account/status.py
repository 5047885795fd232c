"""``pennyform status``: what is missing, draft, refused, late, open and paid; changes nothing."""

from __future__ import annotations

from pennyform import __version__
from pennyform.cli.companies import Companies, Outcome, worst
from pennyform.cli.connection import connect
from pennyform.cli.definitions import load_repository, page_origin, print_report
from pennyform.cli.options.account import StatusOptions, TargetOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.account.records import Company as Account
from pennyform.engine.invoice_status import read_statuses, total_statuses
from pennyform.engine.planning.preflight import preflight
from pennyform.engine.runtime import Runtime
from pennyform.invoices import Settings
from pennyform.invoices.sources.companies import Company
from pennyform.report.status import status_html, status_text
from pennyform.results.status import CompanyStatus, InvoiceStatus, StatusDocument
from pennyform.results.values import FORMAT_VERSION, CompanyIdentity

_Read = tuple[Account, Settings, tuple[InvoiceStatus, ...]]


def run(options: StatusOptions, terminal: Terminal, runtime: Runtime) -> Exit:
    """Print how the invoices of one repository stand."""
    result = read(options.targets, terminal, runtime)
    head = {"name": result[1].company, "folder": str(options.targets.paths[0])}
    section = _section(head | {"exit_code": 0, "problems": ()}, result)
    return _print([section], options, terminal, runtime)


def run_companies(companies: Companies, options: StatusOptions) -> Exit:
    """Print how the invoices of several companies stand."""

    def work(company: Company, terminal: Terminal, runtime: Runtime) -> tuple[Exit, _Read]:
        return Exit.OK, read(companies.targets_of(company), terminal, runtime)

    outcomes: list[Outcome[_Read]] = companies.run(work)
    companies.print_problems(outcomes)
    sections = [_section(outcome.section(), outcome.result) for outcome in outcomes]
    page_exit = _print(sections, options, companies.terminal, companies.runtime)
    return worst([page_exit, *(outcome.code for outcome in outcomes)])


def read(targets: TargetOptions, terminal: Terminal, runtime: Runtime) -> _Read:
    """Whose account it is, the settings, and how the invoices of ``targets`` stand.

    Raises:
        PlanRejectedError: definitions are rejected.
        OutcomeError: the account could not be read.
    """
    repository = load_repository(targets, terminal, runtime)
    with connect(repository, targets.token_file, terminal, runtime) as connection:
        company = connection.account.company()
        preflight(repository, company)
        journal = connection.state(company).journal
        journal.check_place(repository.root)
        replayed = journal.replay()
        today = runtime.clock.now().date()
        return company, repository.settings, read_statuses(repository, connection.account, replayed, today)


def _section(head: dict[str, object], result: _Read | None) -> CompanyStatus:
    company, settings, rows = result or (None, None, ())
    identity = CompanyIdentity(company.id, company.name) if company else None
    return CompanyStatus(
        **head,  # type: ignore[arg-type]
        company=identity,
        environment=settings.environment if settings else "",
        invoices=rows,
        totals=total_statuses(rows),
    )


def _print(
    sections: list[CompanyStatus], options: StatusOptions, terminal: Terminal, runtime: Runtime
) -> Exit:
    """Print the document, and write its page if one is asked for: 1 when that cannot be written."""
    document = StatusDocument(
        format_version=FORMAT_VERSION,
        pennyform=__version__,
        today=runtime.clock.now().date().isoformat(),
        companies=tuple(sections),
        totals=total_statuses(row for section in sections for row in section.invoices),
        exit_code=int(worst(Exit(section.exit_code) for section in sections)),
    )
    return print_report(
        document,
        options.format,
        options.html,
        terminal,
        lambda: status_html(document, page_origin(options.targets, runtime)),
        lambda: terminal.write(status_text(document, terminal.layout())),
    )
