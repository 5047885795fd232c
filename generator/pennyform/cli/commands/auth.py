"""``pennyform auth status``: who the token belongs to and what it may do. The token is never shown."""

from __future__ import annotations

import argparse
import textwrap
from typing import TYPE_CHECKING

from pennyform.cli.account import options as environment
from pennyform.cli.exits import Exit

if TYPE_CHECKING:
    from pennyform.engine.account.state import Company

_NEEDED = {
    "customer_invoices:all": "create and finalize invoices",
    "customers:all": "find and create customers",
    "products:all": "find and create products",
    "ledger_accounts:readonly": "find ledger accounts by number",
    "customer_invoice_templates:readonly": "find invoice templates by name",
    "categories:readonly": "find categories by label",
    "transactions:readonly": "find bank transactions by date",
    "file_attachments:all": "import invoices with their files",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """``status``, and which account."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="status")
    status = actions.add_parser("status", help="show the company, the user and the scopes of the token")
    environment.configure(status)


def run(args: argparse.Namespace) -> Exit:
    """Print the company and the scopes."""
    from pennyform.cli.account import connection
    from pennyform.cli.run import common
    from pennyform.engine.account.errors import OutcomeError
    from pennyform.invoices import load

    repository, _ = load([])
    repository = common.with_environment(repository, args.environment)
    try:
        with connection.connect(repository, args.token_file) as account:
            company = account.remote.company()
    except OutcomeError as problem:
        return common.print_trouble(problem)
    common.write_out("\n".join(_lines(repository.settings.environment, company)) + "\n")
    return Exit.OK


def _lines(environment: str, company: Company) -> list[str]:
    from pennyform.report.shared.formatting import plain

    lines = [
        f"environment  {environment}",
        f"company      {plain(company.name)} (id {company.id}, {plain(company.reg_no)})",
        *_wrapped("scopes       ", sorted(map(plain, company.scopes)) or ["none"]),
    ]
    missing = [f"  {scope}: to {purpose}" for scope, purpose in _NEEDED.items() if not _may(company, scope)]
    return [*lines, "missing for all of pennyform:", *missing] if missing else lines


def _wrapped(label: str, words: list[str]) -> list[str]:
    return textwrap.wrap(", ".join(words), 100, initial_indent=label, subsequent_indent=" " * len(label))


def _may(company: Company, scope: str) -> bool:
    resource, _, _ = scope.partition(":")
    return scope in company.scopes or f"{resource}:all" in company.scopes
