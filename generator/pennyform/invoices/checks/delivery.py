"""What sending an invoice needs of its customer: an address for mails, a number that the platform knows."""

from __future__ import annotations

from collections.abc import Iterator

from pennyform.findings import Finding
from pennyform.invoices.checks.customers import check_email
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.model import DesiredCustomer


def check_delivery(resolved: ResolvedInvoice, customer: DesiredCustomer | None) -> Iterator[Finding]:
    """Mails that would go nowhere and submissions that the platform would refuse, once the invoice is final.

    Args:
        resolved: the invoice.
        customer: its customer, when it is declared here; of others only the account knows.
    """
    document, options = resolved.document, resolved.invoice.options
    mail = options.send_by_email
    for index, recipient in enumerate(mail.recipients if mail else ()):
        yield from check_email(document, ("options", "send_by_email", "recipients", index), recipient)
    if customer is None:
        return
    reference, place = customer.external_reference, customer.place
    if mail and not mail.recipients and not customer.body.emails:
        yield document.finding(
            "mail-without-address",
            f"the customer `{reference}` has no e-mail address",
            ("options", "send_by_email"),
            detail=f"The customer is declared at {place}. The mail would fail once the invoice is final.",
        )
    if options.send_to_pa and not customer.body.reg_no:
        is_business = customer.customer_type == "company"
        problem = "has no `reg_no`" if is_business else "is a person, who has no `reg_no`"
        yield document.finding(
            "platform-without-number",
            f"the customer `{reference}` {problem}",
            ("options", "send_to_pa"),
            detail=f"The customer is declared at {place}. The platform would refuse the final invoice.",
            fix="" if is_business else "delete the option",
        )
