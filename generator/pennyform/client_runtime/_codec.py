# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""Between Python values and JSON text, without a float in between.

Requests are closed: what the contract does not know is refused. Answers are open: unknown fields are passed
over, and a value of another kind than the contract has is kept as it came. Reading a field that is missing
gives ``UNSET`` where the contract does not promise it, and raises :class:`.MissingFieldError` where it does.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Self,
    TypeAlias,
    TypeGuard,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

import msgspec
from msgspec.structs import force_setattr

from .errors import MissingFieldError
from .types import File

T = TypeVar("T")
S = TypeVar("S")

# Digits of a number without a type: far more than any amount or share has.
_MOST_DIGITS = 1000
# Of one answer: levels of objects and arrays within one another, and how many of them there are in all.
DEEPEST = 64
MOST_OBJECTS = 100_000

# The default of fields that the contract promises in every answer: an answer that lacks one is decoded, and
# reading that field raises. `Any`, so that the promise stays the field's type.
PROMISED: Any = msgspec.UNSET
# Keys that a contract has no names for are in a field of their own, under a name that none of its keys has.
_ADDITIONAL_KEY = ""
ADDITIONAL: Any = msgspec.field(default_factory=dict[str, Any], name=_ADDITIONAL_KEY)


class Amount(Decimal):
    """A decimal that the contract wants as a JSON string."""

    __slots__ = ()


class Number(Decimal):
    """A decimal that the contract wants as a JSON number."""

    __slots__ = ()


class Blank(Amount):
    """An empty string where an amount may stand, which counts as zero and is written back as it came."""

    __slots__ = ()


