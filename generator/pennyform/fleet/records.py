"""What the fleet keeps besides journals: artifacts, plans and their approvals, attempts at jobs, pauses.

Every change of state is one conditional statement, so that two who do the same at once cannot both succeed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from pennyform.findings import Finding, failure
from pennyform.fleet.database import Database
from pennyform.fleet.request import WorkRequest, decode, encode, needed_by

_LOADED = 100  # requests at once
# Whoever submits what is there already needs it for a job that is queued within the hour.
_RENEW = """
    UPDATE artifact SET created_at = clock_timestamp() WHERE sha256 IN (
        SELECT sha256 FROM artifact
        WHERE sha256 = ANY(%s) AND created_at < clock_timestamp() - interval '1 hour'
        ORDER BY sha256 FOR UPDATE
    )
"""
_OLD_OUTCOMES = "DELETE FROM outcome WHERE ended < now() - make_interval(days => %(days)s)"
# One that is approved, or whose job is to go on with it, is still to be carried out.
_OLD_PLANS = """
    DELETE FROM plan WHERE created_at < now() - make_interval(days => %(days)s)
      AND (approved_by IS NULL OR consumed_at IS NOT NULL)
      AND coalesce(consumed_by, 0) <> ALL(%(jobs)s)
"""
_OLD_ARTIFACTS = """
    DELETE FROM artifact WHERE created_at < now() - make_interval(days => %(days)s)
      AND NOT EXISTS (SELECT FROM unnest(%(needed)s::text[]) AS kept (sha256)
                      WHERE kept.sha256 = artifact.sha256)
      AND NOT EXISTS (SELECT FROM plan WHERE artifact.sha256 IN (plan.artifact, plan.request))
    RETURNING length(content)
"""


@dataclass(frozen=True, slots=True)
class JobResult:
    """How a job ended.

    Attributes:
        exit_code: that of the verb.
        retry: whether the reason may pass by itself.
        immediate: whether it was only told to stop, and can go on at once.
        problems: why it did not succeed.
        document: what the verb reports, as JSON data; None where it did not get so far.
        final: what became final, by currency: number and amount as decimal text.
    """

    exit_code: int
    retry: bool = False
    immediate: bool = False
    problems: tuple[Finding, ...] = ()
    document: Any = None
    final: Mapping[str, tuple[int, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a job: ``state`` is ``done``, ``retried`` or ``failed``."""

    job: int
    request: WorkRequest | None
    state: str
    result: JobResult
    begun: datetime


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A plan as it was saved, and what became of it; "" for what was not done yet.

    ``job`` is the one that applies it, 0 while none is queued.
    """

    id: str
    content: bytes
    request: WorkRequest
    approved_by: str
    consumed: bool
    job: int


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much of what nobody needs any more there is; ``bytes`` is the size of the artifacts."""

    outcomes: int
    plans: int
    artifacts: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ConsumedPlan:
    """A plan that a job uses: as it was saved, who approved it, and whether this job began it before."""

    content: bytes
    approved_by: str
    resumed: bool


