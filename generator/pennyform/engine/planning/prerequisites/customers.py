"""Customers of the account: the cards that stand on invoices, what sending needs of them, and duplicates.

A draft that becomes final takes the customer's card as it is at that moment, whatever it was when the draft
was made. So the card is part of what is planned, checked and remembered.

A customer that is about to be created may be there already, under another reference. The API has no filter
for VAT numbers, and none that sees the SIREN in a SIRET: the newest customers are read by the hundred and
compared here. Of an account with more of them, older ones are looked up by what filters compare as text:
registration numbers, e-mail addresses, names. Nothing is asked when nobody is created.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.records import CustomerSearch, RemoteCustomer, RemoteInvoice, RemoteState
from pennyform.engine.limits import CARD_INVOICES, CUSTOMER_PAGES, EXACT_LOOKUPS, PAGE
from pennyform.engine.planning.actions import InvoiceChange, PrerequisiteChange, Step
from pennyform.engine.planning.diff import Difference
from pennyform.engine.planning.prerequisites.declared import card_of, compare_bodies
from pennyform.engine.planning.resolve import as_declared
from pennyform.findings import Finding, Severity
from pennyform.invoices.checks.customers import email_problem
from pennyform.invoices.checks.vat import SAME_COUNTRY, UNION
from pennyform.invoices.desired.json_bodies import to_json
from pennyform.invoices.model import (
    CustomerBody,
    DesiredCustomer,
    DesiredInvoice,
    Id,
    ImportedInvoiceBody,
    Key,
    Repository,
)
from pennyform.invoices.model.identities import Identity, Likeness, Match, compare, identity_of
from pennyform.invoices.money.vat_codes import rates
from pennyform.invoices.schema.rules import with_rule_texts
from pennyform.results.plan import Action
from pennyform.text import difference, fold

_CHANGED_SINCE = (
    "the card of its customer changed since it was issued; the invoice keeps the one that it was issued to"
)


def is_checked(change: InvoiceChange) -> bool:
    """Whether the customer's card is read before the invoice becomes final: it is issued to that card.

    An import was issued elsewhere; only where Pennylane makes an e-invoice of it, the card is part of that.
    """
    if change.resolved.customer is None:
        return False
    body = change.resolved.body
    is_converted = isinstance(body, ImportedInvoiceBody) and bool(body.convert_to_e_invoice)
    return Step.FINALIZE in change.steps or (is_converted and Step.IMPORT in change.steps)


def card_requests(changes: Iterable[InvoiceChange]) -> int:
    """How many requests read the cards of customers, before invoices become final and after the last one."""
    customers: list[Id] = [change.resolved.body.customer_id for change in changes if is_checked(change)]
    read: dict[Id, int] = {}
    count = 0
    for number, customer in enumerate(customers):
        if customer not in read or number - read[customer] >= CARD_INVOICES:
            batch = list(dict.fromkeys(customers[number:]))[:PAGE]
            read.update(dict.fromkeys(batch, number))
            count += 1
    return count + ceil(len(set(customers)) / PAGE)


def buyer_differences(change: InvoiceChange, now: CustomerBody) -> tuple[Difference, ...]:
    """Where the card ``now`` is not the one that an invoice is planned for; pointers begin ``/customer``.

    E-mail addresses count where the invoice is to be mailed to them.
    """
    expected = change.resolved.customer
    if expected is None:
        return ()
    is_mailed = any(task.step is Step.MAIL and not task.recipients for task in change.tasks)
    card = card_of(expected, ("emails",) if is_mailed else ())
    return _of_customer(compare_bodies(card, now).differences)


def _of_customer(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    return tuple(Difference(f"/customer{row.pointer}", row.want, row.have) for row in differences)


@dataclass(frozen=True, slots=True)
class BuyerVerdict:
    """How the buyer of an invoice stands against its declaration; ``note`` says what else is known of it."""

    differences: tuple[Difference, ...] = ()
    note: str = ""


def verify_buyer(
    invoice: DesiredInvoice, remote: RemoteInvoice, repository: Repository, state: RemoteState
) -> BuyerVerdict:
    """Compare the buyer of an invoice with its declaration.

    No answer of the API shows the card that a final invoice was issued to. The journal remembers it for those
    that this repository made final: such an invoice is not wrong when the card changes later.
    """
    customer = state.customer(invoice.body.customer_id)
    if customer is None:
        return BuyerVerdict()
    card = customer.body
    # Also one that is named by its id.
    desired = repository.customers.get(card.external_reference or "")
    declared = desired.body if desired else None
    differences = compare_bodies(card_of(declared), card).differences if declared else ()
    issued = "" if remote.draft else state.replayed.cards.get(invoice.external_reference, "")
    if not issued:
        return BuyerVerdict(_of_customer(differences))
    is_declared = declared is None or issued == card_digest(as_declared(card, declared))
    note = "" if issued == card_digest(card) else _CHANGED_SINCE
    return BuyerVerdict(() if is_declared else _of_customer(differences), note)


def card_digest(body: CustomerBody) -> str:
    """A digest of what stands on an invoice: the same for two cards that nobody can tell apart there."""
    text = json.dumps(_filled(to_json(card_of(body))), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _filled(value: object) -> object:
    """JSON without what is empty: null, an empty text, and a field that is left out are the same."""
    if isinstance(value, dict):
        members = {name: _filled(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member not in (None, "", {}, [])}
    return value


_IN_ACCOUNT = "The customer is not declared here: this is what the account has of it."


def check_card(change: InvoiceChange) -> list[Finding]:
    """What the card of a customer lacks that an invoice will need; nothing for declared customers."""
    card = change.resolved.customer
    if not change.busy or card is None or change.resolved.is_customer_declared:
        return []
    return list(with_rule_texts([*_mail_problems(change, card), *_platform_problems(change, card)]))


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
    address = card.billing_address
    country = (address.country_alpha2 or "") if address else ""
    is_person = bool(card.first_name or card.last_name)
    if not code or is_person or SAME_COUNTRY.get(country, country) not in UNION:
        return change
    warning = (
        f"`{code}` leaves the tax to the customer, which has no VAT number in the account (vat-buyer-number)"
    )
    return replace(change, warnings=(*change.warnings, warning))


def _mail_problems(change: InvoiceChange, card: CustomerBody) -> Iterator[Finding]:
    mail = next((task for task in change.tasks if task.step is Step.MAIL and not task.recipients), None)
    if mail and not card.emails:
        yield _finding(change, "mail-without-address", "its customer has no e-mail address in the account")
    for email in (card.emails or ()) if mail else ():
        if email_problem(email):
            summary = f"no mail can be sent to `{email[:80]}`, which its customer has in the account"
            yield _finding(change, "email-address", summary)


def _platform_problems(change: InvoiceChange, card: CustomerBody) -> Iterator[Finding]:
    if any(task.step is Step.SUBMIT for task in change.tasks) and not card.reg_no:
        yield _finding(change, "platform-without-number", "its customer has no `reg_no` in the account")


def _finding(change: InvoiceChange, rule: str, summary: str) -> Finding:
    customer = change.desired.body.customer_id
    place = customer.place if isinstance(customer, Key) else change.desired.place
    return Finding(
        rule,
        Severity.ERROR,
        f"{change.external_reference}: {summary}",
        *place,
        detail=_IN_ACCOUNT,
    )


_LIMITED = (
    "the account has more than {:,} customers: whether those to be created are among the older ones was only "
    "looked up by registration number and e-mail address as written, and by name where there is a VAT number"
)
_NAME_IT = "or name it on the invoices, as in `customer: {{id: {}}}`, and delete this declaration"
_ALLOW = "or set `duplicate_customers: warn` under `policies` in pennyform.yaml, if both are meant"


def search_customers(bodies: Sequence[CustomerBody], account: AccountClient) -> CustomerSearch:
    """Look for customers of the account that may be ``bodies``, which are about to be created.

    Raises:
        OutcomeError: the account could not be read.
    """
    rows, is_complete = account.newest_customers(CUSTOMER_PAGES)
    if not is_complete:
        identities = [identity_of(body) for body in bodies]
        numbers = {number for identity in identities for number in _number_forms(identity)}
        rows += account.customers_like("reg_no", numbers | {body.reg_no for body in bodies if body.reg_no})
        rows += account.customers_like("emails", {email for body in bodies for email in body.emails or ()})
        for name in sorted({body.name for body in bodies if body.name and body.vat_number})[:EXACT_LOOKUPS]:
            rows += account.customers_like("name", {name})
    by_id = {row.id: row for row in rows}
    return CustomerSearch(tuple(by_id.values()), is_complete)


def _number_forms(identity: Identity) -> Iterator[str]:
    """The ways in which people write a SIREN and a SIRET."""
    siren = identity.siren
    if siren:
        spaced = f"{siren[:3]} {siren[3:6]} {siren[6:]}"
        yield from (siren, spaced)
        if identity.siret:
            branch = identity.siret[len(siren) :]
            yield from (identity.siret, f"{spaced} {branch}", f"{siren} {branch}")


def limited_search() -> str:
    """What was not looked for, when not all customers of the account were compared."""
    return _LIMITED.format(CUSTOMER_PAGES * PAGE)


def with_existing(
    changes: Iterable[PrerequisiteChange], repository: Repository, state: RemoteState
) -> Iterator[PrerequisiteChange]:
    """``changes``, with a conflict or a warning where a customer to be created is there already."""
    rows = [(row, identity_of(row.body)) for row in state.search.rows]
    allowed = repository.settings.policies.duplicate_customers != "forbid"
    for change in changes:
        if isinstance(change.desired, DesiredCustomer) and change.action is Action.CREATE and rows:
            yield _compared(change, change.desired, rows, repository, allowed=allowed)
        else:
            yield change


def _compared(
    change: PrerequisiteChange,
    desired: DesiredCustomer,
    rows: Iterable[tuple[RemoteCustomer, Identity]],
    repository: Repository,
    *,
    allowed: bool,
) -> PrerequisiteChange:
    identity, reference = identity_of(desired.body), desired.external_reference
    ways_out: list[str] = []
    warnings: list[str] = []
    for row, other in rows:
        # Two declared ones are compared where they are written.
        if (existing := row.body.external_reference or "") in repository.customers:
            continue
        match = compare(identity, other)
        if fold(existing) == fold(reference):
            ways_out.append(
                f"the account has the customer {existing} ({row.body.full_name}, id {row.id}), which looks "
                f"the same: {difference(reference, existing)}; write this reference like that one, or change "
                "it in Pennylane"
            )
        elif match and match.likeness is Likeness.SAME and not allowed:
            way_out = f"give that one the external_reference {reference} in Pennylane"
            ways_out += [f"{_describe(row, match)}: {way_out}", _NAME_IT.format(row.id), _ALLOW]
        elif match:
            warnings.append(f"{_describe(row, match)}, which stays another customer")
    if ways_out:
        return replace(change, action=Action.CONFLICT, ways_out=tuple(ways_out), warnings=tuple(warnings))
    return replace(change, warnings=(*change.warnings, *warnings))


def _describe(row: RemoteCustomer, match: Match) -> str:
    reference = f", external_reference {row.body.external_reference}" if row.body.external_reference else ""
    what = "another establishment of" if match.likeness is Likeness.ESTABLISHMENT else "with"
    return (
        f"the account has a customer {what} the same {match.name}, {match.value}: "
        f"{row.body.full_name} (id {row.id}{reference})"
    )
