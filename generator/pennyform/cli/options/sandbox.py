"""Options of ``pennyform sandbox``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

_DATABASE = Path(".pennyform") / "sandbox.db"


@dataclass(frozen=True, slots=True)
class NewBooks:
    """What new books begin with: the records of a YAML or JSON file, and the company's name."""

    data: Path | None
    company: str | None


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How to serve.

    Attributes:
        database: the file of the books.
        books: what new books begin with.
        host: the address to listen on.
        hosts: names by which clients may reach it, besides ``host`` and those of this computer.
        faults: the file that says what goes wrong.
        rules: words such as ``pdf_seconds=2``.
        clock: the time to begin at.
    """

    database: Path
    books: NewBooks
    host: str
    hosts: tuple[str, ...]
    port: int
    rate_limit: bool
    faults: Path | None
    rules: tuple[str, ...]
    clock: str | None
    quiet: bool

    @staticmethod
    def configure(serve: argparse.ArgumentParser) -> None:
        """Declare the options of ``sandbox serve`` that no other action has."""
        serve.add_argument(
            "--port", type=int, default=8787, help="port to listen on; 0 picks a free one (default 8787)"
        )
        # Whoever reaches the port can use the sandbox: its token is printed.
        serve.add_argument(
            "--host", default="127.0.0.1", help="address to listen on (default: this computer only)"
        )
        serve.add_argument(
            "--allow-host",
            action="append",
            default=[],
            metavar="NAME",
            help="also answer requests to this host name, such as a container's; may be repeated",
        )
        serve.add_argument(
            "--no-rate-limit", action="store_true", help="do not refuse more than 25 requests in 5 s"
        )
        serve.add_argument("--faults", type=Path, help="let go wrong what this YAML or JSON file says")
        serve.add_argument(
            "--rule",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="decide a rule of docs/sandbox.md",
        )
        serve.add_argument("--clock", metavar="TIME", help="begin at this time, such as 2026-01-31T09:00:00Z")
        serve.add_argument("--quiet", action="store_true", help="do not write requests to standard error")


@dataclass(frozen=True, slots=True)
class ResetOptions:
    """The file of the books, and what they begin with afterwards."""

    database: Path
    books: NewBooks


@dataclass(frozen=True, slots=True)
class SnapshotOptions:
    """The file of the books, and the file to write them to."""

    database: Path
    file: Path


@dataclass(frozen=True, slots=True)
class RestoreOptions:
    """The file of the books, and the file to read them from."""

    database: Path
    file: Path


class SandboxOptions:
    """The options of ``sandbox``: a record for each of its actions."""

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the actions."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="serve|reset|snapshot|restore")
        serve = actions.add_parser("serve", help="answer on a port until interrupted")
        ServeOptions.configure(serve)
        reset = actions.add_parser(
            "reset", help="forget everything that was stored, also in a running server"
        )
        snapshot = actions.add_parser("snapshot", help="write all that is stored to a file")
        snapshot.add_argument("file", type=Path, help="written anew")
        restore = actions.add_parser(
            "restore", help="put back what a snapshot holds, also in a running server"
        )
        restore.add_argument("file", type=Path, help="written by snapshot")
        for action in (serve, reset):
            action.add_argument("--data", type=Path, help="fill new books from this YAML or JSON file")
            action.add_argument("--company", metavar="NAME", help="what the company is called")
        for action in (serve, reset, snapshot, restore):
            action.add_argument(
                "--db", type=Path, default=_DATABASE, help=f"database file (default {_DATABASE})"
            )

    @staticmethod
    def read(args: argparse.Namespace) -> ServeOptions | ResetOptions | SnapshotOptions | RestoreOptions:
        """The options that ``args`` hold."""
        if args.action == "snapshot":
            return SnapshotOptions(args.db, args.file)
        if args.action == "restore":
            return RestoreOptions(args.db, args.file)
        books = NewBooks(args.data, args.company)
        if args.action == "reset":
            return ResetOptions(args.db, books)
        return ServeOptions(
            args.db,
            books,
            args.host,
            tuple(args.allow_host),
            args.port,
            not args.no_rate_limit,
            args.faults,
            tuple(args.rule),
            args.clock,
            args.quiet,
        )


OPTIONS = {"sandbox": SandboxOptions}
