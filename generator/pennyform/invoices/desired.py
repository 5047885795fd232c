"""A checked document → what its author desires: the contract's field names, keys in place of ids.

The emitted schema says how: ``x-pennyform-key`` marks a natural key and the field it is sent as,
``x-pennyform-added`` marks what is pennyform's own, ``format: decimal`` marks money and quantities.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pennyform.invoices.amounts import canonical
from pennyform.invoices.document import Document, Path
from pennyform.invoices.model import DesiredCustomer, DesiredInvoice, DesiredProduct, Key, Options
from pennyform.invoices.schema import Schema, definition_schema


def invoice(document: Document) -> DesiredInvoice:
    """The invoice that a valid definition, its template already resolved, asks for."""
    schema = definition_schema("invoice")
    body = request(document, schema)
    wishes = document.value.get("options") or {}
    options = Options(finalize=wishes.get("finalize", False))
    operation = schema["x-pennyform"]["operation"]
    return DesiredInvoice(
        external_reference=body["external_reference"],
        operation=operation,
        body=body,
        options=options,
        place=document.place(("external_reference",)),
        digest=_digest({"operation": operation, "body": body, "finalize": options.finalize}),
    )


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
        return _key(document, schema["x-pennyform-key"], value, path)
    if isinstance(value, dict):
        # In the schema's order: what is sent does not depend on how a definition is laid out.
        members = (
            (name, known, value[name]) for name, known in schema["properties"].items() if name in value
        )
        return {
            known.get("x-pennyform-key", {}).get("sends", name): _sent(document, known, member, (*path, name))
            for name, known, member in members
            if not known.get("x-pennyform-added")
        }
    if isinstance(value, list):
        return [_sent(document, schema["items"], item, (*path, index)) for index, item in enumerate(value)]
    return _scalar(schema, value)


def _key(document: Document, declared: Mapping[str, str], value: Any, path: Path) -> Key:
    place = document.place(path)
    if isinstance(value, dict):
        return Key(declared["kind"], "id", int(value["id"]), place)
    return Key(declared["kind"], declared["field"], value, place)


def _scalar(schema: Schema, value: Any) -> Any:
    if schema.get("format") == "decimal" and not isinstance(value, bool) and value is not None:
        return canonical(Decimal(value)) if isinstance(value, str) else Decimal(value)
    if schema.get("type") == "integer" and isinstance(value, Decimal):
        return int(value)
    return value


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Key):
        return value.to_json()
    if isinstance(value, Decimal):
        # 2, 2.0 and 2.00 are one quantity.
        return canonical(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")
