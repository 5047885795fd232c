"""Saved plans as files: text that can be reviewed, and that nothing can be smuggled into on its way."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from pennyform import __version__
from pennyform.engine.limits import PLAN_BYTES
from pennyform.engine.state_folder import KEY_VARIABLE
from pennyform.findings import Failure, failure
from pennyform.results.plan import PlanDocument
from pennyform.results.values import FORMAT_VERSION, Json, JsonObject
from pennyform.safe_files import write_file

_DEFINITIONS = frozenset({".yaml", ".yml"})
_NEW_PLAN = "make a new one with 'pennyform plan --out'"


class Binding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a plan was made from, for the account at ``service``.

    ``root`` is relative to the file, ``paths`` and ``files`` to the root. ``files``, ``schemas`` and
    ``remote`` are hashes of the definitions, of what they are checked against, and of what the account held.
    ``targets`` are the references it was restricted to; ``prune`` tells that it deletes drafts. ``nonce``
    makes two plans of the same content two plans, of which each may be used once.
    """

    created_at: str
    nonce: str
    service: str
    root: str
    paths: list[str]
    targets: list[str]
    prune: bool
    files: dict[str, str]
    schemas: str
    remote: dict[str, str]


class SavedDocument(PlanDocument, frozen=True):
    """A plan's document as it is saved: with what binds it, and a hash of all the rest."""

    saved: Binding
    id: str


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan read from a file: as ``document``, and as the JSON ``data`` without its hash."""

    file: Path
    document: SavedDocument
    data: Mapping[str, Any]

    @property
    def id(self) -> str:
        """What the journal calls it once it is used."""
        return self.document.id

    @property
    def binding(self) -> Binding:
        """What it was made from."""
        return self.document.saved

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files and folders that it is about, absolute."""
        root = self.file.resolve().parent / self.binding.root
        return tuple(root / path for path in self.binding.paths)


def read(file: Path, key: bytes) -> SavedPlan:
    """Read a saved plan that was saved with ``key``.

    Raises:
        Failure: it is not one, or it was changed since.
    """
    try:
        with file.open("rb") as opened:
            text = opened.read(PLAN_BYTES + 1)
        if len(text) > PLAN_BYTES:
            raise ValueError(f"it is larger than {PLAN_BYTES:,} bytes")
        content = json.loads(text, object_pairs_hook=_refuse_duplicate_keys)
        document = _decode(content)
        signature = str(content.pop("id")).encode()
        is_ours = hmac.compare_digest(signature, sign(content, key).encode())
    except (OSError, ValueError, KeyError, TypeError, RecursionError, msgspec.ValidationError) as problem:
        raise failure("plan-unreadable", f"it is not a saved plan: {problem}", file=str(file)) from None
    if not is_ours:
        raise failure(
            "plan-changed",
            "the plan was changed after it was saved, or saved by somebody else",
            file=str(file),
            detail="A plan is signed with a key that is in no repository.",
            fix=f"{_NEW_PLAN}; if another machine made it, give both the same {KEY_VARIABLE}",
        )
    return SavedPlan(file, document, content)


def _decode(content: Any) -> SavedDocument:
    if content["format_version"] != FORMAT_VERSION:
        raise ValueError(f"its format is version {content['format_version']}")
    try:
        return msgspec.convert(content, SavedDocument)
    except msgspec.ValidationError as problem:
        made_by = content.get("pennyform")
        if made_by in (None, __version__):
            raise
        # A version may have added members without another format: that is the likelier reason.
        raise ValueError(f"it was made by pennyform {made_by}, and this is {__version__}") from problem


def _refuse_duplicate_keys(pairs: Sequence[tuple[str, Any]]) -> JsonObject:
    """A reviewer may read one value and the machine another."""
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a key is there twice")
    return content


def write(file: Path, content: Mapping[str, Json], key: bytes) -> None:
    """Write a plan signed with ``key``, all of it or nothing, for nobody else to read.

    Raises:
        Failure: it cannot be written, is too large to be read again, or would be taken for a definition.
    """
    text = json.dumps({**content, "id": sign(content, key)}, ensure_ascii=False, indent=2) + "\n"
    data = text.encode()
    if file.suffix in _DEFINITIONS:
        raise _not_saved(file, "a file of this name is taken for a definition", "name it otherwise")
    if file.exists() and not file.is_file():
        raise _not_saved(file, "it is no regular file", "name a file")
    if len(data) > PLAN_BYTES:
        why = f"it would have {len(data):,} bytes, and {PLAN_BYTES:,} is the limit"
        raise _not_saved(file, why, "plan fewer invoices at a time: name some of the files, or use --target")
    try:
        # For nobody else: it tells who is billed what, as the definitions do.
        write_file(file, data, mode=0o600)
    except OSError as problem:
        raise _not_saved(file, str(problem), "check that the folder is there and has space left") from None


def _not_saved(file: Path, why: str, fix: str) -> Failure:
    return failure("plan-not-saved", f"the plan cannot be saved: {why}", file=str(file), fix=fix)


def digest(content: object) -> str:
    """A hash of JSON data, whatever the order of its keys."""
    return hashlib.sha256(_canonical(content)).hexdigest()


def sign(content: object, key: bytes) -> str:
    """A code over JSON data that only who has ``key`` can make (HMAC-SHA256, RFC 2104)."""
    return hmac.new(key, _canonical(content), "sha256").hexdigest()


def _canonical(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
