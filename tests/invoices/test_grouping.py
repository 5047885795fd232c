"""Findings that say the same of many rows or invoices are one, with their number and the first few places."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pennyform.cli import main
from pennyform.findings import Finding, Severity
from pennyform.report.findings import markdown, text
from pennyform.report.findings.grouping import grouped

SERIES = """\
for_each: ../data/members.csv
external_reference: "FEE-{{ row.number }}"
customer: ACME
date: 2026-01-05
deadline: 2026-02-05
invoice_lines:
  - {label: Fee, quantity: 1, unit: year, raw_currency_unit_price: "60.00", vat_rate: FR_200}
options:
  finalize: true
  categories: [{label: CATEGORY, group: Sites, weight: "1"}]
"""
CUSTOMER = """\
external_reference: ACME
name: ACME SAS
billing_address: {address: 1 rue de la Paix, postal_code: "75002", city: Paris, country_alpha2: FR}
"""
SETTINGS = "version: 1\nenvironment: sandbox\nrounding: line\npolicies: {max_days_back: 36500}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repository"
    for name in ("customers", "data", "invoices"):
        (root / name).mkdir(parents=True)
    (root / "pennyform.yaml").write_text(SETTINGS)
    (root / "customers" / "acme.yaml").write_text(CUSTOMER)
    rows = "".join(f"{number},Nowhere\n" for number in range(1, 307))
    (root / "data" / "members.csv").write_text(f"number,site\n{rows}")
    monkeypatch.chdir(root)
    return root


def test_one_missing_category_is_one_finding(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    category = '"{{ row.site }}"'
    (folder / "invoices" / "fees.yaml").write_text(SERIES.replace("CATEGORY", category))
    assert main(["plan"]) == 4
    lines = capsys.readouterr().err.splitlines()
    assert sum("error unknown-category" in line for line in lines) == 1
    assert len(lines) <= 6
    assert any(line.startswith("  also: 305 more, 306 in all: ") and line.endswith(", …") for line in lines)


def test_a_policy_that_all_rows_break(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each says which invoice it is about; the first few are named."""
    (folder / "pennyform.yaml").write_text(SETTINGS.replace("36500", "3"))
    (folder / "invoices" / "fees.yaml").write_text(SERIES.partition("  categories")[0])
    main(["plan"])
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) <= 30
    assert any("306 in all" in line for line in lines)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2026-02-05", '"{{ row.day }}"'),
        ("2026-02-05", '"{{ date | later }}"'),
        ("2026-02-05", '"{{ date | days_later(row.site) }}"'),
        ("../data/members.csv", '{file: ../data/members.csv, when: "{{ row.number }}"}'),
        ("2026-02-05", '"{{ row.number | date }}"'),
        ("2026-02-05", '"{{ row.number }}"'),
    ],
    ids=["no column", "no filter", "an argument", "a condition", "a notation", "no date"],
)
def test_an_expression_that_fails_for_every_row(
    folder: Path, capsys: pytest.CaptureFixture[str], before: str, after: str
) -> None:
    text = SERIES.partition("options")[0].replace(before, after)
    (folder / "invoices" / "fees.yaml").write_text(text)
    assert main(["validate"]) == 4
    output = capsys.readouterr().out
    assert output.count(": error ") == 1
    places = re.search(r"\n  also: 305 more, 306 in all: (.*), …\n", output)
    assert places
    assert [place.split(":")[1] for place in places[1].split(", ")] == ["3", "4", "5", "6", "7"]


