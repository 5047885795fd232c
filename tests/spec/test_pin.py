"""Pinning: facts stay, sentences go, and what was pinned can be told from what was read."""

from __future__ import annotations

import copy
import json
from datetime import date

import msgspec
import pytest
from openapi_spec_validator import validate
from pennyform.cli import main
from pennyform.findings import Failure
from pennyform.spec import canonical_json
from pennyform.spec.document.extensions import DEFAULT, FILTERS, INCLUDES, SORTS
from pennyform.spec.document.load import Source
from pennyform.spec.pin import pin
from pennyform.spec.pin.fetch import pin_source, publication_date, write_pinned
from pennyform.spec.pin.store import Store, digest

from .pinned import pinned

RAW = {
    "openapi": "3.0.1",
    "info": {"title": "Example", "version": "1", "contact": {"email": "someone@example.com"}, "x-logo": "l"},
    "x-readme": {"languages": ["curl"]},
    "servers": [{"url": "https://example.com", "description": "The server."}],
    "paths": {
        "/v1/things": {
            "get": {
                "operationId": "listThings",
                "summary": "A sentence.",
                "description": "Another sentence.",
                "tags": ["Things"],
                "security": [{"oauth2": ["things:all"]}],
                "parameters": [
                    {
                        "name": "limit",
                        "in": "query",
                        "description": "Size. Defaults to 20 if not specified. Must be between 1 and 100.",
                        "schema": {"type": "integer", "maximum": 100, "example": 20},
                        "example": 20,
                    }
                ],
                "responses": {
                    "200": {
                        "description": "A sentence.",
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "title": "A title",
                                    "required": ["title", "description"],
                                    "properties": {
                                        "title": {
                                            "type": "string",
                                            "description": "A sentence.",
                                            "example": "x",
                                        },
                                        "description": {"type": "string", "deprecated": True},
                                        "example": {
                                            "type": "string",
                                            "enum": ["a", "b"],
                                            "x-note": "A note.",
                                        },
                                    },
                                },
                                "examples": {"one": {"value": {}}},
                            }
                        },
                    }
                },
            }
        }
    },
    "components": {"schemas": {"Pair": {"type": "string", "enum": ["a", "b"], "description": "A sentence."}}},
}


def test_facts_stay_and_sentences_go():
    kept, findings = pin(RAW, api="example")
    assert findings == []
    validate(kept)
    text = json.dumps(kept)
    for gone in ("sentence", "someone", "curl", "A title", "A note", '"x"', "Size"):
        assert gone not in text
    operation = kept["paths"]["/v1/things"]["get"]
    assert operation["security"] == [{"oauth2": ["things:all"]}]
    assert operation["parameters"][0]["schema"] == {
        "maximum": 100,
        "minimum": 1,
        "type": "integer",
        DEFAULT: 20,
    }
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert list(schema["properties"]) == ["title", "description", "example"]
    assert schema["properties"]["description"] == {"deprecated": True, "type": "string"}
    assert schema["properties"]["example"] == {"$ref": "#/components/schemas/Pair"}


def test_pinning_what_is_pinned_changes_nothing():
    once, _ = pin(RAW, api="example")
    assert canonical_json(pin(once, api="example")[0]) == canonical_json(once)


def test_the_order_of_what_has_none_does_not_matter():
    shuffled = json.loads(json.dumps(RAW, sort_keys=True))
    shuffled["paths"]["/v1/things"]["get"]["responses"]["200"]["content"]["application/json"]["schema"][
        "required"
    ].reverse()
    one, other = pin(RAW, api="example")[0], pin(shuffled, api="example")[0]
    assert one == other


def test_a_keyword_that_nobody_knows_is_left_out_and_reported():
    raw = copy.deepcopy(RAW)
    raw["paths"]["/v1/things"]["get"]["cookies"] = {"done": {}}
    raw["components"]["schemas"]["Pair"]["contentSchema"] = {}
    kept, findings = pin(raw, api="example", file="raw.json")
    assert '"base64"' not in json.dumps(kept)
    assert kept["components"]["schemas"]["Pair"]["x-pennyform-unknown-keywords"].keys() == {"/contentSchema"}
    assert kept["paths"]["/v1/things"]["get"]["x-pennyform-unknown-keywords"].keys() == {"/cookies"}
    assert pin(kept, api="example", file="kept.json") == (kept, [])
    assert [(finding.rule, finding.pointer) for finding in findings] == [
        ("unknown-keyword", "/components/schemas/Pair/contentSchema"),
        ("unknown-keyword", "/paths/~1v1~1things/get/cookies"),
    ]


