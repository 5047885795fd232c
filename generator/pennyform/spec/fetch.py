"""Fetch: read a contract, pin it, and lock what was read and what was pinned."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from pennyform.findings import Failure, Finding, tidy
from pennyform.spec.canonical import canonical_json
from pennyform.spec.load import Source
from pennyform.spec.pin import pin
from pennyform.spec.soundness import unsafe_text
from pennyform.spec.store import Store, counts, digest

_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")


@dataclass(frozen=True)
class Pinned:
    """One pinned contract: the document, its entry in the lock, and what was left out of it."""

    document: dict[str, Any]
    entry: dict[str, Any]
    findings: list[Finding]


def pin_source(source: Source, *, api: str, day: date) -> Pinned:
    """Pin what was read; pure.

    Args:
        source: the contract as read.
        api: the name to keep it under.
        day: when the vendor published it, as far as is known; see :func:`dated`.

    Raises:
        Failure: what would be pinned has control or invisible characters in its names or values.
    """
    document, findings = pin(source.document, api=api, file=source.name)
    unsafe = tidy(unsafe_text(document, source.name))
    if unsafe:
        raise Failure(unsafe)
    entry = {
        "source": source.name,
        "date": day.isoformat(),
        "read": digest(source.content),
        "pinned": digest(canonical_json(document)),
        "counts": counts(document),
    }
    return Pinned(document, entry, findings)


def dated(name: str, *, today: date) -> date:
    """The date in a file name or URL (``2026-07-20.json``), else ``today``."""
    for match in _DATE.finditer(name):
        try:
            return date(*map(int, match.groups()))
        except ValueError:
            continue
    return today


def keep(pinned: Pinned, *, api: str, store: Store) -> bool:
    """Write the pinned contract and its lock entry; the contract first, so that the lock never runs ahead.

    Returns:
        Whether anything changed.
    """
    lock = store.lock()
    contracts = lock.setdefault("contracts", {})
    unchanged = contracts.get(api, {}).get("pinned") == pinned.entry["pinned"]
    content_there = store.contract_path(api).is_file()
    store.write(store.contract_path(api), pinned.document)
    kept = {key: value for key, value in contracts.get(api, {}).items() if key not in pinned.entry}
    lock["contracts"] = dict(sorted({**contracts, api: {**pinned.entry, **kept}}.items()))
    store.write(store.lock_path, lock)
    return not (unchanged and content_there)
