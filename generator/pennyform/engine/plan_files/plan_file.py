"""Saved plans as files: text that can be reviewed, and that nothing can be smuggled into on its way."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from pennyform import __version__, strict_json
from pennyform.engine.journal.records import Moment, Text
from pennyform.engine.limits import PLAN_BYTES
from pennyform.engine.state_folder import KEY_VARIABLE
from pennyform.findings import Failure, failure
from pennyform.results.plan import PlanDocument
from pennyform.results.values import FORMAT_VERSION, Json
from pennyform.safe_files import read_inside, real_path, write_file

_DEFINITIONS = frozenset({".yaml", ".yml"})
_NEW_PLAN = "make a new one with 'pennyform plan --out'"


_MESSAGE_LENGTH = 300
_Path = Annotated[str, Meta(max_length=4096)]
_Inside = Annotated[_Path, Meta(pattern=r"^(?!/)(?!(?:.*/)?\.\.(?:/|\Z))")]
_Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class _Head(msgspec.Struct, frozen=True):
    """What every version of a saved plan begins with."""

    format_version: Annotated[int, Meta(ge=0, le=1_000_000)]
    pennyform: Annotated[str, Meta(max_length=100)]


class Binding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a plan was made from, for the account at ``service``.

    ``root`` is relative to the file, ``paths`` and ``files`` to the root. ``files``, ``schemas`` and
    ``remote`` are hashes of the definitions, of what they are checked against, and of what the account held.
    ``targets`` are the references it was restricted to; ``prune`` tells that it deletes drafts. ``nonce``
    makes two plans of the same content two plans, of which each may be used once.
    """

    created_at: Moment
    nonce: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    service: Annotated[str, Meta(max_length=300)]
    root: _Path
    # A plan is about files below its root, whoever signed it.
    paths: Annotated[list[_Inside], Meta(min_length=1)]
    targets: list[Text]
    prune: bool
    files: dict[_Path, _Hash]
    schemas: _Hash
    remote: dict[str, _Hash]


class SavedDocument(PlanDocument, frozen=True):
    """A plan's document as it is saved: with what binds it, and a hash of all the rest."""

    environment: Literal["sandbox", "production"]
    saved: Binding
    id: _Hash


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
        root = real_path(self.file).parent / self.binding.root
        return tuple(root / path for path in self.binding.paths)


def read(file: Path, key: bytes) -> SavedPlan:
    """Read a saved plan that was saved with ``key``.

    Raises:
        Failure: it is not one, or it was changed since.
    """
    try:
        path = real_path(file)
        text = read_inside(path.parent, path, PLAN_BYTES)
        if len(text) > PLAN_BYTES:
            raise ValueError(f"it is larger than {PLAN_BYTES:,} bytes")
        content = strict_json.parse(text, file=str(file))
        document = _decode(content)
    except (OSError, ValueError, msgspec.ValidationError) as problem:
        raise _unreadable(file, str(problem)) from None
    except Failure as problem:
        raise _unreadable(file, problem.findings[0].summary) from None
    del content["id"]
    if not hmac.compare_digest(document.id, sign(content, key)):
        raise failure(
            "plan-changed",
            "the plan was changed after it was saved, or saved by somebody else",
            file=str(file),
            detail="A plan is signed with a key that is in no repository.",
            fix=f"{_NEW_PLAN}; if another machine made it, give both the same {KEY_VARIABLE}",
        )
    return SavedPlan(file, document, content)


def _unreadable(file: Path, why: str) -> Failure:
    return failure(
        "plan-unreadable", f"it is not a saved plan: {why[:_MESSAGE_LENGTH]}", file=str(file), fix=_NEW_PLAN
    )


def _decode(content: Any) -> SavedDocument:
    head = msgspec.convert(content, _Head)
    if head.format_version != FORMAT_VERSION:
        raise ValueError(f"its format is version {head.format_version}")
    try:
        return msgspec.convert(content, SavedDocument)
    except msgspec.ValidationError as problem:
        if head.pennyform == __version__:
            raise
        # A version may have added members without another format: that is the likelier reason.
        raise ValueError(f"it was made by pennyform {head.pennyform}, and this is {__version__}") from problem


def write(file: Path, content: Mapping[str, Json], key: bytes) -> None:
    """Write a plan signed with ``key``, all of it or nothing, for nobody else to read.

    Raises:
        Failure: it cannot be written, is too large to be read again, or would be taken for a definition.
    """
    try:
        text = json.dumps({**content, "id": sign(content, key)}, ensure_ascii=False, indent=2) + "\n"
        data = text.encode()
    except UnicodeEncodeError:
        raise _not_saved(file, "the name of a file is not UTF-8", "rename it") from None
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
        why = problem.strerror or str(problem)
        raise _not_saved(file, why, "check that the folder is there and has space left") from None


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
