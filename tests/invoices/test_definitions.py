"""The definition schemas follow the contract: nobody edits a list when the API gains a field."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pennyform import data
from pennyform.codegen.definitions.fields import Fields, UnsupportedShapeError
from pennyform.codegen.definitions.schemas import emit
from pennyform.codegen.definitions.template_schemas import template_schema
from pennyform.invoices.schema.errors import Reference
from pennyform.invoices.schema.schema import compile_schema
from pennyform.invoices.sources.source_file import definition_schema_name
from pennyform.spec import Body, Contract, Operation

from .definitions import CUSTOMER, INVOICE, PRODUCT, definition_schema, nearly_valid

TEXT = {"type": "string"}
ID = {"type": "integer", "format": "int64"}
AMOUNT = {"type": "string", "format": "decimal"}


def shape(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def contract(line: dict[str, Any] | None = None, **invoice_fields: Any) -> Contract:
    """A contract that is small enough to read, with a draft and a finalized variant as the real one has."""
    price = {
        "raw_currency_unit_price": AMOUNT,
        "unit": TEXT,
        "vat_rate": {"enum": ["FR_200", "FR_55", "mixed"]},
    }
    common = {"label": TEXT, **price, "quantity": {"type": "number"}, "section_rank": {"type": "integer"}}
    common["discount"] = {"$ref": "#/components/schemas/Discount"}
    with_product = shape(["product_id", "quantity"], product_id=ID, **common)
    without = shape(["label", "quantity", *price], **common)
    lines = {"type": "array", "minItems": 1, "items": line or {"anyOf": [with_product, without]}}
    section = shape(["rank"], rank={"type": "integer"}, title=TEXT)
    header = {
        "external_reference": TEXT,
        "customer_id": ID,
        "date": {"type": "string", "format": "date"},
        "deadline": {"type": "string", "format": "date"},
        "invoice_lines": lines,
        "invoice_line_sections": {"type": "array", "items": section},
        **invoice_fields,
    }
    required = ["date", "deadline", "customer_id", "invoice_lines"]
    draft = shape([*required, "draft"], draft={"type": "boolean", "enum": [True]}, **header)
    later = {"transaction_reference": TEXT, "never_set_again": TEXT}
    final_lines = {**lines, "items": shape([], imputation_dates=TEXT, invoice_number=TEXT)}
    final_header = {**header, "invoice_lines": final_lines, **later}
    final = shape(required, draft={"type": "boolean", "enum": [False]}, **final_header)
    address = {"$ref": "#/components/schemas/Address"}
    customer = {"external_reference": TEXT, "billing_address": address}
    requests = {
        "postCustomerInvoices": {"anyOf": [final, draft]},
        "postCompanyCustomer": shape(["name", "billing_address"], name=TEXT, **customer),
        "postIndividualCustomer": shape(["first_name"], first_name=TEXT, last_name=TEXT, **customer),
        "postProducts": shape(
            ["label"], external_reference=TEXT, label=TEXT, price_before_tax=AMOUNT, unit=TEXT, vat_rate=TEXT
        ),
    }
    ending = {"amount": AMOUNT, "currency_amount": AMOUNT}
    imported = {**header, "file_attachment_id": ID, **ending, "transaction_reference": TEXT}
    requests["importCustomerInvoices"] = shape([*required, "file_attachment_id"], **imported)
    changed_line = shape(["id"], id=ID, imputation_dates=TEXT)
    changes = shape([], update={"type": "array", "items": changed_line})
    final_update = shape([], label=TEXT, transaction_reference=TEXT, invoice_lines=changes)
    requests["updateCustomerInvoice"] = {"anyOf": [shape([], date=TEXT), final_update]}
    components = {
        "VatRate": {"type": "string", "enum": ["FR_200", "FR_55", "mixed"]},
        "Discount": shape(["type", "value"], type={"enum": ["absolute", "relative"]}, value=AMOUNT),
        "Address": shape([], address=TEXT, postal_code=TEXT, city=TEXT, country_alpha2=TEXT),
    }
    operations = tuple(_operation(id_, schema) for id_, schema in requests.items())
    return Contract("company", {"components": {"schemas": components}}, operations)


def _operation(operation_id: str, schema: dict[str, Any]) -> Operation:
    body = Body("application/json", schema, required=True)
    return Operation(operation_id, "POST", "/x", "x", "create", (), body, 201, None, (), ())


def schemas(of: Contract) -> dict[str, dict[str, Any]]:
    emitted = {
        path.removeprefix("schemas/").split(".")[0]: json.loads(text) for path, text in emit(of).items()
    }
    return emitted | {"invoice": emitted["definitions/invoice"], "any-invoice": emitted["invoice"]}


def test_a_field_that_the_api_gains_is_accepted_without_editing_a_list() -> None:
    definition = copy.deepcopy(INVOICE) | {"purchase_order": "PO-1"}
    before, after = schemas(contract()), schemas(contract(purchase_order={"type": "string", "maxLength": 20}))
    assert not compile_schema(before["invoice"]).is_valid(definition)
    assert compile_schema(after["invoice"]).is_valid(definition)
    assert after["invoice"]["properties"]["purchase_order"]["title"] == "Purchase order"
    assert "purchase_order" in after["invoice-template"]["properties"]["invoice"]["properties"]
    assert "purchase_order" in after["definitions/invoice-series"]["properties"]
    assert compile_schema(after["any-invoice"]).is_valid(definition)


def test_what_only_a_final_invoice_has_is_accepted_as_far_as_it_can_be_set_then() -> None:
    invoice = schemas(contract())["invoice"]["properties"]
    line = invoice["invoice_lines"]["items"]["properties"]
    assert invoice["transaction_reference"]["x-pennyform-after-finalizing"]
    assert line["imputation_dates"]["x-pennyform-after-finalizing"]
    assert "never_set_again" not in invoice
    assert "invoice_number" not in line


def test_the_small_contract_gives_schemas_for_all_kinds() -> None:
    emitted = schemas(contract())
    for kind, value in (("invoice", INVOICE), ("customer", CUSTOMER), ("product", PRODUCT)):
        assert compile_schema(emitted[kind]).is_valid(value), kind


def test_what_pennyform_sets_itself_and_ids_are_not_for_authors() -> None:
    properties = schemas(contract())["invoice"]["properties"]
    assert not {"draft", "customer_id"} & set(properties)
    imported = schemas(contract())["definitions/imported-invoice"]["properties"]
    assert "file_attachment_id" not in imported
    assert "x-pennyform-after-finalizing" not in imported["transaction_reference"]
    assert properties["customer"]["x-pennyform-key"] == {
        "kind": "customer",
        "field": "external_reference",
        "sends": "customer_id",
    }
    assert "mixed" not in properties["invoice_lines"]["items"]["properties"]["vat_rate"]["enum"]


def test_a_line_is_a_product_or_says_everything_itself() -> None:
    items = schemas(contract())["invoice"]["properties"]["invoice_lines"]["items"]
    accepts = compile_schema(items).is_valid
    assert accepts({"product": "A", "quantity": 1})
    assert not accepts({"label": "x", "quantity": 1})
    assert not accepts({"product": "A"})


def test_a_field_that_is_called_like_a_key_of_another_variant_is_renamed() -> None:
    """The line without a product has no key ``product``: the API's field of that name is no product there."""
    of = contract(customer=TEXT, api_customer=ID)
    draft = of.operations[0].request.schema["anyOf"][1]
    for variant in draft["properties"]["invoice_lines"]["items"]["anyOf"]:
        variant["properties"] = {**variant["properties"], "product": TEXT}
    invoice = schemas(of)["invoice"]["properties"]
    sends = {name: invoice[name].get("x-pennyform-sends", name) for name in invoice if "customer" in name}
    assert sends == {"customer": "customer", "api_api_customer": "customer", "api_customer": "api_customer"}
    items = invoice["invoice_lines"]["items"]
    assert items["properties"]["api_product"]["x-pennyform-sends"] == "product"
    accepts = compile_schema(items).is_valid
    assert accepts({"product": "A", "quantity": 1, "api_product": "x"})
    assert not accepts({"label": "x", "quantity": 1, "api_product": "x"})


