"""Templates: values in, native values out, and nothing in them that can get out of hand."""

from __future__ import annotations

import inspect
import shutil
import sys
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pennyform import data
from pennyform.invoices import load
from pennyform.invoices.desired.json_bodies import to_json
from pennyform.invoices.expressions.compile import (
    DEEPEST,
    MOST_OPERATORS,
    ExpressionError,
    evaluate,
    syntax_trees,
)

from .definitions import YAML_TEXT, write

NAMES: dict[str, Any] = {
    "days": Decimal("2.5"),
    "rate": Decimal("650.00"),
    "count": 3,
    "name": "{{ count }} a: [b]",
    "date": date(2026, 1, 31),
    "yes": True,
}

TEMPLATE = """\
description: A workshop.
parameters:
  topic: {type: text}
  participants: {type: integer}
  price: {type: amount, default: "180.00"}
invoice:
  currency: EUR
  label: from the template
  deadline: "{{ date | days_later(30) }}"
  invoice_lines:
    - label: "Workshop {{ topic }}"
      quantity: "{{ participants }}"
      unit: participant
      raw_currency_unit_price: "{{ price * 2 }}"
      vat_rate: FR_200
"""
DEFINITION = """\
external_reference: INV-1
customer: ACME_001
template: workshop
values: {topic: "a: [b] {{ '{{ price }}' }}", participants: 3}
date: 2026-01-31
label: from the definition
invoice_lines:
  - {label: Room, quantity: 1, unit: day, raw_currency_unit_price: "90.00", vat_rate: FR_100}
"""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ days }}", Decimal("2.5")),
        ("{{ count }}", 3),
        ("{{ date }}", date(2026, 1, 31)),
        ("{{ yes }}", True),
        ("{{ name }}", "{{ count }} a: [b]"),
        ("{{ days }} days of {{ date }}", "2.5 days of 2026-01-31"),
        ("{{ yes }}, {{ rate }}", "true, 650.00"),
        ("{{ rate * days }}", Decimal("1625.000")),
        ("{{ rate * 1.1 }}", Decimal("715.000")),
        ("{{ 0.1 + 0.2 }}", Decimal("0.3")),
        ("{{ -1.5 }}", Decimal("-1.5")),
        ("{{ 1 / 4 }}", Decimal("0.25")),
        ("{{ (rate / 7) | round(2) }}", Decimal("92.86")),
        ("{{ 0.125 | round }}", Decimal("0.13")),
        ("{{ date | days_later(30) }}", date(2026, 3, 2)),
        ("{{ date | months_later(1) }}", date(2026, 2, 28)),
        ("{{ date | months_later(-2) | end_of_month }}", date(2025, 11, 30)),
        ("{{ date | month_name }} {{ date.year }}", "janvier 2026"),
        ("{{ date | month_name('de_DE') }}", "Januar"),
        ("{{ 'many' if count > 2 else 'few' }}", "many"),
        ("{{ none }}", None),
        ("{{ name ~ '!' }}", "{{ count }} a: [b]!"),
    ],
)
def test_values(text: str, value: Any) -> None:
    found = evaluate(text, NAMES)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "text",
    [
        "{{ unknown }}",
        "{{ days",
        "{{ }",
        "{{ days.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ date.replace(year=1) }}",
        "{{ name.format() }}",
        "{{ [1] }}",
        "{{ {'a': 1} }}",
        "{% set x = 1 %}",
        "{# comment #}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 'x' * 10 ** 9 }}",
        "{{ [1] * 1000000000 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ range(10) }}",
        "{{ 1 / 0 }}",
        "{{ 1 // 0 }}",
        "{{ 1e999 }}",
        "{{ '\\ud800' }}",
        "{{ '\\u202e' }}",
        "{{ date | days_later(999999999999) }}",
        "{{ date | months_later(999999) }}",
        "{{ name | days_later(1) }}",
        "{{ name | round }}",
        "{{ name + 1 }}",
        "{{ name < 1 }}",
        "{{ days | nothing }}",
        "{{ days is nothing }}",
        "{{ " + "(" * 500 + "1" + ")" * 500 + " }}",
        "{{ " + "1" * 3000 + " }}",
        "{{ self }}",
        "{{ namespace }}",
    ],
)
def test_what_is_refused(text: str) -> None:
    started = time.process_time()
    with pytest.raises(ExpressionError) as raised:
        evaluate(text, NAMES)
    assert "0x" not in str(raised.value), "messages must not change from run to run"
    assert time.process_time() - started < 5


