"""What ``to_dict``, ``copy`` and ``convert`` must keep of requests and answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from .python import ANY_NAME, fields
from .values import Upload
from .wire import written


def body_kept(meant: Any, body: Any, convert: Callable[[Any, Any], Any]) -> Iterator[str]:
    """Where a body made of a model is another one after a round trip."""
    if not isinstance(body, msgspec.Struct) or _has_files(meant):
        return
    plain = body.to_dict()  # type: ignore[attr-defined]
    if written(plain) != written(meant):
        yield f"the body's to_dict() has {_other(plain, meant)}"
    elif (again := convert(plain, type(body))) != body:
        yield f"convert(body.to_dict()) is {str(again)[:400]}, not {str(body)[:400]}"
    yield from _copied(body)


def answer_kept(meant: Any, got: Any) -> Iterator[str]:
    """Where plain data of an answer is not what the service sent, without what was passed over."""
    if isinstance(got, list):
        for each, value in zip(meant, got, strict=True):
            yield from answer_kept(each, value)
    if isinstance(got, msgspec.Struct):
        plain, expected = got.to_dict(), _known(meant, got)  # type: ignore[attr-defined]
        if written(plain) != written(expected):
            yield f"the answer's to_dict() has {_other(plain, expected)}"
        yield from _copied(got)


def _other(got: Any, expected: Any, place: str = "") -> str:
    """The first place where plain data is another than expected."""
    if isinstance(got, dict) and isinstance(expected, dict) and got.keys() == expected.keys():
        key = next(key for key in got if written(got[key]) != written(expected[key]))
        return _other(got[key], expected[key], f"{place}.{key}")
    if isinstance(got, list) and isinstance(expected, list) and len(got) == len(expected):
        index = next(i for i, each in enumerate(got) if written(each) != written(expected[i]))
        return _other(got[index], expected[index], f"{place}[{index}]")
    return f"{str(got)[:200]!r} at {place or 'the top'}, not {str(expected)[:200]!r}"


def _copied(value: Any) -> Iterator[str]:
    if value.copy() != value:
        yield f"copy() is {str(value.copy())[:400]}, not {str(value)[:400]}"


def _known(meant: Any, got: Any) -> Any:
    """What was sent, without the fields that the models do not have."""
    if isinstance(got, msgspec.Struct):
        names = fields(type(got))
        values = {key: getattr(got, name) for key, name in names.items() if key in meant}
        if ANY_NAME in names:
            values |= getattr(got, names[ANY_NAME])
        return {key: _known(meant[key], value) for key, value in values.items()}
    if isinstance(got, dict) and isinstance(meant, dict):
        return {key: _known(value, got[key]) for key, value in meant.items()}
    if isinstance(got, list) and isinstance(meant, list):
        return [_known(*pair) for pair in zip(meant, got, strict=True)]
    return meant


def _has_files(value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, Upload) or any(map(_has_files, inner))
