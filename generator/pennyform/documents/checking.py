"""Invoices checked as electronic ones: built, written, and held to the rules; many of them on all cores."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

from pennyform.documents import ubl
from pennyform.documents.build import OtherInvoices, Result, build
from pennyform.documents.parties import buyer_party, scope
from pennyform.documents.places import Places
from pennyform.documents.rule_sets import Violation, check, rule_sets, rule_sets_of_file
from pennyform.documents.violations import findings, findings_of_file
from pennyform.findings import Finding
from pennyform.invoices import Repository, ResolvedInvoice
from pennyform.invoices.repository.validate import usable_cores
from pennyform.invoices.sources.attachments import LARGEST
from pennyform.invoices.sources.factur_x import invoice_xml
from pennyform.safe_files import read_inside

# A process needs 3 s to start and to compile the rules, in which another one checks a hundred documents.
FEWEST_TO_SHARE = 200
# Each needs 250 MiB.
_MOST_PROCESSES = 8
# Documents for each process: so that none waits for the next one, and few are in memory.
_AHEAD = 4


@dataclass(frozen=True, slots=True)
class _UncheckedDocument:
    """A document that is to be checked, and what makes findings of its violations."""

    xml: bytes
    syntax: str
    names: tuple[str, ...]
    findings_of: Callable[[list[Violation]], Iterable[Finding]]


class InvoiceChecks:
    """What keeps invoices from being valid electronic ones; complete when the context has ended.

    Args:
        repository: where they are.
        other_invoices: what they may refer to.
        count: how many there will be; many are shared out among processes.
        processes: how many; one for each core when left out.

    Attributes:
        findings: in the order of the invoices, however many processes there are.
    """

    def __init__(
        self,
        repository: Repository,
        other_invoices: OtherInvoices,
        *,
        count: int = 1,
        processes: int | None = None,
    ) -> None:
        self._repository, self._other_invoices = repository, other_invoices
        self._processes = min(processes or usable_cores(), _MOST_PROCESSES)
        if count < FEWEST_TO_SHARE:
            self._processes = 1
        self._pool: ProcessPoolExecutor | None = None
        self._waiting = deque[
            tuple[Iterable[Finding], _UncheckedDocument | None, Future[list[Violation]] | None]
        ]()
        self.findings: list[Finding] = []

    def __enter__(self) -> InvoiceChecks:
        if self._processes > 1:
            import multiprocessing

            # Not forked: companies are worked on in threads, and Saxon has some of its own.
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._processes, spawn, initializer=_begin_worker)
            # All start at once: a pool never ends whose one process starts while another one dies
            # (ProcessPoolExecutor of Python 3.11, terminate_broken).
            for _ in range(self._processes):
                self._pool.submit(_do_nothing)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        pool = self._pool
        try:
            if kind is None:
                self._complete(0)
        finally:
            if pool:
                pool.shutdown(cancel_futures=True)

    def add(self, resolved: ResolvedInvoice) -> None:
        """Check an invoice, or have it checked until the context ends.

        Raises:
            Failure: ``missing-extra``.
        """
        problems: Iterable[Finding] = ()
        if resolved.invoice.e_invoice_lines:
            unchecked = _file_of(resolved, self._repository)
        else:
            result = build(resolved, self._repository, self._other_invoices)
            problems, unchecked = result.findings, _document_of(result)
        self._waiting.append((problems, unchecked, self._submit(unchecked)))
        self._complete(self._processes * _AHEAD if self._pool else 0)

    def _submit(self, unchecked: _UncheckedDocument | None) -> Future[list[Violation]] | None:
        if self._pool is None or unchecked is None:
            return None
        try:
            return self._pool.submit(check, unchecked.xml, unchecked.syntax, unchecked.names)
        except BrokenProcessPool:
            return None

    def _complete(self, most: int) -> None:
        """Take up results until ``most`` are still waited for."""
        while len(self._waiting) > most:
            problems, unchecked, future = self._waiting.popleft()
            self.findings += problems
            if unchecked:
                self.findings += unchecked.findings_of(_violations(unchecked, future))


def _violations(unchecked: _UncheckedDocument, future: Future[list[Violation]] | None) -> list[Violation]:
    if future:
        # A process may have ended, such as for want of memory: this one goes on alone.
        with suppress(BrokenProcessPool):
            return future.result()
    return check(unchecked.xml, unchecked.syntax, unchecked.names)


def _begin_worker() -> None:
    """In a process: an interruption is for the first one to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _do_nothing() -> None:
    pass


def _file_of(resolved: ResolvedInvoice, repository: Repository) -> _UncheckedDocument | None:
    """The file of an imported electronic invoice; its definition is valid."""
    file, root = resolved.invoice.file, repository.root
    if file is None:
        return None
    xml, syntax = invoice_xml(read_inside(root, root / file.path, LARGEST))
    customer = repository.customer(resolved.invoice.body.customer_id)
    is_french = customer is not None and scope(buyer_party(customer)) == "B2B"
    names = rule_sets_of_file(xml, syntax, is_french=is_french)
    places = Places(resolved, repository)
    return _UncheckedDocument(xml, syntax, names, lambda violations: findings_of_file(violations, places))


def _document_of(result: Result) -> _UncheckedDocument | None:
    """A document that was built, as UBL.

    UBL and CII say the same, and UBL is checked in half the time; that both are valid is shown by the tests.
    """
    document, places = result.document, result.places
    if document is None:
        return None
    names = rule_sets(is_french=document.scope == "B2B")
    return _UncheckedDocument(
        ubl.write(document), "ubl", names, lambda violations: findings(violations, document, places)
    )


def check_result(result: Result) -> Iterator[Finding]:
    """What is wrong with one document: what has no mapping, and the rules that it breaks."""
    yield from result.findings
    if unchecked := _document_of(result):
        yield from unchecked.findings_of(_violations(unchecked, None))
