"""A contract that means harm ends in a finding, or in code that does no more than any other.

The payload is put into every place where a contract's text can reach emitted code. What is emitted is then
imported and used in a process of its own, in which the payload, were it ever run, would leave a file behind.
"""

from __future__ import annotations

import ast
import copy
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock, patch

import pytest
from pennyform import data
from pennyform.codegen import client
from pennyform.codegen.client import checks, emit, without_unsupported
from pennyform.codegen.client.code import Code, UnsafeTextError, docstring, literal, only_code
from pennyform.findings import Failure
from pennyform.spec.normaliser.contract import Contract
from pennyform.spec.normaliser.normalise import normalise

MARK = "harm-was-done"
RUN = f"__import__('pathlib').Path('{MARK}').touch()"
Document = dict[str, Any]

PAYLOADS = {
    "ends a docstring": f'"""\n{RUN}\n"""',
    "ends a docstring late": f'x"""+str({RUN})+"""',
    "ends a string": f'" + str({RUN}) + "',
    "ends a quoted string": f"' + str({RUN}) + '",
    "ends a line": f"x\n{RUN}\ny",
    "a backslash at the end": "x\\",
    "a backslash and quotes": '\\"""\\',
    "a template": "{{ ''.__class__.__mro__ }}{% include '/etc/passwd' %}",
    "a format": "{0.__class__}{id.__class__}%s%(x)s",
    "a call": f"x(), {RUN}",
    "unicode that ends a line": f"x\u2028{RUN}\u2029",
    "a carriage return": f"x\r{RUN}\r",
    "right to left": "x\u202e;(dlrow)",
    "a null byte": "x\x00y",
    "a long word": "w" * 5_000,
    "a builtin": "__import__",
    "a keyword": "class",
    "nothing": "",
}


def set_at(path: str) -> Callable[[Document, Any], None]:
    """A function that puts a value at a place; a last step ending in ``=`` renames the key instead."""

    def put(document: Document, value: Any) -> None:
        *steps, last = path.split(" ")
        target: Any = document
        for step in steps:
            target = target[int(step)] if isinstance(target, list) else target[step]
        if last.endswith("="):
            target[value] = target.pop(last[:-1])
        else:
            target[int(last) if isinstance(target, list) else last] = value

    return put


LIST = "paths /api/v2/things get"
POST = "paths /api/v2/things post"
ITEM = "paths /api/v2/things/{id} get"
THING = "components schemas Thing"
BODY = "components schemas ThingCreate"
# Where a person's words stand: whatever they are, they end up in docstrings or nowhere.
PROSE = [
    "info title",
    "info version",
    f"{LIST} tags 0",
    f"{ITEM} summary",
    f"{ITEM} description",
    f"{THING} title",
    f"{THING} description",
    f"{THING} properties label description",
    f"{THING} properties label example",
    f"{THING} properties label pattern",
    f"{THING} properties label x-anything",
    f"{BODY} description",
    f"{BODY} properties label description",
    f"{BODY} properties label default",
]
# Where a name or a value stands: it becomes a legal name or a literal, or it is refused.
NAMES = [
    "info x-pennyform-api",
    f"{ITEM} operationId",
    f"{ITEM} x-pennyform-resource",
    f"{ITEM} x-pennyform-method",
    f"{ITEM} security 0 oauth2 0",
    f"{ITEM} parameters 0 name",
    f"{ITEM} responses 200 content application/json=",
    "paths /api/v2/things/{id}=",
    f"{LIST} parameters 0 name",
    f"{LIST} parameters 1 schema x-pennyform-sorts 0",
    f"{LIST} parameters 2 schema x-pennyform-filters id=",
    f"{LIST} parameters 2 schema x-pennyform-filters id 0",
    f"{POST} requestBody content application/json=",
    "components schemas Thing=",
    f"{THING} properties label=",
    f"{THING} properties label format",
    f"{THING} properties label type",
    f"{THING} properties kind enum 0",
    f"{BODY} properties label=",
    f"{BODY} properties kind enum 0",
    f"{BODY} properties one enum 0",
]


