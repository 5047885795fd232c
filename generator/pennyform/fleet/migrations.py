"""The tables of the fleet, as the steps that made them. They only go forward: a step is never changed."""

from __future__ import annotations

_FIRST = """
CREATE SCHEMA IF NOT EXISTS pennyform;
SET LOCAL search_path TO pennyform, public;

CREATE TABLE migration (
    version integer PRIMARY KEY,
    done_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Who may write for a company. The service and the id of the account name it, as they name its journal.
-- Each holder gets a higher fence than the one before. All times are those of this server.
CREATE TABLE lease (
    company text PRIMARY KEY,
    holder text NOT NULL,
    fence bigint NOT NULL,
    heartbeat timestamptz NOT NULL,
    expires timestamptz NOT NULL
);

-- Lines of journals. "ends" counts the bytes up to the end of the line: who adds one says where it goes.
CREATE TABLE journal (
    company text NOT NULL REFERENCES lease,
    file text NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    ends bigint NOT NULL,
    record bytea NOT NULL CHECK (length(record) BETWEEN 1 AND 536870912),
    fence bigint NOT NULL,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (company, file, seq)
);

-- What jobs are about, by its SHA-256.
CREATE TABLE artifact (
    sha256 text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    content bytea NOT NULL CHECK (length(content) <= 268435456),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE company (
    id bigint PRIMARY KEY,
    name text NOT NULL
);

-- Companies of which no job may begin; 0 is the whole fleet.
CREATE TABLE pause (
    company_id bigint PRIMARY KEY
);

CREATE TABLE outcome (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job bigint NOT NULL,
    company_id bigint,
    verb text NOT NULL,
    state text NOT NULL,
    exit_code integer NOT NULL,
    problems jsonb NOT NULL,
    document jsonb,
    final jsonb NOT NULL,
    begun timestamptz NOT NULL,
    ended timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX outcome_job ON outcome (job);
CREATE INDEX outcome_ended ON outcome (ended);

CREATE TABLE plan (
    id text PRIMARY KEY,
    company_id bigint NOT NULL,
    artifact text NOT NULL REFERENCES artifact,
    request text NOT NULL REFERENCES artifact,
    submitted_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    approved_by text,
    approved_at timestamptz,
    consumed_at timestamptz,
    consumed_by bigint,
    CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
    CHECK ((consumed_by IS NULL) = (consumed_at IS NULL)),
    CHECK (consumed_at IS NULL OR approved_at IS NOT NULL)
);
CREATE INDEX plan_company ON plan (company_id, created_at);
"""

# For what was written within the last minute.
_SECOND = """
SET LOCAL search_path TO pennyform, public;
CREATE INDEX journal_written ON journal (written_at);
"""

_THIRD = """
SET LOCAL search_path TO pennyform, public;

-- Jobs that began and of which nobody wrote how they ended; how many workers that was before the last one.
CREATE TABLE begun_job (
    job bigint PRIMARY KEY,
    deaths integer NOT NULL DEFAULT 0
);

-- The job that applies an approved plan.
ALTER TABLE plan ADD COLUMN job bigint;
"""

MIGRATIONS = (_FIRST, _SECOND, _THIRD)
