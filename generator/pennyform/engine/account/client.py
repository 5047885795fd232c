"""The only module of the engine that speaks to the API, and only through the emitted client.

Answers come out as the records of ``pennyform.engine.account.records``, writes give the id of what they made.
Every row of a list is checked to be one that was asked for: a filter that the service ignores would otherwise
hand over other people's rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from email.utils import parsedate_to_datetime
from itertools import islice
from operator import attrgetter
from typing import Any, Literal, TypeVar

import msgspec
from pennylane_company import Client, Page, errors, models
from pennylane_company.filters import CustomerInvoiceFilter
from pennylane_company.types import File

from pennyform.engine.account import answers
from pennyform.engine.account.errors import (
    AmbiguousError,
    ReferenceTakenError,
    RefusedError,
    UnreadableError,
    outcome_of,
)
from pennyform.engine.account.own_contract import OwnContract
from pennyform.engine.account.records import (
    Company,
    RemoteCategory,
    RemoteCustomer,
    RemoteFile,
    RemoteInvoice,
    RemoteLine,
    RemoteProduct,
    RemoteTransaction,
)
from pennyform.engine.account.writes import checked_body, refuse_pending, send, send_and_check
from pennyform.engine.limits import LEDGER_PAGE, PAGE, ROWS
from pennyform.invoices.model import JsonObject

T = TypeVar("T")
R = TypeVar("R")
V = TypeVar("V", int, str)
Seen = TypeVar("Seen", RemoteInvoice, RemoteLine)
Declared = TypeVar("Declared", RemoteCustomer, RemoteProduct)


class AccountClient:
    """One company's account.

    Every method that reads raises :class:`UnreadableError`; every one that writes raises
    :class:`UnknownOutcomeError` when it may or may not have been done; both raise :class:`RefusedError`,
    :class:`NotSentError` and :class:`RateExhaustedError`.
    """

    def __init__(
        self, client: Client, contract: OwnContract | None = None, fetch: Callable[[str], bytes] | None = None
    ) -> None:
        """An account behind ``client``.

        Args:
            client: speaks to the API.
            contract: what the repository owns; it observes the answers to ``client``. Without it, the
                client knows all that there is.
            fetch: gets a file by its link, without the token; raises :class:`UnreadableError`.
        """
        self._client = client
        self._contract = contract
        self._fetch = fetch

    # --- look-ups -----------------------------------------------------------------------------------

    def company(self) -> Company:
        """Whose account the token opens, and what it may do."""
        with _reading():
            # The one read that needs no scope (contract), so that it can tell which ones the token has.
            me = self._client.me.get()
            return Company(me.company.id, me.company.name, me.company.reg_no, tuple(me.scopes))

    def service_time(self) -> dt.datetime | None:
        """The service's clock at its last answer, to the second; None where no answer had it."""
        try:
            time = parsedate_to_datetime(self._client.server_date)
        except ValueError:
            return None
        # HTTP knows no other zone, also where it is left out.
        return time if time.tzinfo else time.replace(tzinfo=dt.UTC)

    def customers(self, references: Iterable[str]) -> dict[str, RemoteCustomer]:
        """Customers by ``external_reference``; those that do not exist are left out."""
        rows = self._list(self._client.customers.list, self._customer, "external_reference", "in", references)
        return _by_reference(rows, "customers")

    def customers_by_id(self, ids: Iterable[int]) -> dict[int, RemoteCustomer]:
        """Customers by id; those that do not exist are left out."""
        rows = self._list(self._client.customers.list, self._customer, "id", "in", ids)
        return {row.id: row for row in rows}

    def newest_customers(self, pages: int) -> tuple[list[RemoteCustomer], bool]:
        """The newest customers, up to ``pages`` of a hundred, and whether these are all there are."""
        rows: list[RemoteCustomer] = []
        with _reading():
            page = self._client.customers.list(sort="-id", limit=PAGE)
            rows += map(self._customer, page.items)
            for _ in range(pages - 1):
                following = page.next_page()
                if following is None:
                    break
                page = following
                rows += map(self._customer, page.items)
        return list(_each_once(rows)), not page.has_more

    def customers_like(
        self, field: Literal["reg_no", "emails", "name"], values: Iterable[str]
    ) -> list[RemoteCustomer]:
        """Customers with one of these values, a hundred of them at most for each hundred values.

        Rows that were not asked for may be among them: whoever asks compares them anyway.
        """
        rows: list[RemoteCustomer] = []
        for batch in _batches(values):
            condition = _condition(
                field, "eq" if field == "name" else "in", batch[0] if field == "name" else batch
            )
            with _reading():
                page = self._client.customers.list(filter=[condition], sort="-id", limit=PAGE)
                rows += map(self._customer, page.items)
        return rows

    def products(self, references: Iterable[str]) -> dict[str, RemoteProduct]:
        """Products by ``external_reference``; those that do not exist are left out."""
        list_ = self._client.products.list
        rows = self._list(list_, self._product, "external_reference", "in", references)
        return _by_reference(rows, "products")

    def products_by_id(self, ids: Iterable[int]) -> dict[int, RemoteProduct]:
        """Products by id; those that do not exist are left out."""
        rows = self._list(self._client.products.list, self._product, "id", "in", ids)
        return {row.id: row for row in rows}

    def all_customers(self) -> dict[int, RemoteCustomer]:
        """Every customer of the account, by id: one request per hundred."""
        with _reading():
            rows = self._client.customers.list(sort="id", limit=PAGE)
            return {row.id: row for row in _each_once(map(self._customer, rows))}

    def all_products(self) -> dict[int, RemoteProduct]:
        """Every product of the account, by id: one request per hundred."""
        with _reading():
            rows = self._client.products.list(sort="id", limit=PAGE)
            return {row.id: self._product(row) for row in _each_once(rows)}

    def ledger_accounts(self, numbers: Iterable[str]) -> dict[str, tuple[int, ...]]:
        """The ids of all ledger accounts with these numbers; a number can belong to several."""
        accounts, key = self._client.ledger_accounts.list, attrgetter("number", "id")
        return _by_name(self._list(accounts, key, "number", "in", numbers, limit=LEDGER_PAGE))

    def templates(self) -> dict[str, tuple[int, ...]]:
        """The ids of all invoice templates of the account, by name."""
        with _reading():
            # The contract has no filter for templates: the whole list is read.
            rows = self._client.customer_invoice_templates.list(limit=PAGE)
            return _by_name((row.name, row.id) for row in _each_once(rows))

    def categories(self, field: str, values: Iterable[str]) -> list[RemoteCategory]:
        """Categories by ``label`` or ``analytical_code``; a label can belong to several groups."""
        return self._list(self._client.categories.list, answers.category, field, "in", values)

    def category_groups(self) -> dict[int, str]:
        """The label of every category group, by id."""
        with _reading():
            rows = self._client.category_groups.list(limit=PAGE)
            return {row.id: row.label for row in _each_once(rows)}

    def transactions(self, date: str) -> list[RemoteTransaction]:
        """The bank transactions of one day (ISO date)."""
        return self._list(self._client.transactions.list, answers.transaction, "date", "eq", [date])

    # --- invoices, read -------------------------------------------------------------------------------

    def invoices_with(self, reference: str) -> list[RemoteInvoice]:
        """All invoices that carry ``reference``, with up to 20 of their lines: one request."""
        # The contract gives this field no operator `in`: one reference is one request.
        matches = list(self._invoices([_condition("external_reference", "eq", reference)]))
        _check_asked({invoice.external_reference for invoice in matches}, {reference}, "external_reference")
        return matches

    def invoices_numbered(self, number: str) -> list[RemoteInvoice]:
        """All invoices that have this legal number, with up to 20 of their lines: one request."""
        matches = list(self._invoices([_condition("invoice_number", "eq", number)]))
        _check_asked({invoice.invoice_number for invoice in matches}, {number}, "invoice_number")
        return matches

    def invoices_with_numbers(self, numbers: Iterable[str]) -> list[RemoteInvoice]:
        """All invoices that have one of these legal numbers: one request per hundred numbers."""
        matches: list[RemoteInvoice] = []
        for batch in _batches(numbers):
            rows = list(self._invoices([_condition("invoice_number", "in", batch)]))
            _check_asked({row.invoice_number for row in rows}, set(batch), "invoice_number")
            matches += rows
        return matches

    def invoices_by_id(self, ids: Iterable[int]) -> dict[int, RemoteInvoice]:
        """The invoices with these ids, with up to 20 of their lines: one request per hundred."""
        matches: dict[int, RemoteInvoice] = {}
        for batch in _batches(ids):
            rows = {row.id: row for row in self._invoices([_condition("id", "in", batch)])}
            _check_asked(set(rows), set(batch), "id")
            matches |= rows
        return matches

    def remaining_amounts(self, ids: Iterable[int]) -> dict[int, Decimal]:
        """What is neither paid nor credited of the invoices with these ids: one request per hundred.

        Those of which the account does not say it are left out: drafts and credit notes.
        """
        invoices = self._list(self._client.customer_invoices.list, self._invoice, "id", "in", ids)
        return {
            invoice.id: invoice.remaining_amount_with_tax
            for invoice in invoices
            if invoice.remaining_amount_with_tax is not None
        }

    def invoices_dated(self, first: str, last: str | None) -> Iterator[list[RemoteInvoice]]:
        """Pages of the invoices dated from ``first`` to ``last``, both included; None for no end."""
        window = [_condition("date", "gteq", first)]
        window += [_condition("date", "lteq", last)] if last else []
        for page in self._pages(window):
            days = (row.date.isoformat() if row.date else first for row in page)
            _check_asked({first <= day <= (last or day) for day in days}, {True}, "date")
            yield page

    def headers_dated(self, first: str, last: str) -> Iterator[list[RemoteInvoice]]:
        """Pages of the invoices dated from ``first`` to ``last``, newest first, without their lines."""
        window = [_condition("date", "gteq", first), _condition("date", "lteq", last)]
        for page in self._pages(window, sort="-id", with_lines=False):
            days = (row.date.isoformat() if row.date else first for row in page)
            _check_asked({first <= day <= last for day in days}, {True}, "date")
            yield page

    def invoices_of_customer(self, customer_id: int, since: dt.date) -> list[RemoteInvoice]:
        """The invoices of a customer dated ``since`` or later, each with up to 20 of its lines."""
        conditions = [
            _condition("customer_id", "eq", customer_id),
            _condition("date", "gteq", since.isoformat()),
        ]
        matches = list(self._invoices(conditions))
        _check_asked({invoice.customer_id for invoice in matches}, {customer_id}, "customer_id")
        return matches

    def drafts(self) -> list[RemoteInvoice]:
        """All drafts of the account, with up to 20 of their lines: one request per hundred."""
        matches = list(self._invoices([_condition("draft", "eq", value=True)]))
        _check_asked({invoice.draft for invoice in matches}, {True}, "draft")
        return matches

    def newest_drafts(self) -> list[RemoteInvoice]:
        """The hundred newest drafts of the account: one request."""
        matches = next(self._pages([_condition("draft", "eq", value=True)], sort="-id"))
        _check_asked({invoice.draft for invoice in matches}, {True}, "draft")
        return matches

    def headers_by_id(self, ids: Iterable[int]) -> dict[int, RemoteInvoice]:
        """The invoices with these ids, without their lines: one request per hundred."""
        matches: dict[int, RemoteInvoice] = {}
        for batch in _batches(ids):
            for page in self._pages([_condition("id", "in", batch)], with_lines=False):
                _check_asked({row.id for row in page}, set(batch), "id")
                matches |= {row.id: row for row in page}
        return matches

    def files(self, ids: Iterable[int]) -> dict[int, RemoteFile]:
        """The documents of the invoices with these ids: one request per hundred."""
        matches: dict[int, RemoteFile] = {}
        for batch in _batches(ids):
            with _reading():
                condition = _condition("id", "in", batch)
                rows = self._client.customer_invoices.list(filter=[condition], limit=PAGE)
                files = {
                    row.id: RemoteFile(row.public_file_url or "", bool(row.factur_x))
                    for row in _each_once(rows)
                }
            _check_asked(set(files), set(batch), "id")
            matches |= files
        return matches

    def download(self, file: RemoteFile) -> bytes:
        """The bytes of a document."""
        if self._fetch is None:
            raise UnreadableError("documents cannot be downloaded here")
        return self._fetch(file.url)

    def newest_headers(self, most_pages: int) -> tuple[list[RemoteInvoice], bool]:
        """The newest invoices of the account without their lines, a hundred per request; and whether all."""
        pages = self._pages([], sort="-id", with_lines=False)
        rows = [row for page in islice(pages, most_pages) for row in page]
        return rows, len(rows) < most_pages * PAGE or next(pages, None) is None

    def final_after(self, date: str) -> list[RemoteInvoice]:
        """The hundred final invoices with the latest dates, after ``date`` (ISO), latest first: one request.

        Without their lines.
        """
        conditions = [_condition("draft", "eq", value=False), _condition("date", "gt", date)]
        with _reading():
            page = self._client.customer_invoices.list(filter=conditions, sort="-date", limit=PAGE)
            matches = list(map(self._invoice, page.items))
        _check_asked(
            {row.date is not None and row.date.isoformat() > date for row in matches}, {True}, "date"
        )
        _check_asked({row.draft for row in matches}, {False}, "draft")
        return matches

    def exactly(self, invoice: RemoteInvoice) -> RemoteInvoice:
        """``invoice`` with all its lines in the order of the document."""
        with _reading():
            # Lists come newest first (`-id`, contract) unless asked otherwise: lines the wrong way round.
            lines = self._client.customer_invoices.list_invoice_lines(invoice.id, sort="rank", limit=PAGE)
            return replace(invoice, lines=tuple(map(self._line, _each_once(lines))), exact=True)

    def with_sections(self, invoice: RemoteInvoice) -> RemoteInvoice:
        """``invoice`` with its sections."""
        with _reading():
            sections = self._client.customer_invoices.list_invoice_line_sections(invoice.id, limit=PAGE)
            return replace(invoice, sections=tuple(answers.section(section) for section in sections))

    def with_lists(self, invoice: RemoteInvoice, names: Iterable[str]) -> RemoteInvoice:
        """``invoice`` with its ``categories``, ``appendices`` or ``matched_transactions``: a request each."""
        invoices = self._client.customer_invoices
        for name in names:
            with _reading():
                if name == "categories":
                    shares = invoices.list_categories(invoice.id, limit=PAGE)
                    invoice = replace(invoice, categories=tuple(map(answers.category, _each_once(shares))))
                elif name == "appendices":
                    files = invoices.list_appendices(invoice.id, limit=PAGE)
                    matches = tuple(file.filename for file in _each_once(files))
                    invoice = replace(invoice, appendices=matches)
                else:
                    matched = invoices.list_matched_transactions(invoice.id, limit=PAGE)
                    ids = tuple(transaction.id for transaction in _each_once(matched))
                    invoice = replace(invoice, matched_transactions=ids)
        return invoice

    def _invoices(self, conditions: Sequence[CustomerInvoiceFilter]) -> Iterator[RemoteInvoice]:
        return _each_once(row for page in self._pages(conditions) for row in page)

    def _pages(
        self,
        conditions: Sequence[CustomerInvoiceFilter],
        sort: Literal["id", "-id"] = "id",
        *,
        with_lines: bool = True,
    ) -> Iterator[list[RemoteInvoice]]:
        page: Page[models.CustomerInvoice] | None = None
        while True:
            with _reading():
                if page is None:
                    page = self._client.customer_invoices.list(
                        filter=conditions or None,
                        sort=sort,
                        limit=PAGE,
                        include="invoice_lines" if with_lines else None,
                    )
                else:
                    page = page.next_page()
                if page is None:
                    return
                answer: models.CustomerInvoicePage = page.answer
                included = (answer.included.invoice_lines if answer.included else None) or {}
                rows = [
                    self._with_lines(row, included.get(str(row.id))) if with_lines else self._invoice(row)
                    for row in page.items
                ]
            yield rows

    def _with_lines(
        self, row: models.CustomerInvoice, included: models.IncludedInvoiceLines | None
    ) -> RemoteInvoice:
        """The included lines if they are all there (up to 20 are); else, a request of their own."""
        if included is None or included.has_more:
            return self.exactly(self._invoice(row))
        lines = map(self._line, _each_once(included.items))
        # The contract promises no order of what is included; ids grow in the order of creation.
        return self._invoice(row, tuple(sorted(lines, key=lambda line: line.id)))

    # --- writes -------------------------------------------------------------------------------------

    def create_customer(self, customer_type: str, body: JsonObject) -> int:
        """Create a ``company`` or ``individual`` customer and return its id."""
        client = self._client
        if customer_type == "company":
            company = self._request(body, models.CompanyCustomerCreate, "postCompanyCustomer")
            return send_and_check(lambda: client.company_customers.create(company), {})
        individual = self._request(body, models.IndividualCustomerCreate, "postIndividualCustomer")
        return send_and_check(lambda: client.individual_customers.create(individual), {})

    def create_product(self, body: JsonObject) -> int:
        """Create a product and return its id."""
        product = self._request(body, models.ProductCreate, "postProducts")
        return send_and_check(lambda: self._client.products.create(product), {})

    def update_customer(self, customer_type: str, id_: int, body: JsonObject) -> None:
        """Change a ``company`` or ``individual`` customer in part; an address is given as a whole.

        Through the address of the other kind, the record would be turned over and its name lost.
        """
        client = self._client
        if customer_type == "company":
            company = self._request(body, models.CompanyCustomerUpdate, "putCompanyCustomer")
            send_and_check(lambda: client.company_customers.update(id_, company), {"id": id_})
        else:
            individual = self._request(body, models.IndividualCustomerUpdate, "putIndividualCustomer")
            send_and_check(lambda: client.individual_customers.update(id_, individual), {"id": id_})

    def update_product(self, id_: int, body: JsonObject) -> None:
        """Change a product in part. Lines that were filled from it before keep what they took."""
        product = self._request(body, models.ProductUpdate, "putProduct")
        send_and_check(lambda: self._client.products.update(id_, product), {"id": id_})

    def create_draft(self, body: JsonObject) -> int:
        """Create an invoice as a draft and return its id.

        Raises:
            ReferenceTakenError: its reference exists.
        """
        # Without it, the API issues a legally numbered invoice at once (contract).
        if body.get("draft") is not True:
            raise ValueError("an invoice is only ever created as a draft")
        draft = self._request(body, models.DraftCustomerInvoiceCreate, "postCustomerInvoices")
        return send_and_check(lambda: self._client.customer_invoices.create(draft), {"draft": True})

    def upload(self, name: str, content: bytes, media_type: str) -> int:
        """Upload a file that an import will use, and return the id that stands for it."""
        file = models.FileAttachmentCreate(file=File(name, content, media_type), filename=name)
        return send_and_check(lambda: self._client.file_attachments.create(file), {})

    def import_invoice(self, body: JsonObject) -> int:
        """Import an invoice that was issued elsewhere and return its id. It is final from the start.

        Raises:
            ReferenceTakenError: its reference exists, or its file was imported before: perhaps as this one.
        """
        invoice = self._request(body, models.CustomerInvoiceImport, "importCustomerInvoices")
        try:
            return send_and_check(lambda: self._client.customer_invoices.import_(invoice), {})
        except RefusedError as refusal:
            # The same content a second time: the contract says 409, and nothing of the words.
            if refusal.status == 409:
                raise ReferenceTakenError(str(refusal), status=409) from refusal
            raise

    def import_e_invoice(self, name: str, content: bytes, media_type: str, options: JsonObject) -> int:
        """Import an electronic invoice and return its id. It is final from the start, with the file's number.

        Raises:
            ReferenceTakenError: the file was imported before.
        """
        form = models.CustomerInvoiceImportEInvoice(
            file=File(name, content, media_type),
            invoice_options=checked_body(options, models.CustomerInvoiceEInvoiceImportImportOptions),
        )
        try:
            return send_and_check(lambda: self._client.customer_invoices.import_e_invoice(form), {})
        except RefusedError as refusal:
            # Here it is a 422 (contract), as everything else that is wrong: only the words tell it apart.
            if "already" in str(refusal).lower():
                raise ReferenceTakenError(str(refusal), status=refusal.status) from refusal
            raise

    def update_draft(self, id_: int, body: JsonObject) -> None:
        """Change a draft in part."""
        update = self._request(body, models.DraftCustomerInvoiceUpdate, "updateCustomerInvoice")
        send_and_check(lambda: self._client.customer_invoices.update(id_, update), {"id": id_})

    def update_finalized(self, id_: int, body: JsonObject) -> None:
        """Set what may still be set on a finalized invoice."""
        update = self._request(body, models.FinalizedCustomerInvoiceUpdate, "updateCustomerInvoice")
        send_and_check(lambda: self._client.customer_invoices.update(id_, update), {"id": id_})

    def finalize(self, id_: int, reference: str) -> None:
        """Make a draft final that was read with ``reference``.

        Irreversible: it takes the customer's address as it is at this moment.
        """
        expected = {"id": id_, "draft": False, "external_reference": reference}
        send_and_check(lambda: self._client.customer_invoices.finalize(id_), expected)

    def delete_draft(self, id_: int) -> None:
        """Delete a draft; one that is gone already is no error."""
        try:
            send(lambda: self._client.customer_invoices.delete(id_))
        except RefusedError as refusal:
            if refusal.status != 404:
                raise

    # --- writes to final invoices -----------------------------------------------------------------------

    def set_categories(self, id_: int, weights: Sequence[JsonObject]) -> None:
        """Give an invoice these categories and no others."""
        body = checked_body(weights, models.PutCustomerInvoiceCategoriesBody)
        send(lambda: self._client.customer_invoices.replace_categories(id_, body))

    def add_appendix(self, id_: int, name: str, content: bytes, media_type: str) -> None:
        """Add a file to an invoice. There is no way to take it away again."""
        body = models.AppendixCreate(file=File(name, content, media_type))
        send(lambda: self._client.customer_invoices.create_appendices(id_, body))

    def match_transaction(self, id_: int, transaction: int) -> None:
        """Tell which bank transaction pays an invoice."""
        body = models.TransactionMatch(transaction_id=transaction)
        send(lambda: self._client.customer_invoices.match_transaction(id_, body))

    def link_credit_note(self, id_: int, credit_note: int) -> None:
        """Let the invoice ``id_`` be corrected by a credit note."""
        body = models.CustomerInvoiceLinkCreditNote(credit_note_id=credit_note)
        send(lambda: self._client.customer_invoices.link_credit_note(id_, body))

    def mark_as_paid(self, id_: int) -> None:
        """Mark an invoice as paid."""
        send(lambda: self._client.customer_invoices.mark_as_paid(id_))

    def send_to_pa(self, id_: int) -> None:
        """Submit an invoice to the platform for e-invoices."""
        send(lambda: self._client.customer_invoices.send_to_pa(id_))

    def send_by_email(self, id_: int, body: JsonObject | None) -> None:
        """Mail an invoice. Every success is one more mail; 409 while Pennylane is still making the PDF."""
        mail = checked_body(body, models.CustomerInvoiceSendByEmail) if body else None
        send(lambda: self._client.customer_invoices.send_by_email(id_, mail))

    # --- what an own contract adds ---------------------------------------------------------------------

    def _request(self, body: JsonObject, model: Any, operation_id: str) -> Any:
        """``body`` as it is sent, checked against the contract that holds; see :func:`checked_body`."""
        if self._contract is None:
            return checked_body(body, model)
        refuse_pending(body)
        return self._contract.request(operation_id, body)

    def _invoice(self, row: models.CustomerInvoice, lines: tuple[RemoteLine, ...] = ()) -> RemoteInvoice:
        return self._with_extra("invoice", answers.invoice(row, lines))

    def _line(self, row: models.CustomerInvoiceLine) -> RemoteLine:
        return self._with_extra("line", answers.line(row))

    def _with_extra(self, kind: str, record: Seen) -> Seen:
        extra = self._contract.newer_fields(kind, record.id) if self._contract else None
        return replace(record, extra={**record.extra, **extra}) if extra else record

    def _customer(self, row: Any) -> RemoteCustomer:
        customer = answers.customer(row)
        extra = self._contract.newer_fields("customer", customer.id) if self._contract else None
        if not extra:
            return customer
        return replace(customer, body=customer.body._replace(extra={**customer.body.extra, **extra}))

    def _product(self, row: models.Product) -> RemoteProduct:
        product = answers.product(row)
        extra = self._contract.newer_fields("product", product.id) if self._contract else None
        if not extra:
            return product
        return replace(product, body=product.body._replace(extra={**product.body.extra, **extra}))

    # --- lists ----------------------------------------------------------------------------------------

    def _list(
        self,
        list_: Callable[..., Iterable[T]],
        read: Callable[[T], R],
        field: str,
        operator: Literal["eq", "in"],
        values: Iterable[Any],
        limit: int = PAGE,
    ) -> list[R]:
        """The rows of a list whose ``field`` is one of ``values``, asked for by the hundred and ``read``."""
        matches: list[R] = []
        for batch in _batches(values):
            condition = _condition(field, operator, batch[0] if operator == "eq" else batch)
            with _reading():
                rows = list(_each_once(list_(filter=[condition], sort="id", limit=limit)))
                _check_asked(
                    {_text(answers.field_of(row, field)) for row in rows}, set(map(_text, batch)), field
                )
                matches += map(read, rows)
        return matches


