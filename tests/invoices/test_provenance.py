"""Where each value of an invoice comes from, as render shows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pennyform.cli import main

from .definitions import write

TEMPLATE = """\
parameters:
  days: {type: number}
  rate: {type: amount, default: "650.00"}
  trips: {type: list, default: [], fields: {to: {type: text}}}
invoice:
  deadline: "{{ date | days_later(30) }}"
  invoice_lines:
    - label: Work
      quantity: "{{ days }}"
      unit: day
      raw_currency_unit_price: "{{ rate * 2 }}"
      vat_rate: FR_200
    - for_each: trips
      label: "{{ item.to }}"
      product: TRIP
      quantity: 1
"""
PRODUCT = """\
external_reference: TRIP
label: Trip
price_before_tax: "10.00"
unit: trip
vat_rate: FR_200
"""
DEFINITION = """\
external_reference: INV-1
customer: ACME
template: work
values:
  days: 2
  trips: [{to: Lyon}, {to: Lille}]
date: 2026-01-31
invoice_lines:
  - product: TRIP
    quantity: 3
"""
SERIES = """\
for_each: data/rows.csv
external_reference: "S-{{ row.n }}"
customer: ACME
template: work
values: {days: "{{ row.days }}"}
date: "{{ row.date }}"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path, templates__work=TEMPLATE, products__trip=PRODUCT, invoices__a=DEFINITION)
    write(tmp_path, pennyform="version: 1\nenvironment: sandbox\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def origins(capsys: pytest.CaptureFixture[str], reference: str = "INV-1") -> dict[str, dict[str, Any]]:
    assert main(["render", "--format", "json"]) == 0
    invoices = json.loads(capsys.readouterr().out)["invoices"]
    (found,) = (one for one in invoices if one["external_reference"] == reference)
    return {one.pop("pointer"): one for one in found["provenance"]}


def test_the_definition_says_some_itself(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = origins(capsys)
    date = {"value": "2026-01-31", "source": "definition", "place": "invoices/a.yaml:7:7"}
    assert found["/date"] == date
    assert found["/invoice_lines/3/quantity"]["place"] == "invoices/a.yaml:10:15"


def test_the_template_says_the_rest_by_expressions(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = origins(capsys)
    assert found["/invoice_lines/0/quantity"] == {
        "value": 2,
        "source": "template",
        "place": "templates/work.yaml:9:17",
        "expression": "{{ days }}",
        "uses": {"days": "invoices/a.yaml:5:9"},
    }
    price = found["/invoice_lines/0/raw_currency_unit_price"]
    assert (price["value"], price["uses"]) == ("1300.00", {"rate": "templates/work.yaml:3:33"})
    assert found["/invoice_lines/0/unit"]["place"] == "templates/work.yaml:10:13"


def test_repeated_lines_know_their_entry(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = origins(capsys)
    assert [found[f"/invoice_lines/{index}/label"]["uses"] for index in (1, 2)] == [
        {"item.to": "invoices/a.yaml:6:16"},
        {"item.to": "invoices/a.yaml:6:28"},
    ]


def test_products_and_defaults_fill_in(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = origins(capsys)
    unit = {"value": "trip", "source": "product", "place": "products/trip.yaml:1:21"}
    assert found["/invoice_lines/3/unit"] == unit
    assert found["/currency"] == {"value": "EUR", "source": "default"}


def test_rows_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, invoices__b=SERIES.replace("data/", "../data/"))
    (folder / "data").mkdir()
    (folder / "data" / "rows.csv").write_text("n,days,date\n7,2,2026-03-31\n", encoding="utf-8")
    found = origins(capsys, "S-7")
    assert found["/date"]["uses"] == {"row.date": "data/rows.csv:2:5"}
    assert found["/invoice_lines/0/quantity"]["uses"] == {"days": "data/rows.csv:2:3"}
    assert found["/deadline"]["uses"] == {"date": "data/rows.csv:2:5"}


def test_every_value_of_the_body_has_an_origin(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "--format", "json"]) == 0
    (invoice,) = json.loads(capsys.readouterr().out)["invoices"]
    pointers = {one["pointer"] for one in invoice["provenance"]}
    assert set(scalars(invoice["body"], "")) - pointers == {"/draft"}


def scalars(value: Any, path: str) -> list[str]:
    if isinstance(value, dict) and "lookup" not in value:
        return [found for name, member in value.items() for found in scalars(member, f"{path}/{name}")]
    if isinstance(value, list):
        return [found for index, item in enumerate(value) for found in scalars(item, f"{path}/{index}")]
    return [path]


def test_people_see_it_when_they_ask(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render"]) == 0
    assert "where it comes from" not in capsys.readouterr().out
    assert main(["render", "--provenance"]) == 0
    shown = capsys.readouterr().out
    assert "    /invoice_lines/0/quantity: 2  (template templates/work.yaml:9:17)\n" in shown
    assert "      = {{ days }}  with days invoices/a.yaml:5:9\n" in shown


def test_lines_of_a_row_stand_behind_those_of_its_template(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = 'invoice_lines:\n  - {product: TRIP, quantity: "{{ row.n }}"}\n'
    write(folder, invoices__b=SERIES.replace("data/", "../data/") + more)
    (folder / "data").mkdir()
    (folder / "data" / "rows.csv").write_text("n,days,date\n7,2,2026-03-31\n", encoding="utf-8")
    found = origins(capsys, "S-7")
    assert found["/invoice_lines/0/quantity"]["expression"] == "{{ days }}"
    assert found["/invoice_lines/1/quantity"]["uses"] == {"row.n": "data/rows.csv:2:1"}
