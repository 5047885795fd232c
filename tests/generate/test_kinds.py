"""Each kind of thing that a contract can say is emitted as it is meant, or that operation is left out."""

from __future__ import annotations

import datetime as dt
import json
import operator
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from msgspec import UNSET

from tests.generate.emitted_package import Package, Wire, contract_of

KINDS = Path(__file__).with_name("kinds.yaml")
UTC = dt.UTC


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Package]:
    document = yaml.safe_load(KINDS.read_text())
    made = Package(contract_of(document, "kinds"), tmp_path_factory.mktemp("kinds"))
    yield made
    made.forget()


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def client(package: Package, wire: Wire) -> Any:
    return package.client(wire)


# --- parameters ---------------------------------------------------------------------------------------------

Q = {"rate": Decimal("1.50"), "nullable": "x"}
TARGETS: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "an array, exploded": (lambda c, m: c.queries.get(ids=[1, 2]), "/v1/queries?ids=1&ids=2"),
    "an array, joined": (lambda c, m: c.queries.get(joined=["a,b", "c"]), "/v1/queries?joined=a%2Cb,c"),
    "an empty array": (lambda c, m: c.queries.get(ids=[], joined=[]), "/v1/queries"),
    "a deep object": (
        lambda c, m: c.queries.get(free={"k": "v w", "n": {"x": True}, "l": [1, 2]}),
        "/v1/queries?free%5Bk%5D=v%20w&free%5Bn%5D%5Bx%5D=true&free%5Bl%5D=1&free%5Bl%5D=2",
    ),
    "pipes": (lambda c, m: c.queries.get(pipes=["a", "b"]), "/v1/queries?pipes=a%7Cb"),
    "spaces": (lambda c, m: c.queries.get(spaces=["a", "b"]), "/v1/queries?spaces=a%20b"),
    "an object, exploded": (
        lambda c, m: c.queries.get(range=m.Range(from_=1, to=2)),
        "/v1/queries?from=1&to=2",
    ),
    "an object as a mapping": (
        lambda c, m: c.queries.get(range={"from": 1, "to": 2}),
        "/v1/queries?from=1&to=2",
    ),
    "an object, joined": (lambda c, m: c.queries.get(flat={"a": 1, "b": 2}), "/v1/queries?flat=a,1,b,2"),
    "content in JSON": (
        lambda c, m: c.queries.get(where={"a": Decimal("1.5")}),
        "/v1/queries?where=%7B%22a%22%3A1.5%7D",
    ),
    "reserved characters": (lambda c, m: c.queries.get(scope="a/b:c&d"), "/v1/queries?scope=a/b:c%26d"),
    "without a schema, text": (lambda c, m: c.queries.get(anything="a b"), "/v1/queries?anything=a%20b"),
    "without a schema, a list": (
        lambda c, m: c.queries.get(anything=[1, 2]),
        "/v1/queries?anything=1&anything=2",
    ),
    "brackets in a name": (
        lambda c, m: c.queries.get(tags=["a", "b"]),
        "/v1/queries?tags%5B%5D=a&tags%5B%5D=b",
    ),
    "text or a list, text": (lambda c, m: c.queries.get(either="ab"), "/v1/queries?either=ab"),
    "text or a list, a list": (
        lambda c, m: c.queries.get(either=["a", "b"]),
        "/v1/queries?either=a&either=b",
    ),
    "an enum": (
        lambda c, m: c.scalars.get(status="final", **Q),
        "/v1/scalars?status=final&rate=1.50&nullable=x",
    ),
    "a date": (
        lambda c, m: c.scalars.get(since=dt.date(2026, 1, 2), **Q),
        "/v1/scalars?rate=1.50&since=2026-01-02&nullable=x",
    ),
    "a moment": (
        lambda c, m: c.scalars.get(at=dt.datetime(2026, 1, 2, tzinfo=UTC), **Q),
        "/v1/scalars?rate=1.50&at=2026-01-02T00%3A00%3A00Z&nullable=x",
    ),
    "a boolean": (lambda c, m: c.scalars.get(all=False, **Q), "/v1/scalars?rate=1.50&all=false&nullable=x"),
    "a number enum": (
        lambda c, m: c.scalars.get(step=Decimal("5.5"), **Q),
        "/v1/scalars?rate=1.50&step=5.5&nullable=x",
    ),
    "a large number": (
        lambda c, m: c.scalars.get(rate=Decimal("1E+3"), nullable=None),
        "/v1/scalars?rate=1000",
    ),
    "types in a path": (
        lambda c, m: c.places.get("a-b", dt.date(2026, 1, 2), "a", 7),
        "/v1/places/a-b/2026-01-02/a/7",
    ),
    "styles in a path": (
        lambda c, m: c.lists.get([1, 2], ["x", "y"], {"k": 1, "l": 2}, "c/d"),
        "/v1/lists/1,2/.x.y/;matrix=k,1,l,2/c%2Fd.pdf/",
    ),
    "names that collide": (
        lambda c, m: c.names.create(
            1, id_="a", self_="b", body_="c", created_at_2="d", created_at="e", class_="f", horizontal="g"
        ),
        "/v1/names/1?id=a&self=b&body=c&createdAt=d&created_at=e&class=f&x=g",
    ),
}


