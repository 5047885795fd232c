"""The kinds of faults: what each is called, what it takes, and what it does to one exchange.

A fault wraps the delivery of a request, as a broken network wraps a service: it may change the request,
deliver it not at all, once or twice, and change what comes back. Several on one request wrap each other.
"""

# ruff: noqa: D102 - what meeting a fault does is what its class says
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Protocol, TypeAlias
from urllib.parse import parse_qsl, urlencode

import msgspec
from msgspec import Meta

from pennyform.sandbox.api_errors import unauthorized
from pennyform.sandbox.faults.outcome import NEVER_SENT, PIECES, Ending, RequestOutcome
from pennyform.sandbox.messages import Request, Response

Deliver = Callable[[Request], RequestOutcome]
Method: TypeAlias = Literal["", "GET", "POST", "PUT", "DELETE"]
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=31_536_000)]
_HTML = b"<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><h1>It works</h1></body></html>\n"


class Scene(Protocol):
    """What faults need to know of the world behind them."""

    def deliver_later(self, request: Request, seconds: float) -> None:
        """Hand the request over once ``seconds`` have passed on the sandbox's clock."""

    def as_of(self, seconds: float) -> Deliver:
        """Delivery to the books as they were ``seconds`` ago."""

    def last_page(self, request: Request) -> Response | None:
        """The answer that a cache kept for this very request."""

    def jump(self, seconds: float) -> None:
        """Move the sandbox's clock."""


@dataclass(frozen=True, slots=True)
class Encounter:
    """One fault, one request, and what would have happened otherwise."""

    request: Request
    onward: Deliver
    scene: Scene

    def deliver(self, request: Request | None = None) -> RequestOutcome:
        """Let the request pass, or another one in its place."""
        return self.onward(request or self.request)


class Fault(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
):
    """Which requests a fault meets.

    Attributes:
        method: only this method; any when empty.
        path: pattern of the path below the API's base; ``*`` stands for one segment, ``**`` for any number.
        containing: text that the query or the body must contain, such as an ``external_reference``.
        skip: this many matching requests pass unharmed first.
        times: how many are met then; all when None.
        chance: probability that one of those is met, drawn from the seed.
    """

    method: Method = ""
    path: str = "/**"
    containing: str = ""
    skip: Annotated[int, Meta(ge=0)] = 0
    times: Annotated[int, Meta(ge=1)] | None = None
    chance: Annotated[float, Meta(ge=0, le=1)] = 1.0

    @property
    def kind(self) -> str:
        """The name it goes by in files, headers and the log."""
        return str(self.__struct_config__.tag)

    def to_json(self) -> dict[str, Any]:
        """As it would be written in a file; of a function, only that there is one."""
        written: dict[str, Any] = msgspec.to_builtins(self, enc_hook=lambda function: function.__name__)
        return written

    def meet(self, encounter: Encounter) -> RequestOutcome:
        """Do to one request what this kind does."""
        raise NotImplementedError


class Latency(Fault, frozen=True, kw_only=True, tag="latency"):
    """The answer comes ``seconds`` later. Who gives up before that does not know what was done."""

    seconds: Seconds = 1.0

    def meet(self, encounter: Encounter) -> RequestOutcome:
        outcome = encounter.deliver()
        return replace(outcome, delay=outcome.delay + self.seconds)


class Slow(Fault, frozen=True, kw_only=True, tag="slow"):
    """The body drips in over ``seconds``."""

    seconds: Seconds = 1.0

    def meet(self, encounter: Encounter) -> RequestOutcome:
        return replace(encounter.deliver(), pause=self.seconds / PIECES)


class RateLimited(Fault, frozen=True, kw_only=True, tag="rate_limited"):
    """429; nothing is done. ``retry_after`` None leaves the header out, and text is sent as it is."""

    retry_after: int | str | None = 1

    def meet(self, encounter: Encounter) -> RequestOutcome:
        del encounter  # nothing reaches the service
        after = {} if self.retry_after is None else {"retry-after": str(self.retry_after)}
        return _answered(429, b"Rate limit exceeded. Try again later.\n", "text/plain", after)


