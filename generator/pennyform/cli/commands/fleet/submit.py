"""``pennyform fleet submit``: queue one job for each company, with the content of its definitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from pennyform import __version__
from pennyform.cli.commands.fleet.plans import document_of
from pennyform.cli.companies import select, targets_of, worst
from pennyform.cli.contracts import files_of
from pennyform.cli.definitions import (
    explain,
    load_repository,
    refuse_same_account,
    require_all_definitions,
    with_schemas,
)
from pennyform.cli.options.account import TargetOptions
from pennyform.cli.options.fleet import SubmitOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.journal.records import as_text
from pennyform.engine.planning.resolve import PlanRejectedError
from pennyform.engine.runtime import Clock, Runtime
from pennyform.findings import Failure, failure
from pennyform.fleet.queue import Queue, QueuedJob
from pennyform.fleet.records import Records
from pennyform.fleet.request import Verb, WorkRequest, collect, encode, lock_of
from pennyform.invoices import Repository
from pennyform.invoices.schema.rules import with_rule_texts
from pennyform.report import fleet as report_fleet
from pennyform.results.documents import json_text
from pennyform.results.findings import ReportedFinding
from pennyform.results.fleet import SubmittedDocument, SubmittedJob
from pennyform.results.values import FORMAT_VERSION
from pennyform.safe_files import SETTINGS_FILE, real_path

_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Submission:
    """A request, and what its files say by their SHA-256."""

    request: WorkRequest
    contents: Mapping[str, bytes]


def run(options: SubmitOptions, records: Records, queue: Queue, terminal: Terminal, runtime: Runtime) -> Exit:
    """Queue a job for each company that is named; one whose definitions are rejected stops no other.

    Raises:
        Failure: there is no such company, or nothing can be queued.
    """
    runtime = with_schemas(runtime, terminal)
    submissions: list[_Submission] = []
    rejected: list[SubmittedJob] = []
    codes = {Exit.OK}
    for name, targets, same in _companies(options.definitions):
        try:
            refuse_same_account(name, targets.paths[0], same)
            submissions.append(_submission(name, targets, options.verb, records.fleet, terminal, runtime))
        except (PlanRejectedError, Failure) as problem:
            code, findings = explain(problem)
            codes.add(code)
            problems = with_rule_texts(findings)
            terminal.print_error(f"{name}:")
            terminal.print_findings(problems)
            texts = tuple(ReportedFinding(*finding) for finding in problems)
            rejected.append(SubmittedJob(name, None, None, 0, 0, texts))
    contents = {digest: content for row in submissions for digest, content in row.contents.items()}
    ids = enqueue([submission.request for submission in submissions], contents, records, queue)
    queued = [_queued(submission.request, id_) for submission, id_ in zip(submissions, ids, strict=True)]
    if options.wait_seconds is not None:
        requests = [submission.request for submission in submissions]
        queued = _waited_for(queued, requests, options.wait_seconds, records, runtime.clock)
        codes |= {Exit(Exit.TRY_LATER if job.exit_code is None else job.exit_code) for job in queued}
    jobs = sorted([*queued, *rejected], key=lambda job: job.company)
    document = SubmittedDocument(FORMAT_VERSION, __version__, options.verb, tuple(jobs), int(worst(codes)))
    _print(document, options.format, records, terminal)
    return Exit(document.exit_code)


def _print(document: SubmittedDocument, format_: str, records: Records, terminal: Terminal) -> None:
    if format_ != "markdown":
        as_text = partial(report_fleet.submitted_text, layout=terminal.layout())
        terminal.write((json_text if format_ == "json" else as_text)(document))
        return
    plans = {job.plan: document_of(records.plan(job.plan)) for job in document.jobs if job.plan}
    terminal.write(report_fleet.submitted_markdown(document, plans))


def _queued(request: WorkRequest, id_: int) -> SubmittedJob:
    size = sum(file.size for file in request.files)
    return SubmittedJob(request.company, request.company_id, id_, len(request.files), size, ())


def _waited_for(
    jobs: Sequence[SubmittedJob],
    requests: Sequence[WorkRequest],
    seconds: float,
    records: Records,
    clock: Clock,
) -> list[SubmittedJob]:
    """``jobs`` with how they ended, and the plans that they made, after so many seconds at most."""
    until, ids = clock.monotonic() + seconds, [job.job for job in jobs if job.job is not None]
    while len(ended := records.ended(ids)) < len(ids) and clock.monotonic() < until:
        clock.sleep(min(_POLL_SECONDS, seconds))
    plans = records.plans_of(requests)
    rows = []
    for job in jobs:
        code, reason = ended.get(job.job or 0, (None, ""))
        plan, digest = plans.get(job.company_id or 0, (None, None))
        rows.append(msgspec.structs.replace(job, exit_code=code, reason=reason, plan=plan, digest=digest))
    return rows


def enqueue(
    requests: Sequence[WorkRequest], contents: Mapping[str, bytes], records: Records, queue: Queue
) -> list[int]:
    """Store what jobs need, then queue them: a job never waits for something that is not there.

    Returns:
        Their ids.
    """
    digests = records.store([*contents.values(), *map(encode, requests)])[len(contents) :]
    records.know_companies({request.company_id: request.company for request in requests})
    jobs = [QueuedJob(digest, lock_of(row), row.fleet) for digest, row in zip(digests, requests, strict=True)]
    return queue.submit(jobs)


def _companies(targets: TargetOptions) -> Iterator[tuple[str, TargetOptions, Mapping[str, str]]]:
    """Each company by name, what is about it, and the names of all companies that share an account."""
    if not targets.is_for_several:
        yield real_path(targets.paths[0]).name, targets, {}
        return
    members, same = select(targets)
    for company in members:
        yield company.name, targets_of(company, targets), same


def _submission(
    name: str, targets: TargetOptions, verb: Verb, fleet: str, terminal: Terminal, runtime: Runtime
) -> _Submission:
    """What a job of ``fleet`` for one company is to do.

    Raises:
        PlanRejectedError: its definitions are rejected.
        Failure: they cannot be carried out by a worker.
    """
    repository = load_repository(targets, terminal, runtime)
    _require_for_fleet(repository, verb)
    if targets.prune:
        require_all_definitions(repository, targets)
    # Read after the definitions were checked by it; a worker checks them again by what it gets.
    folder, files, contents = collect(repository, files_of(repository.settings.contract))
    origin = runtime.origin(repository.root)
    return _Submission(
        WorkRequest(
            verb=verb,
            company=name,
            company_id=repository.settings.policies.company_id or 0,
            folder=folder,
            files=files,
            prune=targets.prune,
            person=as_text(origin.person)[:1000],
            host=as_text(origin.host)[:1000],
            commit=as_text(origin.commit)[:1000],
            fleet=fleet,
            submitted_at=runtime.clock.now().isoformat(timespec="milliseconds"),
            nonce=runtime.random_bytes(16).hex(),
        ),
        contents,
    )


def _require_for_fleet(repository: Repository, verb: str) -> None:
    """Refuse what no worker can do, or may not do without an approval.

    Raises:
        Failure: that is so.
    """
    settings, file = repository.settings, str(repository.root / SETTINGS_FILE)
    if settings.environment != "production":
        raise failure(
            "fleet-settings",
            "the environment is the embedded sandbox, which is a file of this machine",
            file=file,
            fix="set `environment: production`; PENNYLANE_BASE_URL of the workers may name a served sandbox",
        )
    if settings.policies.company_id is None:
        raise failure(
            "fleet-settings",
            "nothing says which account the company is",
            file=file,
            fix="set `policies: {company_id: …}`: the lock of the company is named by it",
        )
    if verb == "apply" and settings.policies.approval == "required":
        raise failure(
            "fleet-approval",
            "the policies ask for an approval before anything is applied",
            file=file,
            fix="submit a plan, which somebody else approves with 'pennyform fleet approve'",
        )
