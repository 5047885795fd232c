"""The only module of the engine that speaks to the API, and only through the emitted client.

Rows come out as plain mappings ready for JSON, with amounts as the API wrote them. Every row of a list is
checked to be one that was asked for: a filter that the service ignores would otherwise hand over strangers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any, Literal, TypeVar

import msgspec
from pennylane_company import Client, convert, errors, models, to_builtins
from pennylane_company.filters import CustomerInvoiceFilter
from pennylane_company.types import File

from pennyform.engine.account.errors import (
    NotAllowedError,
    NotSentError,
    OutcomeError,
    RateExhaustedError,
    ReferenceTakenError,
    RefusedError,
    UnknownOutcomeError,
    UnreadableError,
)
from pennyform.engine.account.state import Company, RemoteInvoice, Row
from pennyform.engine.limits import LEDGER_PAGE, PAGE, PAGES

T = TypeVar("T")


class AccountClient:
    """One company's account.

    Every method that reads raises :class:`UnreadableError`; every one that writes raises
    :class:`UnknownOutcomeError` when it may or may not have been done; both raise :class:`RefusedError`,
    :class:`NotSentError` and :class:`RateExhaustedError`.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    # --- look-ups -----------------------------------------------------------------------------------

    def company(self) -> Company:
        """Whose account the token opens, and what it may do."""
        with _reading():
            me = to_builtins(self._client.me.get())
            company = me["company"]
            return Company(company["id"], company["name"], company["reg_no"], tuple(me["scopes"]))

    def customers(self, references: Iterable[str]) -> dict[str, Row]:
        """Customers by ``external_reference``; those that do not exist are left out."""
        return self._by_reference(self._client.customers.list, references)

    def customers_by_id(self, ids: Iterable[int]) -> dict[int, Row]:
        """Customers by id; those that do not exist are left out."""
        found: dict[int, Row] = {}
        for some in _batches(sorted(set(ids)), PAGE):
            rows = self._list(self._client.customers.list, "id", "in", some)
            found |= {row["id"]: row for row in rows}
        return found

    def products(self, references: Iterable[str]) -> dict[str, Row]:
        """Products by ``external_reference``; those that do not exist are left out."""
        return self._by_reference(self._client.products.list, references)

    def products_by_id(self, ids: Iterable[int]) -> dict[int, Row]:
        """Products by id; those that do not exist are left out."""
        found: dict[int, Row] = {}
        for some in _batches(sorted(set(ids)), PAGE):
            rows = self._list(self._client.products.list, "id", "in", some)
            found |= {row["id"]: row for row in rows}
        return found

    def ledger_accounts(self, numbers: Iterable[str]) -> dict[str, tuple[Row, ...]]:
        """All ledger accounts with these numbers; a number can belong to several."""
        found: dict[str, tuple[Row, ...]] = {}
        for some in _batches(sorted(set(numbers)), PAGE):
            rows = self._list(self._client.ledger_accounts.list, "number", "in", some, limit=LEDGER_PAGE)
            for row in rows:
                found[row["number"]] = (*found.get(row["number"], ()), row)
        return found

    def templates(self) -> dict[str, tuple[Row, ...]]:
        """All invoice templates of the account, by name."""
        found: dict[str, tuple[Row, ...]] = {}
        with _reading():
            for row in map(to_builtins, self._client.customer_invoice_templates.list(limit=PAGE)):
                found[row["name"]] = (*found.get(row["name"], ()), row)
        return found

    def categories(self, field: str, values: Iterable[str]) -> list[Row]:
        """Categories by ``label`` or ``analytical_code``; a label can belong to several groups."""
        found: list[Row] = []
        for some in _batches(sorted(set(values)), PAGE):
            found += self._list(self._client.categories.list, field, "in", some)
        return found

    def category_groups(self) -> dict[int, str]:
        """The label of every category group, by id."""
        with _reading():
            rows = [to_builtins(row) for row in self._client.category_groups.list(limit=PAGE)]
            return {row["id"]: row["label"] for row in rows}

    def transactions(self, date: str) -> list[Row]:
        """The bank transactions of one day (ISO date)."""
        return self._list(self._client.transactions.list, "date", "eq", [date])

    # --- invoices, read -------------------------------------------------------------------------------

    def invoices_with(self, reference: str) -> list[RemoteInvoice]:
        """All invoices that carry ``reference``, with up to 20 of their lines: one request."""
        found = list(self._invoices([_condition("external_reference", "eq", reference)]))
        _check({invoice.external_reference for invoice in found}, {reference}, "external_reference")
        return found

    def invoices_numbered(self, number: str) -> list[RemoteInvoice]:
        """All invoices that have this legal number, with up to 20 of their lines: one request."""
        found = list(self._invoices([_condition("invoice_number", "eq", number)]))
        _check({invoice.invoice_number for invoice in found}, {number}, "invoice_number")
        return found

    def invoices_by_id(self, ids: Iterable[int]) -> dict[int, RemoteInvoice]:
        """The invoices with these ids, with up to 20 of their lines: one request per hundred."""
        found: dict[int, RemoteInvoice] = {}
        for some in _batches(sorted(set(ids)), PAGE):
            rows = {row.id: row for row in self._invoices([_condition("id", "in", some)])}
            _check(set(rows), set(some), "id")
            found |= rows
        return found

    def invoices_dated(self, first: str, last: str) -> Iterator[list[RemoteInvoice]]:
        """Pages of the invoices dated from ``first`` to ``last``, both included (ISO dates)."""
        window = [_condition("date", "gteq", first), _condition("date", "lteq", last)]
        for page in self._pages(window):
            _check({first <= (row.header.get("date") or first) <= last for row in page}, {True}, "date")
            yield page

    def drafts(self) -> list[RemoteInvoice]:
        """All drafts of the account, with up to 20 of their lines: one request per hundred."""
        found = list(self._invoices([_condition("draft", "eq", value=True)]))
        _check({invoice.draft for invoice in found}, {True}, "draft")
        return found

    def newest_drafts(self) -> list[RemoteInvoice]:
        """The hundred newest drafts of the account: one request."""
        found = next(self._pages([_condition("draft", "eq", value=True)], sort="-id"))
        _check({invoice.draft for invoice in found}, {True}, "draft")
        return found

    def exactly(self, invoice: RemoteInvoice) -> RemoteInvoice:
        """``invoice`` with all its lines in the order of the document."""
        with _reading():
            lines = self._client.customer_invoices.list_invoice_lines(invoice.id, sort="rank", limit=PAGE)
            return replace(invoice, lines=tuple(to_builtins(line) for line in lines), exact=True)

    def with_sections(self, invoice: RemoteInvoice) -> RemoteInvoice:
        """``invoice`` with its sections."""
        with _reading():
            sections = self._client.customer_invoices.list_invoice_line_sections(invoice.id, limit=PAGE)
            return replace(invoice, sections=tuple(to_builtins(section) for section in sections))

    def _invoices(self, conditions: Sequence[CustomerInvoiceFilter]) -> Iterator[RemoteInvoice]:
        for page in self._pages(conditions):
            yield from page

    def _pages(
        self, conditions: Sequence[CustomerInvoiceFilter], sort: Literal["id", "-id"] = "id"
    ) -> Iterator[list[RemoteInvoice]]:
        cursor: str | None = None
        for number in count(1):
            with _reading():
                page = self._client.customer_invoices.list_page(
                    filter=conditions, sort=sort, limit=PAGE, include="invoice_lines", cursor=cursor
                )
                answer = to_builtins(page)
                included = (answer.get("included") or {}).get("invoice_lines") or {}
                rows = [self._with_lines(row, included.get(str(row["id"]))) for row in answer["items"]]
                more, before, cursor = answer["has_more"], cursor, answer.get("next_cursor")
            yield rows
            if not more:
                return
            # A list cut short must not look complete: what is not in it would be created again.
            if not cursor or cursor == before or number >= PAGES:
                raise UnreadableError(
                    f"the list of invoices goes on after page {number:,}, yet not to its end"
                )

    def _with_lines(self, row: Row, included: Mapping[str, Any] | None) -> RemoteInvoice:
        """The included lines if they are all there; else, a request of their own."""
        if "draft" not in row:
            raise KeyError("draft")
        if included is None or included["has_more"]:
            return self.exactly(RemoteInvoice(row, ()))
        # What is included comes in no promised order; ids grow in the order of creation.
        lines = sorted(included["items"], key=lambda line: int(line["id"]))
        return RemoteInvoice(row, tuple(lines))

    def with_extras(self, invoice: RemoteInvoice, names: Iterable[str]) -> RemoteInvoice:
        """``invoice`` with its ``categories``, ``appendices`` or ``matched_transactions``: a request each."""
        names = tuple(names)
        if not names:
            return invoice
        invoices, extras = self._client.customer_invoices, dict(invoice.extras)
        lists: Mapping[str, Callable[..., Iterable[Any]]] = {
            "categories": invoices.list_categories,
            "appendices": invoices.list_appendices,
            "matched_transactions": invoices.list_matched_transactions,
        }
        for name in names:
            with _reading():
                extras[name] = tuple(to_builtins(row) for row in lists[name](invoice.id, limit=PAGE))
        return replace(invoice, extras=extras)

    # --- writes -------------------------------------------------------------------------------------

    def create_customer(self, customer_type: str, body: Mapping[str, Any]) -> Row:
        """Create a ``company`` or ``individual`` customer and return it."""
        client = self._client
        if customer_type == "company":
            company = _request(body, models.CompanyCustomerCreate)
            return _sent(lambda: client.company_customers.create(company))
        individual = _request(body, models.IndividualCustomerCreate)
        return _sent(lambda: client.individual_customers.create(individual))

    def create_product(self, body: Mapping[str, Any]) -> Row:
        """Create a product and return it."""
        product = _request(body, models.ProductCreate)
        return _sent(lambda: self._client.products.create(product))

    def create_draft(self, body: Mapping[str, Any]) -> Row:
        """Create an invoice as a draft and return its header.

        Raises:
            ReferenceTakenError: its reference exists.
        """
        if body.get("draft") is not True:
            raise ValueError("an invoice is only ever created as a draft")
        draft = _request(body, models.DraftCustomerInvoiceCreate)
        return _sent(lambda: self._client.customer_invoices.create(draft))

    def upload(self, name: str, content: bytes, media_type: str) -> Row:
        """Upload a file that an import will use, and return what stands for it."""
        file = models.FileAttachmentCreate(file=File(name, content, media_type), filename=name)
        return _sent(lambda: self._client.file_attachments.create(file))

    def import_invoice(self, body: Mapping[str, Any]) -> Row:
        """Import an invoice that was issued elsewhere and return its header. It is final from the start.

        Raises:
            ReferenceTakenError: its reference exists, or its file was imported before: perhaps as this one.
        """
        invoice = _request(body, models.CustomerInvoiceImport)
        try:
            return _sent(lambda: self._client.customer_invoices.import_(invoice))
        except RefusedError as refusal:
            if refusal.status == 409:
                raise ReferenceTakenError(str(refusal), status=409) from refusal
            raise

    def import_e_invoice(self, name: str, content: bytes, media_type: str, options: Mapping[str, Any]) -> Row:
        """Import an electronic invoice and return its id. It is final from the start, with the file's number.

        Raises:
            ReferenceTakenError: the file was imported before.
        """
        told = _request(options, models.CustomerInvoiceEInvoiceImportImportOptions)
        file = File(name, content, media_type)
        form = models.CustomerInvoiceImportEInvoice(file=file, invoice_options=told)
        try:
            return _sent(lambda: self._client.customer_invoices.import_e_invoice(form))
        except RefusedError as refusal:
            if "already" in str(refusal).lower():
                raise ReferenceTakenError(str(refusal), status=refusal.status) from refusal
            raise

    def update_draft(self, id_: int, body: Mapping[str, Any]) -> Row:
        """Change a draft in part and return its header."""
        update = _request(body, models.DraftCustomerInvoiceUpdate)
        return _sent(lambda: self._client.customer_invoices.update(id_, update))

    def update_finalized(self, id_: int, body: Mapping[str, Any]) -> Row:
        """Set what may still be set on a finalized invoice and return its header."""
        update = _request(body, models.FinalizedCustomerInvoiceUpdate)
        return _sent(lambda: self._client.customer_invoices.update(id_, update))

    def finalize(self, id_: int) -> Row:
        """Make a draft final and return its header. Irreversible."""
        return _sent(lambda: self._client.customer_invoices.finalize(id_))

    def delete_draft(self, id_: int) -> None:
        """Delete a draft; one that is gone already is no error."""
        try:
            with _writing():
                self._client.customer_invoices.delete(id_)
        except RefusedError as refusal:
            if refusal.status != 404:
                raise

    # --- writes to final invoices -----------------------------------------------------------------------

    def set_categories(self, id_: int, weights: Sequence[Mapping[str, Any]]) -> None:
        """Give an invoice these categories and no others."""
        body = _request(weights, models.PutCustomerInvoiceCategoriesBody)
        _done(lambda: self._client.customer_invoices.replace_categories(id_, body))

    def add_appendix(self, id_: int, name: str, content: bytes, media_type: str) -> None:
        """Add a file to an invoice. There is no way to take it away again."""
        body = models.AppendixCreate(file=File(name, content, media_type))
        _done(lambda: self._client.customer_invoices.create_appendices(id_, body))

    def match_transaction(self, id_: int, transaction: int) -> None:
        """Tell which bank transaction pays an invoice."""
        body = models.TransactionMatch(transaction_id=transaction)
        _done(lambda: self._client.customer_invoices.match_transaction(id_, body))

    def link_credit_note(self, id_: int, credit_note: int) -> None:
        """Let the invoice ``id_`` be corrected by a credit note."""
        body = models.CustomerInvoiceLinkCreditNote(credit_note_id=credit_note)
        _done(lambda: self._client.customer_invoices.link_credit_note(id_, body))

    def mark_as_paid(self, id_: int) -> None:
        """Mark an invoice as paid."""
        _done(lambda: self._client.customer_invoices.mark_as_paid(id_))

    def send_to_pa(self, id_: int) -> None:
        """Submit an invoice to the platform for e-invoices."""
        _done(lambda: self._client.customer_invoices.send_to_pa(id_))

    def send_by_email(self, id_: int, body: Mapping[str, Any] | None) -> None:
        """Mail an invoice. Every success is one more mail."""
        mail = _request(body, models.CustomerInvoiceSendByEmail) if body else None
        _done(lambda: self._client.customer_invoices.send_by_email(id_, mail))

    # --- lists ----------------------------------------------------------------------------------------

    def _by_reference(self, list_: Callable[..., Iterable[Any]], references: Iterable[str]) -> dict[str, Row]:
        found: dict[str, Row] = {}
        for some in _batches(sorted(set(references)), PAGE):
            rows = self._list(list_, "external_reference", "in", some)
            found |= {row["external_reference"]: row for row in rows}
        return found

    def _list(
        self,
        list_: Callable[..., Iterable[Any]],
        field: str,
        operator: Any,
        wanted: Sequence[Any],
        **more: Any,
    ) -> list[Row]:
        condition = _condition(field, operator, wanted[0] if operator == "eq" else list(wanted))
        with _reading():
            rows = [
                _with_id(to_builtins(row))
                for row in list_(filter=[condition], sort="id", **{"limit": PAGE, **more})
            ]
        _check({row.get(field) for row in rows}, set(wanted), field)
        return rows