def test_a_union_that_nothing_tells_apart_stops_generation() -> None:
    same = shape(["label"], label=TEXT)
    with pytest.raises(UnsupportedShapeError, match="invoice_lines"):
        emit(contract(line={"oneOf": [same, same]}))
    with pytest.raises(UnsupportedShapeError, match="union of 3"):
        Fields({}, {}).convert({"anyOf": [TEXT, ID, {"type": "boolean"}]})


def test_an_operation_that_is_gone_stops_generation() -> None:
    complete = contract()
    without = Contract("company", complete.document, complete.operations[:-1])
    with pytest.raises(KeyError, match="updateCustomerInvoice"):
        emit(without)


def test_null_is_kept_where_the_contract_allows_it() -> None:
    nullable = Fields({"Colour": {"type": "string", "enum": ["red"]}}, {}).convert(
        {"anyOf": [{"$ref": "#/components/schemas/Colour"}, {"type": "null"}]}
    )
    assert nullable == {"type": ["string", "null"], "enum": ["red", None]}


def test_emitting_twice_gives_the_same_bytes() -> None:
    assert emit(contract()) == emit(contract())


WAYS = {
    "definitions/invoice": "invoice",
    "definitions/imported-invoice": "invoice",
    "definitions/invoice-series": "invoice",
    "definitions/imported-invoice-series": "invoice",
    "definitions/customer": "customer",
    "definitions/customer-series": "customer",
    "definitions/product": "product",
    "definitions/product-series": "product",
}