def contract_document() -> Document:
    """A small contract with one of everything."""
    thing = {"$ref": "#/components/schemas/Thing"}
    json_thing = {"200": {"description": "", "content": {"application/json": {"schema": thing}}}}
    query = [
        {"name": "cursor", "in": "query", "schema": {"type": "string"}},
        {"name": "sort", "in": "query", "schema": {"type": "string", "x-pennyform-sorts": ["id"]}},
        {
            "name": "filter",
            "in": "query",
            "schema": {"type": "string", "x-pennyform-filters": {"id": ["eq"]}},
        },
    ]
    page = {
        "type": "object",
        "required": ["items"],
        "properties": {
            "items": {"type": "array", "items": thing},
            "has_more": {"type": "boolean"},
            "next_cursor": {"type": "string", "nullable": True},
        },
    }
    listed = {"200": {"description": "", "content": {"application/json": {"schema": page}}}}
    body = {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ThingCreate"}}},
    }
    one = [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}]
    return {
        "openapi": "3.0.1",
        "info": {"title": "Things", "version": "1", "x-pennyform-api": "company"},
        "servers": [{"url": "https://example.com"}],
        "paths": {
            "/api/v2/things": {
                "get": {
                    "operationId": "getThings", "tags": ["Things"], "parameters": query, "responses": listed,
                },
                "post": {
                    "operationId": "postThing", "tags": ["Things"], "requestBody": body,
                    "responses": json_thing,
                },
            },
            "/api/v2/things/{id}": {
                "get": {
                    "operationId": "getThing", "tags": ["Things"], "parameters": one, "responses": json_thing,
                    "summary": "Get it.", "description": "More.", "security": [{"oauth2": ["things:all"]}],
                }
            },
        },
        "components": {
            "securitySchemes": {"oauth2": {"type": "oauth2", "flows": {}}},
            "schemas": {
                "Thing": {
                    "type": "object",
                    "required": ["id", "label"],
                    "properties": {
                        "id": {"type": "integer"},
                        "label": {"type": "string"},
                        "kind": {"type": "string", "enum": ["a", "b"]},
                    },
                },
                "ThingCreate": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["label"],
                    "properties": {
                        "label": {"type": "string"},
                        "kind": {"type": "string", "enum": ["a", "b"]},
                        "one": {"type": "string", "enum": ["only"]},
                    },
                },
            },
        },
    }  # fmt: skip


def emitted(document: Document) -> dict[str, bytes]:
    return emit(without_unsupported(normalise(document)), data.templates() / "client")


def left_out(document: Document) -> list[str]:
    return [operation.reason for operation in without_unsupported(normalise(document)).skipped]


def cases() -> Iterator[tuple[str, list[str]]]:
    """Every payload in all places for prose at once, and in some of the places for names, one at a time."""
    for payload in PAYLOADS.values():
        yield payload, PROSE
    for number, place in enumerate(NAMES):
        for payload in [*PAYLOADS.values()][number % 4 :: 4]:
            yield payload, [place]


@pytest.fixture(scope="module")
def outcomes() -> list[dict[str, bytes] | Failure]:
    """What became of every payload in every place.

    Emitting imports each package in a process of its own; here all of them are imported in one, afterwards.
    """
    with patch.object(client, "Importer", MagicMock):
        return [outcome(payload, places) for payload, places in cases()]


def outcome(payload: str, places: list[str]) -> dict[str, bytes] | Failure:
    document = contract_document()
    for place in places:
        set_at(place)(document, payload)
    try:
        return emitted(document)
    except Failure as failure:
        return failure


def test_the_harmless_contract_is_emitted() -> None:
    things = emitted(contract_document())["pennylane_company/resources/things.py"]
    assert b"class Things(Resource[" in things


def test_every_failure_is_a_finding_that_says_what_is_wrong(outcomes: list[Any]) -> None:
    failures = [each for each in outcomes if isinstance(each, Failure)]
    assert len(failures) > 15
    for failure in failures:
        assert failure.findings
        assert all(finding.rule and finding.summary for finding in failure.findings)


def test_what_is_emitted_runs_nothing_of_it(outcomes: list[Any], tmp_path: Path) -> None:
    plain = emitted(contract_document())
    packages = [each for each in outcomes if not isinstance(each, Failure)]
    assert len(packages) > 20
    for number, files in enumerate(packages):
        changed = {path: content for path, content in files.items() if plain.get(path) != content}
        assert not any(_names(content) & {"__import__", "touch", "pathlib"} for content in changed.values())
        for path, content in files.items():
            target = tmp_path / f"{number:03}" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    command = [sys.executable, "-W", "error", "-c", _USE, str(tmp_path)]
    report = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert report.returncode == 0, report.stderr
    assert not list(tmp_path.rglob(MARK))


def _names(content: bytes) -> set[str]:
    """Every name that a module does something with."""
    nodes = [*ast.walk(ast.parse(content))]
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


_USE = """
import importlib, pathlib, sys
for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    for name in [name for name in sys.modules if name.startswith("pennylane_")]:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    [package] = [each.name for each in folder.iterdir()]
    importlib.invalidate_caches()
    for file in sorted(folder.rglob("*.py")):
        module = ".".join(file.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
        importlib.import_module(module)
    models = importlib.import_module(package + ".models")
    codec = importlib.import_module(package + "._codec")
    for name in dir(models):
        if isinstance(getattr(models, name), type):
            codec.decoder(getattr(models, name))
    sys.path.pop(0)
"""


def test_a_bottomless_contract_is_a_finding() -> None:
    contract = normalise(contract_document())
    deep = copy.deepcopy(contract.document)
    schema: Any = {"type": "string"}
    for _ in range(3_000):
        schema = {"type": "array", "items": schema}
    deep["components"]["schemas"]["Thing"]["properties"]["label"] = schema
    with pytest.raises(Failure) as caught:
        emit(_with(contract, deep), data.templates() / "client")
    assert caught.value.findings[0].rule in {"contract-too-deep", "contract-not-understood"}


