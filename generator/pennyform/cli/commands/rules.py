"""``pennyform rules``: every rule that checking definitions can report."""

from __future__ import annotations

import argparse
import sys

from pennyform.cli.exits import Exit
from pennyform.cli.terminal import output


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    parser.add_argument("names", nargs="*", metavar="RULE", help="only these; all of them by default")
    output.add_format(parser, "text", "json", "markdown")


def run(args: argparse.Namespace) -> Exit:
    """Print the rules on standard output."""
    from pennyform.invoices.schema.rules import rules
    from pennyform.report import rules as report

    chosen = [rule for rule in rules() if not args.names or rule.name in args.names]
    unknown = set(args.names) - {rule.name for rule in chosen}
    if unknown:
        print(f"there is no rule {', '.join(sorted(unknown))}; `pennyform rules` lists them", file=sys.stderr)
        return Exit.USAGE
    render = {"text": report.text, "json": report.to_json, "markdown": report.markdown}[args.format]
    sys.stdout.write(output.printable(render(chosen), sys.stdout))
    return Exit.OK
