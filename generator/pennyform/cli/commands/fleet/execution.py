"""What a worker does for one job: the verb itself, on the definitions that the job carries."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace

from pennyform.cli.commands.account import apply, plan, verify
from pennyform.cli.companies import without_progress
from pennyform.cli.definitions import explain, load_repository, loading_one_at_a_time, with_schemas
from pennyform.cli.options.account import ApplyOptions, PlanOptions, TargetOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.account.errors import OutcomeError
from pennyform.engine.applying.report import ApplyReport
from pennyform.engine.plan_files import plan_file
from pennyform.engine.planning.resolve import PlanRejectedError
from pennyform.engine.runtime import Origin, Runtime
from pennyform.findings import Failure, Finding, Severity, failure
from pennyform.fleet.job import Job
from pennyform.fleet.records import JobResult, Records
from pennyform.results.documents import json_data

# What ends an attempt and may be otherwise the next time.
_MAY_PASS = frozenset({"api-unreachable", "api-rate", "apply-locked", "journal-unwritable", "fleet-database"})
_TRY_AGAIN = frozenset({Exit.TRY_LATER, Exit.UNKNOWN})
_PLAN = "company.plan"


@dataclass(frozen=True, slots=True)
class Execution:
    """Carries out jobs, each on a terminal of its own.

    ``approval`` is ``required`` where plans alone are carried out, whatever the definitions say;
    ``interrupted`` tells that jobs are to stop after the step at hand.
    """

    records: Records
    terminal: Terminal
    runtime: Runtime
    approval: str
    interrupted: Callable[[], bool]

    @classmethod
    def of(
        cls,
        records: Records,
        terminal: Terminal,
        runtime: Runtime,
        approval: str,
        interrupted: Callable[[], bool],
    ) -> Execution:
        """One with the schemas that hold in a repository."""
        runtime = loading_one_at_a_time(with_schemas(runtime, terminal))
        return cls(records, terminal, runtime, approval, interrupted)

    def __call__(self, job: Job) -> JobResult:
        """Carry out one job. Whatever happens to it is in the result."""
        terminal = self.terminal._replace(stdin=io.StringIO(), stdout=io.StringIO(), stderr=io.StringIO())
        runtime = _runtime_of(self.runtime, job)
        try:
            match job.request.verb:
                case "plan":
                    return self._plan(job, terminal, runtime)
                case "apply":
                    return self._apply(job, terminal, runtime)
                case "verify":
                    return self._verify(job, terminal, runtime)
        except (PlanRejectedError, Failure, OutcomeError, OSError) as problem:
            code, findings = explain(problem)
            return self._failed(code, findings)

    def _failed(self, code: Exit, findings: list[Finding]) -> JobResult:
        texts = tuple(
            finding._replace(
                summary=self.terminal.secrets(finding.summary), detail=self.terminal.secrets(finding.detail)
            )
            for finding in findings
        )
        may_pass = code in _TRY_AGAIN or any(finding.rule in _MAY_PASS for finding in findings)
        return JobResult(int(code), retry=may_pass, problems=texts)

    # --- the verbs ----------------------------------------------------------------------------------------

    def _plan(self, job: Job, terminal: Terminal, runtime: Runtime) -> JobResult:
        targets = _targets(job)
        made = plan.make(targets, terminal, runtime)
        file = job.folder / _PLAN
        plan.save(made, targets, file, terminal, runtime)
        saved = plan_file.read(file, made.folder.key())
        document = made.plan.document()
        if made.plan.pending:
            self.records.add_plan(saved.id, file.read_bytes(), job.request)
        code = plan.exit_of(made.plan, PlanOptions(targets, "json", None, None, detailed_exitcode=False))
        return JobResult(int(code), document=json_data(document))

    def _apply(self, job: Job, terminal: Terminal, runtime: Runtime) -> JobResult:
        options = ApplyOptions.unattended(_targets(job), auto_approve=True)
        saved, resumed = None, False
        if job.request.plan:
            used = self.records.consume(job.request.plan, job.id)
            resumed, runtime = used.resumed, _runtime_of(runtime, job, used.approved_by)
            file = job.folder / _PLAN
            file.write_bytes(used.content)
            saved = apply.read_plan(file, terminal, runtime)
            if saved.id != job.request.plan:
                # Its signature holds: somebody put another plan in the place of the one that was approved.
                raise failure("fleet-approval", "the plan is not carried out: another one was approved")
            options = apply.options_of(saved, options)
        repository = load_repository(options.targets, terminal, runtime)
        if saved is None:
            self._require_no_approval(repository.settings.policies.approval)
        run = apply.ApplyRun(
            options, saved, terminal, runtime, self.interrupted, without_progress, resumed=resumed
        )
        return _result_of(apply.apply_repository(repository, run, lambda *_: None))

    def _require_no_approval(self, policy: str) -> None:
        if "required" in (policy, self.approval):
            raise failure(
                "fleet-approval",
                "only plans that somebody approved are carried out here, and this is none",
                fix="submit a plan, which somebody else approves with 'pennyform fleet approve'",
            )

    def _verify(self, job: Job, terminal: Terminal, runtime: Runtime) -> JobResult:
        verification = verify.verify_targets(_targets(job), terminal, runtime)
        code = Exit.DRIFT if verification.drift else Exit.OK
        return JobResult(int(code), document=json_data(verification.document()))


def _runtime_of(runtime: Runtime, job: Job, approved_by: str = "") -> Runtime:
    request = job.request
    origin = Origin(request.person, request.host, request.commit, approved_by)
    return replace(runtime, origin=lambda _: origin)


def _targets(job: Job) -> TargetOptions:
    return TargetOptions((job.root,), None, None, prune=job.request.prune)


def _result_of(report: ApplyReport) -> JobResult:
    code, document = apply.exit_of(report), report.document()
    problems = [
        Finding("apply-incomplete", Severity.ERROR, row.detail or f"{row.status}")
        for row in document.results
        if row.status not in {"done", "unchanged"}
    ]
    if report.stopped:
        problems.insert(0, Finding("apply-stopped", Severity.ERROR, report.stopped))
    return JobResult(
        int(code),
        retry=code in _TRY_AGAIN
        or bool(report.stopped)
        or any(result.reading_failed for result in report.results),
        immediate=report.interrupted,
        problems=tuple(problems[:20]),
        document=json_data(document),
        final={row.currency: (row.invoices, row.currency_amount) for row in document.final},
    )
