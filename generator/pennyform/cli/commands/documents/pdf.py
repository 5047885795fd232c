"""``pennyform pdf``: the documents of issued invoices as files, as the service made them; changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pennyform.cli.definitions import load_repository
from pennyform.cli.document_files import is_folder, write_document
from pennyform.cli.issued import IssuedDocument, find_documents, open_account, unavailable
from pennyform.cli.options.documents import PdfOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.errors import OutcomeError
from pennyform.engine.runtime import Runtime, run_for_each
from pennyform.findings import Failure, Finding, failure
from pennyform.text import file_name

# A file name has at most 255 bytes; number and reference share them.
_LONGEST_PART = 100
# What a PDF begins with; readers take it among the first bytes too (ISO 32000-1, Annex H.3, note 13).
_SIGNATURE, _HEAD = b"%PDF-", 1024
_SUFFIX = ".pdf"


def run(options: PdfOptions, terminal: Terminal, runtime: Runtime) -> Exit:
    """Write one file for each invoice; 1 when one of them has none. The others are still written.

    Raises:
        Failure: ``pdf-output``: the documents cannot go where they should.
    """
    goes_into_folder, out = _goes_into_folder(options), Path(options.out)
    repository = load_repository(options.targets, terminal, runtime)
    with open_account(repository, options.targets.token_file, terminal, runtime) as connection:
        documents, problems = find_documents(options.references, connection.account)
        names = file_names(documents)
        outcomes: dict[str, Path | list[Finding]] = {}

        def work(document: IssuedDocument) -> None:
            file = out / names[document.reference] if goes_into_folder else out
            outcomes[document.reference] = _save(document, file, connection.account)

        run_for_each(work, documents, connection.runtime)
    for document in documents:
        outcome = outcomes[document.reference]
        if isinstance(outcome, Path):
            terminal.print_error(f"Wrote {outcome}.")
        else:
            problems += outcome
    terminal.print_findings(problems)
    return Exit.ERROR if problems else Exit.OK


def _goes_into_folder(options: PdfOptions) -> bool:
    goes_into_folder = is_folder(options.out, (_SUFFIX,), len(options.references), "pdf-output")
    if not goes_into_folder and not options.out.lower().endswith(_SUFFIX):
        raise failure(
            "pdf-output",
            "it is a file whose name does not end with `.pdf`, and it is kept",
            file=options.out,
            fix="write `--out` and a folder, or a name that ends with `.pdf`",
        )
    return goes_into_folder


def _save(document: IssuedDocument, file: Path, account: AccountClient) -> Path | list[Finding]:
    """Download one document into ``file``; the file, or why there is none."""
    try:
        content = account.download(document.file)
        if _SIGNATURE not in content[:_HEAD]:
            fix = "try again in a few minutes, and look at it with `pennyform open`"
            return [unavailable(document.reference, "what its link leads to is not a PDF", fix)]
        write_document(file, content, _SIGNATURE)
    except OutcomeError as problem:
        return [unavailable(document.reference, str(problem), "check the network and try again")]
    except Failure as problem:
        return problem.findings
    return file


def file_names(documents: Iterable[IssuedDocument]) -> dict[str, str]:
    """A file name for each document, by reference: its number and its reference, whatever these are."""
    names: dict[str, str] = {}
    used: set[str] = set()
    for document in documents:
        parts = [file_name(part)[:_LONGEST_PART] for part in (document.number, document.reference)]
        stem = base = "_".join(filter(None, parts)) or "document"
        count = 1
        # Some systems take names that differ in capitals for the same file.
        while stem.lower() in used:
            count += 1
            stem = f"{base}_{count}"
        used.add(stem.lower())
        names[document.reference] = f"{stem}.pdf"
    return names