def _condition(field: str, operator: Any, value: Any) -> Any:
    return {"field": field, "operator": operator, "value": value}


def _check(seen: set[Any], wanted: set[Any], field: str) -> None:
    strangers = seen - wanted
    if strangers:
        raise UnreadableError(
            f"a look-up by {field} was answered with rows that were not asked for; the filter was ignored"
        )


def _with_id(row: Row) -> Row:
    """``row``, of which nothing can be made without its id."""
    if "id" not in row:
        raise KeyError("id")
    return row


def _batches(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (values[start : start + size] for start in range(0, len(values), size))


def _request(body: object, model: Any) -> Any:
    """``body`` as the client's own type, checked against the contract before anything is sent."""
    try:
        return convert(body, model)
    except msgspec.ValidationError as problem:
        raise RefusedError(f"the request does not fit the contract: {problem}", status=400) from problem


def _done(request: Callable[[], object]) -> None:
    """Send a write whose answer says nothing more."""
    with _writing():
        request()


def _sent(request: Callable[[], object]) -> Row:
    with _writing():
        row: Row = to_builtins(request())
    if "id" not in row:
        raise UnknownOutcomeError("the answer names no id")
    return row


# --- errors -----------------------------------------------------------------------------------------------


@contextmanager
def _reading() -> Iterator[None]:
    """The client's errors of a read, in the engine's words; what an answer lacks is one of them."""
    try:
        yield
    except (errors.OutcomeUnknownError, errors.ServerError) as problem:
        raise UnreadableError(str(problem)) from problem
    except errors.PennylaneError as problem:
        raise _definite(problem) from problem
    except KeyError as problem:
        # The client lets answers pass that lack something: the contract changes every week.
        raise UnreadableError(f"the answer lacks {problem}, which the contract promises") from problem


@contextmanager
def _writing() -> Iterator[None]:
    """The client's errors of a write, in the engine's words."""
    try:
        yield
    except (errors.OutcomeUnknownError, errors.ServerError) as problem:
        raise UnknownOutcomeError(str(problem)) from problem
    except errors.PennylaneError as problem:
        raise _definite(problem) from problem


def _definite(problem: errors.PennylaneError) -> OutcomeError:
    match problem:
        case errors.NotSentError():
            return NotSentError(str(problem))
        case errors.RateLimitedError():
            return RateExhaustedError(str(problem), retry_after=problem.retry_after)
        case errors.AuthenticationError() | errors.PermissionDeniedError():
            return NotAllowedError(str(problem), status=problem.status)
        case errors.ConflictError() | errors.UnprocessableError() if _taken(problem.message):
            return ReferenceTakenError(str(problem), status=problem.status)
        case errors.APIError():
            return RefusedError(str(problem), status=problem.status)
    return UnknownOutcomeError(str(problem))


def _taken(message: str) -> bool:
    """Whether a refusal says that the reference exists; sources disagree on its wording and status."""
    words = message.lower()
    return "reference" in words and any(word in words for word in ("taken", "exist", "unique"))
