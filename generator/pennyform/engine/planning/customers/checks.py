"""What sending an invoice needs of a customer that only the account knows, by the rules for declared ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pennyform.engine.planning.actions import InvoiceChange, Step
from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.customers import email_problem
from pennyform.invoices.checks.vat import SAME_COUNTRY, UNION
from pennyform.invoices.model import CustomerBody, Key
from pennyform.invoices.money.vat_codes import rates
from pennyform.invoices.schema.rules import with_rule_texts

_IN_ACCOUNT = "The customer is not declared here: this is what the account has of it."


def check_card(change: InvoiceChange) -> list[Finding]:
    """What the card of a customer lacks that an invoice will need; nothing for declared customers."""
    card = change.resolved.customer
    if not change.busy or card is None or change.resolved.is_customer_declared:
        return []
    return list(with_rule_texts([*_mail(change, card), *_platform(change, card)]))


def with_card_warnings(change: InvoiceChange) -> InvoiceChange:
    """``change`` with a warning where its tax is left to a buyer without a VAT number in the account."""
    card = change.resolved.customer
    is_written = change.busy and (change.remote is None or change.remote.draft)
    if not is_written or card is None or change.resolved.is_customer_declared or card.vat_number:
        return change
    codes = (rates().get(line.vat_rate or "") for line in change.resolved.lines)
    code = next(
        (rate.code for rate in codes if rate and rate.reverse_charge and rate.country in ("", "FR")), ""
    )
    if not code or not _is_company_in_union(card):
        return change
    warning = (
        f"`{code}` leaves the tax to the customer, which has no VAT number in the account (vat-buyer-number)"
    )
    return replace(change, warnings=(*change.warnings, warning))


def _mail(change: InvoiceChange, card: CustomerBody) -> Iterator[Finding]:
    mail = next((task for task in change.tasks if task.step is Step.MAIL and not task.recipients), None)
    if mail and not card.emails:
        yield _finding(change, "mail-without-address", "its customer has no e-mail address in the account")
    for email in (card.emails or ()) if mail else ():
        if email_problem(email):
            summary = f"no mail can be sent to `{email[:80]}`, which its customer has in the account"
            yield _finding(change, "email-address", summary)


def _platform(change: InvoiceChange, card: CustomerBody) -> Iterator[Finding]:
    if any(task.step is Step.SUBMIT for task in change.tasks) and not card.reg_no:
        yield _finding(change, "platform-without-number", "its customer has no `reg_no` in the account")


def _is_company_in_union(card: CustomerBody) -> bool:
    address = card.billing_address
    country = (address.country_alpha2 or "") if address else ""
    is_person = bool(card.first_name or card.last_name)
    return not is_person and SAME_COUNTRY.get(country, country) in UNION


def _finding(change: InvoiceChange, rule: str, summary: str) -> Finding:
    customer = change.desired.body.customer_id
    place = customer.place if isinstance(customer, Key) else change.desired.place
    return Finding(
        rule,
        Severity.ERROR,
        f"{change.external_reference}: {summary}",
        file=place.file,
        line=place.line,
        column=place.column,
        detail=_IN_ACCOUNT,
    )
