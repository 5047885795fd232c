"""Values in an XML tree, found by the names of elements whatever their namespace."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from xml.etree.ElementTree import Element

_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?")


class UnreadableError(Exception):
    """The file is no electronic invoice; the message says why."""


def element(parent: Element, path: str) -> Element | None:
    """The first element at a path of local names (``Party/PartyName/Name``)."""
    return parent.find("/".join(f"{{*}}{step}" for step in path.split("/")))


def elements(parent: Element, path: str) -> list[Element]:
    """All elements at a path."""
    return parent.findall("/".join(f"{{*}}{step}" for step in path.split("/")))


def text(parent: Element, path: str) -> str:
    """The text at a path; empty when there is none."""
    target = element(parent, path)
    return (target.text or "").strip() if target is not None else ""


def required(parent: Element, path: str) -> str:
    """The text at a path.

    Raises:
        UnreadableError: when there is none.
    """
    value = text(parent, path)
    if not value:
        raise UnreadableError(f"{path} is missing")
    return value


def amount(parent: Element, path: str) -> Decimal:
    """The decimal at a path.

    Raises:
        UnreadableError: when there is none.
    """
    value = required(parent, path)
    if not _DECIMAL.fullmatch(value):
        raise UnreadableError(f"{path} is no number")
    return Decimal(value)


def day(value: str, path: str) -> str:
    """A date in ISO 8601, from that or from ``YYYYMMDD``.

    Raises:
        UnreadableError: when it is neither.
    """
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as problem:
        raise UnreadableError(f"{path} is no date") from problem
