"""Reading a journal: each record is checked, parsed by its type, and handed on; nothing else reads one."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pennyform.engine.journal.records import Record, Summary, decode, encode
from pennyform.engine.state_folder import KEY_VARIABLE
from pennyform.findings import Failure, failure
from pennyform.safe_files import UnsafeFileError

# What the first record's checksum covers in place of a checksum before it.
START = "pennyform journal 1"
_DIGITS = 32
# What can be left of a record that was being written when the power went; some file systems fill up with
# zeros.
_HALF_A_RECORD = re.compile(rb"[0-9a-f]{0,%d}\0*|[0-9a-f]{%d} ?(?:\{.*)?\0*" % (_DIGITS, _DIGITS), re.DOTALL)
# How a summary begins, whose keys are sorted, and no other record.
_SUMMARY = b' {"as'
_OTHER_KEY = (
    f"if the key is not that of before ({KEY_VARIABLE}, or the file 'key' of the state folder), bring it "
    "back; otherwise "
)
_OTHER_VERSION = "if a newer pennyform wrote it, use that one; otherwise "
_REPAIR = (
    "run 'pennyform apply --repair-journal …': it sets the file aside and looks every invoice up again "
    "before anything is created"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a journal file can be trusted.

    ``size`` is the length in bytes of what is sound; ``torn`` tells that something behind it was left half
    written; ``doubtful`` tells that what is behind it looks like a whole record, so that something which was
    once durable may be missing. ``base`` is the length of the summary that the file begins with.
    """

    last_sum: str
    size: int
    torn: bool = False
    doubtful: bool = False
    base: int = 0


def read(data: bytes, add: Callable[[Record], object], key: bytes | None, *, name: str) -> Reading:
    """Check and parse the bytes of a journal.

    Args:
        data: the whole file.
        add: called with each sound record: those of a long run would not fit into memory all at once.
        key: what its checksums were made with; None for a journal of version 0.1, which had no key.
        name: what to call the file in messages.

    Raises:
        Failure: ``journal-damaged``: a record but the last fails its checksum, one is not known, or the file
            does not begin like a journal of this key.
    """
    last_sum, size, base, number = START, 0, 0, 0
    while (end := data.find(b"\n", size)) >= 0:
        line, number = data[size:end], number + 1
        text = _text(line, last_sum, key)
        if text is None:
            broken = f"record {number} of the journal fails its checksum (at byte {size})"
            if end + 1 < len(data):
                raise _damaged(name, f"{broken}, and others follow it", "" if size else _OTHER_KEY)
            if not size:
                # All that there is may have been signed with another key: it is not for us to cut it off.
                raise _damaged(name, broken, _OTHER_KEY)
            return Reading(last_sum, size, torn=True, doubtful=True, base=base)
        try:
            record = decode(text)
        except ValueError as problem:
            # Sound, but unknown to this version: to pass over it could mean to send something twice.
            summary = f"record {number} of the journal is not understood (at byte {size}): {problem}"
            raise _damaged(name, summary, _OTHER_VERSION) from None
        add(record)
        last_sum, size = line[:_DIGITS].decode("ascii"), end + 1
        if number == 1 and isinstance(record, Summary):
            base = size
    # What follows the last line feed is either nothing or a record that was never finished; a whole record
    # with something else than a line feed behind it was durable once.
    tail = data[size:]
    is_ours = _HALF_A_RECORD.fullmatch(tail) is not None
    # A summary is written whole, in place of all records before it: with a part of it, those are lost.
    if not size and (not is_ours or tail[_DIGITS:].startswith(_SUMMARY)):
        raise _damaged(name, "the first record of the journal is cut off, or it is no journal")
    doubtful = not is_ours or _text(tail[:-1], last_sum, key) is not None
    return Reading(last_sum, size, torn=bool(tail), doubtful=doubtful, base=base)


def _text(line: bytes, previous: str, key: bytes | None) -> bytes | None:
    """What of ``line`` is behind its checksum; None when that is not the one behind ``previous``."""
    checksum, _, text = line.partition(b" ")
    return text if hmac.compare_digest(checksum, _checksum(previous, text, key).encode()) else None


def _checksum(previous: str, text: bytes, key: bytes | None) -> str:
    covered = previous.encode() + b"\n" + text
    code = hashlib.sha256(covered).digest() if key is None else hmac.digest(key, covered, "sha256")
    return code.hex()[:_DIGITS]


def sign(previous: str, record: Record, key: bytes) -> tuple[str, bytes]:
    """The checksum of ``record`` behind ``previous``, and the line to write."""
    text = encode(record)
    checksum = _checksum(previous, text, key)
    return checksum, checksum.encode() + b" " + text + b"\n"


def _damaged(name: str, summary: str, before: str = "") -> Failure:
    """``before`` is what to try before the journal is set aside."""
    return failure(
        "journal-damaged",
        summary,
        file=name,
        detail="The journal is the witness of what was sent. Nothing is sent while it contradicts itself, or "
        "was signed with another key than yours.",
        fix=before + _REPAIR,
    )


def unreadable(path: Path, problem: OSError) -> Failure:
    """That the file of a journal cannot be read."""
    reason = str(problem) if isinstance(problem, UnsafeFileError) else problem.strerror
    return failure(
        "journal-unreadable",
        f"the journal cannot be read: {reason}",
        file=str(path),
        detail="The journal is the witness of what was sent. Nothing is sent while it cannot be read.",
        fix=f"let it be a file of yours that nobody else may write; otherwise {_REPAIR}",
    )
