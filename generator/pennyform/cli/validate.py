"""``pennyform validate``: everything that is wrong with definitions, at its place, without the network."""

from __future__ import annotations

import argparse
import sys

from pennyform.cli import terminal
from pennyform.cli.exits import Exit
from pennyform.findings import Finding, errors
from pennyform.invoices import Repository, load


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    terminal.add_paths(parser)
    terminal.add_format(parser, "text", "json", "github")


def run(args: argparse.Namespace) -> Exit:
    """Print the findings on standard output; 4 when one of them is an error."""
    repository, findings = load(args.paths)
    if args.format == "json":
        from pennyform.report import findings_json

        sys.stdout.write(findings_json.render(findings))
    elif args.format == "github":
        from pennyform.report import findings_github

        sys.stdout.write(findings_github.render(findings))
        terminal.print_counts(_looked_at(repository, findings), findings)
    else:
        terminal.print_findings(findings, no_color=args.no_color)
        terminal.print_counts(_looked_at(repository, findings), findings)
    return Exit.FINDINGS if errors(findings) else Exit.OK


def _looked_at(repository: Repository, findings: list[Finding]) -> str:
    if errors(findings):
        return _number(len(repository.files), "file")
    counts = (
        (len(repository.invoices), "invoice"),
        (len(repository.customers), "customer"),
        (len(repository.products), "product"),
    )
    return ", ".join(_number(count, what) for count, what in counts if count) or "no definitions"


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