PIECES = st.lists(
    st.sampled_from(
        (
            *(
                "{{",
                "}}",
                " ",
                "days",
                "rate",
                "date",
                "name",
                "1",
                "0.5",
                "'x'",
                "|",
                "round",
                "(",
                ")",
                ".",
                "[",
            ),
            *(
                "]",
                "+",
                "*",
                "/",
                "-",
                "~",
                "if",
                "else",
                "{%",
                "%}",
                "#}",
                "days_later",
                ",",
                "{",
                "}",
                "==",
                "not",
            ),
        )
    ),
    max_size=14,
).map("".join)


@settings(max_examples=200, deadline=None)
@given(PIECES)
def test_no_expression_breaks_it(text: str) -> None:
    try:
        value = evaluate("{{ " + text, NAMES)
    except ExpressionError:
        return
    assert value is None or isinstance(value, str | int | Decimal | date)


NESTING: dict[str, tuple[int, Callable[[int], str]]] = {
    "brackets": (DEEPEST, lambda n: "(" * n + "1" + ")" * n),
    "lists": (DEEPEST - 1, lambda n: "1 in [" + "[" * n + "1" + "]" * n + "]"),
    "sums": (MOST_OPERATORS, lambda n: "1" + " + 1" * n),
    "signs": (MOST_OPERATORS, lambda n: "-" * n + "1"),
    "negations": (MOST_OPERATORS, lambda n: "not " * n + "1"),
    "alternatives": (MOST_OPERATORS // 2, lambda n: "1 if 0 else " * n + "1"),
    "filters": (MOST_OPERATORS, lambda n: "1" + "|round" * n),
}


@pytest.mark.parametrize("kind", NESTING)
def test_nesting_is_counted_and_not_left_to_the_interpreter(kind: str) -> None:
    most, written = NESTING[kind]
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 450)
    try:
        assert evaluate("{{ " + written(most) + " }}", {}) in (0, 1, 101)
        assert syntax_trees("{{ " + written(most) + " }}")
        for count in (most + 1, 150, 900):
            with pytest.raises(ExpressionError, match=r"at most (16 deep|100 operators|2,000 characters)"):
                syntax_trees("{{ " + written(count) + " }}")
    finally:
        sys.setrecursionlimit(limit)


def test_what_is_not_nested_may_be_long() -> None:
    text = "{{ " + " }} {{ ".join(["(1 + 1)"] * 120) + " }}"
    assert evaluate(text, {}) == " ".join("2" * 120)
    assert evaluate("{{ 7 in [" + "1, " * 300 + "7] }}", {}) is True
    assert evaluate("{{ '" + "(" * 200 + "' }}", {}) == "(" * 200


def resolved(folder: Path, template: str = TEMPLATE, definition: str = DEFINITION) -> Any:
    repository, findings = load([write(folder, templates__workshop=template, invoice=definition)])
    assert findings == []
    (invoice,) = repository.invoices
    return to_json(invoice.body)


def test_a_definition_takes_over_what_it_does_not_say_itself(tmp_path: Path) -> None:
    body = resolved(tmp_path)
    assert body["label"] == "from the definition"
    assert body["currency"] == "EUR"
    assert body["deadline"] == "2026-03-02"
    assert [line["label"] for line in body["invoice_lines"]] == ["Workshop a: [b] {{ price }}", "Room"]
    assert body["invoice_lines"][0]["quantity"] == 3
    assert body["invoice_lines"][0]["raw_currency_unit_price"] == "360.00"


def test_a_value_never_becomes_structure_nor_an_expression(tmp_path: Path) -> None:
    assert resolved(tmp_path)["invoice_lines"][0]["label"] == "Workshop a: [b] {{ price }}"


