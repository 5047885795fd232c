"""A definition made concrete: ids in place of natural keys, product lines filled in, totals computed.

A natural key that stands for nothing, or for more than one record, is a finding (:class:`UnresolvedError`).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

from pennyform.engine.account.records import RemoteInvoice, RemoteLine, RemoteState
from pennyform.engine.planning.dependencies import in_step, named, natural_keys
from pennyform.findings import Finding, Severity, tidy
from pennyform.invoices import totals
from pennyform.invoices.model import (
    UNSET,
    Body,
    CustomerBody,
    DesiredInvoice,
    Id,
    ImportedInvoiceBody,
    InvoiceLine,
    Key,
    LegalNumber,
    LineBody,
    ProductBody,
    Repository,
    lines_of,
    pending_texts,
    set_fields,
    settled,
)
from pennyform.invoices.money.totals import FROM_PRODUCT, Totals, fill_from_product
from pennyform.invoices.money.vat_codes import UnknownVatCodeError

T = TypeVar("T")
P = TypeVar("P", CustomerBody, ProductBody)
Identify = Callable[[Key], int | None]


_PLURALS = {"category": "categories"}


class PlanRejectedError(Exception):
    """Definitions ask for what may not, or cannot, be carried out. Carries a finding for each."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(findings[0].summary)
        self.findings = findings


class UnresolvedError(PlanRejectedError):
    """Definitions name what does not exist, or what is ambiguous. Carries a finding for each."""


@contextmanager
def known_vat_codes(name: str) -> Iterator[None]:
    """Reject the plan where ``name`` has a VAT code of the account whose rate is unknown.

    Raises:
        PlanRejectedError: it has.
    """
    try:
        yield
    except UnknownVatCodeError as problem:
        finding = Finding(
            "vat-code-unknown",
            Severity.ERROR,
            f"{name} has the VAT code {problem.code} from the account, and its rate is not known",
            detail="What the invoice comes to cannot be compared with what the account makes of it.",
            fix="state another vat_rate in its lines or their product, or use a newer pennyform",
        )
        raise PlanRejectedError([finding]) from None


class OutdatedValue(NamedTuple):
    """A value of a final line that came from its product, and what it would be today."""

    pointer: str
    issued: object
    today: object


@dataclass(frozen=True, slots=True)
class Resolved:
    """What an invoice should be in the account.

    ``body`` is the definition's, with ids where they are known (a :class:`Key` stays where the thing has yet
    to be created). ``lines`` are its lines with what the API fills in from products. ``customer`` is whom it
    is for, as the plan leaves the card, where that is known; ``is_customer_declared`` whether the repository
    declares it. ``outdated`` are values that a final invoice took from products and would not take today.
    """

    body: Body
    lines: tuple[LineBody, ...]
    totals: Totals
    customer: CustomerBody | None = None
    is_customer_declared: bool = False
    outdated: tuple[OutdatedValue, ...] = ()

    def with_ids(self, identify: Identify) -> Resolved:
        """The same with the ids that are known by now."""
        lines = tuple(line_with_ids(line, identify) for line in self.lines)
        return replace(self, body=with_ids(self.body, identify), lines=lines)

    def with_numbers(self, number: LegalNumber) -> Resolved:
        """The same with the legal numbers of other invoices that are known by now."""
        return replace(self, body=settled(self.body, number), lines=settled(self.lines, number))

    @property
    def missing_numbers(self) -> tuple[str, ...]:
        """The invoices whose numbers its texts wait for, by reference."""
        texts = pending_texts((self.body, self.lines))
        return tuple(dict.fromkeys(reference for text in texts for reference in text.references))


