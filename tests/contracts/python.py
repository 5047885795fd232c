"""Between JSON values and the Python that users write: by the types that the emitted package declares."""

from __future__ import annotations

import datetime as dt
import keyword
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from .package import Package
from .values import UNSEEN, Upload

ANY_NAME = ""
"""The field that has the keys of any name beside the other fields."""


class NoPlaceError(Exception):
    """A legal value that the declared types have no place for."""


def members(kind: Any, package: Package) -> Iterator[Any]:
    """What a type is one of."""
    kind = package.union(kind)
    if get_origin(kind) in (Union, types.UnionType):
        for inner in get_args(kind):
            yield from members(inner, package)
    else:
        yield _class_of(kind)


def _class_of(kind: Any) -> Any:
    """A type, or the class of its objects where it is behind another one: that of keys of any name."""
    return vars(kind).get("struct", kind) if isinstance(kind, type) else kind


def source(value: Any, kind: Any, package: Package, *, mappings: bool = False) -> str:
    """The Python expression of a JSON value, as an argument of a type.

    Args:
        value: the value.
        kind: the type.
        package: whose types there are.
        mappings: whether objects are written as what they are made of, not as models.

    Raises:
        NoPlaceError: the type has no place for it.
    """
    written = [text for text in _sources(value, kind, package, mappings=mappings) if text]
    if not written:
        raise NoPlaceError(f"{value!r} is legal, and {_name(kind)} has no place for it")
    # The most telling reading first: an object of a class, a literal, then what text stands for.
    return min(written)[1]


def keywords(value: Any, names: Sequence[str], package: Package) -> str:
    """The keyword arguments of a body that has the keys of one of some models, or "" if of none."""
    for name in names:
        kind = _class_of(getattr(package.models, name))
        if isinstance(value, dict) and _fits(value, kind, mappings=True):
            try:
                pairs = list(_pairs(value, kind, package, mappings=True))
            except NoPlaceError:
                continue
            # A key that cannot be written as a name is passed in a dictionary.
            if all(key.isidentifier() and not keyword.iskeyword(key) for key, _, _ in pairs):
                return ", ".join(f"{key}={text}" for key, _, text in pairs)
            return f"**params.{name}({_mapping(pairs)})"
    return ""


def _mapping(pairs: Iterable[tuple[str, str, str]]) -> str:
    return "{" + ", ".join(f"{key!r}: {text}" for key, _, text in pairs) + "}"


def _sources(value: Any, kind: Any, package: Package, *, mappings: bool) -> Iterator[tuple[int, str]]:
    kinds = [*members(kind, package)]
    # Where there are several, a dictionary says which one it is.
    several = len([each for each in kinds if _is_struct(each)]) > 1
    for each in kinds:
        try:
            written = _source(value, each, package, mappings=mappings, several=several)
        except NoPlaceError:
            continue
        if written is not None:
            yield written


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _source(
    value: Any, kind: Any, package: Package, *, mappings: bool, several: bool
) -> tuple[int, str] | None:
    if kind is Any or kind is object:
        return None if isinstance(value, Upload) else (9, _free(value))
    origin = get_origin(kind)
    if origin is Literal:
        return (
            (1, repr(value))
            if any(value == each and type(value) is type(each) for each in get_args(kind))
            else None
        )
    if _is_struct(kind):
        if not isinstance(value, dict) or not _fits(value, kind, mappings=mappings):
            return None
        pairs = list(_pairs(value, kind, package, mappings=mappings))
        if not mappings:
            return 0, f"models.{kind.__name__}({', '.join(f'{name}={text}' for _, name, text in pairs)})"
        return 0, f"params.{kind.__name__}({_mapping(pairs)})" if several else _mapping(pairs)
    inner = get_args(kind)[-1:]
    if isinstance(value, list) and origin in (list, Sequence):
        return 2, f"[{', '.join(source(each, inner[0], package, mappings=mappings) for each in value)}]"
    if isinstance(value, dict) and origin in (dict, Mapping):
        return 3, _mapping(
            (key, key, source(each, inner[0], package, mappings=mappings)) for key, each in value.items()
        )
    return _scalar(value, kind, package)


