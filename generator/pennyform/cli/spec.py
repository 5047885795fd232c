"""``pennyform spec``: fetch and pin a contract, say which ones are pinned, and compare two."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from pennyform.cli import spec_diff
from pennyform.cli.exits import Exit


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    fetch = actions.add_parser("fetch", help="pin a contract: facts only, in specs/API/contract.json")
    fetch.add_argument("--api", required=True, type=_api, help="the name to pin it under: company")
    fetch.add_argument("--from", required=True, dest="source", metavar="FILE|URL", help="https only")
    fetch.add_argument(
        "--date", type=_date, metavar="YYYY-MM-DD", help="published when; else read from its name"
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
    from pennyform.spec.fetch import dated, keep, pin_source
    from pennyform.spec.load import load
    from pennyform.spec.store import Store

    store = Store(args.specs) if args.specs else Store.default()
    source = load(args.source)
    today = datetime.now(UTC).date()
    pinned = pin_source(source, api=args.api, day=args.date or dated(source.name, today=today))
    changed = keep(pinned, api=args.api, store=store)
    if pinned.findings:
        from pennyform.cli import terminal

        terminal.print_findings(pinned.findings, stream=sys.stderr)
    counts = pinned.entry["counts"]
    print(f"{'pinned' if changed else 'unchanged'} {args.api} of {pinned.entry['date']} from {source.name}")
    print(", ".join(f"{number} {what}" for what, number in counts.items()))
    print(f"{store.contract_path(args.api)}  {pinned.entry['pinned']}")
    return Exit.OK


def _status(args: argparse.Namespace) -> Exit:
    from pennyform.spec.store import Store, digest

    store = Store(args.specs) if args.specs else Store.default()
    contracts = store.lock()["contracts"]
    if not contracts:
        print("no contract is pinned; pin one: pennyform spec fetch --api company --from FILE|URL")
    intact = True
    for api, entry in contracts.items():
        path = store.contract_path(api)
        same = path.is_file() and digest(path.read_bytes()) == entry["pinned"]
        intact = intact and same
        state = "intact" if same else "differs from the lock: fetch it again" if path.is_file() else "missing"
        operations = entry["counts"]["operations"]
        print(f"{api}  {entry['date']}  {operations} operations  from {entry['source']}  {state}")
    return Exit.OK if intact else Exit.FINDINGS


def _api(text: str) -> str:
    if not text.isidentifier() or not text.islower():
        raise argparse.ArgumentTypeError(f"{text!r} is not a name of lower-case letters, digits and _")
    return text


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-07-20") from None
