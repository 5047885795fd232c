"""Fetch: read a contract, pin it, and lock what was read and what was pinned."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from pennyform.findings import Failure, Finding, Severity, tidy
from pennyform.spec.document.json_types import Json, JsonObject, canonical_json, child
from pennyform.spec.document.load import Source
from pennyform.spec.pin.left_out import UnreadEntry
from pennyform.spec.pin.reduce import reduce
from pennyform.spec.pin.store import UNREAD_VERSION, LockEntry, Store, UnreadRecord, count_parts, digest
from pennyform.text import has_hidden

ADDRESSES = {
    "company": "https://pennylane.readme.io/openapi/accounting.json",
    "firm": "https://firm-pennylane.readme.io/openapi/referentials.json",
}
"""Where the vendor publishes its contracts, by API. Its documentation is made from them, without a link."""

_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")


@dataclass(frozen=True, slots=True)
class Pinned:
    """One pinned contract: the document, its entry in the lock, and what was left out of it."""

    document: JsonObject
    entry: LockEntry
    findings: list[Finding]
    unread: list[UnreadEntry]


@dataclass(frozen=True, slots=True)
class StoreUpdate:
    """What writing a pinned contract changed.

    ``changed`` is whether the contract did. ``previous`` is the contract there was before, if the vendor has
    published another one since. ``new_sentences`` are the fingerprints of sentences that are not understood
    and were not there before.
    """

    changed: bool
    previous: JsonObject | None
    new_sentences: frozenset[str]


def pin_source(source: Source, *, api: str, day: date) -> Pinned:
    """Pin what was read; pure.

    Args:
        source: the contract as read.
        api: the name to keep it under.
        day: when the vendor published it, as far as is known; see :func:`publication_date`.

    Raises:
        Failure: what would be pinned has control or invisible characters in its names or values.
    """
    reduced = reduce(source.document, api=api, file=source.name)
    unsafe = tidy(_unsafe_text(reduced.document, source.name))
    if unsafe:
        raise Failure(unsafe)
    entry = LockEntry(
        source=source.name,
        date=day.isoformat(),
        read=digest(source.content),
        pinned=digest(canonical_json(reduced.document)),
        counts=count_parts(reduced.document, unread=len(reduced.unread)),
    )
    return Pinned(reduced.document, entry, reduced.findings, reduced.unread)


def publication_date(name: str, *, today: date) -> date:
    """The date in a file name or URL (``2026-07-20.json``), else ``today``."""
    for match in _DATE.finditer(name):
        try:
            return date(*map(int, match.groups()))
        except ValueError:
            continue
    return today


def write_pinned(pinned: Pinned, *, api: str, store: Store) -> StoreUpdate:
    """Write the pinned contract, what was not understood of it, and its lock entry, which comes last.

    The contract that was there stays beside it until the next ``generate``, so that what is emitted can be
    reported against what it was emitted from.
    """
    locked = store.lock().contracts.get(api) if store.is_intact(api) else None
    known_sentences = {entry.sentence for entry in store.unread(api)}
    # The same source pinned by other rules is no change of the vendor's.
    newer = locked and locked.read != pinned.entry.read and locked.pinned != pinned.entry.pinned
    previous = store.pinned(api) if newer else None
    if previous is not None and not store.previous_path(api).is_file():
        store.write(store.previous_path(api), previous)
    store.write(store.contract_path(api), pinned.document)
    store.write(store.unread_path(api), UnreadRecord(UNREAD_VERSION, pinned.unread))
    # Should writing be cut off before this, the contract differs from the lock, and everybody is told so.
    store.lock_contract(api, pinned.entry)
    return StoreUpdate(
        changed=locked is None or locked.pinned != pinned.entry.pinned,
        previous=previous,
        new_sentences=frozenset({entry.sentence for entry in pinned.unread} - known_sentences),
    )


def _unsafe_text(value: Json, file: str, pointer: str = "") -> Iterator[Finding]:
    """Every text that shows as something else than it is: control, bidirectional and private characters."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _unsafe_text(key, file, pointer)
            yield from _unsafe_text(item, file, child(pointer, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unsafe_text(item, file, child(pointer, index))
    elif isinstance(value, str) and has_hidden(value):
        yield Finding(
            "unsafe-text",
            Severity.ERROR,
            f"control or invisible characters in {ascii(value)[:120]}",
            file,
            # The place itself may have such characters.
            pointer=ascii(pointer)[1:-1],
            detail="It could hide what a name or a value really is, in code and in reviews alike.",
            fix="Ask the vendor, or take the text out before pinning.",
        )
