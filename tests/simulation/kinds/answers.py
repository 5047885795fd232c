"""What answers can be instead of what the contract says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
from pennyform.sandbox.faults import (
    Ending,
    Fault,
    Garbled,
    Html,
    NewerContract,
    RateLimited,
    RequestOutcome,
    Slow,
    Truncated,
    Unavailable,
)
from pennyform.sandbox.faults.fault import FaultContext
from pennyform.sandbox.messages import Response

from tests.simulation.kinds.kind import Kind
from tests.simulation.kinds.reads import lagging
from tests.simulation.kinds.storm import Storm


class Empty(Fault, frozen=True, kw_only=True, tag="empty"):
    """The request is carried out; the answer has a status and nothing else."""

    def apply(self, context: FaultContext) -> RequestOutcome:
        return _altered(context.deliver(), body=b"")


class WrongType(Fault, frozen=True, kw_only=True, tag="wrong_type"):
    """The request is carried out; the answer calls itself a picture."""

    def apply(self, context: FaultContext) -> RequestOutcome:
        return _altered(context.deliver(), headers={"content-type": "image/png"})


class Poorer(Fault, frozen=True, kw_only=True, tag="poorer"):
    """Fields that the contract promises are missing from the answer, a few of them."""

    names: tuple[str, ...]

    def apply(self, context: FaultContext) -> RequestOutcome:
        outcome = context.deliver()
        if outcome.response is None or outcome.response.status not in (200, 201):
            return outcome
        try:
            value = msgspec.json.decode(outcome.response.body)
        except msgspec.DecodeError:
            return outcome
        return _altered(outcome, body=msgspec.json.encode(_without(value, self.names)))


class Status(Fault, frozen=True, kw_only=True, tag="status"):
    """A status that is none of the contract's, such as a redirect; nothing is done."""

    status: int

    def apply(self, context: FaultContext) -> RequestOutcome:
        headers = {"content-type": "text/plain", "location": "https://elsewhere.example/"}
        return RequestOutcome(Response(self.status, headers, b"see elsewhere\n"))


class Echo(Fault, frozen=True, kw_only=True, tag="echo"):
    """An error page that repeats the request with all its headers, the token among them."""

    status: int

    def apply(self, context: FaultContext) -> RequestOutcome:
        said = "\n".join(f"{name}: {value}" for name, value in context.request.headers.items())
        return RequestOutcome(Response(self.status, {"content-type": "text/plain"}, said.encode()))


def _altered(
    outcome: RequestOutcome, *, body: bytes | None = None, headers: dict[str, str] | None = None
) -> RequestOutcome:
    response = outcome.response
    if response is None:
        return outcome
    changed = replace(
        response,
        body=response.body if body is None else body,
        headers={**response.headers, **(headers or {})},
    )
    return replace(outcome, response=changed)


def _without(value: Any, names: tuple[str, ...]) -> Any:
    if isinstance(value, list):
        return [_without(item, names) for item in value]
    if isinstance(value, dict):
        return {name: _without(inner, names) for name, inner in value.items() if name not in names}
    return value


_MISSING = (
    "id",
    "status",
    "label",
    "currency_amount",
    "draft",
    "paid",
    "items",
    "external_reference",
    "has_more",
    "lines",
)


def _poorer(storm: Storm) -> None:
    storm.on_any(Poorer, names=tuple(storm.rng.sample(_MISSING, 2)))


def _unavailable(status: int, *, after: bool) -> Kind:
    when = "after" if after else "before"
    return Kind(
        f"{status} {when} it was carried out",
        lambda storm: storm.on_any(Unavailable, status=status, after_commit=after),
    )


def _late_success(storm: Storm) -> None:
    storm.on_write(Unavailable, after_commit=True)


def _limited(name: str, *choices: int | str | None, times: int = 3) -> Kind:
    def brew(storm: Storm) -> None:
        storm.on_any(RateLimited, retry_after=storm.rng.choice(choices), times=storm.rng.randint(1, times))

    return Kind(name, brew)


KINDS = (
    *(_unavailable(status, after=after) for status in (500, 502, 503, 504) for after in (False, True)),
    Kind("503 after it was carried out, and look-ups lag behind", lagging(_late_success)),
    Kind("everything is 503 for a while", lambda storm: storm.fault(Unavailable, {}, times=40)),
    _limited("429 with retry-after", 1, 2, 5, times=8),
    _limited("429 without retry-after", None, times=8),
    _limited("429 with a retry-after that is no number", "Wed, 21 Oct 2026 07:28:00 GMT", "soon", times=8),
    _limited("429 that asks for an hour", 3600),
    _limited("429 again and again", 1, 3, times=40),
    Kind("truncated body", lambda storm: storm.on_any(Truncated, part=storm.rng.random())),
    Kind(
        "truncated body, then silence",
        lambda storm: storm.on_any(Truncated, part=storm.rng.random(), how=Ending.READ_TIMEOUT),
    ),
    Kind("a proxy's page with 200", lambda storm: storm.on_any(Html)),
    Kind("a proxy's page with 200, carried out", lambda storm: storm.on_any(Html, after_commit=True)),
    Kind("a proxy's page with 502", lambda storm: storm.on_any(Html, status=502, after_commit=True)),
    Kind("empty body", lambda storm: storm.on_any(Empty)),
    Kind("wrong content type", lambda storm: storm.on_any(WrongType)),
    Kind("undecodable JSON", lambda storm: storm.on_any(Garbled)),
    Kind("body is sent slowly", lambda storm: storm.on_any(Slow, seconds=storm.rng.uniform(5, 200))),
    Kind("body is sent without end", lambda storm: storm.on_any(Slow, seconds=storm.rng.uniform(300, 2000))),
    Kind("unknown fields and enum values", lambda storm: storm.on_any(NewerContract, times=50)),
    Kind("missing fields", _poorer),
    Kind("redirect", lambda storm: storm.on_any(Status, status=storm.rng.choice((302, 307)))),
    Kind("408", lambda storm: storm.on_any(Status, status=408)),
    Kind(
        "error page repeats the token",
        lambda storm: storm.on_any(Echo, status=storm.rng.choice((400, 500, 200, 403))),
    ),
)
