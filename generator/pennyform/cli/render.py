"""``pennyform render``: each invoice as the API will get it, with its totals, without the network."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from pennyform.cli import terminal
from pennyform.cli.exits import Exit
from pennyform.findings import errors
from pennyform.invoices import DesiredInvoice, Repository, UnknownProductError, load, request_body, totals


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    terminal.add_paths(parser)
    terminal.add_format(parser, "text", "json")


def run(args: argparse.Namespace) -> Exit:
    """Print invoices on standard output and findings on standard error; 4 when a definition is invalid."""
    from pennyform.report import render_json, render_text

    repository, findings = load(args.paths)
    terminal.print_findings(findings, stream=sys.stderr, no_color=args.no_color)
    if errors(findings):
        return Exit.FINDINGS
    rendering = {"format_version": 1, "invoices": [_rendered(one, repository) for one in repository.invoices]}
    renderer = render_json if args.format == "json" else render_text
    sys.stdout.write(terminal.printable(renderer.render(rendering), sys.stdout))
    return Exit.OK


def _rendered(invoice: DesiredInvoice, repository: Repository) -> dict[str, Any]:
    try:
        amounts = totals(
            invoice.body, rounding=repository.settings.rounding, product=repository.product
        ).to_json()
    except UnknownProductError:
        amounts = None  # what the product costs is only known to the account
    return {
        "external_reference": invoice.external_reference,
        "operation": invoice.operation,
        "body": request_body(invoice, lambda key: key.to_json()),
        "totals": amounts,
    }
