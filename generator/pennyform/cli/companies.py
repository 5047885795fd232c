"""One command over several companies, side by side: one that fails stops itself and no other."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from threading import Lock
from typing import Any, Generic, TextIO, TypeVar

from pennyform.cli.definitions import (
    explain,
    loading_one_at_a_time,
    refuse_same_account,
    run_with_account,
    with_schemas,
)
from pennyform.cli.options.account import TargetOptions
from pennyform.cli.terminal import Exit, Terminal, shorten_path
from pennyform.engine.account.errors import OutcomeError
from pennyform.engine.applying.context import Progress
from pennyform.engine.limits import COMPANIES
from pennyform.engine.planning.resolve import PlanRejectedError
from pennyform.engine.runtime import Runtime, run_for_each
from pennyform.findings import Failure, Finding, closest_name, failure
from pennyform.invoices.schema.rules import with_rule_texts
from pennyform.invoices.sources.companies import Company, companies_of, same_accounts
from pennyform.report import companies as report_companies
from pennyform.results.companies import CompaniesSummary
from pennyform.results.findings import ReportedFinding
from pennyform.results.values import CurrencyTotals, VatTotals

T = TypeVar("T")

# From the worst to the best: what is unknown, what a person must look at, what may pass by itself.
_WORST_FIRST = (
    Exit.UNKNOWN,
    Exit.INTERRUPTED,
    Exit.DRIFT,
    Exit.FINDINGS,
    Exit.ERROR,
    Exit.TRY_LATER,
    Exit.PENDING,
    Exit.OK,
)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """How a command ended for one company.

    ``result`` is None when it failed; ``findings`` say why. ``printed`` and ``warnings`` are what it has
    written on standard output and standard error.
    """

    company: Company
    code: Exit
    result: T | None
    findings: tuple[Finding, ...]
    printed: str
    warnings: str

    @property
    def problem(self) -> str:
        """Why there is no result, in a sentence."""
        return self.findings[0].summary if self.findings else "a defect of pennyform"

    def section(self) -> dict[str, Any]:
        """What the report of every command has about a company."""
        return {
            "name": self.company.name,
            "folder": shorten_path(self.company.folder),
            "exit_code": int(self.code),
            "problems": tuple(ReportedFinding(*finding) for finding in with_rule_texts(self.findings)),
        }


Work = Callable[[Company, Terminal, Runtime], tuple[Exit, T]]
"""A command for one company, on a terminal of its own: its exit code and its result."""


def run_companies(
    run: Callable[[Any, Terminal, Runtime], Exit],
    run_for_several: Callable[[Companies, Any], Exit],
    options: Any,
    terminal: Terminal,
    runtime: Runtime,
) -> Exit:
    """Run a command for the companies that its options name; for a single one as if it stood in its folder.

    Args:
        run: the command for one repository.
        run_for_several: the command for several companies.
        options: those of the command; its ``targets`` name the companies.
        terminal: where to read and write.
        runtime: the machine.

    Raises:
        Failure: there is no such company, or the repository has none.
    """
    targets: TargetOptions = options.targets
    if targets.is_several_plans:
        # A plan's file takes the place of the company's folder.
        members, same = tuple(Company(path.stem, path) for path in targets.paths), dict[str, str]()
    else:
        members, same = select(targets)
    if len(targets.companies) == 1:
        options = replace(options, targets=targets_of(members[0], targets))

        def run_checked(options: Any, terminal: Terminal, runtime: Runtime) -> Exit:
            refuse_same_account(members[0].name, members[0].folder, same)
            return run(options, terminal, runtime)

        return run_with_account(run_checked, options, terminal, runtime)
    if targets.token_file:
        raise failure(
            "company-option",
            "--token-file is for one company: a token opens one account",
            fix="say in each company's settings where its token is kept",
        )
    machine = with_schemas(runtime, terminal)
    return run_for_several(Companies(members, targets, same, terminal, machine), options)


@dataclass(frozen=True, slots=True)
class Companies:
    """The companies that a command is about. ``same`` are the names of those with one account."""

    members: tuple[Company, ...]
    targets: TargetOptions
    same: Mapping[str, str]
    terminal: Terminal
    runtime: Runtime

    def targets_of(self, company: Company) -> TargetOptions:
        """What the command is about for one company: the whole of its folder."""
        return targets_of(company, self.targets)

    def refuse(self, options: Mapping[str, object]) -> None:
        """Refuse options, by name, that mean something for one company alone.

        Raises:
            Failure: one of them was used.
        """
        if names := ", ".join(name for name, value in options.items() if value):
            raise failure(
                "company-option",
                f"{names} is for one company, and several are named",
                fix="leave it out, or name one company with --company",
            )

    def run(self, work: Work[T]) -> list[Outcome[T]]:
        """Do ``work`` for all companies, several at once, and return how each ended, by name."""
        runtime = loading_one_at_a_time(self.runtime)
        outcomes: dict[Company, Outcome[T]] = {}
        # Several end at once: each has the next number, and a line for itself.
        printing = Lock()

        def do(company: Company) -> None:
            outcome = self._outcome(company, work, runtime)
            became = "failed" if outcome.result is None else "done"
            with printing:
                outcomes[company] = outcome
                count = f"{len(outcomes)} of {len(self.members)}"
                self.terminal.print_error(f"{company.name}: {became} ({count})")

        run_for_each(do, self.members, replace(runtime, workers=min(COMPANIES, len(self.members))))
        return [outcomes[company] for company in self.members]

    def _outcome(self, company: Company, work: Work[T], runtime: Runtime) -> Outcome[T]:
        printed, warnings = io.StringIO(), io.StringIO()
        terminal = self.terminal._replace(stdout=printed, stderr=warnings)
        code, result, findings = Exit.ERROR, None, list[Finding]()
        try:
            refuse_same_account(company.name, company.folder, self.same)
            code, result = work(company, terminal, runtime)
        except (PlanRejectedError, Failure, OutcomeError, OSError) as problem:
            code, findings = explain(problem)
        except Exception as defect:
            # The others have nothing to do with it.
            terminal.print_bug(defect)
        return Outcome(company, code, result, tuple(findings), printed.getvalue(), warnings.getvalue())

    def print_problems(self, outcomes: Iterable[Outcome[T]]) -> None:
        """Print the warnings and findings of each company on standard error, below its name."""
        for outcome in outcomes:
            if outcome.warnings or outcome.findings:
                self.terminal.print_error(f"{outcome.company.name}:")
                self.terminal.stderr.write(outcome.warnings)
                self.terminal.print_findings(with_rule_texts(outcome.findings))

    def print_sections(self, outcomes: Iterable[tuple[Outcome[T], str]]) -> None:
        """Print what each company has to say as text on standard output, below its name."""
        for outcome, text in outcomes:
            body = outcome.printed + text
            self.terminal.write(report_companies.section(outcome.company.name, body, self.terminal.layout()))


def refuse_several(_companies: Companies, _options: object) -> Exit:
    """For a command that is about one company.

    Raises:
        Failure: ``company-option``.
    """
    raise failure(
        "company-option",
        "several companies are named, and this command is about one",
        fix="name one of them with --company",
    )


@contextmanager
def without_progress(_: TextIO) -> Iterator[Progress]:
    """No progress: that of several companies would run into each other."""
    yield lambda _done, _total: None


def targets_of(company: Company, targets: TargetOptions) -> TargetOptions:
    """``targets`` for one company: the whole of its folder, as one would type it."""
    folder = Path(os.path.relpath(company.folder))
    return replace(targets, paths=(folder,), companies=(company.name,), all_companies=False)


def select(targets: TargetOptions) -> tuple[tuple[Company, ...], dict[str, str]]:
    """The companies that ``targets`` name, of the repository around their paths.

    Returns:
        Them, and the names of all companies whose account another one has, each with that one's.

    Raises:
        Failure: there is no such company, or the repository has none.
    """
    listed, findings = companies_of(targets.paths[0])
    if not listed:
        raise (
            Failure(findings)
            if findings
            else failure(
                "company-unknown",
                "the repository here holds no companies",
                file=str(targets.paths[0]),
                fix="list their folders in the pennyform.yaml around them: companies: [companies/*]",
            )
        )
    by_name = {company.name: company for company in listed}
    unknown = [name for name in targets.companies if name not in by_name]
    if unknown:
        close = closest_name(unknown[0], list(by_name))
        raise failure(
            "company-unknown",
            f"there is no company `{unknown[0]}`",
            fix=f"write `{close}`" if close else f"name one of {', '.join(sorted(by_name)[:10])}",
        )
    members = tuple(by_name[name] for name in targets.companies or sorted(by_name))
    return members, same_accounts(listed)


def problems_of(outcomes: Iterable[Outcome[Any]]) -> dict[str, str]:
    """Why companies have no result, in a sentence, by their names."""
    return {outcome.company.name: outcome.problem for outcome in outcomes if not outcome.result}


def summary_of(outcomes: Sequence[Outcome[T]], counts: Iterable[Mapping[str, int]]) -> CompaniesSummary:
    """How all companies ended together; ``counts`` are of the invoices of each."""
    total = Counter[str]()
    for counter in counts:
        total.update(counter)
    codes = {outcome.code for outcome in outcomes}
    failed = tuple(outcome.company.name for outcome in outcomes if outcome.result is None)
    return CompaniesSummary(
        companies=len(outcomes),
        failed=len(failed),
        failed_companies=failed,
        exit_code=int(worst(codes)),
        counts=dict(sorted(total.items())),
    )


def worst(codes: Iterable[Exit]) -> Exit:
    """The worst of several exit codes."""
    return min(codes, key=_WORST_FIRST.index, default=Exit.OK)


def sum_totals(rows: Iterable[CurrencyTotals]) -> tuple[CurrencyTotals, ...]:
    """Amounts of several companies by currency, added up exactly; VAT codes in their order."""
    sums: dict[str, list[CurrencyTotals]] = {}
    for row in rows:
        sums.setdefault(row.currency, []).append(row)
    return tuple(
        CurrencyTotals(
            currency,
            sum(row.invoices for row in members),
            _sum_vat([vat for row in members for vat in row.vat]),
            _sum(row.currency_amount_before_tax for row in members),
            _sum(row.currency_tax for row in members),
            _sum(row.currency_amount for row in members),
        )
        for currency, members in sorted(sums.items())
    )


def _sum_vat(rows: Iterable[VatTotals]) -> tuple[VatTotals, ...]:
    sums: dict[tuple[str, str], list[VatTotals]] = {}
    for row in rows:
        sums.setdefault((row.vat_rate, row.percent), []).append(row)
    ordered = sorted(sums.items(), key=lambda item: (-Decimal(item[0][1]), item[0][0]))
    return tuple(
        VatTotals(code, percent, _sum(row.base for row in rows), _sum(row.tax for row in rows))
        for (code, percent), rows in ordered
    )


def _sum(amounts: Iterable[str]) -> str:
    return f"{sum(map(Decimal, amounts), Decimal(0)):f}"
