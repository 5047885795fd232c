"""``pennyform adopt``: write definitions of what the account has already; sends nothing but look-ups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from pennyform.cli.connection import connect
from pennyform.cli.definitions import load_repository
from pennyform.cli.options.account import AdoptOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.account.client import AccountClient
from pennyform.engine.adopt import AdoptedDefinition, adopt, read_excerpt
from pennyform.engine.planning.lookups import refresh
from pennyform.engine.planning.preflight import select_invoices
from pennyform.engine.runtime import Runtime
from pennyform.engine.verify import VerifiedInvoice, verify
from pennyform.findings import Finding, Severity, errors, failure
from pennyform.invoices import Repository
from pennyform.invoices.expressions.evaluate import escape_braces
from pennyform.invoices.yaml.writer import definition_text
from pennyform.report.shared.formatting import format_difference
from pennyform.results.verification import VerificationStatus
from pennyform.safe_files import write_file

Load = Callable[[], tuple[Repository, list[Finding]]]
_MOST_REASONS = 3


def run(options: AdoptOptions, terminal: Terminal, runtime: Runtime) -> Exit:
    """Write the definitions; 4 when something that was found cannot be put into one."""
    repository = load_repository(options.targets, terminal, runtime)
    targets, root = options.targets, repository.root
    dates = (options.first, options.last or options.first) if options.first else None
    with connect(repository, targets.token_file, terminal.environ, runtime) as connection:
        account = connection.account
        adopted, problems = adopt(
            read_excerpt(account, dates=dates, references=options.references), repository
        )
        _refuse_overwriting(root, adopted)
        for definition in adopted:
            file = root / definition.path
            schema = f"../schemas/{definition.kind}.schema.json"
            text = definition_text(escape_braces(dict(definition.value)), schema=schema)
            try:
                write_file(file, text.encode(), replace=False, folders=True)
            except OSError as problem:
                summary = f"it cannot be written: {problem}"
                raise failure("not-writable", summary, file=str(definition.path)) from problem

        def reload() -> tuple[Repository, list[Finding]]:
            return runtime.load_definitions(targets.paths, environment=targets.environment)

        withdrawn = withdraw_untrue(adopted, root, reload, account)
    paths = [definition.path for definition in adopted if definition.path not in withdrawn]
    for path in paths:
        terminal.print(f"wrote {path}")
    terminal.print(f"Adopted: {len(paths)} definitions, which say what the account has.")
    problems += [f"{path} was not kept: {why}" for path, why in sorted(withdrawn.items())]
    findings = [Finding("adopt-left", Severity.WARNING, text) for text in problems]
    terminal.print_findings(findings)
    return Exit.FINDINGS if problems else Exit.OK


def _refuse_overwriting(root: Path, adopted: Sequence[AdoptedDefinition]) -> None:
    paths = [definition.path for definition in adopted]
    clashing = sorted({path for path in paths if (root / path).exists() or paths.count(path) > 1})
    if clashing:
        raise failure(
            "adopt-exists",
            f"nothing was written: {', '.join(clashing[:5])} would be overwritten",
            detail="A file that exists may be somebody's work.",
            fix="move it away, or adopt one invoice at a time with --reference",
        )


def withdraw_untrue(
    adopted: Sequence[AdoptedDefinition], root: Path, load: Load, account: AccountClient
) -> dict[str, str]:
    """Delete those of the files just written that are invalid, or ask for something else than there is.

    Args:
        adopted: what was written.
        root: the repository's folder.
        load: reads it.
        account: the account.

    Returns:
        Why, by the path of each deleted file.
    """
    paths = {str((root / definition.path).resolve()): definition.path for definition in adopted}
    repository, findings = load()
    reasons: dict[str, str] = {}
    for finding in errors(findings):
        path = paths.get(str(Path(finding.file).resolve()))
        if path:
            reasons.setdefault(path, finding.summary)
    _delete(root, reasons)
    # Read again without what was deleted, which others may have referred to.
    if reasons:
        repository, _ = load()
    valid = [definition for definition in adopted if definition.path not in reasons]
    differing = _find_differing(valid, repository, account)
    _delete(root, differing)
    return reasons | differing


def _find_differing(
    adopted: Sequence[AdoptedDefinition], repository: Repository, account: AccountClient
) -> dict[str, str]:
    """The invoices that differ from their definitions: a plan would have something to do, or a conflict."""
    paths = {
        str(definition.value["external_reference"]): definition.path
        for definition in adopted
        if definition.kind == "invoice"
    }
    if not paths:
        return {}
    repository = select_invoices(repository, paths)
    verification = verify(repository, refresh(repository, account))
    return {
        paths[invoice.desired.external_reference]: _explain_difference(invoice)
        for invoice in verification.invoices
        if invoice.status is not VerificationStatus.EQUAL
    }


def _explain_difference(invoice: VerifiedInvoice) -> str:
    if len(invoice.remotes) != 1:
        return f"{len(invoice.remotes)} invoices carry its reference"
    rows = invoice.record().differences
    reasons = [format_difference(row) for row in rows[:_MOST_REASONS]]
    more = [f"and {len(rows) - _MOST_REASONS} more"] if len(rows) > _MOST_REASONS else []
    return "no definition says what the account has: " + "; ".join([*reasons, *more])


def _delete(root: Path, paths: Iterable[str]) -> None:
    for path in paths:
        (root / path).unlink()
