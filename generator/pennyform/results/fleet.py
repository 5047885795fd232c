"""What ``fleet submit`` and ``fleet status`` report."""

from __future__ import annotations

from typing import Literal

from pennyform.results.apply import FinalTotal
from pennyform.results.findings import ReportedFinding
from pennyform.results.values import Record


class SubmittedJob(Record, frozen=True):
    """A job that was queued. ``files`` and ``bytes`` are what it carries.

    ``job`` is its number, null where the definitions are rejected: see ``problems``. Where it was waited for,
    ``exit_code`` is that of its verb once it has ended, ``reason`` why it did not succeed, and ``plan`` and
    ``digest`` are the id of the plan that it made and the SHA-256 of its content, null where nothing is to be
    done.
    """

    company: str
    company_id: int | None
    job: int | None
    files: int
    bytes: int
    problems: tuple[ReportedFinding, ...]
    exit_code: int | None = None
    reason: str = ""
    plan: str | None = None
    digest: str | None = None


class SubmittedDocument(Record, frozen=True):
    """The jobs of one ``fleet submit``."""

    format_version: Literal[1]
    pennyform: str
    verb: str
    jobs: tuple[SubmittedJob, ...]
    exit_code: int


class FleetJob(Record, frozen=True):
    """The last attempt at a job: when (ISO time), for which company, and how it ended.

    ``state`` is ``done``, ``failed`` or ``retried``; ``exit_code`` is that of the verb alone, and ``reason``
    why it did not succeed.
    """

    job: int
    at: str
    company: str
    company_id: int
    verb: str
    state: str
    exit_code: int
    reason: str
    seconds: float


class WaitingPlan(Record, frozen=True):
    """A plan that waits for somebody's approval: its name, and the SHA-256 of its content.

    Plans of another version of pennyform are none of them: no worker would apply them.
    """

    id: str
    digest: str
    company: str
    company_id: int
    submitted_by: str
    created_at: str


class FleetStatusDocument(Record, frozen=True, kw_only=True):
    """What the fleet is doing, by the clock of the database.

    ``queue`` counts jobs by status: ``todo``, ``doing``, ``succeeded``, ``failed`` and others of the queue.
    ``running`` and ``stuck`` are the ids of companies whose jobs are being worked on, and whose workers are
    gone; stuck ones are put back by any other worker. ``failed`` are the last attempts of failed jobs, the
    newest first. ``writes_per_second`` counts the requests of the last minute that write. ``issued_today`` is
    what became final since midnight in UTC.
    """

    format_version: Literal[1]
    pennyform: str
    at: str
    paused: bool
    paused_companies: tuple[int, ...]
    companies: int
    workers: int
    queue: dict[str, int]
    oldest_seconds: float
    running: tuple[int, ...]
    stuck: tuple[int, ...]
    failed: tuple[FleetJob, ...]
    plans: tuple[WaitingPlan, ...]
    writes_per_second: float
    issued_today: tuple[FinalTotal, ...]