class Model(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """What every object has that is sent or that the service answers with; all are immutable."""

    def to_dict(self) -> dict[str, Any]:
        """The object as plain data under the contract's names, as :func:`to_builtins` makes it."""
        return cast("dict[str, Any]", to_builtins(self))

    def copy(self, **changes: Any) -> Self:
        """The object with other values in some fields; what the fields hold is not copied.

        Raises:
            TypeError: there is no such field, or a float in place of a decimal of a request.
            ValueError: a decimal of a request is no finite number.
        """
        return msgspec.structs.replace(self, **changes)


def _promise(name: str, read: Callable[[object], object]) -> Callable[[object], object]:
    """What reads a field that the contract promises out of its slot."""

    def promised(answer: object) -> object:
        value = read(answer)
        if value is msgspec.UNSET:
            raise MissingFieldError(type(answer).__name__, name)
        return value

    return promised


class Answer(Model, frozen=True, kw_only=True, gc=False):
    """The base of every object that the service answers with: open."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, annotation in cls.__annotations__.items():
            # Subclasses of a program's own may have annotations that are types, and class variables.
            if "UnsetType" not in str(annotation) and "ClassVar" not in str(annotation):
                # What msgspec reads and writes are the slots; only `answer.name` goes through the property.
                setattr(cls, name, property(_promise(name, cls.__dict__[name].__get__)))


class AnswerPage(Answer, frozen=True, kw_only=True):
    """The base of every page of a list, which adds its ``items``."""

    has_more: bool = PROMISED
    """Whether there is another page."""
    next_cursor: str | None = PROMISED
    """What to pass as ``cursor`` to get it; null on the last page."""


class Request(Model, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of every object that is sent: closed."""

    # Which fields have decimals, and how they are written, see :func:`prepared`.
    __amounts__: ClassVar[tuple[str, ...]] = ()
    __numbers__: ClassVar[tuple[str, ...]] = ()
    __mixed__: ClassVar[tuple[str, ...]] = ()
    __free__: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for kind, names in (
            ("amount", self.__amounts__),
            ("number", self.__numbers__),
            ("mixed", self.__mixed__),
            ("free", self.__free__),
        ):
            for name in names:
                force_setattr(self, name, prepared(name, getattr(self, name), kind))


def is_list(value: object) -> TypeGuard[list[Any]]:
    """``isinstance`` in a way that type checkers agree on: a list of anything, not of nothing known."""
    return isinstance(value, list)


def is_mapping(value: object) -> TypeGuard[Mapping[str, Any]]:
    """The same of a mapping, whose keys are names."""
    return isinstance(value, Mapping)


def prepared(name: str, value: Any, kind: str) -> Any:
    """``value`` with its decimals as they are written; null, unset and blank stay what they are.

    Args:
        name: what it is called in messages.
        value: of a request; lists and mappings are gone through.
        kind: ``amount`` (all are decimals, as text), ``number`` (all are, as numbers), ``mixed`` (decimals
            are text, beside other values) or ``free`` (decimals are numbers, beside whatever else).

    Raises:
        TypeError: a float, or something else that is no decimal where all are.
        ValueError: no number, or not a finite one.
    """
    if value is None or value is msgspec.UNSET or isinstance(value, Blank):
        return value
    if is_list(value) or isinstance(value, tuple):
        return [prepared(name, item, kind) for item in cast("list[Any]", value)]
    if is_mapping(value):
        items = value.items()
        return {key: prepared(name, item, kind) for key, item in items}
    only = kind in {"amount", "number"}
    misfit = not isinstance(value, (Decimal, int, str)) or isinstance(value, bool)
    if isinstance(value, float) or (only and misfit):
        raise TypeError(f"{name} must be a Decimal, not {type(value).__name__}: floats lose cents")
    if not only and not isinstance(value, Decimal):
        return value
    try:
        marked = (Amount if kind in {"amount", "mixed"} else Number)(value)
    except InvalidOperation:
        raise ValueError(f"{name} must be a number") from None
    if not marked.is_finite():
        raise ValueError(f"{name} must be a finite number")
    return marked


class Variants(type):
    """The runtime side of a union: reads whichever of its members fits.

    ``of`` are its classes, ``other_types`` what else it may be, in the order in which that is tried.
    ``field`` names the field that tells the classes apart, and ``tags`` maps its values to them (None: the
    field is left out); without it, ``needs`` are the fields that an answer of each class must have. What
    fits no member is refused if all of them are ``known``, as in a request, and else stays as it came.
    """

    of: tuple[type[msgspec.Struct], ...]
    other_types: tuple[Any, ...]
    known: bool
    field: str
    tags: dict[Any, type[msgspec.Struct]]
    needs: tuple[tuple[str, ...], ...]

    def __instancecheck__(cls, instance: object) -> bool:
        # What was read is one of them, whatever it is.
        return isinstance(instance, cls.of) or not cls.known or bool(cls.other_types)

    def read(cls, value: Any) -> Any:
        """The member that ``value`` is."""
        if isinstance(value, cls.of):
            return value
        if is_mapping(value) and cls.of:
            kind = cls.choose(value)
            if kind is not None:
                return _convert(value, kind)
        for other in cls.other_types:
            try:
                return _convert(value, other)
            except ValueError:
                continue
        if not cls.known:
            return value
        if not is_mapping(value):
            raise ValueError(f"Expected `object`, got `{type(value).__name__}`")
        known = ", ".join(str(item).lower() for item in cls.tags if item is not None)
        raise ValueError(f"`{cls.field}` must be one of {known}" if known else "fits none of its variants")

    def choose(cls, value: Mapping[str, Any]) -> type[msgspec.Struct] | None:
        """The class that an object is of, or None."""
        if cls.field:
            tag = value.get(cls.field)
            return cls.tags.get(tag) if isinstance(tag, (str, int, type(None))) else None
        if cls.known:
            for candidate in cls.of:
                try:
                    _convert(value, candidate)
                except ValueError:
                    continue
                return candidate
            return None if cls.other_types else max(cls.of, key=lambda item: _alike(value, item))
        needs = cls.needs or ((),) * len(cls.of)
        fitting = [item for item, names in zip(cls.of, needs, strict=True) if value.keys() >= {*names}]
        return max(fitting, key=lambda item: _alike(value, item), default=None)


def _alike(value: Mapping[str, Any], kind: type[msgspec.Struct]) -> int:
    return len(value.keys() & {*kind.__struct_encode_fields__})


def variants(
    *of: type[msgspec.Struct],
    other_types: tuple[Any, ...] = (),
    known: bool = True,
    field: str = "",
    tags: Mapping[Any, type[msgspec.Struct]] = {},
    needs: tuple[tuple[str, ...], ...] = (),
) -> Any:
    """A type for msgspec that stands for one of several types."""
    parts = {
        "of": of,
        "other_types": other_types,
        "known": known,
        "field": field,
        "tags": dict(tags),
        "needs": needs,
    }
    return Variants("Variants", (), parts)


class Additional(type):
    """The runtime side of a class of objects that have keys of any name beside their fields.

    msgspec has no such classes. For it, this is a type of ours: an object is read as one of ``struct``, whose
    field ``additional_properties`` has these keys, and is written by :func:`contents`.
    """

    struct: type[msgspec.Struct]
    is_used = False

    def __call__(cls, **fields: Any) -> Any:
        return cls.struct(**fields)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls.struct)

    def __getattr__(cls, name: str) -> Any:
        return getattr(cls.struct, name)

    def read(cls, value: Any) -> Any:
        """The object that ``value`` is."""
        if isinstance(value, cls.struct):
            return value
        if not is_mapping(value):
            raise ValueError(f"Expected `object`, got `{type(value).__name__}`")
        return _convert(cls.divided(value), cls.struct)

    def divided(cls, value: Mapping[str, Any]) -> dict[str, Any]:
        """``value`` with the additional keys under the name that no key of a contract has."""
        declared = {*cls.struct.__struct_encode_fields__} - {_ADDITIONAL_KEY}
        parts: dict[str, Any] = {key: item for key, item in value.items() if key in declared}
        return {**parts, _ADDITIONAL_KEY: {key: item for key, item in value.items() if key not in declared}}


