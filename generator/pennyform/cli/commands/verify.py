"""``pennyform verify``: read the invoices back and show every difference; changes nothing."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from pennyform.cli.arguments import add_account, add_format, add_page, add_paths, add_targets
from pennyform.cli.connection import connect
from pennyform.cli.definitions import run_on_definitions, write_page
from pennyform.cli.exits import Exit
from pennyform.cli.options import TargetOptions
from pennyform.cli.terminal import Terminal
from pennyform.engine.runtime import Runtime
from pennyform.engine.session import refresh_read_only
from pennyform.engine.verify import verify
from pennyform.invoices import Repository
from pennyform.report.verification import text as verification_text
from pennyform.results.documents import json_text
from pennyform.results.verification import VerificationDocument


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What to verify, and how to print it; ``html`` is the file that gets a page besides."""

    targets: TargetOptions
    format: str
    html: Path | None


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_paths(parser)
    add_format(parser, "text", "json", "html")
    add_page(parser)
    add_account(parser)
    add_targets(parser)


def read_options(args: argparse.Namespace) -> VerifyOptions:
    """The options that ``args`` hold."""
    return VerifyOptions(TargetOptions.of(args), args.format, args.html)


def run(options: VerifyOptions, terminal: Terminal, runtime: Runtime) -> Exit:
    """Print the verdicts; 3 when anything is not as it was asked for, 4 on findings."""
    return run_on_definitions(
        lambda repository: _verify(repository, options, terminal, runtime),
        options.targets,
        terminal,
        runtime,
    )


def _verify(repository: Repository, options: VerifyOptions, terminal: Terminal, runtime: Runtime) -> Exit:
    with connect(repository, options.targets.token_file, terminal.environ, runtime) as connection:
        paths = connection.state(repository, connection.account.company())
        state = refresh_read_only(repository, connection.account, paths, runtime.storage)
        verification = verify(repository, state.remote)
    document = verification.document()
    if options.format == "json":
        terminal.write(json_text(document))
    elif options.format == "html":
        terminal.write(_page(document))
    else:
        terminal.write(verification_text.render(document, terminal.ansi()))
    if options.html:
        write_page(_page(document), options.html, terminal)
    return Exit.DRIFT if verification.drift else Exit.OK


def _page(document: VerificationDocument) -> str:
    # Jinja, which the other forms do without
    from pennyform.report.verification import html as verification_html

    return verification_html.render(document)
