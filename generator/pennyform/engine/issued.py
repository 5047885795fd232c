"""The documents that the service issued: downloaded, and checked by whoever knows documents.

The engine knows neither XML nor PDF: what a document says is found out by a function that is passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.errors import OutcomeError
from pennyform.engine.account.records import RemoteFile, RemoteInvoice
from pennyform.engine.planning.diff import Difference
from pennyform.engine.planning.resolve import Resolved
from pennyform.engine.runtime import Runtime, run_for_each
from pennyform.invoices.model import DesiredInvoice
from pennyform.results.verification import DocumentVerdict

NOT_READY = "Pennylane is still making its PDF: try again in a few minutes"


class Issued(NamedTuple):
    """A final invoice whose document is looked at.

    ``is_card_known`` is whether the card of the customer is the one that it was issued to.
    """

    desired: DesiredInvoice
    resolved: Resolved
    remote: RemoteInvoice
    is_card_known: bool = True


@dataclass(frozen=True, slots=True)
class CheckedDocument:
    """What was read and compared, what differs, and notes in sentences.

    ``is_ready`` tells that there is a document already.
    """

    verdict: DocumentVerdict
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    is_ready: bool = True


CheckDocument = Callable[[Issued, bytes, RemoteFile], CheckedDocument]
"""Compares the bytes of a document with what was asked for."""

_NOTHING = DocumentVerdict("nothing", "", (), ())


def check_documents(
    invoices: Sequence[Issued], account: AccountClient, check: CheckDocument, runtime: Runtime
) -> Mapping[int, CheckedDocument]:
    """Download the documents of final invoices, several at once, and check them.

    Args:
        invoices: final ones.
        account: the account.
        check: what knows documents.
        runtime: the machine.

    Returns:
        What came of each, by the id of the invoice. One that cannot be read differs.

    Raises:
        OutcomeError: the account could not be read.
    """
    results: dict[int, CheckedDocument] = {}
    files = account.files(issued.remote.id for issued in invoices)

    def work(issued: Issued) -> None:
        id_ = issued.remote.id
        try:
            results[id_] = check_document(issued, files.get(id_), account, check)
        except OutcomeError as problem:
            why = f"it cannot be downloaded: {problem}"
            results[id_] = CheckedDocument(_NOTHING, (Difference("/document", "a PDF", None),), (why,))

    run_for_each(work, invoices, runtime)
    return results


def check_document(
    issued: Issued, file: RemoteFile | None, account: AccountClient, check: CheckDocument
) -> CheckedDocument:
    """Download one document and check it.

    Raises:
        OutcomeError: it could not be downloaded.
    """
    if file is None or not file.url:
        missing = Difference("/document", "a PDF", None)
        return CheckedDocument(_NOTHING, (missing,), (NOT_READY,), is_ready=False)
    return check(issued, account.download(file), file)