def with_additional(cls: type[T]) -> type[T]:
    """A class whose field ``additional_properties`` holds the keys that are none of its other fields."""
    struct: Any = cls
    parts = {"struct": struct, "__doc__": cls.__doc__, "__module__": cls.__module__}
    outer: Any = Additional(cls.__name__, (), parts)
    # By this name it is found when an object is unpickled.
    struct.__qualname__ = f"{cls.__name__}.struct"
    struct.__outer__ = outer
    Additional.is_used = True
    return cast("type[T]", outer)


def contents(value: msgspec.Struct) -> dict[str, Any]:
    """What an object holds, by the contract's names, without what is unset.

    Raises:
        ValueError: an additional key has the name of a field.
    """
    names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
    fields: dict[str, Any] = {key: getattr(value, name, msgspec.UNSET) for key, name in names}
    additional = fields.pop(_ADDITIONAL_KEY, {})
    taken = fields.keys() & additional.keys()
    if taken:
        raise ValueError(f"additional_properties has {min(taken)}, a field of {type(value).__name__}")
    return {key: item for key, item in {**fields, **additional}.items() if item is not msgspec.UNSET}


def _flat(value: Any) -> Any:
    """``value`` with mappings in place of objects, whose additional keys are among the others."""
    if isinstance(value, msgspec.Struct):
        value = contents(value)
    if is_mapping(value):
        return {key: _flat(item) for key, item in value.items()}
    if is_list(value) or isinstance(value, tuple):
        return [_flat(item) for item in cast("list[Any]", value)]
    return value


class _DecimalKind(type):
    """A type for msgspec that reads as ``read`` says, and stands for ``Decimal``."""

    blankable: bool = False
    number: bool = False

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Decimal)

    def read(cls, value: Any) -> Decimal:
        """A decimal out of a JSON string or number."""
        if value == "" and cls.blankable:
            return Blank()
        number = value if isinstance(value, Decimal) else msgspec.convert(value, Decimal)
        return Number(number) if cls.number else number


if TYPE_CHECKING:
    BlankableDecimal: TypeAlias = Decimal
    DecimalNumber: TypeAlias = Decimal
    OpenEnum: TypeAlias = T | S
else:

    class OpenEnum:
        """An enum of an answer: ``OpenEnum[Literal["a", "b"], str]`` is ``Literal["a", "b"] | str``.

        Type checkers know both halves; any value of the second is read, as a newer service may have others.
        """

        def __class_getitem__(cls, halves: tuple[Any, Any]) -> Any:
            return halves[1]

    class BlankableDecimal(metaclass=_DecimalKind):
        """The runtime side of an amount that the service may write as an empty string."""

        blankable = True

    class DecimalNumber(metaclass=_DecimalKind):
        """The runtime side of a decimal that the service writes as a JSON number."""

        number = True


def _decode_hook(type_: type, value: Any) -> Any:
    if isinstance(type_, (Variants, Additional, _DecimalKind)):
        return type_.read(value)
    if type_ is File:
        return _file(value)
    raise NotImplementedError(f"cannot read {type_!r}")


def _file(value: Any) -> File:
    if isinstance(value, File):
        return value
    raise ValueError(f"Expected `File`, got `{type(value).__name__}`")


