"""A name never changes because something unrelated was added."""

from __future__ import annotations

import copy

import pytest
from pennyform.findings import Failure
from pennyform.spec import canonical_json, normalise
from pennyform.spec.normaliser.component_names import vendor_name
from pennyform.spec.normaliser.identifiers import is_plural, pascal_case, singular, snake_case

from .pinned import corrections, pinned


def operation(identifier, schema, *, status="200", request=None):
    described = {
        "operationId": identifier,
        "responses": {status: {"description": "", "content": {"application/json": {"schema": schema}}}},
    }
    if request:
        described["requestBody"] = {"content": {"application/json": {"schema": request}}}
    return described


def contract(paths, schemas=None):
    info = {"title": "t", "version": "1", "x-pennyform-api": "example"}
    return {"openapi": "3.0.1", "info": info, "paths": paths, "components": {"schemas": schemas or {}}}


ADDRESS = {"type": "object", "properties": {"city": {"type": "string"}}}
CUSTOMER = {
    "type": "object",
    "properties": {"address": ADDRESS, "mood": {"type": "string", "enum": ["a", "b"]}},
}
BEFORE = contract({"/v1/customers": {"post": operation("postCustomer", CUSTOMER, request=CUSTOMER)}})


def names_by_place(normalised):
    return {(record.direction, record.place): name for name, record in normalised.names.items()}


def changed(**more):
    after = copy.deepcopy(BEFORE)
    after["paths"].update(more.get("paths", {}))
    after["components"]["schemas"].update(more.get("schemas", {}))
    return after


ADDITIONS = {
    # It sorts before everything, is read rather than written, and has the same shapes.
    "an operation that would lend its name": {
        "paths": {"/v1/accounts": {"get": operation("getAccount", CUSTOMER)}}
    },
    "a component equal to a shape": {
        "schemas": {"Place": ADDRESS, "Humour": {"type": "string", "enum": ["b", "a"]}}
    },
    "the first request with a shape so far only read": {
        "paths": {"/v1/addresses": {"post": operation("postAddress", {"type": "object"}, request=ADDRESS)}}
    },
}


@pytest.mark.parametrize("addition", ADDITIONS.values(), ids=ADDITIONS.keys())
def test_what_is_added_changes_no_name(addition):
    first = normalise(BEFORE)
    second = normalise(changed(**addition), names=first.names)
    kept = {(record.direction, record.shape): name for name, record in second.names.items()}
    for name, record in first.names.items():
        assert kept[record.direction, record.shape] == name


def test_without_a_memory_the_same_additions_would_rename():
    renamed = [
        name
        for addition in ADDITIONS.values()
        for name in normalise(BEFORE).names
        if name not in normalise(changed(**addition)).names
    ]
    assert renamed, "these additions prove nothing"


def test_a_shape_that_changes_keeps_its_name():
    first = normalise(BEFORE)
    after = copy.deepcopy(BEFORE)
    content = after["paths"]["/v1/customers"]["post"]["responses"]["200"]["content"]
    content["application/json"]["schema"]["properties"]["address"]["properties"]["zip"] = {"type": "string"}
    second = normalise(after, names=first.names)
    assert names_by_place(second) == names_by_place(first)


DECLARED = {**copy.deepcopy(ADDRESS), "x-pennyform-component": {"name": "Location"}}
PARTED = contract(
    {
        "/v1/a": {"get": operation("getA", {"type": "object", "properties": {"home": ADDRESS}})},
        "/v1/b": {"get": operation("getB", {"type": "object", "properties": {"work": DECLARED}})},
    }
)


