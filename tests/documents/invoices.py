"""A small repository whose invoices are valid electronic invoices, and a way to change it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pennyform.documents.build import OtherInvoices, Result, build
from pennyform.findings import Finding
from pennyform.invoices import Repository, ResolvedInvoice, load

FILES = {
    "pennyform.yaml": """\
version: 1
environment: sandbox
policies: {max_days_back: 36500}
seller:
  name: Example Services SAS
  address: 10 rue du Modèle
  postal_code: "69001"
  city: Lyon
  siren: "732829320"
  vat_number: FR44732829320
  legal_form: SAS
  capital: "10000.00"
  rcs: RCS Lyon 732 829 320
  iban: FR76 3000 6000 0112 3456 7890 189
  bic: AGRIFRPPXXX
  electronic_address: 0225:732829320
  mentions: {recovery: "Indemnité : 40 €"}
  notes: [Merci de votre confiance.]
""",
    "customers/buyer.yaml": """\
external_reference: BUYER
name: Example Trading SARL
billing_address:
  address: 1 rue de l'Exemple
  postal_code: "75001"
  city: Paris
  country_alpha2: FR
vat_number: FR96552100554
reg_no: "552100554"
emails: [accounts@example.com]
""",
    "invoices/first.yaml": """\
external_reference: INV-1
customer: BUYER
date: 2026-03-01
deadline: 2026-03-31
currency: EUR
invoice_lines:
  - label: Consulting
    quantity: 2
    unit: hour
    raw_currency_unit_price: "100.00"
    vat_rate: FR_200
  - label: Handbook
    quantity: 3
    unit: piece
    raw_currency_unit_price: "24.50"
    vat_rate: FR_55
    discount: {type: absolute, value: "3.50"}
""",
}

# A customer in another country, with another language.
GERMAN = """\
external_reference: GERMAN
name: Donaudampfschifffahrtsgesellschaft GmbH
billing_address: {address: Straße 1, postal_code: "10115", city: Berlin, country_alpha2: DE}
vat_number: DE136695976
billing_language: de_DE
"""


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write ``files`` below ``folder``."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def read(folder: Path) -> tuple[Repository, list[ResolvedInvoice], list[Finding]]:
    """The repository in ``folder``, its invoices, and the findings."""
    resolved: list[ResolvedInvoice] = []
    repository, findings = load([folder], resolved.append)
    return repository, resolved, findings


def results(folder: Path) -> dict[str, Result]:
    """What comes of each invoice in ``folder``, by reference."""
    repository, resolved, findings = read(folder)
    assert [finding.summary for finding in findings if finding.severity == "error"] == []
    other_invoices = OtherInvoices.of(repository)
    return {one.invoice.external_reference: build(one, repository, other_invoices) for one in resolved}