@cache
def accepting(kind: str) -> Callable[[Any], bool]:
    return compile_schema(definition_schema(kind)).is_valid


@settings(max_examples=150, deadline=None)
@given(drawn=st.data(), way=st.sampled_from(sorted(WAYS)))
def test_editors_and_the_tool_hold_definitions_to_the_same(drawn: st.DataObject, way: str) -> None:
    value, kind = drawn.draw(nearly_valid(way)), WAYS[way]
    assert accepting(kind)(value) == accepting(definition_schema_name(value, kind))(value)


TEMPLATE = {
    "description": "Trips.",
    "parameters": {
        "name": {"type": "text"},
        "count": {"type": "integer", "default": 1, "minimum": 1},
        "remark": {"type": "text", "default": None},
        "level": {"type": "text", "enum": ["a", "b"], "default": None},
        "price": {"type": "amount", "default": "1.00"},
        "trips": {"type": "list", "default": [], "fields": {"to": {"type": "text"}}},
    },
    "invoice": {"deadline": "{{ date }}", "invoice_lines": []},
}
USES_IT = {
    "external_reference": "A",
    "customer": "B",
    "date": "2026-01-31",
    "template": "trips",
    "values": {"name": "x", "trips": [{"to": "Lyon"}]},
}


def test_a_template_has_a_schema_for_the_definitions_that_use_it() -> None:
    single, series = (definition_schema(f"definitions/{way}") for way in ("invoice", "invoice-series"))
    schema = template_schema(single, series, "trips", TEMPLATE)
    accepts = compile_schema(schema).is_valid
    assert accepts(USES_IT)
    assert accepts(USES_IT | {"for_each": "a.csv", "values": {"name": "{{ row.name }}", "count": "{{ 1 }}"}})
    assert accepts(USES_IT | {"for_each": "a.csv", "values": {"name": "x", "trips": "{{ row.trips }}"}})
    assert not accepts(USES_IT | {"values": {"name": "x", "trips": "{{ row.trips }}"}})
    assert accepts(USES_IT | {"values": {"name": "x", "remark": None, "level": None}})
    for wrong in (
        {"template": "other"},
        {"values": {}},
        {"values": {"name": 1}},
        {"values": {"name": "x", "count": 0}},
        {"values": {"name": "x", "price": 1}},
        {"values": {"name": "x", "level": "c"}},
        {"values": {"name": "x", "trips": [{}]}},
        {"values": {"name": "x", "other": 1}},
        {"customer": 1},
    ):
        assert not accepts(USES_IT | wrong), wrong
    assert not accepts({name: value for name, value in USES_IT.items() if name != "date"})
    assert schema["else"]["properties"]["values"]["properties"]["count"]["default"] == 1


@pytest.mark.parametrize(
    "path", sorted((data.schemas() / "templates").glob("*.json")), ids=lambda path: path.name
)
def test_the_schemas_of_built_in_templates_are_sound(path: Path) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    Reference.check_schema(schema)
    compile_schema(schema)
    assert (data.templates() / "invoices" / path.name.replace(".schema.json", ".yaml")).is_file()
