"""``pennyform rules``: every rule that checking definitions can report."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from pennyform.cli.arguments import add_format
from pennyform.cli.exits import Exit
from pennyform.cli.terminal import Terminal
from pennyform.invoices.schema.rules import rules
from pennyform.report import rules as report


@dataclass(frozen=True, slots=True)
class RulesOptions:
    """The rules to print, all of them when none is named, and how."""

    names: tuple[str, ...]
    format: str


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("names", nargs="*", metavar="RULE", help="only these; all of them by default")
    add_format(parser, "text", "json", "markdown")


def read_options(args: argparse.Namespace) -> RulesOptions:
    """The options that ``args`` hold."""
    return RulesOptions(tuple(args.names), args.format)


def run(options: RulesOptions, terminal: Terminal) -> Exit:
    """Print the rules on standard output."""
    chosen = [rule for rule in rules() if not options.names or rule.name in options.names]
    unknown = set(options.names) - {rule.name for rule in chosen}
    if unknown:
        terminal.print_error(f"there is no rule {', '.join(sorted(unknown))}; `pennyform rules` lists them")
        return Exit.USAGE
    render = {"text": report.text, "json": report.to_json, "markdown": report.markdown}[options.format]
    terminal.write(render(chosen))
    return Exit.OK
