"""What a generation was made from and what it made: ``generated/lock.json``.

While the inputs and the emitted files have the digests recorded there, nothing needs to be emitted again to
know that they belong together. An input that has changed is no fault by itself: only what is emitted counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from pennyform.spec import canonical_json
from pennyform.spec.store import Store, digest

NAME = "lock.json"
_FORMAT_VERSION = 1
_PACKAGES = ("openapi-python-client", "jinja2", "python-jsonpath")
_ROOMS = ("codegen", "spec")


def inputs(store: Store, templates: Path) -> dict[str, Any]:
    """Digests and versions of everything that decides what is emitted.

    Args:
        store: where the contracts are pinned.
        templates: the folder of templates.
    """
    return {
        "contracts": {api: _contract(api, store) for api in store.apis()},
        "templates": _tree(templates, "**/*"),
        "generator": _generator(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "stock_templates": _stock_templates(),
    }


def record(made_from: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    """The lock's content.

    Args:
        made_from: see :func:`inputs`.
        files: what was emitted, by path below the output folder.
    """
    digests = {path: digest(content) for path, content in sorted(files.items())}
    return canonical_json({"format_version": _FORMAT_VERSION, "inputs": made_from, "files": digests})


def _contract(api: str, store: Store) -> dict[str, str]:
    files = {
        "pinned": store.contract_path(api),
        "overlay": store.overlay_path(api),
        "names": store.names_path(api),
    }
    return {name: digest(path.read_bytes()) for name, path in files.items() if path.is_file()}


def _generator() -> str:
    """The digest of this generator's own code: its version alone would hide a change in a checkout."""
    package = Path(__file__).parent.parent
    return digest("".join(_tree(package / room, "**/*.py") for room in _ROOMS).encode())


def _stock_templates() -> str:
    """The digest of the templates that ours stand in for: a new one among them must be noticed."""
    try:
        files = metadata.files("openapi-python-client") or []
    except metadata.PackageNotFoundError:
        return ""
    stock = sorted((str(file), file) for file in files if file.suffix == ".jinja")
    return digest("".join(f"{name} {digest(file.read_binary())}\n" for name, file in stock).encode())


def _tree(folder: Path, pattern: str) -> str:
    """One digest of the names and contents of all files below a folder."""
    files = sorted(
        path for path in folder.glob(pattern) if path.is_file() and "__pycache__" not in path.parts
    )
    lines = [f"{path.relative_to(folder).as_posix()} {digest(path.read_bytes())}\n" for path in files]
    return digest("".join(lines).encode())


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
