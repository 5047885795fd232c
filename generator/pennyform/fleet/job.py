"""One job: unpack what it is about, have it carried out, write down how it ended, say what becomes of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from pennyform.findings import Failure, Finding, Severity, defect_place
from pennyform.fleet.log import log
from pennyform.fleet.queue import JobTicket, Verdict
from pennyform.fleet.records import Attempt, JobResult, Records
from pennyform.fleet.request import WorkRequest, decode, unpack

# Seconds. A job of a company that is paused looks again so much later.
PAUSE = 10.0
FOLDER_PREFIX = "pennyform-job-"
_FIRST_RETRY, _LONGEST_RETRY = 5.0, 300.0
# After that a job rests as failed, and the company's next one begins.
RETRY_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be carried out. ``root`` is the company's folder, below ``folder``, which is private."""

    id: int
    request: WorkRequest
    folder: Path
    root: Path


Execute = Callable[[Job], JobResult]


def carry_out(ticket: JobTicket, records: Records, execute: Execute) -> Verdict:
    """Do one job.

    Args:
        ticket: the job as the queue has it.
        records: artifacts, outcomes and pauses.
        execute: carries out the verb.

    Raises:
        psycopg.Error: the database cannot be reached; the queue tries the job again.
    """
    begun = records.now()
    request, result = None, JobResult(1)
    try:
        request = decode(records.load([ticket.request]).get(ticket.request, b""))
        if records.is_paused(request.company_id):
            return Verdict(retry_after=PAUSE)
        log("begin", job=ticket.id, company=request.company_id, verb=request.verb)
        # Of this user alone (mkdtemp), and gone with the job.
        with tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX) as name:
            folder = Path(name).resolve()
            root = unpack(request, records.load, folder)
            result = execute(Job(ticket.id, request, folder, root))
    except psycopg.Error:
        raise
    except Failure as problem:
        result = JobResult(1, problems=tuple(problem.findings))
    except Exception as defect:
        # Of pennyform: the other jobs have nothing to do with it, and trying again changes nothing.
        summary = f"a defect of pennyform stopped this job ({defect_place(defect)})"
        result = JobResult(1, problems=(Finding("internal", Severity.ERROR, summary, fix="report it"),))
    verdict = _verdict(ticket, result, records)
    state = "retried" if verdict.retry_after is not None else "failed" if verdict.failed else "done"
    records.add_attempt(Attempt(ticket.id, request, state, result, begun))
    log("end", job=ticket.id, company=request and request.company_id, state=state, code=result.exit_code)
    return verdict


def _verdict(ticket: JobTicket, result: JobResult, records: Records) -> Verdict:
    if result.immediate:
        return Verdict(retry_after=0.0)
    if not result.retry:
        return Verdict(failed=result.exit_code != 0)
    attempts, seconds = records.retries(ticket.id)
    if seconds >= RETRY_SECONDS:
        return Verdict(failed=True)
    return Verdict(retry_after=min(_FIRST_RETRY * 2.0**attempts, _LONGEST_RETRY))
