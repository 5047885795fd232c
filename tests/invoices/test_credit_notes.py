"""Credit notes are compared with what they take back, whatever a run was given and however it was shared."""

from __future__ import annotations

from pathlib import Path

import pytest
from pennyform.findings import Finding
from pennyform.invoices import load
from pennyform.invoices.repository import validate as surveying
from pennyform.invoices.repository.validate import validate

from .definitions import YAML_TEXT, write

SETTINGS = "version: 1\nenvironment: sandbox\nrounding: line\n"
PRODUCT = 'external_reference: P\nlabel: Day\nprice_before_tax: "100.00"\nunit: day\nvat_rate: FR_200\n'


def credit(reference: str, quantity: str, of: str = "INV-1") -> str:
    text = YAML_TEXT.replace("INV-1", reference).replace("quantity: 2", f"quantity: {quantity}")
    return f"{text}credit_note_of: {of}\n"


def summaries(findings: list[Finding]) -> list[str]:
    return [finding.summary for finding in findings if finding.rule == "credit-note-differs"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, pennyform=SETTINGS, invoice=YAML_TEXT, half=credit("CN-1", "-1"))
    return write(tmp_path, too_much=credit("CN-2", "-1.5"))


WANTED = ["the credit note takes back 180.00 together with 120.00 before it, `INV-1` comes to 240.00 EUR"]


def test_all_credit_notes_of_an_invoice_count_together(folder: Path) -> None:
    assert summaries(validate([folder]).findings) == WANTED
    assert summaries(load([folder])[1]) == WANTED


def test_it_does_not_matter_how_the_work_is_shared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveying, "FEWEST_FILES_TO_SHARE", 1)
    monkeypatch.setattr(surveying, "_FILES_AT_A_TIME", 1)
    assert validate([folder], processes=2) == validate([folder], processes=1)


def test_a_hook_that_is_given_one_file_finds_the_other(folder: Path) -> None:
    file = folder / "too_much.yaml"
    file.write_text(credit("CN-2", "-2.01"))
    wanted = ["the credit note takes back 241.20, `INV-1` comes to 240.00 EUR"]
    assert summaries(validate([file]).findings) == wanted
    assert summaries(load([file])[1]) == wanted


def test_a_prefix_is_no_part_of_what_is_searched_for(folder: Path) -> None:
    (folder / "pennyform.yaml").write_text(f"{SETTINGS}reference_prefix: CLUB-\n")
    file = folder / "too_much.yaml"
    file.write_text(credit("CN-2", "-3"))
    assert len(summaries(validate([file]).findings)) == 1


def test_what_is_only_known_to_the_account_is_left_to_the_plan(folder: Path) -> None:
    line = "invoice_lines:\n  - {product: P, quantity: 2}\n"
    (folder / "invoice.yaml").write_text(YAML_TEXT.partition("invoice_lines")[0] + line)
    assert summaries(validate([folder]).findings) == []
    write(folder, products__p=PRODUCT)
    assert summaries(validate([folder]).findings) == WANTED


def test_an_invoice_with_errors_is_not_compared(folder: Path) -> None:
    (folder / "invoice.yaml").write_text(YAML_TEXT.replace("FR_200", "FR_20"))
    assert [finding.rule for finding in validate([folder]).findings] == ["unknown-vat-rate"]
