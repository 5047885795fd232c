"""The parameters of a template: what each takes, and whether a value is such a one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from pennyform.invoices.money import dates
from pennyform.invoices.money.amounts import canonical, parse_amount
from pennyform.invoices.yaml.document import Path

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
    default: Any
    enum: tuple[Any, ...]
    fields: Mapping[str, Parameter]
    minimum: Any = None
    maximum: Any = None


def declared(name: str, stated: Mapping[str, Any]) -> Parameter:
    """The parameter that ``stated``, a valid declaration, describes.

    Raises:
        WrongValueError: a limit is not of the parameter's type; its path begins with the limit's name.
    """
    type_, fields = stated["type"], stated.get("fields", {})
    one = Parameter(
        name=name,
        type=type_,
        description=stated.get("description", ""),
        required="default" not in stated,
        default=stated.get("default"),
        enum=tuple(stated.get("enum", ())),
        fields={field: declared(field, of_field) for field, of_field in fields.items()},
    )
    return one._replace(minimum=_limit(one, stated, "minimum"), maximum=_limit(one, stated, "maximum"))


def _limit(one: Parameter, stated: Mapping[str, Any], name: str) -> Any:
    if name not in stated:
        return None
    if one.type not in _ORDERED:
        raise WrongValueError(f"left out: {TYPES[one.type]} has no limits", (name,), "delete it")
    found = _typed(one, stated[name], from_text=False)
    if found is None:
        raise WrongValueError(f"{TYPES[one.type]}, as the parameter is", (name,))
    return found


def native(parameter: Parameter, value: Any, *, from_text: bool = False) -> Any:
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
        value = _from_text(parameter.type, value)
    found = _typed(parameter, value, from_text=from_text)
    if found is None or (parameter.enum and value not in parameter.enum):
        raise WrongValueError(_kind(parameter), fix=_meant(parameter, value))
    if parameter.minimum is not None and found < parameter.minimum:
        raise WrongValueError(f"at least {parameter.minimum}")
    if parameter.maximum is not None and found > parameter.maximum:
        raise WrongValueError(f"at most {parameter.maximum}")
    return found


def _typed(parameter: Parameter, value: Any, *, from_text: bool) -> Any:
    """``value`` as a native value of the parameter's type, None when it is none."""
    match parameter.type:
        case "amount":
            return parse_amount(value)
        case "date":
            return dates.parse(value) if isinstance(value, str) else None
        case "list":
            return _entries(parameter, value, from_text=from_text)
        case type_:
            # A truth value is a whole number to Python, and to nobody else.
            is_flag = isinstance(value, bool)
            fits = isinstance(value, _NATIVE[type_]) and is_flag == (type_ == "boolean")
            return value if fits else None


def _entries(parameter: Parameter, value: Any, *, from_text: bool) -> list[dict[str, Any]] | None:
    if not isinstance(value, list):
        return None
    return [_entry(parameter, index, entry, from_text=from_text) for index, entry in enumerate(value)]


def _entry(parameter: Parameter, index: int, entry: Any, *, from_text: bool) -> dict[str, Any]:
    known = ", ".join(f"`{name}`" for name in parameter.fields)
    if not isinstance(entry, dict):
        raise WrongValueError(f"a mapping with {known}", (index,))
    for name in entry:
        if name not in parameter.fields:
            raise UnknownFieldError(f"left out: an entry has {known}", (index, name), "delete it")
    fields = {}
    for name, field in parameter.fields.items():
        if name not in entry and field.required:
            raise WrongValueError(f"a mapping that says `{name}` ({_about(field)})", (index,))
        try:
            fields[name] = native(field, entry.get(name, field.default), from_text=from_text)
        except WrongValueError as wrong:
            raise WrongValueError(str(wrong), (index, name), wrong.fix) from wrong
    return fields


def _from_text(type_: str, text: str) -> Any:
    if type_ in ("integer", "number") and _NUMBER.fullmatch(text):
        return Decimal(text) if "." in text else int(text)
    return {"true": True, "false": False}.get(text, text) if type_ == "boolean" else text


def _kind(parameter: Parameter) -> str:
    if parameter.enum:
        return f"one of {', '.join(f'`{value}`' for value in parameter.enum)}"
    return TYPES[parameter.type]


def _meant(parameter: Parameter, value: Any) -> str:
    """What to write instead of ``value``: the nearest value allowed, or the number that it looks like."""
    allowed = [str(one) for one in parameter.enum] or ["true", "false"]
    if parameter.enum or parameter.type == "boolean":
        from difflib import get_close_matches

        close = get_close_matches(str(value).lower(), allowed, n=1)
        return f"write `{close[0]}`" if close else ""
    text = str(value).replace(",", ".")
    if not _NUMBER.fullmatch(text):
        return ""
    if parameter.type == "amount":
        return f'write "{canonical(Decimal(text))}"'
    return f"write {text}" if parameter.type == "number" else ""


def _about(parameter: Parameter) -> str:
    return parameter.description or TYPES[parameter.type]
