"""Fetch: read a contract, pin it, and lock what was read and what was pinned."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from pennyform.findings import Failure, Finding, tidy
from pennyform.spec.document.canonical import canonical_json
from pennyform.spec.document.load import Source
from pennyform.spec.normaliser.lint import unsafe_text
from pennyform.spec.pin import reduce
from pennyform.spec.pin.store import Store, counts, digest

UNREAD_VERSION = 1
_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")


@dataclass(frozen=True)
class Pinned:
    """One pinned contract: the document, its entry in the lock, and what was left out of it.

    ``unread`` is the record of sentences that were not understood, see :class:`pennyform.spec.pin.Reduced`.
    """

    document: dict[str, Any]
    entry: dict[str, Any]
    findings: list[Finding]
    unread: list[dict[str, Any]]


@dataclass(frozen=True)
class Kept:
    """What became of the store.

    ``changed`` is whether anything was. ``previous`` is the contract there was before, if the vendor has
    published another one since. ``news`` are the fingerprints of sentences that are not understood and were
    not there before.
    """

    changed: bool
    previous: dict[str, Any] | None
    news: frozenset[str]


def pin_source(source: Source, *, api: str, day: date) -> Pinned:
    """Pin what was read; pure.

    Args:
        source: the contract as read.
        api: the name to keep it under.
        day: when the vendor published it, as far as is known; see :func:`dated`.

    Raises:
        Failure: what would be pinned has control or invisible characters in its names or values.
    """
    reduced = reduce(source.document, api=api, file=source.name)
    unsafe = tidy(unsafe_text(reduced.document, source.name))
    if unsafe:
        raise Failure(unsafe)
    entry = {
        "source": source.name,
        "date": day.isoformat(),
        "read": digest(source.content),
        "pinned": digest(canonical_json(reduced.document)),
        "counts": {**counts(reduced.document), "unread": len(reduced.unread)},
    }
    return Pinned(reduced.document, entry, reduced.findings, reduced.unread)


def dated(name: str, *, today: date) -> date:
    """The date in a file name or URL (``2026-07-20.json``), else ``today``."""
    for match in _DATE.finditer(name):
        try:
            return date(*map(int, match.groups()))
        except ValueError:
            continue
    return today


def keep(pinned: Pinned, *, api: str, store: Store) -> Kept:
    """Write the pinned contract, what was not understood of it, and its lock entry, which comes last.

    The contract that was there stays beside it until the next ``generate``, so that what is emitted can be
    reported against what it was emitted from.
    """
    known = store.lock()["contracts"].get(api, {})
    news = {entry["sentence"] for entry in pinned.unread} - {each["sentence"] for each in store.unread(api)}
    intact = store.intact(api)
    # The same source pinned by other rules is no change of the vendor's.
    newer = intact and all(known[key] != pinned.entry[key] for key in ("read", "pinned"))
    previous = store.pinned(api) if newer else None
    if previous is not None and not store.previous_path(api).is_file():
        store.write(store.previous_path(api), previous)
    store.write(store.contract_path(api), pinned.document)
    store.write(store.unread_path(api), {"format_version": UNREAD_VERSION, "unread": pinned.unread})
    store.note(api, pinned.entry)
    changed = not intact or known["pinned"] != pinned.entry["pinned"]
    return Kept(changed, previous, frozenset(news))
