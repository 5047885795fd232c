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
    """Whose file it is: a record of some kind."""

    company: int
    kind: str
    record: int


def sign(company: int, kind: str, record: int, until: int) -> str:
    """The part of a link between the prefix and the file's name; it opens until a Unix time."""
    place = f"{company}/{kind}/{record}/{until}"
    return f"{place}/{_signature(place)}"


def verify(path: str, now: datetime) -> Link | None:
    """What a link leads to; None when it is none, was tampered with, or has expired."""
    found = _PATH.fullmatch(path)
    if found is None or not hmac.compare_digest(found[6], _signature(found[1])):
        return None
    if int(found[5]) <= now.timestamp():
        return None
    return Link(int(found[2]), found[3], int(found[4]))


def _signature(place: str) -> str:
    return hmac.new(_KEY, place.encode(), hashlib.sha256).hexdigest()[:32]
