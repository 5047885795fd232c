"""Many invoices from one definition: rows, their places, and no data file that raises."""

from __future__ import annotations

import csv
import hashlib
import io
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pennyform.invoices import load
from pennyform.invoices.desired.json_bodies import to_json
from pennyform.invoices.model import DesiredInvoice
from pennyform.invoices.repository.validate import validate
from pennyform.invoices.sources.data_file import CsvError, csv_rows

from .definitions import write

DEFINITION = """\
for_each: {file: data/members.csv, as: member, when: "{{ member.status == 'active' }}"}
external_reference: "FEE-{{ member.number | pad(3) }}"
customer: "{{ member.customer }}"
date: 2026-01-31
deadline: "{{ date | days_later(30) }}"
special_mention: "{{ member.note if member.note != '' else none }}"
invoice_lines:
  - label: "Fee of {{ member.customer }}"
    quantity: "{{ member.months }}"
    unit: month
    raw_currency_unit_price: "{{ member.price }}"
    vat_rate: FR_200
  - label: Card
    when: "{{ member.months | number > 6 }}"
    quantity: 1
    unit: card
    raw_currency_unit_price: "5.00"
    vat_rate: FR_200
options:
  finalize: true
  send_by_email: {recipients: ["{{ member.mail }}"]}
"""
MEMBERS = '''\
number;customer;status;months;price;mail;note
1;ONE;active;12;10.00;one@example.com;
2;TWO;left;1;10.00;two@example.com;
3;THREE;active;2.5;10;three@example.com;"a; ""note"""
'''


def body_of(invoice: DesiredInvoice) -> Any:
    return to_json(invoice.body)


def club(folder: Path, definition: str = DEFINITION, members: str = MEMBERS) -> tuple[Any, Any]:
    write(folder, fees=definition)
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "members.csv").write_text(members, encoding="utf-8")
    return load([folder])


def test_each_row_that_counts_is_an_invoice(tmp_path: Path) -> None:
    repository, findings = club(tmp_path)
    assert findings == []
    one, three = repository.invoices
    assert (one.external_reference, three.external_reference) == ("FEE-001", "FEE-003")
    assert [line["label"] for line in body_of(one)["invoice_lines"]] == ["Fee of ONE", "Card"]
    assert [line["quantity"] for line in body_of(three)["invoice_lines"]] == [Decimal("2.5")]
    assert body_of(three)["invoice_lines"][0]["raw_currency_unit_price"] == "10.00"
    assert (body_of(one).get("special_mention"), body_of(three)["special_mention"]) == (None, 'a; "note"')
    assert one.options.send_by_email.recipients == ("one@example.com",)
    assert one.digest != three.digest


TRIPS = """\
parameters:
  trips: {type: list, fields: {to: {type: text}, kilometres: {type: number}}}
invoice:
  deadline: "{{ date }}"
  invoice_lines:
    - for_each: trips
      label: "{{ item.to }}"
      quantity: "{{ item.kilometres }}"
      unit: km
      raw_currency_unit_price: "0.60"
      vat_rate: FR_200
"""
TRAVELLERS = """\
for_each: data/travellers.yaml
external_reference: "TRIPS-{{ row.number }}"
customer: A
date: 2026-01-31
template: trips
values: {trips: "{{ row.trips }}"}
"""
ROWS = """\
- {number: 1, trips: [{to: Lyon, kilometres: 460}, {to: "{{ row.number }}", kilometres: 2.5}]}
- {number: 2, trips: "[{to: Lyon, kilometres: 460}]"}
- {number: 3, trips: [{to: Lyon, miles: 300}]}
"""


def test_a_list_of_a_row_is_a_value_and_text_never_becomes_one(tmp_path: Path) -> None:
    write(tmp_path, templates__trips=TRIPS, travellers=TRAVELLERS, data__travellers=ROWS)
    repository, findings = load([tmp_path])
    (one,) = repository.invoices
    assert [line["label"] for line in body_of(one)["invoice_lines"]] == ["Lyon", "{{ row.number }}"]
    assert [(finding.rule, finding.line, finding.column, finding.summary) for finding in findings] == [
        ("data-braces", 2, 22, "the braces in the data would be printed as they are"),
        ("wrong-value", 3, 34, "`miles` must be left out: an entry has `to`, `kilometres`"),
    ]
    assert {Path(finding.file).name for finding in findings} == {"travellers.yaml"}


def test_a_list_of_a_row_is_a_value_and_nothing_else(tmp_path: Path) -> None:
    elsewhere = TRAVELLERS.replace("customer: A", 'customer: "{{ row.trips }}"')
    write(tmp_path, templates__trips=TRIPS, travellers=elsewhere, data__travellers=ROWS.splitlines()[0])
    _, findings = load([tmp_path])
    assert [(finding.rule, finding.line) for finding in findings] == [("expression", 3)]
    assert "`row.trips` gives a list" in findings[0].summary


