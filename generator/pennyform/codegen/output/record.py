"""What a generation was made from and what it made: ``generated/lock.json``.

While the inputs and the emitted files have the digests recorded there, nothing needs to be emitted again to
know that they belong together. An input that has changed is no fault by itself: only what is emitted counts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib import metadata
from pathlib import Path

import pennyform
from pennyform.findings import Finding, Severity
from pennyform.spec import canonical_json
from pennyform.spec.document.json_types import JsonObject
from pennyform.spec.pin.store import Store, digest

NAME = "lock.json"
_FORMAT_VERSION = 1
_PACKAGES = ("openapi-python-client", "jinja2", "msgspec", "ruff")
_ROOMS = ("codegen", "spec", "results")
# Folders that decide nothing: Python's caches, what compares contracts, the templates of `init` and invoices.
_IRRELEVANT = frozenset({"__pycache__", "diff", "init", "invoices"})
OTHERS = "others"
"""In ``stock_templates``: all that ours do not stand in for."""


def inputs(store: Store, templates: Path) -> JsonObject:
    """Digests and versions of everything that decides what is emitted.

    Args:
        store: where the contracts are pinned.
        templates: the folder of templates.
    """
    our_templates = _tree(templates)
    contracts = {}
    for api in store.apis():
        # The source as the pin's own lock knows it, and the files that it became and that we say about it.
        files = [store.contract_path(api), *store.overlay_paths(api), store.names_path(api)]
        digests = {path.name: digest(path.read_bytes()) for path in files if path.is_file()}
        contracts[api] = {"source": store.lock().contracts[api].read, **digests}
    # This generator's own code too: its version alone would hide a change in a checkout.
    package = Path(pennyform.__file__).parent
    generator = {name: text for room in _ROOMS for name, text in _tree(package / room).items()}
    return {
        "contracts": contracts,
        "templates": our_templates,
        "stock_templates": _stock_templates({Path(name).name for name in our_templates}),
        "generator": _digest_of_all(generator),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def record(made_from: JsonObject, files: Mapping[str, bytes]) -> bytes:
    """The lock's content.

    Args:
        made_from: see :func:`inputs`.
        files: what was emitted, by path below the output folder.
    """
    digests = {path: digest(content) for path, content in sorted(files.items())}
    return canonical_json({"format_version": _FORMAT_VERSION, "inputs": made_from, "files": digests})


def _stock_templates(our_names: Collection[str]) -> dict[str, str]:
    """The digests of openapi-python-client's templates: one for each that ours stands in for, by its name.

    All others together have one digest: a new one among them may be one to stand in for.
    """
    try:
        files = metadata.files("openapi-python-client") or []
    except metadata.PackageNotFoundError:
        return {}
    stock = {str(file).partition("/templates/")[2]: file for file in files if file.suffix == ".jinja"}
    digests = {name: digest(stock[name].read_binary()) for name in sorted(stock)}
    replaced = {name: text for name, text in digests.items() if name in our_names}
    unreplaced = {name: text for name, text in digests.items() if name not in our_names}
    return {**replaced, OTHERS: _digest_of_all(unreplaced)}


def changed_stock(lock: JsonObject, made_from: JsonObject) -> list[Finding]:
    """A warning for each stock template that has changed since the lock was written.

    Ours were written with the one before in mind: what the new one does better, ours may have to do as well.
    """
    before = lock.get("inputs", {}).get("stock_templates", {})
    after = made_from["stock_templates"]
    version = made_from["packages"]["openapi-python-client"]
    findings = []
    for name in after:
        if name in before and before[name] != after[name]:
            what = "a template that we do not replace" if name == OTHERS else f"{name}, which we replace,"
            finding = Finding(
                "stock-template-changed",
                Severity.WARNING,
                f"openapi-python-client {version}: {what} is not the one we know",
                detail="What the change is for, our templates may need as well.",
                fix="Compare both versions of openapi-python-client, adapt templates/client, and generate.",
            )
            findings.append(finding)
    return findings


def _tree(folder: Path) -> dict[str, str]:
    """The digest of every file below a folder that can decide what is emitted, by its path there."""
    # Sorted: the order in which a file system lists them must not change the digest.
    names = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    relevant = (name for name in names if not _IRRELEVANT & {*name.parts})
    return {name.as_posix(): digest((folder / name).read_bytes()) for name in relevant}


def _digest_of_all(digests: Mapping[str, str]) -> str:
    return digest("".join(f"{name} {text}\n" for name, text in sorted(digests.items())).encode())


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
