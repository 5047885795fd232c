"""The budget of a run: each part of it is drawn on, and what is used up ends the run at its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pennyform.findings import Finding
from pennyform.invoices.expressions.bounds import LONGEST_TEXT, MOST_DIGITS
from pennyform.invoices.expressions.compile import ExpressionError, evaluate
from pennyform.invoices.model import budget
from pennyform.invoices.repository import loader
from pennyform.invoices.repository import validate as checking
from pennyform.invoices.repository.validate import validate

from .test_growth import CUSTOMER, HEADER, LINE, REPOSITORIES


def _write(root: Path, files: dict[str, str]) -> Path:
    settings = {"pennyform.yaml": "version: 1\nenvironment: sandbox\n", "customers/acme.yaml": CUSTOMER}
    for name, content in {**settings, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    return root


def _over(findings: list[Finding]) -> list[tuple[str, str]]:
    return [
        (Path(finding.file).name, finding.summary) for finding in findings if finding.rule == "over-budget"
    ]


INVOICES = {
    f"i{number}.yaml": f'external_reference: "I-{number}"\n{HEADER}invoice_lines: [{LINE % "x {{ date }}"}]\n'
    for number in range(9)
}
ROWS = REPOSITORIES["rows in CSV"][1](20)
LEFT_OUT = REPOSITORIES["entries that a condition leaves out"][1](50)
MISTAKES = REPOSITORIES["lines with a wrong expression"][1](30)


@pytest.mark.parametrize(
    ("part", "most", "files", "at"),
    [
        ("files", 6, INVOICES, "i3.yaml"),
        ("bytes", 1_000, INVOICES, "i3.yaml"),
        ("rows", 19, ROWS, "r.csv"),
        ("entries", 40, LEFT_OUT, "fee.yaml"),
        ("expressions", 4, INVOICES, "i4.yaml"),
        ("characters", 50, INVOICES, "i4.yaml"),
        ("findings", 29, MISTAKES, "a.yaml"),
    ],
)
@pytest.mark.parametrize("processes", [1, 2])
def test_what_is_used_up_ends_the_run_at_its_place(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    part: str,
    most: int,
    files: dict[str, str],
    at: str,
    processes: int,
) -> None:
    monkeypatch.setitem(budget._RUN, part, most)
    monkeypatch.setattr(checking, "FEWEST_FILES_TO_SHARE", 2)
    monkeypatch.setattr(checking, "_FILES_AT_A_TIME", 2)
    root = _write(tmp_path, files)
    summary = validate([root], processes=processes)
    summaries = _over(summary.findings)
    assert [name for name, _ in summaries] == [at]
    assert f"a run has at most {most:,}" in summaries[0][1]
    assert not summary.is_valid
    assert _over(loader.load([root])[1]) == summaries


@pytest.mark.parametrize("part", ["entries", "characters"])
def test_one_definition_has_a_bound_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setitem(budget._ONE, part, 3)
    files = LEFT_OUT if part == "entries" else INVOICES
    ((_, summary),) = _over(validate([_write(tmp_path, files)], processes=1).findings)
    assert "one definition has at most 3" in summary


def test_definitions_do_not_add_up_to_the_bound_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(budget._ONE, "entries", 1)
    assert validate([_write(tmp_path, INVOICES)], processes=1).is_valid


NINES = "9" * 50
TOO_LARGE = [
    "{{ 1e900000 }}",
    "{{ 1e900000 | integer }}",
    "{{ 1.5e70 | integer }}",
    f"{{{{ {NINES} * {NINES} }}}}",
    f"{{{{ {NINES}00000000000 + 1 }}}}",
    f"{{{{ {'9' * 70}.0 }}}}",
    "{{ 1e50 * 1e50 }}",
    f"{{{{ {NINES} * {NINES} - {NINES} * {NINES} }}}}",
    "{{ (1e50 | integer) * (1e50 | integer) }}",
    "{{ 1e-50 / 1e50 }}",
    "{{ wide + wide }}",
    "{{ wide + wide + wide | upper }}",
    "{{ rows.cell }}",
    "{{ wide ~ wide }}",
]
NOT_THERE = [
    "{{ 'x' * 1000000000 }}",
    "{{ 2 ** 1000000 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ range(1000000000) }}",
    "{{ range(1000000000) | join }}",
    "{{ wide | replace('x', wide) }}",
    "{{ '%s' | format(wide) }}",
    "{{ 'x' | center(1000000000) }}",
    "{{ 7 | pad(1000000000) }}",
    "{{ 10 | instalment(1, 1000000000) }}",
    "{{ 'x'.ljust(1000000000) }}",
    "{{ lipsum(1000000) }}",
]


@pytest.mark.parametrize("text", TOO_LARGE + NOT_THERE)
def test_no_expression_makes_a_large_value(text: str) -> None:
    names = {"wide": "x" * (LONGEST_TEXT // 2 + 1), "rows": {"cell": "x" * (LONGEST_TEXT + 1)}}
    with pytest.raises(ExpressionError):
        evaluate(text, names)


def test_values_up_to_the_bounds_are_computed() -> None:
    wide = "x" * (LONGEST_TEXT // 2)
    assert evaluate("{{ wide + wide }}", {"wide": wide}) == wide + wide
    largest = "9" * (MOST_DIGITS - 1)
    assert evaluate(f"{{{{ {largest} * 10 }}}}", {}) == int(largest) * 10


@pytest.mark.parametrize("name", ["entries of a list", "parameters", "parameters that are missing"])
def test_large_templates_are_read_like_small_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    from .growth import MOST_GROWTH, growth

    def prepare(number: int) -> Callable[[], object]:
        root = _write(tmp_path / str(number), REPOSITORIES[name][1](number))
        return lambda: validate([root], processes=1)

    assert growth(prepare, 200) < MOST_GROWTH
