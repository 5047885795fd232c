"""A checked document → what its author desires: the contract's field names, keys in place of ids.

The emitted schema says how: ``x-pennyform-key`` marks a natural key and the field it is sent as,
``x-pennyform-added`` marks what is pennyform's own, ``format: decimal`` marks money and quantities.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pennyform.invoices.desired.json_bodies import from_json, read_field
from pennyform.invoices.model import (
    Body,
    CategoryWeight,
    CreditedLine,
    CustomerBody,
    Deduction,
    DesiredCustomer,
    DesiredInvoice,
    DesiredProduct,
    EmailOption,
    ImportedInvoiceBody,
    InvoiceBody,
    Json,
    JsonObject,
    Key,
    Options,
    PendingText,
    ProductBody,
    pending_texts,
)
from pennyform.invoices.money.scalars import canonical
from pennyform.invoices.schema import Schema
from pennyform.invoices.schema.schema import per_schema
from pennyform.invoices.yaml.document import Document, Path

if TYPE_CHECKING:
    from pennyform.invoices.schema.patterns import Pattern
    from pennyform.invoices.sources.attachments import AttachmentResult

_FIELDS = ("external_reference", "credit_note_of")
WITHOUT_PREFIX = "without_prefix"
"""The key of a definition whose reference is taken as it is written, whatever the repository's prefix."""


def prefixed(reference: str, prefix: str) -> str:
    """``reference`` with ``prefix`` before it, unless it begins with it already."""
    return reference if reference.startswith(prefix) else prefix + reference


def with_prefix(document: Document, prefix: str) -> Document:
    """``document`` with the prefix on its own reference and on those of the invoices that it names."""
    if not prefix:
        return document
    # What was issued under another reference keeps it; the invoices that it names are others.
    names = _FIELDS[1:] if document.value.get(WITHOUT_PREFIX) is True else _FIELDS
    references = {name: document.value.get(name) for name in names}
    full: dict[str, Any] = {
        name: prefixed(value, prefix) for name, value in references.items() if isinstance(value, str)
    }
    if "deduct" in document.value:
        full["deduct"] = [_with_prefixed_deposit(entry, prefix) for entry in document.value["deduct"]]
    value = {**document.value, **full}
    if any(True for _ in pending_texts(value)):
        value = _with_prefixed_numbers(value, prefix)
    return Document(document.file, value, document.marks, document.spoiled)


def _with_prefixed_deposit(entry: Any, prefix: str) -> Any:
    if isinstance(entry, str):
        return prefixed(entry, prefix)
    return {**entry, "reference": prefixed(entry["reference"], prefix)} if "reference" in entry else entry


def _with_prefixed_numbers(value: Any, prefix: str) -> Any:
    """``value`` with the prefix on the references of all numbers that its texts wait for."""
    if isinstance(value, PendingText):
        return value.renamed(lambda reference: prefixed(reference, prefix))
    if isinstance(value, dict):
        return {name: _with_prefixed_numbers(member, prefix) for name, member in value.items()}
    return [_with_prefixed_numbers(member, prefix) for member in value] if isinstance(value, list) else value


def invoice(
    document: Document, schema: Schema, attached: AttachmentResult, pattern: Pattern | None = None
) -> DesiredInvoice:
    """The invoice that a valid definition, its template already resolved, asks for.

    Args:
        document: the definition.
        schema: of such a definition.
        attached: the files that it names.
        pattern: that of many definitions, of which this is one.

    Returns:
        The invoice, its digest left empty.
    """
    if pattern is None:
        return _invoice(document, schema, attached)
    if pattern.invoice is None:
        made = _invoice(document, schema, attached)
        pattern.invoice = _InvoicePattern(made, schema, pattern.paths)
        return made
    return pattern.invoice.invoice(document) or _invoice(document, schema, attached)


class _InvoicePattern:
    """An invoice, and the fields of others of its pattern that are not the same."""

    def __init__(self, first: DesiredInvoice, schema: Schema, paths: Iterable[Path]) -> None:
        """The pattern of the invoice ``first``, whose definition has expressions at ``paths``."""
        self._first = first
        header: list[_FieldOfBody] = []
        lines: dict[int, list[_FieldOfBody]] = {}
        self._is_known = True
        for path in paths:
            if len(path) == 1:
                field = _field_of_body(type(first.body), schema, path)
                header += [field] if field else []
            elif len(path) == 3 and path[0] == "invoice_lines" and isinstance(path[1], int):
                of_lines = schema["properties"]["invoice_lines"]["items"]
                field = _field_of_body(type(first.body.invoice_lines[0]), of_lines, path)
                lines.setdefault(path[1], []).extend([field] if field else [])
            else:
                field = None
            # Options, dates within lines, and what is none of the contract: it is resolved anew.
            self._is_known = self._is_known and field is not None
        self._header, self._lines = header, lines
        self._index_of_lines = first.body._fields.index("invoice_lines")

    def invoice(self, document: Document) -> DesiredInvoice | None:
        """The invoice that ``document``, of the same pattern, asks for; None where that is not known."""
        if not self._is_known:
            return None
        body: list[Any] = list(self._first.body)
        for field in self._header:
            body[field.position] = field.read(document, document.value[field.path[0]])
        if self._lines:
            lines: list[Any] = list(self._first.body.invoice_lines)
            for index, fields in self._lines.items():
                definition, line = document.value["invoice_lines"][index], list(lines[index])
                for field in fields:
                    line[field.position] = field.read(document, definition[field.path[-1]])
                lines[index] = lines[index]._make(line)
            body[self._index_of_lines] = tuple(lines)
        make: Any = self._first.body._make
        return self._first._replace(
            external_reference=body[0],
            body=make(body),
            place=document.place(("external_reference",)),
        )


