"""``pennyform spec``: own a contract, fetch and pin it, say which ones are pinned, and compare two."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import yaml

from pennyform import data
from pennyform.cli.commands.contracts import spec_diff
from pennyform.cli.commands.contracts.spec_diff import changes_text
from pennyform.cli.contracts import contract_here, store_of
from pennyform.cli.options.contracts import (
    DiffOptions,
    FetchOptions,
    InitContractOptions,
    SpecAction,
    StatusOptions,
)
from pennyform.cli.terminal import Exit, Terminal, shorten_path
from pennyform.codegen.output import read_lock
from pennyform.extras import missing_packages
from pennyform.findings import failure
from pennyform.safe_files import write_file
from pennyform.spec import SWITCH_OFF, read_contract
from pennyform.spec.document.json_types import JsonObject
from pennyform.spec.document.load import load
from pennyform.spec.document.strict_yaml import load_yaml
from pennyform.spec.pin.fetch import (
    ADDRESSES,
    check_pinned,
    pin_source,
    publication_date,
    update_of,
    write_pinned,
)
from pennyform.spec.pin.left_out import sentence_of
from pennyform.spec.pin.store import LockEntry, Store

_SETTINGS = "pennyform.yaml"
_NEW_SETTINGS = "version: 1\nenvironment: sandbox # or production: Pennylane itself\n"
_OVERLAY = f"""\
# Your corrections of the contract, over pennyform's own (OpenAPI Overlay 1.0).
overlay: 1.0.0
info:
  title: Corrections of ours
  version: 1.0.0
