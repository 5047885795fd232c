"""What ``list`` reports."""

from __future__ import annotations

from typing import Literal

from pennyform.results.values import Record


class ListedName(Record, frozen=True):
    """A name that definitions may use, what is known of it, and where it comes from (a file, or built in)."""

    name: str
    about: str
    source: str


class ListDocument(Record, frozen=True):
    """The names of one kind: ``vat-codes``, ``categories``, ``templates``, ``customers`` or ``products``."""

    format_version: Literal[1]
    kind: str
    names: tuple[ListedName, ...]
