"""Definitions, data files and expressions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from pennyform.findings import Finding
from pennyform.invoices.expressions.compile import ExpressionError, evaluate
from pennyform.invoices.repository.validate import validate
from pennyform.invoices.yaml.reader import read as read_yaml
from pennyform.report.findings import github, junit, markdown, sarif, text
from pennyform.report.findings import json as findings_json

from .files import folder, written

_HEADER = 'customer: ACME\ndate: "2026-11-01"\ndeadline: "2026-12-01"\n'
_LINE = '{label: "%s", quantity: 1, unit: piece, raw_currency_unit_price: "%s", vat_rate: FR_200}'
_REPOSITORY = {
    "pennyform.yaml": "version: 1\nenvironment: sandbox\n",
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


def _validated(files: Mapping[str, bytes]) -> None:
    root = folder() / "repository"
    for name, content in {**{name: said.encode() for name, said in _REPOSITORY.items()}, **files}.items():
        written(f"repository/{name}", content)
    earlier = Path.cwd()
    os.chdir(root)
    try:
        _report(validate([], processes=1).findings)
    finally:
        os.chdir(earlier)


def read_definition(content: bytes) -> None:
    """One file of a repository, checked and reported."""
    read_yaml(content, "a.yaml")
    _validated({"a.yaml": content})


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
