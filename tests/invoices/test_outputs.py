"""What validate prints for programs: JSON, Markdown, GitHub, SARIF and JUnit say the same as the text."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pennyform.cli import main
from pennyform.findings import Finding, Severity, tidy
from pennyform.invoices.schema.rules import rules
from pennyform.report.findings import github as findings_github
from pennyform.report.findings import json as findings_json
from pennyform.report.findings import junit as findings_junit
from pennyform.report.findings import markdown as findings_markdown
from pennyform.report.findings import sarif as findings_sarif
from pennyform.report.findings.grouping import grouped

from .definitions import YAML_TEXT, write

SARIF = jsonschema.Draft4Validator(
    json.loads(Path(__file__).with_name("sarif-2.1.0.json").read_text(encoding="utf-8"))
)
TEXT = st.text(max_size=12)
FINDINGS = st.lists(
    st.builds(
        Finding,
        rule=st.sampled_from(["unknown-field", "expression"]),
        severity=st.sampled_from(Severity),
        summary=TEXT,
        file=st.sampled_from(["a.yaml", "b c/d.yaml", "/x/é.yaml", ""]),
        line=st.integers(0, 3),
        column=st.integers(1, 3),
        pointer=st.sampled_from(["", "/a/0"]),
        detail=TEXT,
        fix=TEXT,
    ),
    max_size=30,
).map(tidy)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    wrong = YAML_TEXT.replace("FR_200", "FR_055").replace('"100.00"', "100.00")
    return write(tmp_path, good=YAML_TEXT, wrong=wrong.replace("INV-1", "INV-2"))


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["validate", *words]) == 4
    return capsys.readouterr().out


def test_sarif(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = json.loads(printed(capsys, "--format", "sarif"))
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert run["columnKind"] == "unicodeCodePoints"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == sorted(rule.name for rule in rules())
    first, second = run["results"]
    assert first["ruleId"] == run["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == "amount-unquoted"
    assert second["level"] == "error"
    assert second["message"]["text"] == "`FR_055` is no VAT code\nFix: 5.5 % is `FR_55`"
    assert second["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "wrong.yaml", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 10, "startColumn": 15},
            },
            "logicalLocations": [{"fullyQualifiedName": "/invoice_lines/0/vat_rate"}],
        }
    ]


def test_sarif_fits_its_schema(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = json.loads(printed(capsys, "--format", "sarif"))
    SARIF.validate(log)
    result = log["runs"][0]["results"][0]
    for place, wrong in (
        (result, {"level": "fatal"}),
        (result, {"message": "text"}),
        (result["locations"][0]["physicalLocation"]["region"], {"startLine": 0}),
        (log["runs"][0], {"columnKind": "characters"}),
        (log, {"version": "2.0.0"}),
    ):
        before = copy.copy(place)
        place.update(wrong)
        assert not SARIF.is_valid(log)
        place.update(before)


def test_a_fingerprint_survives_lines_added_above(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fingerprints() -> list[str]:
        (run,) = json.loads(printed(capsys, "--format", "sarif"))["runs"]
        return [result["partialFingerprints"]["pennyform/v1"] for result in run["results"]]

    before = fingerprints()
    path = folder / "wrong.yaml"
    path.write_text("# one more line\n" + path.read_text())
    assert fingerprints() == before
    assert len(set(before)) == 2


def test_junit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite = ET.fromstring(printed(capsys, "--format", "junit")).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    good, wrong = suite.findall("testcase")
    assert (good.get("name"), list(good)) == ("good.yaml", [])
    (failed,) = wrong
    assert (failed.tag, failed.get("type")) == ("failure", "amount-unquoted")
    assert "wrong.yaml:10:15: error unknown-vat-rate: `FR_055` is no VAT code" in (failed.text or "")


def test_markdown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "--format", "markdown") == (
        "**2 errors**\n\n#### `wrong.yaml`\n\n| place | what | fix |\n|---|---|---|\n"
        "| 9:30 | **error** `amount-unquoted`: `raw_currency_unit_price` must be quoted: an amount is text"
        "<br>Unquoted, most programs read it as a binary float, which cannot hold most cents exactly."
        ' | write `"100.00"` |\n'
        "| 10:15 | **error** `unknown-vat-rate`: `FR_055` is no VAT code | 5.5 % is `FR_55` |\n"
    )


def test_markdown_stays_below_the_size_of_a_comment() -> None:
    many = [
        Finding("unknown-field", Severity.ERROR, f"`{n:0200}`", file="a.yaml", line=n, column=1)
        for n in range(1000)
    ]
    text = findings_markdown.render(many)
    assert len(text) < 60_000
    shown = text.count("`unknown-field`")
    assert f"{1000 - shown} more are not shown here." in text


@pytest.mark.parametrize("format_", ["text", "json", "markdown", "github", "sarif", "junit"])
def test_output_goes_to_a_file_and_only_the_count_to_the_terminal(
    folder: Path, capsys: pytest.CaptureFixture[str], format_: str
) -> None:
    to_the_terminal = printed(capsys, "--format", format_)
    assert printed(capsys, "--format", format_, "--output", "out.txt") == "2 files: 2 errors\n"
    written = (folder / "out.txt").read_text(encoding="utf-8")
    assert to_the_terminal in (written, f"{written}2 files: 2 errors\n")


def test_an_output_that_cannot_be_written_is_an_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", "--output", "missing/out.txt"]) == 1
    assert "not-writable" in capsys.readouterr().err


@settings(deadline=None)
@given(findings=FINDINGS)
def test_every_format_can_say_everything(findings: list[Finding]) -> None:
    texts = {rule.name: (rule.summary, rule.why) for rule in rules()}
    log = json.loads(findings_sarif.render(findings, texts))
    SARIF.validate(log)
    results = log["runs"][0]["results"]
    assert sum(result.get("occurrenceCount", 1) for result in results) == len(findings)
    assert len(json.loads(findings_json.render(findings))["findings"]) == len(findings)
    ET.fromstring(findings_junit.render(findings, ["c.yaml"]).encode("utf-8", "surrogatepass"))
    table = findings_markdown.render(findings)
    assert sum(line.count(" | ") >= 1 and "**" in line for line in table.splitlines()) == len(
        grouped(findings)
    )
    assert findings_github.render(findings).count("\n::") <= 30


def test_the_same_whatever_the_number_of_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(320):
        text = YAML_TEXT.replace("INV-1", f"INV-{number % 310}")
        write(tmp_path, **{f"i{number:03}": text if number % 7 else text.replace("FR_200", "FR_20")})
    runs = [
        subprocess.run(
            [sys.executable, "-m", "pennyform", "validate", "--jobs", jobs, "--format", "json", "."],
            cwd=tmp_path,
            capture_output=True,
        )
        for jobs in ("1", "2", "3")
    ]
    assert {run.returncode for run in runs} == {4}
    assert len({run.stdout for run in runs}) == 1
    summary = json.loads(runs[0].stdout)["summary"]
    assert summary == {"errors": 46 + 10, "warnings": 0, "notes": 0}