def test_text_of_a_definition_is_an_expression_where_it_has_one(tmp_path: Path) -> None:
    body = resolved(tmp_path, definition=DEFINITION.replace("label: Room", 'label: "{{ 1 + 1 }}"'))
    assert body["invoice_lines"][1]["label"] == "2"


def test_findings_point_at_the_definition_where_it_gave_the_value(tmp_path: Path) -> None:
    template = TEMPLATE.replace("FR_200", '"{{ topic }}"')
    definition = DEFINITION.replace("\"a: [b] {{ '{{ price }}' }}\"", "FR_055")
    write(tmp_path, templates__workshop=template, invoice=definition)
    _, findings = load([tmp_path])
    assert [(finding.rule, Path(finding.file).name, finding.line) for finding in findings] == [
        ("unknown-vat-rate", "invoice.yaml", 4)
    ]


def test_a_template_of_ones_own_hides_the_built_in_one(tmp_path: Path) -> None:
    write(tmp_path, templates__consulting=TEMPLATE, invoice=DEFINITION.replace("workshop", "consulting"))
    repository, findings = load([tmp_path])
    assert findings == []
    assert to_json(repository.invoices[0].body)["invoice_lines"][0]["unit"] == "participant"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("consulting", "{days: 2.5}"),
        ("subscription", "{product: HANDBOOK}"),
        ("consulting-with-expenses", '{days: 1, expenses: [{label: Train, amount: "80.00"}]}'),
        ("instalment", '{subject: Kitchen, total: "1000.00", number: 1, of: 3}'),
        ("membership", '{year: 2026, fee: "60.00", donation: "10.00"}'),
    ],
)
def test_built_in_templates_resolve(tmp_path: Path, name: str, values: str) -> None:
    text = f"external_reference: A\ncustomer: B\ndate: 2026-01-31\ntemplate: {name}\nvalues: {values}\n"
    repository, findings = load([write(tmp_path, invoice=text)])
    assert findings == []
    assert to_json(repository.invoices[0].body)["invoice_lines"]
    assert "invoice.yaml" in repository.files
    assert len(repository.files) == 1


def test_expressions_of_built_in_templates_are_sound(tmp_path: Path) -> None:
    shutil.copytree(data.templates() / "invoices", tmp_path / "templates")
    _, findings = load([tmp_path])
    assert findings == []


def test_templates_that_were_not_asked_about_are_not_looked_through(tmp_path: Path) -> None:
    (tmp_path / "pennyform.yaml").write_text("version: 1\nenvironment: sandbox\nrounding: line\n")
    write(tmp_path, templates__broken='invoice: {label: "{{ nowhere }}"}\n', invoice=YAML_TEXT)
    asked = {name: load([tmp_path / name])[1] for name in ("invoice.yaml", "templates/broken.yaml")}
    assert {name: len(findings) for name, findings in asked.items()} == {
        "invoice.yaml": 0,
        "templates/broken.yaml": 1,
    }


BASE = """\
description: Work.
parameters:
  days: {type: number}
  rate: {type: amount, default: "650.00"}
invoice:
  deadline: "{{ date | days_later(30) }}"
  label: base
  discount: {type: relative, value: "10"}
  invoice_line_sections: [{rank: 1, title: Work}]
  invoice_lines:
    - label: Work
      quantity: "{{ days }}"
      unit: day
      raw_currency_unit_price: "{{ rate }}"
      vat_rate: FR_200
"""
CHILD = """\
extends: base
parameters:
  rate: {type: amount, default: "700.00"}
  travel: {type: boolean, default: false}
invoice:
  label: child
  invoice_lines:
    - label: Travel
      when: "{{ travel }}"
      quantity: 1
      unit: trip
      raw_currency_unit_price: "{{ rate | percent(10) }}"
      vat_rate: FR_100
"""
USER = """\
external_reference: INV-1
customer: ACME_001
template: child
values: {days: 2, travel: true}
date: 2026-01-31
"""


