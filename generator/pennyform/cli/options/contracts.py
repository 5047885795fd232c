"""Options of the verbs that work on API contracts and on what is generated from them."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pennyform.cli.options.common import add_against, add_format


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


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """The two contracts, files or URLs, and how to report what differs.

    Attributes:
        old: the contract there was.
        new: the contract there is.
        fail_on: exit 4 on a change of this severity, or a worse one, that is not accepted.
        accepted: the file of accepted changes.
        against: files and folders to look through for uses of what changed.
        show_all: name every operation of every change in text.
    """

    old: str
    new: str
    format: str
    fail_on: str | None
    accepted: Path | None
    against: tuple[Path, ...]
    show_all: bool

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options of ``spec diff``."""
        parser.add_argument(
            "old", metavar="OLD", help="a contract: pinned or as published; a file or https URL"
        )
        parser.add_argument("new", metavar="NEW", help="the contract to compare it with")
        add_format(parser, "text", "json", "markdown")
        parser.add_argument(
            "--fail-on",
            choices=("breaking", "attention"),
            help="exit 4 when there is such a change, or a worse one, that is not accepted",
        )
        parser.add_argument(
            "--accepted",
            type=Path,
            metavar="FILE",
            help="accepted changes: a fingerprint and the reason per line",
        )
        add_against(parser, "say which definitions, templates, code and emitted symbols use what changed")
        parser.add_argument("--all", action="store_true", help="name every operation of every change")


class SpecOptions:
    """The options of ``spec``: a record for each of its actions."""

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the actions."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        fetch = actions.add_parser("fetch", help="pin a contract: facts only, in specs/API/contract.json")
        fetch.add_argument(
            "--api", required=True, type=parse_api, help="the name to pin it under: company or firm"
        )
        fetch.add_argument("--from", required=True, dest="source", metavar="FILE|URL", help="https only")
        fetch.add_argument(
            "--date", type=parse_date, metavar="YYYY-MM-DD", help="published when; else read from its name"
        )
        fetch.add_argument(
            "--ca-file", metavar="FILE", help="believe the authorities in this file (PEM), and no others"
        )
        add_against(
            fetch, "say which definitions, templates and code use what has changed since the last fetch"
        )
        status = actions.add_parser(
            "status", help="show what is pinned, from where, and whether it is intact"
        )
        for action in (fetch, status):
            action.add_argument(
                "--specs", type=Path, metavar="FOLDER", help="where contracts lie; else this checkout's"
            )
        DiffOptions.configure(actions.add_parser("diff", help="show what changed between two contracts"))

    @staticmethod
    def read(args: argparse.Namespace) -> FetchOptions | StatusOptions | DiffOptions:
        """The options that ``args`` hold."""
        if args.action == "status":
            return StatusOptions(args.specs)
        against = tuple(args.against)
        if args.action == "diff":
            return DiffOptions(
                args.old, args.new, args.format, args.fail_on, args.accepted, against, args.all
            )
        return FetchOptions(args.api, args.source, args.date, args.ca_file, against, args.specs)


def parse_api(text: str) -> str:
    """The value of ``--api``: it becomes a folder's name and part of a package's."""
    if not text.isidentifier() or not text.islower():
        raise argparse.ArgumentTypeError(f"{text!r} is not a name of lower-case letters, digits and _")
    return text


def parse_date(text: str) -> date:
    """The value of ``--date``."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-07-20") from None


@dataclass(frozen=True, slots=True)
class GenerateOptions:
    """Where to, and whether to write. ``against`` is looked through for uses of what changed."""

    output: Path | None
    check: bool
    full: bool
    against: tuple[Path, ...]

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--check", action="store_true", help="write nothing; name what is stale and exit 4"
        )
        parser.add_argument(
            "--output", type=Path, metavar="FOLDER", help="where to; else this checkout's generated/"
        )
        parser.add_argument(
            "--full", action="store_true", help="emit even where the lock says that nothing changed"
        )
        add_against(parser, "after a new pin, say which definitions, templates and code use what has changed")

    @classmethod
    def read(cls, args: argparse.Namespace) -> GenerateOptions:
        """The options that ``args`` hold."""
        return cls(args.output, args.check, args.full, tuple(args.against))


OPTIONS = {"spec": SpecOptions, "generate": GenerateOptions}