def _scalar(value: Any, kind: Any, package: Package) -> tuple[int, str] | None:
    if isinstance(value, Upload):
        if kind is package.types.File:
            return 0, f"types.File({value.name!r}, {value.content!r})"
        return (5, repr(value.content)) if kind is bytes else None
    if value is None or isinstance(value, bool):
        return (1, repr(value)) if kind is (bool if isinstance(value, bool) else types.NoneType) else None
    if type(value) is kind and kind in (int, str):
        return 2, repr(value)
    if isinstance(value, str):
        return _from_text(value, kind)
    return (4, f'Decimal("{value}")') if _is_decimal(kind) and isinstance(value, int | Decimal) else None


def _from_text(value: str, kind: Any) -> tuple[int, str] | None:
    if kind in (dt.date, dt.datetime):
        return 3, _date(value) if kind is dt.date else _moment(value)
    if kind is bytes:
        return 5, repr(value.encode())
    return (4, f'Decimal("{value}")') if _is_decimal(kind) and _is_number(value) else None


def _is_decimal(kind: Any) -> bool:
    """Whether it is ``Decimal``, or one of the emitted types that stand for it."""
    if typing.is_typeddict(kind) or not isinstance(kind, type):
        return False
    return isinstance(Decimal(1), kind) and not isinstance("", kind)


def _date(value: str) -> str:
    try:
        day = dt.date.fromisoformat(value)
    except ValueError:
        raise NoPlaceError(f"{value!r} is no date") from None
    return f"dt.date({day.year}, {day.month}, {day.day})"


def _moment(value: str) -> str:
    try:
        dt.datetime.fromisoformat(value)
    except ValueError:
        raise NoPlaceError(f"{value!r} is no moment") from None
    return f"dt.datetime.fromisoformat({value!r})"


def _is_number(value: Any) -> bool:
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False


def _free(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_free(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_free, value))}]"
    return f'Decimal("{value}")' if isinstance(value, Decimal) else repr(value)


def fields(kind: type[msgspec.Struct]) -> dict[str, str]:
    """The contract's name of each field -> its name in Python."""
    return dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))


def _fits(value: Mapping[str, Any], kind: type[msgspec.Struct], *, mappings: bool) -> bool:
    required = {field.encode_name for field in msgspec.structs.fields(kind) if field.required}
    # The type of a mapping has no place for keys of any name.
    names = fields(kind)
    return required <= value.keys() and (value.keys() <= names.keys() or (ANY_NAME in names and not mappings))


def _pairs(
    value: Mapping[str, Any], kind: type[msgspec.Struct], package: Package, *, mappings: bool
) -> Iterator[tuple[str, str, str]]:
    """Of each field: the contract's name, the name in Python, and the expression of its value."""
    hints, names = get_type_hints(kind), fields(kind)
    declared = {key: each for key, each in value.items() if key in names}
    if len(declared) < len(value):
        declared[ANY_NAME] = {key: each for key, each in value.items() if key not in names}
    for key, each in declared.items():
        yield key, names[key], source(each, hints[names[key]], package, mappings=mappings)


def difference(meant: Any, got: Any, place: str = "") -> str:
    """Where what a client gives differs from what the server meant, or "".

    Dates, moments and decimals may be read from text, and are compared as that text.
    """
    if isinstance(got, msgspec.Struct):
        names = fields(type(got))
        # Reading a field that is promised and was not sent raises an AttributeError.
        values = {key: getattr(got, name, msgspec.UNSET) for key, name in names.items()}
        set_fields = {key: value for key, value in values.items() if value is not msgspec.UNSET}
        additional = set_fields.pop(ANY_NAME, {})
        known = None if ANY_NAME in names else names.keys()
        return _in_object(meant, {**set_fields, **additional}, known, place)
    if isinstance(meant, dict):
        return _in_object(meant, got, None, place) if isinstance(got, dict) else _differs(meant, got, place)
    if isinstance(meant, list):
        if not isinstance(got, list) or len(got) != len(meant):
            return _differs(meant, got, place)
        pairs = enumerate(zip(meant, got, strict=True))
        return next(filter(None, (difference(a, b, f"{place}[{index}]") for index, (a, b) in pairs)), "")
    return "" if _same_scalar(meant, got) else _differs(meant, got, place)


