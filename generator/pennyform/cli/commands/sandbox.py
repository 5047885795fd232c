"""``pennyform sandbox``: the local Pennylane on a port, and its books in a file."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pennyform.cli.exits import Exit
from pennyform.findings import Failure, failure

if TYPE_CHECKING:
    from pennyform.sandbox import Rules, Sandbox
    from pennyform.sandbox.faults import Faults

_DATABASE = Path(".pennyform") / "sandbox.db"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="serve|reset|snapshot|restore")
    serve = actions.add_parser("serve", help="answer on a port until interrupted")
    _configure_serve(serve)
    reset = actions.add_parser("reset", help="forget everything that was stored, also in a running server")
    snapshot = actions.add_parser("snapshot", help="write all that is stored to a file")
    snapshot.add_argument("file", type=Path, help="written anew")
    restore = actions.add_parser("restore", help="put back what a snapshot holds, also in a running server")
    restore.add_argument("file", type=Path, help="written by snapshot")
    for action in (serve, reset):
        action.add_argument("--data", type=Path, help="fill new books from this YAML or JSON file")
        action.add_argument("--company", metavar="NAME", help="what the company is called")
    for action in (serve, reset, snapshot, restore):
        action.add_argument("--db", type=Path, default=_DATABASE, help=f"database file (default {_DATABASE})")


def _configure_serve(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--port", type=int, default=8787, help="port to listen on; 0 picks a free one (default 8787)"
    )
    serve.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this computer only)"
    )
    serve.add_argument(
        "--no-rate-limit", action="store_true", help="do not refuse more than 25 requests in 5 s"
    )
    serve.add_argument("--faults", type=Path, help="let go wrong what this YAML or JSON file says")
    serve.add_argument(
        "--rule", action="append", default=[], metavar="NAME=VALUE", help="decide a rule of docs/sandbox.md"
    )
    serve.add_argument("--clock", metavar="TIME", help="begin at this time, such as 2026-01-31T09:00:00Z")
    serve.add_argument("--quiet", action="store_true", help="do not write requests to standard error")


def run(args: argparse.Namespace) -> Exit:
    """Carry out one action.

    Raises:
        Failure: when the database, a file or the port cannot be used.
    """
    actions = {"serve": _serve, "reset": _reset, "snapshot": _snapshot, "restore": _restore}
    actions[args.action](args)
    return Exit.OK


def _serve(args: argparse.Namespace) -> None:
    from pennyform.sandbox import TOKEN
    from pennyform.sandbox.http.server import address, is_loopback, listen, server

    # The socket already queues callers, so who reads the line below may connect at once.
    with closing(listen(args.host, args.port)) as listener, closing(_opened(args)) as sandbox:
        print(f"sandbox ready at {address(listener)}  token: {TOKEN}  database: {args.db}", flush=True)
        if not is_loopback(args.host):
            print(f"anyone who can reach {args.host} can use this sandbox", file=sys.stderr)
        with suppress(KeyboardInterrupt):
            server(sandbox.asgi()).run(sockets=[listener])
        print("sandbox stopped", file=sys.stderr)


def _opened(args: argparse.Namespace) -> Sandbox:
    from pennyform.sandbox import Sandbox
    from pennyform.sandbox.request_log import format_entry

    faults, moment, rules = _faults(args.faults), _moment(args.clock), _rules(args.rule)
    is_new = not args.db.exists()
    sandbox = Sandbox(args.db, rate_limit=not args.no_rate_limit, faults=faults, rules=rules)
    if moment:
        sandbox.clock.set(moment)
    if is_new:
        _fill_or_remove(sandbox, args)
    elif args.data or args.company:
        print(f"{args.db} holds books already: they are kept as they are", file=sys.stderr)
    if not args.quiet:
        sandbox.log.listeners.append(lambda entry: print(format_entry(entry), file=sys.stderr, flush=True))
    return sandbox


def _faults(path: Path | None) -> Faults | None:
    if path is None:
        return None
    from pennyform.sandbox.faults.files import from_file

    return from_file(path)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    from pennyform.sandbox.setup.token_requests import with_zone

    try:
        return with_zone(datetime.fromisoformat(text))
    except ValueError as problem:
        raise failure(
            "sandbox-clock", f"{text} is not a time", fix="write it like 2026-01-31T09:00:00Z"
        ) from problem


def _rules(words: Sequence[str]) -> Rules:
    from pennyform.sandbox import Rules
    from pennyform.sandbox.rules import update_rules

    rules = Rules()
    for word in words:
        name, _, text = word.partition("=")
        try:
            rules = update_rules(rules, {name: _value(text)})
        except ValueError as problem:
            raise failure(
                "sandbox-rule", f"--rule {word}: {problem}", fix="write it like --rule pdf_seconds=2"
            ) from problem
    return rules


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _fill_or_remove(sandbox: Sandbox, args: argparse.Namespace) -> None:
    """A new file whose opening failed must not be taken for books by the next run."""
    try:
        _fill(sandbox, args)
    except Failure:
        sandbox.close()
        for suffix in ("", "-wal", "-shm"):
            args.db.with_name(args.db.name + suffix).unlink(missing_ok=True)
        raise


def _fill(sandbox: Sandbox, args: argparse.Namespace) -> None:
    from pennyform.sandbox.setup.fixtures import load_fixtures

    if args.data:
        print(f"{load_fixtures(sandbox, args.data)} records created from {args.data}")
    if args.company:
        sandbox.rename_company(sandbox.companies()[0].id, args.company)


def _reset(args: argparse.Namespace) -> None:
    from pennyform.sandbox import Sandbox

    if args.db.exists() or args.data or args.company:
        with closing(Sandbox(args.db)) as sandbox:
            sandbox.reset()
            _fill(sandbox, args)
    print(f"sandbox in {args.db} is {'new' if args.data else 'empty'}")


def _snapshot(args: argparse.Namespace) -> None:
    from pennyform.sandbox import Sandbox

    if not args.db.exists():
        raise failure(
            "sandbox-database", "there are no books here", file=str(args.db), fix="name them by --db"
        )
    with closing(Sandbox(args.db)) as sandbox:
        copy = sandbox.copy()
    unfinished = args.file.with_name(args.file.name + ".part")
    try:
        unfinished.write_bytes(copy)
        unfinished.replace(args.file)
    except OSError as problem:
        raise failure("sandbox-file", f"cannot be written: {problem}", file=str(args.file)) from problem
    print(f"{args.db} is kept in {args.file}")


def _restore(args: argparse.Namespace) -> None:
    from pennyform.sandbox import Sandbox

    try:
        copy = args.file.read_bytes()
    except OSError as problem:
        raise failure("sandbox-file", f"cannot be read: {problem}", file=str(args.file)) from problem
    with closing(Sandbox(args.db)) as sandbox:
        sandbox.restore(copy)
    print(f"{args.db} is as {args.file} has it")
