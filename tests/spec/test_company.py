"""What the Company contract becomes: what others rely on, said once more."""

from __future__ import annotations

import pytest
from openapi_spec_validator import validate

from .pinned import company, corrections


def by_id(identifier):
    return next(operation for operation in company().operations if operation.operation_id == identifier)


def schema(name):
    return company().document["components"]["schemas"][name]


def test_all_operations_are_there_once_and_can_be_called():
    operations = company().operations
    assert len(operations) == 167
    assert len({(operation.resource, operation.name) for operation in operations}) == 167
    validate(company().document)


@pytest.mark.parametrize(
    ("identifier", "call"),
    [
        ("postCustomerInvoices", "customer_invoices.create"),
        ("getCustomerInvoices", "customer_invoices.list"),
        ("getCustomerInvoice", "customer_invoices.get"),
        ("updateCustomerInvoice", "customer_invoices.update"),
        ("deleteCustomerInvoices", "customer_invoices.delete"),
        ("finalizeCustomerInvoice", "customer_invoices.finalize"),
        ("importCustomerInvoices", "customer_invoices.import_"),
        ("getCustomerInvoiceInvoiceLines", "customer_invoices.list_invoice_lines"),
        ("postCustomerInvoiceAppendices", "customer_invoices.create_appendices"),
        ("putCustomerInvoiceCategories", "customer_invoices.replace_categories"),
        ("linkCreditNote", "customer_invoices.link_credit_note"),
        ("sendToPaCustomerInvoice", "customer_invoices.send_to_pa"),
        ("markAsPaidCustomerInvoice", "customer_invoices.mark_as_paid"),
        ("updateImportedCustomerInvoice", "customer_invoices.update_imported"),
        ("createCustomerInvoiceFromQuote", "customer_invoices.create_from_quote"),
        ("postCompanyCustomer", "company_customers.create"),
        ("getMe", "me.get"),
        ("getTrialBalance", "trial_balance.list"),
        ("getFiscalYears", "fiscal_years.list"),
        ("validateAccountingSupplierInvoice", "supplier_invoices.validate_accounting"),
    ],
)
def test_operations_are_named_as_people_speak(identifier, call):
    operation = by_id(identifier)
    assert f"{operation.resource}.{operation.name}" == call


def test_scopes_mean_one_of():
    assert by_id("getCustomerInvoices").scopes == ("customer_invoices:all", "customer_invoices:readonly")
    assert by_id("getMe").scopes == ()
    described = company().document["paths"]["/api/external/v2/customer_invoices"]["get"]
    assert described["security"] == [
        {"oauth2": ["customer_invoices:all"]},
        {"oauth2": ["customer_invoices:readonly"]},
    ]


def test_the_token_url_is_corrected():
    flow = company().document["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"]
    assert flow["tokenUrl"] == flow["refreshUrl"] == "https://app.pennylane.com/oauth/token"


def test_ids_in_paths_are_integers():
    for operation in company().operations:
        for parameter in operation.parameters:
            if parameter.location == "path":
                assert parameter.schema == {"type": "integer", "format": "int64"}


def test_an_amount_is_decimal_text_and_a_quantity_a_decimal_number():
    line = schema("DraftInvoiceLineWithoutProduct")["properties"]
    assert line["raw_currency_unit_price"]["type"] == "string"
    assert line["raw_currency_unit_price"]["format"] == "decimal"
    assert line["quantity"]["type"] == "number"
    assert line["quantity"]["format"] == "decimal"
    assert schema("CustomerInvoiceLine")["properties"]["quantity"]["type"] == "string"


def test_an_invoice_is_created_as_a_draft_or_finalized_and_the_types_tell():
    create = by_id("postCustomerInvoices").request.schema
    assert create == {"$ref": "#/components/schemas/CustomerInvoiceCreate"}
    assert schema("CustomerInvoiceCreate")["anyOf"] == [
        {"$ref": "#/components/schemas/DraftCustomerInvoiceCreate"},
        {"$ref": "#/components/schemas/FinalizedCustomerInvoiceCreate"},
    ]
    assert schema("DraftCustomerInvoiceCreate")["properties"]["draft"]["const"] is True
    assert "draft" in schema("DraftCustomerInvoiceCreate")["required"]
    assert schema("FinalizedCustomerInvoiceCreate")["properties"]["draft"]["const"] is False
    assert "draft" not in schema("FinalizedCustomerInvoiceCreate")["required"]


