"""The form that every list has: ``{items, has_more, next_cursor}``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pennyform.sandbox.books import Record
from pennyform.sandbox.call import Call
from pennyform.sandbox.fields import Listing
from pennyform.sandbox.listing import Page, page

Present = Callable[[Call, Record], dict[str, Any]]


def listed(call: Call, listing: Listing, present: Present, *, parent: int | None = None) -> dict[str, Any]:
    """One page of records, each as ``present`` shows it."""
    return shown(call, page(call.books, listing, call.parameters, parent=parent), present)


def shown(call: Call, found: Page, present: Present) -> dict[str, Any]:
    """A page that was read before."""
    return {
        "items": [present(call, record) for record in found.records],
        "has_more": found.has_more,
        "next_cursor": found.next_cursor,
    }