def _in_object(meant: Any, got: Mapping[str, Any], known: Any, place: str) -> str:
    if not isinstance(meant, dict):
        return _differs(meant, got, place)
    # Fields that a newer service adds are passed over.
    expected = {
        key: value
        for key, value in meant.items()
        if known is None or key in known or not key.startswith(UNSEEN)
    }
    if expected.keys() != got.keys():
        return f"{place}: fields {sorted(expected.keys() ^ got.keys())} differ"
    found = (difference(value, got[key], f"{place}.{key}") for key, value in expected.items())
    return next(filter(None, found), "")


def _same_scalar(meant: Any, got: Any) -> bool:
    if isinstance(got, float) or isinstance(meant, bool) != isinstance(got, bool):
        return False
    if isinstance(meant, str):
        if isinstance(got, Decimal):
            return _is_number(meant) and format(got, "f") == format(Decimal(meant), "f")
        if isinstance(got, dt.datetime):
            return got == dt.datetime.fromisoformat(meant)
        return bool(got.isoformat() == meant) if isinstance(got, dt.date) else bool(got == meant)
    if isinstance(meant, Decimal):
        return isinstance(got, Decimal) and format(got, "f") == format(meant, "f")
    return bool(meant == got) and (meant is None) == (got is None) and not isinstance(got, str)


def _differs(meant: Any, got: Any, place: str) -> str:
    return f"{place or 'the whole'}: {str(meant)[:200]!r} was meant, and {str(got)[:200]!r} came"


def misfit(value: Any, kind: Any, package: Package, place: str = "") -> str:
    """Where a value is not of the type that is declared for it, or ""."""
    reasons = [_misfit(value, each, package, place) for each in members(kind, package)]
    return "" if not all(reasons) else min(reasons, key=len)


def _misfit(value: Any, kind: Any, package: Package, place: str) -> str:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any or (value is None and kind in (None, types.NoneType)):
        return ""
    if origin is Literal:
        return "" if value in arguments else _untyped(value, kind, place)
    if origin in (list, Sequence) and isinstance(value, list):
        reasons = (
            misfit(each, arguments[0], package, f"{place}[{index}]") for index, each in enumerate(value)
        )
        return next(filter(None, reasons), "")
    if origin in (dict, Mapping) and isinstance(value, dict):
        reasons = (misfit(each, arguments[1], package, f"{place}.{key}") for key, each in value.items())
        return next(filter(None, reasons), "")
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and type(value) is kind:
        hints = get_type_hints(kind)
        reasons = (
            misfit(getattr(value, name), hints[name], package, f"{place}.{key}")
            for key, name in fields(kind).items()
            if getattr(value, name, msgspec.UNSET) is not msgspec.UNSET
        )
        return next(filter(None, reasons), "")
    bare = isinstance(kind, type) and origin is None and isinstance(value, kind)
    if bare and not (isinstance(value, bool) and kind is not bool):
        return (
            "" if not (kind is dt.date and isinstance(value, dt.datetime)) else _untyped(value, kind, place)
        )
    return _untyped(value, kind, place)


def _untyped(value: Any, kind: Any, place: str) -> str:
    return (
        f"{place or 'the whole'} is {str(value)[:80]!r} ({type(value).__name__}), declared as {_name(kind)}"
    )


def _name(kind: Any) -> str:
    return getattr(kind, "__name__", "") or str(kind)
