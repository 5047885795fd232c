# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""Types that every resource shares: ``UNSET`` (a field that is left out), filters, files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Literal, TypeAlias, TypedDict

from msgspec import UNSET, UnsetType

__all__ = ["UNSET", "File", "Filter", "Filters", "Operator", "Scalar", "UnsetType"]

Operator: TypeAlias = Literal[
    "eq", "not_eq", "in", "not_in", "lt", "lteq", "gt", "gteq", "start_with", "scope"
]
Scalar: TypeAlias = str | int | bool | Decimal | date | datetime


class Filter(TypedDict):
    """One condition of a list: ``{"field": "external_reference", "operator": "eq", "value": "A-1"}``.

    Which fields and operators an endpoint knows is in the contract; conditions are joined by *and*.
    """

    field: str
    operator: Operator
    value: Scalar | Sequence[Scalar] | None


Filters: TypeAlias = Sequence[Filter]


class File:
    """A file to upload.

    Args:
        name: the file's name, as it will be shown.
        content: its bytes, or a binary file opened for reading (it must be seekable to be sent again).
        media_type: such as ``application/pdf``; guessed from the name when left out.
    """

    __slots__ = ("content", "media_type", "name")

    def __init__(self, name: str, content: bytes | IO[bytes], media_type: str | None = None) -> None:
        self.name = name
        self.content = content
        self.media_type = media_type

    def __repr__(self) -> str:
        return f"File({self.name!r})"
