"""A contract as the vendor could publish it next: ours, with what was added to it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from pennyform import data

Json = dict[str, Any]
DRAFT = "CustomerInvoices__PostDraft_Request"
FINAL = "CustomerInvoices__PostFinalized_Request"
ANSWER = "CustomerInvoices__Response"
NUMBERING = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {"id": {"type": "integer", "format": "int64"}, "name": {"type": "string"}},
}
NUMBERINGS = {
    "operationId": "getNumberings",
    "tags": ["Numberings"],
    "security": [{"oauth2": ["customer_invoices:all", "customer_invoices:readonly"]}],
    "parameters": [
        {"name": "cursor", "in": "query", "schema": {"type": "string"}},
        {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100}},
    ],
    "responses": {
        "200": {
            "description": "",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["has_more", "items", "next_cursor"],
                        "properties": {
                            "items": {"type": "array", "items": NUMBERING},
                            "has_more": {"type": "boolean"},
                            "next_cursor": {"type": "string", "nullable": True},
                        },
                    }
                }
            },
        }
    },
}


def contract(api: str = "company") -> Json:
    """The contract that this pennyform comes with, to be changed."""
    document: Json = json.loads((data.specs() / api / "contract.json").read_bytes())
    return document


def newer() -> Json:
    """It, with a field of the invoice and one of its lines, a VAT code and an operation more."""
    document = contract()
    add_field(document, "purchase_order_reference", {"type": "string", "maxLength": 50})
    add_line_field(document, "carbon_grams", {"type": "number"})
    add_vat_code(document, "FR_225")
    document["paths"]["/api/external/v2/numberings"] = {"get": copy.deepcopy(NUMBERINGS)}
    return document


def add_field(document: Json, name: str, schema: Json, *, answer: bool = True) -> None:
    """Let an invoice take a field, at creation, update and import, and show it."""
    schemas = document["components"]["schemas"]
    names = [DRAFT, FINAL, "CustomerInvoices__PutDraft_Request", "CustomerInvoices__PutFinalized_Request"]
    for component in names:
        schemas[component]["properties"][name] = copy.deepcopy(schema)
    _body(document, "/api/external/v2/customer_invoices/import")["properties"][name] = copy.deepcopy(schema)
    if answer:
        schemas[ANSWER]["properties"][name] = {**copy.deepcopy(schema), "nullable": True}


def add_line_field(document: Json, name: str, schema: Json) -> None:
    """Let the lines of an invoice take a field, and show it."""
    schemas = document["components"]["schemas"]
    for component in schemas:
        if component.startswith("CustomerInvoices__") and "InvoiceLineWith" in component:
            schemas[component]["properties"][name] = copy.deepcopy(schema)
    schemas["CustomerInvoices__InvoiceLine"]["properties"][name] = {**schema, "nullable": True}


def add_vat_code(document: Json, code: str) -> None:
    """Let invoices, products and ledger accounts have a VAT code."""
    for values in _enums(document):
        if "FR_200" in values:
            values.append(code)


def _enums(value: Any) -> Any:
    if isinstance(value, dict):
        if isinstance(value.get("enum"), list):
            yield value["enum"]
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        yield from _enums(inner)


def _body(document: Json, path: str) -> Json:
    schema: Json = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def publish(document: Json, folder: Path, day: str = "2026-11-23") -> Path:
    """The contract as a file that bears the day of its publication."""
    path = folder / f"{day}.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