class _Refusing(Fault, frozen=True, kw_only=True):
    """The request is carried out all the same when ``after_commit``."""

    after_commit: bool = False

    def _commit(self, encounter: Encounter) -> None:
        if self.after_commit:
            encounter.deliver()


class Unavailable(_Refusing, frozen=True, kw_only=True, tag="unavailable"):
    """A server error."""

    status: Literal[500, 502, 503, 504] = 503

    def meet(self, encounter: Encounter) -> RequestOutcome:
        self._commit(encounter)
        return _answered(self.status, b"upstream is not available\n", "text/plain")


class Html(_Refusing, frozen=True, kw_only=True, tag="html"):
    """A proxy's own page instead of the answer."""

    status: Annotated[int, Meta(ge=200, le=599)] = 200

    def meet(self, encounter: Encounter) -> RequestOutcome:
        self._commit(encounter)
        return _answered(self.status, _HTML, "text/html; charset=utf-8")


class Dropped(_Refusing, frozen=True, kw_only=True, tag="dropped"):
    """No answer at all; ``how`` is what the client's library will say."""

    how: Ending = Ending.DISCONNECTED

    def __post_init__(self) -> None:
        if self.how is Ending.COMPLETE:
            raise ValueError("a dropped exchange is not complete")
        if self.after_commit and self.how in NEVER_SENT:
            raise ValueError(f"after a {self.how} nothing can have been carried out")

    def meet(self, encounter: Encounter) -> RequestOutcome:
        self._commit(encounter)
        return RequestOutcome(None, self.how)


class Truncated(Fault, frozen=True, kw_only=True, tag="truncated"):
    """Only a part of the body arrives, then the connection fails. The request is carried out."""

    part: Annotated[float, Meta(ge=0, lt=1)] = 0.5
    how: Literal[Ending.DISCONNECTED, Ending.READ_ERROR, Ending.READ_TIMEOUT] = Ending.DISCONNECTED

    def meet(self, encounter: Encounter) -> RequestOutcome:
        outcome = encounter.deliver()
        if outcome.response is None or outcome.ending is not Ending.COMPLETE:
            return outcome
        return replace(outcome, ending=self.how, length=int(len(outcome.response.body) * self.part))


