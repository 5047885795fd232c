"""Definitions for tests: a valid one, and random ones that are nearly valid."""

from __future__ import annotations

import copy
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from pennyform import data
from pennyform.invoices.schema.schema import definition_schemas

SCHEMAS = definition_schemas(data.schemas())
definition_schema = SCHEMAS.schema

INVOICE: dict[str, Any] = {
    "external_reference": "INV-1",
    "customer": "ACME_001",
    "date": "2026-01-31",
    "deadline": "2026-02-28",
    "invoice_lines": [
        {
            "label": "Consulting",
            "quantity": 2,
            "unit": "hour",
            "raw_currency_unit_price": "100.00",
            "vat_rate": "FR_200",
        },
        {"product": "HANDBOOK", "quantity": Decimal("1.5"), "discount": {"type": "relative", "value": "10"}},
    ],
    "invoice_line_sections": [{"rank": 1, "title": "All"}],
    "expect": {"currency_amount": "276.75"},
    "options": {"finalize": False},
}
CUSTOMER: dict[str, Any] = {
    "external_reference": "ACME_001",
    "name": "Example Trading SARL",
    "billing_address": {"address": "1 rue", "postal_code": "75001", "city": "Paris", "country_alpha2": "FR"},
}
PERSON: dict[str, Any] = {
    "external_reference": "P1",
    "customer_type": "individual",
    "first_name": "Client",
    "last_name": "Particulier",
    "billing_address": CUSTOMER["billing_address"],
}
PRODUCT: dict[str, Any] = {
    "external_reference": "HANDBOOK",
    "label": "Handbook",
    "price_before_tax": "24.50",
    "unit": "piece",
    "vat_rate": "FR_55",
}
TEMPLATE: dict[str, Any] = {
    "description": "A workshop",
    "parameters": {"topic": {"type": "text", "default": "YAML"}},
    "invoice": {"deadline": "{{ date }}", "invoice_lines": [{"label": "{{ topic }}", "quantity": 1}]},
}
SETTINGS: dict[str, Any] = {
    "version": 1,
    "environment": "sandbox",
    "rounding": "line",
    "reference_prefix": "CLUB-",
    "policies": {
        "max_amount": "1000.00",
        "max_total": "5000.00",
        "vat_rates": ["FR_200", "FR_55"],
        "company_id": 1,
    },
    "environments": {"production": {"policies": {"max_amount": {"EUR": "10"}, "never_finalize": True}}},
}

IMPORT: dict[str, Any] = {
    "external_reference": "OLD-1",
    "file": "old.pdf",
    "customer": "ACME_001",
    "date": "2019-01-31",
    "deadline": "2019-02-28",
    "currency_amount_before_tax": "200.00",
    "currency_tax": "40.00",
    "currency_amount": "240.00",
    "invoice_lines": [
        {
            "label": "Consulting",
            "quantity": 2,
            "unit": "hour",
            "raw_currency_unit_price": "100.00",
            "vat_rate": "FR_200",
            "currency_amount": "240.00",
            "currency_tax": "40.00",
        }
    ],
}
CREDIT_NOTE: dict[str, Any] = INVOICE | {
    "external_reference": "CN-1",
    "credit_note_of": "INV-1",
    "options": {
        "finalize": True,
        "send_by_email": {"recipients": ["accounts@example.com"]},
        "categories": [
            {"group": "Sites", "label": "Paris", "weight": "0.5"},
            {"group": "Sites", "analytical_code": "LYO", "weight": "0.5"},
            {"id": 7, "weight": "1"},
        ],
        "matched_transactions": [{"id": 9}, {"date": "2026-02-14", "currency_amount": "240.00"}],
    },
}
SERIES: dict[str, Any] = {
    "for_each": {"file": "members.csv", "as": "member"},
    "external_reference": "FEE-{{ member.number }}",
    "customer": "{{ member.customer }}",
    "date": "2026-01-31",
    "deadline": "{{ date | days_later(30) }}",
    "invoice_lines": [
        {
            "label": "Fee",
            "quantity": "{{ member.months }}",
            "unit": "month",
            "raw_currency_unit_price": "10.00",
            "vat_rate": "FR_200",
            "when": "{{ member.months > 0 }}",
        }
    ],
}
CUSTOMERS: dict[str, Any] = CUSTOMER | {
    "for_each": {"file": "customers.csv", "columns": {"since": {"type": "date"}}},
    "external_reference": "{{ row.number }}",
    "billing_language": "{{ row.language }}",
    "emails": ["{{ row.mail }}"],
}
OF_KIND = {
    "definitions/invoice": (INVOICE, CREDIT_NOTE),
    "definitions/imported-invoice": (IMPORT,),
    "definitions/invoice-series": (SERIES,),
    "definitions/imported-invoice-series": (IMPORT | {"for_each": "old.csv", "file": "{{ row.file }}"},),
    "invoice": (INVOICE, CREDIT_NOTE, IMPORT, SERIES),
    "definitions/customer": (CUSTOMER, PERSON),
    "definitions/customer-series": (CUSTOMERS, CUSTOMERS | {"customer_type": "{{ row.type }}"}),
    "definitions/product": (PRODUCT,),
    "definitions/product-series": (PRODUCT | {"for_each": "p.csv", "price_before_tax": "{{ row.price }}"},),
    "customer": (CUSTOMER, PERSON, CUSTOMERS),
    "product": (PRODUCT, PRODUCT | {"vat_rate": "{{ 'FR_' ~ 55 }}"}),
    "invoice-template": (TEMPLATE,),
    "pennyform": (SETTINGS,),
}

