"""Where contracts lie below ``specs/``, and the lock that says what they were made from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from pennyform import data, strict_json
from pennyform.findings import failure
from pennyform.safe_files import write_file
from pennyform.spec.document.budget import BYTES
from pennyform.spec.document.json_types import Json, JsonObject, Shapes, all_values, canonical_json
from pennyform.spec.document.load import read_contract_json, read_file
from pennyform.spec.document.openapi import Document
from pennyform.spec.normaliser.contract import ComponentName
from pennyform.spec.pin.left_out import UnreadEntry

LOCK_VERSION = 1
UNREAD_VERSION = 1
T = TypeVar("T")


class Counts(msgspec.Struct, frozen=True):
    """How much a contract holds.

    ``schemas`` are named ones, ``shapes`` distinct objects and enums, ``unread`` sentences that were not
    understood.
    """

    operations: int
    paths: int
    schemas: int
    shapes: int
    scopes: int
    unread: int


class LockEntry(msgspec.Struct, frozen=True):
    """What one contract was made from: a file or URL, the day it was published, digests of both ends."""

    source: str
    date: str
    read: str
    pinned: str
    counts: Counts


class Lock(msgspec.Struct, frozen=True):
    """``specs/lock.json``: the pinned contracts by the name of their API."""

    format_version: int = LOCK_VERSION
    contracts: dict[str, LockEntry] = {}

    def with_entry(self, api: str, entry: LockEntry) -> Lock:
        """The lock with the entry of one more contract, or another one of it."""
        return Lock(contracts=dict(sorted({**self.contracts, api: entry}.items())))


class UnreadRecord(msgspec.Struct, frozen=True):
    """``unread.json``: the sentences of a contract that were not understood."""

    format_version: int
    unread: list[UnreadEntry]


@dataclass(frozen=True, slots=True)
class Store:
    """The ``specs`` folder: a checkout's, the installed package's, which is only read, or a repository's own.

    ``shipped`` is the ``specs`` folder of pennyform itself, whose overlays lie under those of a repository;
    None where ``folder`` is that.
    """

    folder: Path
    shipped: Path | None = None

    @classmethod
    def default(cls) -> Store:
        """The folder this installation reads from."""
        return cls(data.specs())

    def apis(self) -> list[str]:
        """The names of the pinned contracts, sorted."""
        return sorted(self.lock().contracts)

    def contract_path(self, api: str) -> Path:
        """The pinned contract of ``api``."""
        return self.folder / api / "contract.json"

    def names_path(self, api: str) -> Path:
        """The names its components were given, see :mod:`pennyform.spec.normaliser.component_names`."""
        return self.folder / api / "names.json"

    def unread_path(self, api: str) -> Path:
        """The sentences of the contract that were not understood, see ``spec.description_facts``."""
        return self.folder / api / "unread.json"

    def previous_path(self, api: str) -> Path:
        """Between a fetch and the next ``generate``: the contract that ``generated/`` was made from."""
        return self.folder / api / "previous.json"

    def overlay_paths(self, api: str) -> list[Path]:
        """What we say about a contract: ``<api>.yaml`` corrects it, ``<api>.words.yaml`` describes it."""
        # The shorter name first: descriptions are of what corrections have left.
        paths = (self.folder / "overlays").glob(f"{api}.*yaml")
        return sorted(paths, key=lambda path: (len(path.name), path.name))

    @property
    def lock_path(self) -> Path:
        """The lock file."""
        return self.folder / "lock.json"

    def pinned(self, api: str) -> JsonObject:
        """Read a pinned contract.

        Raises:
            Failure: there is none, or it is damaged.
        """
        path = self.contract_path(api)
        if not path.is_file():
            fix = f"Pin one: pennyform spec fetch --api {api} --from FILE|URL"
            raise failure("no-contract", f"no contract of {api!r} is pinned", file=str(path), fix=fix)
        return read_contract_json(read_file(path, BYTES), str(path))

    def is_intact(self, api: str) -> bool:
        """Whether a contract is there as the lock has it."""
        path, entry = self.contract_path(api), self.lock().contracts.get(api)
        return entry is not None and path.is_file() and digest(read_file(path, BYTES)) == entry.pinned

    def previous(self, api: str) -> JsonObject | None:
        """Read the contract that was pinned when ``generated/`` was last written, if it is another one."""
        path = self.previous_path(api)
        return dict(_read(path)) if path.is_file() else None

    def names(self, api: str) -> dict[str, ComponentName]:
        """The remembered component names; empty before the first ``generate``."""
        path = self.names_path(api)
        return _read_record(path, dict[str, ComponentName]) if path.is_file() else {}

    def unread(self, api: str) -> list[UnreadEntry]:
        """The record of the sentences that were not understood; empty when nothing is pinned."""
        path = self.unread_path(api)
        return _read_record(path, UnreadRecord).unread if path.is_file() else []

    def lock(self) -> Lock:
        """The lock's content; empty when there is none yet."""
        return _read_record(self.lock_path, Lock) if self.lock_path.is_file() else Lock()

    def lock_contract(self, api: str, entry: LockEntry) -> None:
        """Put a contract's entry into the lock."""
        self.write(self.lock_path, self.lock().with_entry(api, entry))

    def write(self, path: Path, value: Json) -> None:
        """Write JSON, records included, so that a reader sees the old or the new file, never half of one."""
        write_file(path, canonical_json(value), folders=True)


def _read(path: Path) -> Json:
    return strict_json.parse(read_file(path, BYTES), file=str(path))


def _read_record(path: Path, record: type[T]) -> T:
    try:
        return msgspec.convert(_read(path), record)
    except msgspec.ValidationError as error:
        fix = "Restore it from version control, or fetch the contract again."
        raise failure("damaged-record", f"not what was written: {error}", file=str(path), fix=fix) from None


def digest(content: bytes) -> str:
    """SHA-256 as the lock writes it."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def count_parts(document: JsonObject, *, unread: int) -> Counts:
    """Count what a pinned document holds; ``unread`` is the number of sentences not understood."""
    read, shapes = Document.read(document), Shapes()
    operations = [operation for item in read.paths.values() for _, operation in item.operations()]
    return Counts(
        operations=len(operations),
        paths=len(read.paths),
        schemas=len(read.schemas),
        shapes=len({shapes.number(value) for value in all_values(document) if _is_shape(value)}),
        scopes=len({scope for operation in operations for scope in operation.scopes}),
        unread=unread,
    )


def _is_shape(value: Json) -> bool:
    """Whether a value is the schema of an object or an enum."""
    return isinstance(value, dict) and (value.get("type") == "object" or isinstance(value.get("enum"), list))
