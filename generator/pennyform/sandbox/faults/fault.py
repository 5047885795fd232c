"""What a fault is: which requests it applies to, its outcome on a network, and what faults remember."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from itertools import pairwise
from typing import Annotated, Literal, Protocol, TypeAlias

import msgspec
from msgspec import Meta

from pennyform.sandbox.clock import AdjustableClock
from pennyform.sandbox.json_types import JsonObject
from pennyform.sandbox.messages import BASE_PATH, Request, Response

# A slow body arrives in this many pieces, or in one per byte when it is shorter.
PIECES = 10
# A snapshot is a whole database, and one is taken before each write while a lag is scheduled.
_MOST_SNAPSHOTS = 256
_MOST_PAGES = 1000
_MOST_LATE = 1000
_EVERYTHING = "/**"
Method: TypeAlias = Literal["", "GET", "POST", "PUT", "DELETE"]


class Ending(StrEnum):
    """How a request ends, by the name of what a client's HTTP library reports.

    Over a port, what happens before a connection stands cannot be shown: those endings close it at once.
    """

    COMPLETE = "complete"
    CONNECT_ERROR = "connect_error"
    CONNECT_TIMEOUT = "connect_timeout"
    POOL_TIMEOUT = "pool_timeout"
    WRITE_ERROR = "write_error"
    WRITE_TIMEOUT = "write_timeout"
    READ_ERROR = "read_error"
    READ_TIMEOUT = "read_timeout"
    DISCONNECTED = "disconnected"


NEVER_SENT = frozenset({Ending.CONNECT_ERROR, Ending.CONNECT_TIMEOUT, Ending.POOL_TIMEOUT})


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """The outcome of one request.

    Attributes:
        response: None when no response begins to arrive.
        ending: ``COMPLETE``, or what interrupts it.
        length: bytes of the body that arrive before the ending; the headers promise all of them.
        delay: seconds until the response begins.
        pause: seconds between the pieces of the body; 0 sends it in one piece.
        applied: kinds of the faults that were applied, outermost first.
    """

    response: Response | None
    ending: Ending = Ending.COMPLETE
    length: int = 0
    delay: float = 0.0
    pause: float = 0.0
    applied: tuple[str, ...] = ()

    def pieces(self) -> list[bytes]:
        """The parts of the body that arrive, in order."""
        body = self.response.body if self.response else b""
        if self.ending is not Ending.COMPLETE:
            body = body[: self.length]
        count = PIECES if self.pause else 1
        edges = [len(body) * edge // count for edge in range(count + 1)]
        return [body[start:end] for start, end in pairwise(edges) if start < end]


Deliver = Callable[[Request], RequestOutcome]


class Service(Protocol):
    """The service that requests are delivered to."""

    @property
    def clock(self) -> AdjustableClock:
        """The service's clock."""

    def handle(self, request: Request) -> Response:
        """Answer one request."""

    def copy(self) -> bytes:
        """A snapshot of everything that is stored."""

    def handle_as_of(self, snapshot: bytes, request: Request) -> Response:
        """Answer one request from a snapshot; nothing that it writes is stored."""


@dataclass(frozen=True, slots=True)
class _LateRequest:
    due: datetime
    request: Request


class FaultState:
    """The memory of one schedule of faults. Snapshots and pages are kept only while a fault needs them."""

    def __init__(self) -> None:
        self._late: list[_LateRequest] = []
        self._snapshots: deque[tuple[datetime, bytes]] = deque(maxlen=_MOST_SNAPSHOTS)
        self._pages: OrderedDict[tuple[str, ...], Response] = OrderedDict()
        self._longest_lag: float | None = None
        self._caching = False

    @property
    def late(self) -> int:
        """How many requests are still on their way."""
        return len(self._late)

    def prepare(self, *, longest_lag: float | None, cache: bool) -> None:
        """Begin to remember what the scheduled faults will need, or stop.

        Snapshots are needed for ``longest_lag`` seconds (None: not at all), list pages when ``cache``.
        """
        self._longest_lag, self._caching = longest_lag, cache
        if longest_lag is None:
            self._snapshots.clear()
        if not cache:
            self._pages.clear()

    def deliver_due(self, service: Service) -> None:
        """Deliver the late requests that are due by now, in the order of sending."""
        now = service.clock()
        due = [late for late in self._late if late.due <= now]
        self._late = [late for late in self._late if late.due > now]
        for late in due:
            self.deliver(late.request, service)

    def deliver_later(self, request: Request, due: datetime) -> None:
        """Put a request on its way; one too many never arrives."""
        if len(self._late) < _MOST_LATE:
            self._late.append(_LateRequest(due, request))

    def deliver(self, request: Request, service: Service, *, cached: bool = True) -> RequestOutcome:
        """Deliver a request now. A list page that comes back is stored when ``cached``."""
        if request.method != "GET" and self._longest_lag is not None:
            now = service.clock()
            while self._snapshots and self._snapshots[0][0] <= now - timedelta(seconds=self._longest_lag):
                self._snapshots.popleft()
            self._snapshots.append((now, service.copy()))
        response = service.handle(request)
        if cached and self._caching and response.status == 200 and is_list(request.path):
            self._pages[_cache_key(request)] = response
            if len(self._pages) > _MOST_PAGES:
                self._pages.popitem(last=False)
        return RequestOutcome(response)

    def deliver_as_of(self, moment: datetime, request: Request, service: Service) -> RequestOutcome:
        """Let the records of an earlier moment answer a request."""
        # Each snapshot is from just before a write: the first one taken after the moment shows it.
        snapshot = next((snapshot for until, snapshot in self._snapshots if until > moment), None)
        if snapshot is None:
            return self.deliver(request, service)
        return RequestOutcome(service.handle_as_of(snapshot, request))

    def cached_page(self, request: Request) -> Response | None:
        """The response that this very request got before."""
        return self._pages.get(_cache_key(request))


