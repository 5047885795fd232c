"""``pennyform fmt``: definitions in canonical form, with their comments and their meaning."""

from __future__ import annotations

from functools import partial

from pennyform.cli.contracts import schemas_of
from pennyform.cli.options.definitions import FmtOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.findings import Finding, failure
from pennyform.invoices.formatter.formatter import format_files
from pennyform.invoices.sources.discover import by_repository
from pennyform.safe_files import write_file


def run(options: FmtOptions, terminal: Terminal) -> Exit:
    """Write the files that change and name them; 4 when one cannot be, or when one would by ``--check``."""
    findings: list[Finding] = []
    changed = unchanged = 0
    find_schemas = partial(schemas_of, terminal.environ)
    runs = by_repository(options.paths)
    for result in (result for paths in runs for result in format_files(paths, find_schemas)):
        findings += result.findings
        if result.change:
            changed += 1
            if options.check:
                findings.append(result.change)
            else:
                assert result.canonical is not None, "what is needed is known"
                try:
                    write_file(result.path, result.canonical)
                except OSError as error:
                    problem = f"it cannot be written: {error}"
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
