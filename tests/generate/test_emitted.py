"""What is emitted from the Company contract: everything, from the same inputs always the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache

import pytest
from jsonschema import Draft202012Validator
from pennyform.codegen import schemas
from pennyform.codegen.client import Importer, name_rules
from pennyform.codegen.client.proof import prove
from pennyform.findings import Failure
from pennyform.spec import Contract, read_contract

# Stands for a whole run of the generator, in a process of its own.
DIGEST = """
import hashlib, json, msgspec
from pennyform import data
from pennyform.codegen import emit_all
from pennyform.spec import read_contract
total = hashlib.sha256()
for api in ("company", "firm"):
    contract = read_contract(api)
    total.update(json.dumps(msgspec.to_builtins(contract.names)).encode())
    for path, content in emit_all(contract, data.templates()).items():
        total.update(path.encode() + b"\\0" + content)
print(total.hexdigest())
"""


def fresh_process(seed):
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.Popen(
        [sys.executable, "-c", DIGEST], env=environment, stdout=subprocess.PIPE, text=True
    )


def test_two_processes_with_different_hash_seeds_emit_the_same_bytes():
    with fresh_process("1") as one, fresh_process("4242") as other:
        said = one.communicate()[0], other.communicate()[0]
    assert said[0], "it emitted something"
    assert said[0] == said[1]


@cache
def emitted(api):
    return schemas.emit(read_contract(api))


@pytest.mark.parametrize(("api", "requests", "answers"), [("company", 66, 149), ("firm", 14, 48)])
def test_every_body_has_its_schema(api, requests, answers):
    paths = list(emitted(api))
    assert sum("/requests/" in path for path in paths) == requests
    assert sum("/answers/" in path for path in paths) == answers
    assert f"schemas/{api}/openapi.json" in paths


@pytest.mark.parametrize("direction", ["requests", "answers"])
@pytest.mark.parametrize("api", ["company", "firm"])
def test_each_schema_is_valid_and_needs_nothing_from_outside(api, direction):
    for path, content in emitted(api).items():
        if f"/{direction}/" not in path:
            continue
        schema = json.loads(content)
        Draft202012Validator.check_schema(schema)
        for reference in _references(schema):
            assert reference.startswith("#/$defs/"), path
            assert reference.removeprefix("#/$defs/") in schema["$defs"], path


def _references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def test_only_what_is_referred_to_is_carried_along():
    components = {
        "A": {"type": "object", "properties": {"b": {"$ref": "#/components/schemas/B"}}},
        "B": {"type": "string", "enum": ["x", "y"]},
        "C": {"type": "string"},
    }
    schema = schemas.self_contained({"$ref": "#/components/schemas/A"}, components)
    assert schema == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": "#/$defs/A",
        "$defs": {
            "A": {"type": "object", "properties": {"b": {"$ref": "#/$defs/B"}}},
            "B": {"type": "string", "enum": ["x", "y"]},
        },
    }


def test_a_property_called_ref_is_only_a_name():
    components = {"A": {"type": "object", "properties": {"$ref": {"type": "string"}}}}
    schema = schemas.self_contained({"$ref": "#/components/schemas/A"}, components)
    assert schema["$defs"]["A"]["properties"] == {"$ref": {"type": "string"}}


def test_a_contract_without_operations_gives_its_document_alone():
    document = {"openapi": "3.1.0", "components": {"schemas": {}}}
    assert list(schemas.emit(Contract("example", document, ()))) == ["schemas/example/openapi.json"]


def test_packages_that_cannot_be_imported_are_findings_one_by_one(tmp_path) -> None:
    """One process imports all packages of a run: what one leaves behind is not there for the next one."""
    sources = {
        "good": "import decimal",
        "broken": "import nothing_of_this_name",
        "again": "import decimal, good",
        "good_again": "x = 1",
        "ended": "import os; os._exit(3)",
        "after": "x = 1",
    }
    said = {}
    with Importer() as importer:
        for name, source in sources.items():
            folder = tmp_path / name
            package = folder / name.removesuffix("_again") / "__init__.py"
            package.parent.mkdir(parents=True)
            package.write_text(source)
            try:
                importer.check(str(folder))
            except Failure as failure:
                said[name] = failure.findings[0].detail
    assert said.keys() == {"broken", "again", "ended", "after"}
    assert "No module named 'nothing_of_this_name'" in said["broken"]
    assert "No module named 'good'" in said["again"]
    assert "status 3" in said["ended"]


def test_a_name_that_does_not_exist_is_said_with_its_line() -> None:
    files = {
        "p/models/__init__.py": "class A: ...\n",
        "p/resources/a.py": "x: int = 1;    y: 'models.A'\nfrom .. import models\nz: models.B\n",
    }
    with Importer() as importer, pytest.raises(Failure) as caught:
        prove(files, importer)
    (finding,) = caught.value.findings
    assert (finding.summary, finding.file, finding.line) == ("there is no models.B", "p/resources/a.py", 5)


WORDS = (
    "customer_invoices", "customerInvoices", "e-invoice.id", "2nd line", "_hidden", "class", "list",
    "datetime", "Any", "déjà vu", "VAT rate (%)", "", "URLOfPDF", "a\u2028b", "x\";import os", "true",
    "__init__",
)  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
def test_names_are_those_that_the_whole_library_makes(word: str) -> None:
    from openapi_python_client import strings

    assert name_rules.ClassName(word, "field_") == strings.ClassName(word, "field_")
    assert name_rules.PythonIdentifier(word, "field_") == strings.PythonIdentifier(word, "field_")


def test_of_the_library_only_the_names_are_imported() -> None:
    """Where this fails, its module of names needs more of it than before: generating takes longer."""
    module = "pennyform.codegen.client.name_rules.openapi_python_client.strings"
    assert name_rules.ClassName.__module__ == module
    assert not any(name.endswith(".openapi_python_client") for name in sys.modules if "pennyform" in name)
