"""``pennyform validate``: everything that is wrong with definitions, at its place, without the network."""

from __future__ import annotations

from functools import partial

from pennyform.cli.contracts import schemas_of
from pennyform.cli.options.definitions import ValidateOptions
from pennyform.cli.terminal import Exit, Terminal, render_findings
from pennyform.findings import Severity, failure, tidy
from pennyform.invoices.repository.validate import ValidationSummary, joined, validate
from pennyform.invoices.sources.discover import by_repository, definition_folders, repositories_below
from pennyform.report.findings.text import counted
from pennyform.safe_files import write_file


def run(options: ValidateOptions, terminal: Terminal) -> Exit:
    """Print the findings on standard output, or write them to a file; 4 when one of them counts."""
    find_schemas = partial(schemas_of, terminal.environ)
    if options.all_definitions:
        runs = [tuple(definition_folders(root)) for root in repositories_below(options.paths)]
    else:
        runs = by_repository(options.paths)
    summary = joined(
        validate(paths, processes=options.jobs, today=terminal.today, find_schemas=find_schemas)
        for paths in runs
    )
    if options.e_invoice:
        from pennyform.cli.documents import e_invoice_findings

        problems = [finding for paths in runs for finding in e_invoice_findings(paths, find_schemas)]
        summary = summary._replace(findings=tidy([*summary.findings, *problems]))
    if options.output:
        try:
            write_file(options.output, terminal.secrets(_render(options.format, summary)).encode())
        except OSError as error:
            raise failure(
                "not-writable", f"it cannot be written: {error}", file=str(options.output)
            ) from error
    elif options.format == "text":
        terminal.print_findings(summary.findings, terminal.stdout)
    elif options.format == "github":
        terminal.write_annotations(_render(options.format, summary))
    else:
        terminal.write(_render(options.format, summary))
    # These are read line by line, so that a summary may follow; the other formats are whole documents.
    if options.output or options.format in ("text", "github"):
        terminal.print(f"{_describe(summary)}: {counted(summary.findings)}")
    too_many = options.fail_on_warning and any(
        finding.severity is Severity.WARNING for finding in summary.findings
    )
    return Exit.FINDINGS if too_many or not summary.is_valid else Exit.OK


def _render(format_: str, summary: ValidationSummary) -> str:
    """The findings in a format for files and programs. Only the one that is asked for is imported."""
    match format_:
        case "text":
            return render_findings(summary.findings)
        case "json":
            from pennyform.report.findings import json as findings_json

            return findings_json.render(summary.findings)
        case "markdown":
            from pennyform.report.findings import markdown as findings_markdown

            return findings_markdown.render(summary.findings)
        case "github":
            from pennyform.report.findings import github as findings_github

            return findings_github.render(summary.findings)
        case "sarif":
            from pennyform.invoices.schema.rules import rules
            from pennyform.report.findings import sarif as findings_sarif

            return findings_sarif.render(
                summary.findings, {rule.name: (rule.summary, rule.why) for rule in rules()}
            )
        case _:
            from pennyform.report.findings import junit as findings_junit

            return findings_junit.render(summary.findings, summary.files)


def _describe(summary: ValidationSummary) -> str:
    counts = [(len(summary.files), "file")]
    if summary.is_valid:
        counts = [
            (summary.invoices, "invoice"),
            (summary.customers, "customer"),
            (summary.products, "product"),
        ]
    texts = [f"{count} {name}{'' if count == 1 else 's'}" for count, name in counts if count]
    return ", ".join(texts) or ("no definitions" if summary.is_valid else "0 files")
