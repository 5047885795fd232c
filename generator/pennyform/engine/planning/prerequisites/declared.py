"""Declared customers and products against those of the account: what is kept in step, and what cannot be.

A field that a declaration does not state is not compared. What the API cannot change is a conflict: the kind
of a customer, and its ledger account, which a request names by number and an answer by id. What is in
conflict, or is left as it is, stops the invoices that name it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from pennyform.engine.account import own_contract
from pennyform.engine.account.answers import updatable_fields
from pennyform.engine.account.records import RemoteCustomer, RemoteProduct, RemoteState
from pennyform.engine.planning.actions import PrerequisiteChange
from pennyform.engine.planning.dependencies import in_step, named, prerequisites_of
from pennyform.engine.planning.diff import Difference, as_defined, same_json, same_value
from pennyform.engine.planning.resolve import product_with_ids
from pennyform.findings import first_names
from pennyform.invoices.desired.json_bodies import to_json, write_field
from pennyform.invoices.model import (
    UNSET,
    CustomerBody,
    DesiredCustomer,
    DesiredInvoice,
    DesiredProduct,
    Key,
    LineBody,
    ProductBody,
    Repository,
    lines_of,
    set_fields,
)
from pennyform.invoices.money.totals import FROM_PRODUCT
from pennyform.results.plan import Action

_LEFT = "the account's {} differs from the declaration; pennyform leaves it as it is"
# Ways out of what no update of a customer can change, by field.
_STUCK = {
    "customer_type": (
        "the API cannot turn one kind of customer into the other: correct `customer_type`, or declare it "
        "under another external_reference"
    ),
    "ledger_account": (
        "the API cannot move a customer to another ledger account: change it in Pennylane, or correct "
        "`ledger_account` in its declaration, or delete it there"
    ),
}
_FIXED = "the API cannot change {}: change it in Pennylane, or correct its declaration"
_CONFLICT = "the {} {} that it names is in conflict: no invoice is written until that is settled"
_OTHER_VALUE = (
    "line {} takes its {} from the product {}, which says {} in the account and {} in its declaration: "
    "correct one of the two, state it on the line, or set 'declared: update' in pennyform.yaml"
)
_OTHER_CARD = (
    "it would be issued to the card that the account has of {}, which is not the declared one ({}): correct "
    "one of the two, or set 'declared: update' in pennyform.yaml"
)
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
            card = compare_customer(customer, known, state)
            takes = _updatable(repository, customer.customer_type) if update else None
            yield _decide(customer, customer.body, known, card, _STUCK, takes)
        elif customer and reference in customers:
            yield PrerequisiteChange(customer, customer.body, Action.CREATE)
    for reference in looked_up(repository, "product"):
        product, sold = repository.products.get(reference), state.products.get(reference)
        if product and sold:
            body = product_with_ids(product.body, state.identify)
            takes = _updatable(repository, "product") if update else None
            yield _decide(product, body, sold, compare_bodies(body, sold.body), {}, takes)
        elif product and reference in products:
            body = product_with_ids(product.body, state.identify)
            yield PrerequisiteChange(product, body, Action.CREATE)


def unnamed(repository: Repository, state: RemoteState) -> list[str]:
    """In one sentence, if any: what is declared and missing, and not created as no invoice names it."""
    texts = []
    for kind, present in (("customer", state.customers), ("product", state.products)):
        of_kind: Literal["customer", "product"] = "customer" if kind == "customer" else "product"
        names = sorted({*looked_up(repository, of_kind)} - named(repository, of_kind) - present.keys())
        plural = "" if len(names) == 1 else "s"
        texts += [f"{kind}{plural} {first_names(names, _MOST_NAMES)}"] if names else []
    return [f"declared, but not created as no invoice names them: {'; '.join(texts)}"] if texts else []


def _updatable(repository: Repository, kind: str) -> frozenset[str]:
    """The fields that an update takes by the contract that holds."""
    if repository.settings.contract:
        return own_contract.updatable_fields(repository.settings.schemas / "company", kind)
    return updatable_fields(kind)


def _decide(
    desired: DesiredCustomer | DesiredProduct,
    body: CustomerBody | ProductBody,
    remote: RemoteCustomer | RemoteProduct,
    card: CardComparison,
    fixed: Mapping[str, str],
    takes: frozenset[str] | None,
) -> PrerequisiteChange:
    """The action that ``card`` asks for.

    ``fixed`` are ways out of what no update can change, by field; ``takes`` are the fields that an update
    takes, None where nothing is updated.
    """
    change = PrerequisiteChange(
        desired, body, Action.NO_OP, remote, card.differences, unverifiable=card.unverifiable
    )
    names = list(dict.fromkeys(difference.pointer.split("/")[1] for difference in card.differences))
    if not names:
        return change
    if takes is None:
        return replace(change, warnings=(_LEFT.format(change.kind),))
    stuck = [name for name in names if name not in takes]
    if stuck:
        ways_out = tuple(fixed.get(name, _FIXED.format(name)) for name in stuck)
        return replace(change, action=Action.CONFLICT, ways_out=ways_out)
    declared = to_json(body)
    # An address goes as a whole: whether the API keeps the parts that are left out is not known for certain.
    return replace(change, action=Action.UPDATE, update={name: declared[name] for name in names})


@dataclass(frozen=True, slots=True)
class Obstacles:
    """Customers and products of a plan that stop invoices, by kind and reference or id.

    ``in_conflict`` cannot be made what their declarations say; ``drifted`` are products that differ from them
    and are left as they are, so that a line would not take what its definition shows. ``drifted_cards`` are
    such customers, by reference and by id.
    """

    in_conflict: Mapping[tuple[str, str | int], PrerequisiteChange]
    drifted: Mapping[str, PrerequisiteChange]
    drifted_cards: Mapping[str | int, PrerequisiteChange]

    def ways_out(self, invoice: DesiredInvoice) -> tuple[str, ...]:
        """What has to be settled before ``invoice`` is written, in sentences; empty when nothing has."""
        names = dict.fromkeys(prerequisites_of(invoice.body))
        conflicts = [self.in_conflict[name] for name in names if name in self.in_conflict]
        texts = [_CONFLICT.format(change.kind, change.external_reference) for change in conflicts]
        for number, line in enumerate(lines_of(invoice.body), start=1):
            texts += self._other_values(number, line)
        return tuple(texts)

    def other_buyer(self, invoice: DesiredInvoice) -> tuple[str, ...]:
        """Why ``invoice`` may not become final: its customer's card is left as it is, and not as declared."""
        names = (name for kind, name in prerequisites_of(invoice.body) if kind == "customer")
        change = next((self.drifted_cards[name] for name in names if name in self.drifted_cards), None)
        if change is None:
            return ()
        fields = (difference.pointer.split("/")[1] for difference in change.differences)
        differing = ", ".join(dict.fromkeys(name for name in fields if name in CARD))
        return (_OTHER_CARD.format(change.external_reference, differing),) if differing else ()

    def _other_values(self, number: int, line: LineBody) -> Iterator[str]:
        product = line.product_id
        if not isinstance(product, Key) or product.field == "id" or product.value not in self.drifted:
            return
        change = self.drifted[str(product.value)]
        differences = {difference.pointer.removeprefix("/"): difference for difference in change.differences}
        for name, of_product in FROM_PRODUCT.items():
            difference = differences.get(of_product)
            if difference and getattr(line, name) is UNSET:
                have, want = difference.have or "nothing", difference.want or "nothing"
                field = of_product.replace("_", " ")
                yield _OTHER_VALUE.format(number, field, change.external_reference, have, want)


