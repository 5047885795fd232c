"""An approved plan is used by one job, once, however many ask for it at the same moment."""

from __future__ import annotations

import hashlib
import threading
import uuid

import pytest
from pennyform.findings import Failure, Finding, Severity
from pennyform.fleet.database import Database
from pennyform.fleet.records import Attempt, ConsumedPlan, JobResult, Records
from pennyform.fleet.request import RequestedFile, WorkRequest


def test_of_many_jobs_at_once_one_gets_the_plan(database: Database) -> None:
    content, plan = b"a plan", uuid.uuid4().hex
    digest = hashlib.sha256(content).hexdigest()
    with database.connection() as connection:
        connection.execute("INSERT INTO artifact VALUES (%s, %s) ON CONFLICT DO NOTHING", [digest, content])
        connection.execute(
            "INSERT INTO plan (id, company_id, artifact, request, submitted_by, approved_by, approved_at)"
            " VALUES (%s, 1, %s, %s, 'Ada', 'Bob', now())",
            [plan, digest, digest],
        )
    barrier, got, refused = threading.Barrier(8), list[int](), list[Failure]()

    def ask(job: int) -> None:
        barrier.wait()
        try:
            assert Records(database).consume(plan, job) == ConsumedPlan(content, "Bob", resumed=False)
            got.append(job)
        except Failure as problem:
            refused.append(problem)

    threads = [threading.Thread(target=ask, args=(job,)) for job in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(refused)) == (1, 7)
    # The job that has it may be interrupted, and asks again.
    assert Records(database).consume(plan, got[0]) == ConsumedPlan(content, "Bob", resumed=True)


def test_no_name_is_no_plan_also_where_there_is_only_one(own_database: str) -> None:
    """As a variable that is not set in a workflow that approves."""
    records = Records(Database(own_database))
    files = (RequestedFile("pennyform.yaml", "0" * 64, 0),)
    request = WorkRequest(
        verb="plan", company="c", company_id=1, folder="", files=files, submitted_at="", nonce="0" * 32
    )
    records.add_plan("a" * 64, b"a plan", request)
    assert records.plan("aa").id == "a" * 64
    with pytest.raises(Failure, match="there is no plan"):
        records.plan("")


def test_an_outcome_is_kept_whatever_the_service_says(database: Database) -> None:
    """PostgreSQL's JSON has no NUL: the job would be done again and again."""
    records = Records(database)
    problems = (Finding("api-refused", Severity.ERROR, "no\x00 such\ud800 label"),)
    result = JobResult(1, problems=problems, document={"label": "a\x00b", "note": "\\u0000"})
    records.add_attempt(Attempt(-1, None, "failed", result, records.now()))
    with database.connection() as connection:
        (row,) = connection.execute("SELECT problems, document FROM outcome WHERE job = -1").fetchall()
    assert (row[0][0][1], row[1]["label"]) == ("no\ufffd such? label", "a\ufffdb")
