"""One job: unpack what it is about, have it carried out, write down how it ended, say what becomes of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from pennyform.findings import Failure, Finding, Severity, defect_place, failure
from pennyform.fleet.log import log
from pennyform.fleet.queue import JobTicket, Verdict
from pennyform.fleet.records import Attempt, JobResult, Records
from pennyform.fleet.request import WorkRequest, decode, lock_of, unpack

# Seconds. A job of a company that is paused looks again so much later.
PAUSE = 10.0
_AGAIN = "submit it again"
FOLDER_PREFIX = "pennyform-job-"
_FIRST_RETRY, _LONGEST_RETRY = 5.0, 300.0
# After that a job rests as failed, and the company's next one begins.
RETRY_SECONDS = 3600.0
# A job that took its worker along so often, one after the other, is the reason.
MOST_DEATHS = 10


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
        request = _request_of(ticket, records)
        if records.is_paused(request.company_id):
            return Verdict(retry_after=PAUSE)
        log("begin", job=ticket.id, company=request.company_id, verb=request.verb)
        _require_survivors(records.begin(ticket.id))
        # Of this user alone (mkdtemp), and gone with the job. What cannot be removed changes no outcome.
        with tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX, ignore_cleanup_errors=True) as name:
            folder = Path(name).resolve()
            root = unpack(request, records.load, folder)
            result = execute(Job(ticket.id, request, folder, root))
    except psycopg.Error:
        raise
    except Failure as problem:
        result = JobResult(1, problems=tuple(problem.findings))
    except OSError as problem:
        # A full disk or too many open files: there may be room later, or on another machine.
        summary = f"the job cannot be unpacked: {problem.strerror or problem}"
        fix = f"see that {tempfile.gettempdir()} of the worker has room, or set TMPDIR"
        finding = Finding("fleet-artifact", Severity.ERROR, summary, fix=fix)
        result = JobResult(1, retry=True, problems=(finding,))
    except Exception as defect:
        # Of pennyform: the other jobs have nothing to do with it, and trying again changes nothing.
        summary = f"a defect of pennyform stopped this job ({defect_place(defect)})"
        result = JobResult(1, problems=(Finding("internal", Severity.ERROR, summary, fix="report it"),))
    verdict = _verdict(ticket, result, records)
    state = "retried" if verdict.retry_after is not None else "failed" if verdict.failed else "done"
    records.add_attempt(Attempt(ticket.id, request, state, result, begun))
    log("end", job=ticket.id, company=request and request.company_id, state=state, code=result.exit_code)
    return verdict


def _request_of(ticket: JobTicket, records: Records) -> WorkRequest:
    content = records.load([ticket.request]).get(ticket.request)
    if content is None:
        raise failure(
            "fleet-artifact", "what the job is about is not in the database as it was submitted", fix=_AGAIN
        )
    request = decode(content)
    if lock_of(request) != ticket.lock:
        problem = f"the job of company {request.company_id} waits in the row of another one"
        raise failure("fleet-request", problem, fix=_AGAIN)
    return request


def _require_survivors(deaths: int) -> None:
    """Refuse a job with which one worker after the other died: it would stop all others as well."""
    if deaths >= MOST_DEATHS:
        raise failure(
            "fleet-job",
            f"{deaths} workers in a row ended during this job, and none of them said why",
            fix="see why in the logs of their machines, such as too little memory; then submit it again",
        )


def _verdict(ticket: JobTicket, result: JobResult, records: Records) -> Verdict:
    if result.immediate:
        return Verdict(retry_after=0.0)
    if not result.retry:
        return Verdict(failed=result.exit_code != 0, exit_code=result.exit_code)
    attempts, seconds = records.retries(ticket.id)
    if seconds >= RETRY_SECONDS:
        return Verdict(failed=True, exit_code=result.exit_code)
    return Verdict(retry_after=min(_FIRST_RETRY * 2.0**attempts, _LONGEST_RETRY))
