"""The table of VAT codes: the rule of the names, and assumptions that are called so."""

from __future__ import annotations

import json
from functools import cache

import pytest
from pennyform.codegen import vat_rates
from pennyform.findings import Failure
from pennyform.spec import Contract, read_contract


@cache
def table():
    (content,) = vat_rates.emit(read_contract("company")).values()
    return {row["vat_rate"]: row for row in json.loads(content)["rates"]}


def contract_with(*codes):
    schemas = {"VatRate": {"type": "string", "enum": list(codes)}}
    return Contract("example", {"components": {"schemas": schemas}}, ())


def test_every_code_of_the_contract_is_there_in_its_order():
    schemas = read_contract("company").document["components"]["schemas"]
    assert list(table()) == [*schemas["VatRate"]["enum"], "any"]


@pytest.mark.parametrize(
    ("code", "percent"),
    {
        "FR_200": "20",
        "FR_55": "5.5",
        "FR_09": "0.9",
        "FR_21": "2.1",
        "FR_1_05": "1.05",
        "FR_1_75": "1.75",
        "FR_15_385": "15.385",
        "FR_196": "19.6",
        "FI_255": "25.5",
    }.items(),
)
def test_a_plain_code_says_its_rate(code, percent):
    row = table()[code]
    assert row["percent"] == percent
    assert row["country"] == code[:2]
    assert row["tax_on_document"]
    assert row["writable"]
    assert row["reviewed"]


@pytest.mark.parametrize("code", ["exempt", "extracom", "crossborder", "intracom_21", "intracom_100"])
def test_no_tax_stands_on_the_document(code):
    assert not table()[code]["tax_on_document"]
    assert table()[code]["reviewed"]


def test_the_rate_of_a_reverse_charge_is_known_all_the_same():
    assert table()["intracom_85"]["percent"] == "8.5"
    assert table()["FR_200_construction"]["percent"] == "20"
    assert table()["DE_extracom_BU0173"]["percent"] == "0"


def test_what_is_assumed_says_so():
    assumed = [
        row for row in table().values() if "construction" in row["vat_rate"] or "_BU" in row["vat_rate"]
    ]
    assert len(assumed) == 27
    assert not any(row["reviewed"] for row in assumed)
    assert all(row["note"].startswith("assumed: ") for row in assumed)


@pytest.mark.parametrize("code", ["mixed", "any"])
def test_what_cannot_be_written_is_marked(code):
    assert not table()[code]["writable"]
    assert table()[code]["percent"] is None


def test_a_rate_that_has_ended_says_when():
    assert table()["FR_196"]["valid_until"] == "2013-12-31"
    assert table()["CH_77"]["valid_until"] == "2023-12-31"
    assert table()["FR_200"]["valid_until"] is None
    assert table()["FR_200"]["valid_from"] == "2014-01-01"


def test_a_new_code_is_derived_from_its_name_and_called_an_assumption():
    (content,) = vat_rates.emit(contract_with("FR_200", "FR_210", "FR_85_forestry")).values()
    known, plain, other = json.loads(content)["rates"]
    assert (known["reviewed"], plain["reviewed"], other["reviewed"]) == (True, False, False)
    assert (plain["percent"], other["percent"], other["country"]) == ("21", "8.5", "FR")
    assert plain["note"] == other["note"] == "assumed: a new code, the rate in its name is charged"


def test_the_customer_owes_the_tax_of_a_reverse_charge():
    owed = {code for code, row in table().items() if row["reverse_charge"]}
    assert {"crossborder", "intracom_55", "FR_200_construction"} <= owed
    assert not {"exempt", "extracom", "FR_200"} & owed
    assert not any(table()[code]["tax_on_document"] for code in owed)


def test_a_code_without_a_rule_needs_a_decision():
    with pytest.raises(Failure) as caught:
        vat_rates.emit(contract_with("FR_200", "FR_special", "zz_10"))
    assert [finding.rule for finding in caught.value.findings] == ["unknown-vat-code"] * 2
    assert "'FR_special'" in caught.value.findings[0].summary


def test_a_contract_without_codes_has_no_table():
    assert vat_rates.emit(Contract("example", {"components": {"schemas": {}}}, ())) == {}