@dataclass(frozen=True, slots=True)
class FaultContext:
    """One request that a fault is applied to.

    Attributes:
        request: as the client sent it, or as a fault that wraps this one changed it.
        next: delivers to the next fault, or to the service.
        state: what faults remember.
        service: behind them.
    """

    request: Request
    next: Deliver
    state: FaultState
    service: Service

    def deliver(self, request: Request | None = None) -> RequestOutcome:
        """Let the request pass, or another one in its place."""
        return self.next(request or self.request)

    def deliver_later(self, seconds: float) -> None:
        """Deliver the request once the sandbox's clock has moved on by ``seconds``."""
        self.state.deliver_later(self.request, self.service.clock() + timedelta(seconds=seconds))

    def deliver_as_of(self, seconds: float) -> RequestOutcome:
        """Let the records of ``seconds`` ago answer the request."""
        moment = self.service.clock() - timedelta(seconds=seconds)
        return self.state.deliver_as_of(moment, self.request, self.service)

    def cached_page(self) -> Response | None:
        """The response that a cache holds for this very request."""
        return self.state.cached_page(self.request)

    def advance_clock(self, seconds: float) -> None:
        """Move the sandbox's clock, back when ``seconds`` is negative."""
        self.service.clock.advance(timedelta(seconds=seconds))


def is_list(path: str) -> bool:
    """Whether a path leads to a collection: its last segment is a word, and not ``me``."""
    last = path.rpartition("/")[2]
    return not last.isdigit() and last != "me"


def _cache_key(request: Request) -> tuple[str, ...]:
    return request.path, request.query, request.headers.get("authorization", "")


class Fault(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
):
    """Which requests a fault applies to.

    Attributes:
        method: only this method; any when empty.
        path: pattern of the path below the API's base; ``*`` stands for one segment, ``**`` for any number.
        containing: text that the query or the body must contain, such as an ``external_reference``.
        skip: this many matching requests pass untouched first.
        times: to how many it applies then; to all when None.
        chance: probability for each of those, drawn from the seed.
    """

    method: Method = ""
    path: Annotated[str, Meta(max_length=200)] = _EVERYTHING
    containing: Annotated[str, Meta(max_length=1000)] = ""
    skip: Annotated[int, Meta(ge=0, le=1_000_000_000)] = 0
    times: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None
    chance: Annotated[float, Meta(ge=0, le=1)] = 1.0

    @property
    def kind(self) -> str:
        """The name it goes by in files, headers and the log."""
        return str(self.__struct_config__.tag)

    def to_json(self) -> JsonObject:
        """As it would be written in a file; of a function, only its name."""
        value: JsonObject = msgspec.to_builtins(self, enc_hook=lambda function: function.__name__)
        return value

    def matches(self, request: Request) -> bool:
        """Whether method, path and text match; ``skip``, ``times`` and ``chance`` are counted elsewhere."""
        if self.method and self.method != request.method:
            return False
        if not path_matches(self.path, request.path.removeprefix(BASE_PATH)):
            return False
        text = self.containing
        return not text or text in request.query or text.encode() in request.body

    def apply(self, context: FaultContext) -> RequestOutcome:
        """Deliver one request with this fault."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A pattern as sets of its tokens, each set an integer with a bit per token.

    Attributes:
        characters: by character, the tokens that are that character.
        segments: the tokens ``*``.
        anything: the tokens ``**``.
        end: the bit after the last token.
    """

    characters: dict[str, int]
    segments: int
    anything: int
    end: int


@cache
def _read_pattern(text: str) -> _Pattern:
    tokens: list[str] = []
    for character in text:
        if character == "*" and tokens[-1:] == ["*"]:
            tokens[-1] = "**"
        elif character == "*" and tokens[-1:] == ["**"]:
            tokens.append("*")
        else:
            tokens.append(character)
    bits = {
        token: sum(1 << index for index, other in enumerate(tokens) if other == token)
        for token in set(tokens)
    }
    return _Pattern(bits, bits.pop("*", 0), bits.pop("**", 0), 1 << len(tokens))


def path_matches(pattern: str, path: str) -> bool:
    """Whether a path fits a pattern, in one pass: ``*`` is one segment or a part of it, ``**`` anything.

    No regular expression: one with several wildcards would try all ways to divide the path among them.
    """
    if pattern == _EVERYTHING and path.startswith("/"):
        return True
    tokens = _read_pattern(pattern)
    # Which tokens may come next; the bit after the last one says that the pattern is through.
    state = _skip_anything(1, tokens)
    for character in path:
        following = (state & tokens.characters.get(character, 0)) << 1 | state & tokens.anything
        if character != "/":
            following |= (state & tokens.segments) << 1 | state & tokens.segments
        state = _skip_anything(following, tokens)
        if not state:
            return False
    return bool(state & tokens.end)


def _skip_anything(state: int, tokens: _Pattern) -> int:
    """The state with what may come next when each ``**`` stands for nothing."""
    skipped = state | (state & tokens.anything) << 1
    while skipped != state:
        state, skipped = skipped, skipped | (skipped & tokens.anything) << 1
    return state
