"""Fetch: read a contract, pin it, and lock what was read and what was pinned."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pennyform.findings import Failure, Finding, Severity, tidy
from pennyform.safe_files import replaced_files
from pennyform.spec.document.json_types import Json, JsonObject, canonical_json, child
from pennyform.spec.document.load import Source
from pennyform.spec.pin.left_out import UnreadEntry
from pennyform.spec.pin.reduce import reduce
from pennyform.spec.pin.store import UNREAD_VERSION, LockEntry, Store, UnreadRecord, count_parts, digest
from pennyform.text import has_filler, has_hidden

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


def update_of(pinned: Pinned, *, api: str, store: Store) -> StoreUpdate:
    """What pinning a contract would change in a store; nothing is written yet."""
    locked = store.lock().contracts.get(api) if store.is_intact(api) else None
    known_sentences = {entry.sentence for entry in store.unread(api)}
    # The same source pinned by other rules is no change of the vendor's.
    newer = locked and locked.read != pinned.entry.read and locked.pinned != pinned.entry.pinned
    return StoreUpdate(
        changed=locked is None or locked.pinned != pinned.entry.pinned,
        previous=store.pinned(api) if newer else None,
        new_sentences=frozenset({entry.sentence for entry in pinned.unread} - known_sentences),
    )


def write_pinned(pinned: Pinned, *, api: str, store: Store) -> StoreUpdate:
    """Write the pinned contract, what was not understood of it, and its lock entry: all of it or nothing.

    The contract that was there stays beside it until the next ``generate``, so that what is emitted can be
    reported against what it was emitted from.
    """
    update = update_of(pinned, api=api, store=store)
    files: dict[Path, bytes] = {}
    if update.previous is not None and not store.previous_path(api).is_file():
        files[store.previous_path(api)] = canonical_json(update.previous)
    files[store.contract_path(api)] = canonical_json(pinned.document)
    files[store.unread_path(api)] = canonical_json(UnreadRecord(UNREAD_VERSION, pinned.unread))
    # The last one: should writing be cut off before it, the contract differs from it, and everybody is told.
    files[store.lock_path] = canonical_json(store.lock().with_entry(api, pinned.entry))
    with replaced_files(files):
        return update


def check_pinned(pinned: Pinned, *, api: str, store: Store, check: Callable[[Store], object]) -> None:
    """Pin into a copy of a store, and see whether what follows from the pin is sound there.

    Args:
        pinned: the contract.
        api: the name to keep it under.
        store: the store that it would be pinned into.
        check: reads the contract from the store that it gets, and raises a failure where it is not sound.

    Raises:
        Failure: see ``check``; places name the files of ``store``.
    """
    with tempfile.TemporaryDirectory(prefix="pennyform-") as folder:
        copy = replace(store, folder=Path(folder))
        for path in (*store.overlay_paths(api), store.names_path(api), store.lock_path):
            if path.is_file() and path.is_relative_to(store.folder):
                target = copy.folder / path.relative_to(store.folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
        write_pinned(pinned, api=api, store=copy)
        try:
            check(copy)
        except Failure as problem:
            findings = [
                finding._replace(file=finding.file.replace(folder, str(store.folder)))
                for finding in problem.findings
            ]
            raise Failure(findings) from None


def _unsafe_text(value: Json, file: str, pointer: str = "") -> Iterator[Finding]:
    """Every text that shows as something else than it is: control, bidirectional and private characters."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _unsafe_text(key, file, pointer)
            yield from _unsafe_text(item, file, child(pointer, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unsafe_text(item, file, child(pointer, index))
    elif isinstance(value, str) and (has_hidden(value) or has_filler(value)):
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