class Garbled(Fault, frozen=True, kw_only=True, tag="garbled"):
    """The answer arrives whole, and its body is no JSON. The request is carried out."""

    def meet(self, encounter: Encounter) -> RequestOutcome:
        return _changed(encounter.deliver(), lambda body: body[: len(body) // 2] + b"\xff")


class Duplicate(Fault, frozen=True, kw_only=True, tag="duplicate"):
    """The request arrives twice; the client sees one of the two answers."""

    answer: Literal["first", "second"] = "first"

    def meet(self, encounter: Encounter) -> RequestOutcome:
        first, second = encounter.deliver(), encounter.deliver()
        return first if self.answer == "first" else second


class Late(Fault, frozen=True, kw_only=True, tag="late"):
    """The client gets no answer; the request arrives ``seconds`` later and is carried out then."""

    seconds: Seconds = 5.0
    how: Ending = Ending.READ_TIMEOUT

    def __post_init__(self) -> None:
        if self.how is Ending.COMPLETE or self.how in NEVER_SENT:
            raise ValueError("what arrives late was sent, and not answered")

    def meet(self, encounter: Encounter) -> RequestOutcome:
        encounter.scene.deliver_later(encounter.request, self.seconds)
        return RequestOutcome(None, self.how)


class Lag(Fault, frozen=True, kw_only=True, tag="lag"):
    """Lists show the books as they were ``seconds`` ago; with ``items``, single records do too."""

    method: Method = "GET"
    seconds: Seconds = 2.0
    items: bool = False

    def meet(self, encounter: Encounter) -> RequestOutcome:
        request = encounter.request
        if request.method != "GET" or not (self.items or is_list(request.path)):
            return encounter.deliver()
        return encounter.scene.as_of(self.seconds)(request)


class Stale(Fault, frozen=True, kw_only=True, tag="stale"):
    """A list is answered as it was answered before, when the very same was asked before."""

    method: Method = "GET"

    def meet(self, encounter: Encounter) -> RequestOutcome:
        outcome = encounter.deliver()
        kept = encounter.scene.last_page(encounter.request)
        if kept is None or outcome.response is None or outcome.response.status != kept.status:
            return outcome
        return replace(outcome, response=replace(outcome.response, body=kept.body))


class FilterIgnored(Fault, frozen=True, kw_only=True, tag="filter_ignored"):
    """A list comes back unfiltered."""

    method: Method = "GET"

    def meet(self, encounter: Encounter) -> RequestOutcome:
        request = encounter.request
        kept = [pair for pair in parse_qsl(request.query, keep_blank_values=True) if pair[0] != "filter"]
        return encounter.deliver(replace(request, query=urlencode(kept)))


class NewerContract(Fault, frozen=True, kw_only=True, tag="newer_contract"):
    """The answer has fields and statuses that the contract does not know yet."""

    def meet(self, encounter: Encounter) -> RequestOutcome:
        outcome = encounter.deliver()
        successful = outcome.response is not None and outcome.response.status in (200, 201)
        return _changed(outcome, _grown) if successful else outcome


class TokenExpired(Fault, frozen=True, kw_only=True, tag="token_expired"):
    """401; nothing is done."""

    def meet(self, encounter: Encounter) -> RequestOutcome:
        del encounter  # nothing reaches the service
        problem = unauthorized()
        return _answered(problem.status, msgspec.json.encode(problem.body), "application/json")


class ClockJump(Fault, frozen=True, kw_only=True, tag="clock_jump"):
    """The sandbox's clock moves by ``seconds``, back when negative, before the request is carried out."""

    seconds: Annotated[float, Meta(ge=-31_536_000, le=31_536_000)] = 3600.0

    def meet(self, encounter: Encounter) -> RequestOutcome:
        encounter.scene.jump(self.seconds)
        return encounter.deliver()


class Meanwhile(Fault, frozen=True, kw_only=True, tag="meanwhile"):
    """Something else happens just before the request arrives; for Python only."""

    action: Callable[[Request], object]

    def meet(self, encounter: Encounter) -> RequestOutcome:
        self.action(encounter.request)
        return encounter.deliver()


# What can be written down: in a file, in a header, in a call of the admin endpoint.
AnyFault: TypeAlias = (
    Latency
    | Slow
    | RateLimited
    | Unavailable
    | Html
    | Dropped
    | Truncated
    | Garbled
    | Duplicate
    | Late
    | Lag
    | Stale
    | FilterIgnored
    | NewerContract
    | TokenExpired
    | ClockJump
)


def is_list(path: str) -> bool:
    """Whether a path leads to a collection: its last segment is a word, and not ``me``."""
    last = path.rpartition("/")[2]
    return not last.isdigit() and last != "me"


def _answered(
    status: int, body: bytes, content_type: str, more: dict[str, str] | None = None
) -> RequestOutcome:
    return RequestOutcome(Response(status, {"content-type": content_type, **(more or {})}, body))


def _changed(outcome: RequestOutcome, change: Callable[[bytes], bytes]) -> RequestOutcome:
    if outcome.response is None or not outcome.response.body:
        return outcome
    return replace(outcome, response=replace(outcome.response, body=change(outcome.response.body)))


def _grown(body: bytes) -> bytes:
    try:
        return msgspec.json.encode(_grow(msgspec.json.decode(body)))
    except msgspec.DecodeError:  # another fault got there first
        return body


def _grow(value: Any) -> Any:
    if isinstance(value, list):
        return [_grow(item) for item in value]
    if not isinstance(value, dict):
        return value
    if all(name.isdigit() for name in value):  # a map by id: another key would be another record
        return {name: _grow(inner) for name, inner in value.items()}
    grown = {name: _grow(inner) for name, inner in value.items()}
    if isinstance(grown.get("status"), str):
        grown["status"] = "introduced_later"
    return {**grown, "introduced_later": {"since": "2099-01-01"}}