@pytest.mark.parametrize(("call", "target"), TARGETS.values(), ids=TARGETS)
def test_a_parameter_is_sent(
    call: Callable[[Any, Any], Any], target: str, client: Any, wire: Wire, package: Package
) -> None:
    call(client, package.models)
    assert wire.target == target


def test_headers_and_cookies_are_sent(client: Any, wire: Wire) -> None:
    client.headers.get(
        x_request_id="r-1", x_counts=[1, 2], x_map={"a": 1, "b": 2}, session="s;1", flags=["a", "b"]
    )
    sent = wire.sent.headers
    assert (sent["x-request-id"], sent["x-counts"], sent["x-map"]) == ("r-1", "1,2", "a=1,b=2")
    assert sent["cookie"] == "session=s%3B1; flags=a,b"
    # OpenAPI gives a parameter `Accept` no meaning: the answer's media type says it.
    assert sent["accept"] == "application/json"
    client.headers.get(x_request_id="r-2")
    assert {"cookie", "x-counts"}.isdisjoint(wire.sent.headers)


@pytest.mark.parametrize("text", ["a\r\nHost: x", "a\x00", "é"])
def test_a_header_cannot_become_two(text: str, client: Any, wire: Wire) -> None:
    with pytest.raises(ValueError, match="no header has"):
        client.headers.get(x_request_id=text)
    assert wire.requests == []


@pytest.mark.parametrize("ids", [[], [".."], "."])
def test_a_path_cannot_be_left(ids: Any, client: Any) -> None:
    with pytest.raises(ValueError, match="something else"):
        client.lists.get(ids, ["x"], {"k": 1}, "c")


def test_a_float_is_no_parameter(client: Any) -> None:
    with pytest.raises(TypeError, match="floats lose cents"):
        client.scalars.get(rate=1.5, nullable="x")


# --- requests -----------------------------------------------------------------------------------------------