def test_ten_cells_in_another_notation_stay_apart(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = SERIES.partition("options")[0].replace("2026-02-05", '"{{ row.number | date }}"')
    (folder / "invoices" / "fees.yaml").write_text(text)
    for number in (10, 11):
        rows = "".join(f"{row},Nowhere\n" for row in range(1, number + 1))
        (folder / "data" / "members.csv").write_text(f"number,site\n{rows}")
        main(["validate"])
        assert capsys.readouterr().out.count(": error ") == (10 if number == 10 else 1)


def test_cells_that_need_another_fix_stay_apart(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = SERIES.partition("options")[0].replace('"60.00"', "\"{{ row.number | number(',') }}\"")
    (folder / "invoices" / "fees.yaml").write_text(text)
    rows = "".join(f"1.{row},x\n$ {row},x\n" for row in range(10, 31))
    (folder / "data" / "members.csv").write_text(f"number;site\n{rows}".replace(",", ";"))
    main(["validate"])
    output = capsys.readouterr().out
    assert output.count(": error ") == output.count("20 more, 21 in all") == 2


def test_json_has_every_finding_with_what_it_is_about(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SERIES.partition("options")[0].replace("vat_rate: FR_200", "vat_rate: \"{{ 'FR_2' ~ 5 }}\"")
    (folder / "invoices" / "fees.yaml").write_text(text)
    main(["validate", "--format", "json"])
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert len(findings) == len({row["subject"] for row in findings}) == 306
    main(["validate", "--format", "sarif"])
    (result,) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert result["occurrenceCount"] == 306
    for format_ in ("text", "github", "markdown", "junit"):
        main(["validate", "--format", format_])
        assert len(capsys.readouterr().out) < 4_000


def finding(number: int, **fields: str) -> Finding:
    place = Finding("a-rule", Severity.ERROR, "it is wrong", file="a.yaml", line=number, column=1)
    return place._replace(**fields)  # type: ignore[arg-type]


def test_places_of_their_own_stay_apart_until_there_are_many() -> None:
    assert [len(group.repeats) for group in grouped(finding(number) for number in range(1, 4))] == [0, 0, 0]
    (group,) = grouped(finding(number) for number in range(1, 5))
    assert group.also == "3 more, 4 in all: a.yaml:2:1, a.yaml:3:1, a.yaml:4:1"


def test_one_place_of_many_invoices_is_named_once() -> None:
    """What is wrong with a card is wrong with each of its invoices, which are what tells them apart."""
    findings = [
        Finding("r", Severity.ERROR, "no address", file="card.yaml", line=2, column=1, subject=f"invoice {n}")
        for n in range(3)
    ]
    (group,) = grouped(findings)
    assert group.also == "2 more, 3 in all: invoice 1, invoice 2"


def test_other_words_are_another_finding() -> None:
    findings = [finding(number, summary=f"it comes to {number}", fix="") for number in range(1, 9)]
    assert len(grouped(findings)) == 8
    findings = [finding(1, summary=f"{name}: it comes to 110", subject=name) for name in ("1", "2")]
    assert [group.also for group in grouped(findings)] == ["1 more, 2 in all: 2"]
    findings[1] = findings[1]._replace(summary="2: it comes to 220")
    assert len(grouped(findings)) == 2


@pytest.mark.parametrize(("number", "blocks"), [(10, 10), (11, 1)])
def test_dates_that_differ_are_one_finding_for_people_only(number: int, blocks: int) -> None:
    findings = [
        finding(
            day,
            summary=f"the deadline 2026-02-01 is before the invoice date 2026-03-{day:02}",
            fix=f"write 2026-03-{day:02} or a later day",
        )
        for day in range(10, 10 + number)
    ]
    assert text.render(findings, lambda *_: None).count(" error ") == blocks
    assert markdown.render(findings).count("**error** ") == blocks
    assert len(grouped(findings)) == number
    named = [finding(day, summary=f"there is no customer `C-{day}`") for day in range(10, 10 + number)]
    assert text.render(named, lambda *_: None).count(" error ") == number


TEMPLATE = """\
parameters:
  day: {type: date, description: When it is sent.}
invoice:
  deadline: "{{ day | days_later(-30) }}"
  invoice_lines:
    - {label: Fee, quantity: 1, unit: year, raw_currency_unit_price: "60.00", vat_rate: FR_200}
"""
FROM_TEMPLATE = """\
for_each: ../data/members.csv
external_reference: "FEE-{{ row.number }}"
customer: ACME
template: fee
values: {day: "{{ row.site }}"}
date: "{{ row.site }}"
"""


@pytest.mark.parametrize(("number", "blocks"), [(10, 10), (14, 1)])
def test_dates_that_a_template_computes_are_one_finding_for_people_only(
    folder: Path, capsys: pytest.CaptureFixture[str], number: int, blocks: int
) -> None:
    (folder / "templates").mkdir()
    (folder / "templates" / "fee.yaml").write_text(TEMPLATE)
    (folder / "invoices" / "fees.yaml").write_text(FROM_TEMPLATE)
    rows = "".join(f"{day},2026-11-{day}\n" for day in range(10, 10 + number))
    (folder / "data" / "members.csv").write_text(f"number,site\n{rows}")
    assert main(["validate"]) == 4
    output = capsys.readouterr().out
    assert output.count("templates/fee.yaml:4:13: error deadline-before-date: ") == blocks
    named = ", ".join(f"data/members.csv:{row}" for row in range(3, 8))
    assert (f"\n  also: 13 more, 14 in all: {named}, …\n" in output) == (blocks == 1)
    main(["validate", "--format", "sarif"])
    assert len(json.loads(capsys.readouterr().out)["runs"][0]["results"]) == number


def test_definitions_whose_names_differ_in_numbers_stay_apart() -> None:
    """The rows of their data file would be named twice."""
    findings = [
        finding(
            1,
            summary=f"it comes to {row}.00",
            detail=f"In the invoice of invoices/fees-{file}.yaml for data/members.csv:{row}.",
            subject=f"data/members.csv:{row}",
        )
        for file in (1, 2)
        for row in range(2, 16)
    ]
    named = ", ".join(f"data/members.csv:{row}" for row in range(3, 8))
    assert [group.also for group in grouped(findings, by_line=False)] == [
        f"13 more, 14 in all: {named}, …"
    ] * 2


def test_a_few_with_other_numbers_stay_apart_and_with_other_names_do_not() -> None:
    findings = [
        finding(1, summary=f"{row}: `{name}` comes to {amount}", subject=str(row))
        for row, (name, amount) in enumerate([("a", "1.00"), ("b", "1.00"), ("c", "2.00"), ("d", "2.00")], 3)
    ]
    assert [group.also for group in grouped(findings, by_line=False)] == [
        "1 more, 2 in all: 4",
        "1 more, 2 in all: 6",
    ]


def test_the_order_is_that_of_places() -> None:
    findings = [finding(number, rule=rule) for number in range(1, 9) for rule in ("a", "b")]
    findings.insert(3, finding(2, rule="c"))
    assert [group.first.rule for group in grouped(findings)] == ["a", "b", "c"]
