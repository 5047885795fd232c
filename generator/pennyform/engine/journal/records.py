"""The records of a journal, one type for each event. What they say on disk is the format of version 1.

Every journal that was ever written must stay readable: a field may be added with a default, and none may be
renamed or removed. Fields that a record does not know are passed over.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from msgspec import UNSET, UnsetType


class Subject(NamedTuple):
    """What a record is about: ``kind`` is ``invoice``, ``customer``, ``product``, or the key of a task."""

    kind: str
    reference: str


class _Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """``at`` is when it was written: ISO time, UTC, milliseconds. :class:`Journal` fills it in."""

    at: str = ""


class _SubjectRecord(_Record, frozen=True):
    kind: str
    reference: str


class Intent(_SubjectRecord, frozen=True, tag="intent"):
    """A request is about to be sent. ``id`` is what it is about, when that has an id already.

    ``card`` is a digest of the customer's card with which an invoice becomes final.
    """

    step: str
    id: int | None = None
    card: str | UnsetType = UNSET


class Acknowledged(_SubjectRecord, frozen=True, tag="acknowledged"):
    """The request was answered with success; ``id`` is that of what it made or changed."""

    step: str = ""
    id: int | None = None


class Refused(_SubjectRecord, frozen=True, tag="refused"):
    """The request was certainly not carried out."""

    step: str = ""
    why: str = ""


class Unknown(_SubjectRecord, frozen=True, tag="unknown"):
    """A request may have been carried out or not (``step``), or an invoice could not be read (``id``)."""

    step: str | UnsetType = UNSET
    why: str | UnsetType = UNSET
    id: int | UnsetType | None = UNSET


class _LookedUp(_SubjectRecord, frozen=True):
    """``confirmed_by_user`` tells that a person said so, not a look-up; on disk it is called ``told``."""

    id: int | UnsetType | None = UNSET
    confirmed_by_user: bool | UnsetType = msgspec.field(default=UNSET, name="told")


class Found(_LookedUp, frozen=True, tag="found"):
    """What a request of unknown outcome should have done is there."""


class Absent(_LookedUp, frozen=True, tag="absent"):
    """What a request of unknown outcome should have done is proven not to be there."""


class Waited(_SubjectRecord, frozen=True, tag="waited"):
    """A request of unknown outcome cannot arrive any more; the account shows whether it did."""


class Verified(_SubjectRecord, frozen=True, tag="verified"):
    """An invoice was read back and is what it should be."""

    id: int | None = None


class Differs(_SubjectRecord, frozen=True, tag="differs"):
    """An invoice was read back and is not what it should be."""

    id: int | None = None


class SetAside(_SubjectRecord, frozen=True, tag="set_aside"):
    """A draft, ``old``, gave up its reference to the one that replaces it."""

    old: int


class Deleted(_SubjectRecord, frozen=True, tag="deleted"):
    """The draft that was set aside is gone."""

    old: int


class PlanUsed(_Record, frozen=True, tag="plan_used"):
    """A saved plan is about to be carried out, and never again. ``plan`` is its id."""

    plan: str


class Doubt(_Record, frozen=True, tag="doubt"):
    """Records may be missing: everything must be looked up before anything is created."""

    why: str = ""


class Settled(_Record, frozen=True, tag="settled"):
    """Everything was looked up since the last doubt."""


class Summary(_Record, frozen=True, tag="memory"):
    """What all records before it add up to, in their place; by kind and reference."""

    unsettled: dict[str, dict[str, str]]
    ids: dict[str, dict[str, int]]
    used: list[str]
    aside: dict[str, dict[str, int]]
    done: dict[str, list[str]]
    finalized: list[str]
    doubtful: bool
    doubted_at: str
    cards: dict[str, str] | UnsetType = UNSET


SubjectRecord = (
    Intent
    | Acknowledged
    | Refused
    | Unknown
    | Found
    | Absent
    | Waited
    | Verified
    | Differs
    | SetAside
    | Deleted
)
Record = SubjectRecord | PlanUsed | Doubt | Settled | Summary

_DECODER = msgspec.json.Decoder(Record)
# Keys are sorted so that a record has one form only, whichever version wrote it.
_ENCODER = msgspec.json.Encoder(order="sorted")


def encode(record: Record) -> bytes:
    """A record as it stands in the file, without its checksum."""
    return _ENCODER.encode(record)


def decode(text: bytes) -> Record:
    """The record that ``text`` holds.

    Raises:
        msgspec.MsgspecError: it holds none.
    """
    return _DECODER.decode(text)
