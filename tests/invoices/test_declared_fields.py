"""Each check of a definition declares the fields whose values decide whether it finds something; no others.

A row of a data file is not checked again where the fields that a check declares are as in an earlier row: a
field that is missing from a declaration is a finding that is lost. Definitions that differ in one value show
which fields decide. Each name is also left out of its declaration once, which must lose a finding: else the
name is superfluous, or these definitions could not show that it is missing.
"""

from __future__ import annotations

import copy
import datetime as dt
import random
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

import pytest
from pennyform.invoices.checks.references import ResolvedInvoice
from pennyform.invoices.checks.semantics import check_invoice
from pennyform.invoices.checks.vat import TEXTS
from pennyform.invoices.desired import resolve
from pennyform.invoices.model import Settings
from pennyform.invoices.repository.context import RepositoryContext, declare
from pennyform.invoices.repository.definition import check_resolved
from pennyform.invoices.repository.expansion import is_valid
from pennyform.invoices.schema.patterns import Check, Pattern
from pennyform.invoices.sources.source_file import FileReader
from pennyform.invoices.yaml.document import Document, value_at
from pennyform.invoices.yaml.document import Path as Steps

from tests.invoices.definitions import CUSTOMER, PRODUCT, SCHEMAS
from tests.invoices.definitions import INVOICE as VALID_INVOICE

DEFINITIONS = 80
# The values of each field. No definition begins with the last one, which is mostly wrong.
DAYS = ("2026-11-01", "2026-02-28", "2026-02-30")
DISCOUNT = {"type": ("relative", "absolute", "other"), "value": ("5", "0.10", "150")}
LINE: dict[str, Any] = {
    "label": ("Work", "Text"),
    "description": ("", "Autoliquidation", "Text"),
    "quantity": (1, 2, -1, 10**12),
    "unit": ("piece", "hour"),
    "raw_currency_unit_price": ("0.40", "10.00", "-10.00"),
    "vat_rate": ("FR_200", "FR_55", "FR_85", "FR_196", "crossborder", "exempt", "DE_190", "DE_70", "NO_120"),
    "product": ("P1", "FREE", "DOLLARS", "NOTHING"),
    "ledger_account": ("706000", "707000"),
    "section_rank": (1, 2),
    "discount": DISCOUNT,
    "imputation_dates": {"start_date": DAYS, "end_date": DAYS},
}
CATEGORY = {"group": ("Sites", "Teams"), "label": ("Paris", "Lyon", "Nice"), "weight": ("0.5", "1")}
HEADER = {
    "external_reference": ("A-1", "A-2", " A-1"),
    "customer": ("ACME", "GMBH", "acme", "REUNION"),
    "date": ("2026-11-01", "2026-12-30", "2009-11-01", "2026-02-30"),
    "deadline": ("2026-12-31", "2028-12-31", "2026-12-15", "2026-02-30"),
    "currency": ("EUR", "USD", "JPY", "XXX"),
}
INVOICE = HEADER | {
    "kind": ("invoice", "credit_note"),
    "customer_invoice_template": ("Blue", "Red", "Grey"),
    "label": ("Work", "Text", "Other"),
    "language": ("fr_FR", "en_GB"),
    "special_mention": ("", "Text", "Other"),
    "pdf_description": ("", "Text", "Other"),
    "pdf_invoice_free_text": ("", "Text", "Other"),
    "pdf_invoice_subject": ("", "Text", "Other"),
    "discount": DISCOUNT,
    "options": {
        "finalize": (True, False),
        "send_to_pa": (True, False, 1),
        "mark_as_paid": (True, False, 1),
        "categories": [CATEGORY, CATEGORY],
    },
    "invoice_line_sections": [{"rank": (1, 2), "title": ("All", "Text")}],
    "invoice_lines": [LINE],
}
# None of its texts says why it charges no French tax.
UNTAXED_LINE = LINE | {"description": ("", "Text"), "vat_rate": ("exempt", "crossborder", "DE_190", "FR_200")}
UNTAXED = INVOICE | dict.fromkeys(TEXTS, ("", "Text")) | {"invoice_lines": [UNTAXED_LINE]}
CREDITED_LINE = LINE | {"quantity": (-1, -2, 1)}
CREDIT_NOTE = INVOICE | {
    "kind": ("credit_note", "invoice"),
    "credit_note_of": ("A-1", "A-2", "A-3"),
    "invoice_lines": [
        CREDITED_LINE,
        CREDITED_LINE | {"raw_currency_unit_price": ("-0.10", "-0.20", "10.00")},
    ],
}
IMPORT = HEADER | {
    "file": ("old.pdf", "other.pdf"),
    "e_invoice": (True, False, 1),
    "currency_amount": ("240.00", "0.00"),
    "options": {"mark_as_paid": (True, False)},
    "invoice_lines": [LINE | {"currency_amount": ("240.00", "0.00")}],
}
KINDS = (
    ("definitions/invoice", INVOICE),
    ("definitions/invoice", UNTAXED),
    ("definitions/invoice", CREDIT_NOTE),
    ("definitions/imported-invoice", IMPORT),
)
OPTIONAL = (
    *("currency", "kind", "language", *TEXTS, "pdf_invoice_subject", "discount", "options", "e_invoice"),
    *("description", "product", "ledger_account", "section_rank", "imputation_dates"),
    *("mark_as_paid", "categories", "customer_invoice_template"),
)
# What a line may leave to its product.
FROM_PRODUCT = ("label", "unit", "raw_currency_unit_price", "vat_rate")
CUSTOMERS = (("ACME", "75001", "FR"), ("GMBH", "10115", "DE"), ("REUNION", "97400", "FR"))
PRODUCT_FIELDS = ("external_reference", "price_before_tax", "currency", "vat_rate")
PRODUCTS = (
    ("P1", "12.00", "EUR", "FR_55"),
    ("FREE", "0.00", "EUR", "exempt"),
    ("DOLLARS", "12.00", "USD", "FR_200"),
)

