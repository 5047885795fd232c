"""A server that does what a contract says: what a request must look like, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from . import wire
from .document import Document, Schema
from .replies import UNDECLARED, Reply, said_in
from .values import Maker

FORM, URLENCODED = "multipart/form-data", "application/x-www-form-urlencoded"
_PLAIN = "aZ9&=/@-_."
_IGNORED = {"accept", "authorization", "content-type"}
NOTHING = object()


class NoValueError(ValueError):
    """A parameter has no value that its place can hold and that differs from leaving it out."""


# Tries to make a value that can be sent; an enum may have none.
_MOST_VALUES = 1000


@dataclass
class Meant:
    """What a call means: values by location and name, and the body."""

    parameters: dict[tuple[str, str], Any] = field(default_factory=dict)
    has_body: bool = False
    body: Any = None


class Server:
    """Remembers what was sent, and answers as it is told; the last answer is repeated."""

    def __init__(self) -> None:
        self.transport = httpx.MockTransport(self._answer)
        self.sent: list[httpx.Request] = []
        """What was sent since the answers were set."""
        self._replies: Sequence[Reply] = ()

    def answers(self, replies: Sequence[Reply]) -> None:
        """What comes next."""
        self._replies = replies
        self.sent.clear()

    def _answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.sent.append(request)
        reply = self._replies[min(len(self.sent), len(self._replies)) - 1]
        return httpx.Response(reply.status, content=reply.content, headers=reply.headers)


def _special(value: Any) -> bool:
    """Whether a value has text that a header cannot hold, or that has a meaning in it."""
    inner = (
        [*value, *value.values()]
        if isinstance(value, dict)
        else value
        if isinstance(value, list)
        else [value]
    )
    texts = [each for each in inner if isinstance(each, str)]
    return not all(
        each.isascii() and each == each.strip() and not set(each) & {*',"\\', " "} for each in texts
    )


def essence(media_type: str) -> str:
    """A media type without its parameters."""
    bare = media_type.partition(";")[0].strip().lower()
    return "application/json" if bare in ("*/*", "application/*") else bare


class Exchange:
    """One operation of a contract, as it is called and answered."""

    def __init__(self, document: Document, path: str, method: str, operation: Schema, item: Schema) -> None:
        self._document = document
        self._path, self._method, self._operation = path, method, operation
        self._parameters = [
            parameter
            for parameter in document.parameters(item, operation)
            if parameter["in"] != "header" or parameter["name"].lower() not in _IGNORED
        ]
        self._meant = Meant()

    @property
    def meant(self) -> Meant:
        """What the last request means."""
        return self._meant

    def successes(self) -> list[str]:
        """The statuses of success, or ``default``."""
        responses = self._operation["responses"]
        return [status for status in responses if status.startswith("2")] or ["default"]

    # --- the request ----------------------------------------------------------------------------------------

    def request(self, rng: Random) -> Meant:
        """A request that the contract allows."""
        self._meant = Meant()
        for parameter in self._parameters:
            required = parameter["in"] == "path" or parameter.get("required")
            # What lists are filtered by has a language of its own.
            if "x-pennyform-filters" in parameter.get("schema", {}) or (not required and rng.random() < 0.4):
                continue
            self._meant.parameters[parameter["in"], parameter["name"]] = self._parameter_value(parameter, rng)
        if ("query", "cursor") in self._meant.parameters:
            # The service refuses it beside a cursor.
            self._meant.parameters.pop(("query", "start_date"), None)
        raw = self._document.resolve(self._operation.get("requestBody", {}))
        if raw.get("content") and (raw.get("required") or rng.random() < 0.8):
            self._meant.body = self._body_value(raw["content"], rng)
            # A body that is null as a whole is none in Python.
            while raw.get("required") and self._meant.body is None:
                self._meant.body = self._body_value(raw["content"], rng)
            self._meant.has_body = self._meant.body is not None
        return self._meant

    def _parameter_value(self, parameter: Schema, rng: Random) -> Any:
        schema = parameter.get("schema", {})
        for sign, keyword in (("-", "x-pennyform-sorts"), ("", "x-pennyform-includes")):
            if keyword in schema:
                return rng.choice((sign, "")) + rng.choice(list(schema[keyword]))
        if "content" in parameter:
            (media,) = parameter["content"].values()
            return Maker(self._document, rng, "request").value(media["schema"])
        plain = parameter["in"] == "header" or parameter.get("allowReserved")
        maker = Maker(self._document, rng, "request", **({"alphabet": _PLAIN} if plain else {}))
        # Nothing, and what holds nothing, is written like what is left out.
        made = (maker.value(schema) for _ in range(_MOST_VALUES))
        usable = (
            value
            for value in made
            if value not in (None, "", [], {}, ".", "..")
            and not (isinstance(value, list) and "" in value)
            and not (plain and _special(value))
        )
        value = next(usable, NOTHING)
        if value is NOTHING:
            raise NoValueError(parameter["name"])
        return value

    def _media(self, content: Schema) -> tuple[str, Schema]:
        """The media type that a client is expected to choose: JSON, then forms, then the first by name."""

        def order(name: str) -> tuple[int, str]:
            bare = essence(name)
            ranks = (bare == "application/json", bare.endswith("json"), bare in (FORM, URLENCODED), True)
            return ranks.index(True), name

        name = min(content, key=order)
        return name, content[name]

    def _body_value(self, content: Schema, rng: Random) -> Any:
        media_type, media = self._media(content)
        if not essence(media_type).endswith("json") and essence(media_type) not in (FORM, URLENCODED):
            return Maker(self._document, rng, "request").text()
        maker = Maker(self._document, rng, "request")
        if essence(media_type) in (FORM, URLENCODED):
            return self._form_value(media["schema"], maker, files=essence(media_type) == FORM)
        return maker.value(media.get("schema", {}))

    def _form_value(self, schema: Schema, maker: Maker, *, files: bool) -> Any:
        """The value of a form; where it has files, a part that OpenAPI 3.1 says nothing of is one."""
        value = maker.value(schema)
        for name, raw in self._document.resolve(schema).get("properties", {}).items():
            part = self._document.resolve(raw)
            inner = part.get("items", part) if part.get("type") == "array" else part
            silent = self._document.modern and (inner == {} or "contentMediaType" in inner)
            if name in value and files and silent:
                one = maker.upload()
                value[name] = [one] if inner is not part else one
        # No part of a form stands for null or for an empty list, and a form without any part is no form.
        value = {name: inner for name, inner in value.items() if inner not in (None, [])}
        required = self._document.resolve(schema).get("required", ())
        usable = value and value.keys() >= set(required)
        return value if usable else self._form_value(schema, maker, files=files)

    # --- the answer -----------------------------------------------------------------------------------------

    def answer(self, status: str, maker: Maker) -> Reply:
        """An answer of one declared status."""
        taken = [code for code in self._operation["responses"] if code.isdecimal()]
        code = {"2XX": next(c for c in (207, 206) if str(c) not in taken), "default": 200}.get(status)
        return self._reply(status, code or int(status), maker)

    def _reply(self, status: str, code: int, maker: Maker) -> Reply:
        response = self._document.resolve(self._operation["responses"][status])
        content = response.get("content")
        if not content or self._method == "head":
            return Reply(code, media_type="application/json" if self._method == "head" else "")
        media_type, media = self._media(content)
        if not essence(media_type).endswith("json"):
            body = maker.upload().content or b"x"
            return Reply(code, body, media_type, body)
        meant = maker.value(media.get("schema", {}))
        if isinstance(meant, dict) and "items" in meant and {"next_cursor", "total_pages"} & meant.keys():
            meant = self._only_page(media["schema"], maker)
        sent_type = "application/json" if media_type == "*/*" else media_type
        return Reply(code, wire.json_text(meant).encode(), sent_type, meant, maker.changed)

    def pages(self, status: str, maker: Maker, count: int, *, numbered: bool) -> list[Reply]:
        """A list of up to ``count`` pages; of one where the contract has no parameter for a further one."""
        names = {parameter["name"] for parameter in self._parameters if parameter["in"] == "query"}
        count = count if names & {"cursor", "page"} else 1
        replies = [self.answer(status, maker) for _ in range(count)]
        # A list with numbered pages ends with an empty one.
        empty = (position for position, reply in enumerate(replies, 1) if not reply.meant["items"])
        replies = replies[: next(empty, count) if numbered else count]
        first = self._meant.parameters.get(("query", "page"), 1)
        numbers = {"total_pages": first + len(replies) - 1} if numbered else {}
        made = []
        for position, reply in enumerate(replies):
            last = position == len(replies) - 1
            place = {"current_page": first + position} if numbered else {}
            cursor = {"has_more": not last, "next_cursor": None if last else f"cursor/{position} é"}
            made.append(reply.page(**numbers, **place, **cursor))
        return made

    def refusal(self, rng: Random) -> Reply:
        """A refusal that the contract declares, or one that it does not."""
        declared = [
            status for status in self._operation["responses"] if status[0] in "45" or status == "default"
        ]
        if declared and self.successes() != ["default"] and rng.random() < 0.6:
            status = rng.choice(declared)
            code = {"default": 422, "4XX": 404, "5XX": 503}.get(status) or int(status)
            return self._reply(status, code, Maker(self._document, rng, "answer", newer=0.05))
        code, media_type, content = rng.choice(UNDECLARED)
        return Reply(code, b"" if self._method == "head" else content, media_type)

    def _only_page(self, schema: Schema, maker: Maker) -> Schema:
        """A page of a list after which none comes."""
        maker.calm()
        meant: Schema = maker.value(schema)
        page = self._meant.parameters.get(("query", "page"), 1)
        last = {"has_more": False, "next_cursor": None, "current_page": page, "total_pages": page}
        return meant | {key: value for key, value in last.items() if key in meant}

    # --- both ends ------------------------------------------------------------------------------------------

    def request_problems(self, sent: Sequence[httpx.Request], replies: Sequence[Reply]) -> Iterator[str]:
        """Where what arrived is not what was meant: one request for each answer."""
        if len(sent) != len(replies):
            yield f"{len(sent)} requests were sent, not {len(replies)}"
            return
        for request, reply in zip(sent, replies, strict=True):
            yield from self._wrong_target(request)
            yield from self._wrong_headers(request)
            yield from self._wrong_body(request)
            self._turn(reply)

    def _turn(self, page: Reply) -> None:
        """What is meant by the request after a page of a list."""
        following = page.meant if isinstance(page.meant, dict) else {}
        if isinstance(following.get("next_cursor"), str):
            self._meant.parameters["query", "cursor"] = following["next_cursor"]
            # The service refuses it beside a cursor.
            self._meant.parameters.pop(("query", "start_date"), None)
        elif isinstance(following.get("current_page"), int):
            self._meant.parameters["query", "page"] = following["current_page"] + 1

    def _wrong_target(self, request: httpx.Request) -> Iterator[str]:
        path = self._path
        pairs: list[str] = []
        for parameter in self._parameters:
            value = self._meant.parameters.get((parameter["in"], parameter["name"]), NOTHING)
            if parameter["in"] == "path":
                path = path.replace("{" + parameter["name"] + "}", wire.in_path(parameter, value))
            elif parameter["in"] == "query" and value is not NOTHING:
                pairs += wire.in_query(parameter, value)
        target = urlsplit(request.url.raw_path.decode())
        if target.path != path:
            yield f"the path is {target.path!r}, not {path!r}"
        expected = sorted(pairs, key=lambda pair: pair.partition("=")[0])
        got = sorted(filter(None, target.query.split("&")), key=lambda pair: pair.partition("=")[0])
        json_names = {
            wire.escaped(parameter["name"]) for parameter in self._parameters if "content" in parameter
        }
        if [_unordered(pair, json_names) for pair in got] != [
            _unordered(pair, json_names) for pair in expected
        ]:
            yield f"the query is {got}, not {expected}"
        if request.method != self._method.upper():
            yield f"the method is {request.method}"

    def _wrong_headers(self, request: httpx.Request) -> Iterator[str]:
        cookies = []
        for parameter in self._parameters:
            value = self._meant.parameters.get((parameter["in"], parameter["name"]), NOTHING)
            if parameter["in"] == "header":
                expected = None if value is NOTHING else wire.in_header(parameter, value)
                if request.headers.get(parameter["name"]) != expected:
                    got = request.headers.get(parameter["name"])
                    yield f"the header {parameter['name']} is {got!r}, not {expected!r}"
            elif parameter["in"] == "cookie" and value is not NOTHING:
                cookies.append(wire.in_cookie(parameter, value))
        if request.headers.get("cookie", "") != "; ".join(cookies):
            yield f"the cookies are {request.headers.get('cookie')!r}, not {cookies}"
        accepted = [essence(part) for part in request.headers.get("accept", "").split(",")]
        for status in self.successes():
            content = self._document.resolve(self._operation["responses"][status]).get("content")
            if content and self._method != "head" and essence(self._media(content)[0]) not in accepted:
                yield f"the answer of {status} is not accepted: {accepted}"

    def _wrong_body(self, request: httpx.Request) -> Iterator[str]:
        if not self._meant.has_body:
            if request.content or "content-type" in request.headers:
                yield f"a body is sent that is not meant: {request.content[:200]!r}"
            return
        raw = self._document.resolve(self._operation["requestBody"])
        media_type, media = self._media(raw["content"])
        kind = essence(media_type)
        if essence(request.headers.get("content-type", "")) != kind:
            yield f"the body is sent as {request.headers.get('content-type')!r}, not as {kind!r}"
            return
        meant = self._meant.body
        if kind == FORM:
            expected: Any = _sorted(wire.form_parts(meant, media.get("encoding", {})))
            got: Any = _sorted(wire.parts_sent(request))
        elif kind == URLENCODED:
            structured = {name for name, inner in meant.items() if isinstance(inner, dict | list)}
            expected, got = (
                sorted(_field(*pair, structured) for pair in pairs)
                for pairs in (wire.form_fields(meant), wire.fields_sent(request))
            )
        elif kind.endswith("json"):
            expected, got = meant, wire.from_json(request.content)
            if wire.written(expected) == wire.written(got):
                return
        else:
            expected, got = meant.encode(), request.content
        if got != expected:
            yield f"the body is {str(got)[:600]}, not {str(expected)[:600]}"


def _sorted(parts: list[wire.Part]) -> list[str]:
    """The parts of a form by their names, those in JSON with their fields in an order."""
    return sorted(
        f"{name} {file} {kind} {wire.written(wire.from_json(content)) if 'json' in kind else content!r}"
        for name, file, kind, content in parts
    )


def _field(name: str, text: str, structured: Set[str]) -> tuple[str, str]:
    """A field of a form; an object or an array in it is JSON, with its fields in an order."""
    return name, repr(wire.written(said_in(text.encode()))) if name in structured else text


def _unordered(pair: str, json_names: Set[str]) -> Any:
    """A pair of a query; where the contract says that its value is JSON, with its fields in an order."""
    name, _, value = pair.partition("=")
    return (name, wire.written(wire.from_json(unquote(value)))) if name in json_names else pair