BODIES: dict[str, tuple[Callable[[Any, Any], Any], bytes]] = {
    "constants that are optional": (
        lambda c, m: c.constants.replace(m.ConstantReplace(label="a")),
        b'{"label":"a"}',
    ),
    "constants that are given": (
        lambda c, m: c.constants.replace(m.ConstantReplace(status="archived", confirm=True)),
        b'{"status":"archived","confirm":true}',
    ),
    "names that Python has": (
        lambda c, m: c.fields.create(
            m.FieldCreate(
                field_="a",
                class_="b",
                dt_="c",
                day=dt.date(2026, 1, 2),
                list_=["d"],
                type="e",
                type_="f",
                created_at_2="g",
                created_at="h",
                horizontal="i",
            )
        ),
        (
            b'{"field":"a","class":"b","dt":"c","day":"2026-01-02","list":["d"],"type":"e","@type":"f",'
            b'"createdAt":"g","created_at":"h","x":"i"}'
        ),
    ),
    "decimals anywhere": (
        lambda c, m: c.decimals.create(
            m.DecimalCreate(
                rates={"a": Decimal("1.50"), "b": 2},
                amounts=[[Decimal("0.10")]],
                either=Decimal("2.5"),
                mixed=Decimal("3.5"),
                free={"x": [Decimal("4.5")]},
                map={"y": Decimal("5.5")},
            )
        ),
        (
            b'{"rates":{"a":1.50,"b":2},"amounts":[["0.10"]],"either":2.5,"mixed":"3.5","free":{"x":[4.5]},'
            b'"map":{"y":5.5}}'
        ),
    ),
    "text where a number could be": (
        lambda c, m: c.decimals.create(m.DecimalCreate(either="2.50", mixed=True)),
        b'{"either":"2.50","mixed":true}',
    ),
    "a bare array of numbers": (lambda c, m: c.numbers.create([Decimal("1.50"), 2]), b"[1.50,2]"),
    "null in containers in containers": (
        lambda c, m: c.nullables.create([None, [1, None]]),
        b"[null,[1,null]]",
    ),
    "what only the service writes": (
        lambda c, m: c.directions.create(m.AccountRequest(name="a", secret="s")),
        b'{"name":"a","secret":"s"}',
    ),
    "a variant by its discriminator": (
        lambda c, m: c.animals.create(m.AnimalCatRequest(lives=9)),
        b'{"kind":"cat","lives":9}',
    ),
    "what extends a base with a discriminator": (
        lambda c, m: c.families.create(m.FamilyCreateLion(name="a", mane=3)),
        b'{"petType":"lion","name":"a","mane":3}',
    ),
    "bytes": (lambda c, m: c.raw.replace(b"a;b\n"), b"a;b\n"),
    "an HTML form": (
        lambda c, m: c.urlencoded.create(
            m.UrlencodedCreate(
                a_b="x y", ids=[1, 2], amount=Decimal("1.50"), inner=m.UrlencodedCreateInner(c=1)
            )
        ),
        b"a-b=x%20y&ids=1&ids=2&amount=1.50&inner=%7B%22c%22%3A1%7D",
    ),
    "keys of any name beside fields": (
        lambda c, m: c.additional.create(
            m.AdditionalCreate(
                name="a",
                additional_properties=True,
                additional_properties_={"free": [Decimal("1.50")], "": None},
                size=m.SizeRequest(width=1, additional_properties={"depth": 2}),
                sizes=[m.SizeRequest(height=1)],
                prices=m.AdditionalCreatePrices(note="b", additional_properties={"x": Decimal("2.50")}),
                amounts=m.AdditionalCreateAmounts(additional_properties={"y": "0.10", "z": None}),
                rows=m.AdditionalCreateRows(additional_properties={"r": [1, Decimal("0.1")]}),
            )
        ),
        (
            b'{"name":"a","additional_properties":true,"size":{"width":1,"depth":2},"sizes":[{"height":1}],'
            b'"prices":{"note":"b","x":2.50},"amounts":{"y":"0.10","z":null},"rows":{"r":[1,0.1]},'
            b'"free":[1.50],"":null}'
        ),
    ),
    "keys of any name in a mapping": (
        lambda c, m: c.additional.create(
            name="a", size={"width": 1, "depth": 2}, prices={"x": Decimal("2.5")}
        ),
        b'{"name":"a","size":{"width":1,"depth":2},"prices":{"x":2.5}}',
    ),
    "a body behind a reference": (
        lambda c, m: c.references.create(m.NameCreate(a=1)),
        b'{"a":1}',
    ),
}


@pytest.mark.parametrize(("call", "body"), BODIES.values(), ids=BODIES)
def test_a_body_is_sent(
    call: Callable[[Any, Any], Any], body: bytes, client: Any, wire: Wire, package: Package
) -> None:
    call(client, package.models)
    assert wire.sent.content == body


