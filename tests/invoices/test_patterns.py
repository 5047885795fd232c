"""Rows that share what follows from their pattern come to what they come to one by one."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.repository.loader import load
from pennyform.invoices.repository.validate import validate
from pennyform.invoices.schema.patterns import Patterns

ROWS = 40
TODAY = dt.date(2026, 11, 30)
# What stands in each column: values that are as they should be, and others.
VALUES: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "customer": (("ACME", "GMBH", "REU", "BOB"), ("acme", "NOBODY")),
    "date": (("2026-11-01", "2026-02-28"), ("2026-02-30", "2062-01-01", "1999-01-01", "soon", "2026-12-30")),
    "deadline": (("2026-12-31",), ("2026-01-01", "2099-01-01", "2028-12-31", "x")),
    "currency": (("EUR", "USD"), ("eur", "XYZ")),
    "mention": (("TVA non applicable", ""), ("x}",)),
    "label": (("Work", "Größe"), ("{{ x }}", "", "x" * 300)),
    "description": (("", "Text"), ("{%",)),
    "quantity": (("1", "2.5"), ("0", "-1", "1.1234567", "9999999999999", "many")),
    "price": (("10.00", "0.50", "999.99"), ("-1.00", "x", "0.00")),
    "vat": (("FR_200", "FR_55"), ("exempt", "crossborder", "extracom", "FR_85", "DE_190", "XX", "FR_196")),
    "product": (("P1",), ("P2", "P9", "p1")),
    "ledger": (("706000",), ("abc",)),
    "share": (("0", "10"), ("101", "-5", "x", "5000")),
    "kind": (("relative", "absolute"), ("other",)),
    "rank": (("1",), ("3",)),
    "start": (("2026-01-01",), ("2026-13-01",)),
    "weight": (("1",), ("0.3",)),
    "expected": (("12.00",), ("11.99",)),
    "credited": (("OLD", "7"), ("8", "9")),
    "named": (("A", "B"), ("7",)),
    "many": (("1", "2"), ("0", "3")),
}
NUMBERS = ("quantity", "rank", "many")
CUSTOMERS = (("ACME", "75001", "FR"), ("GMBH", "10115", "DE"), ("REU", "97400", "FR"), ("BOB", "75002", "FR"))
PRODUCT = """external_reference: {}
label: P
unit: piece
vat_rate: FR_200
price_before_tax: "12.00"
currency: {}
"""
TEMPLATE = """kind: invoice-template
parameters:
  what: {type: text}
  quantity: {type: number, default: 1}
  price: {type: amount, default: "10.00"}
  many: {type: integer, default: 1}
  parts: {type: list, default: [], fields: {name: {type: text}}}
invoice:
  pdf_invoice_subject: "For {{ what }} {{ customer }}"
  invoice_lines:
    - {label: "{{ what }}", quantity: "{{ quantity }}", unit: piece, raw_currency_unit_price: "{{ price }}",
       vat_rate: FR_200, when: "{{ quantity != 2.5 }}"}
    - {label: "{{ index }}", for_each: many, quantity: 1, unit: piece, raw_currency_unit_price: "1.00",
       vat_rate: FR_200}
    - {label: "{{ item.name }}", for_each: parts, quantity: 1, unit: piece, raw_currency_unit_price: "1.00",
       vat_rate: FR_200}
