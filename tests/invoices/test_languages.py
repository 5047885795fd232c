"""The texts of pennyform's own: the same ones in every language, and which language an invoice gets."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest
import yaml
from pennyform import data
from pennyform.documents.tables import LANGUAGES, unit_code
from pennyform.extras import missing_packages
from pennyform.findings import errors
from pennyform.invoices import load
from pennyform.invoices.expressions import l10n
from pennyform.invoices.model import UNSET, InvoiceBody
from pennylane_company.models.shared import Language

TABLE = yaml.safe_load((data.templates() / "documents" / "texts.yaml").read_text(encoding="utf-8"))
TEXTS = {name: texts for name, texts in TABLE.items() if name != "format_version"}
BUILT_IN = sorted((data.templates() / "invoices").glob("*.yaml"))
IN_UNITS = ("day", "expense", "instalment", "year", "donation_unit", "deposit")


def test_every_language_has_every_text() -> None:
    assert {language[:2] for language in TEXTS} == set(LANGUAGES)
    assert set(get_args(Language)) < set(TEXTS)
    for language, texts in TEXTS.items():
        assert texts.keys() == TEXTS["en_GB"].keys(), language
        assert all(isinstance(text, str) and text.strip() for text in texts.values()), language
    # Units of all of them have a code, so that documents can be made.
    units = [texts[key] for texts in TEXTS.values() for key in IN_UNITS]
    assert [unit for unit in units if unit_code(unit) is None] == []


def test_templates_have_no_text_beside_the_table() -> None:
    used = {"deposit", "deposit_invoice", "deposit_date"}
    for path in BUILT_IN:
        text = path.read_text(encoding="utf-8")
        used.update(re.findall(r"'(\w+)' \| translated", text))
        document = yaml.safe_load(text)
        if "extends" not in document:
            assert document["parameters"]["text_language"]["enum"] == list(TEXTS), path.name
        for line in document["invoice"]["invoice_lines"]:
            texts = [line.get(name, "{{") for name in ("label", "unit")]
            assert all(text.startswith("{{") for text in texts), path.name
    assert used == set(TEXTS["en_GB"])


@pytest.mark.skipif(bool(missing_packages("einvoice")), reason="needs pennyform[einvoice]")
@pytest.mark.parametrize("language", TEXTS)
def test_dates_and_amounts_are_written_as_the_locale_has_them(language: str) -> None:
    from babel.dates import format_date
    from babel.numbers import format_currency

    for month in range(1, 13):
        day = dt.date(2026, month, 2)
        assert l10n.long_date(day, language) == format_date(day, "long", locale=language)
        assert l10n.month_name(day, language) == format_date(day, "LLLL", locale=language)
    for amount in ("1234.50", "-1234567.89", "0.05"):
        ours = l10n.money(Decimal(amount), "EUR", language)
        # Of a narrow space, fonts of old printers have no character.
        assert ours == format_currency(Decimal(amount), "EUR", locale=language).replace("\u202f", "\xa0")


def bodies(folder: Path) -> dict[str, InvoiceBody]:
    """The bodies of the valid invoices in ``folder``, by reference."""
    repository, findings = load([folder])
    assert errors(findings) == []
    rows = {invoice.external_reference: invoice.body for invoice in repository.invoices}
    return {name: body for name, body in rows.items() if isinstance(body, InvoiceBody)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pennyform.yaml").write_text(
        "version: 1\nenvironment: sandbox\ntemplate_language: customer\n"
    )
    (tmp_path / "customers").mkdir()
    for name, language in {"DE": "billing_language: de_DE\n", "NONE": ""}.items():
        (tmp_path / "customers" / f"{name}.yaml").write_text(
            f"external_reference: {name}\nname: A\n{language}billing_address: "
            "{address: a, postal_code: '10115', city: Berlin, country_alpha2: DE}\n"
        )
    return tmp_path


@pytest.mark.parametrize(
    ("customer", "more", "expected"),
    [
        # Of the customer, of the invoice, of the values: the nearest one counts.
        ("DE", "", ["", "Beratung, Februar 2026", "Beratung", "Tag"]),
        ("DE", "language: en_GB\n", ["en_GB", "Consulting, February 2026", "Consulting", "day"]),
        ("DE", "language: en_GB # es", ["en_GB", "Consultoría, febrero 2026", "Consultoría", "día"]),
        # French where nobody says anything.
        ("NONE", "", ["", "Conseil, février 2026", "Conseil", "jour"]),
        ("{id: 7}", "", ["", "Conseil, février 2026", "Conseil", "jour"]),
        ("DE", "pdf_invoice_subject: Ours\n", ["", "Ours", "Beratung", "Tag"]),
    ],
)
def test_the_language_of_an_invoice(folder: Path, customer: str, more: str, expected: list[str]) -> None:
    values = "{days: 2, text_language: es_ES, vat_rate: exempt}" if more.endswith("# es") else "{days: 2}"
    (folder / "a.yaml").write_text(
        f"external_reference: A\ncustomer: {customer}\ntemplate: consulting\nvalues: {values}\n"
        f"date: 2026-02-01\n{more}"
    )
    body = bodies(folder)["A"]
    line = body.invoice_lines[0]
    assert [body.language or "", body.pdf_invoice_subject, line.label, line.unit] == expected


def invoices_of_every_template(folder: Path) -> None:
    values = {
        "consulting-with-expenses": "{days: 1, expenses: [{label: Bahn, amount: '20.00'}]}",
        "instalment": "{subject: Umbau, total: '100.00', number: 1, of: 3}",
        "membership": "{year: 2026, fee: '50.00', donation: '5.00'}",
        "subscription": "{product: HOSTING}",
    }
    (folder / "products").mkdir()
    (folder / "products" / "hosting.yaml").write_text(
        "external_reference: HOSTING\nlabel: Hosting\nprice_before_tax: '10.00'\nunit: Monat\n"
        "vat_rate: FR_200\n"
    )
    for name, stated in values.items():
        (folder / f"{name}.yaml").write_text(
            f"external_reference: {name}\ncustomer: DE\ntemplate: {name}\nvalues: {stated}\n"
            "date: 2026-02-01\n"
        )


def test_every_template_is_in_the_language_of_its_customer(folder: Path) -> None:
    invoices_of_every_template(folder)
    loaded = bodies(folder)
    assert {name: body.pdf_invoice_subject for name, body in loaded.items()} == {
        "consulting-with-expenses": "Beratung, Februar 2026",
        "instalment": "Umbau, Rate 1 von 3",
        "membership": "Mitgliedsbeitrag 2026",
        "subscription": "Abonnement ab 1. Februar 2026",
    }
    lines = [(line.label, line.unit) for body in loaded.values() for line in body.invoice_lines]
    assert ("Umbau, Rate 1 von 3", "Rate") in lines
    assert ("Bahn", "Auslage") in lines
    assert ("Spende", "Spende") in lines


# What the templates wrote in 0.1.0. A repository of then has issued invoices with it.
IN_0_1_0 = {
    "consulting-with-expenses": ("Consulting, February 2026", [("Consulting", "day"), ("Bahn", "expense")]),
    "instalment": ("Umbau, instalment 1 of 3", [("Umbau, instalment 1 of 3", "instalment")]),
    "membership": ("Membership 2026", [("Membership 2026", "year"), ("Donation", "donation")]),
    "subscription": ("Subscription from 2026-02-01", [(UNSET, UNSET)]),
}


@pytest.mark.parametrize("language", ["", "language: de_DE\n"])
def test_a_repository_that_chooses_no_language_keeps_its_texts(folder: Path, language: str) -> None:
    invoices_of_every_template(folder)
    (folder / "pennyform.yaml").write_text("version: 1\nenvironment: sandbox\n")
    for name in IN_0_1_0:
        path = folder / f"{name}.yaml"
        path.write_text(path.read_text() + language)
    for name, body in bodies(folder).items():
        lines = [(line.label, line.unit) for line in body.invoice_lines]
        assert (body.pdf_invoice_subject, lines) == IN_0_1_0[name]
        assert (body.language or "") == language[10:-1]


def test_templates_of_a_repository_know_the_language(folder: Path) -> None:
    (folder / "templates").mkdir()
    (folder / "templates" / "stay.yaml").write_text(
        'kind: invoice-template\nparameters: {}\ninvoice:\n  deadline: "{{ date }}"\n  invoice_lines:\n'
        '    - {label: "{{ text_language }}", quantity: 1, unit: day, '
        "raw_currency_unit_price: '1.00', vat_rate: exempt}\n"
    )
    (folder / "a.yaml").write_text(
        "external_reference: A\ncustomer: DE\ntemplate: stay\ndate: 2026-02-01\nvalues: {}\n"
    )
    assert bodies(folder)["A"].invoice_lines[0].label == "de_DE"