def test_invisible_characters_are_never_pinned():
    raw = copy.deepcopy(RAW)
    raw["components"]["schemas"]["Pair"]["enum"] = ["a", "\u202eb"]
    with pytest.raises(Failure) as caught:
        pin_source(Source("raw.json", b"", raw), api="example", day=date(2026, 1, 1))
    (finding,) = caught.value.findings
    assert finding.pointer == "/components/schemas/Pair/enum/1"
    assert "\u202e" not in finding.summary


def test_the_lock_says_what_was_read_and_what_was_pinned(tmp_path):
    content = json.dumps(RAW).encode()
    store = Store(tmp_path)
    made = pin_source(Source("2026-07-20.json", content, RAW), api="example", day=date(2026, 7, 20))
    assert write_pinned(made, api="example", store=store).changed
    assert not write_pinned(made, api="example", store=store).changed
    entry = json.loads((tmp_path / "lock.json").read_bytes())["contracts"]["example"]
    assert entry["read"] == digest(content)
    assert entry["pinned"] == digest((tmp_path / "example" / "contract.json").read_bytes())
    assert entry["counts"] == {
        "operations": 1, "paths": 1, "schemas": 1, "shapes": 2, "scopes": 1, "unread": 0
    }  # fmt: skip
    assert [path.name for path in tmp_path.rglob("*.new")] == []


def test_the_date_comes_from_the_name_or_from_the_clock():
    today = date(2026, 8, 1)
    assert publication_date("2026-07-20.json", today=today) == date(2026, 7, 20)
    assert publication_date("https://example.com/2026-07-20/openapi.json", today=today) == date(2026, 7, 20)
    assert publication_date("accounting.json", today=today) == today
    assert publication_date("2026-13-45.json", today=today) == today


def run(*words):
    return main(["spec", *words])


def test_fetch_and_status(tmp_path, capsys):
    source = tmp_path / "2026-07-20.json"
    source.write_text(json.dumps(RAW))
    specs = tmp_path / "specs"
    fetch = ("fetch", "--api", "example", "--from", str(source), "--specs", str(specs))
    assert run(*fetch) == 0
    assert "pinned example of 2026-07-20 from 2026-07-20.json" in capsys.readouterr().out
    assert run(*fetch) == 0
    assert "unchanged" in capsys.readouterr().out
    assert str(tmp_path) not in (specs / "lock.json").read_text(), "a lock must not carry a machine's path"
    assert run("status", "--specs", str(specs)) == 0
    assert "1 operations" in capsys.readouterr().out
    (specs / "example" / "contract.json").write_text("{}")
    assert run("status", "--specs", str(specs)) == 4
    assert "differs from the lock" in capsys.readouterr().out


def published(tmp_path, day, **changes):
    """The contract as published on a day, with some parts of its only operation replaced."""
    document = copy.deepcopy(RAW)
    document["paths"]["/v1/things"]["get"].update(changes)
    path = tmp_path / f"2026-07-{day}.json"
    path.write_text(json.dumps(document))
    return str(path)


def test_a_newer_contract_is_reported_against_the_one_that_was_pinned(tmp_path, capsys):
    fetch = ("fetch", "--api", "example", "--specs", str(tmp_path / "specs"), "--from")
    run(*fetch, published(tmp_path, 10))
    assert "→" not in capsys.readouterr().out
    assert run(*fetch, published(tmp_path, 17, deprecated=True)) == 0
    out = capsys.readouterr().out
    assert "example of 2026-07-10 → example of 2026-07-17: 1 attention change" in out
    assert "deprecated" in out
    assert run("status", "--specs", str(tmp_path / "specs")) == 0
    assert "newer than what is emitted" in capsys.readouterr().out


def test_what_is_emitted_is_compared_with_however_often_a_contract_was_fetched_since(tmp_path):
    fetch = ("fetch", "--api", "example", "--specs", str(tmp_path / "specs"), "--from")
    for day, title in ((10, "One"), (17, "Two"), (24, "Three")):
        run(*fetch, published(tmp_path, day, tags=[title]))
    previous = Store(tmp_path / "specs").previous("example")
    assert previous is not None
    assert previous["paths"]["/v1/things"]["get"]["tags"] == ["One"]