REFUSED: dict[str, Callable[[Any, Any], Any]] = {
    "a float in a map": lambda c, m: m.DecimalCreate(rates={"a": 1.5}),
    "a float in free form": lambda c, m: m.DecimalCreate(free={"a": [1.5]}),
    "NaN in a map": lambda c, m: m.DecimalCreate(rates={"a": Decimal("NaN")}),
    "infinity in free form": lambda c, m: m.DecimalCreate(free=Decimal("Infinity")),
    "text that is no number": lambda c, m: m.DecimalCreate(rates={"a": "x"}),
    "a float in a bare array": lambda c, m: c.numbers.create([1.5]),
    "a key of another type beside fields": lambda c, m: c.additional.create(name="a", size={"depth": "x"}),
    "a key beside fields that is a field": lambda c, m: c.additional.create(
        m.AdditionalCreate(name="a", size=m.SizeRequest(additional_properties={"width": 1}))
    ),
    "a float beside fields": lambda c, m: m.AdditionalCreatePrices(additional_properties={"x": 1.5}),
    "NaN beside fields": lambda c, m: m.AdditionalCreatePrices(additional_properties={"x": Decimal("NaN")}),
    "another key in a closed object": lambda c, m: c.additional.create(name="a", closed={"x": 1}),
    "keys of any name as arguments": lambda c, m: c.additional.create(name="a", free=1),
    "NaN in a bare array": lambda c, m: c.numbers.create([Decimal("NaN")]),
}


@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED)
def test_what_is_no_exact_number_is_refused(
    call: Callable[[Any, Any], Any], client: Any, wire: Wire, package: Package
) -> None:
    with pytest.raises((TypeError, ValueError)):
        call(client, package.models)
    assert wire.requests == []


