"""A checked document → what its author desires: the contract's field names, keys in place of ids.

The emitted schema says how: ``x-pennyform-key`` marks a natural key and the field it is sent as,
``x-pennyform-added`` marks what is pennyform's own, ``format: decimal`` marks money and quantities.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pennyform.invoices.desired.json_bodies import from_json
from pennyform.invoices.desired.options import options
from pennyform.invoices.model import (
    Body,
    CustomerBody,
    DesiredCustomer,
    DesiredInvoice,
    DesiredProduct,
    ImportedInvoiceBody,
    InvoiceBody,
    Key,
    ProductBody,
)
from pennyform.invoices.money.amounts import canonical
from pennyform.invoices.schema.schema import Schema, definition_schema
from pennyform.invoices.sources.attachments import AttachmentResult
from pennyform.invoices.sources.source_file import definition_schema_name
from pennyform.invoices.yaml.document import Document, Path


def invoice(document: Document, attached: AttachmentResult) -> DesiredInvoice:
    """The invoice that a valid definition, its template already resolved, asks for.

    Args:
        document: the definition.
        attached: the files that it names.

    Returns:
        The invoice, its digest left empty.
    """
    value = document.value
    schema = definition_schema(definition_schema_name(value))
    imported = "file" in value
    stated = request(document, schema)
    body: Body = from_json(ImportedInvoiceBody, stated) if imported else from_json(InvoiceBody, stated)
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
    )


def customer(document: Document) -> DesiredCustomer:
    """The customer that a valid definition declares."""
    schema = definition_schema("customer")
    how = schema["x-pennyform"]
    stated = request(document, schema)
    customer_type = stated.pop(how["told_apart_by"], how["default"])
    return DesiredCustomer(
        external_reference=stated["external_reference"],
        customer_type=customer_type,
        operation=how["operations"][customer_type],
        body=from_json(CustomerBody, stated),
        place=document.place(("external_reference",)),
    )


def product(document: Document) -> DesiredProduct:
    """The product that a valid definition declares."""
    schema = definition_schema("product")
    stated = request(document, schema)
    return DesiredProduct(
        external_reference=stated["external_reference"],
        operation=schema["x-pennyform"]["operation"],
        body=from_json(ProductBody, stated),
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
    if isinstance(value, dict):
        return {
            known.get("x-pennyform-key", {}).get("sends", name): _request(
                document, known, value[name], (*path, name)
            )
            for name, known in schema["properties"].items()
            if name in value and not known.get("x-pennyform-added")
        }
    if isinstance(value, list):
        items = schema["items"]
        return [_request(document, items, item, (*path, index)) for index, item in enumerate(value)]
    if schema.get("format") == "decimal" and not isinstance(value, bool) and value is not None:
        return canonical(Decimal(value)) if isinstance(value, str) else Decimal(value)
    if schema.get("type") == "integer" and isinstance(value, Decimal):
        return int(value)
    # Many definitions say the same: each text is kept once.
    return sys.intern(value) if type(value) is str else value


def key(document: Document, declared: Mapping[str, str], value: Any, path: Path) -> Key:
    """The natural key at ``path``; ``declared`` is what the schema says about it."""
    place = document.place(path)
    if isinstance(value, dict):
        return Key(declared["kind"], "id", int(value["id"]), place)
    return Key(declared["kind"], declared["field"], value, place)
