"""What a saved plan is bound to: its definitions, what the account held, and being used once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from pennyform import __version__, data
from pennyform.engine.journal.replayed_state import ReplayedState
from pennyform.engine.plan_files.plan_file import Binding, SavedPlan, digest
from pennyform.engine.planning.actions import remote_content
from pennyform.engine.planning.plan import Plan
from pennyform.invoices.model import Repository
from pennyform.results.documents import json_data
from pennyform.results.plan import PlanDocument


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
    binding = Binding(
        created_at=now.isoformat(timespec="milliseconds"),
        nonce=nonce,
        root=os.path.relpath(repository.root, file.resolve().parent),
        paths=[_within(path, repository.root) for path in paths] or ["."],
        targets=sorted(targets),
        prune=prune,
        files=dict(sorted(repository.files.items())),
        schemas=_schemas(),
        remote=_remote(plan),
    )
    return {**json_data(plan.document()), "saved": msgspec.to_builtins(binding)}


def spent(saved: SavedPlan, memory: ReplayedState) -> str:
    """Why ``saved`` may have been carried out before, in one sentence; empty when it was not."""
    if saved.id in memory.used:
        return "it was used before"
    # Both are written by this program, in UTC and with milliseconds.
    if memory.doubted_at and saved.binding.created_at <= memory.doubted_at:
        return "it was made before the journal was damaged, which may have forgotten that it was used"
    return ""


def staleness(saved: SavedPlan, repository: Repository, plan: Plan) -> str:
    """Why ``saved`` may not be carried out, in one sentence; empty when it may.

    Args:
        saved: the plan that was asked for.
        repository: the definitions as they are now.
        plan: what would be planned now.
    """
    made_by = saved.document.pennyform
    if made_by != __version__:
        return f"it was made by pennyform {made_by}, and this is {__version__}"
    changed = _changed(saved.binding.files, repository.files)
    if changed:
        return f"definitions changed since it was made: {', '.join(changed[:5])}"
    if saved.binding.schemas != _schemas():
        return "the schemas that definitions are checked against changed since it was made"
    old, new = saved.document, plan.document()
    if new.company != old.company or new.environment != old.environment:
        return f"it was made for {old.company.name} ({old.environment})"
    return _moved(saved, new, plan)


def _moved(saved: SavedPlan, new: PlanDocument, plan: Plan) -> str:
    # As JSON: what a newer contract knows of an invoice is compared even where its record does not name it.
    before, after = (_by_reference(content["changes"]) for content in (saved.data, json_data(new)))
    moved = _changed(before, after) or _changed(saved.binding.remote, _remote(plan))
    if moved:
        return f"the account changed since it was made: {', '.join(moved[:5])}"
    # What is summed up was reviewed as well, and what is there twice is not what was compared.
    old = saved.document
    summed_up = (old.summary, old.money, old.rounding) == (new.summary, new.money, new.rounding)
    return "" if summed_up and len(before) == len(old.changes) else "it does not say what would be done now"


def _schemas() -> str:
    """One hash over what definitions and requests are checked against, and how VAT is computed."""
    folder = data.schemas()
    files = [*folder.glob("*.json"), *folder.glob("definitions/*.json"), folder / "company" / "openapi.json"]
    names = sorted(file.relative_to(folder).as_posix() for file in files)
    return digest({name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names})


def _remote(plan: Plan) -> dict[str, str]:
    """Hashes of what the account held, in the words of definitions: what moves by itself is not in them."""
    there = [(change.external_reference, change.there) for change in plan.invoices]
    return {f"invoice {reference}": digest(remote_content(row)) for reference, row in there if row}


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))


def _by_reference(changes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Changes without their places, which depend on where the command was started."""
    return {
        f"{change['kind']} {change['external_reference']}": {**change, "place": None} for change in changes
    }


def _within(path: Path, root: Path) -> str:
    return os.path.relpath(path.resolve(), root.resolve())