def parts(request: httpx.Request) -> list[tuple[str, str, str]]:
    """The parts of a form: name and file name, media type, content."""
    boundary = request.headers["content-type"].partition("boundary=")[2]
    found = []
    for part in request.content.decode().split(f"--{boundary}")[1:-1]:
        head, _, content = part.strip("\r\n").partition("\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.split("\r\n"))
        disposition = lines["Content-Disposition"].removeprefix("form-data; ")
        found.append((disposition, lines.get("Content-Type", ""), content))
    return found


def test_a_form_without_a_file_is_a_form(client: Any, wire: Wire, package: Package) -> None:
    models = package.models
    client.forms.create(
        models.FormCreate(
            file_id=5,
            label="a",
            labels=["b", "c"],
            meta=models.FormCreateMeta(rate=Decimal("1.50")),
            note="d",
        )
    )
    assert parts(wire.sent) == [
        ('name="file_id"', "text/plain", "5"),
        ('name="label"', "", "a"),
        ('name="labels"', "", "b"),
        ('name="labels"', "", "c"),
        ('name="meta"', "application/json", '{"rate":1.50}'),
        ('name="note"', "text/markdown", "d"),
    ]


def test_a_form_can_have_several_files(client: Any, wire: Wire, package: Package) -> None:
    file = package.types.File
    body = package.models.UploadCreate(
        files=[file("a.txt", b"A"), file("b.txt", b"B")],
        photo=file("c.png", b"C"),
        other=file("d", b"D", "application/x-d"),
        my_file=file("e.pdf", b"E"),
    )
    client.uploads.create(body)
    assert parts(wire.sent) == [
        ('name="files"; filename="a.txt"', "text/plain", "A"),
        ('name="files"; filename="b.txt"', "text/plain", "B"),
        ('name="photo"; filename="c.png"', "image/png", "C"),
        ('name="other"; filename="d"', "application/x-d", "D"),
        ('name="my-file"; filename="e.pdf"', "application/pdf", "E"),
    ]


def test_media_types_of_the_contract_are_sent(client: Any, wire: Wire, package: Package) -> None:
    client.vendors.create(package.models.NameCreate(a=1))
    assert wire.sent.headers["content-type"] == "application/vnd.acme.v1+json"
    assert wire.sent.headers["accept"] == "application/vnd.acme.v1+json"
    client.raw.replace(b"x")
    assert wire.sent.headers["content-type"] == "text/csv"


# --- answers ------------------------------------------------------------------------------------------------

Read = tuple[Callable[[Any], Any], int, bytes, Any]
ANSWERS: dict[str, Read] = {
    "the second of two objects": (
        lambda c: c.shapes.get(),
        200,
        b'{"width":1,"height":2,"label":"x"}',
        {"width": 1, "height": 2, "label": "x"},
    ),
    "the first of two objects": (lambda c: c.shapes.get(), 200, b'{"radius":1}', {"radius": 1}),
    "an object that is neither": (lambda c: c.shapes.get(), 200, b'{"side":1.5}', {"side": Decimal("1.5")}),
    "a variant by its discriminator": (
        lambda c: c.animals.create(kind="cat", lives=9),
        200,
        b'{"kind":"puppy","tricks":3}',
        {"kind": "puppy", "tricks": 3},
    ),
    "a variant that is not known": (
        lambda c: c.animals.create(kind="cat", lives=9),
        200,
        b'{"kind":"owl","wings":2}',
        {"kind": "owl", "wings": 2},
    ),
    "what extends a base with a discriminator": (
        lambda c: c.families.create(petType="lion", name="a"),
        200,
        b'{"petType":"Bear","name":"a","honey":1.5}',
        {"pet_type": "Bear", "name": "a", "honey": Decimal("1.5")},
    ),
    "what extends an extension of a base": (
        lambda c: c.families.create(petType="lion", name="a"),
        200,
        b'{"petType":"Cub","honey":1.5,"age":2}',
        {"pet_type": "Cub", "honey": Decimal("1.5"), "age": 2},
    ),
    "what extends a base by another name of it": (
        lambda c: c.plants.get(),
        200,
        b'{"kind":"Fern","fronds":7}',
        {"kind": "Fern", "fronds": 7},
    ),
    "a field with the prefix of extensions": (
        lambda c: c.prefixes.get(),
        200,
        b'{"x-y":{"a":1}}',
        {"x_y": {"a": 1}},
    ),
    "a scalar beside objects": (lambda c: c.mixtures.get(), 200, b'"text"', "text"),
    "an object beside a scalar": (lambda c: c.mixtures.get(), 200, b'{"b":1}', {"b": 1}),
    "a value that is neither": (lambda c: c.mixtures.get(), 200, b"[1]", [1]),
    "null behind a reference": (
        lambda c: c.nullables.create([]),
        200,
        b'{"status":null,"nested":{"a":[{"b":1},null],"c":null}}',
        {"status": None, "nested": {"a": [{"b": 1}, None], "c": None}},
    ),
    "one of several types": (lambda c: c.nullables.create([]), 200, b'{"several":5}', {"several": 5}),
    "decimals anywhere": (
        lambda c: c.decimals.create(None),
        200,
        b'{"rates":{"a":1.50},"either":2.50,"free":{"b":[0.10]}}',
        {"rates": {"a": Decimal("1.50")}, "either": Decimal("2.50"), "free": {"b": [Decimal("0.10")]}},
    ),
    "text where a number could be": (
        lambda c: c.decimals.create(None),
        200,
        b'{"either":"2.50"}',
        {"either": "2.50"},
    ),
    "an enum of numbers": (lambda c: c.values.get(), 200, b'{"rate":5.5}', {"rate": Decimal("5.5")}),
    "another number": (lambda c: c.values.get(), 200, b'{"rate":20.5}', {"rate": Decimal("20.5")}),
    "another word": (lambda c: c.values.get(), 200, b'{"kind":"c"}', {"kind": "c"}),
    "other values of enums": (
        lambda c: c.values.get(),
        200,
        b'{"level":3,"always":"y","mixed":"manual","stamp":"2026-01-02"}',
        {"level": 3, "always": "y", "mixed": "manual", "stamp": "2026-01-02"},
    ),
    "values of other types": (
        lambda c: c.values.get(),
        200,
        b'{"rate":"x","kind":1,"day":"soon","amount":null,"count":1.5,"flag":"yes","inner":[1],"rows":{"x":1}}',
        {
            "rate": "x",
            "kind": 1,
            "day": "soon",
            "amount": None,
            "count": Decimal("1.5"),
            "flag": "yes",
            "inner": [1],
            "rows": {"x": 1},
        },
    ),
    "a value of another type further in": (
        lambda c: c.values.get(),
        200,
        b'{"count":1,"inner":{"x":"a"},"rows":[{"x":1},{"x":null},7]}',
        {"count": 1, "inner": {"x": "a"}, "rows": [{"x": 1}, {"x": None}, 7]},
    ),
    "text or an object, new text": (lambda c: c.values.get(), 200, b'{"text":"soon"}', {"text": "soon"}),
    "text or an object, an object": (lambda c: c.values.get(), 200, b'{"text":{"y":1}}', {"text": {"y": 1}}),
    "keys of any name beside fields": (
        lambda c: c.additional.create(name="a"),
        200,
        b'{"id":1,"size":{"width":1,"depth":2},"prices":{"note":"b","a":1.50,"b":2},"k":{"x":1,"y":true,"z":null}}',
        {
            "id": 1,
            "size": {"width": 1, "additional_properties": {"depth": 2}},
            "prices": {"note": "b", "additional_properties": {"a": Decimal("1.50"), "b": Decimal(2)}},
            "additional_properties": {"k": {"x": 1, "additional_properties": {"y": True, "z": None}}},
        },
    ),
    "keys of any name in variants": (
        lambda c: c.additional.create(name="a"),
        200,
        b'{"id":1,"either":{"b":1,"c":2}}',
        {"id": 1, "either": {"b": 1, "additional_properties": {"c": 2}}, "additional_properties": {}},
    ),
    "keys of any name with values of other types": (
        lambda c: c.additional.create(name="a"),
        200,
        b'{"id":"x","size":{"width":1,"depth":"deep"},"k":{"x":"y","z":1.5},"l":[1.50]}',
        {
            "id": "x",
            "size": {"width": 1, "additional_properties": {"depth": "deep"}},
            "additional_properties": {
                "k": {"x": "y", "additional_properties": {"z": Decimal("1.5")}},
                "l": [Decimal("1.50")],
            },
        },
    ),
    "the first of several successes": (lambda c: c.several.create(), 200, b'{"done":true}', {"done": True}),
    "another of several successes": (lambda c: c.several.create(), 202, b'{"job":5}', {"job": 5}),
    "a success without a body": (lambda c: c.several.create(), 204, b"", None),
    "one of a range": (lambda c: c.ranges.create(), 207, b'{"a":1}', {"a": 1}),
    "the default": (lambda c: c.defaults.get(), 200, b'{"a":1}', {"a": 1}),
    "what only the client writes": (
        lambda c: c.directions.create(name="a", secret="s"),
        200,
        b'{"id":1,"name":"a"}',
        {"id": 1, "name": "a"},
    ),
    "an operation without an id": (lambda c: c.unnamed.get(1), 204, b"", None),
    "a response behind a reference": (lambda c: c.references.create(None), 200, b'{"b":1}', {"b": 1}),
    "a field that is deprecated": (lambda c: c.deprecated.get(), 200, b'{"old":"x"}', {"old": "x"}),
    "a field called like a class": (
        lambda c: c.files.create(),
        201,
        b'{"id":1,"url":"u"}',
        {"id": 1, "url": "u"},
    ),
}


@pytest.mark.parametrize(("call", "status", "body", "value"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_read_and_nothing_is_lost(
    call: Callable[[Any], Any],
    status: int,
    body: bytes,
    value: Any,
    client: Any,
    wire: Wire,
    package: Package,
) -> None:
    wire.answers(status, body)
    answer = call(client)
    assert plain(answer) == value
    if body:
        assert json.loads(package.module._codec.encode(answer), parse_float=Decimal) == json.loads(
            body, parse_float=Decimal
        )


def plain(value: Any) -> Any:
    """Objects as mappings of the fields that are set, everything else as the client gives it."""
    if hasattr(value, "__struct_fields__"):
        fields = {name: getattr(value, name, UNSET) for name in value.__struct_fields__}
        return {name: plain(inner) for name, inner in fields.items() if repr(inner) != "UNSET"}
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def test_an_object_with_keys_of_any_name_is_a_model_like_others(package: Package) -> None:
    size = package.models.SizeRequest(width=1, additional_properties={"depth": 2})
    assert isinstance(size, package.models.SizeRequest)
    assert not isinstance(size, package.models.Size)
    assert repr(size) == "SizeRequest(width=1, additional_properties={'depth': 2})"
    assert size.to_dict() == {"width": 1, "depth": 2}
    assert (
        size
        == pickle.loads(pickle.dumps(size))
        == package.module.convert(size.to_dict(), package.models.SizeRequest)
    )
    assert size == package.module.convert(size.to_dict(), type(size))
    assert size.copy(width=2).to_dict() == {"width": 2, "depth": 2}
    with pytest.raises(ValueError, match="additional_properties has width, a field of SizeRequest"):
        size.copy(additional_properties={"width": 3}).to_dict()


def test_variants_are_objects_of_their_classes(client: Any, wire: Wire) -> None:
    wire.answers(200, b'{"width":1,"height":2}')
    assert type(client.shapes.get()).__name__ == "ShapeHeight"
    wire.answers(200, b'{"kind":"cat","lives":"nine"}')
    cat = client.animals.create(kind="cat", lives=9)
    assert (type(cat).__name__, cat.lives) == ("AnimalCat", "nine")


@pytest.mark.parametrize("media_type", ["application/pdf", "application/octet-stream"])
def test_what_is_not_json_comes_as_bytes(media_type: str, client: Any, wire: Wire) -> None:
    wire.answers(200, b"%PDF-", media_type)
    assert client.reports.get() == b"%PDF-"
    assert wire.sent.headers["accept"] == "application/pdf"
    wire.answers(200, b"a;b", "text/csv; charset=utf-8")
    assert client.tables.get() == b"a;b"


def test_a_head_has_no_body(client: Any, wire: Wire, package: Package) -> None:
    wire.reply = httpx.Response(200, headers={"content-type": "application/json", "content-length": "7"})
    assert client.empty.head(1) is None
    assert wire.sent.method == "HEAD"
    wire.answers(404)
    with pytest.raises(package.errors.NotFoundError):
        client.empty.head(1)
    client.empty.delete(1) if wire.answers(204) else None
    assert (wire.sent.method, wire.target) == ("DELETE", "/v1/empty/1")


def test_another_charset_is_read(client: Any, wire: Wire) -> None:
    wire.answers(200, '{"old":"é"}'.encode("latin-1"), "application/json; charset=ISO-8859-1")
    assert client.deprecated.get().old == "é"


NO_ANSWERS = {
    "a page": (200, b"<html>", "text/html"),
    "half of one": (200, b'{"old": "x', "application/json"),
    "no body": (200, b"", "application/json"),
    "another thing altogether": (200, b'"ok"', "application/json"),
}


@pytest.mark.parametrize(("status", "body", "media_type"), NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_what_is_not_the_answer_leaves_the_outcome_unknown(
    status: int, body: bytes, media_type: str, client: Any, wire: Wire, package: Package
) -> None:
    wire.answers(status, body, media_type)
    with pytest.raises(package.errors.OutcomeUnknownError):
        client.deprecated.get()
    wire.answers(200, b"<html>", "text/html")
    with pytest.raises(package.errors.OutcomeUnknownError):
        client.reports.get()


def test_a_strict_client_refuses_values_of_other_types(package: Package, wire: Wire) -> None:
    client = package.client(wire, strict_answers=True)
    wire.answers(200, b'{"count":"five"}')
    with pytest.raises(package.errors.OutcomeUnknownError, match="count"):
        client.values.get()
    wire.answers(200, b'{"kind":"new","added":1}')
    assert client.values.get().kind == "new"


# --- left out -----------------------------------------------------------------------------------------------

LEFT_OUT = {
    "left.get_recursive": "the schema contains itself: Node → Node",
    "left.get_declared": "it is not ready yet",
    "waiting.list": "it is not ready yet",
    "left.options_options": "no client sends OPTIONS requests",
    "left.get_cookies": "how the cookie 'many' is written, with several values, is not defined",
    "left.create_keys": "a field of the contract has a name that JSON keys are not made of",
    "left.get_nothing": "it declares no success answer",
}


@pytest.mark.parametrize(("name", "reason"), LEFT_OUT.items())
def test_an_operation_is_left_out_by_itself_with_its_reason(
    name: str, reason: str, package: Package, client: Any, wire: Wire
) -> None:
    assert reason in left_out(package)[name]
    with pytest.raises(package.errors.SkippedOperationError, match="left out of the client") as caught:
        operator.attrgetter(name)(client)()
    assert reason in str(caught.value)
    assert wire.requests == []


def test_nothing_else_is_left_out(package: Package) -> None:
    assert left_out(package).keys() == LEFT_OUT.keys()


def left_out(package: Package) -> dict[str, str]:
    """The methods that are left out, with their reasons."""
    return {f"{skipped.resource}.{skipped.name}": skipped.reason for skipped in package.contract.skipped}


# --- types --------------------------------------------------------------------------------------------------

PROGRAM = """
from decimal import Decimal
from typing import Literal, assert_type
import datetime as dt
from pennylane_kinds import Client, models, types

def use(client: Client) -> None:
    client.headers.get(x_request_id="a", session="b")
    client.queries.get(ids=[1], free={"a": 1}, range=models.Range(to=1), where={"a": Decimal(1)})
    client.queries.get(range={"from": 1})
    client.scalars.get(status="draft", rate=Decimal(1), nullable=None)
    client.places.get("a", dt.date(2026, 1, 1), "a", 1)
    client.constants.replace(models.ConstantReplace(label="a"))
    client.uploads.create(models.UploadCreate(files=[types.File("a", b"")]))
    report: bytes = client.reports.get()
    shape = client.shapes.get()
    if isinstance(shape, models.ShapeRadius):
        radius: int = shape.radius
    added = client.additional.create(models.AdditionalCreate(name="a", additional_properties_={"b": 1}))
    for inner in added.additional_properties.values():
        assert_type(inner.additional_properties, dict[str, bool | None])
    if isinstance(added.size, models.Size):
        assert_type(added.size.additional_properties, dict[str, int])
    values = client.values.get()
    assert_type(values.kind, Literal["a", "b"] | str | types.UnsetType)
    assert_type(values.level, Literal[1, 2] | int | types.UnsetType)
    assert_type(values.always, Literal["x"] | str | types.UnsetType)
    assert_type(values.mixed, Literal[1, "auto"] | int | str | types.UnsetType)
    for nested in client.nullables.create([[1, None], None]).nested or {}:
        print(nested)
"""
MISTAKES = """
from pennylane_kinds import Client, models

def use(client: Client) -> None:
    client.headers.get()
    client.scalars.get(status="open", rate="1", nullable=None)
    client.places.get(1, "2026-01-01", "c", "1")
    models.SizeRequest(additional_properties={"depth": "x"})
    client.queries.get(range={"since": 1})
"""


def test_programs_are_checked_against_it(package: Package, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "mistakes.py").write_text(MISTAKES)
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-error-summary",
        "--cache-dir",
        str(tmp_path / "cache"),
    ]
    files = ["program.py", "mistakes.py", str(package.folder / package.name)]
    environment = {"MYPYPATH": str(package.folder), "PATH": ""}
    report = subprocess.run(
        [*command, *files], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    lines = report.stdout.splitlines()
    assert {line.partition(":")[0] for line in lines} == {"mistakes.py"}, report.stdout + report.stderr
    assert {int(line.split(":")[1]) for line in lines if ": error:" in line} == {5, 6, 7, 8, 9}
