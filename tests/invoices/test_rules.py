"""Every rule is declared once, used, shown by a case, and documented."""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from pennyform import data
from pennyform.cli import main
from pennyform.invoices.schema.rules import rules
from pennyform.invoices.sources.data_file import MOST_ROWS

from .definitions import YAML_TEXT, write

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "generator" / "pennyform"
SOURCES = [file for wing in ("invoices", "documents") for file in sorted((TOOL / wing).rglob("*.py"))]
NAMES = {rule.name for rule in rules()}
REPORTING = {"finding", "Finding", "failure", "_refuse"}
NO_RULES = re.compile(
    r"failed-assert|successful-report|by-article|extended-ctc-fr|x-pennyform.*|utf-8.*|by-date|imported-invoice|invoice-template|yyyy-mm-dd"
)
PLACE = re.compile(r"(\S+):(\d+):\d+: (error|warning|note) ([a-z-]+): ")
# What no folder of files can show, and the test that shows it.
SHOWN_BY_TESTS = {
    "date-closed": "test_dates.py",
    "e-invoice-rule": "../documents/test_checking.py",
    "e-invoice-unchecked": "../documents/test_checking.py",
    "file-too-large": "test_read.py",
    "file-unreadable": "test_read.py",
    "over-budget": "test_budget.py",
    "format-needed": "test_format.py",
    "format-refused": "test_format.py",
    "missing-extra": "../test_extras.py",
    "path-missing": "test_commands.py",
    "seller-missing": "../documents/test_checking.py",
    "unit-unmapped": "../documents/test_checking.py",
    "vat-unmapped": "../documents/test_checking.py",
    "yaml-too-deep": "test_read.py",
    "yaml-too-many-nodes": "test_read.py",
}
SHOWN_HERE = {"data-too-long", "schemas-missing", "several-repositories"}
# Said where a keyword of a schema has no words of its own yet; no emitted schema has one.
NEVER_SHOWN = {"not-allowed"}


def reported() -> Iterator[tuple[str, str]]:
    """Every rule that the source names, and where."""
    for file in SOURCES:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                is_name = re.fullmatch(r"[a-z]+(-[a-z]+)+", node.value) and not NO_RULES.fullmatch(node.value)
                if is_name:
                    yield node.value, file.name
            elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if called in REPORTING and isinstance(node.args[0].value, str):
                    yield node.args[0].value, file.name


def shown() -> dict[str, set[tuple[str, str]]]:
    """By rule, the severities and source lines that the cases show."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for file in (ROOT / "tests" / "cases").rglob("expected.txt"):
        lines = file.read_text(encoding="utf-8").splitlines()
        for line, following in zip(lines, [*lines[1:], ""], strict=True):
            place = PLACE.match(line)
            if place:
                found[place[4]].add((place[3], following.partition(" | ")[2].strip()))
            elif match := re.match(r"\S+: (error|warning|note) ([a-z-]+): ", line):
                found[match[2]].add((match[1], ""))
    return found


SHOWN = shown()


def test_what_is_reported_is_declared() -> None:
    assert [(rule, file) for rule, file in reported() if rule not in NAMES] == []


def test_what_is_declared_is_reported() -> None:
    source = {rule for rule, _ in reported()} | {"undeclared-customer", "undeclared-product"}
    assert NAMES - source == set()


def test_no_code_repeats_what_its_rule_says() -> None:
    own = {rule.name: {rule.why, (rule.fix[:1].lower() + rule.fix[1:]).removesuffix(".")} for rule in rules()}
    repeated = []
    for file in SOURCES:
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call):
                texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
                named = {
                    word.arg: word.value.value
                    for word in call.keywords
                    if isinstance(word.value, ast.Constant)
                }
                for rule in NAMES.intersection(text for text in texts if isinstance(text, str)):
                    if own[rule] & {named.get("fix"), named.get("detail")}:
                        repeated.append((file.name, call.lineno, rule))
    assert repeated == []


def test_what_is_declared_is_shown() -> None:
    assert NAMES - SHOWN.keys() - SHOWN_BY_TESTS.keys() - SHOWN_HERE == NEVER_SHOWN


@pytest.mark.parametrize(("rule", "file"), sorted(SHOWN_BY_TESTS.items()))
def test_what_cases_cannot_show_is_shown_by_a_test(rule: str, file: str) -> None:
    assert rule in (Path(__file__).parent / file).read_text(encoding="utf-8")


def test_more_rows_than_a_series_may_have(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"{number}\n" for number in range(MOST_ROWS + 1))
    series = YAML_TEXT.replace("INV-1", "INV-{{ row.number }}\nfor_each: data/rows.csv")
    write(tmp_path, invoice=series.replace("INV-{{ row.number }}", '"INV-{{ row.number }}"'))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.csv").write_text(f"number\n{rows}")
    assert main(["validate", str(tmp_path)]) == 4
    assert "data-too-long" in capsys.readouterr().out


def test_paths_of_two_repositories(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        write(tmp_path, **{f"{name}__pennyform": "version: 1\nenvironment: sandbox\n"})
    assert main(["validate", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    assert main(["render", str(tmp_path / "a"), str(tmp_path / "b")]) == 1
    assert "several-repositories" in capsys.readouterr().err


def test_an_installation_without_schemas(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "schemas", lambda: tmp_path / "gone")
    assert main(["validate", str(write(tmp_path, invoice=YAML_TEXT))]) == 1
    assert "schemas-missing" in capsys.readouterr().err


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_examples_and_severities_are_those_of_cases(rule: object) -> None:
    name, severities, example = (getattr(rule, field) for field in ("name", "severities", "example"))
    assert {severity for severity, _ in SHOWN[name]} <= set(severities)
    assert example, "a rule is best explained by what breaks it"
    if not example.startswith("#"):
        assert any(example in line for _, line in SHOWN[name])


def test_the_page_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--format", "markdown"]) == 0
    assert capsys.readouterr().out == (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")


def test_as_json_and_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--format", "json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)["rules"]] == sorted(NAMES)
    assert main(["rules", "unknown-vat-rate"]) == 0
    assert capsys.readouterr().out == (
        "unknown-vat-rate (error): There is no such VAT code for invoices.\n"
        "  why: Codes are the API's: `CC_NNN` is NNN/10 percent, so that `FR_55` is 5.5 %.\n"
        "  example: vat_rate: any\n"
        "  fix: Write the code that is proposed, such as `FR_200`.\n"
    )


def test_an_unknown_rule_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "no-such-rule"]) == 64
    assert "no-such-rule" in capsys.readouterr().err
