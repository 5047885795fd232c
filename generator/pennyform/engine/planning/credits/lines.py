"""The lines of credit notes that leave them to an invoice, as the account has it once it is final.

What is defined here has been completed when the definitions were read. A final invoice keeps what it took
from its products: where its definition comes to something else today, the account says what to take back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from pennyform.engine.account.client import AccountClient
from pennyform.engine.account.records import RemoteInvoice, RemoteState
from pennyform.engine.planning.credits.bodies import body_of, body_of_amounts, expected_amounts
from pennyform.engine.planning.diff import diff_invoice
from pennyform.engine.planning.resolve import Resolver, resolver
from pennyform.invoices.model import (
    Body,
    DesiredInvoice,
    Id,
    Key,
    ProductBody,
    Repository,
    lines_of,
)
from pennyform.invoices.money.mirror import CreditedBody, CreditError, with_credit
from pennyform.invoices.money.totals import UnknownProductError, totals

Product = Callable[[Id], ProductBody | None]


def is_open(invoice: DesiredInvoice) -> bool:
    """Whether the lines of a credit note are still missing."""
    return invoice.credit is not None and not invoice.body.invoice_lines


def with_line_order(repository: Repository, state: RemoteState, account: AccountClient) -> RemoteState:
    """``state`` with the lines of credited invoices as they are numbered, where that matters.

    Raises:
        OutcomeError: the account could not be read.
    """
    credited, by_id = dict(state.credited), dict(state.credited_by_id)
    for invoice in repository.invoices:
        key = invoice.credit_note_of
        if key is None or not is_open(invoice) or not invoice.credit:
            continue
        if key.field == "id":
            row = by_id.get(int(key.value))
            if row is not None and not row.exact:
                by_id[row.id] = account.exactly(row)
        elif str(key.value) in credited:
            rows = credited[str(key.value)]
            credited[str(key.value)] = [row if row.exact else account.exactly(row) for row in rows]
    return replace(state, credited=credited, credited_by_id=by_id)


def complete_credits(repository: Repository, state: RemoteState) -> Repository:
    """``repository`` with the lines that follow from the account; where it cannot tell, they stay missing.

    Raises:
        UnresolvedError: a definition names something that neither repository nor account has.
    """
    if all(invoice.credit is None for invoice in repository.invoices):
        return repository

    def product(key: Id) -> ProductBody | None:
        remote = state.product(key)
        return remote.body if remote else repository.product(key)

    groups: dict[tuple[str, str], list[DesiredInvoice]] = {}
    for invoice in repository.invoices:
        if (key := invoice.credit_note_of) is not None:
            groups.setdefault((key.field, str(key.value)), []).append(invoice)
    definitions = {invoice.external_reference: invoice for invoice in repository.invoices}
    rounding = repository.settings.rounding
    completed: dict[str, DesiredInvoice] = {}

    @cache
    def resolve_all() -> Resolver:
        return resolver(repository, state)

    for notes in groups.values():
        key = notes[0].credit_note_of
        if key is None or all(note.credit is None for note in notes):
            continue
        is_outdated = _is_outdated(key, definitions, state, resolve_all)
        if is_outdated:
            completed.update(
                (note.external_reference, note._replace(body=note.body._replace(invoice_lines=())))
                for note in notes
                if note.credit is not None
            )
        if is_outdated or any(map(is_open, notes)):
            body = _body(key, state, definitions, rounding)
            completed.update(_completed(body, notes, product, rounding))
    invoices = (completed.get(invoice.external_reference, invoice) for invoice in repository.invoices)
    return repository._replace(invoices=tuple(invoices))


def _is_outdated(
    key: Key,
    definitions: Mapping[str, DesiredInvoice],
    state: RemoteState,
    resolve: Callable[[], Resolver],
) -> bool:
    """Whether a final invoice is not what its definition, with the products of today, comes to."""
    defined, final = definitions.get(str(key.value)), _final(key, state)
    if key.field == "id" or defined is None or final is None:
        return False
    resolved = resolve().resolve(defined, final)
    return bool(resolved.outdated) or not diff_invoice(resolved, final).equal


def _final(key: Key, state: RemoteState) -> RemoteInvoice | None:
    by_id = state.credited_by_id.get(int(key.value)) if key.field == "id" else None
    rows = state.invoices_of(key) if key.field != "id" else [by_id] if by_id else []
    return next((row for row in rows if not row.draft), None)


def _completed(
    body: Body | None, notes: Sequence[DesiredInvoice], product: Product, rounding: str
) -> dict[str, DesiredInvoice]:
    """The credit notes of one invoice with their lines; those that cannot have any are left out."""
    completed: dict[str, DesiredInvoice] = {}
    if body is None:
        return completed
    try:
        source = CreditedBody.of(body, rounding=rounding, product=product)
    except (UnknownProductError, KeyError):
        return completed
    for note in sorted(notes, key=lambda note: (note.body.date, note.external_reference)):
        try:
            if note.credit is not None:
                completed[note.external_reference] = with_credit(note, source)
            else:
                source.take_by_hand(totals(note.body, rounding=rounding, product=product))
        except (CreditError, UnknownProductError):
            continue  # its lines stay missing, which is a conflict
    return completed


def _body(
    key: Key, state: RemoteState, definitions: Mapping[str, DesiredInvoice], rounding: str
) -> Body | None:
    """The invoice that ``key`` names: as the account has it once it is final, else as it is defined."""
    final, defined = _final(key, state), definitions.get(str(key.value))
    if final is not None:
        body = _body_of_account(final, rounding)
        return _with_accounts(body, defined.body) if body is not None and defined is not None else body
    return defined.body if defined is not None and not defined.draws_on_others else None


def _with_accounts(body: Body, defined: Body) -> Body:
    """``body`` with the ledger accounts of its definition: no answer of the API shows those of lines."""
    lines, of_definition = lines_of(body), lines_of(defined)
    if len(lines) != len(of_definition):
        return body
    filled = [
        line._replace(ledger_account_id=other.ledger_account_id)
        for line, other in zip(lines, of_definition, strict=True)
    ]
    return body._replace(invoice_lines=tuple(filled))  # type: ignore[arg-type]


def _body_of_account(final: RemoteInvoice, rounding: str) -> Body | None:
    """What the account says, where that comes to the amounts that it says; else, amounts line by line."""
    body = body_of(final)
    if body is not None:
        computed = totals(body, rounding=rounding, product=lambda _: None)
        if (computed.before_tax, computed.tax) == expected_amounts(final):
            return body
    return body_of_amounts(final)
