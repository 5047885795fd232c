"""Options of the verbs that work on API contracts and on what is generated from them."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeAlias

from pennyform.cli.options.common import add_against, add_format


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """What to pin and where.

    Attributes:
        api: the name to pin it under.
        source: a file, or an https URL; None for the address in the settings, else the vendor's.
        date: published when; None to read it from the source's name.
        ca_file: the authorities (PEM) to believe instead of the system's.
        against: files and folders to look through for uses of what changed.
        specs: where contracts lie; None for those of the repository, or of this checkout.
    """

    api: str
    source: str | None
    date: date | None
    ca_file: str | None
    against: tuple[Path, ...]
    specs: Path | None


@dataclass(frozen=True, slots=True)
class StatusOptions:
    """``specs`` is where contracts lie; None for those of the repository, else pennyform's own."""

    specs: Path | None


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """The two contracts, files or URLs, and how to report what differs.

    Attributes:
        old: the contract there was; None for what was generated from last.
        new: the contract there is; None for what is pinned.
        api: which of the pinned ones, where they are left out.
        fail_on: exit 4 on a change of this severity, or a worse one, that is not accepted.
        accepted: the file of accepted changes.
        against: files and folders to look through for uses of what changed.
        show_all: name every operation of every change in text.
    """

    old: str | None
    new: str | None
    api: str
    format: str
    fail_on: str | None
    accepted: Path | None
    against: tuple[Path, ...]
    show_all: bool

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options of ``spec diff``."""
        parser.add_argument(
            "old",
            nargs="?",
            metavar="OLD",
            help="a contract: pinned or as published; a file or https URL. Left out with NEW: what has been "
            "fetched since the last generate",
        )
        parser.add_argument("new", nargs="?", metavar="NEW", help="the contract to compare it with")
        parser.add_argument(
            "--api",
            type=parse_api,
            default="company",
            help="which one, without OLD and NEW; else company",
        )
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


@dataclass(frozen=True, slots=True)
class InitContractOptions:
    """The repository that will own its contract, the beginning of its packages' names, and which APIs."""

    folder: Path
    package: str
    apis: tuple[str, ...]

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options of ``spec init``."""
        parser.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="FOLDER")
        parser.add_argument(
            "--package",
            type=parse_package,
            default="my_pennylane",
            metavar="NAME",
            help="the Python packages will be called NAME_company and NAME_firm; default: %(default)s",
        )
        parser.add_argument(
            "--api", action="append", choices=("company", "firm"), help="which ones; default: company"
        )


SpecAction: TypeAlias = "FetchOptions | StatusOptions | DiffOptions | InitContractOptions"


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
        fetch.add_argument(
            "--from",
            dest="source",
            metavar="FILE|URL",
            help="https only; by default the address in pennyform.yaml, else the vendor's",
        )
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
                "--specs", type=Path, metavar="FOLDER", help="where contracts lie; else the repository's"
            )
        InitContractOptions.configure(actions.add_parser("init", help="let a repository own its contract"))
        DiffOptions.configure(actions.add_parser("diff", help="show what changed between two contracts"))

    @staticmethod
    def read(args: argparse.Namespace) -> SpecAction:
        """The options that ``args`` hold."""
        if args.action == "init":
            return InitContractOptions(args.folder, args.package, tuple(args.api or ("company",)))
        if args.action == "status":
            return StatusOptions(args.specs)
        against = tuple(args.against)
        if args.action == "diff":
            return DiffOptions(
                args.old,
                args.new,
                args.api,
                args.format,
                args.fail_on,
                args.accepted,
                against,
                args.all,
            )
        return FetchOptions(args.api, args.source, args.date, args.ca_file, against, args.specs)


def parse_api(text: str) -> str:
    """The value of ``--api``: it becomes a folder's name and part of a package's."""
    if not text.isidentifier() or not text.islower():
        raise argparse.ArgumentTypeError(f"{text!r} is not a name of lower-case letters, digits and _")
    return text


def parse_package(text: str) -> str:
    """The value of ``--package``, as the settings want it."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", text) or len(text) > 60:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a name of lower-case letters, digits and single underscores"
        )
    return text


def parse_date(text: str) -> date:
    """The value of ``--date``."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-07-20") from None


@dataclass(frozen=True, slots=True)
class GenerateOptions:
    """From where, where to, and whether to write. ``against`` is looked through for uses of what changed.

    ``allow_older`` also emits a contract that is older than the one before.
    """

    specs: Path | None
    output: Path | None
    check: bool
    full: bool
    allow_older: bool
    against: tuple[Path, ...]

    @staticmethod
    def configure(parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--check", action="store_true", help="write nothing; name what is stale and exit 4"
        )
        parser.add_argument(
            "--output", type=Path, metavar="FOLDER", help="where to; else as pennyform.yaml says"
        )
        parser.add_argument(
            "--specs", type=Path, metavar="FOLDER", help="where contracts lie; else as pennyform.yaml says"
        )
        parser.add_argument(
            "--allow-older", action="store_true", help="also from an older contract than the last time"
        )
        parser.add_argument(
            "--full", action="store_true", help="emit even where the lock says that nothing changed"
        )
        add_against(parser, "after a new pin, say which definitions, templates and code use what has changed")

    @classmethod
    def read(cls, args: argparse.Namespace) -> GenerateOptions:
        """The options that ``args`` hold."""
        return cls(args.specs, args.output, args.check, args.full, args.allow_older, tuple(args.against))


OPTIONS = {"spec": SpecOptions, "generate": GenerateOptions}
