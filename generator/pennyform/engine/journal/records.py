"""The records of a journal, one type for each event. What they say on disk is the format of version 1.

Every journal that was ever written must stay readable: a field may be added with a default, and none may be
renamed or removed. Fields that a record does not know are passed over. What a record must look like beyond
its types, such as the bounds of an id, is part of the types: nothing behind :func:`decode` looks again.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import msgspec
from msgspec import UNSET, Meta, UnsetType

from pennyform import strict_json
from pennyform.findings import Failure

# References are far shorter; the name of a task holds that of a file, and a refusal what a server said.
TEXT_LENGTH = 16_384
_MESSAGE_LENGTH = 200

Text = Annotated[str, Meta(max_length=TEXT_LENGTH)]
Id = Annotated[int, Meta(ge=1, le=2**63 - 1)]
# As written by this program, so that two of them compare as text; "" for never.
Moment = Annotated[str, Meta(pattern=r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00)?\Z")]


def as_text(message: object) -> str:
    """A message in words that a record can hold: Unicode, and no longer than a text may be."""
    return str(message)[:TEXT_LENGTH].encode("utf-8", "replace").decode()


class Subject(NamedTuple):
    """What a record is about: ``kind`` is ``invoice``, ``customer``, ``product``, or the key of a task."""

    kind: str
    reference: str


class _Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """``at`` is when it was written: ISO time, UTC, milliseconds. :class:`Journal` fills it in."""

    at: Moment = ""


class _SubjectRecord(_Record, frozen=True):
    kind: Text
    reference: Text


class Intent(_SubjectRecord, frozen=True, tag="intent"):
    """A request is about to be sent. ``id`` is what it is about, when that has an id already.

    ``card`` is a digest of the customer's card with which an invoice becomes final.
    """

    step: Text
    id: Id | None = None
    card: Text | UnsetType = UNSET


class Acknowledged(_SubjectRecord, frozen=True, tag="acknowledged"):
    """The request was answered with success; ``id`` is that of what it made or changed."""

    step: Text = ""
    id: Id | None = None


class Refused(_SubjectRecord, frozen=True, tag="refused"):
    """The request was certainly not carried out."""

    step: Text = ""
    why: Text = ""


class Unknown(_SubjectRecord, frozen=True, tag="unknown"):
    """A request may have been carried out or not (``step``), or an invoice could not be read (``id``)."""

    step: Text | UnsetType = UNSET
    why: Text | UnsetType = UNSET
    id: Id | UnsetType | None = UNSET


class _LookedUp(_SubjectRecord, frozen=True):
    """``confirmed_by_user`` tells that a person said so, not a look-up; on disk it is called ``told``."""

    id: Id | UnsetType | None = UNSET
    confirmed_by_user: bool | UnsetType = msgspec.field(default=UNSET, name="told")


class Found(_LookedUp, frozen=True, tag="found"):
    """What a request of unknown outcome should have done is there."""


class Absent(_LookedUp, frozen=True, tag="absent"):
    """What a request of unknown outcome should have done is proven not to be there."""


class Waited(_SubjectRecord, frozen=True, tag="waited"):
    """A request of unknown outcome cannot arrive any more; the account shows whether it did."""


class _ReadBack(_SubjectRecord, frozen=True):
    """``number``, ``date``, ``currency`` and ``amount``, tax included, are those of a final invoice."""

    id: Id | None = None
    number: Text | UnsetType = UNSET
    date: Text | UnsetType = UNSET
    currency: Text | UnsetType = UNSET
    amount: Text | UnsetType = UNSET


class Verified(_ReadBack, frozen=True, tag="verified"):
    """An invoice was read back and is what it should be."""


class Differs(_ReadBack, frozen=True, tag="differs"):
    """An invoice was read back and is not what it should be."""


class SetAside(_SubjectRecord, frozen=True, tag="set_aside"):
    """A draft, ``old``, gave up its reference to the one that replaces it."""

    old: Id


class Deleted(_SubjectRecord, frozen=True, tag="deleted"):
    """The draft that was set aside is gone."""

    old: Id


class RunBegun(_Record, frozen=True, tag="run_begun"):
    """Changes are about to be carried out. ``plan`` is the id of a saved plan, or a digest of the plan.

    ``person`` is who the machine says is at work, ``commit`` that of the definitions; "" where unknown.
    ``approved_by`` is another person who approved the plan, where one did.
    """

    person: Text
    host: Text
    commit: Text
    plan: Text
    pennyform: Text
    approved_by: Text = ""


class PlanUsed(_Record, frozen=True, tag="plan_used"):
    """A saved plan is about to be carried out, and never again. ``plan`` is its id."""

    plan: Text


class Doubt(_Record, frozen=True, tag="doubt"):
    """Records may be missing: everything must be looked up before anything is created."""

    why: Text = ""


class Settled(_Record, frozen=True, tag="settled"):
    """Everything was looked up since the last doubt."""


class Summary(_Record, frozen=True, tag="memory"):
    """What all records before it add up to, in their place; by kind and reference."""

    unsettled: dict[Text, dict[Text, Text]]
    ids: dict[Text, dict[Text, Id]]
    used: list[Text]
    aside: dict[Text, dict[Text, Id]]
    done: dict[Text, list[Text]]
    finalized: list[Text]
    doubtful: bool
    doubted_at: Moment
    cards: dict[Text, Text] | UnsetType = UNSET
    # The last checksum of the file that it takes the place of. Its name keeps the first key what it was.
    follows: Text | UnsetType = UNSET


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
Record = SubjectRecord | RunBegun | PlanUsed | Doubt | Settled | Summary

_DECODER = msgspec.json.Decoder(Record)
# Keys are sorted so that a record has one form only, whichever version wrote it.
_ENCODER = msgspec.json.Encoder(order="sorted")


def encode(record: Record) -> bytes:
    """A record as it stands in the file, without its checksum.

    Raises:
        ValueError: it holds text that is not Unicode.
    """
    return _ENCODER.encode(record)


def decode(text: bytes) -> Record:
    """The record that ``text`` holds.

    Raises:
        ValueError: it holds none, or readers may disagree on what it says; ``str()`` tells why.
    """
    try:
        record = _DECODER.decode(text)
        # As this version writes it there is nothing to ask; strict reading takes ten times as long.
        if encode(record) != text:
            strict_json.parse(text, file="")
    except Failure as problem:
        raise ValueError(problem.findings[0].summary[:_MESSAGE_LENGTH]) from None
    except (msgspec.MsgspecError, RecursionError) as problem:
        raise ValueError(str(problem)[:_MESSAGE_LENGTH]) from None
    return record