@pytest.mark.parametrize("path", ["/v1/a", "/v1/b"])
def test_where_a_component_is_divided_its_place_keeps_the_name(path):
    first = normalise(PARTED)
    after = copy.deepcopy(PARTED)
    content = after["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    for item in content["schema"]["properties"].values():
        item["properties"]["zip"] = {"type": "string"}
    warnings = []
    second = normalise(after, names=first.names, unmatched=warnings)
    place = "GET /v1/a 200 home"
    assert first.names["Location"].place == second.names["Location"].place == place
    # Declared for another part by an overlay, the name cannot be had there.
    assert [finding.summary for finding in warnings] == [
        f"Location names two shapes: one at {place}, the other at GET /v1/b 200 work"
    ]
    with pytest.raises(Failure):
        normalise(after, names=first.names)
    assert names_by_place(normalise(after, names=second.names, unmatched=[])) == names_by_place(second)


def test_an_overlay_renames_by_another_name_at_the_place():
    after = copy.deepcopy(PARTED)
    content = after["paths"]["/v1/b"]["get"]["responses"]["200"]["content"]["application/json"]
    content["schema"]["properties"]["work"]["x-pennyform-component"] = {"name": "Site"}
    assert names_by_place(normalise(after, names=normalise(PARTED).names)) == {
        ("answer", "GET /v1/a 200"): "A",
        ("answer", "GET /v1/a 200 home"): "Site",
        ("answer", "GET /v1/b 200"): "B",
    }


def test_a_declared_name_in_a_further_direction_leaves_nothing_out():
    after = copy.deepcopy(PARTED)
    after["paths"]["/v1/c"] = {"post": operation("postC", {"type": "object"}, request=DECLARED)}
    warnings = []
    second = normalise(after, names=normalise(PARTED).names, unmatched=warnings)
    assert second.names["Location"].direction == "answer"
    assert [record.direction for record in second.names.values()].count("request") == 1
    assert (second.skipped, len(warnings)) == ((), 1)


def test_a_shape_keeps_its_name_when_the_place_it_was_named_by_goes():
    paths = {
        "/v1/a": {"get": operation("getA", {"type": "object", "properties": {"home": ADDRESS}})},
        "/v1/b": {"get": operation("getB", {"type": "object", "properties": {"work": ADDRESS}})},
    }
    first = normalise(contract(paths))
    second = normalise(contract({"/v1/b": paths["/v1/b"]}), names=first.names)
    assert "AHome" in first.names
    assert "AHome" in second.names


@pytest.mark.parametrize("path", ["/api/external/v2/bank_accounts", "/api/external/v2/products"])
def test_the_company_contract_keeps_its_names_whatever_operation_comes_last(path):
    # The overlay corrects operations of the whole contract; without it, names come from places alone.
    smaller = {**pinned(), "paths": {key: item for key, item in pinned()["paths"].items() if key != path}}
    declared = [{"overlay": "1.0.0", "actions": _names_only(corrections())}]
    first = normalise(smaller, declared)
    second = normalise(pinned(), declared, names=first.names)
    kept = {(record.direction, record.shape): name for name, record in second.names.items()}
    for name, record in first.names.items():
        assert kept[record.direction, record.shape] == name


def _names_only(overlays):
    """The declared names, and what a normal form needs, as far as they hold without one of the paths."""
    needed = ("additionalProperties", "x-pennyform-component", "operationId", "x-pennyform-method")
    return [
        action
        for overlay in overlays
        for action in overlay["actions"]
        if any(word in action["target"] or word in action.get("update", {}) for word in needed)
        and "/products'" not in action["target"]
        and "summary" not in action.get("update", {})
    ]


def test_two_shapes_that_claim_one_name_are_numbered_and_stay_so():
    one = {"type": "object", "properties": {"x": {"type": "string"}}}
    other = {"type": "object", "properties": {"y": {"type": "string"}}}
    schema = {
        "type": "object",
        "properties": {"a_b": one, "a": {"type": "object", "properties": {"b": other}}},
    }
    document = contract({"/v1/things": {"get": operation("getThings", schema)}})
    first = normalise(document)
    assert {record.place: name for name, record in first.names.items() if "AB" in name} == {
        "GET /v1/things 200 a_b": "ThingAB",
        "GET /v1/things 200 a.b": "ThingAB2",
    }
    assert normalise(document, names=first.names).names == first.names


def test_the_memory_is_the_same_after_reading_it_back():
    first = normalise(BEFORE)
    assert canonical_json(normalise(BEFORE, names=first.names).names) == canonical_json(first.names)


@pytest.mark.parametrize(
    ("vendor", "ours"),
    [
        ("CustomerInvoices__Response", "CustomerInvoice"),
        (
            "CustomerInvoices__DraftInvoiceLineWithProduct_Request",
            "CustomerInvoiceDraftInvoiceLineWithProduct",
        ),
        ("Currency-2", "Currency"),
        ("SupplierInvoicePDPStatus", "SupplierInvoicePdpStatus"),
        ("null", "Null"),
        ("-2", ""),
    ],
)
def test_a_vendors_name_becomes_a_class_name(vendor, ours):
    assert vendor_name(vendor) == ours


@pytest.mark.parametrize(
    ("plural", "one"),
    [
        ("invoice_lines", "invoice_line"),
        ("categories", "category"),
        ("appendices", "appendix"),
        ("addresses", "address"),
        ("statuses", "status"),
        ("status", "status"),
        ("e_invoice_status", "e_invoice_status"),
        ("business", "business"),
        ("analysis", "analysis"),
        ("expenses", "expense"),
    ],
)
def test_singulars(plural, one):
    assert singular(plural) == one
    assert is_plural(plural) is (plural != one)


def test_cases_of_words():
    assert snake_case("e-invoices") == "e_invoices"
    assert snake_case("postCustomerInvoicesPDF") == "post_customer_invoices_pdf"
    assert pascal_case("vat_rate_2") == "VatRate2"