YAML_TEXT = """\
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

_WORDS = (
    "INV-1",
    "",
    "2026-02-30",
    "FR_200",
    "FR_055",
    "any",
    "100.00",
    "100.00\n",
    "1e3",
    "٣",
    "EUR",
    "absolute",
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**14),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-1000, max_value=1000, places=3),
    st.sampled_from(_WORDS),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8),
)
FIELDS = st.sampled_from(
    (
        "product",
        "label",
        "quantity",
        "customer",
        "id",
        "template",
        "values",
        "discount",
        "type",
        "value",
        "rank",
        "x",
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=8,
)

# Where validators have been known to differ: truth values and numbers, whole decimals, ends of lines, digits
# of other scripts, lengths in characters that take two places, and every word of the schema itself.
PROBES: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 10**15, Decimal("1.0"), Decimal("1.5"), Decimal("-0"), Decimal("1E+3")),
    *(
        "",
        " ",
        "a",
        "a\n",
        "1.00",
        "1.00\n",
        "+1",
        "1e3",
        "\u0661",
        "2026-01-31",
        "FR_200",
        "{{ a }}",
        "a {{ b }}",
        "x" * 300,
    ),
    *(
        "\U0001f600" * 200,
        [],
        [1],
        [[]],
        ["a"] * 3,
        {},
        {"id": 1},
        {"id": True},
        {"x": 1},
        {"type": "absolute"},
    ),
]


@st.composite
def nearly_valid(draw: st.DrawFn, kind: str) -> Any:
    """A valid definition of ``kind`` with up to three things changed, added or taken away."""
    value = copy.deepcopy(draw(st.sampled_from(OF_KIND[kind])))
    for _ in range(draw(st.integers(0, 3))):
        value = _changed(draw, value)
    return value


def _changed(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict) and value and draw(st.integers(0, 9)):
        name = draw(st.sampled_from(sorted(value)))
        match draw(st.sampled_from(("inside", "inside", "inside", "drop", "add"))):
            case "drop":
                return {other: member for other, member in value.items() if other != name}
            case "add":
                return value | {draw(FIELDS): draw(VALUES)}
            case _:
                return value | {name: _changed(draw, value[name])}
    if isinstance(value, list) and value and draw(st.integers(0, 9)):
        index = draw(st.integers(0, len(value) - 1))
        return [*value[:index], _changed(draw, value[index]), *value[index + 1 :]]
    return draw(VALUES)


def write(folder: Path, **files: str) -> Path:
    """Write ``name="text"`` as ``name.yaml``, ``__`` in a name standing for a folder."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
