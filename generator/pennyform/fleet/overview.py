"""What the fleet is doing, as one document."""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg

from pennyform import __version__
from pennyform.fleet.database import Database
from pennyform.fleet.queue import Queue
from pennyform.fleet.request import BEGINNING, company_of
from pennyform.results.apply import FinalTotal
from pennyform.results.fleet import FleetJob, FleetStatusDocument, WaitingPlan
from pennyform.results.values import FORMAT_VERSION

_LISTED = 50
# The last attempt at each job that failed, of the last day.
_FAILED = """
    SELECT last.job, last.ended, coalesce(company.name, ''), coalesce(last.company_id, 0), last.verb,
           last.state, last.exit_code, coalesce(last.problems -> 0 ->> 1, ''),
           extract(epoch FROM last.ended - last.begun)::float8
    FROM (SELECT DISTINCT ON (job) * FROM outcome WHERE ended > now() - interval '1 day'
          ORDER BY job, id DESC) AS last
    LEFT JOIN company ON company.id = last.company_id
    WHERE last.state = 'failed' ORDER BY last.ended DESC LIMIT %s
"""
# Nobody is asked about what another version planned: workers would refuse it.
_PLANS = """
    SELECT plan.id, plan.artifact, company.name, plan.company_id, submitted_by, plan.created_at
    FROM plan JOIN company ON company.id = plan.company_id
    JOIN artifact AS request ON request.sha256 = plan.request
    WHERE approved_by IS NULL AND consumed_at IS NULL
      AND substring(request.content FOR length(%(own)s)) = %(own)s
      AND NOT EXISTS (SELECT FROM plan AS newer
                      WHERE newer.company_id = plan.company_id AND newer.created_at > plan.created_at)
    ORDER BY plan.created_at, plan.id LIMIT %(listed)s
"""
# A job that was tried twice has told twice what became final, each time of other invoices.
_ISSUED = """
    SELECT entry.key, sum((entry.value ->> 0)::bigint), sum((entry.value ->> 1)::numeric)
    FROM outcome, jsonb_each(outcome.final) AS entry
    WHERE ended >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
    GROUP BY 1 ORDER BY 1
"""
# Each write is preceded by a record of it.
_WRITES = """
    SELECT count(*) / 60.0 FROM journal
    WHERE written_at > now() - interval '1 minute' AND position('"event":"intent"'::bytea IN record) > 0
"""
_PAUSES = "SELECT company_id FROM pause ORDER BY 1"
_COMPANIES = "SELECT count(*) FROM company"


def overview(database: Database, queue: Queue) -> FleetStatusDocument:
    """What waits, runs, is done and failed, now."""
    state = queue.state(database.stall_seconds)
    values = {"own": BEGINNING, "listed": _LISTED}
    with database.connection() as connection:
        pauses = [row[0] for row in connection.execute(_PAUSES)]
        return FleetStatusDocument(
            format_version=FORMAT_VERSION,
            pennyform=__version__,
            at=_time(_value(connection, "SELECT now()")),
            paused=0 in pauses,
            paused_companies=tuple(id_ for id_ in pauses if id_),
            companies=_value(connection, _COMPANIES),
            workers=state.workers,
            queue=dict(sorted(state.counts.items())),
            oldest_seconds=round(state.oldest_seconds, 1),
            running=tuple(map(company_of, state.running)),
            stuck=tuple(map(company_of, state.stalled)),
            failed=tuple(_failed(row) for row in connection.execute(_FAILED, [_LISTED])),
            plans=tuple(_plan(row) for row in connection.execute(_PLANS, values)),
            writes_per_second=round(float(_value(connection, _WRITES)), 2),
            issued_today=tuple(
                FinalTotal(currency, int(invoices), f"{amount:f}")
                for currency, invoices, amount in connection.execute(_ISSUED)
            ),
        )


def _value(connection: psycopg.Connection[Any], query: LiteralString) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def _time(moment: Any) -> str:
    return str(moment.isoformat(timespec="seconds"))


def _failed(row: tuple[Any, ...]) -> FleetJob:
    job, at, company, company_id, verb, state, code, reason, seconds = row
    return FleetJob(job, _time(at), company, company_id, verb, state, code, reason, round(seconds, 1))


def _plan(row: tuple[Any, ...]) -> WaitingPlan:
    id_, digest, company, company_id, submitted_by, created_at = row
    return WaitingPlan(id_, digest, company, company_id, submitted_by, _time(created_at))
