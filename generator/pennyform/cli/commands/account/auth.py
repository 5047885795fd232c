"""``pennyform auth status``: who the token belongs to and what it may do. The token is never shown."""

from __future__ import annotations

from pennyform.cli.connection import connect
from pennyform.cli.definitions import in_environment
from pennyform.cli.options.account import AuthOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.account.records import Company
from pennyform.engine.runtime import Runtime
from pennyform.text import one_line

# What each scope is needed for.
_PURPOSES = {
    "customer_invoices:all": "create and finalize invoices",
    "customers:all": "find and create customers",
    "products:all": "find and create products",
    "ledger_accounts:readonly": "find ledger accounts by number",
    "customer_invoice_templates:readonly": "find invoice templates by name",
    "categories:readonly": "find categories by label",
    "transactions:readonly": "find bank transactions by date",
    "file_attachments:all": "import invoices with their files",
}


def missing_scopes(company: Company) -> dict[str, str]:
    """The scopes that pennyform can use and the token lacks, with what each is needed for."""
    # A scope for all of a resource includes reading it.
    return {
        scope: purpose
        for scope, purpose in _PURPOSES.items()
        if not {scope, f"{scope.partition(':')[0]}:all"} & set(company.scopes)
    }


def run(options: AuthOptions, terminal: Terminal, runtime: Runtime) -> Exit:
    """Print the address, the company and the scopes."""
    targets = options.targets
    # Without a company to look for, the settings are enough.
    repository, _ = runtime.load_definitions(targets.paths if targets.companies else [])
    repository = in_environment(repository, targets.environment)
    with connect(repository, targets.token_file, terminal, runtime) as connection:
        company = connection.account.company()
    facts = [
        ("environment", repository.settings.environment),
        ("address", connection.address),
        ("company", f"{one_line(company.name)} (id {company.id}, {one_line(company.reg_no)})"),
        ("scopes", ", ".join(sorted(map(one_line, company.scopes)) or ["none"])),
    ]
    layout = terminal.layout()
    lines = [line for row in layout.table(facts, "<w") for line in row]
    if missing := missing_scopes(company):
        lines += layout.wrap("missing for all of pennyform:")
        for scope, purpose in missing.items():
            lines += layout.wrap(f"{scope}: to {purpose}", "  ")
    terminal.write("\n".join(lines) + "\n")
    return Exit.OK
