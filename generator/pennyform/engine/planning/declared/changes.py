"""Declared customers and products against those of the account: what is kept in step, and what cannot be.

A field that a declaration does not state is not compared. What the API cannot change is a conflict: the kind
of a customer, and its ledger account, which a request names by number and an answer by id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal

from pennyform.engine.account.answers import updatable_fields
from pennyform.engine.account.records import RemoteCustomer, RemoteProduct, RemoteState
from pennyform.engine.planning.actions import PrerequisiteChange
from pennyform.engine.planning.declared.comparison import (
    CardComparison,
    compare,
    compare_customer,
    ledger_account_key,
)
from pennyform.engine.planning.resolve import in_step, named, product_with_ids
from pennyform.invoices.desired.json_bodies import to_json
from pennyform.invoices.model import (
    CustomerBody,
    DesiredCustomer,
    DesiredProduct,
    Key,
    ProductBody,
    Repository,
)
from pennyform.results.plan import Action

_LEFT = "the account's {} differs from the declaration; pennyform leaves it as it is"
_OTHER_KIND = (
    "the API cannot turn one kind of customer into the other: correct `customer_type`, or declare it under "
    "another external_reference"
)
_OTHER_ACCOUNT = (
    "the API cannot move a customer to another ledger account: change it in Pennylane, or correct "
    "`ledger_account` in its declaration, or delete it there"
)
_FIXED = "the API cannot change {}: change it in Pennylane, or correct its declaration"
# So many names are told of those that are declared for no invoice.
_MOST_NAMES = 5


def looked_up(repository: Repository, kind: Literal["customer", "product"]) -> list[str]:
    """The references of the customers or products that a plan looks up, sorted.

    Those that invoices name; and, where declarations are kept in step, those declared in the requested files.
    """
    return sorted(
        named(repository, kind) | {reference for of, reference in in_step(repository) if of == kind}
    )


def customer_accounts(repository: Repository, customers: Mapping[str, RemoteCustomer]) -> list[Key]:
    """The ledger accounts that declarations of ``customers``, which the account has, name."""
    declared = [customer for name, customer in repository.customers.items() if name in customers]
    return [key for customer in declared if (key := ledger_account_key(customer))]


def plan_prerequisites(repository: Repository, state: RemoteState) -> Iterator[PrerequisiteChange]:
    """What is done about each declared customer and product that was looked up, by reference.

    One that the account lacks is created when invoices name it, and left alone otherwise.
    """
    update = repository.settings.declared == "update"
    customers, products = named(repository, "customer"), named(repository, "product")
    for reference in looked_up(repository, "customer"):
        customer, known = repository.customers.get(reference), state.customers.get(reference)
        if customer and known:
            yield _plan_customer(customer, known, state, update=update)
        elif customer and reference in customers:
            yield PrerequisiteChange(customer, customer.body, Action.CREATE)
    for reference in looked_up(repository, "product"):
        product, sold = repository.products.get(reference), state.products.get(reference)
        if product and sold:
            yield _plan_product(product, sold, state, update=update)
        elif product and reference in products:
            body = product_with_ids(product.body, state.identify)
            yield PrerequisiteChange(product, body, Action.CREATE)


def unnamed(repository: Repository, state: RemoteState) -> list[str]:
    """In one sentence, if any: what is declared and missing, and not created as no invoice names it."""
    texts = []
    for kind, present in (("customer", state.customers), ("product", state.products)):
        of_kind: Literal["customer", "product"] = "customer" if kind == "customer" else "product"
        names = sorted({*looked_up(repository, of_kind)} - named(repository, of_kind) - present.keys())
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        listed = f"{', '.join(names[:_MOST_NAMES])}{more}"
        texts += [f"{kind}{'' if len(names) == 1 else 's'} {listed}"] if names else []
    return [f"declared, but not created as no invoice names them: {'; '.join(texts)}"] if texts else []


def _plan_customer(
    desired: DesiredCustomer, remote: RemoteCustomer, state: RemoteState, *, update: bool
) -> PrerequisiteChange:
    card = compare_customer(desired, remote, state)
    fixed = {
        "customer_type": _OTHER_KIND,
        "ledger_account": _OTHER_ACCOUNT,
    }
    return _decide(desired, desired.body, remote, card, fixed, update=update)


def _plan_product(
    desired: DesiredProduct, remote: RemoteProduct, state: RemoteState, *, update: bool
) -> PrerequisiteChange:
    body = product_with_ids(desired.body, state.identify)
    return _decide(desired, body, remote, compare(body, remote.body), {}, update=update)


def _decide(
    desired: DesiredCustomer | DesiredProduct,
    body: CustomerBody | ProductBody,
    remote: RemoteCustomer | RemoteProduct,
    card: CardComparison,
    fixed: Mapping[str, str],
    *,
    update: bool,
) -> PrerequisiteChange:
    """The action that ``card`` asks for; ``fixed`` are ways out of what no update can change, by field."""
    change = PrerequisiteChange(
        desired, body, Action.NO_OP, remote, card.differences, unverifiable=card.unverifiable
    )
    names = list(dict.fromkeys(difference.pointer.split("/")[1] for difference in card.differences))
    if not names:
        return change
    if not update:
        return replace(change, warnings=(_LEFT.format(change.kind),))
    takes = updatable_fields(desired.customer_type if isinstance(desired, DesiredCustomer) else "product")
    stuck = [name for name in names if name not in takes]
    if stuck:
        ways_out = tuple(fixed.get(name, _FIXED.format(name)) for name in stuck)
        return replace(change, action=Action.CONFLICT, ways_out=ways_out)
    declared = to_json(body)
    # An address goes as a whole: whether the API keeps the parts that are left out is not known for certain.
    return replace(change, action=Action.UPDATE, update={name: declared[name] for name in names})
