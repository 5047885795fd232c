"""Mutations of operations: paths, parameters, scopes, bodies, statuses."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from .anatomy import Anatomy, Operation
from .mutation import REMOVED, Maker, Mutation, edited, of_operation

B, T, A = "breaking", "attention", "additive"
Raw = dict[str, Any]
JSON = "application/json"
FILTERS, SORTS = "x-pennyform-filters", "x-pennyform-sorts"


def _each(
    kinds: str, severity: str, direction: str, change: Callable[[Raw], Raw | None], leaf: str = ""
) -> Maker:
    """A maker that changes one operation at a time, where ``change`` can."""

    def make(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
        operations = list(anatomy.operations)
        random_.shuffle(operations)
        for operation in operations:
            raw = change(operation.raw)
            if raw is not None:
                yield of_operation(
                    anatomy, operation, raw, tuple(kinds.split()), severity, direction, leaf=leaf
                )

    make.__name__ = kinds
    return make


def path_removed(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    paths = sorted(anatomy.document["paths"])
    random_.shuffle(paths)
    for path in paths:
        gone = frozenset(operation.id for operation in anatomy.operations if operation.pointer[1] == path)
        document = edited(anatomy.document, ("paths", path), REMOVED)
        yield Mutation(f"path {path} removed", document, ("operation-removed",), B, gone, "both")


def _shuffled(anatomy: Anatomy, random_: random.Random) -> list[Operation]:
    operations = list(anatomy.operations)
    random_.shuffle(operations)
    return operations


def method_removed(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    for operation in _shuffled(anatomy, random_):
        if len(anatomy.at(operation.pointer[:2])) > 1:
            yield of_operation(anatomy, operation, REMOVED, ("operation-removed",), B, "both")


def method_added(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    for operation in _shuffled(anatomy, random_):
        if "patch" not in anatomy.at(operation.pointer[:2]):
            new = Operation((*operation.pointer[:2], "patch"), {**operation.raw, "operationId": "zzNew"})
            yield of_operation(anatomy, new, new.raw, ("operation-added",), A, "both")


def path_moved(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    for operation in _shuffled(anatomy, random_):
        path = str(operation.pointer[1])
        if len(anatomy.at(("paths", path))) == 1:
            document = edited(anatomy.document, ("paths", path), REMOVED)
            document = edited(document, ("paths", f"{path}/moved"), {operation.pointer[2]: operation.raw})
            yield Mutation(
                f"{path} moved", document, ("operation-moved",), B, frozenset([operation.id]), "both"
            )


def path_parameter_renamed(anatomy: Anatomy, random_: random.Random) -> Iterator[Mutation]:
    for operation in _shuffled(anatomy, random_):
        path, method = str(operation.pointer[1]), operation.pointer[2]
        if "{id}" not in path or len(anatomy.at(("paths", path))) != 1:
            continue
        parameters = [
            {**parameter, "name": "zz_id"} if parameter["name"] == "id" else parameter
            for parameter in operation.raw["parameters"]
        ]
        document = edited(anatomy.document, ("paths", path), REMOVED)
        raw = {**operation.raw, "parameters": parameters}
        document = edited(document, ("paths", path.replace("{id}", "{zz_id}")), {method: raw})
        kinds = ("path-parameter-renamed",)
        yield Mutation(f"{path} renamed", document, kinds, T, frozenset([operation.id]), "request")


def _set(**keywords: Any) -> Callable[[Raw], Raw | None]:
    return lambda raw: {**raw, **keywords}


def _scopes(change: Callable[[list[str]], list[str]], at_least: int) -> Callable[[Raw], Raw | None]:
    def apply(raw: Raw) -> Raw | None:
        names = [name for one in raw.get("security", ()) for name in one.get("oauth2", ())]
        if len(names) < at_least:
            return None
        return {**raw, "security": [{"oauth2": change(names)}] if change(names) else []}

    return apply


def _parameter(
    wanted: Callable[[Raw], bool], change: Callable[[Raw], Raw | None]
) -> Callable[[Raw], Raw | None]:
    """Change the first parameter that is wanted; None takes it away."""

    def apply(raw: Raw) -> Raw | None:
        parameters = raw.get("parameters", [])
        for index, parameter in enumerate(parameters):
            if wanted(parameter):
                changed = change(parameter)
                kept = [*parameters[:index], *([changed] if changed else []), *parameters[index + 1 :]]
                return {**raw, "parameters": kept}
        return None

    return apply


def _in_query(parameter: Raw) -> bool:
    return parameter["in"] == "query" and not parameter.get("required")


def _schema(**facts: Any) -> Callable[[Raw], Raw | None]:
    return lambda parameter: {**parameter, "schema": {**parameter["schema"], **facts}}


def _stating(keyword: str) -> Callable[[Raw], bool]:
    return lambda parameter: bool(parameter.get("schema", {}).get(keyword))


def _new_parameter(**keywords: Any) -> Callable[[Raw], Raw | None]:
    parameter = {"name": "zz_new", "in": "query", "schema": {"type": "string"}, **keywords}
    return lambda raw: {**raw, "parameters": [*raw.get("parameters", ()), parameter]}


def _filters(change: Callable[[dict[str, list[str]]], dict[str, list[str]]]) -> Callable[[Raw], Raw | None]:
    def apply(parameter: Raw) -> Raw:
        filters = change(parameter["schema"][FILTERS])
        return {**parameter, "schema": {**parameter["schema"], FILTERS: filters}}

    return _parameter(_stating(FILTERS), apply)


def _sorts(change: Callable[[list[str]], list[str]]) -> Callable[[Raw], Raw | None]:
    def apply(parameter: Raw) -> Raw:
        return {**parameter, "schema": {**parameter["schema"], SORTS: change(parameter["schema"][SORTS])}}

    return _parameter(_stating(SORTS), apply)


def _first(
    filters: dict[str, list[str]], operators: Callable[[list[str]], list[str]]
) -> dict[str, list[str]]:
    name = min(filters)
    return {**filters, name: operators(filters[name])}


def _body(change: Callable[[Raw], Raw | None]) -> Callable[[Raw], Raw | None]:
    def apply(raw: Raw) -> Raw | None:
        body = change(raw["requestBody"]) if "requestBody" in raw else None
        return None if body is None else {**raw, "requestBody": body}

    return apply


def _required(*, was: bool) -> Callable[[Raw], Raw | None]:
    return _body(lambda body: {**body, "required": not was} if body["required"] is was else None)


def _media(holder: Raw) -> Raw | None:
    content = holder.get("content", {})
    return {**holder, "content": {"application/xml": content[JSON]}} if JSON in content else None


def _answer(change: Callable[[Raw], Raw | None]) -> Callable[[Raw], Raw | None]:
    def apply(raw: Raw) -> Raw | None:
        status = min(raw["responses"])
        answer = change(raw["responses"][status])
        return None if answer is None else {**raw, "responses": {**raw["responses"], status: answer}}

    return apply


def _statuses(change: Callable[[dict[str, Raw]], dict[str, Raw] | None]) -> Callable[[Raw], Raw | None]:
    def apply(raw: Raw) -> Raw | None:
        responses = change(dict(raw["responses"]))
        return None if responses is None else {**raw, "responses": responses}

    return apply


def _without_body(answer: Raw) -> Raw | None:
    return {"description": ""} if "content" in answer else None


def _with_body(answer: Raw) -> Raw | None:
    content = {JSON: {"schema": {"type": "object"}}}
    return None if "content" in answer else {**answer, "content": content}


def _renumbered(responses: dict[str, Raw]) -> dict[str, Raw]:
    success = min(responses)
    return {"202" if status == success else status: answer for status, answer in responses.items()}


def _drop(status: str) -> Callable[[dict[str, Raw]], dict[str, Raw] | None]:
    return lambda responses: (
        {key: answer for key, answer in responses.items() if key != status} if status in responses else None
    )


def _encoding(raw: Raw) -> Raw | None:
    content = raw.get("requestBody", {}).get("content", {})
    media = content.get("multipart/form-data")
    if media is None:
        return None
    encoded = {**media, "encoding": {"file": {"contentType": "application/pdf"}}}
    return {**raw, "requestBody": {**raw["requestBody"], "content": {"multipart/form-data": encoded}}}


MAKERS: list[Maker] = [
    path_removed,
    method_removed,
    method_added,
    path_moved,
    path_parameter_renamed,
    _each("operation-id-changed", T, "both", _set(operationId="zzNew")),
    _each(
        "deprecated", T, "both", lambda raw: None if raw.get("deprecated") else {**raw, "deprecated": True}
    ),
    _each("scope-removed", B, "request", _scopes(lambda names: names[1:], 2)),
    _each("scope-added", A, "request", _scopes(lambda names: [*names, "zz:new"], 1)),
    _each("scope-removed scope-added", B, "request", _scopes(lambda names: [*names[1:], "zz:new"], 1)),
    _each("scope-dropped", A, "request", _scopes(lambda _: [], 1)),
    _each("parameter-removed", B, "request", _parameter(_in_query, lambda _: None)),
    _each(
        "parameter-renamed", B, "request", _parameter(_in_query, lambda given: {**given, "name": "zz_new"})
    ),
    _each(
        "parameter-required", B, "request", _parameter(_in_query, lambda given: {**given, "required": True})
    ),
    _each("parameter-added", A, "request", _new_parameter(), "zz_new"),
    _each("required-parameter-added", B, "request", _new_parameter(required=True), "zz_new"),
    _each(
        "parameter-style-changed",
        B,
        "request",
        _parameter(_in_query, lambda given: {**given, "explode": False}),
    ),
    _each("deprecated", T, "request", _parameter(_in_query, lambda given: {**given, "deprecated": True})),
    _each(
        "type-changed", B, "request", _parameter(lambda given: given["in"] == "path", _schema(type="boolean"))
    ),
    _each("limit-narrowed", B, "request", _parameter(_stating("maximum"), _schema(maximum=50))),
    _each("limit-widened", A, "request", _parameter(_stating("maximum"), _schema(maximum=5000))),
    _each(
        "page-size-changed",
        T,
        "request",
        _parameter(_stating("x-pennyform-default"), _schema(**{"x-pennyform-default": 7})),
    ),
    _each(
        "filter-removed",
        B,
        "request",
        _filters(lambda filters: {name: filters[name] for name in sorted(filters)[1:]}),
    ),
    _each("filter-added", A, "request", _filters(lambda filters: {**filters, "zz_new": ["eq"]}), "zz_new"),
    _each(
        "filter-operators-removed",
        B,
        "request",
        _filters(lambda filters: _first(filters, lambda names: names[:-1])),
    ),
    _each(
        "filter-operators-added",
        A,
        "request",
        _filters(lambda filters: _first(filters, lambda names: [*names, "zz"])),
    ),
    _each("sort-removed", B, "request", _sorts(lambda names: names[1:])),
    _each("sort-added", A, "request", _sorts(lambda names: [*names, "zz_new"]), "zz_new"),
    _each("request-body-required", B, "request", _required(was=False)),
    _each("request-body-optional", A, "request", _required(was=True)),
    _each(
        "request-body-removed",
        B,
        "request",
        lambda raw: {key: raw[key] for key in raw if key != "requestBody"} if "requestBody" in raw else None,
    ),
    _each(
        "required-request-body-added",
        B,
        "request",
        lambda raw: (
            None
            if "requestBody" in raw
            else {**raw, "requestBody": {"required": True, "content": {JSON: {"schema": {"type": "object"}}}}}
        ),
    ),
    _each("media-type-changed", B, "request", _body(_media)),
    _each("media-type-changed", B, "answer", _answer(_media)),
    _each("encoding-changed", B, "request", _encoding),
    _each("success-status-changed", T, "answer", _statuses(_renumbered)),
    _each(
        "success-status-added", T, "answer", _statuses(lambda given: {**given, "202": {"description": ""}})
    ),
    _each("error-status-added", A, "answer", _statuses(lambda given: {**given, "418": {"description": ""}})),
    _each("error-status-removed", A, "answer", _statuses(_drop("404"))),
    _each("success-status-removed", B, "answer", _statuses(_drop("200"))),
    _each("answer-body-removed", B, "answer", _answer(_without_body)),
    _each("answer-body-added", A, "answer", _answer(_with_body)),
]