def obstacles(changes: Iterable[PrerequisiteChange]) -> Obstacles:
    """What of ``changes``, all customers and products of a plan, stops invoices."""
    changes = list(changes)
    in_conflict: dict[tuple[str, str | int], PrerequisiteChange] = {
        (change.kind, name): change
        for change in changes
        if change.action is Action.CONFLICT
        for name in (change.external_reference, change.id)
        if name is not None
    }
    drifted = {
        change.external_reference: change
        for change in changes
        if change.kind == "product" and change.action is Action.NO_OP and change.differences
    }
    drifted_cards = {
        name: change
        for change in changes
        if change.kind == "customer" and change.action is Action.NO_OP and change.differences
        for name in (change.external_reference, change.id or 0)
    }
    return Obstacles(in_conflict, drifted, drifted_cards)


# What stands on an invoice of its buyer, or says who that is.
CARD = (
    "name",
    "first_name",
    "last_name",
    "recipient",
    "billing_address",
    "delivery_address",
    "reg_no",
    "vat_number",
)


@dataclass(frozen=True, slots=True)
class CardComparison:
    """Where a record of the account is not what its declaration states; all pointers are into its body.

    ``unverifiable`` are pointers to what no answer of the API shows.
    """

    differences: tuple[Difference, ...]
    unverifiable: tuple[str, ...] = ()