def _encode_hook(value: Any) -> Any:
    if isinstance(value, Number):
        return msgspec.Raw(format(value, "f").encode())
    if isinstance(value, Amount):
        return "" if isinstance(value, Blank) else format(value, "f")
    raise NotImplementedError(f"cannot write {type(value).__name__} as JSON")


# msgspec reads a class's annotations when it first meets the class, which runs Python: another thread that
# meets the class, or one within it, at that moment would find it half read, and the process would crash.
_READING = threading.RLock()
_READ: set[Any] = set()


def _read(type_: Any) -> None:
    """Let msgspec meet ``type_`` and all that is within it in one thread only."""
    if type_ not in _READ:
        with _READING:
            msgspec.json.Decoder(type_, dec_hook=_decode_hook)
            _READ.add(type_)


def _convert(value: Any, type_: Any) -> Any:
    _read(type_)
    try:
        try:
            return msgspec.convert(value, type_, dec_hook=_decode_hook)
        except msgspec.ValidationError:
            # A decimal of ours is none of msgspec's: an amount may have come as a number.
            return msgspec.convert(_unmarked(value), type_, dec_hook=_decode_hook)
    except msgspec.ValidationError as problem:
        # A ValueError gets the place of the whole object added to the place within it.
        raise ValueError(str(problem)) from problem


def as_far_as_fits(value: Any, type_: Any) -> Any:
    """``value`` as ``type_`` as far as it fits; what does not fit within it stays as it came."""
    try:
        return _convert(value, type_)
    except ValueError:
        pass
    kinds: tuple[Any, ...] = get_args(type_) if get_origin(type_) in {Union, UnionType} else (type_,)
    for kind in kinds:
        origin, inner = get_origin(kind), get_args(kind)
        if origin is list and is_list(value):
            return [as_far_as_fits(item, inner[0]) for item in value]
        if is_mapping(value):
            if origin is dict:
                return {name: as_far_as_fits(item, inner[1]) for name, item in value.items()}
            chosen = kind.choose(value) if isinstance(kind, Variants) and kind.of else kind
            if isinstance(chosen, Additional):
                return _kept_fields(chosen.divided(value), chosen.struct)
            if isinstance(chosen, type) and issubclass(chosen, msgspec.Struct):
                return _kept_fields(value, chosen)
    return value


def _kept_fields(value: Mapping[str, Any], kind: type[msgspec.Struct]) -> Any:
    hints = _hints(kind)
    names = zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    return kind(**{name: as_far_as_fits(value[key], hints[name]) for name, key in names if key in value})


