"""``pennyform adopt``: write definitions of what the account has already; sends nothing but look-ups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from pennyform.cli.connection import connect
from pennyform.cli.definitions import load_repository
from pennyform.cli.options.account import AdoptOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.account.client import AccountClient
from pennyform.engine.adopt import AdoptedDefinition, adopt, adopt_declared, read_excerpt
from pennyform.engine.planning.lookups import refresh
from pennyform.engine.planning.preflight import preflight, select_invoices
from pennyform.engine.runtime import Runtime
from pennyform.engine.verify import VerifiedInvoice, verify
from pennyform.findings import Finding, Severity, errors, failure
from pennyform.invoices import Repository
from pennyform.invoices.expressions.literals import escape_braces
from pennyform.invoices.yaml.writer import definition_text
from pennyform.report.shared.formatting import count, format_difference
from pennyform.results.values import FieldDifference
from pennyform.results.verification import VerificationStatus
from pennyform.safe_files import write_file

Load = Callable[[], tuple[Repository, list[Finding]]]
_MOST_REASONS = 3
_FIX_MISSING = "write the reference as Pennylane shows it, and check which account is meant"
_FIX_LEFT = "correct the record in Pennylane and adopt it again, or go on without a definition of it"


def run(options: AdoptOptions, terminal: Terminal, runtime: Runtime) -> Exit:
    """Write the definitions; 4 when something that was found cannot be put into one."""
    repository = load_repository(options.targets, terminal, runtime)
    targets, root = options.targets, repository.root
    with connect(repository, targets.token_file, terminal, runtime) as connection:
        account = connection.account
        if repository.settings.policies.company_id is not None:
            # Before anything else is read: with another token, the records are another company's.
            preflight(repository, account.company())
        adopted, missing, problems = _adopt(options, account, repository)
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
    terminal.print(_summary(len(paths), is_incomplete=bool(problems or missing or withdrawn)))
    problems += [f"{path} was not kept: {why}" for path, why in sorted(withdrawn.items())]
    findings = [
        *(Finding("adopt-missing", Severity.ERROR, text, fix=_FIX_MISSING) for text in missing),
        *(Finding("adopt-left", Severity.WARNING, text, fix=_FIX_LEFT) for text in problems),
    ]
    terminal.print_findings(findings)
    return Exit.FINDINGS if findings else Exit.OK


def _summary(number: int, *, is_incomplete: bool) -> str:
    if number:
        return f"Adopted: {count(number, 'definition')}, equal to the account."
    # What is not adopted is reported below.
    return "Adopted: nothing." + ("" if is_incomplete else " The account has no more of what was asked for.")


def _adopt(
    options: AdoptOptions, account: AccountClient, repository: Repository
) -> tuple[list[AdoptedDefinition], list[str], list[str]]:
    """The definitions that ``options`` ask for, a sentence on all that is missing, and one on what is left.

    ``account`` is read, ``repository`` says what is defined already.
    """
    if options.kinds:
        return adopt_declared(account, repository, options.kinds, options.references)
    dates = (options.first, options.last) if options.first else None
    prefix = repository.settings.reference_prefix
    excerpt, missing = read_excerpt(account, dates=dates, references=options.references, prefix=prefix)
    adopted, skipped = adopt(excerpt, repository)
    return adopted, missing, skipped


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
            where = finding.pointer.removeprefix("/").replace("/", ".")
            is_named = not where or where in finding.summary
            reasons.setdefault(path, finding.summary if is_named else f"{where}: {finding.summary}")
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
    """The records that differ from their definitions: a plan would have something to do, or a conflict."""
    paths = {
        (definition.kind, str(definition.value["external_reference"])): definition.path
        for definition in adopted
    }
    if not paths:
        return {}
    references = [reference for kind, reference in paths if kind == "invoice"]
    invoices = select_invoices(repository, references).invoices if references else ()
    # What differs would be changed by the next plan, or be a conflict, if not in this folder then in others.
    settings = repository.settings._replace(declared="update")
    repository = repository._replace(invoices=invoices, settings=settings)
    verification = verify(repository, refresh(repository, account))
    differing = {
        paths["invoice", invoice.desired.external_reference]: _explain_difference(invoice)
        for invoice in verification.invoices
        if invoice.status is not VerificationStatus.EQUAL
    }
    for verdict in verification.document().declared:
        path = paths.get((verdict.kind, verdict.external_reference))
        if path and verdict.status is not VerificationStatus.EQUAL:
            differing[path] = _explain_rows(verdict.differences)
    return differing


def _explain_difference(invoice: VerifiedInvoice) -> str:
    if len(invoice.remotes) != 1:
        return f"{len(invoice.remotes)} invoices carry its reference"
    return _explain_rows(invoice.record().differences)


def _explain_rows(rows: Sequence[FieldDifference]) -> str:
    reasons = [format_difference(row) for row in rows[:_MOST_REASONS]]
    more = [f"and {len(rows) - _MOST_REASONS} more"] if len(rows) > _MOST_REASONS else []
    return "no definition says what the account has: " + "; ".join([*reasons, *more])


def _delete(root: Path, paths: Iterable[str]) -> None:
    for path in paths:
        (root / path).unlink()
