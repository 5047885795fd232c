"""Random legal changes of operations: parameters, bodies, answers, operations of their own, references."""

from __future__ import annotations

from collections.abc import Callable

from .answers import ANSWERS
from .document import METHODS, Document, Schema
from .places import new_operation, some_operation
from .schemas import NAMES, Schemas

Change = Callable[[Document, Schemas], None]


def change(document: Document) -> None:
    """Apply one random change."""
    name = document.choose(CHANGES)
    document.use(name)
    CHANGES[name](document, Schemas(document))


def _add_parameter(document: Document, operation: Schema, parameter: Schema) -> None:
    taken = {(other["in"], other["name"].lower()) for other in document.parameters({}, operation)}
    for _, _, other, item in document.operations():
        if other is operation:
            taken |= {(each["in"], each["name"].lower()) for each in document.parameters(item, operation)}
    if (parameter["in"], parameter["name"].lower()) in taken:
        parameter["name"] = f"{parameter['name']}_{document.number()}"
    if document.rng.random() < 0.3 and "required" not in parameter:
        parameter["required"] = True
    if document.rng.random() < 0.3:
        document.use("parameters behind a reference")
        parameter = document.add("parameters", parameter)
    operation.setdefault("parameters", []).append(parameter)


def _header(document: Document, schemas: Schemas) -> None:
    schema, explode = _parameter_schema(document, schemas)
    name = document.rng.choice(("X-Request-Id", "Idempotency-Key", "X-Map", "If-None-Match"))
    _add_parameter(
        document, some_operation(document), {"name": name, "in": "header", "schema": schema, **explode}
    )


def _cookie(document: Document, schemas: Schemas) -> None:
    schema, explode = _parameter_schema(document, schemas)
    # OpenAPI's default for cookies explodes, which no server defines how to read.
    if explode.get("explode", True):
        document.use("cookies of several values", "how the cookie")
    name = document.rng.choice(("session", "flags", "csrf-token"))
    _add_parameter(
        document, some_operation(document), {"name": name, "in": "cookie", "schema": schema, **explode}
    )


def _parameter_schema(document: Document, schemas: Schemas) -> tuple[Schema, Schema]:
    """The schema of a parameter, and its ``explode``."""
    shape = document.rng.choice(("scalar", "scalar", "array", "map", "object"))
    schema: Schema = schemas.scalar()
    if shape == "array":
        items = schemas.rng.choice(
            ({"type": "integer"}, {"type": "string"}, {"type": "string", "enum": ["a", "b"]})
        )
        schema = {"type": "array", "minItems": 1, "items": items}
    elif shape == "map":
        schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    elif shape == "object":
        properties = {
            f"from{document.number()}": {"type": "integer"},
            f"to{document.number()}": {"type": "string"},
        }
        schema = {"type": "object", "properties": properties, "required": list(properties)}
        schema = schemas.component(schema) if document.rng.random() < 0.5 else schema
    document.use(f"{shape} parameters")
    return schema, document.rng.choice(({}, {"explode": True}, {"explode": False}))


def _query(document: Document, schemas: Schemas) -> None:
    schema, explode = _parameter_schema(document, schemas)
    kind = document.resolve(schema).get("type")
    parameter: Schema = {"name": _parameter_name(document), "in": "query", "schema": schema, **explode}
    style = document.rng.choice(("form", "", "other"))
    if style == "other" and kind == "array":
        parameter |= {"style": document.rng.choice(("pipeDelimited", "spaceDelimited")), "explode": False}
    elif style == "other" and kind == "object":
        parameter |= {"style": "deepObject", "explode": True}
    elif style == "other":
        parameter["allowReserved"] = True
    elif style:
        parameter["style"] = style
    _add_parameter(document, some_operation(document), parameter)


def _parameter_name(document: Document) -> str:
    if document.rng.random() < 0.5:
        document.use("names that are taken")
        return document.rng.choice(NAMES)
    return document.rng.choice(("status", "ids", "since", "range"))


def _json_parameter(document: Document, schemas: Schemas) -> None:
    schema = document.rng.choice(
        (schemas.object(1), {"type": "object", "additionalProperties": {"type": "number"}})
    )
    parameter = {"name": "where", "in": "query", "content": {"application/json": {"schema": schema}}}
    _add_parameter(document, some_operation(document), parameter)