@dataclass(frozen=True, slots=True)
class Resolver:
    """Makes definitions concrete.

    ``identify`` gives the id for a natural key, None when it is not known; ``product`` the fields that
    the API fills a line from, ``customer`` those of a customer, and ``is_declared`` whether the repository
    declares it; ``rounding`` is ``line`` or ``document``.
    """

    identify: Identify
    product: Callable[[Id], ProductBody | None]
    customer: Callable[[Id], CustomerBody | None]
    is_declared: Callable[[Id], bool]
    rounding: str

    def resolve(self, invoice: DesiredInvoice, remote: RemoteInvoice | None = None) -> Resolved:
        """Make ``invoice`` concrete as it would be created today, or as it stands once ``remote`` is final.

        What a finalized line took from its product still holds, whatever the product says now: such fields
        are taken from the finalized line itself.
        """
        body = with_ids(invoice.body, self.identify)
        lines = [fill_from_product(line, self.product) for line in lines_of(invoice.body)]
        outdated: tuple[OutdatedValue, ...] = ()
        name = invoice.external_reference
        if remote is not None and not remote.draft:
            lines = _booked_as_finalized(lines, invoice, remote)
            definitions, today = lines_of(body), lines
            lines = [
                _as_finalized(definitions[index], line, remote.lines[index : index + 1])
                for index, line in enumerate(lines)
            ]
            outdated = tuple(_outdated(lines, today))
        filled = tuple(line_with_ids(line, self.identify) for line in lines)
        buyer = (
            self.customer(invoice.body.customer_id),
            self.is_declared(invoice.body.customer_id),
        )
        if isinstance(body, ImportedInvoiceBody):
            if invoice.e_invoice_lines:
                # What Pennylane makes of a file's code for a unit is not for a definition to say.
                filled = tuple(line._replace(unit=UNSET) for line in filled)
            with known_vat_codes(name):
                amounts = totals(body, rounding=self.rounding, product=lambda _: None)
            return Resolved(body, filled, amounts, *buyer, outdated)
        # The lines are filled in already: they need no product any more.
        with known_vat_codes(name):
            amounts = totals(
                body._replace(invoice_lines=filled),  # type: ignore[arg-type]
                rounding=self.rounding,
                product=lambda _: None,
            )
        return Resolved(body, filled, amounts, *buyer, outdated)


def with_ids(body: Body, identify: Identify) -> Body:
    """A copy of ``body`` in which each :class:`Key` is its id, or stays when ``identify`` gives None."""
    lines = tuple(line_with_ids(line, identify) for line in lines_of(body))
    customer_id = id_of(body.customer_id, identify)
    if isinstance(body, ImportedInvoiceBody):
        return body._replace(customer_id=customer_id, invoice_lines=lines)  # type: ignore[arg-type]
    return body._replace(
        customer_id=customer_id,
        customer_invoice_template_id=id_of(body.customer_invoice_template_id, identify),
        invoice_lines=lines,  # type: ignore[arg-type]
    )


def line_with_ids(line: LineBody, identify: Identify) -> LineBody:
    """``line`` with ids for its product and its account, as far as ``identify`` knows them."""
    if not line.product_id and not line.ledger_account_id:
        return line
    return line._replace(
        product_id=id_of(line.product_id, identify),
        ledger_account_id=id_of(line.ledger_account_id, identify),
    )


def product_with_ids(body: ProductBody, identify: Identify) -> ProductBody:
    """``body`` with the id of its ledger account, if ``identify`` knows it."""
    return body._replace(ledger_account_id=id_of(body.ledger_account_id, identify))


def id_of(key: Id | T, identify: Identify) -> Id | T:
    """The id that ``key`` stands for; ``key`` itself when it is no natural key, or not known."""
    if not isinstance(key, Key):
        return key
    id_ = identify(key)
    return key if id_ is None else id_


def _as_finalized(definition: LineBody, filled: LineBody, remote: Sequence[RemoteLine]) -> LineBody:
    """``definition`` with what the finalized line took from its product; ``filled`` if it has another."""
    if not remote or not definition.product_id or definition.product_id != remote[0].product_id:
        return filled
    (line,) = remote
    copied = {name: getattr(line, name) for name in FROM_PRODUCT if getattr(definition, name) is UNSET}
    return definition._replace(**copied)


def _booked_as_finalized(
    lines: Sequence[LineBody], invoice: DesiredInvoice, remote: RemoteInvoice
) -> list[LineBody]:
    """``lines``, those that take deposits off being for goods or services as they were finalized.

    No definition says it: it follows from the products of the deposits, as they are today, and from which
    version of pennyform issued the invoice.
    """
    first = len(lines) - sum(deduction.lines for deduction in invoice.deductions)
    return [
        line._replace(substance=remote.lines[index].substance or UNSET)
        if first <= index < len(remote.lines) and isinstance(line, InvoiceLine)
        else line
        for index, line in enumerate(lines)
    ]


def _outdated(issued: Sequence[LineBody], today: Sequence[LineBody]) -> Iterator[OutdatedValue]:
    """Where final lines differ from what their products would fill in today."""
    for index, (line, current) in enumerate(zip(issued, today, strict=True)):
        for name in FROM_PRODUCT:
            value, value_today = getattr(line, name), getattr(current, name)
            # An unknown value is no difference; an empty text is the same as null.
            if value_today is not UNSET and (value or None) != (value_today or None):
                yield OutdatedValue(f"/invoice_lines/{index}/{name}", value, value_today)


