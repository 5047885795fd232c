"""The kinds of faults: what each is called, what it takes, and what it does to one request.

A fault is a middleware: it wraps the delivery of a request as a broken network wraps a service. It may change
the request, deliver it not at all, once or twice, and change the response. Several on one request wrap each
other.
"""

# ruff: noqa: D102 - what applying a fault does is what its class says
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Literal, TypeAlias
from urllib.parse import parse_qsl, urlencode

import msgspec
from msgspec import Meta

from pennyform.sandbox.api_errors import unauthorized
from pennyform.sandbox.faults.fault import (
    NEVER_SENT,
    PIECES,
    Ending,
    Fault,
    FaultContext,
    Method,
    RequestOutcome,
    is_list,
)
from pennyform.sandbox.json_types import Json
from pennyform.sandbox.messages import Request, Response

_Integer: TypeAlias = Annotated[int, Meta(ge=-(2**53), le=2**53)]
_ShortText: TypeAlias = Annotated[str, Meta(max_length=200)]
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=31_536_000)]
WrongPart: TypeAlias = Literal[
    "total",
    "vat_rate",
    "vat_amount",
    "missing_line",
    "additional_line",
    "line_price",
    "line_quantity",
    "line_text",
    "buyer",
    "number",
    "date",
    "deadline",
    "currency",
    "kind",
    "no_xml",
    "broken_xml",
    "other_invoice",
    "truncated",
    "no_pdf",
]
# The service makes documents: this header asks it for a wrong one.
DOCUMENT_HEADER = "x-sandbox-document"
_HTML = b"<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><h1>It works</h1></body></html>\n"


class Latency(Fault, frozen=True, kw_only=True, tag="latency"):
    """The response comes ``seconds`` later. A client that times out before does not know what was done."""

    seconds: Seconds = 1.0

    def apply(self, context: FaultContext) -> RequestOutcome:
        outcome = context.deliver()
        return replace(outcome, delay=outcome.delay + self.seconds)


class Slow(Fault, frozen=True, kw_only=True, tag="slow"):
    """The body arrives in pieces over ``seconds``."""

    seconds: Seconds = 1.0

    def apply(self, context: FaultContext) -> RequestOutcome:
        return replace(context.deliver(), pause=self.seconds / PIECES)


class RateLimited(Fault, frozen=True, kw_only=True, tag="rate_limited"):
    """429; nothing is done. ``retry_after`` None leaves the header out, and text is sent as it is."""

    retry_after: _Integer | _ShortText | None = 1

    def apply(self, context: FaultContext) -> RequestOutcome:
        del context  # nothing reaches the service
        after = {} if self.retry_after is None else {"retry-after": str(self.retry_after)}
        return _outcome(429, b"Rate limit exceeded. Try again later.\n", "text/plain", after)


class _FailingFault(Fault, frozen=True, kw_only=True):
    """The request is carried out nevertheless when ``after_commit``."""

    after_commit: bool = False

    def _deliver_if_after_commit(self, context: FaultContext) -> None:
        if self.after_commit:
            context.deliver()


class Unavailable(_FailingFault, frozen=True, kw_only=True, tag="unavailable"):
    """A server error."""

    status: Literal[500, 502, 503, 504] = 503

    def apply(self, context: FaultContext) -> RequestOutcome:
        self._deliver_if_after_commit(context)
        return _outcome(self.status, b"upstream is not available\n", "text/plain")


class Html(_FailingFault, frozen=True, kw_only=True, tag="html"):
    """A proxy's own page instead of the response."""

    status: Annotated[int, Meta(ge=200, le=599)] = 200

    def __post_init__(self) -> None:
        if self.status in (204, 205, 304):
            raise ValueError(f"an answer with status {self.status} has no page")

    def apply(self, context: FaultContext) -> RequestOutcome:
        self._deliver_if_after_commit(context)
        return _outcome(self.status, _HTML, "text/html; charset=utf-8")


class Dropped(_FailingFault, frozen=True, kw_only=True, tag="dropped"):
    """No response at all; ``how`` is what the client's library will say."""

    how: Ending = Ending.DISCONNECTED

    def __post_init__(self) -> None:
        if self.how is Ending.COMPLETE:
            raise ValueError("a dropped exchange is not complete")
        if self.after_commit and self.how in NEVER_SENT:
            raise ValueError(f"after a {self.how} nothing can have been carried out")

    def apply(self, context: FaultContext) -> RequestOutcome:
        self._deliver_if_after_commit(context)
        return RequestOutcome(None, self.how)


class Truncated(Fault, frozen=True, kw_only=True, tag="truncated"):
    """Only a part of the body arrives, then the connection fails. The request is carried out."""

    part: Annotated[float, Meta(ge=0, lt=1)] = 0.5
    how: Literal[Ending.DISCONNECTED, Ending.READ_ERROR, Ending.READ_TIMEOUT] = Ending.DISCONNECTED

    def apply(self, context: FaultContext) -> RequestOutcome:
        outcome = context.deliver()
        if outcome.response is None or outcome.ending is not Ending.COMPLETE:
            return outcome
        return replace(outcome, ending=self.how, length=int(len(outcome.response.body) * self.part))


