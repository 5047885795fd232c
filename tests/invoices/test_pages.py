"""docs/definitions.md and docs/templates.md: their examples are valid, and nothing is left out of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pennyform import data
from pennyform.invoices import load
from pennyform.invoices.expressions.filters import FILTERS
from pennyform.invoices.templates.parameters import TYPES

from .definitions import definition_schema

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(?:yaml|csv) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PDF = b"%PDF-1.4\n"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "invoices"), [("definitions.md", 11), ("templates.md", 1)])
def test_the_examples_of_a_page_are_one_repository_without_findings(
    tmp_path: Path, name: str, invoices: int
) -> None:
    for path, text in BLOCK.findall(page(name)):
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    (tmp_path / "files").mkdir()
    for file in ("licence.pdf", "old.pdf"):
        (tmp_path / "files" / file).write_bytes(PDF + file.encode())
    repository, findings = load([tmp_path])
    notes = [finding for finding in findings if finding.rule.startswith("undeclared-")]
    assert [finding for finding in findings if finding not in notes] == []
    assert len(repository.invoices) == invoices


def added(kind: str) -> dict[str, Any]:
    properties = definition_schema(kind)["properties"]
    return {name: known for name, known in properties.items() if known.get("x-pennyform-added")}


def test_every_key_of_pennyforms_own_is_in_the_reference() -> None:
    text = page("definitions.md")
    single, series = added("definitions/invoice"), added("definitions/invoice-series")
    imported, settings = added("definitions/imported-invoice"), added("pennyform")
    fields = {
        *single,
        *series,
        *imported,
        *settings,
        *single["options"]["properties"],
        *single["expect"]["properties"],
        *settings["policies"]["properties"],
    }
    assert (
        sorted(name for name in fields - {"version", "values"} if not re.search(rf"\b{name}\b", text)) == []
    )
    assert "`version: 1`" in page("money.md") or "version: 1" in text


def test_every_filter_and_type_is_in_the_reference() -> None:
    text = page("templates.md")
    names = {*FILTERS} - {"decimal"} | {*TYPES}
    assert sorted(name for name in names if not re.search(rf"`{name}[`(]", text)) == []


def test_every_built_in_template_is_in_the_reference() -> None:
    text = page("templates.md")
    names = [path.stem for path in (data.templates() / "invoices").glob("*.yaml")]
    assert [name for name in names if f"| `{name}` |" not in text] == []


EXAMPLES = sorted(path for path in data.examples().rglob("*.yaml") if path.parent.name != "workflows")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_each_example_satisfies_the_schema_that_its_modeline_names(path: Path) -> None:
    from pennyform.invoices.schema.errors import Reference
    from pennyform.invoices.yaml.reader import read

    text = path.read_bytes()
    stated = text.decode().splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    schema = json.loads((path.parent / stated).read_text(encoding="utf-8"))
    document, findings = read(text, path.name)
    assert findings == []
    assert document is not None
    assert [error.message for error in Reference(schema).iter_errors(document.value)] == []
