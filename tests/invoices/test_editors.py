"""What an author sees in an editor, proven with the real yaml-language-server over its protocol.

``nox -s editors`` installs the server and runs this; elsewhere it runs when the server is on the path.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pennyform import data
from pennyform.cli import main

from .language_server import LanguageServer

COMMAND = shlex.split(os.environ.get("PENNYFORM_YAML_LANGUAGE_SERVER", "")) or [
    shutil.which("yaml-language-server") or ""
]
pytestmark = pytest.mark.skipif(
    not COMMAND[0],
    reason="yaml-language-server is not here; `nox -s editors` installs it and runs these tests",
)

INVOICE = """\
# yaml-language-server: $schema=../schemas/invoice.schema.json
external_reference: INV-1
customer: ACME_001
date: 2026-01-31
deadline: 2026-02-28
invoice_lines:
  - label: Consulting
    quantity: 2
    unit: hour
    raw_currency_unit_price: "100.00"
    vat_rate: FR_200
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert main(["init", str(tmp_path)]) == 0
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[LanguageServer]:
    with LanguageServer([*COMMAND, "--stdio"], folder) as running:
        yield running


def underlined(server: LanguageServer, file: Path, text: str) -> list[tuple[int, str, str]]:
    """What is underlined: the line, counted from 1, the text, and the message."""
    lines = text.splitlines()
    found = []
    for one in server.open(file, text):
        start, end = one["range"]["start"], one["range"]["end"]
        found.append(
            (start["line"] + 1, lines[start["line"]][start["character"] : end["character"]], one["message"])
        )
    return found


def labels(completion: Any) -> list[str]:
    return [item["label"] for item in completion["items"]]


def test_a_valid_definition_is_not_underlined(server: LanguageServer, folder: Path) -> None:
    assert underlined(server, folder / "invoices" / "a.yaml", INVOICE) == []


def test_a_wrong_vat_code_is_underlined_where_it_stands(server: LanguageServer, folder: Path) -> None:
    text = INVOICE.replace("FR_200", "FR_055")
    ((line, word, message),) = underlined(server, folder / "invoices" / "a.yaml", text)
    assert (line, word) == (11, "FR_055")
    assert "FR_55" in message


@pytest.mark.parametrize(
    ("wrong", "line", "word"),
    [
        (INVOICE.replace('"100.00"', "100.00"), 10, "100.00"),
        (INVOICE.replace('"100.00"', '"100,00"'), 10, '"100,00"'),
        (INVOICE.replace("    unit: hour\n", "    unit_price: hour\n"), 9, "unit_price"),
        (INVOICE + "draft: true\n", 12, "draft"),
    ],
)
def test_mistakes_are_underlined_where_they_stand(
    server: LanguageServer, folder: Path, wrong: str, line: int, word: str
) -> None:
    places = [(at, text) for at, text, _ in underlined(server, folder / "invoices" / "a.yaml", wrong)]
    assert (line, word) in places


CUSTOMERS = """\
# yaml-language-server: $schema=../schemas/customer.schema.json
for_each: members.csv
external_reference: "{{ row.number }}"
customer_type: "{{ row.type }}"
billing_language: "{{ row.language }}"
emails: ["{{ row.mail }}"]
"""
PRODUCT = """\
# yaml-language-server: $schema=../schemas/product.schema.json
external_reference: DAY
label: Day
price_before_tax: "{{ 8 * 80 }}"
unit: day
vat_rate: "{{ 'FR_200' }}"
"""


@pytest.mark.parametrize(("kind", "text"), [("customers", CUSTOMERS), ("products", PRODUCT)])
def test_expressions_of_customers_and_products_are_not_underlined(
    server: LanguageServer, folder: Path, kind: str, text: str
) -> None:
    assert underlined(server, folder / kind / "a.yaml", text) == []
    wrong = underlined(server, folder / kind / "b.yaml", text + "prise: 1\n")
    assert [word for _, word, _ in wrong] == ["prise"]


def test_completion_offers_the_fields_of_many_customers(server: LanguageServer, folder: Path) -> None:
    file = folder / "customers" / "a.yaml"
    server.open(file, CUSTOMERS.replace("emails", "\nemails"))
    assert {"for_each", "notes", "first_name"} - set(labels(server.at("completion", file, 5, 0))) == {
        "for_each"
    }
    server.open(folder / "customers" / "b.yaml", CUSTOMERS.splitlines()[0] + "\n\n")
    assert "for_each" in labels(server.at("completion", folder / "customers" / "b.yaml", 1, 0))


def test_completion_offers_the_fields_of_a_line(server: LanguageServer, folder: Path) -> None:
    file = folder / "invoices" / "a.yaml"
    server.open(file, INVOICE.replace("    vat_rate: FR_200\n", "    \n"))
    offered = labels(server.at("completion", file, 10, 4))
    assert {"vat_rate", "discount", "description", "section_rank"} <= set(offered)
    assert "label" not in offered


def test_completion_offers_vat_codes_and_says_what_they_are(server: LanguageServer, folder: Path) -> None:
    file = folder / "invoices" / "a.yaml"
    server.open(file, INVOICE.replace("FR_200", "F"))
    items = {item["label"]: item for item in server.at("completion", file, 10, 15)["items"]}
    assert "5.5 %" in str(items["FR_55"]["documentation"])
    assert "mixed" not in items


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [(1, 3, "finds the invoice again by it"), (9, 8, "at most 6 decimals"), (10, 16, "`FR_55`: 5.5 %")],
)
def test_hover_explains(server: LanguageServer, folder: Path, line: int, column: int, words: str) -> None:
    file = folder / "invoices" / "a.yaml"
    server.open(file, INVOICE)
    assert words in server.at("hover", file, line, column)["contents"]["value"]


def test_every_file_that_init_writes_is_valid_in_the_editor(server: LanguageServer, folder: Path) -> None:
    for file in sorted(folder.rglob("*.yaml")):
        if not any(part.startswith(".") for part in file.relative_to(folder).parts):
            assert underlined(server, file, file.read_text(encoding="utf-8")) == [], file


def test_every_example_is_valid_in_the_editor(server: LanguageServer, folder: Path) -> None:
    for file in sorted(data.examples().rglob("*.yaml")):
        assert underlined(server, file, file.read_text(encoding="utf-8")) == [], file