"""


class _Writer:
    """Writes a series of which the columns are chosen by a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.columns: set[str] = set()

    def either(self, column: str) -> str:
        """The first of the values of ``column``, or an expression that reads it."""
        if self.random.random() < 0.6:
            constant = VALUES[column][0][0]
            return constant if column in NUMBERS else json.dumps(constant)
        self.columns.add(column)
        forms = ('"{{ row.%s }}"', '"{{ row.%s }}"', '"{{ row.%s if row.%s else none }}"')
        form = self.random.choice(forms)
        return form % ((column,) * form.count("%s"))

    def sometimes(self, text: str) -> list[str]:
        return [text] if self.random.random() < 0.3 else []

    def line(self) -> str:
        either = self.either
        if self.random.random() < 0.25:
            # The price comes from the product, which may be in another currency.
            return f"  - {{product: {either('product')}, quantity: {either('quantity')}}}\n"
        fields = [
            f"label: {either('label')}",
            "unit: piece",
            f"quantity: {either('quantity')}",
            f"raw_currency_unit_price: {either('price')}",
            f"vat_rate: {either('vat')}",
            *self.sometimes(f"product: {either('product')}"),
            *self.sometimes(f"description: {either('description')}"),
            *self.sometimes(f"ledger_account: {either('ledger')}"),
            *self.sometimes(f"discount: {{type: {either('kind')}, value: {either('share')}}}"),
            *self.sometimes(f"section_rank: {either('rank')}"),
            *self.sometimes(f"imputation_dates: {{start_date: {either('start')}}}"),
        ]
        return f"  - {{{', '.join(fields)}}}\n"

    def definition(self) -> str:
        either = self.either
        weights = f"[{{label: A, group: g, weight: {either('weight')}}}]"
        fields = [
            'external_reference: "{{ row.number }}"',
            "for_each: data/rows.json",
            f"customer: {either('customer')}",
            f"date: {either('date')}",
            f"deadline: {either('deadline')}",
            f"invoice_line_sections: [{{rank: 1, title: {either('label')}}}]",
            f"options: {{finalize: true, categories: {weights}}}",
            *self.sometimes(f"currency: {either('currency')}"),
            *self.sometimes(f"special_mention: {either('mention')}"),
            *self.sometimes(f"discount: {{type: {either('kind')}, value: {either('share')}}}"),
            *self.sometimes(f"expect: {{currency_amount: {either('expected')}}}"),
        ]
        if self.random.random() < 0.2:
            fields.append(f"credit_note_of: {either('credited')}")
        if self.random.random() < 0.1:
            self.columns.add("named")
            fields.append('label: "after {{ number(row.named) }}"')
        lines = "".join(self.line() for _ in range(self.random.randint(1, 3)))
        if self.random.random() < 0.5:
            values = (
                f"{{what: {either('label')}, quantity: {either('quantity')}, "
                f"price: {either('price')}, many: {either('many')}, "
                f"parts: [{{name: {either('label')}}}]}}"
            )
            fields += ["template: fee", f"values: {values}"]
            lines = lines if self.random.random() < 0.5 else ""
        return "\n".join(fields) + (f"\ninvoice_lines:\n{lines}" if lines else "\n")

    def rows(self) -> list[dict[str, object]]:
        bad = self.random.choice((0, 0.03, 0.15))
        rows = []
        for number in range(ROWS):
            row: dict[str, object] = {"number": str(number) if self.random.random() > bad / 3 else " 3"}
            for column in sorted(self.columns):
                row[column] = self.random.choice(VALUES[column][self.random.random() < bad])
            rows.append(row)
        return rows


def _write(folder: Path, seed: int) -> None:
    writer = _Writer(seed)
    files = {
        "pennyform.yaml": "version: 1\nenvironment: sandbox\n"
        + writer.random.choice(("", "reference_prefix: FE-\n", "policies: {max_amount: {EUR: '50.00'}}\n")),
        "templates/fee.yaml": TEMPLATE,
        "a.yaml": writer.definition(),
        "data/rows.json": json.dumps(writer.rows()),
        "products/p1.yaml": PRODUCT.format("P1", "EUR"),
        "products/p2.yaml": PRODUCT.format("P2", "USD"),
    }
    for name, code, country in CUSTOMERS:
        files[f"customers/{name}.yaml"] = (
            f"external_reference: {name}\ncustomer_type: company\nname: {name}\n"
            f"emails: [{name}@acme.example]\n"
            f"billing_address: {{address: 1 rue, postal_code: '{code}', city: C, "
            f"country_alpha2: {country}}}\n"
        )
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def _outcome(folder: Path) -> list[str]:
    """All that a repository comes to, in words."""
    resolved: list[str] = []

    def note(invoice: ResolvedInvoice) -> None:
        document = invoice.document
        origins = [
            (path, origin.expression, origin.mark, sorted(origin.sources.items()))
            for path, origin in invoice.origins.items()
        ]
        marks = sorted(document.marks.items(), key=repr)
        resolved.append(repr((invoice.invoice, document.value, marks, document.spoiled, origins)))

    repository, findings = load([folder], note)
    summary = validate([folder], today=TODAY)
    return [*map(repr, (repository.invoices, summary)), *resolved, *map(repr, findings)]


@pytest.mark.parametrize("seed", range(60))
def test_rows_come_to_the_same_with_and_without_their_pattern(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path, seed)
    together = _outcome(tmp_path)
    monkeypatch.setattr(Patterns, "find", lambda *_: None)
    monkeypatch.setattr(Patterns, "add", lambda *_: None)
    assert together == _outcome(tmp_path)
