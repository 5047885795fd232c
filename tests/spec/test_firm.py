"""What the Firm contract becomes: every resource of a company, with the company as an argument."""

from __future__ import annotations

import pytest
from openapi_spec_validator import validate
from pennyform.spec.document.extensions import DEFAULT

from .pinned import company, firm


def test_all_operations_are_there_once_and_can_be_called():
    operations = firm().operations
    assert len(operations) == 48
    assert len({(operation.resource, operation.name) for operation in operations}) == 48
    validate(firm().document)


@pytest.mark.parametrize(
    ("identifier", "call", "in_path"),
    [
        ("getCompanies", "companies.list", []),
        ("getCompany", "companies.get", ["id"]),
        ("getLedgerEntries", "ledger_entries.list", ["company_id"]),
        ("putLedgerEntries", "ledger_entries.update", ["company_id", "id"]),
        ("getFiscalYears", "fiscal_years.list", ["company_id"]),
        ("getTrialBalance", "trial_balance.list", ["company_id"]),
        ("getDmsFiles", "dms.list_files", ["company_id"]),
        ("postDmsFiles", "dms.create_file", ["company_id"]),
        ("postFecExport", "exports.create_fec", ["company_id"]),
        ("getFecExport", "exports.get_fec", ["company_id", "id"]),
        (
            "getCategoryGroupCategories",
            "category_groups.list_categories",
            ["company_id", "category_group_id"],
        ),
    ],
)
def test_operations_are_named_as_in_the_company_api(identifier, call, in_path):
    (operation,) = [each for each in firm().operations if each.operation_id == identifier]
    assert f"{operation.resource}.{operation.name}" == call
    assert [each.name for each in operation.parameters if each.location == "path"] == in_path


def test_what_both_apis_can_do_has_the_same_name_in_both():
    ids = {(each.method, each.path.split("/")[-1], each.operation_id): each for each in company().operations}
    for operation in firm().operations:
        twin = ids.get((operation.method, operation.path.split("/")[-1], operation.operation_id))
        if twin:
            assert (operation.resource, operation.name) == (twin.resource, twin.name)


def test_ids_are_integers_and_amounts_decimals():
    schemas = firm().document["components"]["schemas"]
    for operation in firm().operations:
        for parameter in operation.parameters:
            if parameter.location == "path":
                assert parameter.schema == {"type": "integer", "format": "int64"}
    for name in ("LedgerEntryLine", "LedgerEntryCreateLedgerEntryLine"):
        assert schemas[name]["properties"]["debit"]["format"] == "decimal"


def test_a_page_of_a_numbered_list_has_its_size():
    (listed,) = [each for each in firm().operations if each.operation_id == "getTrialBalance"]
    sizes = {each.name: each.schema.get(DEFAULT) for each in listed.parameters}
    assert sizes["per_page"] == 500


def test_the_token_url_is_corrected():
    flow = firm().document["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"]
    assert flow["tokenUrl"] == flow["refreshUrl"] == "https://app.pennylane.com/oauth/token"
