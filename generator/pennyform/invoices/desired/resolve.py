"""A checked document → what its author desires: the contract's field names, keys in place of ids.

The emitted schema says how: ``x-pennyform-key`` marks a natural key and the field it is sent as,
``x-pennyform-added`` marks what is pennyform's own, ``x-pennyform-after-finalizing`` what a draft may not
carry, ``format: decimal`` marks money and quantities.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pennyform.invoices.desired.options import options
from pennyform.invoices.model import DesiredCustomer, DesiredInvoice, DesiredProduct, Key
from pennyform.invoices.money.amounts import canonical
from pennyform.invoices.schema.schema import Schema, definition_schema
from pennyform.invoices.sources.attachments import AttachmentResult
from pennyform.invoices.sources.kinds import written_as
from pennyform.invoices.yaml.document import Document, Path


def invoice(document: Document, attached: AttachmentResult) -> DesiredInvoice:
    """The invoice that a valid definition, its template already resolved, asks for.

    Args:
        document: the definition.
        attached: the files that it names.

    Returns:
        The invoice, its digest left empty.
    """
    schema = definition_schema(written_as(document.value))
    body = request(document, schema)
    wishes = options(document, attached)
    return DesiredInvoice(
        external_reference=body["external_reference"],
        operation=schema["x-pennyform"]["operation"],
        body=body,
        options=wishes,
        place=document.place(("external_reference",)),
        digest="",
        kind=_kind(document.value),
        file=attached.get(("file",)),
        credit_note_of=_credited(document, schema),
        after_finalize=_after_finalizing(document, schema),
        expect=_expected(document.value),
    )


def _kind(value: Mapping[str, Any]) -> str:
    if "file" in value:
        return "imported_invoice"
    return "credit_note" if "credit_note_of" in value else "invoice"


def _credited(document: Document, schema: Schema) -> Key | None:
    stated = document.value.get("credit_note_of")
    if stated is None:
        return None
    declared = schema["properties"]["credit_note_of"]["x-pennyform-key"]
    return key(document, declared, stated, ("credit_note_of",))


def _expected(value: Mapping[str, Any]) -> dict[str, str] | None:
    stated = value.get("expect")
    return {name: canonical(Decimal(amount)) for name, amount in stated.items()} if stated else None


def _after_finalizing(document: Document, schema: Schema) -> dict[str, Any]:
    """What a draft may not carry: header fields by name, fields of lines by name and index of the line."""
    later: dict[str, Any] = {}
    for name, known in schema["properties"].items():
        stated = document.value.get(name)
        if known.get("x-pennyform-after-finalizing") and name in document.value:
            later[name] = _sent(document, known, stated, (name,))
        for field, of_item in known.get("items", {}).get("properties", {}).items():
            if of_item.get("x-pennyform-after-finalizing") and isinstance(stated, list):
                by_index = {
                    index: _sent(document, of_item, item[field], (name, index, field))
                    for index, item in enumerate(stated)
                    if field in item
                }
                later |= {field: by_index} if by_index else {}
    return later


def customer(document: Document) -> DesiredCustomer:
    """The customer that a valid definition declares."""
    schema = definition_schema("customer")
    how = schema["x-pennyform"]
    body = request(document, schema)
    customer_type = body.pop(how["told_apart_by"], how["default"])
    return DesiredCustomer(
        external_reference=body["external_reference"],
        customer_type=customer_type,
        operation=how["operations"][customer_type],
        body=body,
        place=document.place(("external_reference",)),
    )


def product(document: Document) -> DesiredProduct:
    """The product that a valid definition declares."""
    schema = definition_schema("product")
    body = request(document, schema)
    place = document.place(("external_reference",))
    return DesiredProduct(body["external_reference"], schema["x-pennyform"]["operation"], body, place)


def request(document: Document, schema: Schema) -> dict[str, Any]:
    """The request body that a valid definition stands for, with a :class:`Key` for each natural key."""
    body: dict[str, Any] = _sent(document, schema, document.value, ())
    return body


def _sent(document: Document, schema: Schema, value: Any, path: Path) -> Any:
    if "x-pennyform-key" in schema:
        return key(document, schema["x-pennyform-key"], value, path)
    if isinstance(value, dict):
        # In the schema's order: what is sent does not depend on how a definition is laid out.
        members = (
            (name, known, value[name]) for name, known in schema["properties"].items() if name in value
        )
        return {
            known.get("x-pennyform-key", {}).get("sends", name): _sent(document, known, member, (*path, name))
            for name, known, member in members
            if not known.get("x-pennyform-added") and not known.get("x-pennyform-after-finalizing")
        }
    if isinstance(value, list):
        return [_sent(document, schema["items"], item, (*path, index)) for index, item in enumerate(value)]
    return _scalar(schema, value)


def key(document: Document, declared: Mapping[str, str], value: Any, path: Path) -> Key:
    """The natural key at ``path``; ``declared`` is what the schema says about it."""
    place = document.place(path)
    if isinstance(value, dict):
        return Key(declared["kind"], "id", int(value["id"]), place)
    return Key(declared["kind"], declared["field"], value, place)


def _scalar(schema: Schema, value: Any) -> Any:
    if schema.get("format") == "decimal" and not isinstance(value, bool) and value is not None:
        return sys.intern(canonical(Decimal(value))) if isinstance(value, str) else Decimal(value)
    if schema.get("type") == "integer" and isinstance(value, Decimal):
        return int(value)
    # Many definitions say the same: each text is kept once.
    return sys.intern(value) if type(value) is str else value
