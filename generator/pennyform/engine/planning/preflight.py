"""What is refused before anything is sent: what the engine cannot carry out, and what policies forbid.

Targets that are not defined are refused as well, and scopes that the token lacks. Everything that a
definition asks for is either planned or reported as a finding.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal

from pennyform.engine.account.records import Company
from pennyform.engine.planning.actions import InvoiceChange, Step
from pennyform.engine.planning.numbering.older_dates import OlderDate
from pennyform.engine.planning.plan import Plan
from pennyform.engine.planning.prerequisites.customers import check_card
from pennyform.engine.planning.resolve import PlanRejectedError
from pennyform.findings import Finding, Severity, errors, tidy
from pennyform.invoices.checks.dates import check_dates_to_issue
from pennyform.invoices.checks.semantics import discount_fix
from pennyform.invoices.checks.signs import sign_problems
from pennyform.invoices.model import DesiredInvoice, ImportedInvoiceBody, Policies, Repository
from pennyform.invoices.money.scalars import canonical
from pennyform.invoices.schema.rules import with_rule_texts


def select_invoices(repository: Repository, references: Iterable[str]) -> Repository:
    """The repository with only the invoices named; all of them when none is named.

    Customers and products stay: only those that the invoices left name play a part.

    Args:
        repository: everything that was read.
        references: the ``external_reference`` of each invoice meant.

    Raises:
        PlanRejectedError: no definition has one of these references.
    """
    targets = set(references)
    if not targets:
        return repository
    known = sorted(invoice.external_reference for invoice in repository.invoices)
    findings = []
    for reference in sorted(targets.difference(known)):
        near = difflib.get_close_matches(reference, known, n=1)
        findings.append(
            Finding(
                "target-unknown",
                Severity.ERROR,
                f"no definition has the external_reference {reference!r}",
                detail="Invoices are named by their external_reference, with the prefix of the repository.",
                fix=f"did you mean {near[0]!r}?" if near else "name one of the definitions that were read",
            )
        )
    if findings:
        raise PlanRejectedError(findings)
    invoices = tuple(invoice for invoice in repository.invoices if invoice.external_reference in targets)
    return repository._replace(invoices=invoices, requested=frozenset())


# What the engine carries out. A wish that the language learns later is refused until the engine knows it.
_KINDS = frozenset({"invoice", "imported_invoice", "credit_note"})
_OPTIONS = frozenset(
    {
        "finalize",
        "send_by_email",
        "send_to_pa",
        "categories",
        "mark_as_paid",
        "appendices",
        "matched_transactions",
    }
)
_NOTHING: tuple[object, ...] = (None, False, ())


def preflight(repository: Repository, company: Company | None = None) -> None:
    """Refuse a repository that cannot be carried out as a whole.

    Args:
        repository: the definitions.
        company: whose account it is, once that is known.

    Raises:
        PlanRejectedError: something is asked for that the engine does not do, or the account is another
            company's than the policies say.
    """
    findings = []
    for invoice in repository.invoices:
        options = invoice.options._asdict().items()
        names = [name for name, value in options if value not in _NOTHING and name not in _OPTIONS]
        unknown = [f"options.{name}" for name in names]
        if invoice.kind not in _KINDS:
            unknown.append(f"kind: {invoice.kind}")
        findings += [
            _at(
                invoice,
                "not-supported",
                f"{name} is not carried out by this version of pennyform",
                detail="A wish that is not carried out is refused, so that nobody takes it for done.",
                fix="remove it from the definition, and do it in Pennylane",
            )
            for name in unknown
        ]
    allowed = repository.settings.policies.company_id
    if company is not None and allowed not in (None, company.id):
        findings.append(
            _policy(
                f"the token opens company {company.id} ({company.name}); company_id allows {allowed}",
                fix="use the token of that company, or correct company_id in pennyform.yaml",
            )
        )
    _raise(findings)


def enforce(policies: Policies, changes: Iterable[InvoiceChange]) -> None:
    """Hold what is about to be done against the folder's own limits, and amounts against those expected.

    Args:
        policies: the limits.
        changes: invoices; those at which nothing is to be done pass no limit.

    Raises:
        PlanRejectedError: a limit is passed, or an amount is not the one that its definition expects.
    """
    changes = tuple(changes)
    busy = [change for change in changes if change.busy]
    findings = [finding for change in busy for finding in _check_policies(policies, change)]
    findings += [finding for change in changes for finding in _check_expected(change)]
    undeclared = [change for change in busy if not change.resolved.is_customer_declared]
    findings += [finding for change in undeclared for finding in check_card(change)]
    for change in busy:
        # An excessive discount turns the total around: one mistake is one finding.
        findings += list(_check_discount(change)) or list(_check_signs(change))
    if policies.max_invoices is not None and len(busy) > policies.max_invoices:
        findings.append(
            _policy(
                f"{len(busy)} invoices would change; max_invoices allows {policies.max_invoices} in one run",
                fix="name some of them with --target, or raise max_invoices in pennyform.yaml",
            )
        )
    sums: dict[str, Decimal] = {}
    for change in busy:
        totals = change.resolved.totals
        # By its size, so that a credit note takes up as much of the limit as an invoice.
        sums[totals.currency] = sums.get(totals.currency, Decimal(0)) + abs(totals.amount)
    for currency, total in sorted(sums.items()) if policies.max_total else ():
        # A currency that max_total does not name is not allowed at all.
        limit = policies.max_total.get(currency, Decimal(0))
        if total > limit:
            findings.append(
                _policy(
                    f"the invoices of this run come to {total} {currency}; max_total allows {limit}",
                    fix="name some of them with --target, or raise max_total in pennyform.yaml",
                )
            )
    _raise(findings)


def enforce_dates(policies: Policies, older: Iterable[OlderDate]) -> None:
    """Refuse what would get its number after a later date, where ``older_dates`` forbids that.

    Raises:
        PlanRejectedError: it forbids that, and there is such an invoice.
    """
    if policies.older_dates == "forbid":
        _raise(
            [
                _at(
                    change.desired,
                    "policy",
                    f"it is dated {change.desired.body.date}, before {later}; older_dates forbids that",
                    fix="give it a later date, or change older_dates in pennyform.yaml",
                )
                for change, later in older
            ]
        )


def check_dates(policies: Policies, changes: Iterable[InvoiceChange], today: date) -> list[Finding]:
    """Hold the dates of what is about to be written against the day of the run.

    Args:
        policies: the limits.
        changes: invoices; where nothing is to be done, or that are final already, any date will do.
        today: the day of the run.

    Returns:
        Warnings: dates that are seldom meant.

    Raises:
        PlanRejectedError: a date cannot be meant, or is beyond a limit.
    """
    findings = [
        _at(
            change.desired,
            problem.rule,
            problem.summary,
            severity=problem.severity,
            detail=problem.detail,
            fix=problem.fix,
        )
        for change in changes
        if change.busy and (change.remote is None or change.remote.draft)
        for problem in check_dates_to_issue(change.desired, policies, today)
    ]
    findings = tidy(with_rule_texts(findings)) if findings else []
    if errors(findings):
        raise PlanRejectedError(findings)
    return findings


def _raise(findings: list[Finding]) -> None:
    if findings:
        raise PlanRejectedError(tidy(findings))


def _check_policies(policies: Policies, change: InvoiceChange) -> Iterator[Finding]:
    invoice, totals = change.desired, change.resolved.totals
    if policies.never_finalize and change.irreversible:
        yield _at(
            invoice,
            "policy",
            "it would become final, and never_finalize forbids that",
            fix="finalize it in Pennylane, or lift never_finalize in pennyform.yaml",
        )
    limit = policies.max_amount.get(totals.currency)
    if policies.max_amount and limit is None:
        yield _at(invoice, "policy", f"max_amount names no limit in {totals.currency}", fix=_FIX)
    elif limit is not None and abs(totals.amount) > limit:
        amount = f"{totals.amount:f} {totals.currency}"
        yield _at(invoice, "policy", f"it comes to {amount}; max_amount allows {limit}", fix=_FIX)
    codes = {row.vat_rate for row in totals.vat}
    for code in sorted(codes - set(codes if policies.vat_rates is None else policies.vat_rates)):
        yield _at(invoice, "policy", f"it uses the VAT code {code}, which vat_rates does not allow", fix=_FIX)


def _check_expected(change: InvoiceChange) -> Iterator[Finding]:
    totals = change.resolved.totals.record()
    for name, amount in sorted((change.desired.expect or {}).items()):
        computed = getattr(totals, name)
        if Decimal(computed) != amount:
            yield _at(
                change.desired,
                "amount-unexpected",
                f"{name} comes to {computed}; expect says {canonical(amount)}",
                detail="An amount that its author did not expect is not sent.",
                fix="correct the lines, or what expect says",
            )


def _check_discount(change: InvoiceChange) -> Iterator[Finding]:
    """An absolute discount beyond the lines, where only the account knew what its products cost."""
    body = change.resolved.body
    if isinstance(body, ImportedInvoiceBody) or not body.discount or body.discount.type != "absolute":
        return
    value = body.discount.value or Decimal(0)
    lines = sum((line.before_tax for line in change.resolved.totals.lines), Decimal(0))
    if not min(lines, Decimal(0)) <= value <= max(lines, Decimal(0)):
        yield _at(
            change.desired,
            "discount-bounds",
            f"the discount takes off more than the lines, which come to {lines:f}",
            detail="Pennylane refuses it, or takes off something else than was meant.",
            fix=discount_fix(value, lines),
        )


def _check_signs(change: InvoiceChange) -> Iterator[Finding]:
    """An invoice below zero, where only the account knew what its products cost."""
    invoice = change.desired
    if not invoice.file:
        is_credit_note = invoice.credit_note_of is not None
        deducted = sum(deduction.lines for deduction in invoice.deductions)
        totals = change.resolved.totals
        for problem in sign_problems(totals, is_credit_note=is_credit_note, deducted=deducted):
            if problem.severity is Severity.ERROR:
                yield _at(
                    invoice,
                    problem.rule,
                    problem.summary,
                    detail=problem.detail
                    or "Once final it keeps its number, and cannot be linked to an invoice.",
                    fix=problem.fix or "correct the lines, or name what it takes back in `credit_note_of`",
                )


_FIX = "check the definition, or change the policy in pennyform.yaml"
_WHY = "The folder sets itself this limit; nothing is sent while it is passed."


def _policy(summary: str, *, fix: str) -> Finding:
    return Finding("policy", Severity.ERROR, summary, file="pennyform.yaml", detail=_WHY, fix=fix)


def _at(
    invoice: DesiredInvoice,
    rule: str,
    summary: str,
    *,
    fix: str,
    detail: str = _WHY,
    severity: Severity = Severity.ERROR,
) -> Finding:
    place = invoice.place
    return Finding(
        rule,
        severity,
        f"{invoice.external_reference}: {summary}",
        *place,
        detail=detail,
        fix=fix,
        subject=invoice.external_reference,
    )


# Per write, the operation of the contract. What an operation needs is the contract's to say: a test holds
# the scopes below against it.
OPERATIONS: Mapping[str, tuple[str, str]] = {
    "create customer": ("postCompanyCustomer", "customers:all"),
    "update customer": ("putCompanyCustomer", "customers:all"),
    "create product": ("postProducts", "products:all"),
    "update product": ("putProduct", "products:all"),
    Step.CREATE: ("postCustomerInvoices", "customer_invoices:all"),
    Step.UPLOAD: ("postFileAttachments", "file_attachments:all"),
    Step.IMPORT: ("importCustomerInvoices", "customer_invoices:all"),
    Step.UPDATE: ("updateCustomerInvoice", "customer_invoices:all"),
    Step.SET_ASIDE: ("updateCustomerInvoice", "customer_invoices:all"),
    Step.DELETE: ("deleteCustomerInvoices", "customer_invoices:all"),
    Step.PRUNE: ("deleteCustomerInvoices", "customer_invoices:all"),
    Step.FINALIZE: ("finalizeCustomerInvoice", "customer_invoices:all"),
    Step.COMPLETE: ("updateCustomerInvoice", "customer_invoices:all"),
    Step.LINK: ("linkCreditNote", "customer_invoices:all"),
    Step.CATEGORIZE: ("putCustomerInvoiceCategories", "customer_invoices:all"),
    Step.ATTACH: ("postCustomerInvoiceAppendices", "customer_invoices:all"),
    Step.MATCH: ("postCustomerInvoiceMatchedTransactions", "customer_invoices:all"),
    Step.PAY: ("markAsPaidCustomerInvoice", "customer_invoices:all"),
    Step.SUBMIT: ("sendToPaCustomerInvoice", "customer_invoices:all"),
    Step.MAIL: ("sendByEmailCustomerInvoice", "customer_invoices:all"),
}


def missing_scopes(plan: Plan) -> list[str]:
    """The scopes that writing ``plan`` takes and the token that it was made with lacks, sorted."""
    writes = [f"{change.action} {change.kind}" for change in plan.prerequisites if change.busy]
    steps = [step for change in plan.invoices for step in change.steps]
    steps += [task.step for change in plan.invoices for task in change.tasks]
    steps += [Step.PRUNE] if plan.deletions else []
    # Reading needs no scope of its own: a token that may write an invoice may read it.
    needed = {OPERATIONS[name][1] for name in (*writes, *steps) if name in OPERATIONS}
    return sorted(needed - set(plan.company.scopes))


def require_scopes(plan: Plan) -> None:
    """Refuse a plan that the token may not carry out to its end.

    Raises:
        PlanRejectedError: a scope is missing.
    """
    findings = [
        Finding(
            "scope-missing",
            Severity.ERROR,
            f"the token lacks the scope {scope}, which this plan needs",
            detail="Stopping half way would leave drafts that nobody asked for.",
            fix="give the token that scope, or use another token; "
            "'pennyform auth status' shows what it may do",
        )
        for scope in missing_scopes(plan)
    ]
    if findings:
        raise PlanRejectedError(findings)
