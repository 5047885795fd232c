"""``pennyform verify``: read the invoices back and show every difference; changes nothing."""

from __future__ import annotations

from dataclasses import replace

from pennyform.cli.connection import connect
from pennyform.cli.definitions import is_whole, load_repository, page_origin, print_report
from pennyform.cli.options.account import TargetOptions, VerifyOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.planning.lookups import find_orphans
from pennyform.engine.runtime import Runtime
from pennyform.engine.session import refresh_read_only
from pennyform.engine.verify import Verification, verify, with_documents
from pennyform.report.verification import render_html, render_text


def run(options: VerifyOptions, terminal: Terminal, runtime: Runtime) -> Exit:
    """Print the verdicts; 3 when anything is not as it was asked for, 4 on findings."""
    verification = verify_targets(options.targets, terminal, runtime, with_document=options.document)
    document = verification.document()
    page_exit = print_report(
        document,
        options.format,
        options.html,
        terminal,
        lambda: render_html(document, page_origin(options.targets, runtime)),
        lambda: terminal.write(render_text(document, terminal.layout())),
    )
    return Exit.DRIFT if verification.drift else page_exit


def verify_targets(
    targets: TargetOptions, terminal: Terminal, runtime: Runtime, *, with_document: bool = False
) -> Verification:
    """Read back what ``targets`` name, and compare; the documents of final invoices too, if asked for.

    Raises:
        PlanRejectedError: definitions are rejected.
        OutcomeError: the account could not be read.
        Failure: ``missing-extra``.
    """
    repository = load_repository(targets, terminal, runtime)
    check = None
    if with_document:
        from pennyform.cli.documents import document_check

        check = document_check(repository)
    with connect(repository, targets.token_file, terminal, runtime) as connection:
        paths = connection.state(connection.account.company())
        state = refresh_read_only(repository, connection.account, paths)
        verification = verify(repository, state.remote)
        if check:
            verification = with_documents(verification, connection.account, check, connection.runtime)
        if is_whole(repository, targets):
            orphans = find_orphans(repository, state.remote, connection.account)
            verification = replace(verification, orphans=orphans)
    return verification
