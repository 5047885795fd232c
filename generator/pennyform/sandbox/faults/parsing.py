"""Reads faults from JSON and from the text of a header."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import msgspec

from pennyform.sandbox.faults.fault import Fault
from pennyform.sandbox.faults.kinds import KINDS, Lag, Stale
from pennyform.sandbox.json_types import Json

HEADER = "x-sandbox-fault"


class FaultError(ValueError):
    """The text is no fault; the message says why, and what would be one."""


def from_json(value: Json, *, strict: bool = True) -> Fault:
    """Read one fault.

    Args:
        value: ``{"kind": …}`` and what the kind takes.
        strict: whether text that reads as a number is refused where a number belongs.

    Raises:
        FaultError: when it is none.
    """
    kind = value.get("kind") if isinstance(value, Mapping) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise FaultError(_unknown_kind(kind))
    try:
        fault: Fault = msgspec.convert(value, KINDS[kind], strict=strict)
    except msgspec.ValidationError as error:
        raise FaultError(f"{kind}: {error}") from error
    return fault


def _unknown_kind(kind: Json) -> str:
    if not isinstance(kind, str):
        return f"a fault is an object with a kind: {', '.join(KINDS)}"
    nearest = difflib.get_close_matches(kind, KINDS, n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else f"use one of {', '.join(KINDS)}"
    return f"there is no fault {kind!r}: {hint}"


def from_header(text: str) -> list[Fault]:
    """Read faults for one request: ``latency; seconds=2, unavailable; after_commit=true``.

    Raises:
        FaultError: when one cannot be read, or needs to know what was before this request.
    """
    faults = [from_json(_from_words(part), strict=False) for part in text.split(",") if part.strip()]
    for fault in faults:
        if isinstance(fault, Lag | Stale):
            raise FaultError(f"{fault.kind} must be switched on before what it is to hide: not by a header")
    return faults


def _from_words(text: str) -> dict[str, str]:
    kind, *words = (part.strip() for part in text.split(";"))
    pairs = [word.partition("=") for word in words if word]
    return {"kind": kind, **{name.strip(): value.strip() for name, _, value in pairs}}
