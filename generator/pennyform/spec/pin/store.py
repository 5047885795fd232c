"""Where contracts lie below ``specs/``, and the lock that says what they were made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pennyform import data
from pennyform.findings import failure
from pennyform.spec.document import strict_json
from pennyform.spec.document.canonical import canonical_json

LOCK_VERSION = 1


@dataclass(frozen=True)
class Store:
    """The ``specs`` folder: a checkout's, or the installed package's, which is only read."""

    folder: Path

    @classmethod
    def default(cls) -> Store:
        """The folder this installation reads from."""
        return cls(data.specs())

    def apis(self) -> list[str]:
        """The names of the pinned contracts, sorted."""
        return sorted(self.lock()["contracts"])

    def contract_path(self, api: str) -> Path:
        """The pinned contract of ``api``."""
        return self.folder / api / "contract.json"

    def names_path(self, api: str) -> Path:
        """The names its components were given, see :mod:`pennyform.spec.normaliser.naming`."""
        return self.folder / api / "names.json"

    def unread_path(self, api: str) -> Path:
        """The sentences of the contract that were not understood, see ``spec.description_facts``."""
        return self.folder / api / "unread.json"

    def previous_path(self, api: str) -> Path:
        """Between a fetch and the next ``generate``: the contract that ``generated/`` was made from."""
        return self.folder / api / "previous.json"

    def overlay_paths(self, api: str) -> list[Path]:
        """What we say about a contract: ``<api>.yaml`` corrects it, ``<api>.words.yaml`` describes it."""
        paths = (self.folder / "overlays").glob(f"{api}.*yaml")
        return sorted(paths, key=lambda path: (len(path.name), path.name))

    @property
    def lock_path(self) -> Path:
        """The lock file."""
        return self.folder / "lock.json"

    def pinned(self, api: str) -> dict[str, Any]:
        """Read a pinned contract.

        Raises:
            Failure: there is none, or it is damaged.
        """
        path = self.contract_path(api)
        if not path.is_file():
            fix = f"Pin one: pennyform spec fetch --api {api} --from FILE|URL"
            raise failure("no-contract", f"no contract of {api!r} is pinned", file=str(path), fix=fix)
        return dict(_read(path))

    def intact(self, api: str) -> bool:
        """Whether a contract is there as the lock has it."""
        path, entry = self.contract_path(api), self.lock()["contracts"].get(api, {})
        return path.is_file() and digest(path.read_bytes()) == entry.get("pinned")

    def previous(self, api: str) -> dict[str, Any] | None:
        """Read the contract that was pinned when ``generated/`` was last written, if it is another one."""
        path = self.previous_path(api)
        return dict(_read(path)) if path.is_file() else None

    def names(self, api: str) -> dict[str, Any]:
        """The remembered component names; empty before the first ``generate``."""
        path = self.names_path(api)
        return dict(_read(path)) if path.is_file() else {}

    def unread(self, api: str) -> list[dict[str, Any]]:
        """The record of the sentences that were not understood; empty when nothing is pinned."""
        path = self.unread_path(api)
        return list(_read(path)["unread"]) if path.is_file() else []

    def lock(self) -> dict[str, Any]:
        """The lock's content; empty sections when there is none yet."""
        if not self.lock_path.is_file():
            return {"format_version": LOCK_VERSION, "contracts": {}}
        return dict(_read(self.lock_path))

    def note(self, api: str, entry: Mapping[str, Any]) -> None:
        """Put a contract's entry into the lock; what else stands in the entry there stays."""
        lock = self.lock()
        known = lock["contracts"].get(api, {})
        lock["contracts"] = dict(sorted({**lock["contracts"], api: {**known, **entry}}.items()))
        self.write(self.lock_path, lock)

    def write(self, path: Path, value: Any) -> None:
        """Write JSON so that a reader sees the old or the new file, never half of one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        staged = path.with_name(path.name + ".new")
        staged.write_bytes(canonical_json(value))
        staged.replace(path)


def _read(path: Path) -> Any:
    return strict_json.parse(path.read_bytes(), file=str(path))


def digest(content: bytes) -> str:
    """SHA-256 as the lock writes it."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def counts(document: Mapping[str, Any]) -> dict[str, int]:
    """How much a contract holds: operations, paths, named schemas, distinct objects and enums, scopes."""
    operations = [
        operation
        for item in document["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict) and "operationId" in operation
    ]
    scopes = {
        scope
        for operation in operations
        for requirement in operation.get("security", [])
        for names in requirement.values()
        for scope in names
    }
    return {
        "operations": len(operations),
        "paths": len(document["paths"]),
        "schemas": len(document.get("components", {}).get("schemas", {})),
        "shapes": len(_shapes(document)),
        "scopes": len(scopes),
    }


def _shapes(value: Any) -> set[str]:
    """Distinct object and enum schemas below a value, as text."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    found = {shape for child in children for shape in _shapes(child)}
    if isinstance(value, dict) and (value.get("type") == "object" or isinstance(value.get("enum"), list)):
        found.add(json.dumps(value, sort_keys=True))
    return found
