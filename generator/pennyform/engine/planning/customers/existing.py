"""Customers that are about to be created and whom the account has already, under another reference.

The API has no filter for VAT numbers, and none that sees the SIREN in a SIRET: the newest customers are read
by the hundred and compared here. Of an account with more of them, older ones are looked up by what filters
compare as text: registration numbers, e-mail addresses, names. Nothing is asked when nobody is created.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.records import CustomerSearch, RemoteCustomer, RemoteState
from pennyform.engine.limits import CUSTOMER_PAGES, EXACT_LOOKUPS, PAGE
from pennyform.engine.planning.actions import PrerequisiteChange
from pennyform.invoices.model import CustomerBody, DesiredCustomer, Repository
from pennyform.invoices.model.identities import Identity, Likeness, Match, compare, identity_of
from pennyform.results.plan import Action
from pennyform.text import difference, fold

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