# The targets of pennyform's corrections that shall not count here.
{SWITCH_OFF}: []
actions: []
"""


def run(options: SpecAction, terminal: Terminal) -> Exit:
    """Carry out one action."""
    match options:
        case InitContractOptions():
            return _init(options, terminal)
        case FetchOptions():
            return _fetch(options, terminal)
        case StatusOptions():
            return _status(options, terminal)
        case DiffOptions():
            return spec_diff.run(options, terminal)


# --- init ---------------------------------------------------------------------------------------------------


def _init(options: InitContractOptions, terminal: Terminal) -> Exit:
    """Let a repository own its contract, beginning with the one that pennyform comes with."""
    folder, shipped = options.folder, Store(data.specs())
    settings = _settings(folder / _SETTINGS, options)
    store = Store(folder / "specs")
    files: dict[Path, bytes] = {}
    for api in options.apis:
        for path in (shipped.contract_path(api), shipped.names_path(api), shipped.unread_path(api)):
            files[store.folder / path.relative_to(shipped.folder)] = path.read_bytes()
        files[store.folder / "overlays" / f"{api}.yaml"] = _OVERLAY.encode()
    taken = [path for path in (*files, store.lock_path) if path.exists() or path.is_symlink()]
    if taken:
        fix = "Move what is there away, or write the `contract` section by hand."
        raise failure("not-writable", "something of that name is there already", file=str(taken[0]), fix=fix)
    try:
        for path, content in files.items():
            write_file(path, content, replace=False, folders=True)
        for api in options.apis:
            store.lock_contract(api, shipped.lock().contracts[api])
        write_file(folder / _SETTINGS, settings.encode(), folders=True)
    except OSError as problem:
        raise failure("not-writable", f"it cannot be written: {problem}", file=str(folder)) from None
    for path in (folder / _SETTINGS, store.lock_path, *files):
        terminal.print(f"written {shorten_path(path)}")
    fetch = ", ".join(f"pennyform spec fetch --api {api}" for api in options.apis)
    terminal.print("", f"Next: {fetch}, then pennyform generate")
    return Exit.OK


def _settings(path: Path, options: InitContractOptions) -> str:
    """The settings in ``path``, or new ones, with the section that names the contract."""
    section = f"contract:\n  package: {options.package}\n  apis: [{', '.join(options.apis)}]\n"
    before = path.read_text(encoding="utf-8") if path.exists() else _NEW_SETTINGS
    after = f"{before.rstrip()}\n{section}"
    try:
        is_added = load_yaml(after) == {**load_yaml(before), **load_yaml(section)}
    except (yaml.YAMLError, TypeError):
        is_added = False
    if not is_added:
        problem = "the section `contract` cannot be added at its end, or is there already"
        raise failure("own-contract", problem, file=str(path), fix=f"Write it yourself:\n{section}")
    return after


# --- fetch --------------------------------------------------------------------------------------------------


def _fetch(options: FetchOptions, terminal: Terminal) -> Exit:
    api, (store, address, root) = options.api, _target(options)
    source = load(address, trust=_trust(options.ca_file), root=root)
    today = datetime.now(UTC).date()
    pinned = pin_source(source, api=api, day=options.date or publication_date(source.name, today=today))
    locked, day = store.lock().contracts.get(api), pinned.entry.date
    # Whatever can go wrong has its say before the first file changes.
    check_pinned(pinned, api=api, store=store, check=lambda copy: _check(api, copy))
    update, text = update_of(pinned, api=api, store=store), ""
    if update.previous is not None and locked is not None:
        names = (f"{api} of {locked.date}", f"{api} of {day}")
        text = changes_text(
            update.previous, pinned.document, names=names, against=options.against, terminal=terminal
        )
    write_pinned(pinned, api=api, store=store)
    terminal.print(f"{'pinned' if update.changed else 'unchanged'} {api} of {day} from {source.name}")
    terminal.print(_counts(pinned.entry))
    terminal.print(f"{store.contract_path(api)}  {pinned.entry.pinned}")
    # Every keyword that was left out, and the sentences not understood that were not there before.
    known = {entry.sentence for entry in pinned.unread} - update.new_sentences
    terminal.print_findings(finding for finding in pinned.findings if sentence_of(finding) not in known)
    if pinned.unread:
        record, new = store.unread_path(api), len(update.new_sentences)
        terminal.print(f"{len(pinned.unread)} sentences not understood, {new} of them new: {record}")
    terminal.write(text)
    return Exit.OK


def _check(api: str, store: Store) -> None:
    """See whether code can be emitted for a pinned contract; without the extra, whether it can be read."""
    if missing_packages("codegen"):
        read_contract(api, store)
        return
    from pennyform.codegen.generation import emit_contract

    emit_contract(api, store, data.templates())


def _target(options: FetchOptions) -> tuple[Store, str, Path | None]:
    """Where to pin, and what; and what it must lie in where the repository says which file.

    Raises:
        Failure: an installation would be written to, or no address is known.
    """
    contract = None if options.specs else contract_here()
    source, root = options.source, None
    if contract and not source and options.api in contract.sources:
        address = contract.sources[options.api]
        if "://" in address and not address.startswith("https://"):
            fix = "Write an https address, or the path of a file in this repository."
            raise failure("address-refused", f"{address[:100]} is not fetched for a repository", fix=fix)
        source, root = (address, None) if "://" in address else (str(contract.root / address), contract.root)
    source = source or ADDRESSES.get(options.api)
    if source is None:
        fix = f"Say where it is: pennyform spec fetch --api {options.api} --from FILE|URL"
        raise failure("no-address", f"no address of a contract of {options.api!r} is known", fix=fix)
    if options.specs:
        return Store(options.specs), source, root
    if contract:
        return store_of(contract), source, root
    if data.checkout() is None:
        raise failure(
            "no-repository",
            "no contract can be pinned into an installed pennyform",
            detail="An installation is never written to: a contract belongs to a repository.",
            fix="Let this folder own its contract: pennyform spec init",
        )
    return Store.default(), source, root


def _trust(ca_file: str | None) -> ssl.SSLContext | None:
    if ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as problem:
        raise failure(
            "unreadable-file",
            f"cannot read {ca_file}: {problem}",
            file=ca_file,
            fix="Give a file with certificates of authorities in PEM.",
        ) from None


# --- status -------------------------------------------------------------------------------------------------


def _status(options: StatusOptions, terminal: Terminal) -> Exit:
    contract = None if options.specs else contract_here()
    store = Store(options.specs) if options.specs else store_of(contract) if contract else Store.default()
    contracts = store.lock().contracts
    checkout = data.checkout()
    output = None if options.specs else contract.output if contract else checkout and checkout / "generated"
    emitted = read_lock(output) if output else {}
    skipped, made_from = emitted.get("skipped", {}), emitted.get("inputs", {}).get("contracts", {})
    if not contracts:
        terminal.print("no contract is pinned; pin one: pennyform spec fetch --api company --from FILE|URL")
    for api, entry in contracts.items():
        terminal.print(f"{api}  {entry.date}  from {entry.source}  {_state(api, entry, store, made_from)}")
        terminal.print(f"  {_counts(entry)}")
        for operation_id, reason in skipped.get(api, {}).items():
            terminal.print(f"  left out of the client: {operation_id}: {reason}")
    return Exit.OK if all(map(store.is_intact, contracts)) else Exit.FINDINGS


def _counts(entry: LockEntry) -> str:
    return ", ".join(f"{number} {noun}" for noun, number in msgspec.structs.asdict(entry.counts).items())


def _state(api: str, entry: LockEntry, store: Store, emitted: JsonObject) -> str:
    if not store.contract_path(api).is_file():
        return "missing: fetch it again"
    if not store.is_intact(api):
        return "differs from the lock: fetch it again"
    if not store.previous(api):
        return "intact"
    # Dates in ISO 8601 sort as text.
    if entry.date < emitted.get(api, {}).get("date", ""):
        return "older than what is emitted: fetch the newer one, or run pennyform generate --allow-older"
    return "newer than what is emitted: run pennyform generate"