def _path_parameter(document: Document, schemas: Schemas) -> None:
    """A new operation with parameters of every type and style in its path."""
    parameters: list[Schema] = []
    path = f"/v2/places{document.number()}"
    for position in range(document.rng.randrange(1, 3)):
        name = document.rng.choice(
            (f"uuid{position}", f"customer-id{position}", f"class{position}", "id", "self")
        )
        if any(parameter["name"] == name for parameter in parameters):
            continue
        schema, explode = _parameter_schema(document, schemas)
        style = document.rng.choice(("simple", "", "label", "matrix"))
        parameter = {"name": name, "in": "path", "required": True, "schema": schema, **explode}
        parameters.append(parameter | ({"style": style} if style else {}))
        path += f"/{{{name}}}" if document.rng.random() < 0.8 else f"/at-{{{name}}}.pdf"
    method = document.rng.choice(("get", "delete", "post"))
    operation = new_operation(document, method, path=path + document.rng.choice(("", "", "/", "/notes")))
    operation["parameters"] = parameters


def _same_name_twice(document: Document, schemas: Schemas) -> None:
    """One name in the path and in the query, and names that are one in snake case."""
    operation = new_operation(document, "post", path=f"/v2/names{document.number()}/{{id}}")
    operation["parameters"] = [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
        {"name": "id", "in": "query", "schema": {"type": "string"}},
        {"name": "self", "in": "query", "schema": {"type": "string"}},
        {"name": "body", "in": "query", "schema": {"type": "string"}},
        {"name": "createdAt", "in": "query", "schema": {"type": "string"}},
        {"name": "created_at", "in": "query", "schema": {"type": "string"}},
    ]
    operation["requestBody"] = {"content": {"application/json": {"schema": schemas.object()}}}


def _property(document: Document, schemas: Schemas) -> None:
    """A field more in a body or an answer that the contract has."""
    places = []
    for _, _, operation, _ in document.operations():
        bodies = [document.resolve(operation.get("requestBody", {}))]
        bodies += [document.resolve(response) for response in operation["responses"].values()]
        for body in bodies:
            for media in body.get("content", {}).values():
                schema = document.resolve(media.get("schema", {}))
                if isinstance(schema, dict) and schema.get("properties"):
                    places.append(schema["properties"])
    if places:
        properties = document.rng.choice(places)
        for name in document.rng.sample((*NAMES, "template", "options", "customer"), 2):
            properties.setdefault(name, schemas.any())


def _json_body(document: Document, schemas: Schemas) -> None:
    schema = document.rng.choice((schemas.json_object, schemas.json_object, schemas.any))()
    media_type = document.rng.choice(
        ("application/json", "application/json; charset=utf-8", "application/vnd.acme.v1+json", "*/*")
    )
    _set_body(document, {media_type: {"schema": schema}})


def _set_body(document: Document, content: Schema) -> None:
    body: Schema = {"content": content}
    if document.rng.random() < 0.6:
        body["required"] = True
    if document.rng.random() < 0.3:
        document.use("bodies behind a reference")
        body = document.add("requestBodies", body)
    method = document.rng.choice(("post", "put", "patch", "delete"))
    if document.rng.random() < 0.5 or method == "delete":
        new_operation(document, method)["requestBody"] = body
    else:
        some_operation(document, method)["requestBody"] = body


def _multipart(document: Document, schemas: Schemas) -> None:
    file: Schema = {"type": "string", "format": "binary"}
    if document.modern and document.rng.random() < 0.5:
        document.use("files as OpenAPI 3.1 says them")
        file = document.rng.choice(({}, {"contentMediaType": "application/pdf"}))
    parts: Schema = {
        "file": file,
        "files": {"type": "array", "items": file},
        "file_id": {"type": "integer"},
        "label": {"type": "string"},
        "labels": {"type": "array", "items": {"type": "string"}},
        "meta": {"type": "object", "properties": {"rate": {"type": "number"}}},
        "amount": {"type": "number"},
        "note": {"type": "string"},
    }
    names = document.rng.sample(list(parts), document.rng.randrange(1, 5))
    required = [name for name in names if document.rng.random() < 0.6] or names[:1]
    schema = {"type": "object", "properties": {name: parts[name] for name in names}, "required": required}
    media: Schema = {"schema": schema}
    if "note" in names:
        media["encoding"] = {"note": {"contentType": "text/markdown"}}
    document.use("multipart without a file" if not {"file", "files"} & {*names} else "multipart with files")
    _set_body(document, {"multipart/form-data": media})


def _html_form(document: Document, schemas: Schemas) -> None:
    properties = {
        "a-b": {"type": "string"},
        "ids": {"type": "array", "items": {"type": "integer"}},
        "amount": {"type": "number"},
    }
    schema = {"type": "object", "properties": properties, "required": ["a-b"]}
    _set_body(document, {"application/x-www-form-urlencoded": {"schema": schema}})


def _raw_body(document: Document, schemas: Schemas) -> None:
    media_type = document.rng.choice(("text/csv", "application/pdf", "application/octet-stream"))
    _set_body(document, {media_type: {"schema": {"type": "string"}}})


