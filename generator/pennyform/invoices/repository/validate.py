"""Checking definitions, be it one or a hundred thousand, without keeping any of them.

Every file is checked by itself against a context that is read once; what is kept of each is its findings and
its references. Many files are shared out among processes. The result does not depend on how many.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pennyform.findings import Finding, Severity, tidy
from pennyform.invoices.repository.context import RepositoryContext, load_context
from pennyform.invoices.repository.definition import Related, check_files
from pennyform.invoices.repository.loader import look_at_all, partition
from pennyform.invoices.schema.rules import with_rule_texts
from pennyform.invoices.schema.schema import FindSchemas
from pennyform.invoices.sources.discover import discover
from pennyform.invoices.sources.source_file import FileReader, Source

# Below this, starting processes costs more than they save.
FEWEST_FILES_TO_SHARE = 300
_FILES_AT_A_TIME = 50


class ValidationSummary(NamedTuple):
    """The result of a check: how many files and valid definitions, which files, and every finding, sorted."""

    files: tuple[str, ...]
    invoices: int
    customers: int
    products: int
    findings: list[Finding]

    @property
    def is_valid(self) -> bool:
        """Whether no finding is an error."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)


class _PartialResult:
    """What is kept of some files."""

    def __init__(self) -> None:
        self.invoices = 0
        self.related = Related()
        self.findings: list[Finding] = []
        # The files of balance invoices that a worker has resolved, and does not send.
        self.linked_files: set[str] = set()
        # What a worker has used of the budget, and whether that alone was too much.
        self.used: Mapping[str, int] = {}
        self.is_over = False


def joined(summaries: Iterable[ValidationSummary]) -> ValidationSummary:
    """The results of several repositories as one."""
    parts = list(summaries)
    return ValidationSummary(
        files=tuple(name for part in parts for name in part.files),
        invoices=sum(part.invoices for part in parts),
        customers=sum(part.customers for part in parts),
        products=sum(part.products for part in parts),
        findings=tidy(finding for part in parts for finding in part.findings),
    )


def validate(
    paths: Sequence[str | Path],
    *,
    processes: int | None = None,
    today: dt.date | None = None,
    find_schemas: FindSchemas | None = None,
) -> ValidationSummary:
    """Check the definitions under ``paths``, and the customers, products and templates declared beside them.

    Args:
        paths: files and folders of one invoice repository; the working directory when empty.
        processes: how many to share the work out among; one for each core when left out.
        today: the date to compare with; without it, no date is in the future or long ago.
        find_schemas: for a repository that owns its contract; pennyform's own holds when left out.

    Raises:
        Failure: a path does not exist, the paths belong to several repositories, or the schemas are missing.
    """
    reader = FileReader()
    sources = discover(paths, reader)
    unsure, sure = partition(sources.requested, reader)
    context = load_context(sources, (*sources.shared, *unsure), reader, find_schemas)
    context.today = today
    total = _PartialResult()
    total.related.claims += context.claims
    total.findings += [*sources.rejected, *context.findings]
    for part in _share(context, [*context.invoices, *sure], processes):
        total.invoices += part.invoices
        total.findings += part.findings
        total.related.extend(part.related)
        total.linked_files |= part.linked_files
    again = [source for source in sources.requested if source.name in total.linked_files]
    for result in check_files(again, context):
        total.related.linked += result.linked
    completed, problems = look_at_all(total.related, sources, context)
    total.invoices -= len(total.related.linked) - len(completed)
    findings = [*total.findings, *problems]
    names = [source.name for source in sources.all] + [finding.file for finding in sources.rejected]
    return ValidationSummary(
        files=tuple(sorted(names)),
        invoices=total.invoices,
        customers=len(context.customers),
        products=len(context.products),
        findings=tidy(with_rule_texts(findings)),
    )


def _check(invoices: Sequence[Source], context: RepositoryContext) -> _PartialResult:
    total = _PartialResult()
    for result in check_files(invoices, context):
        total.invoices += len(result.invoices)
        total.related.add(result)
        total.findings += result.findings
    return total


# --- processes --------------------------------------------------------------------------------------------


def usable_cores() -> int:
    """How many cores this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return cores or 1


def _share(
    context: RepositoryContext, sources: Sequence[Source], processes: int | None
) -> Iterator[_PartialResult]:
    """The results of ``sources``, in their order: of all of them at once, or of the parts of many."""
    processes = processes or usable_cores()
    # Where the system cannot fork, other processes would have to read the context anew.
    if processes == 1 or len(sources) < FEWEST_FILES_TO_SHARE or not hasattr(os, "fork"):
        yield _check(sources, context)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    parts = [sources[at : at + _FILES_AT_A_TIME] for at in range(0, len(sources), _FILES_AT_A_TIME)]
    # Forked, so that what has been read and compiled is there already and need not be sent.
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(processes, fork, initializer=_begin_worker, initargs=(context,)) as pool:
        budget = context.reader.budget
        for part, result in zip(parts, pool.map(_check_in_worker, parts), strict=True):
            if result.is_over or not budget.has_room_for(result.used):
                # Once more here, where it ends: at the same place however many processes there are.
                pool.shutdown(wait=False, cancel_futures=True)
                yield _check(part, context)
                return
            budget.add(result.used)
            yield result


_context_of_worker: RepositoryContext


def _begin_worker(context: RepositoryContext) -> None:
    """In a worker: an interruption is for the first process to handle."""
    import gc
    import signal

    global _context_of_worker  # noqa: PLW0603 - a pool has no other place for what its workers share
    _context_of_worker = context
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What was there before the work is not looked through again and again for garbage.
    gc.freeze()


def _check_in_worker(part: Sequence[Source]) -> _PartialResult:
    """The result of ``part`` without its balance invoices, which are not sent: their files are named."""
    budget = _context_of_worker.reader.budget
    before = dict(budget.used)
    total = _check(part, _context_of_worker)
    total.used = {what: amount - before[what] for what, amount in budget.used.items()}
    total.is_over = budget.is_used_up
    budget.used, budget.is_used_up = before, False
    total.linked_files = {linked.definition.document.file for linked in total.related.linked}
    total.related.linked = []
    return total
