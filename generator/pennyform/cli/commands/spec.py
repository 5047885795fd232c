"""``pennyform spec``: fetch and pin a contract, say which ones are pinned, and compare two."""

from __future__ import annotations

import argparse
import ssl
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from pennyform.cli.commands import spec_diff
from pennyform.cli.commands.spec_diff import DiffOptions, print_changes
from pennyform.cli.exits import Exit
from pennyform.cli.terminal import Terminal
from pennyform.findings import failure
from pennyform.spec.document.load import load
from pennyform.spec.pin.fetch import pin_source, publication_date, write_pinned
from pennyform.spec.pin.store import LockEntry, Store


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """What to pin and where.

    Attributes:
        api: the name to pin it under.
        source: a file, or an https URL.
        date: published when; None to read it from the source's name.
        ca_file: the authorities (PEM) to believe instead of the system's.
        against: files and folders to look through for uses of what changed.
        specs: where contracts lie; None for this checkout's.
    """

    api: str
    source: str
    date: date | None
    ca_file: str | None
    against: tuple[Path, ...]
    specs: Path | None


@dataclass(frozen=True, slots=True)
class StatusOptions:
    """``specs`` is where contracts lie; None for this checkout's."""

    specs: Path | None


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of the actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    fetch = actions.add_parser("fetch", help="pin a contract: facts only, in specs/API/contract.json")
    fetch.add_argument("--api", required=True, type=_api, help="the name to pin it under: company or firm")
    fetch.add_argument("--from", required=True, dest="source", metavar="FILE|URL", help="https only")
    fetch.add_argument(
        "--date", type=_date, metavar="YYYY-MM-DD", help="published when; else read from its name"
    )
    fetch.add_argument(
        "--ca-file", metavar="FILE", help="believe the authorities in this file (PEM), and no others"
    )
    fetch.add_argument(
        "--against",
        nargs="+",
        type=Path,
        metavar="FILE|FOLDER",
        help="say which definitions, templates and code use what has changed since the last fetch",
    )
    status = actions.add_parser("status", help="show what is pinned, from where, and whether it is intact")
    for action in (fetch, status):
        action.add_argument(
            "--specs", type=Path, metavar="FOLDER", help="where contracts lie; else this checkout's"
        )
    spec_diff.configure(actions.add_parser("diff", help="show what changed between two contracts"))


def read_options(args: argparse.Namespace) -> FetchOptions | StatusOptions | DiffOptions:
    """The options that ``args`` hold."""
    if args.action == "diff":
        return spec_diff.read_options(args)
    if args.action == "status":
        return StatusOptions(args.specs)
    against = tuple(args.against or ())
    return FetchOptions(args.api, args.source, args.date, args.ca_file, against, args.specs)


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
    source = load(options.source, trust=_trust(options.ca_file))
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


def _trust(ca_file: str | None) -> ssl.SSLContext | None:
    if ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as problem:
        fix = "Give a file with certificates of authorities in PEM."
        raise failure("unreadable-file", f"cannot read {ca_file}: {problem}", file=ca_file, fix=fix) from None


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


def _api(text: str) -> str:
    if not text.isidentifier() or not text.islower():
        raise argparse.ArgumentTypeError(f"{text!r} is not a name of lower-case letters, digits and _")
    return text


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-07-20") from None