def test_an_invoice_is_placed_at_its_row(tmp_path: Path) -> None:
    repository, _ = club(tmp_path)
    assert [str(one.place) for one in repository.invoices] == [
        f"{tmp_path}/data/members.csv:2:1",
        f"{tmp_path}/data/members.csv:4:1",
    ]


def test_the_data_counts_as_an_input_and_not_as_a_definition(tmp_path: Path) -> None:
    write(tmp_path, data__notes="anything: at all\n")
    repository, findings = club(tmp_path)
    assert findings == []
    assert repository.files == {
        "fees.yaml": hashlib.sha256(DEFINITION.encode()).hexdigest(),
        "data/members.csv": hashlib.sha256(MEMBERS.encode()).hexdigest(),
    }


def test_three_hundred_members_take_no_time(tmp_path: Path) -> None:
    rows = "".join(f"{number};M{number};active;1;10.00;m{number}@example.com;\n" for number in range(1, 301))
    started = time.process_time()
    repository, findings = club(tmp_path, members=MEMBERS.splitlines(keepends=True)[0] + rows)
    assert (len(repository.invoices), findings) == (300, [])
    assert time.process_time() - started < 10


def test_one_template_serves_every_row_with_numbers_from_text(tmp_path: Path) -> None:
    template = """\
parameters: {months: {type: integer}, paid: {type: boolean}, price: {type: amount}}
invoice:
  deadline: "{{ date | days_later(30) }}"
  label: "{{ 'paid' if paid else 'open' }}"
  invoice_lines:
    - label: Fee
      quantity: "{{ months }}"
      unit: month
      raw_currency_unit_price: "{{ price }}"
      vat_rate: FR_200
"""
    definition = """\
for_each: data/members.csv
external_reference: "F-{{ index }}"
customer: "{{ row.customer }}"
date: 2026-01-31
template: fee
values: {months: "{{ row.months }}", paid: "{{ row.paid }}", price: "{{ row.price }}"}
"""
    write(tmp_path, templates__fee=template)
    members = "customer,months,paid,price\nA,3,true,10\nB,1,false,7.5\n"
    repository, findings = club(tmp_path, definition, members)
    assert findings == []
    assert [body_of(one)["label"] for one in repository.invoices] == ["paid", "open"]
    assert [body_of(one)["invoice_lines"][0]["quantity"] for one in repository.invoices] == [3, 1]


def test_imports_can_be_many_too(tmp_path: Path) -> None:
    definition = """\
for_each: {file: data/members.csv, as: old}
external_reference: "OLD-{{ old.number }}"
file: "data/{{ old.number }}.pdf"
customer: "{{ old.customer }}"
date: "{{ old.date }}"
deadline: "{{ old.date | days_later(30) }}"
currency_amount_before_tax: "{{ old.net }}"
currency_tax: "{{ (old.net | number | percent(20)) | round }}"
currency_amount: "{{ (old.net | number | percent(120)) | round }}"
invoice_lines:
  - label: Work
    quantity: 1
    unit: lot
    raw_currency_unit_price: "{{ old.net }}"
    vat_rate: FR_200
    currency_amount: "{{ (old.net | number | percent(120)) | round }}"
    currency_tax: "{{ (old.net | number | percent(20)) | round }}"
"""
    (tmp_path / "data").mkdir()
    for number in (1, 2):
        (tmp_path / "data" / f"{number}.pdf").write_bytes(b"%PDF-1.4 " + str(number).encode())
    members = "number,customer,date,net\n1,A,2019-01-31,100.00\n2,B,2019-02-28,33.35\n"
    repository, findings = club(tmp_path, definition, members)
    assert findings == []
    assert [one.file.path for one in repository.invoices] == ["data/1.pdf", "data/2.pdf"]
    assert [body_of(one)["currency_amount"] for one in repository.invoices] == ["120.00", "40.02"]


def test_a_cell_never_becomes_structure_nor_an_expression(tmp_path: Path) -> None:
    members = MEMBERS.replace("ONE", '"{{ 1 + 1 }}: [a, b]"')
    _, findings = club(tmp_path, members=members)
    places = {(finding.rule, Path(finding.file).name, finding.line, finding.column) for finding in findings}
    assert places == {("data-braces", "members.csv", 2, 3)}
    verbatim = DEFINITION.replace("member.customer }}", "member.customer | verbatim }}")
    repository, findings = club(tmp_path, verbatim, members)
    assert findings == []
    assert body_of(repository.invoices[0])["invoice_lines"][0]["label"] == "Fee of {{ 1 + 1 }}: [a, b]"


def test_findings_point_at_the_cell(tmp_path: Path) -> None:
    _, findings = club(tmp_path, members=MEMBERS.replace("12;10.00", "12;ten"))
    assert [(one.rule, one.file, one.line, one.column) for one in findings] == [
        ("amount-form", f"{tmp_path}/data/members.csv", 2, 17)
    ]
    assert findings[0].detail.endswith(f"In the invoice of {tmp_path}/fees.yaml.")


