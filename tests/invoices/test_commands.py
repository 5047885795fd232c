"""validate, render and init as a user meets them."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pennyform import data
from pennyform.cli import main
from pennyform.cli.terminal import Terminal
from pennyform.findings import Finding, Severity
from pennyform.report.findings import github as findings_github
from pennyform.report.findings import json as findings_json
from pennyform.report.findings import text as findings_text

from .definitions import YAML_TEXT, write

EXAMPLES = sorted((data.examples() / "invoices").glob("*.yaml"))


def rendered(paths: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["render", *paths, "--format", "json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    content: dict[str, Any] = json.loads(out, parse_float=Decimal)
    return content


def test_render_prints_exactly_this(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, a=YAML_TEXT.replace("quantity: 2", "quantity: 2.5"))
    content = rendered([str(tmp_path)], capsys)
    assert len(content["invoices"][0].pop("provenance")) == 10
    assert content == {
        "format_version": 1,
        "rounding": "line",
        "invoices": [
            {
                "external_reference": "INV-1",
                "kind": "invoice",
                "then": {},
                "operation": "postCustomerInvoices",
                "body": {
                    "external_reference": "INV-1",
                    "customer_id": {"lookup": {"kind": "customer", "external_reference": "ACME_001"}},
                    "date": "2026-01-31",
                    "deadline": "2026-02-28",
                    "invoice_lines": [
                        {
                            "label": "Consulting",
                            "quantity": Decimal("2.5"),
                            "unit": "hour",
                            "raw_currency_unit_price": "100.00",
                            "vat_rate": "FR_200",
                        }
                    ],
                    "draft": True,
                },
                "totals": {
                    "currency": "EUR",
                    "currency_amount_before_tax": "250.00",
                    "currency_tax": "50.00",
                    "currency_amount": "300.00",
                    "vat": [{"vat_rate": "FR_200", "percent": "20", "base": "250.00", "tax": "50.00"}],
                    "lines": [
                        {
                            "label": "Consulting",
                            "quantity": "2.5",
                            "unit": "hour",
                            "raw_currency_unit_price": "100.00",
                            "vat_rate": "FR_200",
                            "currency_amount_before_tax": "250.00",
                            "currency_tax": "50.00",
                            "currency_amount": "300.00",
                        }
                    ],
                },
            }
        ],
    }


def test_render_of_an_undeclared_product_has_no_totals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, a=YAML_TEXT + "  - {product: DAY, quantity: 1}\n")
    assert rendered([str(tmp_path)], capsys)["invoices"][0]["totals"] is None
    assert main(["render", str(tmp_path)]) == 0
    assert "totals unknown" in capsys.readouterr().out


def test_render_of_a_bad_definition_prints_no_invoice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, a=YAML_TEXT, b=YAML_TEXT.replace("FR_200", "FR_055").replace("INV-1", "INV-2"))
    assert main(["render", str(tmp_path)]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert "5.5 % is `FR_55`" in err


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_each_example_comes_to_the_sum_that_its_comment_says(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    comment = " ".join(re.findall(r"^# (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE))
    stated = re.findall(r"(-?[0-9.]+) (EUR|USD)", comment)[-1]
    invoice = rendered([str(path)], capsys)["invoices"][-1]
    assert (invoice["totals"]["currency_amount"], invoice["totals"]["currency"]) == stated


def test_the_examples_are_valid(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(data.examples())]) == 0
    assert capsys.readouterr().out == "19 invoices, 7 customers, 3 products: no findings\n"


def test_validate_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, a=YAML_TEXT.replace("FR_200", "FR_055"))
    assert main(["validate", str(tmp_path), "--format", "json"]) == 4
    content = json.loads(capsys.readouterr().out)
    assert content["summary"] == {"errors": 1, "warnings": 0, "notes": 0}
    assert content["findings"] == [
        {
            "rule": "unknown-vat-rate",
            "severity": "error",
            "summary": "`FR_055` is no VAT code",
            "file": f"{tmp_path}/a.yaml",
            "line": 10,
            "column": 15,
            "pointer": "/invoice_lines/0/vat_rate",
            "detail": "",
            "fix": "5.5 % is `FR_55`",
            "subject": "",
        }
    ]


def test_validate_of_a_five_megabyte_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, large="a: 1\n" * 1_000_000)
    assert main(["validate", str(tmp_path / "large.yaml")]) == 4
    assert "large.yaml:1:1: error file-too-large" in capsys.readouterr().out


def test_validate_of_a_missing_file_has_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "nowhere/at/all.yaml"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "nowhere/at/all.yaml: error path-missing: there is no such file or folder\n"
        "  fix: check the path, and the folder you are in\n"
    )


def test_validate_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    write(tmp_path, a=YAML_TEXT)
    unwanted = {"httpx", "jinja2", "jsonschema", "difflib", "msgspec", "pennylane_company"}
    probe = (
        "import sys; from pennyform.cli import main; code = main(['validate', sys.argv[1]]);"
        f"print(sorted({unwanted} & set(sys.modules))); sys.exit(code)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", probe, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[-1] == "[]"


def test_init_lays_out_a_folder_that_is_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new"
    assert main(["init", str(folder)]) == 0
    assert main(["validate", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 invoices, 1 customer, 1 product: no findings"
    assert (folder / ".gitignore").read_text().splitlines()[-1] == ".pennyform/"
    assert (folder / ".vscode" / "settings.json").is_file()


def test_a_bare_folder_has_settings_and_no_examples(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new"
    assert main(["init", "--bare", str(folder)]) == 0
    names = {path.name for path in folder.iterdir()}
    assert names == {".gitignore", ".vscode", "pennyform.yaml", "schemas"}
    assert main(["validate", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "no definitions: no findings"


@pytest.mark.parametrize("options", [[], ["--example"]])
def test_init_modelines_lead_to_the_schemas(tmp_path: Path, options: list[str]) -> None:
    assert main(["init", str(tmp_path), *options]) == 0
    definitions = [
        path for path in tmp_path.rglob("*.yaml") if path.parent.name not in (".vscode", "workflows")
    ]
    assert len(definitions) >= 6
    for path in definitions:
        modeline = path.read_text(encoding="utf-8").splitlines()[0]
        schema = path.parent / modeline.removeprefix("# yaml-language-server: $schema=")
        assert json.loads(schema.read_text(encoding="utf-8"))["$schema"], path


def test_init_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "pennyform.yaml"
    settings.write_text("mine")
    (tmp_path / ".gitignore").symlink_to(tmp_path / "elsewhere")
    assert main(["init", str(tmp_path)]) == 0
    assert f"kept    {settings}" in capsys.readouterr().out
    assert settings.read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


def test_init_where_nothing_can_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "customers").write_text("a file in the way")
    assert main(["init", str(tmp_path)]) == 1
    assert "error not-writable" in capsys.readouterr().err


def finding(number: int = 1, severity: Severity = Severity.ERROR, **fields: Any) -> Finding:
    return Finding("rule-name", severity, f"summary {number}", file="f.yaml", line=number, column=3, **fields)


def test_github_shows_ten_of_each_severity_and_counts_the_rest() -> None:
    many = [finding(number) for number in range(1, 14)]
    lines = findings_github.render([*many, finding(1, Severity.NOTE)]).splitlines()
    assert sum(line.startswith("::error ") for line in lines) == 10
    assert sum(line.startswith("::notice ") for line in lines) == 1
    assert lines[11] == "3 more than GitHub shows as annotations:"
    assert lines[12] == "f.yaml:11:3: error rule-name: summary 11"


def test_github_escapes() -> None:
    one = Finding("r", Severity.WARNING, "50 %\n::error::x", file="a,b:c.yaml", line=1, column=2, fix="f")
    assert findings_github.render([one]) == (
        "::warning file=a%2Cb%3Ac.yaml,line=1,col=2,title=r::50 %25%0A::error::x%0AFix: f\n"
    )


def test_json_keeps_every_character() -> None:
    assert json.loads(findings_json.render([finding(detail="é\u2028")]))["findings"][0]["detail"] == "é\u2028"


@pytest.mark.parametrize(
    ("line", "column", "caret"),
    [
        ("abc", 3, "    | " + "  ^"),
        ("\tb: c", 3, "    | " + "\t ^"),
        ("名前: x", 5, "    | " + "      ^"),
        ("x" * 300, 200, "    | " + " " * 50 + "^"),
    ],
)
def test_the_caret_stands_under_its_character(line: str, column: int, caret: str) -> None:
    one = Finding("r", Severity.ERROR, "s", file="f", line=7, column=column)
    assert findings_text.render([one], lambda *_: line).splitlines()[2] == caret


def test_source_lines_cannot_smuggle_control_characters() -> None:
    text = findings_text.render([finding()], lambda *_: "a\x1b[2Jb\u202e")
    assert "\x1b" not in text
    assert "\u202e" not in text


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_only_on_a_terminal_and_never_against_ones_will(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal.system()
    assert terminal.ansi(Screen()).enabled
    assert not terminal.ansi(io.StringIO()).enabled
    assert not terminal._replace(no_color=True).ansi(Screen()).enabled
    monkeypatch.setenv("NO_COLOR", "1")
    assert not terminal.ansi(Screen()).enabled


def test_output_that_cannot_say_a_character_is_no_failure(tmp_path: Path) -> None:
    write(tmp_path, a=YAML_TEXT.replace("ACME_001", '"名前 "').replace("label", "名前"))
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "pennyform", "validate", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (ran.returncode, ran.stderr) == (4, "")
    assert "\\u540d" in ran.stdout


def test_an_ignored_file_stays_ignored_when_a_hook_names_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[1] / "cases" / "validate" / "ignored-files")
    assert main(["validate", "deploy/stages/watch.yaml", "customers/draft-customer.yaml"]) == 0
    assert main(["fmt", "--check", "compose.yaml"]) == 0


def test_a_link_out_of_the_repository_is_neither_read_shown_nor_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("token: 0123456789\n")
    folder = write(tmp_path / "repository", invoice=YAML_TEXT)
    for name in ("link.yaml", "customers/link.yaml", "pennyform.yaml"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).symlink_to(secret)
    for words in (["validate"], ["fmt"], ["render"], ["validate", "--format", "json"]):
        assert main([*words, str(folder)]) == 4
        out, err = capsys.readouterr()
        assert (out + err).count("leads out of the repository") == 3
        assert "0123456789" not in out + err
    assert secret.read_text() == "token: 0123456789\n"


def test_a_preview_of_nothing_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pennyform.yaml").write_text("version: 1\nenvironment: sandbox\n")
    assert main(["preview", str(tmp_path)]) == 0
    assert capsys.readouterr() == ("", "no invoices\n")


@pytest.mark.parametrize("name", ["invoices", "invoices/2026", "customers", "templates/more"])
def test_a_folder_that_is_a_link_out_of_the_repository_is_a_finding(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "elsewhere", invoice="broken: [")
    folder = write(tmp_path / "repository", invoice=YAML_TEXT)
    (folder / "pennyform.yaml").write_text("version: 1\nenvironment: sandbox\n")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).symlink_to(tmp_path / "elsewhere")
    for command in ("validate", "fmt", "plan"):
        assert main([command, str(folder)]) == 4
        out, err = capsys.readouterr()
        assert f"{name}:1:1: error file-unreadable: it is a link that leads out" in out + err
        assert "yaml-syntax" not in out + err


@pytest.mark.parametrize("words", [["validate"], ["fmt"], ["fmt", "--check"], ["plan"], ["render"]])
@pytest.mark.parametrize("name", ["invoices", "invoices/invoice.yaml"])
def test_a_path_through_a_link_out_of_the_repository_is_a_finding(
    words: list[str],
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    elsewhere = write(tmp_path / "elsewhere", invoice="number:  1\nbroken: [")
    (tmp_path / "repository").mkdir()
    monkeypatch.chdir(tmp_path / "repository")
    Path("pennyform.yaml").write_text("version: 1\nenvironment: sandbox\n")
    Path("invoices").symlink_to(elsewhere)
    assert main([*words, name]) == 4
    out, err = capsys.readouterr()
    assert "invoices:1:1: error file-unreadable: it is a link that leads out" in out + err
    assert "yaml-syntax" not in out + err
    assert (elsewhere / "invoice.yaml").read_text() == "number:  1\nbroken: ["


def test_a_link_of_the_user_into_a_repository_is_followed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "repository" / "invoices", invoice=YAML_TEXT)
    (tmp_path / "repository" / "pennyform.yaml").write_text("version: 1\nenvironment: sandbox\n")
    for link, target in (("whole", "repository"), ("part", "repository/invoices")):
        (tmp_path / link).symlink_to(tmp_path / target)
        assert main(["validate", str(tmp_path / link)]) == 0
        assert capsys.readouterr().out == "1 invoice: no findings\n"
    assert main(["validate", str(tmp_path / "part/invoice.yaml")]) == 0


@pytest.mark.parametrize("kind", ["file", "pipe", "link to a file"])
@pytest.mark.parametrize("name", ["invoices", "customers", "products", "templates"])
def test_what_is_called_like_a_folder_of_definitions_is_one(
    name: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pennyform.yaml").write_text("version: 1\nenvironment: sandbox\n")
    if kind == "file":
        (tmp_path / name).write_text("a: b\n")
    elif kind == "pipe":
        os.mkfifo(tmp_path / name)
    else:
        (tmp_path / name).symlink_to("pennyform.yaml")
    for path in (tmp_path, tmp_path / name):
        for verb in ("validate", "fmt", "plan"):
            assert main([verb, str(path)]) == 4
            out, err = capsys.readouterr()
            assert f"{name}:1:1: error file-unreadable: `{name}` is the name of a folder" in out + err


@pytest.mark.parametrize("target", ["invoices", "nowhere"])
def test_a_link_that_leads_nowhere_is_not_proposed_instead_of_itself(
    target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pennyform.yaml").write_text("version: 1\nenvironment: sandbox\n")
    (tmp_path / "invoices").symlink_to(target)
    assert main(["validate", str(tmp_path)]) == 4
    assert "invoices:1:1: error file-unreadable" in capsys.readouterr().out
    assert main(["validate", str(tmp_path / "invoices")]) == 1
    assert "it is a link that leads nowhere" in capsys.readouterr().err


def test_a_folder_that_is_a_link_within_the_repository_is_read_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "invoices" / "2026", invoice=YAML_TEXT)
    (tmp_path / "pennyform.yaml").write_text("version: 1\nenvironment: sandbox\n")
    (tmp_path / "invoices" / "current").symlink_to(folder)
    assert main(["validate", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "1 invoice: no findings\n"


def test_a_link_within_the_repository_is_followed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path, invoice=YAML_TEXT)
    (folder / "again.yaml").symlink_to("invoice.yaml")
    assert main(["validate", str(folder)]) == 4
    assert "duplicate-reference" in capsys.readouterr().out


@pytest.mark.parametrize("format_", ["text", "json", "markdown", "github", "sarif", "junit"])
def test_a_file_name_cannot_say_anything_in_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], format_: str
) -> None:
    monkeypatch.chdir(write(tmp_path, **{"a\n::error ::b\x1b[31m\u202e": YAML_TEXT, "b\nc": "version: 1"}))
    for words in (["validate", "--format", format_], ["fmt", "--check"]):
        assert main(words) == 4
        out, err = capsys.readouterr()
        assert not re.search("^::error ::|^c.yaml|[\x1b\u202e]", out + err, re.MULTILINE)
        assert "u000a" in out + err


def test_what_a_definition_says_cannot_begin_a_line_of_a_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = r'"a\n::error ::b"'
    fine = YAML_TEXT.replace("Consulting", said).replace("unit: hour", f"unit: {said}")
    write(tmp_path, fine=fine.replace("ACME_001", f"{said}\npdf_description: {said}"))
    assert main(["render", "--provenance", str(tmp_path)]) == 0
    write(
        tmp_path,
        wrong=f"{YAML_TEXT.replace('INV-1', said).replace('FR_200', said)}{said}: 1\ntemplate: {said}\n",
    )
    write(tmp_path, twice=f"{YAML_TEXT.replace('2026-01-31', said)}{said}: 1\n{said}: 2\n")
    for format_ in ("text", "json", "markdown", "github", "sarif", "junit"):
        assert main(["validate", "--format", format_, str(tmp_path)]) == 4
    out, err = capsys.readouterr()
    assert not re.search(r"^\W*::error ::b", out + err, re.MULTILINE)