def resolver(repository: Repository, state: RemoteState) -> Resolver:
    """Resolves definitions by what the account has, and by what declarations make of that.

    Raises:
        UnresolvedError: a definition names something that neither has.
    """
    products = named(repository, "product")
    requested = in_step(repository)
    # What no invoice names is not created: its account need not exist yet.
    present = {name for kind, name in requested if kind == "product" and name in state.products}
    findings = []
    for key in natural_keys(repository, products | present):
        # An id is taken as it is: whether it exists is the API's to say.
        if key.field != "id" and str(key.value) not in _declared(repository, key):
            ids = state.ids_of(key)
            if len(ids) != 1:
                findings.append(_unresolved(repository, key, ids, state.labels))
    if findings:
        raise UnresolvedError(tidy(findings))
    is_updated = repository.settings.declared == "update"

    def product(key: Id) -> ProductBody | None:
        remote = state.product(key)
        if remote is None:
            return repository.product(key)
        reference = remote.body.external_reference or ""
        declared = repository.products.get(reference)
        # A line that names an id names no declaration, but the product may be about to be updated by one.
        is_declared = ("product", reference) in requested or (is_updated and reference in products)
        if declared is None or not (is_declared or _by_reference(key)):
            return remote.body
        return as_declared(remote.body, declared.body)

    planned = {name for kind, name in requested if kind == "customer"} | named(repository, "customer")
    cards = _Cards(repository, state, planned)
    rounding = repository.settings.rounding
    return Resolver(state.identify, product, cards.customer, cards.is_declared, rounding)


@dataclass(frozen=True, slots=True)
class _Cards:
    """The cards of customers as a plan leaves them; ``planned`` are the references of those it looks at."""

    repository: Repository
    state: RemoteState
    planned: Collection[str]

    def customer(self, key: Id) -> CustomerBody | None:
        remote, declared = self.state.customer(key), self._declared(key)
        is_updated = self.repository.settings.declared == "update"
        if remote is None or declared is None or not is_updated:
            return remote.body if remote else declared
        return as_declared(remote.body, declared)

    def is_declared(self, key: Id) -> bool:
        return self._declared(key) is not None

    def _declared(self, key: Id) -> CustomerBody | None:
        remote = self.state.customer(key)
        if remote is None or _by_reference(key):
            return self.repository.customer(key)
        # One that is named by its id may be about to be updated by a declaration as well.
        reference = remote.body.external_reference or ""
        declared = self.repository.customers.get(reference) if reference in self.planned else None
        return declared.body if declared else None


def _by_reference(key: Id) -> bool:
    return isinstance(key, Key) and key.field != "id"


def as_declared(record: P, declared: P) -> P:
    """A customer or product of the account with everything that its declaration states."""
    fields: dict[str, Any] = {
        name: value for name, value in set_fields(declared) if name not in declared.extra
    }
    return record._replace(**fields, extra={**record.extra, **declared.extra})


def _declared(repository: Repository, key: Key) -> Collection[str]:
    match key.kind:
        case "customer":
            return repository.customers
        case "product":
            return repository.products
        case "customer_invoice":
            return {invoice.external_reference: invoice for invoice in repository.invoices}
    return ()


def _unresolved(repository: Repository, key: Key, ids: Sequence[int], labels: Mapping[int, str]) -> Finding:
    name, place = key.kind.replace("_", " "), key.place
    if ids:
        names = _PLURALS.get(name, f"{name}s")
        summary = f"{key.field} {key.value!r} is ambiguous: {len(ids)} {names} have it"
        listed = "; ".join(f"{id_} ({labels[id_]})" if id_ in labels else str(id_) for id_ in ids)
        fix = f"name the one you mean by its id, as in {{id: {ids[0]}}}; their ids: {listed}"
    else:
        summary = f"there is no {name} with {key.field} {key.value!r}, neither here nor in the account"
        near = difflib.get_close_matches(str(key.value), _declared(repository, key), n=1)
        fix = f"did you mean {near[0]!r}?" if near else "declare it here, or create it in Pennylane"
        if key.kind == "customer_invoice" and not near:
            fix = "define it here, name it with --target too, or create it in Pennylane"
    return Finding(
        f"{'ambiguous' if ids else 'unknown'}-{key.kind.replace('_', '-')}",
        Severity.ERROR,
        summary,
        *place,
        detail="An invoice can only point to what the account has or will have.",
        fix=fix,
        subject=str(place),
    )
