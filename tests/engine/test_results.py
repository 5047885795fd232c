"""The JSON of each command, on the examples: it has the schema that is emitted for it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from msgspec import convert
from pennyform import data
from pennyform.cli import main
from pennyform.results.documents import DOCUMENTS, json_schema, json_text, json_text_with_decimals
from pennyform.results.values import InvoiceContent, LineContent, SectionContent

COMMANDS = [
    ("plan", ["plan", "--format", "json"]),
    ("render", ["render", "--format", "json"]),
    ("findings", ["validate", "--format", "json"]),
    ("rules", ["rules", "--format", "json"]),
    ("verification", ["verify", "--format", "json"]),
    ("apply", ["apply", "--auto-approve", "--format", "json"]),
    ("apply", ["apply", "--auto-approve", "--format", "json"]),
    ("verification", ["verify", "--format", "json"]),
    ("plan", ["plan", "--format", "json"]),
]


def test_what_commands_print_has_its_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(data.examples(), tmp_path / "books", ignore=shutil.ignore_patterns(".pennyform"))
    monkeypatch.chdir(tmp_path / "books")
    for name, words in COMMANDS:
        main(words)
        holds(name, capsys.readouterr().out)
    definition = next(Path("invoices").glob("*minimal*"))
    definition.write_text(definition.read_text(encoding="utf-8").replace("quantity: 2", "quantity: 3"))
    for name, words in COMMANDS:
        main(words)
        holds(name, capsys.readouterr().out)


def test_a_comparison_of_contracts_has_its_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = data.specs() / "company" / "contract.json", tmp_path / "contract.json"
    document = json.loads(old.read_text(encoding="utf-8"))
    document["paths"].pop(next(iter(document["paths"])))
    new.write_text(json.dumps(document), encoding="utf-8")
    main(["spec", "diff", str(old), str(new), "--format", "json", "--against", str(data.examples())])
    holds("contract-diff", capsys.readouterr().out)


def holds(name: str, text: str) -> None:
    """``text`` is what the emitted schema says, and what the record of that name is written as."""
    schema = json.loads((data.schemas() / "results" / f"{name}.schema.json").read_text(encoding="utf-8"))
    assert schema == json.loads(json.dumps(json_schema(name)))
    content = json.loads(text)
    Draft202012Validator(schema).validate(content)
    if name == "render":
        # Reading it as Python's floats would lose the digits of a quantity.
        assert json_text_with_decimals(convert(json.loads(text, parse_float=str), DOCUMENTS[name])) != ""
    else:
        assert json_text(convert(content, DOCUMENTS[name])) == text


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(json_schema(name))


@pytest.mark.parametrize("name", ["invoice", "imported-invoice"])
def test_contents_have_every_field_of_a_definition(name: str) -> None:
    schema = json.loads((data.schemas() / "definitions" / f"{name}.schema.json").read_text(encoding="utf-8"))
    assert sent(schema) <= InvoiceContent.__annotations__.keys()
    lines = schema["properties"]["invoice_lines"]["items"]
    assert sent(lines) <= LineContent.__annotations__.keys()
    sections = schema["properties"].get("invoice_line_sections", {"items": {"properties": {}}})["items"]
    assert sent(sections) <= SectionContent.__annotations__.keys()


def sent(schema: dict[str, dict[str, dict[str, object]]]) -> set[str]:
    """The API's names of the fields of a definition, without those that are pennyform's own."""
    names = set()
    for name, known in schema["properties"].items():
        key = known.get("x-pennyform-key")
        if not known.get("x-pennyform-added"):
            names.add(str(key["sends"]) if isinstance(key, dict) and "sends" in key else name)
    return names
