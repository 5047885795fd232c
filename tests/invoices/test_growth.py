"""Reading a repository takes work in proportion to its size, whatever it says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import chdir
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pennyform.findings import Finding, Severity, tidy
from pennyform.invoices.checks.references import ReferenceClaim
from pennyform.invoices.desired import resolve
from pennyform.invoices.expressions.evaluate import Evaluation
from pennyform.invoices.model import Place
from pennyform.invoices.repository.shared_rows import check_shared_rows
from pennyform.invoices.repository.validate import validate
from pennyform.report.findings import github, grouping, junit, markdown, sarif, text
from pennyform.report.findings import json as findings_json

from .growth import MOST_GROWTH, growth

CUSTOMER = """external_reference: ACME
customer_type: company
name: Acme
emails: [billing@acme.example]
billing_address: {address: 1 rue, postal_code: "75001", city: Paris, country_alpha2: FR}
"""
LINE = '{label: "%s", quantity: 1, unit: piece, raw_currency_unit_price: "10.00", vat_rate: FR_200}'
HEADER = 'customer: ACME\ndate: "2026-11-01"\ndeadline: "2026-12-01"\n'
TEMPLATE_LINE = LINE.replace("{label", "{for_each: lines, as: item, label")

LEFT_OUT = (TEMPLATE_LINE % "x").replace("label", 'when: "{{ item < 0 }}", label')


def _series(file: str, rows: str, label: str = "Fee") -> dict[str, str]:
    definition = f'external_reference: "F-{{{{ row.number }}}}"\n{HEADER}for_each: data/{file}\n'
    return {"fees.yaml": f"{definition}invoice_lines:\n  - {LINE % label}\n", f"data/{file}": rows}


def _invoice(lines: str) -> dict[str, str]:
    return {"a.yaml": f'external_reference: "A"\n{HEADER}{lines}'}


def _template(template: str, definition: str) -> dict[str, str]:
    return {
        "templates/fee.yaml": f"kind: invoice-template\n{template}",
        "a.yaml": f'external_reference: "A"\n{HEADER}template: fee\n{definition}',
    }


REPOSITORIES: dict[str, tuple[int, Callable[[int], dict[str, str]]]] = {
    "rows in CSV": (100, lambda n: _series("r.csv", "number\n" + "".join(f"{i}\n" for i in range(n)))),
    "rows in JSON": (100, lambda n: _series("r.json", json.dumps([{"number": str(i)} for i in range(n)]))),
    "rows in YAML": (
        100,
        lambda n: _series("r.yaml", "".join(f'- number: "{i}"\n' for i in range(n))),
    ),
    "rows that are malformed": (
        100,
        lambda n: _series("r.csv", "number,a\n" + "".join(f"{i}\n" for i in range(n))),
    ),
    "rows without a value": (
        100,
        lambda n: _series("r.csv", "number\n" + "".join(f"{i}\n" for i in range(n)), "{{ row.missing }}"),
    ),
    "columns": (
        200,
        lambda n: _series("r.csv", "number," + ",".join(f"c{i}" for i in range(n)) + "\n1" + ",x" * n),
    ),
    "columns of one name": (200, lambda n: _series("r.csv", "number" + ",c" * n + "\n1" + ",x" * n)),
    "patterns to ignore": (
        100,
        lambda n: {
            "pennyform.yaml": "version: 1\nenvironment: sandbox\nignore:\n"
            + "".join(f'  - "a*{i}*b"\n' for i in range(n)),
            **{f"i{i}/b.yaml": "external_reference: A\n" for i in range(20)},
        },
    ),
    "unknown fields on one line": (
        300,
        lambda n: _invoice("invoice_lines: [{" + ", ".join(f"k{i}: 1" for i in range(n)) + "}]\n"),
    ),
    "lines with a mistake on one line": (
        50,
        lambda n: _invoice("invoice_lines: [" + ", ".join(["{label: x}"] * n) + "]\n"),
    ),
    "lines": (50, lambda n: _invoice("invoice_lines:\n" + f"  - {LINE % 'x'}\n" * n)),
    "lines with an expression": (
        50,
        lambda n: _invoice("invoice_lines:\n" + f"  - {LINE % '{{ date.year }}'}\n" * n),
    ),
    "lines with a wrong expression": (
        50,
        lambda n: _invoice("invoice_lines:\n" + f"  - {LINE % '{{ nothing }}'}\n" * n),
    ),
    "keys given twice": (100, lambda n: _invoice("a: 1\n" * n)),
    "brackets": (1000, lambda n: _invoice("a: " + "[" * n + "]" * n)),
    "brackets of an expression": (400, lambda n: _invoice("label: '{{ " + "(" * n + "1" + ")" * n + " }}'")),
    "parameters": (
        50,
        lambda n: _template(
            "parameters:\n"
            + "".join(f"  p{i}: {{type: text, default: x}}\n" for i in range(n))
            + f"invoice:\n  invoice_lines:\n    - {LINE % '{{ p1 }}'}\n",
            "values: {" + ", ".join(f"p{i}: y" for i in range(n)) + "}\n",
        ),
    ),
    "parameters that are missing": (
        50,
        lambda n: _template(
            "parameters:\n"
            + "".join(f"  p{i}: {{type: text}}\n" for i in range(n))
            + f"invoice:\n  invoice_lines:\n    - {LINE % '{{ p1 }}'}\n",
            "values: {}\n",
        ),
    ),
    "parameters that do not exist": (
        50,
        lambda n: _template(
            "parameters:\n  p1: {type: text, default: x}\n"
            f"invoice:\n  invoice_lines:\n    - {LINE % '{{ p1 }}'}\n",
            "values: {" + ", ".join(f"q{i}: y" for i in range(n)) + "}\n",
        ),
    ),
    "entries of a list": (
        50,
        lambda n: _template(
            "parameters:\n  lines: {type: list, fields: {name: {type: text}}}\n"
            f"invoice:\n  invoice_lines:\n    - {TEMPLATE_LINE % '{{ item.name }}'}\n",
            "values:\n  lines:\n" + "".join(f"    - {{name: n{i}}}\n" for i in range(n)),
        ),
    ),
    "entries that a condition leaves out": (
        50,
        lambda n: _template(
            "parameters:\n  lines: {type: integer}\n"
            f"invoice:\n  invoice_lines:\n    - {LINE % 'always'}\n"
            f"    - {LEFT_OUT}\n",
            f"values: {{lines: {n}}}\n",
        ),
    ),
    "definitions": (
        20,
        lambda n: {
            f"i{i}.yaml": f'external_reference: "I-{i}"\n{HEADER}invoice_lines: [{LINE % "x"}]\n'
            for i in range(n)
        },
    ),
    "customers": (
        20,
        lambda n: {
            f"customers/c{i}.yaml": CUSTOMER.replace("ACME", f"C{i}").replace("Acme", f"Acme {i}")
            for i in range(n)
        },
    ),
}


def _reading(root: Path, files: Callable[[int], dict[str, str]], size: int) -> Callable[[], object]:
    """What reads a repository of a size in ``root``, and shows its findings."""
    folder = root / str(size)
    always = {"pennyform.yaml": "version: 1\nenvironment: sandbox\n", "customers/acme.yaml": CUSTOMER}
    for name, content in {**always, **files(size)}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")

    def run() -> None:
        with chdir(folder):
            findings = validate([], processes=1).findings
            text.render(findings, lambda file, line: Path(file).read_text("utf-8").split("\n")[line - 1])

    return run


@pytest.mark.parametrize(("size", "files"), REPOSITORIES.values(), ids=REPOSITORIES)
def test_reading_and_reporting_grow_with_the_repository(
    tmp_path: Path, size: int, files: Callable[[int], dict[str, str]]
) -> None:
    assert growth(partial(_reading, tmp_path, files), size) < MOST_GROWTH


def _findings(number: int) -> list[Finding]:
    return tidy(
        Finding(
            "unknown-field", Severity.ERROR, f"no field `k{i % 7}{i}`", "a.yaml", 1, i + 1, subject=f"{i}"
        )
        for i in range(number)
    )


REPORTS: dict[str, Callable[[list[Finding]], object]] = {
    "text": lambda findings: text.render(findings, lambda *_: "x" * 20_000),
    "json": findings_json.render,
    "markdown": markdown.render,
    "github": github.render,
    "sarif": lambda findings: sarif.render(findings, {}),
    "junit": lambda findings: junit.render(findings, ["a.yaml"]),
    "grouped": grouping.grouped,
}


def _rendering(render: Callable[[list[Finding]], object], number: int) -> Callable[[], object]:
    findings = _findings(number)
    return lambda: render(findings)


@pytest.mark.parametrize("render", REPORTS.values(), ids=REPORTS)
def test_reports_grow_with_the_findings(render: Callable[[list[Finding]], object]) -> None:
    assert growth(partial(_rendering, render), 200) < MOST_GROWTH


def test_rows_on_one_line_are_told_apart() -> None:
    def prepare(number: int) -> Callable[[], object]:
        claims = [
            ReferenceClaim("invoice", f"R-{row}", Place("r.json", 1, row + 1), "a.yaml")
            for row in range(number)
        ]
        return lambda: list(check_shared_rows(claims, []))

    assert growth(prepare, 200) < MOST_GROWTH


def _calls_of_a_row(lines: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Counter[str]:
    """How often parts of a series with so many constant lines were evaluated, and schemas looked through."""
    calls = Counter[str]()

    def counted(owner: Any, name: str) -> None:
        wrapped = getattr(owner, name)

        def count(*arguments: Any, **options: Any) -> Any:
            calls[name] += 1
            return wrapped(*arguments, **options)

        monkeypatch.setattr(owner, name, count)

    counted(Evaluation, "_part")
    counted(resolve, "sent_as")
    made = _series("r.csv", "number\n1\n2\n3\n4\n")
    made["fees.yaml"] += f"  - {LINE % 'Other'}\n" * lines
    for name, content in {"customers/acme.yaml": CUSTOMER, **made}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    with chdir(tmp_path):
        assert validate([], processes=1).invoices == 4
    monkeypatch.undo()
    return calls


def test_a_row_takes_work_for_what_is_in_it_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a definition says for all rows is evaluated for none; what follows from a schema is kept."""
    _calls_of_a_row(0, monkeypatch, tmp_path)
    few, many = (_calls_of_a_row(lines, monkeypatch, tmp_path) for lines in (1, 30))
    assert few == many
    assert few["_part"] <= 3 * 4
    assert not few["sent_as"]