def test_lists_are_pages_and_the_invoice_list_has_its_inclusions():
    page = schema("CustomerInvoicePage")
    assert set(page["properties"]) == {"items", "has_more", "next_cursor", "included"}
    assert page["properties"]["items"]["items"] == {"$ref": "#/components/schemas/CustomerInvoice"}


def test_every_component_serves_one_direction_and_only_requests_are_closed():
    for component in company().document["components"]["schemas"].values():
        assert component["x-pennyform-direction"] in ("request", "answer")
        if component["x-pennyform-direction"] == "answer":
            assert component.get("additionalProperties") is not False


def test_no_component_refers_to_one_of_the_other_direction():
    components = company().document["components"]["schemas"]
    for component in components.values():
        for name in _references(component):
            assert components[name]["x-pennyform-direction"] == component["x-pennyform-direction"]


def _references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].rpartition("/")[2]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def test_vat_codes_of_lines_and_of_ledger_accounts_stay_apart():
    lines, accounts = schema("VatRate")["enum"], schema("LedgerAccountVatRate")["enum"]
    assert len(lines) == 173
    assert "mixed" in lines
    assert "any" not in lines
    assert "any" in accounts


def test_every_error_has_one_body():
    for item in company().document["paths"].values():
        for operation in item.values():
            for status, response in operation["responses"].items():
                if status >= "4" and "content" in response:
                    body = response["content"]["application/json"]["schema"]
                    assert body == {"$ref": "#/components/schemas/ErrorBody"}
    assert "required" not in schema("ErrorBody")


def test_the_fields_of_an_invoice_are_described():
    undescribed = [
        (name, field)
        for name in (
            "DraftCustomerInvoiceCreate",
            "FinalizedCustomerInvoiceCreate",
            "DraftInvoiceLineWithProduct",
            "DraftInvoiceLineWithoutProduct",
            "FinalizedInvoiceLineWithProduct",
            "FinalizedInvoiceLineWithoutProduct",
            "CompanyCustomerCreate",
            "IndividualCustomerCreate",
            "ProductCreate",
            "Discount",
            "LineDiscount",
            "InvoiceLineSection",
            "Address",
        )
        for field, described in schema(name)["properties"].items()
        if not described.get("description")
    ]
    assert undescribed == []


FLOW = {
    "company_customers",
    "customer_invoices",
    "customers",
    "file_attachments",
    "individual_customers",
    "me",
    "products",
}


def test_the_operations_of_the_invoice_flow_are_told_in_our_own_words():
    described = company().document["paths"]
    untold = [
        operation.operation_id
        for operation in company().operations
        if operation.resource in FLOW
        and "categories" not in operation.name
        and not described[operation.path][operation.method.lower()].get("summary")
    ]
    assert untold == []


def test_facts_that_only_sentences_stated_are_in_the_schemas():
    line = schema("DraftInvoiceLineWithoutProduct")["properties"]
    assert line["raw_currency_unit_price"]["x-pennyform-decimals"] == 6
    draft = schema("DraftCustomerInvoiceCreate")["properties"]
    assert draft["special_mention"]["maxLength"] == 20_000
    assert draft["pdf_description"]["maxLength"] == 5_000
    assert schema("CompanyCustomerCreate")["properties"]["billing_language"]["default"] == "fr_FR"
    accounts = schema("BankAccountCreate")["properties"]["account_type"]
    assert accounts["x-pennyform-deprecated-values"] == ["current"]


def test_a_default_says_what_leaving_out_means_in_requests_only():
    finalized = schema("FinalizedCustomerInvoiceCreate")["properties"]["draft"]
    assert finalized["default"] is False
    answers = [each for each in company().document["components"]["schemas"].values() if _answers(each)]
    assert not [
        each for each in answers for field in each.get("properties", {}).values() if "default" in field
    ]


def _answers(component):
    return component["x-pennyform-direction"] == "answer"


def test_every_declared_name_is_in_use():
    declared = {
        name
        for action in corrections()[0]["actions"]
        for key, name in action.get("update", {}).get("x-pennyform-component", {}).items()
        if key != "description"
    }
    assert declared - company().names.keys() == set()