# --- the guards themselves ----------------------------------------------------------------------------------


def test_a_template_cannot_print_what_nothing_vouches_for() -> None:
    for text in ("plain", None, 1.5, object()):
        with pytest.raises(UnsafeTextError):
            only_code(text)
    assert only_code(Code("x")) == "x"
    with pytest.raises(UnsafeTextError):
        literal(1.5)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_literals_and_docstrings_hold_their_text(payload: str) -> None:
    assert ast.literal_eval(literal(payload)) == payload
    words = payload.replace("\x00", "")
    module = ast.parse(f"class A:\n    {docstring(['Summary.', words], indent=4)}\n    x = 1\n")
    [cls] = module.body
    assert isinstance(cls, ast.ClassDef)
    assert len(cls.body) == 2
    assert (ast.get_docstring(cls) or "").split() == ["Summary.", *words.split()]


BAD_CODE = {
    "a call": "x = open('/etc/passwd')\n",
    "a comprehension": "x = [y for y in ()]\n",
    "a lambda": "x = lambda: 1\n",
    "an attribute's call": "x = a.b()\n",
    "a decorator's call": "@register()\nclass A: ...\n",
    "an f-string": "x = f'{y}'\n",
    "no Python": "class class:\n",
}


@pytest.mark.parametrize("text", BAD_CODE.values(), ids=BAD_CODE)
def test_code_that_templates_are_not_made_of_is_refused(text: str) -> None:
    path = "pennylane_company/models/things.py"
    with pytest.raises(Failure) as caught:
        checks.check({path: text}, {path: text})
    assert caught.value.findings[0].rule == "emitted-code-unsafe"


def test_prose_outside_of_docstrings_is_refused() -> None:
    path = "pennylane_company/models/things.py"
    with pytest.raises(Failure, match="prose"):
        checks.check({path: '"""Doc."""\nx = "words"\n'}, {path: '"""."""\nx = ""\n'})
    checks.check({path: '"""Doc\nof lines."""\nx = 1\n'}, {path: '"""."""\nx = 1\n'})


@pytest.mark.parametrize("field", ["authorizationUrl", "tokenUrl"])
@pytest.mark.parametrize(
    "url",
    ["http://app.example.com/token", "https://a@b.example/t", "javascript:alert(1)", "https://x.example/t?a=1",
     'https://x.example/"+t', "https://x.example", "//x.example/t", "https://127.0.0.1:1/t\n", 5, None],
)  # fmt: skip
def test_secrets_are_sent_to_plain_https_addresses_only(field: str, url: object) -> None:
    document = contract_document()
    flow = {"authorizationUrl": "https://x.example/a", "tokenUrl": "https://x.example/t", "scopes": {}}
    document["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"] = {**flow, field: url}
    with pytest.raises(Failure):
        emitted(document)


def test_the_corpus_is_large() -> None:
    assert len([*cases()]) >= 100


@pytest.mark.parametrize(
    ("name", "reason"), [('la"bel', "JSON keys are not made of"), ("_id", ""), ("Id", "")]
)
def test_an_operation_with_a_field_that_cannot_be_emitted_is_left_out(name: str, reason: str) -> None:
    document = contract_document()
    set_at(f"{THING} properties label=")(document, name)
    reasons = left_out(document)
    assert len(reasons) == (3 if reason else 0)
    assert all(reason in each for each in reasons)


def test_a_hidden_character_is_refused() -> None:
    result = outcome("zero\u200bwidth", [f"{THING} properties label="])
    assert {finding.rule for finding in getattr(result, "findings", [])} == {"hidden-character"}


TAMPERED: list[tuple[dict[str, Any], str]] = [
    ({"path": "/api/v2/th ings"}, "path-unsafe"),
    ({"path": "/api/v2/things%s"}, "path-unsafe"),
    ({"path": "/api/v2/{id.__class__}"}, "path-unsafe"),
    ({"method": "GET\r\nX: y"}, "path-unsafe"),
    ({"name": "getItem"}, "name-unsafe"),
    ({"name": "class"}, "name-unsafe"),
    ({"name": "list"}, "name-collision"),
    ({"resource": "things.others"}, "name-unsafe"),
    ({"resource": "__init__"}, "name-unsafe"),
    ({"resource": "with_options"}, "name-unsafe"),
]


@pytest.mark.parametrize(("change", "rule"), TAMPERED)
def test_the_emitter_does_not_trust_the_normaliser(change: dict[str, Any], rule: str) -> None:
    contract = normalise(contract_document())
    [one] = [each for each in contract.operations if each.operation_id == "getThing"]
    others = tuple(each for each in contract.operations if each is not one)
    with pytest.raises(Failure) as caught:
        emit(replace(contract, operations=(*others, replace(one, **change))), data.templates() / "client")
    assert {finding.rule for finding in caught.value.findings} == {rule}


def _with(contract: Contract, document: Document) -> Contract:
    return Contract(contract.api, document, contract.operations, contract.names)