def test_what_is_computed_for_a_row_names_the_row(tmp_path: Path) -> None:
    definition = DEFINITION.replace("{{ member.price }}", "{{ member.price ~ ' EUR' }}")
    _, findings = club(tmp_path, definition)
    assert [finding.line for finding in findings] == [11, 11]
    assert {finding.detail.rpartition("For ")[2] for finding in findings} == {
        f"{tmp_path}/data/members.csv:2.",
        f"{tmp_path}/data/members.csv:4.",
    }


CELLS = st.text(alphabet='ab",; \n\t.é', max_size=6).filter(lambda text: text == text.strip(" "))
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=5)
)


@settings(max_examples=150, deadline=None)
@given(TABLES, st.sampled_from(("\n", "\r\n")))
def test_cells_are_those_of_the_standard_reader(table: list[list[str]], end: str) -> None:
    header = [f"column{number}" for number in range(len(table[0]))]
    text = io.StringIO()
    csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([header, *table])
    expected = [row for row in table if len(row) > 1 or row[0]]
    found = list(csv_rows(text.getvalue()))
    assert [[cell.text for cell in row] for row in found] == [header, *expected]


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet='ab",;\n\r\t', max_size=30))
def test_every_cell_stands_where_it_says(text: str) -> None:
    lines = text.split("\n")
    try:
        rows = list(csv_rows(text))
    except CsvError:
        return
    for cell in (cell for row in rows for cell in row if cell.text and "\n" not in cell.text):
        rest = lines[cell.line - 1][cell.column - 1 :]
        assert rest.startswith((cell.text, '"'))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60), st.sampled_from(("members.csv", "members.json", "members.yaml")))
def test_no_data_file_raises(tmp_path: Path, content: bytes, name: str) -> None:
    write(tmp_path, fees=DEFINITION.replace("members.csv", name))
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / name).write_bytes(content)
    repository, findings = load([tmp_path])
    assert findings or not repository.invoices


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_a_data_file_has_a_largest_size(tmp_path: Path, suffix: str) -> None:
    write(tmp_path, fees=DEFINITION.replace("members.csv", f"members.{suffix}"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / f"members.{suffix}").write_bytes(b"a\n" * 600_000)
    assert [finding.rule for finding in load([tmp_path])[1]] == ["file-too-large"]


def test_cells_behind_one_of_several_lines_stand_where_they_say() -> None:
    _, row = csv_rows('a,b\n"two\nlines",x\n')
    assert [(cell.text, cell.line, cell.column) for cell in row] == [("two\nlines", 2, 1), ("x", 3, 8)]


CUSTOMERS = """\
for_each: {file: ../data/members.csv, as: member}
external_reference: "{{ member.customer }}"
name: "{{ member.customer }} SARL"
billing_address: {address: 1 rue, postal_code: "75001", city: Paris, country_alpha2: FR}
emails: ["{{ member.mail }}"]
"""
PRODUCTS = """\
for_each: ../data/members.csv
external_reference: "FEE-{{ row.number }}"
label: Fee
price_before_tax: "{{ row.price }}"
unit: month
vat_rate: FR_200
"""


def test_customers_and_products_can_be_many_too(tmp_path: Path) -> None:
    write(tmp_path, pennyform="version: 1\nenvironment: sandbox\n")
    write(tmp_path, customers__members=CUSTOMERS, products__fees=PRODUCTS)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "members.csv").write_text(MEMBERS, encoding="utf-8")
    repository, findings = load([tmp_path])
    assert findings == []
    assert sorted(repository.customers) == ["ONE", "THREE", "TWO"]
    one = repository.customers["ONE"]
    assert (one.body.name, one.body.emails) == ("ONE SARL", ("one@example.com",))
    assert str(one.place) == f"{tmp_path}/data/members.csv:2:1"
    assert [product.body.price_before_tax for product in repository.products.values()] == [10, 10, 10]
    assert repository.files["data/members.csv"] == hashlib.sha256(MEMBERS.encode()).hexdigest()
    assert validate([tmp_path]).customers == 3


@pytest.mark.parametrize(
    ("folder", "kind"), [("customers", "customer"), ("products", "product"), ("elsewhere", "customer")]
)
def test_a_series_says_what_it_declares_as_any_definition_does(
    tmp_path: Path, folder: str, kind: str
) -> None:
    write(tmp_path, pennyform="version: 1\nenvironment: sandbox\n", fees="{}")
    write(tmp_path, **{f"{folder}__many": CUSTOMERS if kind == "customer" else PRODUCTS})
    write(tmp_path, **{f"{folder}__data__rows": "anything: at all\n"})
    repository, findings = club(tmp_path)
    assert [finding.file for finding in findings if finding.file.endswith("rows.yaml")] == []
    assert len(repository.customers if kind == "customer" else repository.products) == 3
