"""Links to files that open without a token, for a while."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime

PREFIX = "/public/files/"
# No secret: it makes a link that somebody changed, or prolonged, fail as it does on the real service.
_KEY = b"pennyform sandbox"
_PATH = re.compile(rf"{PREFIX}(([0-9]+)/([a-z_]+)/([0-9]+)/([0-9]+))/([0-9a-f]+)/[^/]+")


@dataclass(frozen=True, slots=True)
class Link:
    """The record whose file a link opens."""

    company: int
    kind: str
    record: int


def sign(company: int, kind: str, record: int, until: int) -> str:
    """The part of a link between the prefix and the file's name; it opens until a Unix time."""
    target = f"{company}/{kind}/{record}/{until}"
    return f"{target}/{_signature(target)}"


def verify(path: str, now: datetime) -> Link | None:
    """The record that a link leads to; None when it is no link, was tampered with, or has expired."""
    match = _PATH.fullmatch(path)
    if match is None or not hmac.compare_digest(match[6], _signature(match[1])):
        return None
    if int(match[5]) <= now.timestamp():
        return None
    return Link(int(match[2]), match[3], int(match[4]))


def _signature(target: str) -> str:
    return hmac.new(_KEY, target.encode(), hashlib.sha256).hexdigest()[:32]
