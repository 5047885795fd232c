"""Which scopes a plan takes, so that a token that lacks one is refused before the first write."""

from __future__ import annotations

from collections.abc import Mapping

from pennyform.engine.planning.actions import Step
from pennyform.engine.planning.plan import Plan
from pennyform.engine.planning.preflight import PlanRejectedError
from pennyform.findings import Finding, Severity
from pennyform.results.plan import Action

# Per write, the operation of the contract. What an operation needs is the contract's to say: a test holds
# the scopes below against it.
OPERATIONS: Mapping[str, tuple[str, str]] = {
    "customer": ("postCompanyCustomer", "customers:all"),
    "product": ("postProducts", "products:all"),
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


def missing(plan: Plan) -> list[str]:
    """The scopes that writing ``plan`` takes and the token that it was made with lacks, sorted."""
    created = [change.kind for change in plan.prerequisites if change.action is Action.CREATE]
    steps = [step for change in plan.invoices for step in change.steps]
    steps += [task.step for change in plan.invoices for task in change.tasks]
    steps += [Step.PRUNE] if plan.orphans else []
    # Reading needs no scope of its own: a token that may write an invoice may read it.
    needed = {OPERATIONS[name][1] for name in (*created, *steps) if name in OPERATIONS}
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
        for scope in missing(plan)
    ]
    if findings:
        raise PlanRejectedError(findings)