class _FieldOfBody(NamedTuple):
    """A field of a body, or of a line, by its position there: where a definition has it, and its schema."""

    record: type[tuple[Any, ...]]
    position: int
    name: str
    schema: Schema
    path: Path

    def read(self, document: Document, value: Any) -> object:
        """The field where a definition has ``value``."""
        return read_field(self.record, self.name, _request(document, self.schema, value, self.path))


def _field_of_body(record: type[tuple[Any, ...]], schema: Schema, path: Path) -> _FieldOfBody | None:
    names: tuple[str, ...] = record._fields  # type: ignore[attr-defined]
    for name, sent, known, _ in _sent_fields(schema):
        if name == path[-1] and sent in names[:-1]:
            return _FieldOfBody(record, names.index(sent), sent, known, path)
    return None


def _invoice(document: Document, schema: Schema, attached: AttachmentResult) -> DesiredInvoice:
    value = document.value
    imported = "file" in value
    body_json = request(document, schema)
    body: Body = from_json(ImportedInvoiceBody, body_json) if imported else from_json(InvoiceBody, body_json)
    if "credit" in value and isinstance(body, InvoiceBody):
        # Those of the invoice that it takes back follow once that is known.
        body = body._replace(invoice_lines=body.invoice_lines or ())
    credited = value.get("credit_note_of")
    expected = value.get("expect")
    return DesiredInvoice(
        external_reference=body.external_reference,
        operation=schema["x-pennyform"]["operation"],
        body=body,
        options=options(document, attached),
        place=document.place(("external_reference",)),
        digest="",
        kind="imported_invoice" if imported else "invoice" if credited is None else "credit_note",
        file=attached.get(("file",)),
        credit_note_of=None
        if credited is None
        else key(
            document,
            schema["properties"]["credit_note_of"]["x-pennyform-key"],
            credited,
            ("credit_note_of",),
        ),
        expect={name: Decimal(canonical(Decimal(amount))) for name, amount in expected.items()}
        if expected
        else None,
        deductions=tuple(deductions(document)),
        credit=credited_lines(value["credit"]) if "credit" in value else None,
    )


def credited_lines(value: Any) -> tuple[CreditedLine, ...]:
    """The lines that a valid ``credit`` names; none for ``all``."""
    if isinstance(value, str):
        return ()
    quantities = ((entry["line"], entry.get("quantity")) for entry in value)
    return tuple(
        CreditedLine(int(line), None if quantity is None else Decimal(quantity))
        for line, quantity in quantities
    )


def deductions(document: Document) -> Iterator[Deduction]:
    """The deposits that a valid definition takes off, their lines not yet made."""
    for index, entry in enumerate(document.value.get("deduct", ())):
        place, label = document.place(("deduct", index)), None
        field, value = "external_reference", entry
        if isinstance(entry, dict):
            label = entry.get("label")
            field = "invoice_number" if "invoice_number" in entry else "external_reference"
            value = entry["invoice_number"] if "invoice_number" in entry else entry["reference"]
        yield Deduction(Key("customer_invoice", field, value, place), label)


def customer(document: Document, schema: Schema) -> DesiredCustomer:
    """The customer that a valid definition declares."""
    # The contract has one operation for companies and one for individuals, and no field that tells which.
    how = schema["x-pennyform"]
    body_json = request(document, schema)
    customer_type = body_json.pop(how["told_apart_by"], how["default"])
    return DesiredCustomer(
        external_reference=body_json["external_reference"],
        customer_type=customer_type,
        operation=how["operations"][customer_type],
        body=from_json(CustomerBody, body_json),
        place=document.place(("external_reference",)),
    )


def product(document: Document, schema: Schema) -> DesiredProduct:
    """The product that a valid definition declares."""
    body_json = request(document, schema)
    return DesiredProduct(
        external_reference=body_json["external_reference"],
        operation=schema["x-pennyform"]["operation"],
        body=from_json(ProductBody, body_json),
        place=document.place(("external_reference",)),
    )


