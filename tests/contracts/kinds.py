"""The kinds of legal changes that a generator must get right, and which random changes stand for each."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind: what it is called, the changes and schemas that make it, and where it can stand."""

    name: str
    changes: tuple[str, ...]
    direction: str


REQUEST, ANSWER, BOTH, CALL = "request", "answer", "both", "call"
TABLE = (
    Kind("header and cookie parameters", ("header parameters", "cookie parameters"), REQUEST),
    Kind("arrays and objects in queries, by style and explode", ("query parameters",), REQUEST),
    Kind(
        "enum, object and number parameters",
        ("scalar parameters", "object parameters", "map parameters", "array parameters"),
        REQUEST,
    ),
    Kind("path parameters of every type and style", ("path parameters",), REQUEST),
    Kind(
        "parameters of a path, behind references, in JSON",
        ("parameters of a path", "parameters behind a reference", "parameters of JSON"),
        REQUEST,
    ),
    Kind(
        "argument and property names that are taken or collide",
        ("names that are taken", "one name for several arguments", "names that are chosen"),
        BOTH,
    ),
    Kind("constants that are optional", ("constants that are optional", "defaults"), BOTH),
    Kind("unions with a discriminator", ("unions by a discriminator", "a discriminator on a base"), BOTH),
    Kind("unions without one", ("unions by their fields", "unions of scalars"), BOTH),
    Kind("unions of objects with scalars", ("unions of objects and scalars",), BOTH),
    Kind(
        "decimals anywhere",
        ("numbers", "decimals as text", "maps of decimals", "arrays of decimals", "free form"),
        BOTH,
    ),
    Kind("enums, of numbers too", ("enums", "number enums", "enums of several types"), BOTH),
    Kind("null, behind references too", ("null", "null behind a reference"), BOTH),
    Kind(
        "containers in containers",
        ("null in containers in containers", "arrays", "maps", "objects", "references"),
        BOTH,
    ),
    Kind("additionalProperties beside properties", ("more properties",), BOTH),
    Kind(
        "multipart, without and with files, those of OpenAPI 3.1 too",
        ("multipart without a file", "multipart with files", "files as OpenAPI 3.1 says them"),
        REQUEST,
    ),
    Kind(
        "other bodies",
        ("JSON bodies", "HTML forms", "bodies of bytes", "bodies in several media types", "multipart forms"),
        REQUEST,
    ),
    Kind("several success answers, 2XX and default", ("several success answers", "success 2XX"), ANSWER),
    Kind(
        "PDF, CSV, charset, JSON of vendors",
        (
            "answers of application/pdf",
            "answers of text/csv",
            "answers of text/csv; charset=utf-8",
            "answers of application/json; charset=utf-8",
            "answers of application/vnd.acme.v1+json",
            "answers in several media types",
        ),
        ANSWER,
    ),
    Kind(
        "empty resources and successes without a body",
        ("empty resources", "successes without a body"),
        ANSWER,
    ),
    Kind("HEAD", ("HEAD",), ANSWER),
    Kind("errors, declared or not", ("errors", "errors behind a reference"), ANSWER),
    Kind("lists, by cursor and by number", ("lists", "lists with numbered pages"), ANSWER),
    Kind("recursion", ("recursion",), BOTH),
    Kind("lists of types of OpenAPI 3.1", ("lists of types",), BOTH),
    Kind("readOnly and writeOnly by direction", ("readOnly and writeOnly",), BOTH),
    Kind("deprecated fields and operations", ("deprecated fields", "deprecated operations"), BOTH),
    Kind(
        "references to path items, bodies, headers, answers",
        (
            "path items behind a reference",
            "bodies behind a reference",
            "response headers behind a reference",
            "answers behind a reference",
        ),
        BOTH,
    ),
    Kind(
        "missing and similar operation ids",
        ("operations without an id", "operations below others", "ids that are one in snake case"),
        BOTH,
    ),
    Kind("a field more, also of a name of ours", ("a field more", "a field more in another place"), BOTH),
    Kind("allOf", ("allOf",), BOTH),
    Kind(
        "servers and security of one operation",
        ("servers of one operation", "security of one operation"),
        BOTH,
    ),
    Kind(
        "text, integers, booleans, dates, moments, formats",
        ("text", "integers", "booleans", "dates", "moments", "formats of text"),
        BOTH,
    ),
    Kind("cookies of several values", ("cookies of several values",), REQUEST),
    Kind(
        "other answers",
        (
            "answers",
            "answers of another operation",
            "success 200",
            "success 201",
            "success default",
            "answers of application/json",
        ),
        ANSWER,
    ),
    Kind("calls of tasks", ("calls of tasks",), CALL),
    Kind("keyword bodies", ("keyword bodies",), CALL),
    Kind("raw answers", ("raw answers",), CALL),
    Kind("several pages of a list", ("pages of a list",), CALL),
    Kind("calls that are refused", ("answers of errors",), CALL),
)
