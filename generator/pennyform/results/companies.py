"""What a command over several companies reports: a section for each, and what they come to together."""

from __future__ import annotations

from typing import Literal

from pennyform.results.apply import ApplyDocument, FinalTotal
from pennyform.results.findings import ReportedFinding
from pennyform.results.plan import PlanDocument, PlanMoney
from pennyform.results.values import CurrencyTotals, Record
from pennyform.results.verification import VerificationDocument


class CompanySection(Record, frozen=True, kw_only=True):
    """One company: its name, its folder, and the exit code that the command would have for it alone.

    ``problems`` say why there is no result; warnings are not among them.
    """

    name: str
    folder: str
    exit_code: int
    problems: tuple[ReportedFinding, ...]


class CompanyPlan(CompanySection, frozen=True, kw_only=True):
    """The plan of one company; null where none could be made."""

    plan: PlanDocument | None


class CompanyApply(CompanySection, frozen=True, kw_only=True):
    """The report of one company; null where nothing was begun."""

    apply: ApplyDocument | None


class CompanyVerification(CompanySection, frozen=True, kw_only=True):
    """The verdicts on one company; null where its account could not be read."""

    verification: VerificationDocument | None


class CompaniesSummary(Record, frozen=True):
    """How many companies there are, and how many have no result. ``exit_code`` is the worst of theirs.

    ``counts`` are how many invoices there are of each action, or of each status, in all companies;
    ``failed_companies`` the names of those without a result.
    """

    companies: int
    failed: int
    exit_code: int
    counts: dict[str, int]
    failed_companies: tuple[str, ...] = ()


class CompaniesPlanDocument(Record, frozen=True, kw_only=True):
    """What an apply to all of them would do."""

    format_version: Literal[1]
    pennyform: str
    companies: tuple[CompanyPlan, ...]
    summary: CompaniesSummary
    money: PlanMoney
    requests: int


class CompaniesApplyDocument(Record, frozen=True, kw_only=True):
    """Everything that an apply to all of them did and did not do."""

    format_version: Literal[1]
    pennyform: str
    companies: tuple[CompanyApply, ...]
    summary: CompaniesSummary
    money: tuple[CurrencyTotals, ...]
    final: tuple[FinalTotal, ...]


class CompaniesVerificationDocument(Record, frozen=True, kw_only=True):
    """The verdicts on all of them."""

    format_version: Literal[1]
    pennyform: str
    companies: tuple[CompanyVerification, ...]
    summary: CompaniesSummary