def compare_customer(desired: DesiredCustomer, remote: RemoteCustomer, state: RemoteState) -> CardComparison:
    """Compare a declared customer with the one that the account has under its reference.

    Args:
        desired: the declaration.
        remote: the customer of the account.
        state: knows the ids of ledger accounts by number (:func:`customer_accounts`).
    """
    if desired.customer_type != remote.customer_type:
        # The two kinds have other fields: nothing else can be compared.
        kind = Difference("/customer_type", desired.customer_type, remote.customer_type)
        return CardComparison((kind,))
    card = compare_bodies(desired.body._replace(ledger_account=UNSET), remote.body)
    account = ledger_account_key(desired)
    # One number can belong to several accounts, one for each VAT set-up.
    if account is None or remote.ledger_account_id in state.ids_of(account):
        return card
    other = {"id": remote.ledger_account_id} if remote.ledger_account_id else None
    difference = Difference("/ledger_account", desired.body.ledger_account, other)
    return CardComparison((*card.differences, difference), card.unverifiable)


def compare_bodies(body: CustomerBody | ProductBody, remote: CustomerBody | ProductBody) -> CardComparison:
    """Compare what ``body`` states, with ids in place, with what the account has."""
    differences: list[Difference] = []
    unverifiable: list[str] = []
    for name, value in set_fields(body):
        remote_value = getattr(remote, name, UNSET)
        if remote_value is UNSET:
            remote_value = remote.extra.get(name, UNSET)
        if remote_value is UNSET:
            unverifiable.append(f"/{name}")
        elif name in body.extra:
            differences += (
                [] if same_json(value, remote_value) else [Difference(f"/{name}", value, remote_value)]
            )
        else:
            differences += _field(f"/{name}", name, value, remote_value)
    return CardComparison(tuple(differences), tuple(unverifiable))


def _field(pointer: str, name: str, want: Any, have: Any) -> Iterator[Difference]:
    if hasattr(want, "_fields"):
        for part, value in set_fields(want):
            remote_value = getattr(have, part, UNSET) if have else None
            if remote_value is UNSET:
                remote_value = have.extra.get(part)
            yield from _field(f"{pointer}/{part}", part, value, remote_value)
    elif isinstance(want, tuple):
        # The order of mail addresses is nobody's concern.
        if sorted(want) != sorted(have or ()):
            yield Difference(pointer, list(want), as_defined(name, have))
    elif not same_value(want, have):
        yield Difference(pointer, write_field(name, want), as_defined(name, have))


def ledger_account_key(customer: DesiredCustomer) -> Key | None:
    """The key of the ledger account that a declared customer names by its number, if it does."""
    account = customer.body.ledger_account
    number = account.get("number") if isinstance(account, Mapping) else None
    return Key("ledger_account", "number", str(number), customer.place) if number else None


def card_of(body: CustomerBody, more: Iterable[str] = ()) -> CustomerBody:
    """``body`` with nothing but what stands on an invoice, and the fields ``more``."""
    names = (*CARD, *more)
    return CustomerBody(**{name: getattr(body, name) for name in names if getattr(body, name) is not UNSET})
