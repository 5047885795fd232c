"""``pennyform fmt``: definitions in canonical form, with their comments and their meaning."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

from pennyform.cli.arguments import add_no_color, add_paths
from pennyform.cli.exits import Exit
from pennyform.cli.terminal import Terminal
from pennyform.findings import Finding, failure
from pennyform.invoices.formatter.files import format_files


# No dataclass: as `validate`, this runs in commit hooks, and importing dataclasses would show.
class FmtOptions(NamedTuple):
    """What to format; with ``check``, only to say what would change."""

    paths: tuple[Path, ...]
    check: bool


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_paths(parser)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 4 when a file would change")
    add_no_color(parser)


def read_options(args: argparse.Namespace) -> FmtOptions:
    """The options that ``args`` hold."""
    return FmtOptions(tuple(map(Path, args.paths)), args.check)


def run(options: FmtOptions, terminal: Terminal) -> Exit:
    """Write the files that change and name them; 4 when one cannot be, or when one would by ``--check``."""
    findings: list[Finding] = []
    changed = unchanged = 0
    for result in format_files(options.paths):
        findings += result.findings
        if result.change:
            changed += 1
            if options.check:
                findings.append(result.change)
            else:
                assert result.canonical is not None, "what is needed is known"
                try:
                    Path(result.path).write_bytes(result.canonical)
                except OSError as error:
                    problem = f"it cannot be written: {error.strerror}"
                    raise failure("not-writable", problem, file=result.name) from error
                terminal.print(f"formatted {result.name}")
        elif not result.findings:
            unchanged += 1
    terminal.print_findings(findings, terminal.stdout)
    outcome = "would be formatted" if options.check else "formatted"
    terminal.print(f"{_files(changed)} {outcome}, {_files(unchanged)} as they should be")
    return Exit.FINDINGS if findings else Exit.OK


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"