def body_of(folder: Path, definition: str = USER, **templates: str) -> Any:
    files = {
        f"templates__{name}": text for name, text in ({"base": BASE, "child": CHILD} | templates).items()
    }
    repository, findings = load([write(folder, invoice=definition, **files)])
    assert findings == []
    return to_json(repository.invoices[0].body)


def test_a_template_has_what_it_extends_and_says_more(tmp_path: Path) -> None:
    body = body_of(tmp_path)
    assert (body["label"], body["deadline"]) == ("child", "2026-03-02")
    assert body["discount"] == {"type": "relative", "value": "10.00"}
    assert [line["label"] for line in body["invoice_lines"]] == ["Work", "Travel"]
    assert [line["raw_currency_unit_price"] for line in body["invoice_lines"]] == ["700.00", "70.00"]


def test_extending_goes_on_for_as_long_as_one_likes(tmp_path: Path) -> None:
    grandchild = "extends: child\ninvoice: {label: grandchild}\n"
    body = body_of(tmp_path, USER.replace("template: child", "template: third"), third=grandchild)
    assert (body["label"], len(body["invoice_lines"])) == ("grandchild", 2)


def test_a_condition_leaves_a_line_out(tmp_path: Path) -> None:
    body = body_of(tmp_path, USER.replace("travel: true", "travel: false"))
    assert [line["label"] for line in body["invoice_lines"]] == ["Work"]


def test_nothing_leaves_a_field_out_and_null_does_not(tmp_path: Path) -> None:
    child = "extends: base\ninvoice:\n  label: \"{{ 'x' if days > 5 else none }}\"\n  special_mention: null\n"
    body = body_of(tmp_path, USER.replace(", travel: true", ""), child=child)
    assert "label" not in body
    assert body["special_mention"] is None


def test_findings_point_into_the_template_that_says_it(tmp_path: Path) -> None:
    base = BASE.replace("{{ days }}", "{{ dayz }}")
    write(tmp_path, templates__base=base, templates__child=CHILD.replace("percent(10)", "percent"))
    _, findings = load([write(tmp_path, invoice=USER)])
    assert [(finding.rule, Path(finding.file).name) for finding in findings] == [
        ("expression", "base.yaml"),
        ("expression", "child.yaml"),
    ]


def test_repeated_lines_are_marked_entry_by_entry(tmp_path: Path) -> None:
    template = """\
parameters: {codes: {type: list, fields: {code: {type: text}}}}
invoice:
  deadline: "{{ date }}"
  invoice_lines:
    - for_each: codes
      label: x
      quantity: 1
      unit: x
      raw_currency_unit_price: "1.00"
      vat_rate: "{{ item.code }}"
"""
    values = "values:\n  codes:\n    - {code: FR_200}\n    - {code: FR_055}\n"
    definition = f"external_reference: A\ncustomer: B\ndate: 2026-01-31\ntemplate: codes\n{values}"
    _, findings = load([write(tmp_path, templates__codes=template, invoice=definition)])
    assert [(Path(finding.file).name, finding.line, finding.fix) for finding in findings] == [
        ("invoice.yaml", 8, "5.5 % is `FR_55`")
    ]


def test_many_lines_are_too_many_before_they_take_time(tmp_path: Path) -> None:
    template = """\
parameters: {many: {type: integer}}
invoice:
  deadline: "{{ date }}"
  invoice_lines:
    - {for_each: many, label: x, quantity: 1, unit: x, raw_currency_unit_price: "1.00", vat_rate: FR_200}
"""
    definition = (
        "external_reference: A\ncustomer: B\ndate: 2026-01-31\ntemplate: many\nvalues: {many: 999999999}\n"
    )
    started = time.process_time()
    _, findings = load([write(tmp_path, templates__many=template, invoice=definition)])
    assert [finding.rule for finding in findings] == ["template-loop"]
    assert time.process_time() - started < 5


def test_a_condition_that_gives_nothing_does_not_hold(tmp_path: Path) -> None:
    child = CHILD.replace('when: "{{ travel }}"', 'when: "{{ travel if days > 5 else none }}"')
    assert [line["label"] for line in body_of(tmp_path, child=child)["invoice_lines"]] == ["Work"]
