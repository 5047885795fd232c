# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""One call, without any input or output: what to send, when, how often, and what the answer means.

:class:`Exchange` decides; the two cores in ``_transport`` only send and wait as it says. That is how the
synchronous and the asynchronous client cannot behave differently.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Generic, NamedTuple, NoReturn, TypeAlias, TypeVar, cast

import httpx
import msgspec

from . import _parameters as parameters
from ._codec import (
    Request,
    Variants,
    as_far_as_fits,
    bounded,
    checked,
    contents,
    decoder,
    encode,
    explained,
    is_list,
    is_mapping,
    plain,
    prepared,
)
from ._connections.failures import Fate, fate
from ._contract import BASE_PATH, PACKAGE, __version__
from ._limits import RateLimiter
from ._parameters import NO_STYLES, NOTHING, Styles, Values
from ._secrets.records import log_answer, log_failure, log_request, log_wait
from ._secrets.redaction import Redactor
from .errors import NotSentError, OutcomeUnknownError, SkippedOperationError, for_status, seconds
from .types import File

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

USER_AGENT = (
    f"{PACKAGE}/{__version__} python/{'.'.join(map(str, sys.version_info[:3]))} httpx/{httpx.__version__}"
)
_BACKOFF_STATUSES = frozenset({500, 502, 503, 504})
_LONGEST_TEXT = 500
_MESSAGE_FIELDS = ("message", "error", "errors", "details")


class Operation(msgspec.Struct, Generic[T_co], frozen=True):
    """One operation of the contract.

    ``answer`` names the class in ``models`` that a success carries (``module.Class``), is ``bytes`` for a
    body that is not JSON, or None when a success has no body; it is looked up when the first answer arrives,
    so that no model is imported before. ``further`` are the answers of further statuses.

    ``accept`` and ``sends`` are media types; ``parts`` are those of a form's parts, and ``decimals`` is how
    those of a body without fields are written, where the contract says so. ``styles`` are those of parameters
    by their location, see ``_parameters``.
    """

    name: str
    method: str
    path: str
    answer: str | None = None
    further: Mapping[int, str | None] = {}
    accept: str = "application/json"
    sends: str = "application/json"
    parts: Mapping[str, str] = {}
    decimals: str = "free"
    styles: Mapping[str, Styles] = {}

    @property
    def repeatable(self) -> bool:
        """Whether carrying it out twice is the same as once, however the first attempt ended."""
        return self.method in {"GET", "HEAD"}


class Reply(NamedTuple):
    """An answer that was read to its end."""

    status: int
    headers: httpx.Headers
    body: bytes


R = TypeVar("R")
Steps: TypeAlias = Generator[float | httpx.Request, Reply | Exception | None, R]
"""What to wait for (seconds) or to send, one after the other; each request is answered by what came of it."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often, and how long, a call is tried again by itself.

    A 429 and a connection that never opened are tried again for every operation, because nothing was done;
    5xx and broken connections only for reads. ``attempts`` counts the first one too; ``backoff`` is the first
    wait in seconds, doubled each time; no single wait is longer than ``max_wait``: a service that asks for
    more gets its 429 passed on. A wait that nobody asked for is shortened at random, by up to ``jitter`` of
    it, so that programs that failed together do not come back together.
    """

    attempts: int = 4
    backoff: float = 0.5
    max_wait: float = 60.0
    jitter: float = 0.25


def user_agent(app: str) -> str:
    """What says who calls: the app, if it is named, this package, Python and the HTTP library.

    Raises:
        ValueError: ``app`` is no text of a header.
    """
    if not app.isascii() or not app.isprintable():
        raise ValueError("app is a name such as my-shop/1.2, in printable ASCII")
    return f"{app} {USER_AGENT}".strip()