@cache
def _hints(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return get_type_hints(kind)


_PLACES = re.compile(r" - at `\$(.*?)`")


def explained(problem: Exception) -> str:
    """What is wrong with a value, with its place in the whole, also when it lies within a union."""
    places = _PLACES.findall(str(problem))
    text = _PLACES.sub("", str(problem))
    return f"{text} - at `${''.join(reversed(places))}`" if places else text


def _unmarked(value: Any) -> Any:
    """``value`` with plain decimals in place of numbers."""
    if isinstance(value, Number):
        return Decimal(value)
    if is_mapping(value):
        return {key: _unmarked(item) for key, item in value.items()}
    return [_unmarked(item) for item in value] if is_list(value) else value


def _fraction(text: str) -> Decimal:
    """A JSON number with a fraction or an exponent; ``1e99999999`` would take 100 MB when written out."""
    number = Decimal(text)
    if abs(number.adjusted()) > _MOST_DIGITS or len(text) > _MOST_DIGITS:
        raise ValueError("Number out of range")
    return number


# What remains of text that may be a number without bounds once its digits are gone: a string that is NaN or
# infinity, or has an exponent; a number that has one.
_ODD = (b'"nan"', b'"snan"', b'"inf"', b'"infinity"', b'"e"', b":e", b"[e")
_DIGITS = b"0123456789"
_NUMERIC = _DIGITS + b"+-. \t\r\n"
_LOWER = bytes(range(256)).lower()
_ALIKE = bytes.maketrans(_DIGITS, b"0" * 10)
_TOO_MANY = b"0" * (_MOST_DIGITS + 1)


def bounded(answer: Any, text: bytes) -> Any:
    """``answer``, which was read from ``text``, with finite decimals of a bounded size.

    Written out, ``1e99999999`` would take 100 MB, and no sum can be made with NaN.

    Raises:
        msgspec.DecodeError: one of them has more digits, or a larger exponent.
    """
    # Few answers have anything like it: the others are not gone through.
    remains = text.translate(_LOWER, _NUMERIC)
    is_long = len(text) > _MOST_DIGITS and _TOO_MANY in text.translate(_ALIKE)
    if is_long or any(map(remains.__contains__, _ODD)):
        _check_decimals(answer)
    return answer


def _check_decimals(value: Any) -> None:
    if isinstance(value, Decimal):
        if not value.is_finite() or max(abs(value.adjusted()), len(value.as_tuple().digits)) > _MOST_DIGITS:
            raise msgspec.DecodeError("a number is out of range")
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            _check_decimals(getattr(value, name, None))
    elif is_mapping(value):
        for item in value.values():
            _check_decimals(item)
    elif is_list(value):
        for item in value:
            _check_decimals(item)


_BRACKETS = bytes.maketrans(b"[]", b"{}")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


def checked(text: bytes) -> bytes:
    """``text``, which is JSON that is neither nested too deeply nor made of too many objects.

    That is counted before anything is made of it: three bytes of text can become a kilobyte of memory, and
    depth would be bounded by the interpreter's stack.

    Raises:
        msgspec.DecodeError: it is.
    """
    # Strings rarely have brackets in them; leaving them out takes longer than reading the whole text.
    if _exceeds(text.translate(_BRACKETS, _NO_BRACKETS)):
        text_outside = _STRINGS.sub(b"", text)
        if _exceeds(text_outside.translate(_BRACKETS, _NO_BRACKETS)):
            raise msgspec.DecodeError(
                f"more than {MOST_OBJECTS} objects, or more than {DEEPEST} in one another"
            )
    return text


def _exceeds(brackets: bytes) -> bool:
    if brackets.count(b"{") > MOST_OBJECTS:
        return True
    for _ in range(DEEPEST):
        if not brackets:
            return False
        brackets = brackets.replace(b"{}", b"")  # The innermost level.
    return b"{}" in brackets or brackets.count(b"{") > DEEPEST


_ENCODER = msgspec.json.Encoder(enc_hook=_encode_hook)
_PLAIN = msgspec.json.Decoder(float_hook=_fraction)


def decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    """A decoder for answers of ``type_``; numbers without a type become ``Decimal``, never float."""
    _read(type_)
    # A number where any value may stand stays one when it is written back.
    return msgspec.json.Decoder(type_, dec_hook=_decode_hook, float_hook=lambda text: Number(_fraction(text)))


def encode(value: object) -> bytes:
    """The JSON text of a request or an answer: exact decimals, unset fields left out."""
    return _ENCODER.encode(_flat(value) if Additional.is_used else value)


def plain(text: bytes) -> Any:
    """Any JSON text as plain Python values, fractions as ``Decimal``."""
    return bounded(_PLAIN.decode(checked(text)), text)


def to_builtins(value: object) -> Any:
    """An answer or a request as JSON-ready ``dict`` and ``list``.

    Amounts are strings as the service wrote them, a number with a fraction is a ``Decimal``, dates are ISO
    8601 text, and unset fields are left out.
    """
    return plain(encode(value))


@overload
def convert(value: Mapping[str, Any], type: type[T]) -> T: ...
@overload
def convert(value: Any, type: Any) -> Any: ...


def convert(value: Any, type: Any) -> Any:  # noqa: A002 - users may name it
    """Read plain values (parsed YAML or JSON) as a request, checking them against the contract.

    Args:
        value: a JSON-ready ``dict``, or a ``list`` for a bare array; decimals as text, int or ``Decimal``.
        type: a class of :mod:`.models`, or one of its unions.

    Raises:
        msgspec.ValidationError: a field is unknown, missing, or of the wrong type; the message has its path.
        TypeError: a float, which may already have lost a cent.
    """
    _refuse_floats(value, "$")
    try:
        # The class of an object with keys of any name is known by what reads these.
        return _convert(value, getattr(type, "__outer__", type))
    except ValueError as problem:
        raise msgspec.ValidationError(explained(problem)) from None


def _refuse_floats(value: Any, path: str) -> None:
    if isinstance(value, float):
        raise TypeError(f"a float at {path}: give a Decimal or a str, floats lose cents")
    if is_mapping(value):
        for key, inner in value.items():
            _refuse_floats(inner, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(cast("list[Any]", value)):
            _refuse_floats(inner, f"{path}[{index}]")
