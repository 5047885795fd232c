"""What a call must look like on the wire, written from OpenAPI alone: shares no code with the generator.

Parameters: OpenAPI 3.1.1, 4.8.12 (styles) and RFC 6570. Forms: 4.8.14 and RFC 7578.
"""

from __future__ import annotations

import datetime as dt
import email.parser
import email.policy
import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, quote

import httpx

from .document import Schema
from .values import Upload


def json_text(value: Any) -> str:
    """A value as JSON text, with every digit of its decimals."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{json_text(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(json_text, value)) + "]"
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value)


def from_json(text: bytes | str) -> Any:
    """JSON as it stands: numbers with a fraction keep their digits."""
    return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def written(value: Any) -> Any:
    """A JSON value with the digits of its numbers, fields in an order, moments as instants."""
    if isinstance(value, dict):
        return {key: written(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [written(each) for each in value]
    if isinstance(value, str) and len(value) > 18 and value[10:11] == "T":
        return "moment", dt.datetime.fromisoformat(value)
    plain = value if isinstance(value, bool | str | type(None)) else format(value, "f")
    return type(value).__name__, plain


def text(value: Any) -> str:
    """A scalar as plain text."""
    if isinstance(value, str):
        return value
    return json_text(value)


def escaped(value: str, *, reserved: bool = False) -> str:
    """Percent-encoded: all but unreserved characters, and reserved ones where a parameter allows them."""
    return quote(value, safe=":/?[]@!$'()*,;" if reserved else "")


def in_path(parameter: Schema, value: Any) -> str:
    """One parameter of a path."""
    style, explode = parameter.get("style", "simple"), parameter.get("explode", False)
    name = parameter["name"]
    start = {"simple": "", "label": ".", "matrix": ";"}[style]
    if not isinstance(value, list | dict):
        return start + (f"{name}=" if style == "matrix" else "") + escaped(text(value))
    if isinstance(value, list):
        items = [escaped(text(item)) for item in value]
        if style == "matrix":
            return "".join(f";{name}={item}" for item in items) if explode else f";{name}={','.join(items)}"
        return start + ("." if style == "label" and explode else ",").join(items)
    pairs = [(escaped(key), escaped(text(inner))) for key, inner in value.items()]
    if explode:
        separator = {"simple": ",", "label": ".", "matrix": ";"}[style]
        return start + separator.join(f"{key}={inner}" for key, inner in pairs)
    joined = ",".join(part for pair in pairs for part in pair)
    return start + (f"{name}=" if style == "matrix" else "") + joined


def in_query(parameter: Schema, value: Any) -> list[str]:
    """The ``name=value`` of one parameter of a query."""
    name = escaped(parameter["name"])
    if "content" in parameter:
        return [f"{name}={escaped(json_text(value))}"]
    style = parameter.get("style", "form")
    explode = parameter.get("explode", style == "form")
    reserved = parameter.get("allowReserved", False)
    if not isinstance(value, list | dict):
        return [f"{name}={escaped(text(value), reserved=reserved)}"]
    if style == "deepObject":
        bracketed = {f"{parameter['name']}[{key}]": inner for key, inner in value.items()}
        return [f"{escaped(key)}={escaped(text(inner))}" for key, inner in bracketed.items()]
    if isinstance(value, list):
        parts = [escaped(text(item), reserved=reserved) for item in value]
        if explode:
            return [f"{name}={part}" for part in parts]
    else:
        if explode:
            return [
                f"{escaped(key)}={escaped(text(inner), reserved=reserved)}" for key, inner in value.items()
            ]
        parts = [escaped(text(part), reserved=reserved) for pair in value.items() for part in pair]
    separator = {"form": ",", "pipeDelimited": "%7C", "spaceDelimited": "%20"}[style]
    return [f"{name}={separator.join(parts)}"] if parts else []


def in_header(parameter: Schema, value: Any) -> str:
    """One header; nothing is escaped in them."""
    if isinstance(value, list):
        return ",".join(map(text, value))
    if isinstance(value, dict):
        equals = "=" if parameter.get("explode") else ","
        return ",".join(f"{key}{equals}{text(inner)}" for key, inner in value.items())
    return text(value)


def in_cookie(parameter: Schema, value: Any) -> str:
    """The ``name=value`` of one cookie, several values with commas."""
    name = escaped(parameter["name"])
    if isinstance(value, list):
        return f"{name}={','.join(escaped(text(item)) for item in value)}"
    if isinstance(value, dict):
        return f"{name}={','.join(escaped(text(part)) for pair in value.items() for part in pair)}"
    return f"{name}={escaped(text(value))}"


Part = tuple[str, str, str, bytes]


def form_parts(value: Schema, encoding: Schema) -> list[Part]:
    """The parts that a form has: name, file name, media type, content; "" where there is none."""
    parts = []
    for name, inner in value.items():
        media_type = encoding.get(name, {}).get("contentType", "")
        for item in inner if isinstance(inner, list) else [inner]:
            if isinstance(item, Upload):
                parts.append((name, item.name, media_type or item.media_type, item.content))
            elif isinstance(item, dict | list):
                # OpenAPI says nothing of arrays in arrays: they are JSON, as objects are.
                parts.append((name, "", media_type or "application/json", json_text(item).encode()))
            else:
                # Text needs no media type: without one it is text/plain (RFC 7578, 4.4).
                parts.append((name, "", media_type or "text/plain", text(item).encode()))
    return parts


def parts_sent(request: httpx.Request) -> list[Part]:
    """The parts of a multipart request, as the parser of the standard library reads them."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + request.content)
    parts = []
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        parts.append((name, part.get_filename() or "", part.get_content_type(), payload))
    return parts


def fields_sent(request: httpx.Request) -> list[tuple[str, str]]:
    """The fields of an HTML form."""
    return parse_qsl(request.content.decode(), keep_blank_values=True, strict_parsing=True)


def form_fields(value: Schema) -> list[tuple[str, str]]:
    """The fields that an HTML form has; no text stands for a null in a list."""
    return [
        (name, text(item))
        for name, inner in value.items()
        for item in (inner if isinstance(inner, list) else [inner])
        if item is not None or inner is None
    ]
