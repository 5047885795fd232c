# Part of every emitted client: `pennyform generate` copies it, with its own header in place of this line.
"""Log records of calls: what was sent and answered, without secrets and without anybody's data.

The logger has the name of this package. INFO has a record for each answer and each wait, DEBUG also the shape
of requests and answers: names of fields, ids, and what kind of value stands in each.
"""

from __future__ import annotations

import logging
from typing import Any

import httpx
import msgspec

from .._codec import is_list, is_mapping, plain
from .._contract import BASE_PATH, PACKAGE

LOGGER = logging.getLogger(PACKAGE)
VARIABLE = "PENNYLANE_LOG"
"""The environment variable that switches records on: ``debug`` or ``info``."""
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO}
_FORMAT = "%(asctime)s %(name)s %(levelname)s %(message)s"
_LONGEST = 2000


def switch_on(level: str) -> None:
    """Give records of ``level`` and above to the handlers of the program; to stderr if it has none.

    Args:
        level: ``debug`` or ``info``; anything else changes nothing.
    """
    number = _LEVELS.get(level.strip().lower())
    if number is None:
        return
    LOGGER.setLevel(number)
    if not LOGGER.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(_FORMAT))
        LOGGER.addHandler(handler)


def log_request(operation: str, template: str, request: httpx.Request, attempt: int) -> None:
    """That a request is sent."""
    if LOGGER.isEnabledFor(logging.DEBUG):
        names = "&".join(f"{name}=…" for name in request.url.params)
        place = _path(template, request.url.path) + (f"?{names}" if names else "")
        kind = request.headers.get("content-type", "").partition(";")[0]
        body = f" {_shape(request.content)}" if kind.endswith("json") else f" {kind}".rstrip()
        LOGGER.debug("%s: attempt %d: %s %s%s", operation, attempt, request.method, place, body)


def log_answer(operation: str, status: int, headers: httpx.Headers, body: bytes) -> None:
    """That an answer came."""
    if LOGGER.isEnabledFor(logging.INFO):
        request_id = headers.get("x-request-id")
        LOGGER.info("%s: status %d, request id %s", operation, status, request_id)
        if LOGGER.isEnabledFor(logging.DEBUG):
            LOGGER.debug("%s: answered %s", operation, _shape(body))


def log_failure(operation: str, failure: Exception) -> None:
    """That no answer came. Messages of other libraries may repeat what was sent: only the kind is told."""
    LOGGER.info("%s: no answer (%s)", operation, type(failure).__name__)


def log_wait(operation: str, seconds: float) -> None:
    """That the call is tried again."""
    LOGGER.info("%s: tried again in %.3f s", operation, seconds)


def _path(template: str, path: str) -> str:
    """A path with its ids; other values in it may be anybody's data."""
    values = iter(path.removeprefix(BASE_PATH).split("/"))
    segments = (
        (part if part == value or ("{" in part and not value.isdigit()) else value)
        for part, value in zip(template.split("/"), values, strict=False)
    )
    return BASE_PATH + "/".join(segments)


def _shape(text: bytes) -> str:
    try:
        value = plain(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"{len(text)} bytes"
    masked = _masked(value, "")
    return masked if len(masked) <= _LONGEST else f"{masked[:_LONGEST]}…"


def _masked(value: Any, name: str) -> str:
    if is_mapping(value):
        # A name that is none of a field may be anybody's data as well.
        members = (
            (key if key.isascii() and key.isidentifier() else "…", member) for key, member in value.items()
        )
        return "{" + ", ".join(f"{key}: {_masked(member, key)}" for key, member in members) + "}"
    if is_list(value):
        more = f", … {len(value)} in all" if len(value) > 1 else ""
        return f"[{_masked(value[0], name)}{more}]" if value else "[]"
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    if isinstance(value, int) and (name == "id" or name.endswith("_id")):
        return str(value)
    return "…" if isinstance(value, str) else "#"
