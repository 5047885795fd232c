"""Definitions, settings, data files and expressions; and the documents of what is valid."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree
from pennyform.documents import cii, ubl
from pennyform.documents.build import OtherInvoices, build
from pennyform.documents.views import page
from pennyform.findings import Finding, errors
from pennyform.invoices import ResolvedInvoice, load
from pennyform.invoices.expressions.compile import ExpressionError, evaluate
from pennyform.invoices.repository.validate import validate
from pennyform.invoices.sources.companies import companies_of, same_accounts
from pennyform.invoices.yaml.reader import read as read_yaml
from pennyform.report.findings import github, junit, markdown, sarif, text
from pennyform.report.findings import json as findings_json

from .files import folder, written

_HEADER = 'customer: ACME\ndate: "2026-11-01"\ndeadline: "2026-12-01"\n'
_LINE = '{label: "%s", quantity: 1, unit: piece, raw_currency_unit_price: "%s", vat_rate: FR_200}'
_REPOSITORY = {
    "pennyform.yaml": (
        'version: 1\nenvironment: sandbox\nseller:\n  name: Moulin SAS\n  siren: "732829320"\n'
        '  address: 2 rue\n  postal_code: "75002"\n  city: Paris\n  vat_number: FR44732829320\n'
    ),
    "customers/acme.yaml": (
        "external_reference: ACME\ncustomer_type: company\nname: Acme\nemails: [billing@acme.example]\n"
        'billing_address: {address: 1 rue, postal_code: "75001", city: Paris, country_alpha2: FR}\n'
    ),
    "templates/fee.yaml": (
        "kind: invoice-template\nparameters:\n  days: {type: number}\n  label: {type: text, default: x}\n"
        f"invoice:\n  invoice_lines:\n    - {_LINE % ('{{ label }}', '{{ days * 10 }}')}\n"
    ),
}
_SERIES = (
    f'external_reference: "F-{{{{ row.number }}}}"\n{_HEADER}for_each: data/r.csv\n'
    f"invoice_lines:\n  - {_LINE % ('{{ row.label }}', '{{ row.price }}')}\n"
)
_INVOICE = f"external_reference: A-1\n{_HEADER}invoice_lines:\n  - {_LINE % ('x', '10.00')}\n"
_MOST_PREVIEWS = 3
_NAMES: Mapping[str, Any] = {
    "date": date(2026, 11, 1),
    "price": Decimal("10.50"),
    "number": "A-1",
    "lines": [{"name": "a", "days": 2}, {"name": "b", "days": 3}],
    "row": {"number": "1", "label": "x", "day": "2026-11-01"},
}


def _report(findings: list[Finding]) -> None:
    """Every report of the findings, which hold what the input says."""
    shown = text.render(findings, lambda *_: "an excerpt")
    for report in (
        shown,
        findings_json.render(findings),
        markdown.render(findings),
        github.render(findings),
        sarif.render(findings, {}),
        junit.render(findings, ["a.yaml"]),
    ):
        assert not any(ord(letter) < 32 and letter not in "\n\t" for letter in report), "a control character"


def _preview() -> None:
    """The documents of every invoice here, as the previews write them; they are well-formed."""
    resolved: list[ResolvedInvoice] = []
    repository, findings = load(["."], resolved.append)
    others = OtherInvoices.of(repository)
    for one in [] if errors(findings) else resolved[:_MOST_PREVIEWS]:
        result = build(one, repository, others)
        _report([*result.findings])
        if result.document:
            etree.fromstring(ubl.write(result.document))
            etree.fromstring(cii.write(result.document))
            page.render(result.document, ())


def _validated(files: Mapping[str, bytes]) -> None:
    root = folder() / "repository"
    for name, content in {**{name: said.encode() for name, said in _REPOSITORY.items()}, **files}.items():
        written(f"repository/{name}", content)
    earlier = Path.cwd()
    os.chdir(root)
    try:
        findings = validate([], processes=1).findings
        _report(findings)
        if not errors(findings):
            _preview()
        same_accounts(companies_of(Path())[0])
    finally:
        os.chdir(earlier)


def read_definition(content: bytes) -> None:
    """One file of a repository, checked and reported."""
    read_yaml(content, "a.yaml")
    _validated({"a.yaml": content})


def read_settings(content: bytes) -> None:
    """The settings of a repository, with its seller and its companies."""
    root = {"pennyform.yaml": content, "a.yaml": _INVOICE.encode()}
    _validated({**root, "companies/one/pennyform.yaml": b"version: 1\n", "companies/two/x": b""})


def read_yaml_alone(content: bytes) -> None:
    """The reader of YAML by itself, which sees many more inputs."""
    document, findings = read_yaml(content, "a.yaml")
    assert document is not None or findings


def read_csv(content: bytes) -> None:
    """The rows of a series."""
    _validated({"a.yaml": _SERIES.encode(), "data/r.csv": content})


def read_expression(content: bytes) -> None:
    """A scalar with expressions."""
    with suppress(UnicodeDecodeError, ExpressionError):
        evaluate(content.decode(), _NAMES)
