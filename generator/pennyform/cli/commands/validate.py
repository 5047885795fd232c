"""``pennyform validate``: everything that is wrong with definitions, at its place, without the network."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pennyform.cli.exits import Exit
from pennyform.cli.terminal import output
from pennyform.findings import failure
from pennyform.invoices.repository.validate import ValidationSummary, validate


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""
    output.add_paths(parser)
    output.add_format(parser, "text", "json", "markdown", "github", "sarif", "junit")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="write there instead, and print only how many there are"
    )
    parser.add_argument(
        "--jobs", type=_positive, metavar="N", help="processes that share many files; default: one a core"
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes")
    return int(text)


def run(args: argparse.Namespace) -> Exit:
    """Print the findings on standard output, or write them to a file; 4 when one of them is an error."""
    seen = validate(args.paths, processes=args.jobs)
    if args.output:
        _write(
            args.output,
            output.rendered(seen.findings) if args.format == "text" else _render(args.format, seen),
        )
    elif args.format == "text":
        output.print_findings(seen.findings, no_color=args.no_color)
    else:
        sys.stdout.write(output.printable(_render(args.format, seen), sys.stdout))
    if args.output or args.format in ("text", "github"):
        output.print_counts(_looked_at(seen), seen.findings)
    return Exit.OK if seen.is_valid else Exit.FINDINGS


def _render(format_: str, seen: ValidationSummary) -> str:
    """The findings in a format for programs. Only the one that is asked for is imported."""
    match format_:
        case "json":
            from pennyform.report.findings import json as findings_json

            return findings_json.render(seen.findings)
        case "markdown":
            from pennyform.report.findings import markdown as findings_markdown

            return findings_markdown.render(seen.findings)
        case "github":
            from pennyform.report.findings import github as findings_github

            return findings_github.render(seen.findings)
        case "sarif":
            from pennyform.invoices.schema.rules import rules
            from pennyform.report.findings import sarif as findings_sarif

            return findings_sarif.render(
                seen.findings, {rule.name: (rule.summary, rule.why) for rule in rules()}
            )
        case _:
            from pennyform.report.findings import junit as findings_junit

            return findings_junit.render(seen.findings, seen.files)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise failure("not-writable", f"it cannot be written: {error.strerror}", file=str(path)) from error


def _looked_at(seen: ValidationSummary) -> str:
    if not seen.is_valid:
        return _number(len(seen.files), "file")
    counts = ((seen.invoices, "invoice"), (seen.customers, "customer"), (seen.products, "product"))
    return ", ".join(_number(count, what) for count, what in counts if count) or "no definitions"


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
