# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""What resources are made of: bodies out of keyword arguments, and ``with_raw_response``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, cast

import msgspec

from ._codec import Additional, Variants, convert
from ._exchange import Reply, Steps
from ._transport import AsyncCore, Core

if TYPE_CHECKING:
    import httpx

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
W = TypeVar("W")


@dataclass(frozen=True, slots=True, repr=False)
class RawResponse(Generic[T]):
    """A successful answer, and what was read from it.

    Attributes:
        status: the HTTP status.
        headers: all headers of the answer.
        body: the body, unpacked.
        parsed: what the method returns without ``with_raw_response``.
    """

    status: int
    headers: httpx.Headers
    body: bytes
    parsed: T

    @property
    def request_id(self) -> str | None:
        """What support will ask for, where the answer carries it."""
        text: str | None = self.headers.get("x-request-id")
        return text

    def __repr__(self) -> str:
        return f"RawResponse(status={self.status}, request_id={self.request_id!r})"


if TYPE_CHECKING:

    def raw_method(
        method: Callable[Concatenate[Any, P], T],
    ) -> Callable[Concatenate[Any, P], RawResponse[T]]:
        """The type of a method with ``with_raw_response``."""
        ...

    def async_raw_method(
        method: Callable[Concatenate[Any, P], Awaitable[T]],
    ) -> Callable[Concatenate[Any, P], Awaitable[RawResponse[T]]]:
        """The type of a method with ``with_raw_response``, for tasks."""
        ...


class _RecordingCore(Core):
    """A core that keeps the last answer that came through it."""

    def __init__(self, core: Core) -> None:
        vars(self).update(vars(core))
        self._core = core
        self.replies: list[Reply] = []

    def drive(self, steps: Steps[R]) -> R:
        """As the core does, keeping the answer."""
        outcome = self._core.drive(steps)
        self.replies[:] = [outcome] if isinstance(outcome, Reply) else []
        return outcome


class _AsyncRecordingCore(AsyncCore):
    """The same for tasks."""

    def __init__(self, core: AsyncCore) -> None:
        vars(self).update(vars(core))
        self._core = core
        self.replies: list[Reply] = []

    async def drive(self, steps: Steps[R]) -> R:
        """As the core does, keeping the answer."""
        outcome = await self._core.drive(steps)
        self.replies[:] = [outcome] if isinstance(outcome, Reply) else []
        return outcome


class RawMethods:
    """The methods of a resource, each of which returns a :class:`RawResponse`."""

    def __init__(self, resource: Callable[[Core], Any], core: Core) -> None:
        self._resource = resource
        self._core = core

    def __getattr__(self, name: str) -> Callable[..., RawResponse[Any]]:
        plain = getattr(self._resource, name)

        @wraps(plain)
        def call(*arguments: Any, **named: Any) -> RawResponse[Any]:
            core = _RecordingCore(self._core)
            parsed = getattr(self._resource(core), name)(*arguments, **named)
            return RawResponse(*core.replies[0], parsed)

        return call


class AsyncRawMethods:
    """The same for tasks."""

    def __init__(self, resource: Callable[[AsyncCore], Any], core: AsyncCore) -> None:
        self._resource = resource
        self._core = core

    def __getattr__(self, name: str) -> Callable[..., Awaitable[RawResponse[Any]]]:
        plain = getattr(self._resource, name)

        @wraps(plain)
        async def call(*arguments: Any, **named: Any) -> RawResponse[Any]:
            core = _AsyncRecordingCore(self._core)
            parsed = await getattr(self._resource(core), name)(*arguments, **named)
            return RawResponse(*core.replies[0], parsed)

        return call


class Resource(Generic[W]):
    """The base of every resource, blocking the thread; ``W`` is what type checkers know of raw answers."""

    def __init__(self, core: Core) -> None:
        self._core = core

    @property
    def with_raw_response(self) -> W:
        """The same methods; each returns a ``RawResponse``: status, headers, request id, and its value."""
        return cast("W", RawMethods(type(self), self._core))


class AsyncResource(Generic[W]):
    """The base of every resource, as asyncio tasks; ``W`` is what type checkers know of raw answers."""

    def __init__(self, core: AsyncCore) -> None:
        self._core = core

    @property
    def with_raw_response(self) -> W:
        """The same methods; each returns a ``RawResponse``: status, headers, request id, and its value."""
        return cast("W", AsyncRawMethods(type(self), self._core))


def body_of(model: str, body: object | None, fields: Mapping[str, Any], *, required: bool) -> object | None:
    """The body of a request: the model that was given, or one made of keyword arguments.

    Args:
        model: the class or union of the body in ``models``, as ``module.Class``.
        body: a model, or None.
        fields: what it is made of, under the contract's names; objects within it are models or mappings.
        required: whether the request must have a body.

    Raises:
        TypeError: both are given, a field is unknown or missing, or a float stands where a decimal may.
        msgspec.ValidationError: a value does not fit the contract; the message has its place.
    """
    if body is not None:
        if fields:
            raise TypeError(f"give a model or keyword arguments, not both: {', '.join(fields)}")
        return body
    if not fields and not required:
        return None
    module, _, name = model.partition(".")
    type_ = getattr(import_module(f"{__package__}.models.{module}"), name)
    if isinstance(type_, Variants) and type_.field and type_.field not in fields:
        # A variant is never meant by what was left out: it may be the one that cannot be undone.
        raise TypeError(f"{name}: {type_.field} must be given")
    kinds = type_.of if isinstance(type_, Variants) else (type_,)
    known = {key for kind in kinds for key in kind.__struct_encode_fields__}
    unknown = [key for key in fields if key not in known]
    if unknown:
        raise TypeError(f"{name} has no field {', '.join(unknown)}")
    if not isinstance(type_, Variants):
        struct = type_.struct if isinstance(type_, Additional) else type_
        required_keys = [field.encode_name for field in msgspec.structs.fields(struct) if field.required]
        missing = [key for key in required_keys if key not in fields]
        if missing:
            raise TypeError(f"{name}: {', '.join(missing)} must be given")
    value: object = convert(fields, type_)
    return value