def test_the_same_source_pinned_by_other_rules_is_not_a_newer_contract(tmp_path):
    source = Source("raw.json", b"{}", RAW)
    made = pin_source(source, api="example", day=date(2026, 7, 20))
    write_pinned(made, api="example", store=Store(tmp_path))
    other = pin_source(Source("raw.json", b"{}", pinned()), api="example", day=date(2026, 7, 20))
    kept = write_pinned(other, api="example", store=Store(tmp_path))
    assert kept.changed
    assert kept.previous is None
    assert not Store(tmp_path).previous_path("example").exists()


def test_only_new_sentences_are_shown_and_all_are_counted(tmp_path, capsys):
    fetch = ("fetch", "--api", "example", "--specs", str(tmp_path / "specs"), "--from")
    run(*fetch, published(tmp_path, 10, description="At most one."))
    assert "'At most one.'" in capsys.readouterr().err
    run(*fetch, published(tmp_path, 17, description="At most one.\n\nBy default, none."))
    said = capsys.readouterr()
    assert "'At most one.'" not in said.err
    assert "'By default, none.'" in said.err
    assert "2 sentences not understood, 1 of them new" in said.out
    record = json.loads(Store(tmp_path / "specs").unread_path("example").read_bytes())
    assert [entry["category"] for entry in record["unread"]] == ["default", "limit"]
    assert "none" not in json.dumps(record)


def test_a_bad_source_is_a_finding_and_pins_nothing(tmp_path, capsys):
    source = tmp_path / "page.html"
    source.write_text("<html>")
    assert run("fetch", "--api", "example", "--from", str(source), "--specs", str(tmp_path / "specs")) == 1
    error = capsys.readouterr().err
    assert "json-syntax" in error
    assert "Traceback" not in error
    assert not (tmp_path / "specs").exists()


def test_the_company_contract_is_pinned_whole_and_valid():
    store = Store.default()
    entry = store.lock().contracts["company"]
    assert entry.counts.operations == 167
    assert entry.pinned == digest(store.contract_path("company").read_bytes())
    assert "/" not in entry.source or entry.source.startswith("https://")
    validate(pinned())


@pytest.mark.parametrize(("api", "title"), [("company", "Company V2"), ("firm", "Referentials")])
def test_a_pinned_contract_holds_no_sentence(api, title):
    unread = msgspec.to_builtins(Store.default().unread(api))
    prose = {"description", "summary", "example", "examples", "title", "contact", "x-readme"}
    found = [(key, value) for key, value in _keywords(pinned(api)) if key in prose and value]
    assert found == [("title", title)]
    assert not [text for text in _texts([pinned(api), unread]) if text.count(" ") > 3]


def test_what_was_not_understood_is_on_record():
    for api, entry in Store.default().lock().contracts.items():
        record = msgspec.to_builtins(Store.default().unread(api))
        assert len(record) == entry.counts.unread > 0
        assert all(set(each) == {"category", "sentence", "places", "first"} for each in record)


def _keywords(value, *, names=False):
    if isinstance(value, dict):
        for key, item in value.items():
            if not names:
                yield key, item
            yield from _keywords(item, names=key in ("properties", "schemas") and not names)
    elif isinstance(value, list):
        for item in value:
            yield from _keywords(item)


def _texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def test_every_filter_and_sort_of_the_company_contract_became_a_fact():
    parameters = [
        parameter
        for item in pinned()["paths"].values()
        for operation in item.values()
        for parameter in operation.get("parameters", [])
    ]
    filters = [each["schema"][FILTERS] for each in parameters if each["name"] == "filter"]
    sorts = [each["schema"][SORTS] for each in parameters if each["name"] == "sort"]
    assert len(filters) == 21
    assert len(sorts) == 41
    invoices = pinned()["paths"]["/api/external/v2/customer_invoices"]["get"]["parameters"]
    found = {each["name"]: each["schema"] for each in invoices}
    assert found["filter"][FILTERS]["external_reference"] == ["eq"]
    assert found["filter"][FILTERS]["draft"] == ["eq"]
    assert found["sort"][SORTS] == ["id", "date"]
    assert found["include"][INCLUDES] == ["invoice_lines"]
    assert found["limit"][DEFAULT] == 20