def request(document: Document, schema: Schema) -> dict[str, Any]:
    """The request body that a valid definition stands for, as JSON with a :class:`Key` for each natural key.

    It is in the schema's order, however the definition is laid out, and holds what a draft may not carry.
    """
    body: dict[str, Any] = _request(document, schema, document.value, ())
    return body


def _request(document: Document, schema: Schema, value: Any, path: Path) -> Any:
    if "x-pennyform-key" in schema:
        return key(document, schema["x-pennyform-key"], value, path)
    if isinstance(value, dict) and "properties" in schema:
        return {
            sent: sys.intern(text)
            if is_text and type(text := value[name]) is str
            else _request(document, known, value[name], (*path, name))
            for name, sent, known, is_text in _sent_fields(schema)
            if name in value
        }
    if isinstance(value, list) and "items" in schema:
        items = schema["items"]
        return [_request(document, items, item, (*path, index)) for index, item in enumerate(value)]
    if schema.get("format") == "decimal" and not isinstance(value, bool) and value is not None:
        return _canonical_amount(value) if isinstance(value, str) else Decimal(value)
    if schema.get("type") == "integer" and isinstance(value, Decimal):
        return int(value)
    # Many definitions say the same: each text is kept once.
    return sys.intern(value) if type(value) is str else value


# Many definitions say the same amounts: each is put into its form once.
@lru_cache(4096)
def _canonical_amount(text: str) -> str:
    return canonical(Decimal(text))


@per_schema
def _sent_fields(schema: Schema) -> list[tuple[str, str, Schema, bool]]:
    """The fields that are sent, in order: the name of each, what the API calls it, its schema.

    And whether text in it is sent as it is, which is kept once: many definitions say the same.
    """
    return [
        (
            name,
            sent_as(known, name),
            known,
            "x-pennyform-key" not in known and known.get("format") != "decimal",
        )
        for name, known in schema["properties"].items()
        if not known.get("x-pennyform-added")
    ]


def sent_as(schema: Schema, name: str) -> str:
    """What the API calls the field ``name`` of a definition."""
    sent: str = schema.get("x-pennyform-sends") or schema.get("x-pennyform-key", {}).get("sends", name)
    return sent


def key(document: Document, declared: Mapping[str, str], value: Any, path: Path) -> Key:
    """The natural key at ``path``; ``declared`` is what the schema says about it."""
    place = document.place(path)
    if isinstance(value, dict):
        return Key(declared["kind"], "id", int(value["id"]), place)
    return Key(declared["kind"], declared["field"], value, place)


def options(document: Document, attached: AttachmentResult) -> Options:
    """The options of a valid definition; ``attached`` are the files that it names."""
    value = document.value.get("options") or {}
    # `true` means the customer's own addresses, `{recipients: […]}` others.
    mail = value.get("send_by_email", False)
    recipients = () if mail in (True, False) else tuple(mail.get("recipients", ()))
    categories = value.get("categories")
    transactions = value.get("matched_transactions", ())
    return Options(
        finalize=value.get("finalize", False),
        send_by_email=None if mail is False else EmailOption(recipients),
        send_to_pa=value.get("send_to_pa", False),
        categories=None
        if categories is None
        else tuple(
            CategoryWeight(
                category(document, ("options", "categories", index), entry),
                canonical(Decimal(entry["weight"])),
            )
            for index, entry in enumerate(categories)
        ),
        mark_as_paid=value.get("mark_as_paid", False),
        appendices=tuple(file for path, file in attached.items() if path[0] == "options"),
        matched_transactions=tuple(
            _transaction(document, ("options", "matched_transactions", index), entry)
            for index, entry in enumerate(transactions)
        ),
    )


def category(document: Document, path: Path, entry: JsonObject) -> Key:
    """The category that an entry of ``options.categories`` names."""
    field = next(name for name in ("id", "analytical_code", "label") if name in entry)
    group = (("group", str(entry["group"])),) if "group" in entry else ()
    return Key("category", field, _key_value(entry[field]), document.place((*path, field)), group)


def _transaction(document: Document, path: Path, entry: JsonObject) -> Key:
    if "id" in entry:
        return Key("transaction", "id", _key_value(entry["id"]), document.place((*path, "id")))
    qualifiers = {name: str(entry[name]) for name in ("label", "currency_amount") if name in entry}
    if "currency_amount" in qualifiers:
        qualifiers["currency_amount"] = canonical(Decimal(qualifiers["currency_amount"]))
    place = document.place((*path, "date"))
    return Key("transaction", "date", str(entry["date"]), place, tuple(qualifiers.items()))


def _key_value(value: Json) -> str | int:
    return int(value) if isinstance(value, Decimal | int) else str(value)
