"""Fields whose values are kept small until somebody asks: most of what an account holds is left alone."""

from __future__ import annotations

import pickle
import zlib
from functools import lru_cache
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")

# More than the values of the invoices that are under way at once.
_AT_HAND = 64


class Packed(Generic[T]):
    """A field of a dataclass (without slots) that keeps its value as compressed bytes.

    Whoever reads it gets a value equal to the one that was set. It is for reading only: values that were
    read lately are at hand and handed out again, others are made anew.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Packed[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Packed[T] | T:
        if instance is None:
            # A dataclass takes what it finds here for the field's default: there is none.
            raise AttributeError(self._name)
        value: T = _unpacked(instance.__dict__[self._name])
        return value

    def __set__(self, instance: object, value: T) -> None:
        instance.__dict__[self._name] = zlib.compress(pickle.dumps(value, pickle.HIGHEST_PROTOCOL), 1)


@lru_cache(_AT_HAND)
def _unpacked(content: bytes) -> Any:
    # Only what __set__ made in this process gets here.
    return pickle.loads(zlib.decompress(content))  # noqa: S301
