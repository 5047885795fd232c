"""Checking definitions, be it one or a hundred thousand, without keeping any of them.

Every file is checked by itself against surroundings that are read once; what is kept of each is its findings
and its references. Many files are shared out among processes. The result does not depend on how many.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pennyform.findings import Finding, Severity, tidy
from pennyform.invoices.checks.references import ReferenceClaim, duplicates
from pennyform.invoices.repository.context import Surroundings, surroundings
from pennyform.invoices.repository.loader import against_credited, outcomes, told_apart
from pennyform.invoices.schema.rules import with_remedies
from pennyform.invoices.sources.discover import Source
from pennyform.invoices.sources.selection import select

if TYPE_CHECKING:
    from pennyform.invoices.checks.credit_notes import CreditNote

# Below this, starting processes costs more than they save.
FEWEST_FILES_TO_SHARE = 300
_FILES_AT_A_TIME = 50

_Result = TypeVar("_Result")


class ValidationSummary(NamedTuple):
    """What a check has seen: how many files and valid definitions, which files, and every finding, sorted."""

    files: tuple[str, ...]
    invoices: int
    customers: int
    products: int
    findings: list[Finding]

    @property
    def is_valid(self) -> bool:
        """Whether no finding is an error."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)


class _Checked(NamedTuple):
    """What is kept of some files."""

    invoices: int
    claims: list[ReferenceClaim]
    credit_notes: list[CreditNote]
    findings: list[Finding]


def validate(paths: Sequence[str | Path], *, processes: int | None = None) -> ValidationSummary:
    """Check the definitions under ``paths``, and the customers, products and templates declared beside them.

    Args:
        paths: files and folders of one invoice repository; the working directory when empty.
        processes: how many to share the work out among; one for each core when left out.

    Raises:
        Failure: a path does not exist, the paths belong to several repositories, or the emitted schemas are
            missing.
    """
    sources = select(paths)
    share = partial(_shared, processes=_worth_it(len(sources.given), processes))
    unsure, sure = _joined_pairs(share(told_apart, sources.given))
    around = surroundings(sources, (*sources.beside, *unsure), lambda _: None)
    notes: list[CreditNote] = []
    findings, claims, invoices = [*sources.refused, *around.findings], around.claims, 0
    for part in share(partial(_checked, around=around), [*around.invoices, *sure]):
        invoices += part.invoices
        findings += part.findings
        claims += part.claims
        notes += part.credit_notes
    findings += [*duplicates(claims), *against_credited(notes, claims, sources, around)]
    looked_at = (*sources.beside, *sources.given, *([sources.settings] if sources.settings else []))
    return ValidationSummary(
        files=tuple(sorted([source.name for source in looked_at] + [one.file for one in sources.refused])),
        invoices=invoices,
        customers=len(around.customers),
        products=len(around.products),
        findings=tidy(with_remedies(findings)),
    )


def _worth_it(files: int, wanted: int | None) -> int:
    """How many processes to use; one where the system cannot fork, since the others would start from zero."""
    if files < FEWEST_FILES_TO_SHARE or not hasattr(os, "fork"):
        return 1
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return wanted or available


def _checked(invoices: Sequence[Source], around: Surroundings) -> _Checked:
    result = _Checked(0, [], [], [])
    for one in outcomes(invoices, around, lambda _: None):
        result.claims.extend(one.claims)
        result.credit_notes.extend(one.credit_notes)
        result.findings.extend(one.findings)
        result = result._replace(invoices=result.invoices + len(one.invoices))
    return result


def _joined_pairs(pairs: Iterator[tuple[list[Source], list[Source]]]) -> tuple[list[Source], list[Source]]:
    first: list[Source] = []
    second: list[Source] = []
    for some, others in pairs:
        first += some
        second += others
    return first, second


def _shared(
    work: Callable[[Sequence[Source]], _Result], sources: Sequence[Source], *, processes: int
) -> Iterator[_Result]:
    """What ``work`` gives for each part of ``sources``, in their order."""
    if processes == 1:
        yield work(sources)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    parts = [sources[at : at + _FILES_AT_A_TIME] for at in range(0, len(sources), _FILES_AT_A_TIME)]
    # Forked, so that what has been read and compiled is there already and need not be sent.
    with ProcessPoolExecutor(
        processes, multiprocessing.get_context("fork"), initializer=_begin, initargs=(work,)
    ) as pool:
        yield from pool.map(_work, parts)


_work_of_this_process: Callable[[Sequence[Source]], Any]


def _begin(work: Callable[[Sequence[Source]], Any]) -> None:
    """In a worker: an interruption is for the first process to answer."""
    import gc
    import signal

    global _work_of_this_process  # noqa: PLW0603 - a pool has no other place for what its workers share
    _work_of_this_process = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What was there before the work is not looked through again and again for garbage.
    gc.freeze()


def _work(part: Sequence[Source]) -> Any:
    return _work_of_this_process(part)
