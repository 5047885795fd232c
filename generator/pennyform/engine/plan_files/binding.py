"""What a saved plan is bound to: its definitions, what the account held, and being used once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from pennyform import __version__
from pennyform.engine.journal.replayed_state import ReplayedState
from pennyform.engine.plan_files.plan_file import Binding, SavedPlan, digest
from pennyform.engine.planning.actions import remote_content
from pennyform.engine.planning.plan import Plan
from pennyform.engine.planning.planner import NOT_IN_JOURNAL
from pennyform.engine.planning.post_finalize_tasks import mail_doubt
from pennyform.engine.planning.prerequisites.customers import card_digest
from pennyform.invoices.model import Repository
from pennyform.results.documents import json_data
from pennyform.results.plan import IDLE, PlannedChange, PlannedInvoice
from pennyform.results.values import JsonObject
from pennyform.safe_files import real_path


@dataclass(frozen=True, slots=True)
class PlanOrigin:
    """When a plan was made, and for the account at which ``service``: a host, or which sandbox.

    ``nonce`` makes two plans of the same content two plans, of which each may be used once.
    """

    service: str
    now: datetime
    nonce: str


def build_content(
    plan: Plan,
    repository: Repository,
    paths: Sequence[Path],
    file: Path,
    origin: PlanOrigin,
    *,
    targets: Sequence[str] = (),
    prune: bool = False,
) -> JsonObject:
    """The plan as data to write into ``file``, with what binds it.

    Args:
        plan: the plan.
        repository: what it was made from.
        paths: the files and folders that were asked for.
        file: where it will be written; the repository is found from there.
        origin: when it was made, and for which account.
        targets: the references it was restricted to.
        prune: whether it deletes drafts that left the repository.
    """
    root = real_path(repository.root)
    binding = Binding(
        created_at=origin.now.isoformat(timespec="milliseconds"),
        nonce=origin.nonce,
        service=origin.service,
        root=os.path.relpath(repository.root, real_path(file).parent),
        paths=[os.path.relpath(real_path(path), root) for path in paths] or ["."],
        targets=sorted(targets),
        prune=prune,
        files=dict(sorted(repository.files.items())),
        schemas=_hash_schemas(repository.settings.schemas),
        remote=_hash_remote(plan),
    )
    return {**json_data(plan.document()), "saved": msgspec.to_builtins(binding)}


def explain_reuse(saved: SavedPlan, journal: ReplayedState) -> str:
    """Why ``saved`` may have been carried out before, in one sentence; empty when it was not."""
    if saved.id in journal.used:
        return "it was used before"
    # Both are written by this program, in UTC and with milliseconds.
    if journal.doubted_at and saved.binding.created_at <= journal.doubted_at:
        return "it was made before the journal was damaged, which may have forgotten that it was used"
    return ""


def explain_staleness(saved: SavedPlan, repository: Repository, plan: Plan, service: str) -> str:
    """Why ``saved`` may not be carried out, in one sentence; empty when it may.

    Args:
        saved: the plan that was asked for.
        repository: the definitions as they are now.
        plan: what would be planned now.
        service: where the account is.
    """
    if reason := _explain_other(saved, repository, plan, service):
        return reason
    old, new = saved.document, plan.document()
    # As JSON: what a newer contract knows of an invoice is compared even where its record does not name it.
    before, after = (
        {f"{change['kind']} {change['external_reference']}": _without_machine(change) for change in changes}
        for changes in (saved.data["changes"], json_data(new)["changes"])
    )
    moved = _changed(before, after) or _changed(saved.binding.remote, _hash_remote(plan))
    if moved:
        return f"the account changed since it was made: {', '.join(moved[:5])}"
    # What is summed up was reviewed as well, and what is there twice is not what was compared.
    summed_up = (old.summary, old.money, old.rounding) == (new.summary, new.money, new.rounding)
    return "" if summed_up and len(before) == len(old.changes) else "it does not say what would be done now"


def explain_rest(saved: SavedPlan, repository: Repository, plan: Plan, service: str) -> str:
    """Why the rest of ``saved``, which was begun, may not be carried out, in one sentence; empty when it may.

    What the account held has changed by then, by the plan itself. The definitions have not; nothing may be
    done about what the plan did nothing about, nor come to other amounts or to somebody else.

    Args:
        saved: the plan that was begun.
        repository: the definitions as they are now.
        plan: what would be planned now.
        service: where the account is.
    """
    if reason := _explain_other(saved, repository, plan, service):
        return reason
    planned, remaining = (
        {(change.kind, change.external_reference): change for change in document.changes}
        for document in (saved.document, plan.document())
    )
    busy = [key for key, change in remaining.items() if change.action not in IDLE]
    more = sorted(key[1] for key in busy if key not in planned or planned[key].action in IDLE)
    if more:
        return f"more would be done than it says: {', '.join(more[:5])}"
    moved = sorted(key[1] for key in busy if _approved(planned[key]) != _approved(remaining[key]))
    return f"the account changed since it was begun: {', '.join(moved[:5])}" if moved else ""


def _approved(change: PlannedChange) -> object:
    """What must not change in the rest of a plan: amounts, and whom it is for.

    Text may gain a number, and a customer without a language has the account's once the plan created it.
    """
    if not isinstance(change, PlannedInvoice) or change.totals is None:
        return None
    customer = change.customer and msgspec.structs.replace(change.customer, language="")
    return msgspec.structs.replace(change.totals, lines=()), customer


def _explain_other(saved: SavedPlan, repository: Repository, plan: Plan, service: str) -> str:
    """Why ``saved`` is about something else than what is here, in one sentence; empty when it is not."""
    made_by = saved.document.pennyform
    if made_by != __version__:
        return f"it was made by pennyform {made_by}, and this is {__version__}"
    changed = _changed(saved.binding.files, repository.files)
    if changed:
        return f"definitions changed since it was made: {', '.join(changed[:5])}"
    if saved.binding.schemas != _hash_schemas(repository.settings.schemas):
        return "the schemas that definitions are checked against changed since it was made"
    old, new = saved.document, plan.document()
    company = (new.company, new.environment, service)
    if company != (old.company, old.environment, saved.binding.service):
        return f"it was made for {old.company.name} ({old.environment})"
    return ""


def _without_machine(change: dict[str, Any]) -> dict[str, Any]:
    """A change without what depends on the machine: where the command was started, what its journal knows."""
    known_by_journal = {NOT_IN_JOURNAL, mail_doubt(change["external_reference"])}
    warnings = [warning for warning in change["warnings"] if warning not in known_by_journal]
    return {**change, "place": None, "warnings": warnings}


def _hash_schemas(folder: Path) -> str:
    """One hash over what definitions and requests are checked against, and how VAT is computed."""
    files = [*folder.glob("*.json"), *folder.glob("definitions/*.json"), folder / "company" / "openapi.json"]
    names = sorted(file.relative_to(folder).as_posix() for file in files)
    return digest({name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names})


def _hash_remote(plan: Plan) -> dict[str, str]:
    """Hashes of what the account held, in the words of definitions: what moves by itself is not in them."""
    invoices = {
        f"invoice {change.external_reference}": digest(remote_content(change.remote))
        for change in plan.invoices
        if change.remote
    }
    # The card that each will be issued to, also where nothing shows it.
    cards = {
        f"customer of {change.external_reference}": card_digest(change.resolved.customer)
        for change in plan.invoices
        if change.busy and change.resolved.customer
    }
    return invoices | cards


def _changed(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