def _storable(value: Any) -> Any:
    """JSON data without what PostgreSQL has no place for in text: NUL, and halves of characters."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_storable(name): _storable(item) for name, item in value.items()}
    return [_storable(item) for item in value] if isinstance(value, list | tuple) else value


class Records:
    """These records, in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def stall_seconds(self) -> float:
        """A worker that has not been heard of for so long is taken for gone."""
        return self._database.stall_seconds

    @property
    def fleet(self) -> str:
        """The name of the fleet, "" for the one without."""
        return self._database.fleet

    def now(self) -> datetime:
        """The time by the clock that counts: that of the database."""
        with self._database.connection() as connection:
            (moment,) = connection.execute("SELECT clock_timestamp()").fetchone() or (None,)
            assert isinstance(moment, datetime)
            return moment

    # --- artifacts --------------------------------------------------------------------------------------

    def store(self, contents: Iterable[bytes]) -> list[str]:
        """Keep contents; the SHA-256 of each. What is there already is not sent again, and counts as new."""
        by_digest = [(hashlib.sha256(content).hexdigest(), content) for content in contents]
        with self._database.connection() as connection:
            digests = [digest for digest, _ in by_digest]
            connection.execute(_RENEW, [digests])
            known = {
                row[0]
                for row in connection.execute("SELECT sha256 FROM artifact WHERE sha256 = ANY(%s)", [digests])
            }
            with connection.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO artifact (sha256, content) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                    [(digest, content) for digest, content in dict(by_digest).items() if digest not in known],
                )
        return digests

    def load(self, digests: Iterable[str]) -> dict[str, bytes]:
        """The contents that are there and are what their names say, by their SHA-256."""
        with self._database.connection() as connection:
            rows = connection.execute(
                "SELECT sha256, content FROM artifact WHERE sha256 = ANY(%s)", [list(digests)]
            )
            contents = {digest: bytes(content) for digest, content in rows}
        return {
            digest: content
            for digest, content in contents.items()
            if hashlib.sha256(content).hexdigest() == digest
        }

    def forget(self, days: int, jobs: Mapping[int, str], *, delete: bool) -> Forgotten:
        """Delete what was written more than so many days ago and nobody needs any more, or count it.

        Journals and leases are none of it: they say what was sent.

        Args:
            days: at least 1.
            jobs: those that are kept, with the SHA-256 of their requests.
            delete: whether to delete; otherwise everything is as it was afterwards.
        """
        with self._database.connection() as connection, connection.transaction(force_rollback=not delete):
            values: dict[str, Any] = {"days": days, "jobs": list(jobs)}
            outcomes = connection.execute(_OLD_OUTCOMES, values).rowcount
            plans = connection.execute(_OLD_PLANS, values).rowcount
            # Those of plans that remain may have been submitted long before the plan was made.
            requests = {*jobs.values(), *(name for (name,) in connection.execute("SELECT request FROM plan"))}
            values["needed"] = [*requests, *self._listed_in(sorted(requests))]
            connection.execute("DELETE FROM begun_job WHERE job <> ALL(%s)", [list(jobs)])
            sizes = [size for (size,) in connection.execute(_OLD_ARTIFACTS, values)]
        return Forgotten(outcomes, plans, len(sizes), sum(sizes))

    def _listed_in(self, requests: Sequence[str]) -> Iterator[str]:
        """The SHA-256 of each file that the requests list."""
        for start in range(0, len(requests), _LOADED):
            for content in self.load(requests[start : start + _LOADED]).values():
                yield from needed_by(content)

    # --- companies and pauses ---------------------------------------------------------------------------

    def know_companies(self, names: Mapping[int, str]) -> None:
        """Note what companies are called, by id."""
        with self._database.connection() as connection, connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO company (id, name) VALUES (%s, %s) "
                "ON CONFLICT (id) DO UPDATE SET name = excluded.name",
                list(names.items()),
            )

    def set_pause(self, company_ids: Iterable[int], *, pause: bool) -> None:
        """Pause companies, or let them go on; id 0 is the whole fleet."""
        statement = (
            "INSERT INTO pause (company_id) VALUES (%s) ON CONFLICT DO NOTHING"
            if pause
            else "DELETE FROM pause WHERE company_id = %s"
        )
        with self._database.connection() as connection, connection.cursor() as cursor:
            cursor.executemany(statement, [[id_] for id_ in company_ids])

    def known_companies(self) -> dict[int, str]:
        """What the companies are called that a job was submitted for, by id."""
        with self._database.connection() as connection:
            return dict(connection.execute("SELECT id, name FROM company").fetchall())

    def paused(self) -> list[int]:
        """The ids of companies of which no job may begin; 0 is the whole fleet."""
        with self._database.connection() as connection:
            return [id_ for (id_,) in connection.execute("SELECT company_id FROM pause ORDER BY 1")]

    def is_paused(self, company_id: int) -> bool:
        """Whether no job of this company may begin."""
        with self._database.connection() as connection:
            return connection.execute("SELECT FROM pause WHERE company_id = %s", [company_id]).rowcount > 0

    # --- attempts ---------------------------------------------------------------------------------------

    def add_attempt(self, attempt: Attempt) -> None:
        """Write down how an attempt ended."""
        request, result = attempt.request, attempt.result
        problems = [
            [finding.rule, finding.summary, finding.file, finding.line] for finding in result.problems
        ]
        final = {currency: list(row) for currency, row in result.final.items()}
        with self._database.connection() as connection:
            connection.execute(
                "INSERT INTO outcome "
                "(job, company_id, verb, state, exit_code, problems, document, final, begun) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    attempt.job,
                    request.company_id if request else None,
                    request.verb if request else "",
                    attempt.state,
                    result.exit_code,
                    Jsonb(_storable(problems)),
                    Jsonb(_storable(result.document)),
                    Jsonb(final),
                    attempt.begun,
                ],
            )
            connection.execute("DELETE FROM begun_job WHERE job = %s", [attempt.job])

    def begin(self, job: int) -> int:
        """Note that a job begins; how often in a row it did before, and nobody wrote how it ended."""
        with self._database.connection() as connection:
            row = connection.execute(
                "INSERT INTO begun_job (job) VALUES (%s) "
                "ON CONFLICT (job) DO UPDATE SET deaths = begun_job.deaths + 1 RETURNING deaths",
                [job],
            ).fetchone()
        return int(row[0]) if row else 0

    def retries(self, job: int) -> tuple[int, float]:
        """How often a job was tried in vain, and how many seconds ago for the first time."""
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT count(*), coalesce(extract(epoch FROM now() - min(ended)), 0)::float8 FROM outcome "
                "WHERE job = %s AND state = 'retried' AND exit_code <> 130",
                [job],
            ).fetchone()
        return (int(row[0]), float(row[1])) if row else (0, 0.0)

    def ended(self, jobs: Sequence[int]) -> dict[int, tuple[int, str]]:
        """The exit code of each of these jobs that has ended, and why it did not succeed, by its id."""
        with self._database.connection() as connection:
            rows = connection.execute(
                "SELECT DISTINCT ON (job) job, exit_code, coalesce(problems -> 0 ->> 1, '') FROM outcome "
                "WHERE job = ANY(%s) AND state <> 'retried' ORDER BY job, id DESC",
                [list(jobs)],
            )
            return {job: (code, reason) for job, code, reason in rows}

    # --- plans ------------------------------------------------------------------------------------------

    def add_plan(self, id_: str, content: bytes, request: WorkRequest) -> None:
        """Keep a plan that waits for approval; one of the same company that waits longer is out of date."""
        (artifact, order) = self.store([content, encode(request)])
        with self._database.connection() as connection:
            connection.execute(
                "INSERT INTO plan (id, company_id, artifact, request, submitted_by) "
                "VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [id_, request.company_id, artifact, order, request.person],
            )

    def plans_of(self, requests: Sequence[WorkRequest]) -> dict[int, tuple[str, str]]:
        """The plans that the jobs of these requests made: id and SHA-256 of the content, by company id."""
        digests = [hashlib.sha256(encode(request)).hexdigest() for request in requests]
        with self._database.connection() as connection:
            rows = connection.execute(
                "SELECT company_id, id, artifact FROM plan WHERE request = ANY(%s)", [digests]
            )
            return {company: (id_, artifact) for company, id_, artifact in rows}

    def plan(self, beginning: str) -> StoredPlan:
        """The plan whose id begins so.

        Raises:
            Failure: there is none, or more than one.
        """
        with self._database.connection() as connection:
            rows = connection.execute(
                "SELECT plan.id, artifact.content, request.content, approved_by, consumed_at IS NOT NULL, "
                "coalesce(plan.job, 0) FROM plan JOIN artifact ON artifact.sha256 = plan.artifact "
                "JOIN artifact AS request ON request.sha256 = plan.request "
                "WHERE %s <> '' AND starts_with(plan.id, %s) LIMIT 2",
                [beginning, beginning],
            ).fetchall()
        if len(rows) != 1:
            raise failure(
                "fleet-plan",
                f"{'several plans begin' if rows else 'there is no plan that begins'} with {beginning}",
                fix="'pennyform fleet status' lists the plans that wait",
            )
        ((id_, content, request, approved_by, consumed, job),) = rows
        return StoredPlan(id_, bytes(content), decode(bytes(request)), approved_by or "", consumed, job)

    def approve(self, id_: str, person: str) -> bool:
        """Approve a plan once, by another person than who submitted it; whether that was so."""
        with self._database.connection() as connection:
            done = connection.execute(
                "UPDATE plan SET approved_by = %s, approved_at = now() "
                "WHERE id = %s AND approved_by IS NULL AND consumed_at IS NULL AND submitted_by <> %s",
                [person, id_, person],
            )
            return done.rowcount == 1

    def note_job(self, id_: str, job: int) -> None:
        """Note the job that applies an approved plan: another one would find it used."""
        with self._database.connection() as connection:
            connection.execute("UPDATE plan SET job = %s WHERE id = %s", [job, id_])

    def consume(self, id_: str, job: int) -> ConsumedPlan:
        """Use an approved plan, once: for this job alone.

        Raises:
            Failure: it was not approved, or another job used it.
        """
        with self._database.connection() as connection:
            begun = connection.execute(
                "UPDATE plan SET consumed_at = now(), consumed_by = %s "
                "WHERE id = %s AND approved_by IS NOT NULL AND consumed_at IS NULL",
                [job, id_],
            ).rowcount
            row = connection.execute(
                "SELECT content, consumed_by, approved_by FROM plan "
                "JOIN artifact ON artifact.sha256 = plan.artifact WHERE id = %s",
                [id_],
            ).fetchone()
        if row is None or row[2] is None:
            problem = "nobody approved it" if row else "it is not there"
        elif row[1] != job:
            problem = "another job used it"
        else:
            return ConsumedPlan(bytes(row[0]), row[2], resumed=not begun)
        raise failure(
            "fleet-approval",
            f"the plan is not carried out: {problem}",
            fix="'pennyform fleet approve PLAN' approves it, once; or submit a new plan",
        )
