"""The documents of issued invoices, found by the references of the invoices; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pennyform.cli.connection import Connection, connect
from pennyform.cli.terminal import Terminal
from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.records import RemoteFile, RemoteInvoice
from pennyform.engine.issued import NOT_READY
from pennyform.engine.planning.preflight import preflight
from pennyform.engine.runtime import Runtime
from pennyform.findings import Finding, Severity
from pennyform.invoices import Repository

UNAVAILABLE = "document-unavailable"


@dataclass(frozen=True, slots=True)
class IssuedDocument:
    """The document of a final invoice; its number and its link are text of the account."""

    reference: str
    number: str
    file: RemoteFile


@contextmanager
def open_account(
    repository: Repository, token_file: Path | None, terminal: Terminal, runtime: Runtime
) -> Iterator[Connection]:
    """The account of the repository, if it is the one that its policies name.

    Raises:
        PlanRejectedError: it is another one.
    """
    with connect(repository, token_file, terminal, runtime) as connection:
        preflight(repository, connection.account.company())
        yield connection


def find_documents(
    references: Sequence[str], account: AccountClient
) -> tuple[list[IssuedDocument], list[Finding]]:
    """The documents of the invoices with these references, and why the others have none.

    One request for each reference, and one for each hundred documents.

    Raises:
        OutcomeError: the account could not be read.
    """
    finals: dict[str, RemoteInvoice] = {}
    problems: list[Finding] = []
    for reference in references:
        rows = account.invoices_with(reference)
        if len(rows) == 1 and not rows[0].draft:
            finals[reference] = rows[0]
        else:
            problems.append(_no_final_invoice(reference, rows))
    files = account.files(row.id for row in finals.values())
    documents = []
    for reference, row in finals.items():
        file = files.get(row.id)
        if file and file.url:
            documents.append(IssuedDocument(reference, row.invoice_number, file))
        else:
            problems.append(unavailable(reference, "it is not there yet", NOT_READY))
    return documents, problems


def _no_final_invoice(reference: str, rows: Sequence[RemoteInvoice]) -> Finding:
    if not rows:
        return unavailable(reference, "the account has no such invoice", "look at `pennyform status`")
    if len(rows) > 1:
        fix = "look at `pennyform plan`, which says what to do about duplicates"
        return unavailable(reference, f"{len(rows)} invoices of the account have this reference", fix)
    fix = "finalize it, or look at `pennyform preview`"
    return unavailable(reference, "it is a draft, and documents are made of final invoices", fix)


def unavailable(reference: str, why: str, fix: str) -> Finding:
    """The finding that there is no document of an invoice, and what to do."""
    summary = f"the document of {reference[:100]} cannot be had: {why}"
    return Finding(UNAVAILABLE, Severity.ERROR, summary, fix=fix)