Made: TypeAlias = tuple[Document, Sequence[object]]
"""A definition, and what a check takes."""


class Change(NamedTuple):
    """Two definitions that differ at ``path``: ``check`` finds something in the second only."""

    check: Check
    path: Steps
    before: Made
    after: Made

    def is_found(self, check: Check) -> bool:
        """Whether ``check`` finds something in the second where both are of one pattern."""
        (before, about_before), (after, about_after) = self.before, self.after
        pattern, checks = Pattern(before.value, [self.path], {}), (check,)
        pattern.findings(checks, before.value, *about_before)
        return bool(pattern.findings(checks, after.value, *about_after))


class _Recorder:
    """Stands for a pattern, and notes which checks it is to make, and about what."""

    def __init__(self) -> None:
        self.calls: list[tuple[Check, Sequence[object]]] = []

    def findings(self, checks: Sequence[Check], _: object, *about: object) -> list[object]:
        self.calls += [(check, about) for check in checks]
        return []


@cache
def _context() -> RepositoryContext:
    context = RepositoryContext(Settings(Path(), "sandbox", "line", Path()), SCHEMAS, FileReader(), [])
    context.today = dt.date(2026, 11, 30)
    for name, code, country in CUSTOMERS:
        address = CUSTOMER["billing_address"] | {"postal_code": code, "country_alpha2": country}
        value = CUSTOMER | {"external_reference": name, "billing_address": address}
        context.add(declare(Document(name, value), "customer", context, Path(), is_well_formed=True))
    for values in PRODUCTS:
        name, value = values[0], PRODUCT | dict(zip(PRODUCT_FIELDS, values, strict=True))
        context.add(declare(Document(name, value), "product", context, Path(), is_well_formed=True))
    assert not context.findings
    return context


def _definition(fields: Any, chance: random.Random) -> Any:
    """Some of ``fields``, each with one of its values."""
    if isinstance(fields, list):
        return [_definition(entry, chance) for entry in fields]
    if isinstance(fields, tuple):
        return chance.choice(fields[:-1])
    names = [name for name in fields if name not in OPTIONAL or chance.random() < 0.4]
    if "product" in names:
        names = [name for name in names if name not in FROM_PRODUCT or chance.random() < 0.5]
    return {name: _definition(fields[name], chance) for name in names}


def _leaves(value: Any, path: Steps = ()) -> Iterator[Steps]:
    if not isinstance(value, dict | list):
        yield path
        return
    for step, member in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _leaves(member, (*path, step))


def _with(definition: Any, path: Steps, value: object) -> Document:
    changed = copy.deepcopy(definition)
    value_at(changed, path[:-1])[path[-1]] = value
    return Document("a.yaml", changed)


def _calls(kind: str, document: Document) -> list[tuple[Check, Sequence[object]]]:
    """The checks that declare what they read, and what they take of a definition.

    Those of what it resolves to are only made where it is valid.
    """
    recorder = _Recorder()
    pattern, schema = cast(Pattern, recorder), SCHEMAS.schema(kind)
    check_invoice(document, schema, pattern)
    # An import has no pattern any more when it is resolved: its file is its own.
    if "file" not in document.value and is_valid(kind, document, SCHEMAS, [], is_well_formed=True):
        invoice = resolve.invoice(document, schema, {})
        check_resolved(ResolvedInvoice(document, invoice, pattern=pattern), _context())
    return [call for call in recorder.calls if call[0].reads is not None]


def _changes(kind: str, fields: Any, definition: Any) -> Iterator[Change]:
    for path in _leaves(definition):
        results: dict[Check, list[tuple[bool, Made]]] = {}
        for value in value_at(fields, path):
            document = _with(definition, path, value)
            for check, about in _calls(kind, document):
                results.setdefault(check, []).append((any(check.run(*about)), (document, about)))
        for check, outcomes in results.items():
            for (is_before, before), (is_after, after) in permutations(outcomes, 2):
                if is_after and not is_before:
                    yield Change(check, path, before, after)


@pytest.fixture(scope="module")
def changes() -> list[Change]:
    chance = random.Random(1)
    return [
        change
        for kind, fields in KINDS
        for _ in range(DEFINITIONS)
        for change in _changes(kind, fields, _definition(fields, chance))
    ]


def test_no_finding_is_lost(changes: list[Change]) -> None:
    lost = {
        (change.check.run.__name__, *change.path) for change in changes if not change.is_found(change.check)
    }
    assert not lost


def test_each_declared_field_is_needed(changes: list[Change]) -> None:
    def declared(check: Check) -> frozenset[str]:
        return (check.reads or frozenset()) | check.whether

    def without(check: Check, name: str) -> Check:
        return Check(check.run, declared(check) - check.whether - {name}, check.whether - {name})

    needed = {
        (change.check.run.__name__, name)
        for change in changes
        for name in declared(change.check).intersection(change.path)
        if not change.is_found(without(change.check, name))
    }
    # Of a valid definition all checks are made.
    checks = [check for check, _ in _calls("definitions/invoice", Document("a.yaml", VALID_INVOICE))]
    assert needed == {(check.run.__name__, name) for check in checks for name in declared(check)}