def _always_zero() -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """The rules of one client: where requests go, under which rate, and how often."""

    origin: str
    retries: Retries
    limiter: RateLimiter | None
    secrets: Callable[[], Iterable[str]]
    strict: bool = False
    random: Callable[[], float] = _always_zero
    user_agent: str = USER_AGENT

    def __repr__(self) -> str:
        return f"Exchange({self.origin!r})"

    def redacted(self, request: httpx.Request, outcome: Reply | Exception) -> Reply | Exception:
        """What came of a request as it goes any further: an answer without the secrets that it repeats."""
        if isinstance(outcome, Exception):
            return outcome
        redact = self._redactor(request)
        body, headers, raw = redact.in_bytes(outcome.body), outcome.headers, outcome.headers.raw
        # Hardly any answer repeats a secret: all headers are looked through at once, with line ends between.
        text = b"\n".join([part for header in raw for part in header])
        if redact.in_bytes(text) is not text:
            headers = httpx.Headers([(redact.in_bytes(name), redact.in_bytes(value)) for name, value in raw])
        same = body is outcome.body and headers is outcome.headers
        return outcome if same else Reply(outcome.status, headers, body)

    def _redactor(self, request: httpx.Request) -> Redactor:
        # An httpx.Auth of somebody else's does not tell its secrets, but they were sent.
        sent = request.headers.get("authorization", "").rpartition(" ")[2]
        return Redactor((*self.secrets(), sent))

    def request(
        self,
        operation: Operation[Any],
        path: Values,
        query: Values,
        body: object | None,
        headers: Values = NOTHING,
        cookies: Values = NOTHING,
    ) -> httpx.Request:
        """The HTTP request of a call; a parameter that is ``None`` is not sent."""
        styles = operation.styles
        sent = {
            "accept": operation.accept,
            "accept-encoding": "gzip, deflate",
            "user-agent": self.user_agent,
        }
        place = parameters.path(operation.path, path, styles.get("path", NO_STYLES))
        url = self.origin + BASE_PATH + place + parameters.query(query, styles.get("query", NO_STYLES))
        if headers:
            sent |= parameters.headers(headers, styles.get("header", NO_STYLES))
        if cookies and (text := parameters.cookies(cookies, styles.get("cookie", NO_STYLES))):
            sent["cookie"] = text
        if body is None:
            return httpx.Request(operation.method, url, headers=sent)
        if operation.sends == MULTIPART:
            # Each part in the form of a file: httpx then sends multipart whether there is a file or not.
            files = list(_parts(body, operation.parts))
            return httpx.Request(operation.method, url, headers=sent, files=files)
        sent["content-type"] = operation.sends
        if operation.sends == URLENCODED:
            content = parameters.form({name: _form_value(value) for name, value in _fields(body)})
        elif operation.sends.endswith("json"):
            value = body if isinstance(body, Request) else prepared("body", body, operation.decimals)
            content = encode(value)
        else:
            content = cast("bytes", body)
        return httpx.Request(operation.method, url, headers=sent, content=content)

    def steps(self, operation: Operation[Any], request: httpx.Request) -> Steps[Reply]:
        """Drive a call: a number yielded is to be waited for in seconds, a request is to be sent.

        Returns:
            The answer of a success.

        Raises:
            NotSentError, OutcomeUnknownError, APIError: see :mod:`.errors`.
        """
        attempt, turn = 0, 0.0
        while True:
            attempt += 1
            if self.limiter is not None:
                turn = yield from self.limiter.take(operation.name)
            log_request(operation.name, operation.path, request, attempt)
            outcome = cast("Reply | Exception", (yield request))
            if isinstance(outcome, Reply):
                log_answer(operation.name, *outcome)
            else:
                log_failure(operation.name, outcome)
            if self.limiter is not None and isinstance(outcome, Reply):
                self.limiter.observe(outcome.headers, turn)
            wait = self._wait(operation, outcome, attempt)
            if wait is None:
                return self._settle(operation, request, outcome)
            log_wait(operation.name, wait)
            yield wait

    def _wait(self, operation: Operation[Any], outcome: Reply | Exception, attempt: int) -> float | None:
        if isinstance(outcome, Reply) and outcome.status < 400:
            return None
        backoff = min(self.retries.backoff * 2 ** (attempt - 1), self.retries.max_wait)
        backoff *= 1 - self.retries.jitter * self.random()
        wait: float | None = None
        if isinstance(outcome, Reply):
            if outcome.status == 429:
                wait = self._pause(outcome.headers, backoff)
            elif outcome.status in _BACKOFF_STATUSES and operation.repeatable:
                wait = backoff
        elif operation.repeatable or fate(outcome) is Fate.NOT_SENT:
            wait = backoff
        return wait if attempt < self.retries.attempts else None

    def _pause(self, headers: httpx.Headers, backoff: float) -> float | None:
        requested = seconds(headers.get("retry-after"))
        wait = backoff if requested is None else requested
        # Who will not wait so long does not ask again either: that goes for all calls with this token.
        if self.limiter is not None:
            self.limiter.pause(wait)
        return wait if wait <= self.retries.max_wait else None

    def _settle(self, operation: Operation[Any], request: httpx.Request, outcome: Reply | Exception) -> Reply:
        if isinstance(outcome, Reply):
            if 200 <= outcome.status < 300:
                return outcome
            raise self._refusal(operation, outcome)
        what = self._redactor(request)(f"{type(outcome).__name__}: {outcome}".removesuffix(": "))
        # Without its cause, which holds the request and that the secrets.
        if fate(outcome) is Fate.NOT_SENT:
            raise NotSentError(f"nothing was sent ({what})", operation=operation.name)
        raise OutcomeUnknownError(f"no usable answer ({what})", operation=operation.name)

    def _refusal(self, operation: Operation[Any], reply: Reply) -> Exception:
        if reply.status < 400 or reply.status == 408:
            return OutcomeUnknownError(
                f"status {reply.status}, which neither confirms nor refuses; redirects are not followed",
                operation=operation.name,
                status=reply.status,
                body=reply.body,
            )
        body = _json_or_text(reply.body.decode("utf-8", "replace"))
        return for_status(reply.status)(
            _message(body) or "no message",
            operation=operation.name,
            status=reply.status,
            body=body,
            headers=reply.headers,
        )


