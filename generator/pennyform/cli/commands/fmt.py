"""``pennyform fmt``: definitions in canonical form, with their comments and their meaning."""

from __future__ import annotations

import argparse
from pathlib import Path

from pennyform.cli.exits import Exit
from pennyform.cli.terminal import output
from pennyform.findings import Finding, failure
from pennyform.invoices.formatter.files import Formatting, formatting


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    output.add_paths(parser)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 4 when a file would change")
    parser.add_argument("--no-color", action="store_true", help="never colour; the same as NO_COLOR=1")


def run(args: argparse.Namespace) -> Exit:
    """Write the files that change and name them; 4 when one cannot be, or when one would by ``--check``."""
    findings: list[Finding] = []
    changed = unchanged = 0
    for one in formatting(args.paths):
        findings += one.findings
        if one.needed:
            changed += 1
            findings += [one.needed] if args.check else _write(one)
        elif not one.findings:
            unchanged += 1
    output.print_findings(findings, no_color=args.no_color)
    done = "would be formatted" if args.check else "formatted"
    print(f"{_files(changed)} {done}, {_files(unchanged)} as they should be")
    return Exit.FINDINGS if findings else Exit.OK


def _write(one: Formatting) -> list[Finding]:
    assert one.canonical is not None, "what is needed is known"
    try:
        Path(one.path).write_bytes(one.canonical)
    except OSError as error:
        raise failure("not-writable", f"it cannot be written: {error.strerror}", file=one.name) from error
    print(f"formatted {one.name}")
    return []


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"
