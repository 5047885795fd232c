"""Reading back what was written, a whole wave in one request, until it looks as it must or patience ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.errors import OutcomeError
from pennyform.engine.account.state import RemoteInvoice
from pennyform.engine.applying.invoice_run import InvoiceRun
from pennyform.engine.journal.records import Subject
from pennyform.engine.planning.diff import concerns_lines
from pennyform.engine.planning.lookups import needs_sections
from pennyform.engine.recovery.settle import Stop
from pennyform.engine.runtime import Runtime
from pennyform.engine.runtime.clock import pause
from pennyform.results.apply import Status

_NOT_SHOWN = "it was written, but the API does not show it"
_DIFFERENT = "what was read back is not what was asked for"


class Trouble(NamedTuple):
    """Why a reading was not accepted."""

    status: Status
    detail: str


def read_back(
    tracks: Sequence[InvoiceRun], remote: AccountClient, runtime: Runtime, stop: Stop
) -> dict[Subject, Trouble]:
    """Read the invoices of ``tracks`` and let each decide whether it accepts what it sees.

    A reading that does not fit is repeated, since reads may lag behind writes; after a write whose answer was
    lost, for as long as that request may still be on its way.

    Returns:
        What is wrong, for each that could not be accepted.
    """
    pauses = _pauses(tracks, runtime)
    trouble: dict[Subject, Trouble] = {}
    open_ = list(tracks)
    for seconds in (0.0, *pauses):
        if not open_:
            break
        pause(runtime.clock, seconds, stop)
        trouble = _read(open_, remote)
        open_ = [track for track in open_ if track.subject in trouble]
    return trouble


def _pauses(tracks: Sequence[InvoiceRun], runtime: Runtime) -> Sequence[float]:
    doubts = [track.doubted_at for track in tracks if track.uncertain]
    patience = runtime.patience
    if doubts and runtime.clock.monotonic() - max(doubts) < sum(patience.settle):
        return patience.settle
    return patience.lag


def _read(tracks: Sequence[InvoiceRun], remote: AccountClient) -> dict[Subject, Trouble]:
    try:
        rows = remote.invoices_by_id(track.id for track in tracks if track.id is not None)
    except OutcomeError as problem:
        return {track.subject: _unread(problem) for track in tracks}
    seen = {track.subject: _look(track, rows.get(track.id or 0), remote) for track in tracks}
    return {subject: trouble for subject, trouble in seen.items() if trouble}


def _look(track: InvoiceRun, row: RemoteInvoice | None, remote: AccountClient) -> Trouble | None:
    """Accept ``row`` as it came in the list; when that does not do, as an exact reading shows it."""
    if row is None:
        return Trouble(Status.UNKNOWN, _NOT_SHOWN)
    try:
        if needs_sections(track.change.desired, row):
            row = remote.with_sections(row)
        accepted = track.accepts(row)
        if not accepted and not row.exact and concerns_lines(track.differences):
            accepted = track.accepts(remote.exactly(row))
    except OutcomeError as problem:
        return _unread(problem)
    return None if accepted else Trouble(Status.DIFFERS, _DIFFERENT)


def _unread(problem: OutcomeError) -> Trouble:
    return Trouble(Status.UNKNOWN, f"it could not be read back: {problem}")
