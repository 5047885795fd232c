"""Saved plans: bound to the definitions they were made from and to what the account held, and used once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pennyform import data
from pennyform.engine.changes import shown_invoice
from pennyform.engine.plan import FORMAT_VERSION, Plan
from pennyform.findings import failure
from pennyform.invoices.model import Repository

_MOST_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan read from a file. ``paths`` are absolute; ``files`` are hashes by path within the repository.

    ``targets`` are the references it was restricted to; empty when it is about all of them. ``prune`` tells
    that it deletes drafts.
    """

    file: Path
    id: str
    data: Mapping[str, Any]
    paths: tuple[Path, ...]
    files: Mapping[str, str]
    targets: tuple[str, ...] = ()
    prune: bool = False


def to_save(
    plan: Plan,
    repository: Repository,
    paths: Sequence[Path],
    file: Path,
    *,
    now: datetime,
    nonce: str,
    targets: Sequence[str] = (),
    prune: bool = False,
) -> dict[str, Any]:
    """The plan as data to write into ``file``, with what binds it.

    Args:
        plan: the plan.
        repository: what it was made from.
        paths: the files and folders that were asked for.
        file: where it will be written; the repository is found from there.
        now: when it was made.
        targets: the references it was restricted to.
        prune: whether it deletes drafts that left the repository.
        nonce: makes two plans of the same content two plans, of which each may be used once.
    """
    binding = {
        "created_at": now.isoformat(timespec="seconds"),
        "nonce": nonce,
        "root": os.path.relpath(repository.root, file.resolve().parent),
        "paths": [_within(path, repository.root) for path in paths] or ["."],
        "targets": sorted(targets),
        "prune": prune,
        "files": dict(sorted(repository.files.items())),
        "schemas": _schemas(),
        "remote": _remote(plan),
    }
    content = {**plan.to_json(), "saved": binding}
    return {**content, "id": _digest(content)}


def read(file: Path) -> SavedPlan:
    """Read a saved plan.

    Raises:
        Failure: it is not one, or it was changed since.
    """
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise ValueError("it is too large")
        content = json.loads(file.read_text(encoding="utf-8"))
        id_, binding = content.pop("id"), content["saved"]
        if content["format_version"] != FORMAT_VERSION:
            raise ValueError(f"its format is version {content['format_version']}")
        if not {"schemas", "remote"} <= binding.keys():
            raise ValueError("it does not say what it was made from")
        root = file.resolve().parent / binding["root"]
        paths = tuple(root / path for path in binding["paths"])
        saved = SavedPlan(
            file, id_, content, paths, binding["files"], tuple(binding["targets"]), binding["prune"]
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise failure("plan-unreadable", f"it is not a saved plan: {problem}", file=str(file)) from None
    if id_ != _digest(content):
        fix = "make a new one with 'pennyform plan --out'"
        raise failure("plan-changed", "the plan was changed after it was saved", file=str(file), fix=fix)
    return saved


def staleness(saved: SavedPlan, repository: Repository, plan: Plan) -> str:
    """Why ``saved`` may not be carried out, in one sentence; empty when it may.

    Args:
        saved: the plan that was asked for.
        repository: the definitions as they are now.
        plan: what would be planned now.
    """
    changed = _changed(saved.files, repository.files)
    if changed:
        return f"definitions changed since it was made: {', '.join(changed[:5])}"
    if saved.data["saved"]["schemas"] != _schemas():
        return "the schemas that definitions are checked against changed since it was made"
    fresh = json.loads(json.dumps(plan.to_json()))
    if fresh["company"] != saved.data["company"] or fresh["environment"] != saved.data["environment"]:
        return f"it was made for {saved.data['company']['name']} ({saved.data['environment']})"
    before, after = (_by_reference(data["changes"]) for data in (saved.data, fresh))
    moved = _changed(before, after) or _changed(saved.data["saved"]["remote"], _remote(plan))
    if moved:
        return f"the account changed since it was made: {', '.join(moved[:5])}"
    return ""


def _schemas() -> str:
    """One hash over what definitions and requests are checked against, and how VAT is computed."""
    folder = data.schemas()
    files = [*folder.glob("*.json"), folder / "company" / "openapi.json"]
    return _digest({file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(files)})


def _remote(plan: Plan) -> dict[str, str]:
    """Hashes of what the account held, in the words of definitions: what moves by itself is not in them."""
    there = [(change.external_reference, change.there) for change in plan.invoices]
    return {f"invoice {reference}": _digest(shown_invoice(row)) for reference, row in there if row}


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))


def _by_reference(changes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Changes without their places, which depend on where the command was started."""
    return {
        f"{change['kind']} {change['external_reference']}": {**change, "place": None} for change in changes
    }


def _within(path: Path, root: Path) -> str:
    return os.path.relpath(path.resolve(), root.resolve())


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