def _condition(field: str, operator: Any, value: Any) -> Any:
    return {"field": field, "operator": operator, "value": value}


def _text(value: object) -> object:
    return value.isoformat() if isinstance(value, dt.date) else value


def _by_name(rows: Iterable[tuple[str, int]]) -> dict[str, tuple[int, ...]]:
    matches: dict[str, tuple[int, ...]] = {}
    for name, id_ in rows:
        matches[name] = (*matches.get(name, ()), id_)
    return matches


def _batches(values: Iterable[V]) -> Iterator[list[V]]:
    """The different ones of ``values`` in their order, by the hundred: as many as one request looks up."""
    expected = sorted(set(values))
    for start in range(0, len(expected), PAGE):
        yield expected[start : start + PAGE]


@contextmanager
def _reading() -> Iterator[None]:
    """The client's errors of a read, in the engine's words; what an answer lacks is one of them."""
    try:
        yield
    except (errors.OutcomeUnknownError, errors.ServerError, errors.MissingFieldError) as problem:
        raise UnreadableError(str(problem)) from problem
    except errors.PennylaneError as problem:
        raise outcome_of(problem) from problem


def _each_once(rows: Iterable[T]) -> Iterator[T]:
    """The rows of one look-up, each of them once.

    Raises:
        UnreadableError: a row has no id, two have the same and different contents, or there are more rows
            than a look-up may keep in memory; the lines of an invoice count as rows.
    """
    first_of: dict[int, T] = {}
    count = 0
    for row in rows:
        id_ = answers.field_of(row, "id")
        if id_ is msgspec.UNSET:
            raise UnreadableError("the answer has a record without its id, which the contract promises")
        earlier = first_of.setdefault(id_, row)
        if earlier is not row:
            if earlier != row:
                raise UnreadableError(f"an answer has the record {id_} twice, with different contents")
            continue
        count += 1 + len(getattr(row, "lines", ()))
        if count > ROWS:
            raise UnreadableError(f"a look-up was answered with more than {ROWS:,} rows")
        yield row


def _by_reference(rows: Iterable[Declared], what: str) -> dict[str, Declared]:
    """Rows by their ``external_reference``.

    Raises:
        UnreadableError: two of them have the same, which the API rules out.
    """
    matches: dict[str, Declared] = {}
    for row in rows:
        reference = row.body.external_reference or ""
        other = matches.setdefault(reference, row)
        if other is not row:
            ids = f"{other.id} and {row.id}"
            raise AmbiguousError(f"two {what} have the external_reference {reference}: {ids}")
    return matches


def _check_asked(actual: set[Any], expected: set[Any], field: str) -> None:
    """That a filter was heeded.

    Raises:
        UnreadableError: it was not: other people's rows are among the answer.
    """
    if actual - expected:
        raise UnreadableError(
            f"a look-up by {field} was answered with rows that were not asked for; the filter was ignored"
        )
