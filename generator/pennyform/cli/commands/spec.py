"""``pennyform spec``: fetch and pin a contract, say which ones are pinned, and compare two."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

import msgspec

from pennyform.cli.commands import spec_diff
from pennyform.cli.commands.spec_diff import print_changes
from pennyform.cli.options.contracts import DiffOptions, FetchOptions, StatusOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.findings import failure
from pennyform.spec.document.load import load
from pennyform.spec.pin.fetch import pin_source, publication_date, write_pinned
from pennyform.spec.pin.store import LockEntry, Store


def run(options: FetchOptions | StatusOptions | DiffOptions, terminal: Terminal) -> Exit:
    """Carry out one action."""
    match options:
        case FetchOptions():
            return _fetch(options, terminal)
        case StatusOptions():
            return _status(options, terminal)
        case DiffOptions():
            return spec_diff.run(options, terminal)


def _fetch(options: FetchOptions, terminal: Terminal) -> Exit:
    api, store = options.api, Store(options.specs) if options.specs else Store.default()
    trust = None
    if options.ca_file is not None:
        try:
            trust = ssl.create_default_context(cafile=options.ca_file)
        except (OSError, ssl.SSLError) as problem:
            raise failure(
                "unreadable-file",
                f"cannot read {options.ca_file}: {problem}",
                file=options.ca_file,
                fix="Give a file with certificates of authorities in PEM.",
            ) from None
    source = load(options.source, trust=trust)
    today = datetime.now(UTC).date()
    pinned = pin_source(source, api=api, day=options.date or publication_date(source.name, today=today))
    locked = store.lock().contracts.get(api)
    update = write_pinned(pinned, api=api, store=store)
    day = pinned.entry.date
    terminal.print(f"{'pinned' if update.changed else 'unchanged'} {api} of {day} from {source.name}")
    terminal.print(_counts(pinned.entry))
    terminal.print(f"{store.contract_path(api)}  {pinned.entry.pinned}")
    # Every keyword that was left out, and the sentences not understood that were not there before.
    known = {entry.sentence for entry in pinned.unread} - update.new_sentences
    terminal.print_findings(
        finding for finding in pinned.findings if not any(sentence in finding.detail for sentence in known)
    )
    if pinned.unread:
        record, new = store.unread_path(api), len(update.new_sentences)
        terminal.print(f"{len(pinned.unread)} sentences not understood, {new} of them new: {record}")
    if update.previous is not None and locked is not None:
        names = (f"{api} of {locked.date}", f"{api} of {day}")
        print_changes(
            update.previous, pinned.document, names=names, against=options.against, terminal=terminal
        )
    return Exit.OK


def _status(options: StatusOptions, terminal: Terminal) -> Exit:
    store = Store(options.specs) if options.specs else Store.default()
    contracts = store.lock().contracts
    if not contracts:
        terminal.print("no contract is pinned; pin one: pennyform spec fetch --api company --from FILE|URL")
    for api, entry in contracts.items():
        terminal.print(f"{api}  {entry.date}  from {entry.source}  {_state(api, store)}")
        terminal.print(f"  {_counts(entry)}")
    return Exit.OK if all(map(store.is_intact, contracts)) else Exit.FINDINGS


def _counts(entry: LockEntry) -> str:
    return ", ".join(f"{number} {noun}" for noun, number in msgspec.structs.asdict(entry.counts).items())


def _state(api: str, store: Store) -> str:
    if not store.contract_path(api).is_file():
        return "missing: fetch it again"
    if not store.is_intact(api):
        return "differs from the lock: fetch it again"
    return "newer than what is emitted: run pennyform generate" if store.previous(api) else "intact"
