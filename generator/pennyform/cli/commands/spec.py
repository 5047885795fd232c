"""``pennyform spec``: fetch and pin a contract, say which ones are pinned, and compare two."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pennyform.cli.commands import spec_diff
from pennyform.cli.exits import Exit

if TYPE_CHECKING:
    import ssl

    from pennyform.spec.pin.fetch import Pinned, StoreUpdate
    from pennyform.spec.pin.store import LockEntry, Store


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
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


def run(args: argparse.Namespace) -> Exit:
    """Carry out one action."""
    actions = {"fetch": _fetch, "status": _status, "diff": spec_diff.run}
    return actions[args.action](args)


def _fetch(args: argparse.Namespace) -> Exit:
    from pennyform.spec.document.load import load
    from pennyform.spec.pin.fetch import pin_source, publication_date, write_pinned
    from pennyform.spec.pin.store import Store

    store = Store(args.specs) if args.specs else Store.default()
    source = load(args.source, trust=_trust(args.ca_file))
    today = datetime.now(UTC).date()
    pinned = pin_source(source, api=args.api, day=args.date or publication_date(source.name, today=today))
    locked = store.lock().contracts.get(args.api)
    update = write_pinned(pinned, api=args.api, store=store)
    day = pinned.entry.date
    print(f"{'pinned' if update.changed else 'unchanged'} {args.api} of {day} from {source.name}")
    print(_counts(pinned.entry))
    print(f"{store.contract_path(args.api)}  {pinned.entry.pinned}")
    _print_left_out(pinned, update, store.unread_path(args.api))
    if update.previous is not None and locked is not None:
        from pennyform.cli.run.contract_changes import print_changes

        names = (f"{args.api} of {locked.date}", f"{args.api} of {day}")
        print_changes(update.previous, pinned.document, names=names, against=args.against or ())
    return Exit.OK


def _trust(ca_file: str | None) -> ssl.SSLContext | None:
    if ca_file is None:
        return None
    import ssl

    from pennyform.findings import failure

    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as problem:
        fix = "Give a file with certificates of authorities in PEM."
        raise failure("unreadable-file", f"cannot read {ca_file}: {problem}", file=ca_file, fix=fix) from None


def _print_left_out(pinned: Pinned, update: StoreUpdate, record: Path) -> None:
    """Every keyword that was left out, and the sentences not understood that were not there before."""
    from pennyform.cli.terminal import output

    known = {entry.sentence for entry in pinned.unread} - update.new_sentences
    shown = [finding for finding in pinned.findings if not any(each in finding.detail for each in known)]
    output.print_findings(shown, stream=sys.stderr)
    if pinned.unread:
        new = len(update.new_sentences)
        print(f"{len(pinned.unread)} sentences not understood, {new} of them new: {record}")


def _status(args: argparse.Namespace) -> Exit:
    from pennyform.spec.pin.store import Store

    store = Store(args.specs) if args.specs else Store.default()
    contracts = store.lock().contracts
    if not contracts:
        print("no contract is pinned; pin one: pennyform spec fetch --api company --from FILE|URL")
    for api, entry in contracts.items():
        print(f"{api}  {entry.date}  from {entry.source}  {_state(api, store)}")
        print(f"  {_counts(entry)}")
    return Exit.OK if all(map(store.is_intact, contracts)) else Exit.FINDINGS


def _counts(entry: LockEntry) -> str:
    import msgspec

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
