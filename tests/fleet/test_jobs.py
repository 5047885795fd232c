"""What becomes of one job: whatever happens to it, its reason is written down, and others go on."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pennyform.fleet import job as job_module
from pennyform.fleet.database import Database
from pennyform.fleet.job import MOST_DEATHS, Job, carry_out
from pennyform.fleet.queue import JobTicket, Verdict
from pennyform.fleet.records import JobResult, Records
from pennyform.fleet.request import RequestedFile, WorkRequest, encode, lock_of


class Desk:
    """One job of company 7, tried as often as one likes."""

    def __init__(self, database: Database) -> None:
        self.database, self.records = database, Records(database)
        (content,) = self.records.store([b"version: 1\n"])
        files = (RequestedFile("pennyform.yaml", content, 11),)
        request = WorkRequest(
            verb="plan", company="c", company_id=7, folder="", files=files, submitted_at="", nonce="0" * 32
        )
        self.ticket = JobTicket(1, *self.records.store([encode(request)]), lock_of(request))

    def __call__(self, execute: Callable[[Job], JobResult] = lambda _: JobResult(0)) -> Verdict:
        return carry_out(self.ticket, self.records, execute)

    def reasons(self) -> list[Any]:
        with self.database.connection() as connection:
            rows = connection.execute("SELECT state, problems -> 0 ->> 1 FROM outcome ORDER BY id").fetchall()
        return [tuple(row) for row in rows]


@pytest.fixture
def desk(own_database: str) -> Desk:
    return Desk(Database(own_database))


def test_a_full_disk_is_tried_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pennyform.fleet.request.write_file", full)
        assert desk() == Verdict(retry_after=5.0)
    assert desk() == Verdict()
    assert desk.reasons() == [
        ("retried", "the job cannot be unpacked: No space left on device"),
        ("done", None),
    ]


def test_a_folder_that_cannot_be_removed_changes_no_outcome(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(job_module.tempfile, "tempdir", str(tmp_path))

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    with monkeypatch.context() as patch:
        patch.setattr("os.rmdir", refuse)
        assert desk() == Verdict()


def test_a_job_that_takes_one_worker_after_the_other_along_is_given_up(desk: Desk) -> None:
    def die(_: Job) -> JobResult:
        raise SystemExit

    for _ in range(MOST_DEATHS):
        with pytest.raises(SystemExit):
            desk(die)
    assert desk() == Verdict(failed=True, exit_code=1)
    (reason,) = desk.reasons()
    assert reason == ("failed", "10 workers in a row ended during this job, and none of them said why")
    # One that ends otherwise in between says that the job is not to blame.
    for _ in range(2 * MOST_DEATHS):
        assert desk() == Verdict()