def answer(operation: Operation[T], reply: Reply, *, strict: bool = False) -> T:
    """The typed value of a successful answer.

    Args:
        operation: which one was carried out.
        reply: its answer.
        strict: whether a value of another kind than the contract has makes it unreadable; otherwise it is
            kept.

    Raises:
        OutcomeUnknownError: the body is not what the contract promises.
    """
    name = operation.further.get(reply.status, operation.answer)
    media_type = reply.headers.get("content-type", "").lower()
    kind = media_type.partition(";")[0].strip()
    empty = not reply.body.strip()
    if name is None:
        if not empty and not kind.endswith("json"):
            what = f"a body of type {kind or 'unknown'} where none was expected"
            raise _undecodable(operation, reply, what)
        return cast("T", None)
    if name == "bytes":
        if kind == "text/html" != operation.accept:
            raise _undecodable(operation, reply, f"a page instead of {operation.accept}")
        return cast("T", reply.body)
    if reply.status == 204 and empty and not strict and operation.method not in {"GET", "HEAD"}:
        return cast("T", None)
    if not kind.endswith("json"):
        raise _undecodable(operation, reply, f"a body of type {kind or 'unknown'} instead of JSON")
    try:
        return cast("T", _read(name, reply.body, media_type, strict=strict))
    except (msgspec.DecodeError, UnicodeError, LookupError) as problem:
        raise _undecodable(operation, reply, explained(problem)) from problem


def _read(name: str, body: bytes, media_type: str, *, strict: bool) -> Any:
    charset = media_type.partition("charset=")[2].strip(' "')
    if charset not in {"", "utf-8", "utf8"}:
        body = body.decode(charset.partition(";")[0]).encode()
    type_, reader = _reader(name)
    try:
        return bounded(reader.decode(checked(body)), body)
    except msgspec.ValidationError:
        if strict:
            raise
        value = decoder(Any).decode(body)
        read = as_far_as_fits(value, type_)
        # Of a whole answer nothing can be kept: it is another one than was promised.
        if read is value and not isinstance(type_, Variants):
            raise
        return bounded(read, body)


def left_out(operation: str, reason: str) -> NoReturn:
    """Refuse to call an operation that this package leaves out."""
    raise SkippedOperationError(f"this operation is left out of the client: {reason}", operation=operation)


MULTIPART, URLENCODED = "multipart/form-data", "application/x-www-form-urlencoded"
_READERS: dict[str, tuple[Any, msgspec.json.Decoder[Any]]] = {}


def _reader(name: str) -> tuple[Any, msgspec.json.Decoder[Any]]:
    if name not in _READERS:
        module, _, attribute = name.partition(".")
        type_ = getattr(importlib.import_module(f"{__package__}.models.{module}"), attribute)
        _READERS[name] = (type_, decoder(type_))
    return _READERS[name]


def _fields(body: object) -> Iterator[tuple[str, Any]]:
    """What a form has, by the contract's names; what is unset or null has no place in one."""
    if isinstance(body, msgspec.Struct):
        values = contents(body)
    else:
        values = dict(cast("Mapping[str, Any]", prepared("body", body, "free")))
    yield from (
        (name, value) for name, value in values.items() if value is not None and value is not msgspec.UNSET
    )


def _form_value(value: Any) -> Any:
    """An object as the JSON that stands for it in a form."""
    if is_list(value):
        return [_form_value(item) for item in value]
    return encode(value).decode() if isinstance(value, msgspec.Struct) or is_mapping(value) else value


def _parts(body: object, media_types: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """The parts of a multipart form; a list is one part for each of its items."""
    for name, value in _fields(body):
        for item in value if is_list(value) else [value]:
            yield name, _part(item, media_types.get(name))


def _part(value: Any, media_type: str | None) -> Any:
    if isinstance(value, File):
        named = (value.name, _repeatable(value.content), value.media_type or media_type)
        return named if named[2] else named[:2]
    if isinstance(value, str) and (media_type is None or not media_type.endswith("json")):
        return (None, value, media_type) if media_type else (None, value)
    text: bytes = encode(value)
    if media_type is None:
        media_type = "application/json" if text[:1] in {b"{", b"["} else "text/plain"
    return (None, text if media_type.endswith("json") else text.strip(b'"'), media_type)


def _repeatable(content: bytes | IO[bytes]) -> bytes | IO[bytes]:
    """A file's content in a form that can be sent twice: a stream that cannot go back is read at once."""
    return content if isinstance(content, bytes) or content.seekable() else content.read()


def _undecodable(operation: Operation[Any], reply: Reply, what: str) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        f"status {reply.status} with {what}", operation=operation.name, status=reply.status, body=reply.body
    )


def _json_or_text(text: str) -> Any:
    try:
        return plain(text.encode())
    except msgspec.DecodeError:
        return text


def _message(body: Any) -> str:
    if isinstance(body, dict):
        fields = cast("dict[str, Any]", body)
        messages = [_message(fields[key]) for key in _MESSAGE_FIELDS if fields.get(key)]
        return ": ".join(dict.fromkeys(filter(None, messages)))[:_LONGEST_TEXT]
    if is_list(body):
        return "; ".join(filter(None, map(_message, body)))[:_LONGEST_TEXT]
    return " ".join(str(body).split())[:_LONGEST_TEXT] if body is not None else ""