def _empty_resource(document: Document, schemas: Schemas) -> None:
    number = document.number()
    operation = new_operation(document, "delete", path=f"/v2/empty{number}/{{id}}")
    operation["parameters"] = [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}]


def _no_id(document: Document, schemas: Schemas) -> None:
    some_operation(document, document.rng.choice(("get", "post"))).pop("operationId", None)


def _path_item_reference(document: Document, schemas: Schemas) -> None:
    paths = document.json["paths"]
    path = document.rng.choice(list(paths))
    if document.modern and "$ref" not in paths[path]:
        paths[path] = document.add("pathItems", paths[path])


def _deprecate(document: Document, schemas: Schemas) -> None:
    operation = some_operation(document)
    operation["deprecated"] = True
    for parameter in map(document.resolve, operation.get("parameters", ())):
        parameter["deprecated"] = True


def _server(document: Document, schemas: Schemas) -> None:
    document.use("servers of one operation", "a server of its own")
    some_operation(document)["servers"] = [{"url": "https://files.example.com"}]


def _shared_parameter(document: Document, schemas: Schemas) -> None:
    """A parameter of a path, which an operation says again in its own way."""
    number = document.number()
    operation = new_operation(document, "get", path=f"/v2/shared{number}")
    item = document.json["paths"][f"/v2/shared{number}"]
    item["parameters"] = [{"name": "page_size", "in": "query", "schema": {"type": "integer"}}]
    if document.rng.random() < 0.5:
        operation["parameters"] = [
            {"name": "page_size", "in": "query", "required": True, "schema": {"type": "string"}}
        ]


def _chosen_names(document: Document, schemas: Schemas) -> None:
    """Names in Python that are chosen: what is sent keeps the contract's."""
    operation = new_operation(document, "post")
    for name in document.rng.sample(NAMES, 2):
        schema = {**schemas.scalar(), "x-pennyform-name": f"chosen_{document.number()}"}
        _add_parameter(document, operation, {"name": name, "in": "query", "schema": schema})
    chosen = {"x-pennyform-name": f"also_chosen_{document.number()}"}
    body = {"type": "object", "properties": {document.rng.choice(NAMES): {**schemas.scalar(), **chosen}}}
    operation["requestBody"] = {"content": {"application/json": {"schema": schemas.component(body)}}}


def _several_bodies(document: Document, schemas: Schemas) -> None:
    """One body in several media types: JSON is what a client sends, or else a form."""
    schema = schemas.component(
        {"type": "object", "properties": {"a-b": schemas.scalar(), "note": schemas.scalar()}}
    )
    media_types = document.rng.sample(
        ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/csv"), 2
    )
    _set_body(document, {media_type: {"schema": schema} for media_type in media_types})


def _one_more(document: Document, schemas: Schemas) -> None:
    """An operation more below a path that there is, with an id that is another one's in snake case."""
    path, _, _, item = document.rng.choice(list(document.operations()))
    if "$ref" in document.json["paths"][path] or path.endswith("/"):
        return
    operation = new_operation(document, "post", path=f"{path}/archive-{document.number()}")
    inherited = {"parameters": item["parameters"]} if "parameters" in item else {}
    places = [
        each
        for each in document.parameters(
            item, document.rng.choice([item[method] for method in METHODS if method in item])
        )
        if each["in"] == "path"
    ]
    operation |= inherited or {"parameters": places}
    if document.rng.random() < 0.5:
        document.use("ids that are one in snake case")
        other = new_operation(document, "post")
        other["operationId"] = operation["operationId"].replace("Thing", "_thing")


def _security(document: Document, schemas: Schemas) -> None:
    operation = some_operation(document)
    operation["security"] = document.rng.choice(([], [{}]))


CHANGES: dict[str, Change] = {
    "header parameters": _header,
    "cookie parameters": _cookie,
    "query parameters": _query,
    "parameters of JSON": _json_parameter,
    "path parameters": _path_parameter,
    "one name for several arguments": _same_name_twice,
    "a field more": _property,
    "a field more in another place": _property,
    "JSON bodies": _json_body,
    "multipart forms": _multipart,
    "HTML forms": _html_form,
    "bodies of bytes": _raw_body,
    "empty resources": _empty_resource,
    "operations without an id": _no_id,
    "path items behind a reference": _path_item_reference,
    "deprecated operations": _deprecate,
    "servers of one operation": _server,
    "parameters of a path": _shared_parameter,
    "security of one operation": _security,
    "names that are chosen": _chosen_names,
    "bodies in several media types": _several_bodies,
    "operations below others": _one_more,
    **ANSWERS,
}
