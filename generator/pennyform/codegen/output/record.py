"""What a generation was made from and what it made: ``generated/lock.json``.

While the inputs and the emitted files have the digests recorded there, nothing needs to be emitted again to
know that they belong together. An input that has changed is no fault by itself: only what is emitted counts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import pennyform
from pennyform.findings import Finding, Severity
from pennyform.spec import canonical_json
from pennyform.spec.pin.store import Store, digest

NAME = "lock.json"
_FORMAT_VERSION = 1
_PACKAGES = ("openapi-python-client", "jinja2", "msgspec", "ruff")
_ROOMS = ("codegen", "spec", "results")
# Folders that decide nothing: Python's caches, what compares contracts, the templates of `init` and invoices.
_IRRELEVANT = frozenset({"__pycache__", "diff", "init", "invoices"})
OTHERS = "others"
"""In ``stock_templates``: all that ours do not stand in for."""


def inputs(store: Store, templates: Path) -> dict[str, Any]:
    """Digests and versions of everything that decides what is emitted.

    Args:
        store: where the contracts are pinned.
        templates: the folder of templates.
    """
    ours = _tree(templates)
    return {
        "contracts": {api: _contract(api, store) for api in store.apis()},
        "templates": ours,
        "stock_templates": _stock_templates({Path(name).name for name in ours}),
        "generator": _generator(),
        "packages": {name: _version(name) for name in _PACKAGES},
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
    """The source as the pin's own lock knows it, and the files that it became and that we say about it."""
    files = [store.contract_path(api), *store.overlay_paths(api), store.names_path(api)]
    found = {path.name: digest(path.read_bytes()) for path in files if path.is_file()}
    return {"source": store.lock().contracts[api].read, **found}


def _generator() -> str:
    """The digest of this generator's own code: its version alone would hide a change in a checkout."""
    package = Path(pennyform.__file__).parent
    return _joined({name: text for room in _ROOMS for name, text in _tree(package / room).items()})


def _stock_templates(ours: Collection[str]) -> dict[str, str]:
    """The digests of openapi-python-client's templates: one for each that ours stands in for, by its name.

    All others together have one digest: a new one among them may be one to stand in for.
    """
    try:
        files = metadata.files("openapi-python-client") or []
    except metadata.PackageNotFoundError:
        return {}
    stock = {str(file).partition("/templates/")[2]: file for file in files if file.suffix == ".jinja"}
    digests = {name: digest(stock[name].read_binary()) for name in sorted(stock)}
    replaced = {name: text for name, text in digests.items() if name in ours}
    others = {name: text for name, text in digests.items() if name not in ours}
    return {**replaced, OTHERS: _joined(others)}


def changed_stock(lock: Mapping[str, Any], made_from: Mapping[str, Any]) -> list[Finding]:
    """A warning for each stock template that has changed since the lock was written.

    Ours were written with the one before in mind: what the new one does better, ours may have to do as well.
    """
    before = lock.get("inputs", {}).get("stock_templates", {})
    after = made_from["stock_templates"]
    changed = [name for name in after if name in before and before[name] != after[name]]
    return [_stock_changed(name, made_from["packages"]["openapi-python-client"]) for name in changed]


def _stock_changed(name: str, version: str) -> Finding:
    what = "a template that we do not replace" if name == OTHERS else f"{name}, which we replace,"
    return Finding(
        "stock-template-changed",
        Severity.WARNING,
        f"openapi-python-client {version}: {what} is not the one we know",
        detail="What the change is for, our templates may need as well.",
        fix="Compare the two versions of openapi-python-client, adapt templates/client, and generate.",
    )


def _tree(folder: Path) -> dict[str, str]:
    """The digest of every file below a folder that can decide what is emitted, by its path there."""
    names = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    relevant = (name for name in names if not _IRRELEVANT & {*name.parts})
    return {name.as_posix(): digest((folder / name).read_bytes()) for name in relevant}


def _joined(digests: Mapping[str, str]) -> str:
    return digest("".join(f"{name} {text}\n" for name, text in sorted(digests.items())).encode())


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
