"""The parameters of a template: what each takes, and whether a value is such a one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from pennyform.findings import closest_name
from pennyform.invoices.money import scalars
from pennyform.invoices.money.scalars import canonical, parse_amount
from pennyform.invoices.yaml.document import Path, YamlMapping, YamlValue

TYPES = {
    "text": "text",
    "integer": "a whole number",
    "number": "a number",
    "amount": 'a quoted amount, such as "650.00"',
    "date": "a date, such as 2026-01-31",
    "boolean": "true or false",
    "list": "a list of entries",
}
_NATIVE: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "number": (int, Decimal),
    "boolean": (bool,),
}
# Types with limits: all others have no order that an author would expect.
_ORDERED = ("integer", "number", "amount", "date")
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,12})?")


class WrongValueError(ValueError):
    """A value is not what a parameter takes; the text says what must be.

    ``path`` leads from the value to the part of it that is wrong; ``fix`` is what is probably meant, or "".
    """

    def __init__(self, must: str, path: Path = (), fix: str = "") -> None:
        super().__init__(must)
        self.path = path
        self.fix = fix


class UnknownFieldError(WrongValueError):
    """An entry of a list has a field that was not declared: its name is what is wrong, not its value."""


class Parameter(NamedTuple):
    """One parameter, or one field of the entries of a ``list``.

    ``default`` is as written, and counts only when not ``required``; None is a value of its own then, for
    what may be left out. ``minimum`` and ``maximum`` are native values.
    """

    name: str
    type: str
    description: str
    required: bool
    default: YamlValue
    enum: tuple[YamlValue, ...]
    fields: Mapping[str, Parameter]
    minimum: YamlValue = None
    maximum: YamlValue = None


def parse_parameter(name: str, declaration: YamlMapping) -> Parameter:
    """The parameter that a valid declaration describes.

    Raises:
        WrongValueError: a limit is not of the parameter's type; its path begins with the limit's name.
    """
    parameter = Parameter(
        name=name,
        type=declaration["type"],
        description=declaration.get("description", ""),
        required="default" not in declaration,
        default=declaration.get("default"),
        enum=tuple(declaration.get("enum", ())),
        fields={
            field: parse_parameter(field, of_field)
            for field, of_field in declaration.get("fields", {}).items()
        },
    )
    limits = {}
    for limit in ("minimum", "maximum"):
        if limit not in declaration:
            continue
        if parameter.type not in _ORDERED:
            raise WrongValueError(f"left out: {TYPES[parameter.type]} has no limits", (limit,), "delete it")
        limits[limit] = _as_type(parameter, declaration[limit], from_text=False)
        if limits[limit] is None:
            raise WrongValueError(f"{TYPES[parameter.type]}, as the parameter is", (limit,))
    return parameter._replace(**limits)


def to_native(parameter: Parameter, value: YamlValue, *, from_text: bool = False) -> YamlValue:
    """``value`` as expressions see it: an amount as a decimal, a date as a day, a list with its entries.

    Args:
        parameter: what is asked for.
        value: as written in a definition.
        from_text: whether a number or truth value may also be text, as everything in a CSV file is.

    Raises:
        WrongValueError: it is not what the parameter takes.
    """
    if value is None and not parameter.required:
        return None
    if from_text and isinstance(value, str):
        if parameter.type in ("integer", "number") and _NUMBER.fullmatch(value):
            value = Decimal(value) if "." in value else int(value)
        elif parameter.type == "boolean":
            value = {"true": True, "false": False}.get(value, value)
    native = _as_type(parameter, value, from_text=from_text)
    # `enum` holds values as they are written, limits are native.
    if native is None or (parameter.enum and value not in parameter.enum):
        allowed = ", ".join(f"`{allowed}`" for allowed in parameter.enum)
        must = f"one of {allowed}" if allowed else TYPES[parameter.type]
        raise WrongValueError(must, fix=_suggestion(parameter, value))
    if parameter.minimum is not None and native < parameter.minimum:
        raise WrongValueError(f"at least {parameter.minimum}")
    if parameter.maximum is not None and native > parameter.maximum:
        raise WrongValueError(f"at most {parameter.maximum}")
    return native


def _as_type(parameter: Parameter, value: YamlValue, *, from_text: bool) -> YamlValue:
    """``value`` as a native value of the parameter's type, None when it is none."""
    match parameter.type:
        case "amount":
            return parse_amount(value)
        case "date":
            return scalars.parse(value) if isinstance(value, str) else None
        case "list":
            if not isinstance(value, list):
                return None
            return [
                _list_entry(parameter, index, entry, from_text=from_text) for index, entry in enumerate(value)
            ]
        case type_:
            # A truth value is a whole number to Python, and to nobody else.
            is_flag = isinstance(value, bool)
            fits = isinstance(value, _NATIVE[type_]) and is_flag == (type_ == "boolean")
            return value if fits else None


def _list_entry(parameter: Parameter, index: int, entry: YamlValue, *, from_text: bool) -> YamlMapping:
    known = ", ".join(f"`{name}`" for name in parameter.fields)
    if not isinstance(entry, dict):
        raise WrongValueError(f"a mapping with {known}", (index,))
    for name in entry:
        if name not in parameter.fields:
            raise UnknownFieldError(f"left out: an entry has {known}", (index, name), "delete it")
    fields = {}
    for name, field in parameter.fields.items():
        if name not in entry and field.required:
            about = field.description or TYPES[field.type]
            raise WrongValueError(f"a mapping that says `{name}` ({about})", (index,))
        try:
            fields[name] = to_native(field, entry.get(name, field.default), from_text=from_text)
        except WrongValueError as error:
            raise WrongValueError(str(error), (index, name), error.fix) from error
    return fields


def _suggestion(parameter: Parameter, value: YamlValue) -> str:
    """What to write instead of ``value``: the nearest value allowed, or the number that it looks like."""
    if parameter.enum or parameter.type == "boolean":
        allowed = [str(value) for value in parameter.enum] or ["true", "false"]
        close = closest_name(str(value).lower(), allowed)
        return f"write `{close}`" if close else ""
    text = str(value).replace(",", ".")
    if not _NUMBER.fullmatch(text):
        return ""
    if parameter.type == "amount":
        return f'write "{canonical(Decimal(text))}"'
    return f"write {text}" if parameter.type == "number" else ""
