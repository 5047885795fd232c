"""``list``: the names that definitions may use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec import convert
from pennyform.cli import main
from pennyform.results.documents import json_text
from pennyform.results.listing import ListDocument

from tests.engine.world import invoice

EXAMPLES = Path(__file__).parents[2] / "examples"


def listed(
    kind: str, folder: Path, capsys: pytest.CaptureFixture[str], code: int = 0
) -> dict[str, list[str]]:
    assert main(["list", kind, str(folder), "--format", "json"]) == code
    text = capsys.readouterr().out
    document = convert(json.loads(text), ListDocument)
    assert json_text(document) == text
    assert document.kind == kind
    return {row.name: [row.about, row.source] for row in document.names}


def test_names_of_the_contract_and_of_the_repository(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in {
        "pennyform.yaml": "version: 1\nenvironment: sandbox\n",
        "templates/mine.yaml": "kind: invoice-template\ndescription: Ours.\ninvoice: {date: 2025-01-01}\n",
        "templates/plain.yaml": "description: Plain.\ninvoice: {date: 2025-01-01}\n",
        "templates/consulting.yaml": "kind: invoice-template\ndescription: Our days.\ninvoice: {}\n",
        "products/day.yaml": "external_reference: DAY\nlabel: A day\nprice_before_tax: '650.00'\n"
        "vat_rate: FR_200\nunit: day\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert listed("vat-codes", tmp_path, capsys)["FR_200"] == ["20 %, FR", "built in"]
    templates = listed("templates", tmp_path, capsys)
    assert templates["mine"] == ["Ours.", "templates/mine.yaml"]
    assert templates["plain"] == ["Plain.", "templates/plain.yaml"]
    assert templates["consulting"] == ["Our days.", "templates/consulting.yaml"]
    assert templates["subscription"][1] == "built in"
    assert listed("products", tmp_path, capsys)["DAY"][0] == "A day, 650.00, FR_200"
    assert listed("customers", tmp_path, capsys) == {}
    assert main(["list", "customers", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "no customers\n"


def test_categories_are_those_that_invoices_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pennyform.yaml").write_text("version: 1\nenvironment: sandbox\n")
    for number, weights in enumerate(
        (
            '[{label: Paris, group: Sites, weight: "1"}]',
            '[{label: Paris, group: Sites, weight: "0.5"}, {analytical_code: LYO, weight: "0.5"}]',
            "[]",
        )
    ):
        text = invoice(f"INV-{number}", finalize=True, options=f"  categories: {weights}\n")
        (tmp_path / f"{number}.yaml").write_text(text.replace("customer: ACME", "customer: {id: 1}"))
    assert listed("categories", tmp_path, capsys) == {
        "LYO": ["1 invoice", str(tmp_path / "1.yaml")],
        "Paris": ["Sites, 2 invoices", str(tmp_path / "0.yaml")],
    }


def test_what_can_be_told_of_invalid_definitions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.yaml").write_text("external_reference: [\n")
    assert "FR_200" in listed("vat-codes", tmp_path, capsys, code=4)
