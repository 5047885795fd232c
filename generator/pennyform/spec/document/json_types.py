"""JSON as plain Python values, and pointers to places in it (RFC 6901)."""

from __future__ import annotations

from typing import Any

Json = Any
"""Any JSON value: ``dict``, ``list``, ``str``, ``int``, ``float``, ``bool`` or ``None``."""

JsonObject = dict[str, Json]
"""A JSON object.

OpenAPI documents and JSON Schemas stay objects: rules add, merge and drop keywords by name, and an
unknown keyword must survive until it is reported. What is read out of them becomes a record.
"""


def child(pointer: str, step: str | int) -> str:
    """The JSON Pointer one step further in."""
    return f"{pointer}/{str(step).replace('~', '~0').replace('/', '~1')}"