class Garbled(Fault, frozen=True, kw_only=True, tag="garbled"):
    """The response arrives whole, and its body is no JSON. The request is carried out."""

    def apply(self, context: FaultContext) -> RequestOutcome:
        return _map_body(context.deliver(), lambda body: body[: len(body) // 2] + b"\xff")


class Duplicate(Fault, frozen=True, kw_only=True, tag="duplicate"):
    """The request arrives twice; the client sees one of the two responses."""

    answer: Literal["first", "second"] = "first"

    def apply(self, context: FaultContext) -> RequestOutcome:
        first, second = context.deliver(), context.deliver()
        return first if self.answer == "first" else second


class Late(Fault, frozen=True, kw_only=True, tag="late"):
    """The client gets no response; the request arrives ``seconds`` later and is carried out then."""

    seconds: Seconds = 5.0
    how: Ending = Ending.READ_TIMEOUT

    def __post_init__(self) -> None:
        if self.how is Ending.COMPLETE or self.how in NEVER_SENT:
            raise ValueError("what arrives late was sent, and not answered")

    def apply(self, context: FaultContext) -> RequestOutcome:
        context.deliver_later(self.seconds)
        return RequestOutcome(None, self.how)


class Lag(Fault, frozen=True, kw_only=True, tag="lag"):
    """Lists show the records as they were ``seconds`` ago; with ``items``, single records do too."""

    method: Method = "GET"
    seconds: Seconds = 2.0
    items: bool = False

    def apply(self, context: FaultContext) -> RequestOutcome:
        request = context.request
        if request.method != "GET" or not (self.items or is_list(request.path)):
            return context.deliver()
        return context.deliver_as_of(self.seconds)


class Stale(Fault, frozen=True, kw_only=True, tag="stale"):
    """A list comes back as it came back before, when the very same request was made before."""

    method: Method = "GET"

    def apply(self, context: FaultContext) -> RequestOutcome:
        outcome = context.deliver()
        page = context.cached_page()
        if page is None or outcome.response is None or outcome.response.status != page.status:
            return outcome
        return replace(outcome, response=replace(outcome.response, body=page.body))


class FilterIgnored(Fault, frozen=True, kw_only=True, tag="filter_ignored"):
    """A list comes back unfiltered."""

    method: Method = "GET"

    def apply(self, context: FaultContext) -> RequestOutcome:
        request = context.request
        query = [pair for pair in parse_qsl(request.query, keep_blank_values=True) if pair[0] != "filter"]
        return context.deliver(replace(request, query=urlencode(query)))


class NewerContract(Fault, frozen=True, kw_only=True, tag="newer_contract"):
    """The response has fields and statuses that the contract does not know yet."""

    def apply(self, context: FaultContext) -> RequestOutcome:
        outcome = context.deliver()
        successful = outcome.response is not None and outcome.response.status in (200, 201)
        return _map_body(outcome, _add_unknown_fields) if successful else outcome


class TokenExpired(Fault, frozen=True, kw_only=True, tag="token_expired"):
    """401; nothing is done."""

    def apply(self, context: FaultContext) -> RequestOutcome:
        del context  # nothing reaches the service
        response = unauthorized().response()
        return _outcome(response.status, response.body, "application/json")


class ClockJump(Fault, frozen=True, kw_only=True, tag="clock_jump"):
    """The sandbox's clock moves by ``seconds``, back when negative, before the request is carried out."""

    seconds: Annotated[float, Meta(ge=-31_536_000, le=31_536_000)] = 3600.0

    def apply(self, context: FaultContext) -> RequestOutcome:
        context.advance_clock(self.seconds)
        return context.deliver()


class WrongDocument(Fault, frozen=True, kw_only=True, tag="wrong_document"):
    """The file of an invoice is not what was issued: ``what`` says in what."""

    method: Method = "GET"
    path: Annotated[str, Meta(max_length=200)] = "/public/files/**"
    what: WrongPart = "total"

    def apply(self, context: FaultContext) -> RequestOutcome:
        headers = {**context.request.headers, DOCUMENT_HEADER: self.what}
        return context.deliver(replace(context.request, headers=headers))


class Meanwhile(Fault, frozen=True, kw_only=True, tag="meanwhile"):
    """Something else happens just before the request arrives; for Python only."""

    action: Callable[[Request], object]

    def apply(self, context: FaultContext) -> RequestOutcome:
        self.action(context.request)
        return context.deliver()


# What can be written as text: in a file, in a header, in a request to /_sandbox; by the name of the kind.
KINDS: Mapping[str, type[Fault]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (
        *(Latency, Slow, RateLimited, Unavailable, Html, Dropped, Truncated, Garbled, Duplicate),
        *(Late, Lag, Stale, FilterIgnored, NewerContract, TokenExpired, ClockJump, WrongDocument),
    )
}


def _outcome(
    status: int, body: bytes, content_type: str, headers: dict[str, str] | None = None
) -> RequestOutcome:
    return RequestOutcome(Response(status, {"content-type": content_type, **(headers or {})}, body))


def _map_body(outcome: RequestOutcome, change: Callable[[bytes], bytes]) -> RequestOutcome:
    if outcome.response is None or not outcome.response.body:
        return outcome
    return replace(outcome, response=replace(outcome.response, body=change(outcome.response.body)))


def _add_unknown_fields(body: bytes) -> bytes:
    def extend(value: Json) -> Json:
        if isinstance(value, list):
            return [extend(item) for item in value]
        if not isinstance(value, dict):
            return value
        extended = {name: extend(inner) for name, inner in value.items()}
        if all(name.isdigit() for name in value):  # a map by id: another key would be another record
            return extended
        if isinstance(extended.get("status"), str):
            extended["status"] = "introduced_later"
        return {**extended, "introduced_later": {"since": "2099-01-01"}}

    try:
        return msgspec.json.encode(extend(msgspec.json.decode(body)))
    except msgspec.DecodeError:  # another fault has made it something else
        return body
