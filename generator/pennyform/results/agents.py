"""What the tools for agents answer: the JSON of each is the structured result of a tool.

Whatever other people wrote (references, names, texts of invoices, names of files, and sentences that quote
them) stands in members called ``data``, and nowhere else.
"""

from __future__ import annotations

from typing import Literal

from pennyform.findings import Severity
from pennyform.results.apply import AppliedChange, FinalTotal
from pennyform.results.rendering import RenderedInvoice
from pennyform.results.status import InvoiceStatus, StateTotal
from pennyform.results.values import CurrencyTotals, FieldDifference, Record, VatTotals
from pennyform.results.verification import DeclaredVerdict, InvoiceVerdict


class LeftOut(Record, frozen=True):
    """What was left out because results are bounded: items of lists, and characters of texts."""

    items: int
    characters: int


class FindingData(Record, frozen=True):
    """The texts of a finding, which may quote what a definition or the account says; and its place."""

    file: str
    pointer: str
    summary: str
    detail: str
    fix: str
    subject: str


class AgentFinding(Record, frozen=True):
    """One thing that is wrong. Line and column count from 1, and 0 means the file as a whole.

    ``advice`` says what to do where that quotes nobody, and is "" elsewhere: of a ``rule`` of definitions,
    the tool ``explain`` says why it matters and what to do.
    """

    rule: str
    severity: Severity
    line: int
    column: int
    advice: str
    data: FindingData


class AgentResult(Record, frozen=True, kw_only=True):
    """What every result has. ``findings`` are warnings, where nothing was refused."""

    findings: tuple[AgentFinding, ...] = ()
    left_out: LeftOut = LeftOut(0, 0)


class Refusal(AgentResult, frozen=True, kw_only=True):
    """Why a tool did not do what it was asked for: its findings, and the exit code of the command line.

    75 means to try again later, 4 that definitions are wrong, 1 any other error.
    """

    exit_code: int


class ValidateResult(AgentResult, frozen=True, kw_only=True):
    """What is wrong with definitions; the counts of definitions are of valid ones."""

    is_valid: bool
    files: int
    invoices: int
    customers: int
    products: int
    errors: int
    warnings: int
    notes: int


class ExplainResult(AgentResult, frozen=True, kw_only=True):
    """What findings of a rule are about. All of it is pennyform's own text."""

    rule: str
    severities: tuple[Severity, ...]
    summary: str
    why: str
    example: str
    fix: str


class RenderResult(AgentResult, frozen=True, kw_only=True):
    """Invoices as the API will get them, ``invoices`` in all; ``rounding`` is ``line`` or ``document``."""

    rounding: str
    invoices: int
    data: tuple[RenderedInvoice, ...]


class PreviewData(Record, frozen=True):
    """The document that a customer will get, "" when there can be none.

    ``notes`` say what it claims, in its language.
    """

    external_reference: str
    document: str
    notes: tuple[str, ...]


class PreviewResult(AgentResult, frozen=True, kw_only=True):
    """The document of one invoice. ``errors`` are rules of electronic invoices that it breaks."""

    form: Literal["ubl", "cii", "html"]
    errors: int
    data: PreviewData


class StepNeedingApproval(Record, frozen=True):
    """A step that is carried out with an approval only; ``irreversible`` where nothing takes it back."""

    kind: str
    external_reference: str
    step: str
    irreversible: bool


class ChangeForAgent(Record, frozen=True):
    """One change of a plan, in short."""

    kind: str
    external_reference: str
    action: str
    date: str
    customer: str
    currency: str
    currency_amount: str
    vat: tuple[VatTotals, ...]
    steps: tuple[str, ...]
    differences: tuple[FieldDifference, ...]
    warnings: tuple[str, ...]
    ways_out: tuple[str, ...]


class PlanData(Record, frozen=True):
    """Whose account it is, what a plan changes (what stays as it is is not listed), and what it warns of."""

    company: str
    changes: tuple[ChangeForAgent, ...]
    steps_needing_approval: tuple[StepNeedingApproval, ...]
    warnings: tuple[str, ...]


class PlanResult(AgentResult, frozen=True, kw_only=True):
    """What an apply would do.

    ``plan_id``, ``digest`` and ``total`` are what ``apply`` asks for. ``digest`` is the keyed hash of the
    saved plan; the audit calls the plan by it. ``total`` is what the invoices that change come to, tax
    included, ``totals`` the same by currency and VAT code, as decimal text. ``steps_needing_approval`` and
    ``irreversible_steps`` count steps by name. ``requests`` and ``seconds`` are what it takes when nothing
    goes wrong.
    """

    plan_id: str
    digest: str
    environment: str
    company_id: int
    total: str
    totals: tuple[CurrencyTotals, ...]
    invoices: dict[str, int]
    customers: dict[str, int]
    products: dict[str, int]
    is_pending: bool
    is_conflict: bool
    irreversible_steps: dict[str, int]
    is_approval_needed: bool
    approval_command: str
    requests: int
    seconds: int
    data: PlanData


class VerifyData(Record, frozen=True):
    """The verdicts, those first that are not ``equal``."""

    company: str
    invoices: tuple[InvoiceVerdict, ...]
    declared: tuple[DeclaredVerdict, ...]


class VerifyResult(AgentResult, frozen=True, kw_only=True):
    """Whether the account has what the definitions ask for; ``summary`` counts the verdicts by status."""

    environment: str
    company_id: int
    is_drift: bool
    summary: dict[str, int]
    orphans: int
    data: VerifyData


class StatusData(Record, frozen=True):
    """How the invoices stand."""

    company: str
    invoices: tuple[InvoiceStatus, ...]


class StatusResult(AgentResult, frozen=True, kw_only=True):
    """How the invoices stand, as of ``today`` (ISO date)."""

    today: str
    environment: str
    company_id: int
    totals: tuple[StateTotal, ...]
    data: StatusData


class ApplyData(Record, frozen=True):
    """What became of each change; ``stopped`` says why the apply ended early, if it did."""

    company: str
    stopped: str
    results: tuple[AppliedChange, ...]


class ApplyResult(AgentResult, frozen=True, kw_only=True):
    """Everything that one apply did and did not do.

    ``exit_code`` is that of the command line: 0 when all is done, 5 when an outcome is unknown. ``summary``
    counts the results by status, ``final`` are the invoices that became final, ``is_approved`` says that a
    person had approved the plan.
    """

    plan_id: str
    digest: str
    environment: str
    company_id: int
    exit_code: int
    is_approved: bool
    is_interrupted: bool
    summary: dict[str, int]
    money: tuple[CurrencyTotals, ...]
    final: tuple[FinalTotal, ...]
    data: ApplyData
